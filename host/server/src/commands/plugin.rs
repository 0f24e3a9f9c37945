//! `portero plugin`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use crate::cli::PluginCommand;
use crate::client::Body;
use crate::commands::{joined, plugin_state, plugin_version, show, show_list, text};
use crate::output;

/// Runs the verb.
///
/// # Errors
/// The host's words, or why a component is refused.
pub async fn run(command: PluginCommand) -> anyhow::Result<ExitCode> {
    match command {
        PluginCommand::List(target) => {
            let api = target.connect().await?;
            let answer = api.get("/v1/plugins").await?;
            let columns = [
                ("plugin", "plugin"),
                ("version", "version"),
                ("kind", "kind"),
                ("enabled", "enabled"),
                ("failures in a row", "failures_in_row"),
                ("paused until", "paused_until"),
                ("digest", "digest"),
            ];
            show_list(
                target.json,
                &answer,
                &columns,
                "no plugins yet; `portero plugin install --help`",
            );
            api.close().await;
        }
        PluginCommand::Show {
            plugin,
            lang,
            target,
        } => return plugin_state::show(&plugin, &lang, target).await,
        PluginCommand::Enable { plugin, target } => {
            return plugin_state::switch(&plugin, "enable", target).await;
        }
        PluginCommand::Disable { plugin, target } => {
            return plugin_state::switch(&plugin, "disable", target).await;
        }
        PluginCommand::Inspect { file, json } => {
            let bytes = read(&file)?;
            let found =
                portero_sandbox::inspect(&bytes).map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
            let permissions: Vec<Value> = found
                .manifest
                .permissions
                .iter()
                .map(|p| json!({ "id": p.id, "reason": p.reason, "fields": p.fields, "hosts": p.hosts }))
                .collect();
            let secrets: Vec<Value> = found
                .manifest
                .secrets
                .iter()
                .map(|(name, secret)| json!({ "name": name, "hosts": secret.hosts }))
                .collect();
            let answer = json!({
                "id": found.manifest.id, "version": found.manifest.version.to_string(), "kind": found.kind,
                "wit": found.track, "digest": found.digest, "size_bytes": found.size,
                "permissions": permissions, "secrets": secrets, "templates": found.manifest.messages.templates,
                "imports": found.imports,
            });
            if json {
                output::json(&answer);
            } else {
                output::line(&format!(
                    "{} {} · {} · wit {} · {} bytes",
                    text(&answer, "id"),
                    text(&answer, "version"),
                    text(&answer, "kind"),
                    text(&answer, "wit"),
                    text(&answer, "size_bytes")
                ));
                output::line(&format!("sha256 {}", text(&answer, "digest")));
                for p in &permissions {
                    let about = match joined(p, "fields") + &joined(p, "hosts") {
                        none if none.is_empty() => none,
                        about => format!(" ({about})"),
                    };
                    output::line(&format!(
                        "  asks for {}{about}: {}",
                        text(p, "id"),
                        text(p, "reason")
                    ));
                }
                for s in &secrets {
                    output::line(&format!(
                        "  wants secret {} to be sent to {}",
                        text(s, "name"),
                        joined(s, "hosts")
                    ));
                }
                output::line(&format!(
                    "  may name templates: {}",
                    found.manifest.messages.templates.join(", ")
                ));
                output::line(&format!("  imports: {}", found.imports.join(", ")));
            }
        }
        PluginCommand::Install {
            file,
            grant,
            template,
            field,
            hosts,
            set,
            position,
            target,
        } => {
            let bytes = read(&file)?;
            let config: Value = serde_json::from_str(&set).context("--set must be JSON")?;
            let how = json!({
                "config": config, "position": position,
                "grants": { "permissions": grant, "templates": template, "contact_fields": field, "hosts": hosts },
            });
            let api = target.connect().await?;
            let path = format!("/v1/plugins?how={}", encode(&how.to_string()));
            let answer = api
                .send(reqwest::Method::POST, &path, Some(Body::Bytes(bytes)))
                .await?;
            let line = format!(
                "installed {} {} as {}",
                text(&answer, "plugin"),
                text(&answer, "version"),
                text(&answer, "id")
            );
            show(target.json, &answer, &line);
            api.close().await;
        }
        PluginCommand::Upgrade(args) => return plugin_version::upgrade(args).await,
        PluginCommand::Approve(args) => return plugin_version::approve(args).await,
        PluginCommand::Discard(args) => return plugin_version::discard(args).await,
        PluginCommand::Rollback(args) => return plugin_version::rollback(args).await,
        PluginCommand::Versions(args) => return plugin_version::versions(args).await,
        PluginCommand::Logs(args) => return super::plugin_logs::run(args).await,
        PluginCommand::Secret(command) => return super::plugin_secret::run(command).await,
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))
}

/// Percent-encodes a query value.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
