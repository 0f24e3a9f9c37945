//! The WIT folders: each has a list of hashes, so that a change to the contract is never an accident.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::tree::{files, fresh, root};

/// The versions that exist: the folders of `wit/`.
fn versions() -> Vec<String> {
    let mut found: Vec<String> = std::fs::read_dir(root().join("wit"))
        .expect("the folder wit/")
        .map(|entry| entry.expect("a readable folder"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    found
}

/// The list in the format of `sha256sum`, paths from `wit/`: `cd wit && sha256sum -c v0.1.sha256`.
fn hashes(version: &str) -> String {
    let mut list = String::new();
    for file in files(&format!("wit/{version}"))
        .iter()
        .filter(|f| f.path.ends_with(".wit"))
    {
        let hash = hex::encode(Sha256::digest(file.text.as_bytes()));
        let path = file.path.trim_start_matches("wit/");
        writeln!(list, "{hash}  {path}").expect("a String takes everything");
    }
    list
}

#[test]
fn the_contract_changes_only_on_purpose() {
    let versions = versions();
    assert!(
        versions.iter().any(|v| v == "v0.1"),
        "wit/v0.1 is gone: released folders stay"
    );
    for version in versions {
        let list = hashes(&version);
        assert!(!list.is_empty(), "wit/{version} holds no .wit file");
        fresh(
            &format!("wit/{version}.sha256"),
            &list,
            "A tagged version is frozen: cut the next folder instead (host/docs/decisions/0006-wit-versioning.md). \
             Before the first tag, say in the commit that the contract changes and run",
        );
    }
}
