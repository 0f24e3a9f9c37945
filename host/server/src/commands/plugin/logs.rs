//! `portero plugin logs`: calls of a plugin, how each ended, what it logged.

use std::process::ExitCode;

use serde_json::Value;

use super::state::installation;
use crate::cli::PluginLogsArgs;
use crate::commands::logs::{LOOK, List};
use crate::commands::serve::EndSignals;
use crate::commands::text;
use crate::output;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub(super) async fn run(args: PluginLogsArgs) -> anyhow::Result<ExitCode> {
    let mut end = EndSignals::listen()?;
    let api = args.target.connect().await?;
    let id = installation(&api, &args.plugin).await?;
    let mut calls = List::new(format!("/v1/plugins/{id}/calls"), "called_at");
    let shown = async {
        let mut first = calls.first(&api).await?;
        first.retain(|(_, call)| wanted(&args, call));
        first.reverse();
        let last = usize::try_from(args.last).unwrap_or_default();
        for (_, call) in first.iter().skip(first.len().saturating_sub(last)) {
            print(&args, call);
        }
        if !args.follow {
            if first.is_empty() && !args.target.json {
                output::line(
                    "no calls yet; the plugin is called when something happens that it subscribes to",
                );
            }
            return Ok(());
        }
        if !args.target.json {
            output::error("watching; Ctrl-C ends it");
        }
        let mut look = tokio::time::interval(LOOK);
        loop {
            look.tick().await;
            for (_, call) in &calls.new_ones(&api).await? {
                if wanted(&args, call) {
                    print(&args, call);
                }
            }
        }
    };
    let ended: anyhow::Result<()> = tokio::select! {
        ended = shown => ended,
        () = end.told() => Ok(()),
    };
    api.close().await;
    ended?;
    Ok(ExitCode::SUCCESS)
}

fn wanted(args: &PluginLogsArgs, call: &Value) -> bool {
    !args.failed || call["outcome"] != "ok"
}

fn print(args: &PluginLogsArgs, call: &Value) {
    if args.target.json {
        output::json(call);
        return;
    }
    let detail = match text(call, "detail") {
        none if none.is_empty() => none,
        detail => format!(": {detail}"),
    };
    let kib = call["peak_memory_bytes"].as_u64().unwrap_or_default() / 1_024;
    output::line(&format!(
        "{}  {}{detail} · {} actions · {} fuel · {kib} KiB · {}",
        text(call, "called_at"),
        text(call, "outcome"),
        text(call, "actions"),
        text(call, "fuel"),
        text(call, "event")
    ));
    for line in call["log"].as_array().into_iter().flatten() {
        output::line(&format!(
            "    {:<5} {}",
            text(line, "level"),
            text(line, "line")
        ));
    }
}
