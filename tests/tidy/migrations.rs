//! The two migration folders say the same thing; only the name of the byte type differs, and what one
//! engine alone needs stands in a file that says so by its name.

use crate::tree::{Source, files, report};

const FOLDERS: [&str; 2] = [
    "host/store/migrations/sqlite",
    "host/store/migrations/postgres",
];

fn name(file: &Source) -> &str {
    file.path.rsplit('/').next().unwrap_or_default()
}

/// The end of the name of a file that says something to Postgres alone: SQLite's counterpart, which keeps the
/// numbers together, is a comment.
const POSTGRES_ALONE: &str = "_on_postgres.sql";

/// A line without its comment.
fn sql(line: &str) -> &str {
    line.split_once("--").map_or(line, |(before, _)| before)
}

/// Differences between two files, as `line: left | right`.
fn differences(sqlite: &str, postgres: &str) -> Vec<String> {
    let count = sqlite.lines().count().max(postgres.lines().count());
    let (mut left, mut right) = (sqlite.lines(), postgres.lines());
    (1..=count)
        .filter_map(|number| {
            let (a, b) = (
                left.next().unwrap_or("(end)"),
                right.next().unwrap_or("(end)"),
            );
            (sql(b).contains("BLOB")
                || sql(a).contains("BYTEA")
                || a.replace("BYTEA", "BLOB") != b.replace("BYTEA", "BLOB"))
            .then(|| format!("line {number}: {} | {}", a.trim(), b.trim()))
        })
        .collect()
}

#[test]
fn both_engines_have_the_same_migrations() {
    let [sqlite, postgres] = FOLDERS.map(files);
    assert!(!sqlite.is_empty(), "no migrations found in {}", FOLDERS[0]);
    let mut wrong = Vec::new();
    for (ours, others, folder) in [
        (&sqlite, &postgres, FOLDERS[1]),
        (&postgres, &sqlite, FOLDERS[0]),
    ] {
        for file in ours
            .iter()
            .filter(|f| !others.iter().any(|o| name(o) == name(f)))
        {
            wrong.push(format!("{} has no counterpart in {folder}", file.path));
        }
    }
    for file in &sqlite {
        if name(file).ends_with(POSTGRES_ALONE) {
            if file.text.lines().any(|line| !sql(line).trim().is_empty()) {
                wrong.push(format!(
                    "{} is for Postgres alone and does something",
                    file.path
                ));
            }
            continue;
        }
        for other in postgres.iter().filter(|o| name(o) == name(file)) {
            for difference in differences(&file.text, &other.text) {
                wrong.push(format!("{} {difference}", name(file)));
            }
        }
    }
    report(
        &wrong,
        "The two folders differ in BLOB (sqlite) and BYTEA (postgres) only; make these equal:",
    );
}

#[test]
fn a_difference_is_seen() {
    assert!(differences("a BLOB,\nb text", "a BYTEA,\nb text").is_empty());
    assert_eq!(differences("a BYTEA", "a BYTEA").len(), 1);
    assert_eq!(differences("a BLOB\n", "a BLOB\n").len(), 1);
    assert_eq!(differences("b text", "b text\nc text").len(), 1);
    assert!(differences("-- BLOB is BYTEA there", "-- BLOB is BYTEA there").is_empty());
}
