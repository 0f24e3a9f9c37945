//! `portero plugin new`: a folder that builds, answers and is tested, with the SDK in it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::json;

use crate::cli::NewArgs;
use crate::commands::show;

/// Every file of the SDK and of the templates: path and text.
const UNPACKED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/unpacked.rs"));

/// Longest name: the id `com.example.NAME` and the folder stay readable.
const MAX_NAME: usize = 48;

/// Names that cargo refuses for a package, or that would be confused with the SDK's.
const TAKEN: &[&str] = &["test", "core", "std", "alloc", "proc-macro", "portero-sdk"];

/// Runs the verb.
///
/// # Errors
/// A name that cannot be one, a folder that is not empty, a file that cannot be written.
pub(super) fn run(args: &NewArgs) -> anyhow::Result<ExitCode> {
    check(&args.name)?;
    let folder = args.dir.clone().unwrap_or_else(|| args.name.clone().into());
    let kind = args.kind.kind().as_str();
    let mut written = Vec::new();
    free(&folder)?;
    for (name, text) in UNPACKED {
        let Some(place) = place(name, kind) else {
            continue;
        };
        let text = text
            .replace("@NAME@", &args.name)
            .replace("@VERSION@", env!("CARGO_PKG_VERSION"));
        write(&folder.join(&place), &text)?;
        written.push(place);
    }
    let answer = json!({
        "name": args.name, "kind": kind, "folder": folder.display().to_string(),
        "files": written.iter().map(|p| p.display().to_string()).collect::<Vec<_>>(),
    });
    let line = format!(
        "{} is a plugin of kind {kind}: src/lib.rs says what it does, tests/first.scenario.toml what must happen\n\
         next: cd {} && portero plugin build && portero plugin test",
        folder.display(),
        folder.display(),
    );
    show(args.json, &answer, &line);
    Ok(ExitCode::SUCCESS)
}

/// Where a file of the binary's list goes; `None` when another kind's.
fn place(name: &str, kind: &str) -> Option<PathBuf> {
    let sdk = Path::new("portero-sdk");
    let in_template = |rest: &str| match rest.rsplit_once('/').map_or(rest, |(_, file)| file) {
        "cargo.toml" => PathBuf::from(rest.replace("cargo.toml", "Cargo.toml")),
        "gitignore" => PathBuf::from(rest.replace("gitignore", ".gitignore")),
        _ => PathBuf::from(rest),
    };
    match name.split_once('/') {
        None => Some(sdk.join(name)),
        Some(("sdk", "README.md")) => Some(sdk.join("README.md")),
        Some(("sdk", rest)) => Some(sdk.join("src").join(rest)),
        Some(("template", rest)) => {
            let (of, rest) = rest.split_once('/')?;
            match of {
                "common" => Some(in_template(rest)),
                "sdk" => Some(sdk.join(in_template(rest))),
                of if of == kind => Some(in_template(rest)),
                _ => None,
            }
        }
        Some(_) => None,
    }
}

fn check(name: &str) -> anyhow::Result<()> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let good = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(letters)
        && !name.ends_with('-')
        && !name.contains("--")
        && name.len() <= MAX_NAME;
    if !good {
        bail!(
            "`{name}` cannot be a plugin's name: it begins with a letter and has a-z, 0-9 and single `-`, \
             at most {MAX_NAME}, such as `cart-recovery`"
        );
    }
    if TAKEN.contains(&name) {
        bail!("`{name}` is the name of a Rust crate already; choose another one");
    }
    Ok(())
}

/// A folder that is not there, or empty.
fn free(folder: &Path) -> anyhow::Result<()> {
    let Ok(mut entries) = std::fs::read_dir(folder) else {
        if folder.exists() {
            bail!(
                "`{}` is there and no folder; choose another one with --dir",
                folder.display()
            );
        }
        return Ok(());
    };
    if entries.next().is_some() {
        bail!(
            "the folder `{}` is not empty; choose another one with --dir, nothing was written",
            folder.display()
        );
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let failed = || format!("cannot write `{}`", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(failed)?;
    }
    std::fs::write(path, text).with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_cargo_and_a_reverse_dns_take() {
        for good in ["a", "cart-recovery", "bot2"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "", "-a", "a-", "a--b", "A", "2b", "a b", "a/b", "ñandú", "test",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check(&"a".repeat(MAX_NAME + 1)).is_err());
    }

    #[test]
    fn each_file_has_its_place() {
        let at = |name: &str| place(name, "replies").map(|p| p.display().to_string());
        assert_eq!(
            at("template/common/cargo.toml").as_deref(),
            Some("Cargo.toml")
        );
        assert_eq!(
            at("template/common/gitignore").as_deref(),
            Some(".gitignore")
        );
        assert_eq!(
            at("template/replies/src/lib.rs").as_deref(),
            Some("src/lib.rs")
        );
        assert_eq!(at("template/analytics/src/lib.rs"), None);
        assert_eq!(at("template/README.md"), None);
        assert_eq!(
            at("template/sdk/cargo.toml").as_deref(),
            Some("portero-sdk/Cargo.toml")
        );
        assert_eq!(at("sdk/kv.rs").as_deref(), Some("portero-sdk/src/kv.rs"));
        assert_eq!(
            at("LICENSE-MIT").as_deref(),
            Some("portero-sdk/LICENSE-MIT")
        );
    }
}
