//! The crates that hold no I/O, no clock, no randomness, no floats and nothing asynchronous.
//!
//! A verdict must come out the same on every machine and in every replay.

use crate::tree::{code, files, report, shipped};

/// Crates whose shipped code is a function of its arguments.
const PURE: &[&str] = &["host/domain/src", "host/gate/src"];

/// What they may not mention, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    (
        "std::fs",
        "files are read by the caller; data is built in with include_str!",
    ),
    ("std::net", "no network"),
    ("std::process", "no processes"),
    ("std::env", "settings arrive as arguments"),
    ("std::thread", "no threads"),
    ("tokio", "no runtime"),
    ("async fn", "judging waits for nothing"),
    ("SystemTime", "take `now: Ts`"),
    ("Instant", "take `now: Ts`"),
    ("f32", "use integers in a named unit"),
    ("f64", "use integers in a named unit"),
    ("getrandom", "take an IdSource"),
    ("rand", "take an IdSource"),
];

/// Whether `word` stands alone in `line`, and not as a part of a longer name.
fn mentions(line: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|s| s.chars().next());
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

/// A line without what stands in its string literals.
fn without_strings(line: &str) -> String {
    line.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

#[test]
fn pure_crates_stay_pure() {
    let mut found = Vec::new();
    let mut seen = 0;
    for file in PURE.iter().flat_map(|folder| files(folder)) {
        if !file.path.ends_with(".rs") || file.path.ends_with("/tests.rs") {
            continue;
        }
        seen += 1;
        for (number, line) in shipped(&file.text).into_iter().enumerate() {
            let line = without_strings(code(line));
            // The canonical writer names floats in order to refuse them.
            let refuses = file.path.ends_with("record/canonical.rs");
            let named = FORBIDDEN
                .iter()
                .filter(|(word, _)| mentions(&line, word))
                .filter(|(word, _)| !(refuses && matches!(*word, "f32" | "f64")));
            for (word, instead) in named {
                found.push(format!("{}:{}: `{word}`: {instead}", file.path, number + 1));
            }
        }
    }
    assert!(
        seen > 10,
        "only {seen} files of the pure crates found: the walk is broken"
    );
    report(
        &found,
        "host/domain and host/gate are pure; move this to the rim and pass the value in:",
    );
}

#[test]
fn a_forbidden_word_is_seen_only_when_it_stands_alone() {
    assert!(mentions("let now = SystemTime::now();", "SystemTime"));
    assert!(mentions("fn rate(x: f64) {}", "f64"));
    assert!(!mentions("let buf64 = 1;", "f64"));
    assert!(!mentions("let operand = 1;", "rand"));
    assert_eq!(without_strings("a(\"f64 here\", b)"), "a(\"\", b)");
}
