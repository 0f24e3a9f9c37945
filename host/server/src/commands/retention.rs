//! `portero retention`.

use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Map, Value, json};

use crate::cli::RetentionCommand;
use crate::commands::plugin::encode;
use crate::commands::text;
use crate::output;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: RetentionCommand) -> anyhow::Result<ExitCode> {
    match command {
        RetentionCommand::Show(target) => {
            let api = target.connect().await?;
            let answer = api.get("/v1/retention").await?;
            if target.json {
                output::json(&answer);
            } else {
                output::line(&terms(&answer));
            }
            api.close().await;
        }
        RetentionCommand::Set {
            terms: given,
            reason,
            target,
        } => {
            let api = target.connect().await?;
            let now = api.get("/v1/retention").await?;
            let mut own: Map<String, Value> = kinds(&now)
                .filter(|k| k.get("own") == Some(&json!(true)))
                .filter_map(|k| Some((text(k, "kind"), k.get("days")?.clone())))
                .collect();
            for (kind, days) in pairs(&given)? {
                match days {
                    "host" => drop(own.remove(kind)),
                    days => drop(own.insert(kind.to_owned(), json!(number(days)?))),
                }
            }
            let path = match &reason {
                Some(reason) => format!("/v1/retention?reason={}", encode(reason)),
                None => "/v1/retention".to_owned(),
            };
            let answer = api.put(&path, Value::Object(own)).await?;
            if target.json {
                output::json(&answer);
            } else {
                output::line(&terms(&answer));
            }
            api.close().await;
        }
        RetentionCommand::Preview {
            terms: given,
            target,
        } => {
            let asked: Vec<String> = pairs(&given)?
                .into_iter()
                .map(|(kind, days)| format!("{}={}", encode(kind), encode(days)))
                .collect();
            let api = target.connect().await?;
            let path = format!("/v1/retention/preview?{}", asked.join("&"));
            let answer = api.get(path.trim_end_matches('?')).await?;
            if target.json {
                output::json(&answer);
            } else {
                output::line(&past(&answer));
            }
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn pairs(given: &[String]) -> anyhow::Result<Vec<(&str, &str)>> {
    given
        .iter()
        .map(|one| {
            let (kind, days) = one
                .split_once('=')
                .with_context(|| format!("`{one}` is no KIND=DAYS"))?;
            Ok((kind.trim(), days.trim()))
        })
        .collect()
}

fn number(days: &str) -> anyhow::Result<u32> {
    days.parse()
        .with_context(|| format!("`{days}` is no number of days"))
}

fn kinds(answer: &Value) -> impl Iterator<Item = &Value> {
    let kinds = answer.get("kinds").and_then(Value::as_array);
    kinds.into_iter().flatten()
}

/// A table of the terms.
fn terms(answer: &Value) -> String {
    let rows = kinds(answer).map(|k| {
        let whose = if k.get("own") == Some(&json!(true)) {
            "tenant"
        } else {
            "host"
        };
        vec![
            text(k, "kind"),
            text(k, "days"),
            whose.to_owned(),
            format!("{}–{}", text(k, "min_days"), text(k, "max_days")),
            text(k, "gone"),
            text(k, "goes"),
        ]
    });
    let header = ["kind", "days", "set by", "may be", "gone", "what goes"];
    output::table(&header, rows.collect())
}

/// A table of what would go.
fn past(answer: &Value) -> String {
    let rows = kinds(answer).map(|k| {
        vec![
            text(k, "kind"),
            text(k, "days"),
            text(k, "before"),
            text(k, "rows"),
            text(k, "oldest"),
            text(k, "resting"),
            text(k, "stays"),
        ]
    });
    let header = [
        "kind",
        "days",
        "older than",
        "go",
        "oldest",
        "wait",
        "stays",
    ];
    format!(
        "{}\nnothing was changed; {} rows would go",
        output::table(&header, rows.collect()),
        text(answer, "rows")
    )
}
