//! `portero plugin build`: cargo for wasm32-wasip2, the manifest in it, and what came of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, bail};
use portero_sandbox::{Inspection, Manifest, Refusal};
use serde_json::{Value, json};

use crate::cli::BuildArgs;
use crate::commands::plugin::inspect;
use crate::output;

/// What plugins are compiled for.
const TARGET: &str = "wasm32-wasip2";

/// Name of the manifest beside `Cargo.toml`.
const MANIFEST: &str = "portero-plugin.toml";

/// A component that passed every check an installation makes before it runs.
pub(super) struct Built {
    pub(super) file: PathBuf,
    pub(super) bytes: Vec<u8>,
    pub(super) found: Inspection,
}

/// Runs the verb.
///
/// # Errors
/// What is missing, with the remedy; what the compiler said; why the component would be refused.
pub(super) fn run(args: &BuildArgs) -> anyhow::Result<ExitCode> {
    let built = build(&args.folder, args.out.as_deref())?;
    let mut answer = inspect::answer(&built.found);
    if let Value::Object(fields) = &mut answer {
        fields.insert("file".to_owned(), json!(built.file.display().to_string()));
    }
    if args.json {
        output::json(&answer);
    } else {
        inspect::tell(&answer);
        output::line(&format!("built {}", built.file.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the plugin of a folder and writes it to `out`, else to `NAME.wasm` in the folder.
pub(super) fn build(folder: &Path, out: Option<&Path>) -> anyhow::Result<Built> {
    let manifest = manifest(folder)?;
    toolchain(folder)?;
    let artifact = compile(folder)?;
    let mut bytes = std::fs::read(&artifact)
        .with_context(|| format!("cannot read `{}`", artifact.display()))?;
    // Whoever exports without the SDK's macro has no section yet.
    let found = match portero_sandbox::inspect(&bytes) {
        Err(Refusal::NoManifest) => {
            bytes = portero_sandbox::embed_manifest(&bytes, &manifest);
            portero_sandbox::inspect(&bytes)
        }
        found => found,
    };
    let found = found.map_err(|refusal| anyhow::anyhow!("the host would refuse it: {refusal}"))?;
    if found.manifest_text != manifest {
        bail!(
            "the component holds another manifest than `{}`: name that file in the SDK's export macro",
            folder.join(MANIFEST).display()
        );
    }
    let file = out.map_or_else(|| place(folder, &artifact), Path::to_owned);
    std::fs::write(&file, &bytes).with_context(|| format!("cannot write `{}`", file.display()))?;
    Ok(Built { file, bytes, found })
}

/// The component that the last build of a folder left.
pub(super) fn last(folder: &Path) -> anyhow::Result<Built> {
    let name = package(folder)?;
    read(&folder.join(format!("{name}.wasm"))).context("build it first: `portero plugin build`")
}

/// A component from a file.
pub(super) fn read(file: &Path) -> anyhow::Result<Built> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let found = portero_sandbox::inspect(&bytes).map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
    let file = file.to_owned();
    Ok(Built { file, bytes, found })
}

/// The manifest's text, read before anything is compiled: its mistakes are told at once.
fn manifest(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join(MANIFEST);
    if !folder.join("Cargo.toml").is_file() || !path.is_file() {
        bail!(
            "`{}` is no plugin: it needs Cargo.toml and {MANIFEST}; begin one with `portero plugin new NAME`, \
             or name its folder",
            folder.display()
        );
    }
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    Manifest::parse(&text).map_err(|wrong| {
        let line = wrong
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        anyhow::anyhow!("{}{line}: {}", path.display(), wrong.what)
    })?;
    Ok(text)
}

/// Name of the package, as cargo has it.
fn package(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    let table: toml::Table = text
        .parse()
        .with_context(|| format!("`{}` does not read", path.display()))?;
    let name = table.get("package").and_then(|p| p.get("name"));
    let name = name.and_then(toml::Value::as_str);
    Ok(name
        .with_context(|| format!("`{}` names no package", path.display()))?
        .to_owned())
}

fn place(folder: &Path, artifact: &Path) -> PathBuf {
    let file = artifact.file_name().unwrap_or_default().to_owned();
    match package(folder) {
        Ok(name) => folder.join(format!("{name}.wasm")),
        Err(_) => folder.join(file),
    }
}

/// Whether there is what it takes, with the command that adds what is missing.
fn toolchain(folder: &Path) -> anyhow::Result<()> {
    let missing = "Rust is needed to build a plugin and `rustc` is not there; install it from https://rustup.rs, \
                   then type: rustup target add wasm32-wasip2";
    let sysroot = Command::new("rustc")
        .args(["--print", "sysroot"])
        .current_dir(folder)
        .output()
        .context(missing)?;
    if !sysroot.status.success() {
        bail!(
            "`rustc` does not work here: {}",
            String::from_utf8_lossy(&sysroot.stderr).trim()
        );
    }
    let sysroot = String::from_utf8_lossy(&sysroot.stdout);
    let target = Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET);
    if !target.join("lib").is_dir() {
        bail!(
            "this Rust toolchain cannot build for {TARGET} yet; type: rustup target add {TARGET}\n  \
             (looked in {})",
            target.display()
        );
    }
    Ok(())
}

/// Runs cargo; the compiler's words go to the terminal as they come. The `.wasm` it made.
fn compile(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut command = Command::new("cargo");
    command
        .current_dir(folder)
        .args(["build", "--release", "--lib", "--target", TARGET])
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    if let Some(flags) = nameless(folder) {
        command.env("CARGO_ENCODED_RUSTFLAGS", flags);
    }
    let ran = command
        .output()
        .context("`cargo` did not start; install Rust from https://rustup.rs")?;
    if !ran.status.success() {
        bail!("cargo could not build it; what it said is above. Nothing was written");
    }
    let said = String::from_utf8_lossy(&ran.stdout);
    let wanted = folder.join("Cargo.toml").canonicalize().ok();
    let mut made = said
        .lines()
        .filter_map(|line| artifact(line, wanted.as_deref()));
    made.next_back().context(
        "cargo built it and made no component: Cargo.toml needs `crate-type = [\"cdylib\", \"rlib\"]` under [lib]",
    )
}

/// The `.wasm` of one of cargo's messages, if it is this package's.
fn artifact(line: &str, wanted: Option<&Path>) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    if message.get("reason")?.as_str()? != "compiler-artifact" {
        return None;
    }
    let manifest = Path::new(message.get("manifest_path")?.as_str()?);
    if wanted.is_some_and(|wanted| manifest.canonicalize().ok().as_deref() != Some(wanted)) {
        return None;
    }
    let files = message.get("filenames")?.as_array()?.iter();
    files
        .filter_map(Value::as_str)
        .find(|file| file.ends_with(".wasm"))
        .map(PathBuf::from)
}

/// Flags that keep this machine's paths out of the component, so that the same source gives the same
/// bytes anywhere; `None` when the author has flags of their own.
fn nameless(folder: &Path) -> Option<OsString> {
    // Cargo's own variables, no settings of the program.
    let set = |name: &str| std::env::var_os(name);
    if set("RUSTFLAGS").is_some() || set("CARGO_ENCODED_RUSTFLAGS").is_some() {
        return None;
    }
    let home = set("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(set("HOME")?).join(".cargo")));
    let mut flags = OsString::new();
    for (place, name) in [(folder.canonicalize().ok(), "/plugin"), (home, "/cargo")] {
        let Some(place) = place else { continue };
        if !flags.is_empty() {
            flags.push("\u{1f}");
        }
        flags.push("--remap-path-prefix=");
        flags.push(place);
        flags.push("=");
        flags.push(name);
    }
    Some(flags)
}
