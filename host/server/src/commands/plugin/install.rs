//! `portero plugin install`: a file, or what its author publishes at an address.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use super::encode;
use super::lock::{Lock, Locked};
use super::sign::ending;
use crate::cli::{InstallArgs, SureArgs};
use crate::client::{Api, Body};
use crate::commands::{show, text};

/// What is brought, and what has to be so of it.
pub(super) enum Brought {
    /// A file with what stands beside it.
    File {
        /// The component.
        bytes: Vec<u8>,
        /// `signature`, `digest` and `key`, as the host takes them.
        beside: Value,
    },
    /// An address, for the host to fetch.
    At(Value),
}

impl Brought {
    /// Reads the file and its signature, or takes the address; with `--locked` only what the lock names.
    ///
    /// # Errors
    /// A file that cannot be read, no digest for an address, or not what the lock names.
    pub(super) fn of(named: &str, sure: &SureArgs) -> anyhow::Result<Brought> {
        if named.starts_with("https://") || named.starts_with("http://") {
            return Brought::at(named, sure);
        }
        let file = Path::new(named);
        let bytes = super::read(file)?;
        let locked = match sure.locked {
            true => Some(locked(&bytes, &sure.lock)?),
            false => None,
        };
        let signature = match &sure.signature {
            Some(given) => Some(signature(given)?),
            None => Some(ending(file, ".minisig"))
                .filter(|beside: &PathBuf| beside.exists())
                .map(|beside| signature(&beside))
                .transpose()?,
        };
        let digest = locked.as_ref().map(|l| l.digest.clone());
        let beside = json!({ "signature": signature, "digest": sure.digest.clone().or(digest),
            "key": locked.and_then(|l| l.key) });
        Ok(Brought::File { bytes, beside })
    }

    fn at(address: &str, sure: &SureArgs) -> anyhow::Result<Brought> {
        let locked = match sure.locked {
            true => Some(Lock::must(&sure.lock, address, |l| {
                l.source.as_deref() == Some(address)
            })?),
            false => None,
        };
        let known = locked.as_ref().map(|l| l.digest.clone());
        let digest = sure.digest.clone().or(known).context(
            "an address needs --digest sha256:…, as its author publishes it, so that what comes is what was meant",
        )?;
        Ok(Brought::At(json!({ "url": address, "digest": digest,
            "key": locked.and_then(|l| l.key) })))
    }
}

/// What the lock says of a file.
fn locked(bytes: &[u8], lock: &Path) -> anyhow::Result<Locked> {
    let found = portero_sandbox::inspect(bytes).map_err(|why| anyhow::anyhow!("{why}"))?;
    let id = &found.manifest.id;
    let entry = Lock::must(lock, id, |l| l.id == *id)?;
    entry.is(&found.manifest.version.to_string(), &found.digest, lock)?;
    Ok(entry)
}

fn signature(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))
}

/// Runs the verb.
///
/// # Errors
/// The host's words, why a component is refused, or what is not as the lock says.
pub(super) async fn run(args: InstallArgs) -> anyhow::Result<ExitCode> {
    let config: Value = serde_json::from_str(&args.set).context("--set must be JSON")?;
    let how = json!({
        "config": config, "position": args.position, "new_signer": args.new_signer,
        "grants": { "permissions": args.grant, "templates": args.template, "contact_fields": args.field,
            "hosts": args.hosts },
    });
    let brought = Brought::of(&args.file, &args.sure)?;
    let api = args.target.connect().await?;
    let answer = install(&api, brought, how).await?;
    if !args.sure.locked {
        Lock::note(&args.sure.lock, &answer)?;
    }
    let line = format!(
        "installed {} {} as {}, {}",
        text(&answer, "plugin"),
        text(&answer, "version"),
        text(&answer, "id"),
        signed(&answer)
    );
    show(args.target.json, &answer, &line);
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Has the host install what is brought.
///
/// # Errors
/// The host's words.
pub(super) async fn install(api: &Api, what: Brought, mut how: Value) -> anyhow::Result<Value> {
    match what {
        Brought::File { bytes, beside } => {
            merge(&mut how, beside);
            let path = format!("/v1/plugins?how={}", encode(&how.to_string()));
            api.send(reqwest::Method::POST, &path, Some(Body::Bytes(bytes)))
                .await
        }
        Brought::At(mut from) => {
            if let Some(from) = from.as_object_mut() {
                if let (Some(key), Some(how)) = (from.remove("key"), how.as_object_mut()) {
                    how.insert("key".to_owned(), key);
                }
                from.insert("how".to_owned(), how);
            }
            api.post("/v1/plugins/fetch", from).await
        }
    }
}

fn merge(how: &mut Value, beside: Value) {
    if let (Some(how), Value::Object(beside)) = (how.as_object_mut(), beside) {
        how.extend(beside);
    }
}

/// Who signed it, in words.
pub(super) fn signed(answer: &Value) -> String {
    match answer.get("signed_by").filter(|by| by.is_object()) {
        Some(by) if text(by, "name").is_empty() => {
            format!("signed by key {}, not trusted any more", text(by, "key_id"))
        }
        Some(by) => format!(
            "signed by {} (key {})",
            text(by, "name"),
            text(by, "key_id")
        ),
        None => "unsigned".to_owned(),
    }
}
