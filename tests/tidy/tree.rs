//! The repository as the rules see it: where it is, its text files, and how a rule reports.

use std::path::{Path, PathBuf};

/// Folders that hold no source of ours.
const SKIPPED: &[&str] = &["target", "node_modules", "portero-data", ".git"];

/// One text file.
pub(crate) struct Source {
    /// Path from the root, with `/` on every system.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

/// The folder of the workspace manifest.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests crate lies one folder below the root")
}

/// Every UTF-8 file below `folder` (from the root; empty for all of it), in path order.
pub(crate) fn files(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Every Rust file of the four rooms that hold Rust.
pub(crate) fn rust_files() -> Vec<Source> {
    let found: Vec<Source> = ["host", "sdk", "plugins", "tests"]
        .into_iter()
        .flat_map(files)
        .filter(|f| f.path.ends_with(".rs"))
        .collect();
    assert!(
        found.len() > 20,
        "only {} Rust files found: the walk is broken",
        found.len()
    );
    found
}

fn walk(folder: &Path, found: &mut Vec<Source>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        // `.git` is a file in a linked worktree.
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            walk(&path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            found.push(Source {
                path: from_root(&path),
                text,
            });
        }
    }
}

fn from_root(path: &Path) -> String {
    let relative = path
        .strip_prefix(root())
        .expect("only files below the root are walked");
    let parts: Vec<_> = relative.iter().map(|p| p.to_string_lossy()).collect();
    parts.join("/")
}

/// Reads one file by its path from the root; `None` when it is not there.
pub(crate) fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(root().join(path)).ok()
}

/// Fails with every problem, one a line, after the sentence that says what to do.
#[track_caller]
pub(crate) fn report(problems: &[String], what_to_do: &str) {
    assert!(
        problems.is_empty(),
        "{what_to_do}\n  {}\n",
        problems.join("\n  ")
    );
}

/// Compares a generated file with what it should be, or rewrites it when asked to.
#[track_caller]
pub(crate) fn fresh(path: &str, wanted: &str, what_to_do: &str) {
    if read(path).as_deref() == Some(wanted) {
        return;
    }
    if updating() {
        let file: PathBuf = root().join(path);
        std::fs::write(&file, wanted).expect("the file can be written");
        return;
    }
    panic!(
        "{path} is stale. {what_to_do}\n  UPDATE_DOCS=1 cargo test -p portero-tests --test tidy\n"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "a switch of this test binary, no setting of the program"
)]
fn updating() -> bool {
    std::env::var("UPDATE_DOCS").is_ok_and(|v| v == "1")
}

/// The lines a user runs: up to the unit tests at the end of the file.
pub(crate) fn shipped(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines
        .windows(2)
        .position(|pair| {
            matches!(pair, [mark, opening]
                if mark.starts_with("#[cfg(test)]") && opening.starts_with("mod tests {"))
        })
        .unwrap_or(lines.len());
    lines.into_iter().take(end).collect()
}

/// A line without its comment. Text inside string literals stays.
pub(crate) fn code(line: &str) -> &str {
    if line.trim_start().starts_with("//") {
        return "";
    }
    line.split_once(" // ").map_or(line, |(before, _)| before)
}

#[test]
fn unit_tests_and_comments_do_not_count_as_shipped_code() {
    let text = "//! About it.\nfn a() {} // b\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
    let seen: Vec<&str> = shipped(text).into_iter().map(code).collect();
    assert_eq!(seen, ["", "fn a() {}"]);
    assert_eq!(shipped("#[cfg(test)]\nmod tests;\nfn a() {}").len(), 3);
}
