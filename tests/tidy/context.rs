//! What a Docker build is given, and what git takes: nothing that is secret, kept or built, and all of the source.

use std::collections::BTreeSet;

use crate::tree::{files, read, report};

/// The file that names the secrets of a host in containers.
const COMPOSE: &str = "host/docs/deploy/compose.yaml";

/// What a checkout holds once somebody has built, run and tried it: for nobody else.
const NEVER: &[&str] = &[
    ".env",
    ".env.production",
    "host/docs/deploy/.env",
    "master.key",
    "portero-data/master.key",
    "portero-data/portero.db",
    "host/server/portero-data/portero.db",
    "portero-2026-11-29.backup",
    "privkey.pem",
    "target/release/portero",
    "tests/browser/node_modules/playwright-core/index.js",
    "tests/guests/target/wasm32-wasip2/release/hostile.wasm",
];

/// Endings of files that are built or built in.
const SOURCE: &[&str] = &[
    "css", "html", "js", "json", "lock", "md", "rs", "sql", "svg", "toml", "wat", "wit",
];

/// The patterns of an ignore file.
fn patterns(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// `*` stands for any letters of one name.
fn name_matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|left| {
            (0..=left.len()).any(|at| left.get(at..).is_some_and(|left| name_matches(rest, left)))
        }),
    }
}

/// Whether some folder above the path, or the path itself, is what the pattern names. `anywhere`: whether a bare name counts
/// below the first folder too, as git reads it and Docker does not.
fn matches(pattern: &str, path: &str, anywhere: bool) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let name = pattern.strip_prefix("**/");
    match name.or(Some(pattern).filter(|p| anywhere && !p.contains('/'))) {
        Some(name) => parts.iter().any(|part| name_matches(name, part)),
        None => {
            let wanted: Vec<&str> = pattern.trim_start_matches('/').split('/').collect();
            let start = parts.get(..wanted.len());
            start.is_some_and(|start| {
                start
                    .iter()
                    .zip(&wanted)
                    .all(|(part, w)| name_matches(w, part))
            })
        }
    }
}

fn left_out(path: &str, all: &[&str], anywhere: bool) -> bool {
    all.iter().any(|pattern| matches(pattern, path, anywhere))
}

/// The files of secrets that the compose file names, from the root.
fn secrets_of_compose() -> BTreeSet<String> {
    let text = read(COMPOSE).expect("the compose file");
    let names = text.split("file: ./").skip(1);
    let found: BTreeSet<String> = names
        .filter_map(|rest| rest.split_once(' '))
        .map(|(file, _)| format!("host/docs/deploy/{file}"))
        .collect();
    assert!(found.len() >= 3, "secrets found in {COMPOSE}: {found:?}");
    found
}

#[test]
fn neither_an_image_nor_git_takes_what_is_secret_kept_or_built() {
    let docker = read(".dockerignore").expect(".dockerignore");
    let git = read(".gitignore").expect(".gitignore");
    let both = [
        (".dockerignore", patterns(&docker), false),
        (".gitignore", patterns(&git), true),
    ];
    let mut wrong = Vec::new();
    let secrets = secrets_of_compose();
    let never = NEVER
        .iter()
        .copied()
        .chain(secrets.iter().map(String::as_str));
    for path in never {
        for (file, all, anywhere) in &both {
            if !left_out(path, all, *anywhere) {
                wrong.push(format!("{file} lets {path} through"));
            }
        }
    }
    let (_, docker, _) = &both[0];
    if !left_out(".git/config", docker, false) {
        wrong.push(".dockerignore lets .git/config through".to_owned());
    }
    // A line that takes something back would make the answers above worth nothing.
    for (file, all, _) in &both {
        let back = all.iter().filter(|pattern| pattern.starts_with('!'));
        wrong.extend(back.map(|pattern| format!("{file}: {pattern}")));
    }
    report(
        &wrong,
        "Name in .dockerignore and .gitignore what is for nobody else:",
    );
}

#[test]
fn an_image_is_built_of_all_the_source() {
    let docker = read(".dockerignore").expect(".dockerignore");
    let docker = patterns(&docker);
    let sources = files("");
    assert!(sources.len() > 500, "{} files", sources.len());
    let source = |path: &str| {
        let (_, ending) = path.rsplit_once('.').unwrap_or_default();
        SOURCE.contains(&ending)
    };
    let missing: Vec<String> = sources
        .iter()
        .filter(|f| source(&f.path) && left_out(&f.path, &docker, false))
        .map(|f| f.path.clone())
        .collect();
    report(
        &missing,
        "The build needs these; take them out of .dockerignore:",
    );
}

#[test]
fn patterns_are_read_as_docker_and_git_read_them() {
    assert!(matches("target", "target/release/portero", false));
    assert!(!matches("target", "tests/guests/target/a", false));
    assert!(matches("target", "tests/guests/target/a", true));
    assert!(matches("**/target", "tests/guests/target/a", false));
    assert!(!matches("/target", "tests/target/a", true));
    assert!(matches(
        "/tests/guests/target",
        "tests/guests/target/a",
        true
    ));
    assert!(matches("**/*.db-*", "x/portero.db-wal", false));
    assert!(!matches("**/*.key", "x/keys.rs", false));
    assert!(!matches(".git", ".gitignore", false));
}
