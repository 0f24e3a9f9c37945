//! What every Rust file, and every text file, must and must not contain.

use crate::tree::{Source, code, files, report, rust_files, shipped};

/// Lines of shipped code in one file above which it has more than one job.
const HARD_STOP: usize = 600;

fn is_generated(file: &Source) -> bool {
    file.text
        .lines()
        .take(3)
        .any(|line| line.contains("@generated"))
}

fn is_test_code(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

#[test]
fn every_file_begins_by_saying_its_job() {
    let silent: Vec<String> = rust_files()
        .iter()
        .filter(|f| !f.path.ends_with("/build.rs") && !is_generated(f))
        .filter(|f| !f.text.starts_with("//! "))
        .map(|f| f.path.clone())
        .collect();
    report(
        &silent,
        "Begin each file with a `//! ` line that says its one job:",
    );
}

#[test]
fn no_file_has_grown_past_one_job() {
    let long: Vec<String> = rust_files()
        .iter()
        .filter(|f| !is_test_code(&f.path) && !is_generated(f))
        .map(|f| (shipped(&f.text).len(), f))
        .filter(|(lines, _)| *lines > HARD_STOP)
        .map(|(lines, f)| format!("{} has {lines} lines without its unit tests", f.path))
        .collect();
    report(
        &long,
        &format!("Split these by job; about 250 lines is usual and {HARD_STOP} the hard stop:"),
    );
}

#[test]
fn nothing_is_left_for_later() {
    let left: &[(&str, &str)] = &[
        (concat!("todo", "!("), "write it or leave it out"),
        (concat!("unimplemented", "!("), "write it or leave it out"),
        (concat!("dbg", "!("), "use tracing"),
        (
            concat!("#[ig", "nore"),
            "a test that does not run proves nothing",
        ),
        (
            concat!("```ig", "nore"),
            "an example that is not compiled goes stale: use no_run or text",
        ),
    ];
    let mut found = Vec::new();
    for file in rust_files() {
        for (number, line) in file.text.lines().enumerate() {
            // The last mark lives in doc comments, the others in code.
            for (mark, advice) in left.iter().filter(|(m, _)| {
                code(line).contains(m) || (m.starts_with("```") && line.contains(m))
            }) {
                found.push(format!("{}:{}: `{mark}`: {advice}", file.path, number + 1));
            }
        }
    }
    report(&found, "Finished code only:");
}

#[test]
fn no_file_names_somebodys_machine() {
    let mut found = Vec::new();
    for file in files("") {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(path) = machine_path(line) {
                found.push(format!("{}:{}: `{path}…`", file.path, number + 1));
            }
        }
    }
    report(
        &found,
        "Write paths from the root of the repository, or from a temporary folder:",
    );
}

/// The beginning of an absolute path into somebody's folders, if the line has one.
fn machine_path(line: &str) -> Option<&'static str> {
    const STARTS: &[&str] = &[
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/wo", "rk/"),
        concat!("/Us", "ers/"),
        concat!(r"C:\Us", r"ers\"),
    ];
    STARTS.iter().copied().find(|start| {
        line.match_indices(start).any(|(at, _)| {
            // `docs/home/` and `example.com/home/` are no absolute paths.
            !line
                .get(..at)
                .and_then(|before| before.chars().next_back())
                .is_some_and(|c| c.is_alphanumeric() || "._-~*}])".contains(c))
        })
    })
}

#[test]
fn absolute_paths_are_told_from_relative_ones() {
    let home = concat!("/ho", "me/");
    assert_eq!(machine_path(&format!("cd {home}ana")), Some(home));
    assert_eq!(machine_path(&format!("\"{home}ana\"")), Some(home));
    assert_eq!(machine_path(&format!("see docs{home}page.md")), None);
    assert_eq!(machine_path(&format!("https://example.com{home}")), None);
}

#[test]
fn every_crate_of_the_host_forbids_unsafe_code() {
    // The sandbox loads compiled guests and the SDK holds generated bindings: one module each.
    let without: Vec<String> = files("host")
        .iter()
        .filter(|f| f.path.ends_with("/src/lib.rs") || f.path.ends_with("/src/main.rs"))
        .filter(|f| !f.path.starts_with("host/sandbox/"))
        .filter(|f| !f.text.contains("#![forbid(unsafe_code)]"))
        .map(|f| f.path.clone())
        .collect();
    report(
        &without,
        "Write `#![forbid(unsafe_code)]` below the header of:",
    );
}

/// What the head of a data file fails to say.
fn missing_in_head(text: &str) -> Vec<&'static str> {
    let head = text
        .lines()
        .take(12)
        .collect::<Vec<_>>()
        .join("\n")
        .to_lowercase();
    let dated = head
        .split(|c: char| !c.is_ascii_digit() && c != '-')
        .any(|word| {
            let parts: Vec<usize> = word.split('-').map(str::len).collect();
            parts.starts_with(&[4, 2])
        });
    [
        ("source", head.contains("source")),
        ("licence", head.contains("licen")),
        ("date", dated),
    ]
    .into_iter()
    .filter_map(|(what, said)| (!said).then_some(what))
    .collect()
}

#[test]
fn data_files_say_where_they_come_from() {
    let silent: Vec<String> = files("host")
        .iter()
        .filter(|f| f.path.split('/').any(|part| part == "data") && !f.path.ends_with(".rs"))
        .map(|f| (missing_in_head(&f.text), f))
        .filter(|(missing, _)| !missing.is_empty())
        .map(|(missing, f)| format!("{}: no {}", f.path, missing.join(", no ")))
        .collect();
    report(
        &silent,
        "The first 12 lines of a data file name its source, licence and date (2026-11 or 2026-11-22):",
    );
}

#[test]
fn a_data_file_without_a_date_is_seen() {
    assert!(
        missing_in_head("# Source: our own list. Licence: MIT OR Apache-2.0. Date: 2026-11-22\n")
            .is_empty()
    );
    assert_eq!(
        missing_in_head("# Source: our own list, 300 words\n"),
        ["licence", "date"]
    );
}
