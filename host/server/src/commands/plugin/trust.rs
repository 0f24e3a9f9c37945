//! `portero plugin trust`: whose keys a tenant trusts.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use portero_flow::desk::plugins::public_key;
use serde_json::json;

use super::sign::ending;
use crate::cli::PluginTrustCommand;
use crate::commands::{joined, show, show_list, text};

/// Runs the verb.
///
/// # Errors
/// The host's words, or a file that cannot be read.
pub(super) async fn run(command: PluginTrustCommand) -> anyhow::Result<ExitCode> {
    match command {
        PluginTrustCommand::Add {
            key,
            name,
            prefixes,
            target,
        } => {
            let file = Path::new(&key);
            let key = if file.exists() { read(file)? } else { key };
            let (public, id) = public_key(&key).map_err(anyhow::Error::msg)?;
            let body = json!({ "public_key": public, "name": name, "prefixes": prefixes });
            let api = target.connect().await?;
            let answer = api.put(&format!("/v1/plugin-keys/{id}"), body).await?;
            let line = format!(
                "key {id} of {} is trusted for {}",
                text(&answer, "name"),
                joined(&answer, "prefixes")
            );
            show(target.json, &answer, &line);
            api.close().await;
        }
        PluginTrustCommand::List(target) => {
            let api = target.connect().await?;
            let mut answer = api.get("/v1/plugin-keys").await?;
            if !target.json {
                for key in answer.as_array_mut().into_iter().flatten() {
                    key["prefixes"] = joined(key, "prefixes").into();
                }
            }
            let columns = [
                ("key", "key_id"),
                ("whose", "name"),
                ("signs", "prefixes"),
                ("replaced by", "replaced_by"),
                ("by", "author"),
                ("since", "added_at"),
            ];
            let empty = "no key is trusted; `portero plugin trust add --help`";
            show_list(target.json, &answer, &columns, empty);
            api.close().await;
        }
        PluginTrustCommand::Rotate {
            old,
            file,
            signature,
            target,
        } => {
            let signature = signature.unwrap_or_else(|| ending(&file, ".minisig"));
            let body = json!({ "public_key": read(&file)?, "signature": read(&signature)? });
            let api = target.connect().await?;
            let path = format!("/v1/plugin-keys/{}/successor", super::encode(&old));
            let answer = api.post(&path, body).await?;
            let line = format!(
                "key {} takes the place of {old}, for {}",
                text(&answer, "key_id"),
                joined(&answer, "prefixes")
            );
            show(target.json, &answer, &line);
            api.close().await;
        }
        PluginTrustCommand::Remove { key, target } => {
            let api = target.connect().await?;
            let path = format!("/v1/plugin-keys/{}", super::encode(&key));
            let answer = api.send(reqwest::Method::DELETE, &path, None).await?;
            let line = format!("key {key} is trusted no more; what it signed and runs goes on");
            show(target.json, &answer, &line);
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))
}
