//! Every verb that a page, a text or a document names is one that the command line has.

use portero::cli::tree;

use crate::tree::{files, report};

/// What stands before a command somebody may type: a code span, a code element, a prompt.
const BEFORE: &[&str] = &["`", "<code>", "$ "];

/// Words after `portero ` up to a flag, a placeholder or the end of the span.
fn words(rest: &str) -> Vec<&str> {
    let end = rest.find(['`', '<', '\n', '"', '\\', '|', '#', ';']);
    let span = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
    span.split(' ')
        .map(|word| word.trim_end_matches([',', '.', ')', ':']))
        .take_while(|word| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        })
        .collect()
}

/// Commands that a text shows, with their lines.
fn commands(path: &str, text: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    // Inside one, and whether it holds what somebody types.
    let mut fence = None;
    for (number, line) in text.lines().enumerate() {
        if path.ends_with(".md") && line.trim_start().starts_with("```") {
            // What a program answers is fenced as text.
            fence = match fence {
                Some(_) => None,
                None => Some(line.trim_start() != "```text"),
            };
            continue;
        }
        let typed = line.trim_start();
        if fence == Some(true)
            && let Some(rest) = typed.strip_prefix("portero ")
        {
            found.push((number + 1, rest));
        }
        for before in BEFORE {
            let sign = format!("{before}portero ");
            for (place, _) in line.match_indices(&sign) {
                let rest = line.get(place + sign.len()..).unwrap_or_default();
                found.push((number + 1, rest));
            }
        }
    }
    let owned = |(number, rest): (usize, &str)| {
        (number, words(rest).into_iter().map(str::to_owned).collect())
    };
    found.into_iter().map(owned).collect()
}

#[test]
fn every_verb_that_is_named_is_there() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for source in files("") {
        let kind = source.path.rsplit('.').next().unwrap_or_default();
        if !["md", "html", "rs", "toml", "mjs"].contains(&kind)
            || source.path == "tests/tidy/verbs.rs"
        {
            continue;
        }
        for (line, words) in commands(&source.path, &source.text) {
            seen += 1;
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            if let Some(unknown) = tree::unknown(&words) {
                wrong.push(format!("{}:{line}: `portero {unknown}`", source.path));
            }
        }
    }
    assert!(seen > 300, "only {seen} commands found: the walk is broken");
    report(
        &wrong,
        "These verbs are not there; `portero --help` lists those that are:",
    );
}

#[test]
fn a_verb_that_is_not_there_is_seen() {
    let told = |text: &str| -> Vec<String> {
        let all = commands("x.md", text).into_iter();
        all.filter_map(|(_, words)| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            tree::unknown(&words)
        })
        .collect()
    };
    assert_eq!(told("run `portero number put --tenant x`"), ["number put"]);
    assert_eq!(told("<code>portero dance</code>"), ["dance"]);
    assert_eq!(
        told("```sh\nportero tenant dance # x\n```"),
        ["tenant dance"]
    );
    for good in [
        "`portero up`, `portero why out_…` and `portero`",
        "`portero inbox`, `portero inbox show WHO`",
        "`portero help campaign run`",
        "`portero trigger text --text x`",
        "the word portero alone",
    ] {
        assert!(told(good).is_empty(), "{good}: {:?}", told(good));
    }
}
