//! `portero segment`.

use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::cli::SegmentCommand;
use crate::client::Api;
use crate::commands::plugin::encode;
use crate::commands::{show_list, text};
use crate::output;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: SegmentCommand) -> anyhow::Result<ExitCode> {
    match command {
        SegmentCommand::List(target) => {
            let api = target.connect().await?;
            let answer = api.get("/v1/segments").await?;
            if target.json {
                output::json(&answer);
            } else {
                print(&answer);
            }
            api.close().await;
        }
        SegmentCommand::Members {
            segment,
            limit,
            target,
        } => {
            let api = target.connect().await?;
            let path = format!("/v1/segments/{}/members?limit={limit}", encode(&segment));
            let answer = api.get(&path).await?;
            let columns = [
                ("contact", "contact"),
                ("name", "name"),
                ("since", "since"),
                ("why", "reason"),
            ];
            show_list(target.json, &answer, &columns, "nobody is in it");
            api.close().await;
        }
        SegmentCommand::Rebuild {
            plugin,
            no_wait,
            target,
        } => {
            let api = target.connect().await?;
            let mut answer = api
                .post("/v1/segments/rebuild", json!({ "plugin": plugin }))
                .await?;
            if !no_wait {
                answer = wait(&api, target.json).await?;
            }
            if target.json {
                output::json(&answer);
            } else {
                print(&answer);
            }
            api.close().await;
            let failed = plugins(&answer).any(|p| run_of(p, "state") == "failed");
            return Ok(ExitCode::from(u8::from(failed)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn plugins(answer: &Value) -> impl Iterator<Item = &Value> {
    answer.as_array().into_iter().flatten()
}

fn run_of(plugin: &Value, field: &str) -> String {
    plugin
        .get("run")
        .map(|run| text(run, field))
        .unwrap_or_default()
}

fn number(plugin: &Value, field: &str) -> u64 {
    plugin
        .pointer(&format!("/run/{field}"))
        .and_then(Value::as_u64)
        .unwrap_or_default()
}

/// Shows how far it is until no pass is under way.
async fn wait(api: &Api, quiet: bool) -> anyhow::Result<Value> {
    let bar = ProgressBar::new(0);
    if quiet {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {pos}/{len} people · {per_sec} · {eta} left")
    {
        bar.set_style(style);
    }
    loop {
        let answer = api.get("/v1/segments").await?;
        bar.set_length(plugins(&answer).map(|p| number(p, "total")).sum());
        bar.set_position(plugins(&answer).map(|p| number(p, "done")).sum());
        if plugins(&answer).all(|p| run_of(p, "state") != "running") {
            bar.finish_and_clear();
            return Ok(answer);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn print(answer: &Value) {
    let mut any = false;
    for plugin in plugins(answer) {
        any = true;
        let faults = text(plugin, "faults");
        output::line(&format!(
            "{} · looked at {} people · faults {faults}{}",
            text(plugin, "plugin"),
            text(plugin, "looked_at"),
            match text(plugin, "last_fault").as_str() {
                "" => String::new(),
                last => format!(" (last: {last})"),
            }
        ));
        if !run_of(plugin, "state").is_empty() {
            output::line(&format!(
                "  pass {} ({}): {} of {} people, {} memberships changed, {} faults",
                run_of(plugin, "state"),
                run_of(plugin, "why"),
                run_of(plugin, "done"),
                run_of(plugin, "total"),
                run_of(plugin, "changed"),
                run_of(plugin, "faults"),
            ));
        }
        let rows: Vec<Vec<String>> = plugin
            .get("segments")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|s| {
                let titles = s.get("titles").cloned().unwrap_or_default();
                vec![text(s, "id"), text(s, "members"), text(&titles, "en")]
            })
            .collect();
        output::line(&output::table(&["segment", "people", "title"], rows));
        for stuck in plugin
            .get("stuck_people")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            output::line(&format!(
                "  stumbled over {}: {}",
                text(stuck, "contact"),
                text(stuck, "outcome")
            ));
        }
    }
    if !any {
        output::line("no segmentation plugin yet; `portero plugin install --help`");
    }
}
