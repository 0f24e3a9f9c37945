//! `portero plugin`.

mod apply;
mod build;
mod dev;
mod inspect;
mod install;
mod journal;
mod lock;
mod logs;
mod new;
mod secret;
mod sign;
mod state;
mod test;
mod trust;
mod version;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use crate::cli::PluginCommand;
use crate::commands::show_list;

/// Runs the verb.
///
/// # Errors
/// The host's words, or why a component is refused.
pub async fn run(command: PluginCommand) -> anyhow::Result<ExitCode> {
    match command {
        PluginCommand::List(target) => {
            let api = target.connect().await?;
            let mut answer = api.get("/v1/plugins").await?;
            if !target.json {
                for plugin in answer.as_array_mut().into_iter().flatten() {
                    plugin["signed"] = install::signed(plugin).into();
                }
            }
            let columns = [
                ("plugin", "plugin"),
                ("version", "version"),
                ("kind", "kind"),
                ("enabled", "enabled"),
                ("failures in a row", "failures_in_row"),
                ("paused until", "paused_until"),
                ("signature", "signed"),
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
        } => return state::show(&plugin, &lang, target).await,
        PluginCommand::Enable { plugin, target } => {
            return state::switch(&plugin, "enable", target).await;
        }
        PluginCommand::Disable { plugin, target } => {
            return state::switch(&plugin, "disable", target).await;
        }
        PluginCommand::New(args) => return new::run(&args),
        PluginCommand::Build(args) => return build::run(&args),
        PluginCommand::Dev(args) => return dev::run(args).await,
        PluginCommand::Test(args) => return test::run(args).await,
        PluginCommand::Inspect { file, json } => return inspect::run(&file, json),
        PluginCommand::Install(args) => return install::run(args).await,
        PluginCommand::Apply(args) => return apply::run(args).await,
        PluginCommand::Lock(args) => return lock::run(args).await,
        PluginCommand::Sign(args) => return sign::sign(&args),
        PluginCommand::Key(command) => return sign::key(&command),
        PluginCommand::Trust(command) => return trust::run(command).await,
        PluginCommand::Upgrade(args) => return version::upgrade(args).await,
        PluginCommand::Approve(args) => return version::approve(args).await,
        PluginCommand::Discard(args) => return version::discard(args).await,
        PluginCommand::Rollback(args) => return version::rollback(args).await,
        PluginCommand::Versions(args) => return version::versions(args).await,
        PluginCommand::Logs(args) => return logs::run(args).await,
        PluginCommand::Call(args) => return journal::call(args).await,
        PluginCommand::Replay(args) => return journal::replay(args).await,
        PluginCommand::Secret(command) => return secret::run(command).await,
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
