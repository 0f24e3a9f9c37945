//! `portero plugin secret`.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::json;

use super::state::installation;
use crate::cli::PluginSecretCommand;
use crate::commands::{joined, show, show_list};

/// Runs the verb.
///
/// # Errors
/// The host's words, or a secret that cannot be read.
pub(super) async fn run(command: PluginSecretCommand) -> anyhow::Result<ExitCode> {
    match command {
        PluginSecretCommand::List { plugin, target } => {
            let api = target.connect().await?;
            let path = format!("/v1/plugins/{}/secrets", installation(&api, &plugin).await?);
            let mut answer = api.get(&path).await?;
            if !target.json {
                for secret in answer.as_array_mut().into_iter().flatten() {
                    for field in ["hosts", "new_hosts"] {
                        secret[field] = joined(secret, field).into();
                    }
                }
            }
            let columns = [
                ("secret", "name"),
                ("set at", "set_at"),
                ("may go to", "hosts"),
                ("not there before it is set again", "new_hosts"),
            ];
            show_list(
                target.json,
                &answer,
                &columns,
                "this plugin asks for no secret",
            );
            api.close().await;
        }
        PluginSecretCommand::Set {
            plugin,
            name,
            target,
        } => {
            let value = secret(&name)?;
            let api = target.connect().await?;
            let id = installation(&api, &plugin).await?;
            let path = format!("/v1/plugins/{id}/secrets/{}", super::encode(&name));
            let answer = api.put(&path, json!({ "value": value })).await?;
            let line = format!("{name} is set; it may go to {}", joined(&answer, "hosts"));
            show(target.json, &answer, &line);
            api.close().await;
        }
        PluginSecretCommand::Remove {
            plugin,
            name,
            target,
        } => {
            let api = target.connect().await?;
            let id = installation(&api, &plugin).await?;
            let path = format!("/v1/plugins/{id}/secrets/{}", super::encode(&name));
            let answer = api.send(reqwest::Method::DELETE, &path, None).await?;
            show(
                target.json,
                &answer,
                &format!("{name} is forgotten; requests that name it are denied"),
            );
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Asked for at the terminal, or the first line of standard input.
fn secret(name: &str) -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password(format!("{name}: "))
            .context("cannot read from the terminal");
    }
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .context("cannot read the secret from standard input")?;
    let value = line.trim_end_matches(['\r', '\n']);
    if value.is_empty() {
        bail!("standard input holds no secret: give it as its first line");
    }
    Ok(value.to_owned())
}
