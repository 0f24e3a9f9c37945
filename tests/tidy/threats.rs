//! The page of threats: each of them names a test that exists.

use crate::tree::{files, read, report, rust_files};

/// The page.
const PAGE: &str = "host/docs/threat-model.md";
/// Its part whose rows are held to a test each.
const PART: &str = "## What stands in the way";

/// (first cell, everything) of each row of a part's table.
fn rows(page: &str) -> Vec<(String, String)> {
    let after = page.split_once(PART).map_or("", |(_, after)| after);
    let part = after.split_once("\n## ").map_or(after, |(part, _)| part);
    part.lines()
        .filter(|line| line.starts_with("| "))
        .filter(|line| !line.starts_with("| attack |"))
        .map(|line| {
            let first = line.split('|').nth(1).unwrap_or_default();
            (first.trim().to_owned(), line.to_owned())
        })
        .collect()
}

/// (module, test) of each `module::test` in backquotes.
fn named(line: &str) -> Vec<(String, String)> {
    line.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|quoted| quoted.split_once("::"))
        .filter(|(module, test)| {
            let word = |w: &str| {
                !w.is_empty()
                    && w.chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            };
            word(module) && word(test)
        })
        .map(|(module, test)| (module.to_owned(), test.to_owned()))
        .collect()
}

#[test]
fn every_threat_names_a_test_that_exists() {
    let page = read(PAGE).expect("the page of threats");
    let rows = rows(&page);
    assert!(rows.len() > 20, "{} rows were found in {PAGE}", rows.len());
    let sources = rust_files();
    let exists = |module: &str, test: &str| {
        let (file, head) = (format!("/{module}.rs"), format!("fn {test}("));
        sources
            .iter()
            .any(|f| f.path.ends_with(&file) && f.text.contains(&head))
    };
    let mut wrong = Vec::new();
    for (threat, line) in rows {
        let tests = named(&line);
        if tests.is_empty() {
            wrong.push(format!("{threat}: no test is named"));
        }
        for (module, test) in tests {
            if !exists(&module, &test) {
                wrong.push(format!("{threat}: there is no `{module}::{test}`"));
            }
        }
    }
    report(
        &wrong,
        "Name the test that shows the defence, as `file::function`, in host/docs/threat-model.md:",
    );
}

#[test]
fn no_template_trusts_text_of_a_person() {
    let trusting: Vec<String> = files("host")
        .iter()
        .filter(|f| f.path.ends_with(".html"))
        .flat_map(|f| {
            let lines = f.text.lines().enumerate();
            lines
                .filter(|(_, line)| line.replace(' ', "").contains("|safe"))
                .map(|(n, _)| format!("{}:{}", f.path, n + 1))
                .collect::<Vec<_>>()
        })
        .collect();
    report(
        &trusting,
        "Templates escape what they show; take `safe` out of:",
    );
}

#[test]
fn a_row_without_a_test_is_seen() {
    let page = format!(
        "{PART}\n\n| attack | defence |\n|---|---|\n| one | `a::b_c` and `A::b` |\n| two | words |\n\n## Next\n\n| x | y |\n"
    );
    let rows = rows(&page);
    assert_eq!(rows.len(), 2, "{rows:?}");
    let tests: Vec<_> = rows.iter().map(|(_, line)| named(line).len()).collect();
    assert_eq!(tests, [1, 0]);
}
