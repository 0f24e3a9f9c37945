//! `portero plugin key` and `portero plugin sign`: keys and signatures as minisign has them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use portero_flow::desk::plugins::public_key;
use serde_json::json;

use crate::cli::{PluginKeyCommand, SignArgs};
use crate::commands::show;
use crate::minisign::SigningKey;
use crate::whole_file::WholeFile;

/// Runs `plugin key`.
///
/// # Errors
/// A file that is there already or cannot be written.
pub(super) fn key(command: &PluginKeyCommand) -> anyhow::Result<ExitCode> {
    let PluginKeyCommand::New { file, json } = command;
    let (secret_file, public_file) = (ending(file, ".key"), ending(file, ".pub"));
    for there in [&secret_file, &public_file] {
        if there.exists() {
            bail!(
                "`{}` is there already: a key is never written over; give another name",
                there.display()
            );
        }
    }
    let (mut id, mut seed) = ([0; 8], [0; 32]);
    getrandom::fill(&mut id).context("no random bytes from the system")?;
    getrandom::fill(&mut seed).context("no random bytes from the system")?;
    let key = SigningKey::from_random(id, seed).context("cannot make a key")?;
    let public = key.public_file();
    let (text, id) = public_key(&public).map_err(anyhow::Error::msg)?;
    // Readable for this user alone.
    let mut out = WholeFile::begin(&secret_file, false)?;
    out.write_all(key.secret_file().as_bytes())?;
    out.finish()?;
    std::fs::write(&public_file, &public)
        .with_context(|| format!("cannot write `{}`", public_file.display()))?;
    let answer = json!({ "key_id": id, "public_key": text, "public_file": public_file, "secret_file": secret_file });
    let line = format!(
        "key {id}: sign with `{}`, which nobody else may read; hand on `{}`",
        secret_file.display(),
        public_file.display()
    );
    show(*json, &answer, &line);
    Ok(ExitCode::SUCCESS)
}

/// Runs `plugin sign`.
///
/// # Errors
/// What is no plugin and no key, a key that does not open.
pub(super) fn sign(args: &SignArgs) -> anyhow::Result<ExitCode> {
    let bytes = super::read(&args.file)?;
    let what = match std::str::from_utf8(&bytes).map(public_key) {
        Ok(Ok((_, id))) => format!("key {id} takes the place of this one"),
        _ => {
            let found = portero_sandbox::inspect(&bytes).map_err(|why| anyhow::anyhow!("{why}"))?;
            format!("{} {}", found.manifest.id, found.manifest.version)
        }
    };
    let file = &args.key;
    let text = super::read(file)?;
    let key = SigningKey::read(&String::from_utf8_lossy(&text))
        .with_context(|| format!("cannot sign with `{}`", file.display()))?;
    let (_, id) = public_key(&key.public_file()).map_err(anyhow::Error::msg)?;
    let signature = key.sign(&bytes, &format!("{what}\tfile:{}", name(&args.file)));
    let out = ending(&args.file, ".minisig");
    std::fs::write(&out, signature).with_context(|| format!("cannot write `{}`", out.display()))?;
    let answer = json!({ "key_id": id, "signature": out, "says": what });
    let line = format!(
        "{what}: signed with key {id}; hand on `{}` beside the file",
        out.display()
    );
    show(args.json, &answer, &line);
    Ok(ExitCode::SUCCESS)
}

fn name(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// `FILE` with something after its name.
pub(super) fn ending(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
