//! Builds a guest to WebAssembly from inside a build script.
//!
//! No module of the SDK: build scripts take it in with `#[path = "…/sdk/rust/build-guest.rs"]`, so
//! that none of them has to compile the SDK first. Standard library only.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What guests are compiled for.
const TARGET: &str = "wasm32-wasip2";

/// Settings that cargo reads from the environment and that a nested cargo should keep: how to reach
/// registries, not how to build.
const KEPT: [&str; 6] = [
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
];

/// What the outer cargo tells a build script by name.
const DROPPED: [&str; 10] = [
    "RUSTFLAGS",
    "TARGET",
    "HOST",
    "OUT_DIR",
    "PROFILE",
    "OPT_LEVEL",
    "DEBUG",
    "NUM_JOBS",
    "MAKEFLAGS",
    "MFLAGS",
];

/// The same with whatever follows: flags, wrappers (clippy, caches), the outer profile.
const DROPPED_FROM: [&str; 5] = ["CARGO", "__CARGO", "RUSTC", "RUSTDOC", "DEP_"];

/// Builds `package` of the workspace at `workspace_root` as one component and says where it is:
/// below `out_dir`, with a target directory of its own, because a nested cargo that shares one with
/// the outer cargo waits for it for ever.
///
/// Adds the wasm target when it is missing. The guest is small (`-Os`, one codegen unit, LTO,
/// stripped) and carries no path of this machine, so that the same source gives the same bytes.
///
/// # Errors
/// A text for the person at the keyboard: what failed, and what to type.
pub(crate) fn build_guest(
    package: &str,
    workspace_root: &Path,
    out_dir: &Path,
) -> Result<PathBuf, String> {
    let root = workspace_root.canonicalize().map_err(|e| {
        format!(
            "cannot build the guest `{package}`: no workspace at {}: {e}",
            workspace_root.display()
        )
    })?;
    let sysroot = sysroot(&root)?;
    if !has_target(&sysroot) {
        add_target(&root)?;
    }
    let target_dir = out_dir.join("guests");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = clean(Command::new(cargo));
    command
        .current_dir(&root)
        .args([
            "build",
            "--release",
            "--locked",
            "--target",
            TARGET,
            "--package",
            package,
        ])
        .arg("--target-dir")
        .arg(&target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", rustflags(&root, &sysroot));
    for (key, value) in [
        ("OPT_LEVEL", "s"),
        ("LTO", "true"),
        ("STRIP", "symbols"),
        ("CODEGEN_UNITS", "1"),
        ("PANIC", "abort"),
        ("DEBUG", "false"),
        ("INCREMENTAL", "false"),
        ("OVERFLOW_CHECKS", "true"),
    ] {
        command.env(format!("CARGO_PROFILE_RELEASE_{key}"), value);
    }
    run(
        &mut command,
        &format!(
            "cd {} && cargo build --release --locked --target {TARGET} --package {package}",
            root.display()
        ),
        &format!("cannot build the guest `{package}`"),
    )?;
    let file = format!("{}.wasm", package.replace('-', "_"));
    let wasm = target_dir.join(TARGET).join("release").join(file);
    if wasm.is_file() {
        Ok(wasm)
    } else {
        Err(format!(
            "the guest `{package}` was built but {} is not there: its Cargo.toml needs \
             `crate-type = [\"cdylib\", \"rlib\"]` under [lib]",
            wasm.display()
        ))
    }
}

/// The toolchain's folder, for the workspace's pinned toolchain.
fn sysroot(root: &Path) -> Result<PathBuf, String> {
    let mut command = clean(Command::new("rustc"));
    command.current_dir(root).args(["--print", "sysroot"]);
    let text = run(
        &mut command,
        "rustc --print sysroot",
        "cannot find the Rust toolchain; install it from https://rustup.rs and try again",
    )?;
    Ok(PathBuf::from(text.trim()))
}

fn has_target(sysroot: &Path) -> bool {
    sysroot
        .join("lib/rustlib")
        .join(TARGET)
        .join("lib")
        .is_dir()
}

fn add_target(root: &Path) -> Result<(), String> {
    let mut command = clean(Command::new("rustup"));
    command.current_dir(root).args(["target", "add", TARGET]);
    run(
        &mut command,
        &format!("rustup target add {TARGET}"),
        &format!("the Rust target {TARGET} is missing and could not be added"),
    )
    .map(|_| ())
}

/// Paths that end up in panic messages, replaced by names that are the same everywhere.
fn rustflags(root: &Path, sysroot: &Path) -> OsString {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| {
            let user = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"))?;
            Some(PathBuf::from(user).join(".cargo"))
        });
    let places = [
        (Some(root.to_owned()), "/portero"),
        (home, "/cargo"),
        (Some(sysroot.to_owned()), "/rust"),
    ];
    let mut flags = OsString::new();
    for (place, name) in places {
        let Some(place) = place else { continue };
        if !flags.is_empty() {
            flags.push("\u{1f}");
        }
        flags.push("--remap-path-prefix=");
        flags.push(place);
        flags.push("=");
        flags.push(name);
    }
    flags
}

/// Takes away what the outer cargo set: its flags, its wrappers (clippy, caches), its jobserver.
fn clean(mut command: Command) -> Command {
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy();
        let begins = |prefix: &str| name.starts_with(prefix);
        let kept = KEPT.iter().any(|p| begins(p));
        let dropped = DROPPED.contains(&name.as_ref()) || DROPPED_FROM.iter().any(|p| begins(p));
        if dropped && !kept {
            command.env_remove(&key);
        }
    }
    command
}

/// Runs to the end and gives back what was printed.
fn run(command: &mut Command, typed: &str, failed: &str) -> Result<String, String> {
    let output = command
        .output()
        .map_err(|e| format!("{failed}\n  `{typed}` did not start: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().collect();
    let last = lines
        .get(lines.len().saturating_sub(40)..)
        .unwrap_or_default()
        .join("\n    ");
    Err(format!(
        "{failed}\n  to see it alone, type: {typed}\n  it said:\n    {last}"
    ))
}
