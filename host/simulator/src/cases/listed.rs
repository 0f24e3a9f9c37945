//! Every case of the reference has a test that names it, and no test names a case that is none.

use std::collections::BTreeSet;

fn listed() -> BTreeSet<u32> {
    include_str!("cases.txt")
        .lines()
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(_, ids)| ids.split(' '))
        .map(|id| id.parse().unwrap())
        .collect()
}

/// Numbers in the names of tests of this folder.
fn tested() -> BTreeSet<u32> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cases");
    let mut out = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "rs") {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let mut lines = source.lines().peekable();
        while let Some(line) = lines.next() {
            let name = lines
                .peek()
                .and_then(|next| next.strip_prefix("async fn case_"));
            if line == "#[tokio::test]"
                && let Some(name) = name
            {
                out.insert(name.split('_').next().unwrap().parse().unwrap());
            }
        }
    }
    out
}

#[test]
fn every_case_of_the_reference_is_a_test() {
    let (listed, tested) = (listed(), tested());
    assert_eq!(listed.len(), 98);
    let missing: Vec<_> = listed.difference(&tested).collect();
    assert!(missing.is_empty(), "cases without a test: {missing:?}");
    let unknown: Vec<_> = tested.difference(&listed).collect();
    assert!(unknown.is_empty(), "tests of no case: {unknown:?}");
}
