//! Who may import whom, and which crate owns which outside crate.
//!
//! The table is the one in `host/README.md`. Shipped dependencies count, build dependencies too;
//! dev-dependencies do not, since nothing a user runs contains them.

use std::process::Command;

use serde::Deserialize;

use crate::tree::{read, report, root};

/// Our crates, with what each may import of ours and which fenced outside crates it may name.
const ALLOWED: &[(&str, &[&str], &[&str])] = &[
    ("portero-domain", &[], &[]),
    ("portero-gate", &["portero-domain"], &[]),
    (
        "portero-net",
        &["portero-domain"],
        &["reqwest", "rustls", "webpki-roots"],
    ),
    (
        "portero-store",
        &["portero-domain", "portero-gate"],
        &["sqlx"],
    ),
    (
        "portero-sandbox",
        &["portero-domain", "portero-net"],
        &["wasmtime", "wasmtime-wasi"],
    ),
    (
        "portero-meta",
        &["portero-domain", "portero-gate", "portero-net"],
        &[],
    ),
    (
        "portero-simulator",
        &["portero-domain", "portero-net", "portero-meta"],
        &[],
    ),
    (
        "portero-flow",
        &[
            "portero-domain",
            "portero-gate",
            "portero-net",
            "portero-store",
            "portero-sandbox",
            "portero-meta",
        ],
        &[],
    ),
    (
        "portero-console",
        &["portero-domain", "portero-gate", "portero-flow"],
        &["askama"],
    ),
    (
        "portero",
        &[
            "portero-domain",
            "portero-gate",
            "portero-net",
            "portero-store",
            "portero-sandbox",
            "portero-meta",
            "portero-simulator",
            "portero-flow",
            "portero-console",
        ],
        &["axum", "clap", "utoipa-axum"],
    ),
    ("portero-sdk", &[], &["wit-bindgen"]),
    ("tienda-bot", &["portero-sdk"], &[]),
    ("rfm-segments", &["portero-sdk"], &[]),
    ("cart-recovery", &["portero-sdk"], &[]),
    ("shipping-notice", &["portero-sdk"], &[]),
    ("campaign-metrics", &["portero-sdk"], &[]),
];

/// Outside crates named beyond the table, each with the reason why.
const BESIDE_THE_TABLE: &[(&str, &str, &str)] = &[
    (
        "portero-meta",
        "reqwest",
        "the one door out takes portero-net's client and reads its errors",
    ),
    (
        "portero-simulator",
        "reqwest",
        "takes portero-net's client to deliver webhooks",
    ),
    (
        "portero-simulator",
        "axum",
        "the pretend Meta is a Router that the server mounts",
    ),
    (
        "portero-console",
        "axum",
        "the pages are a Router that the server mounts",
    ),
    (
        "portero",
        "reqwest",
        "verbs beside a running host talk HTTP to it through portero-net's client",
    ),
    (
        "portero",
        "rustls",
        "installs the process-wide provider before the first connection",
    ),
];

/// Outside crates that only their owner may name.
const FENCED: &[&str] = &[
    "reqwest",
    "rustls",
    "webpki-roots",
    "sqlx",
    "wasmtime",
    "wasmtime-wasi",
    "askama",
    "axum",
    "clap",
    "utoipa-axum",
    "wit-bindgen",
];

/// May import anything and be imported by nobody.
const TESTS: &str = "portero-tests";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `dev`, `build`, or nothing for a normal one.
    kind: Option<String>,
    /// Present on our own.
    path: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

fn metadata() -> Metadata {
    let run = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(
        run.status.success(),
        "`cargo metadata` failed: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    serde_json::from_slice(&run.stdout).expect("`cargo metadata` prints JSON of version 1")
}

fn wrong_edges(packages: &[Package]) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in packages.iter().filter(|p| p.name != TESTS) {
        let name = package.name.as_str();
        let Some((_, ours, outside)) = ALLOWED.iter().find(|(crate_, ..)| *crate_ == name) else {
            wrong.push(format!(
                "{name} is new: add it to ALLOWED and to host/README.md, with a decision note"
            ));
            continue;
        };
        for dependency in package
            .dependencies
            .iter()
            .filter(|d| d.kind.as_deref() != Some("dev"))
        {
            let to = dependency.name.as_str();
            let listed = BESIDE_THE_TABLE
                .iter()
                .any(|(from, what, _)| (*from, *what) == (name, to));
            if dependency.path.is_some() && !ours.contains(&to) {
                wrong.push(format!("{name} must not import {to}"));
            } else if FENCED.contains(&to) && !outside.contains(&to) && !listed {
                wrong.push(format!(
                    "{name} must not name {to}: another crate fences it"
                ));
            }
        }
    }
    wrong
}

#[test]
fn crates_import_only_what_the_table_allows() {
    report(
        &wrong_edges(&metadata().packages),
        "Crate edges are fixed (host/README.md). Move the code to the crate that owns the need, or write a decision note first:",
    );
}

#[test]
fn the_table_names_only_crates_that_exist() {
    let packages = metadata().packages;
    let gone: Vec<String> = ALLOWED
        .iter()
        .filter(|(name, ..)| !packages.iter().any(|p| p.name == *name))
        .map(|(name, ..)| (*name).to_owned())
        .collect();
    report(
        &gone,
        "Remove these from ALLOWED in tests/tidy/edges.rs, no such crate is left:",
    );
    let unused: Vec<String> = BESIDE_THE_TABLE
        .iter()
        .filter(|(from, what, _)| {
            !packages.iter().any(|p| {
                p.name == *from
                    && p.dependencies
                        .iter()
                        .any(|d| d.name == *what && d.kind.is_none())
            })
        })
        .map(|(from, what, _)| format!("{from} no longer names {what}"))
        .collect();
    report(
        &unused,
        "Remove these from BESIDE_THE_TABLE in tests/tidy/edges.rs and from deny.toml:",
    );
}

#[test]
fn a_forbidden_edge_is_named() {
    let bad: Metadata = serde_json::from_str(
        r#"{"packages": [
            {"name": "portero-gate", "manifest_path": "", "targets": [], "dependencies": [
                {"name": "portero-store", "kind": null, "path": "x"},
                {"name": "sqlx", "kind": null, "path": null},
                {"name": "reqwest", "kind": "build", "path": null},
                {"name": "wasmtime", "kind": "dev", "path": null}]},
            {"name": "portero-extra", "manifest_path": "", "targets": [], "dependencies": []}]}"#,
    )
    .expect("the sample is valid");
    let wrong = wrong_edges(&bad.packages);
    assert_eq!(wrong.len(), 4, "{wrong:?}");
    assert_eq!(
        wrong.first().map(String::as_str),
        Some("portero-gate must not import portero-store")
    );
}

#[test]
fn every_member_takes_the_workspace_lints() {
    let mut without = Vec::new();
    for package in metadata().packages {
        let text =
            std::fs::read_to_string(&package.manifest_path).expect("a manifest cargo has read");
        let manifest: toml::Table = text.parse().expect("a manifest cargo has parsed");
        let taken = manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"))
            .and_then(toml::Value::as_bool);
        if taken != Some(true) {
            without.push(package.name);
        }
    }
    report(
        &without,
        "Add `[lints]` with `workspace = true` to the manifest of:",
    );
}

#[test]
fn the_workspace_has_one_binary_and_lists_its_members() {
    let binaries: Vec<String> = metadata()
        .packages
        .iter()
        .flat_map(|p| &p.targets)
        .filter(|t| t.kind.iter().any(|k| k == "bin"))
        .map(|t| t.name.clone())
        .collect();
    assert_eq!(
        binaries,
        ["portero"],
        "`cargo run` must not have to choose: keep one binary"
    );

    let text = read("Cargo.toml").expect("the workspace manifest");
    let manifest: toml::Table = text.parse().expect("valid TOML");
    let workspace = manifest.get("workspace").expect("a virtual manifest");
    let names = |key: &str| -> Vec<String> {
        workspace
            .get(key)
            .and_then(toml::Value::as_array)
            .map(|list| {
                list.iter()
                    .filter_map(|v| v.as_str().map(str::to_owned))
                    .collect()
            })
            .unwrap_or_default()
    };
    let globs: Vec<String> = names("members")
        .into_iter()
        .filter(|m| m.contains('*'))
        .collect();
    report(
        &globs,
        "List workspace members one by one; host/docs is no crate and breaks a glob:",
    );
    assert_eq!(
        names("default-members"),
        ["host/server"],
        "`cargo run` starts host/server"
    );
}
