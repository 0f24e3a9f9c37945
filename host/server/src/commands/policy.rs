//! `portero policy`.

mod file;
mod whatif;

use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use crate::cli::{PolicyCommand, PolicyMeant};
use crate::client::Api;
use crate::commands::plugin::encode;
use crate::commands::{show, text};
use crate::output;

/// Characters of a revision in tables: enough to name one.
const SHORT: usize = 12;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: PolicyCommand) -> anyhow::Result<ExitCode> {
    match command {
        PolicyCommand::Show(target) => {
            let api = target.connect().await?;
            let answer = api.get("/v1/policy").await?;
            if target.json {
                output::json(&answer);
            } else {
                parameters(&answer);
            }
            api.close().await;
        }
        PolicyCommand::Set {
            meant,
            reason,
            from,
            target,
        } => {
            let whole = read(&meant)?;
            let api = target.connect().await?;
            let mut change = said(&api, &meant, whole).await?;
            if let Some(from) = from {
                put(&mut change, "from", json!(from));
            }
            put(&mut change, "reason", json!(reason));
            let answer = api.put("/v1/policy", change).await?;
            let line = format!("policy set, revision {}", text(&answer, "revision"));
            show(target.json, &answer, &line);
            api.close().await;
        }
        PolicyCommand::Reset { reason, target } => {
            let api = target.connect().await?;
            let change = json!({ "policy": {}, "reason": reason });
            let answer = api.put("/v1/policy", change).await?;
            show(target.json, &answer, "policy is the default again");
            api.close().await;
        }
        PolicyCommand::Whatif {
            meant,
            since,
            examples,
            lang,
            target,
        } => {
            let days = whatif::days(&since)?;
            let whole = read(&meant)?;
            let api = target.connect().await?;
            let mut question = said(&api, &meant, whole).await?;
            if let Some(fields) = question.as_object_mut() {
                fields.remove("from");
            }
            put(&mut question, "days", json!(days));
            put(&mut question, "examples", json!(examples));
            let answer = whatif::ask(&api, &question, target.json).await?;
            if target.json {
                output::json(&answer);
            } else {
                whatif::print(&answer, &lang);
            }
            api.close().await;
        }
        PolicyCommand::Diff { one, other, target } => {
            let api = target.connect().await?;
            let path = format!(
                "/v1/policy/difference?one={}&other={}",
                encode(&one),
                encode(&other)
            );
            let answer = api.get(&path).await?;
            if target.json {
                output::json(&answer);
            } else {
                difference(&answer);
            }
            api.close().await;
        }
        PolicyCommand::History {
            limit,
            after,
            target,
        } => {
            let api = target.connect().await?;
            let mut path = format!("/v1/policy/history?limit={limit}");
            if let Some(after) = after {
                path.push_str(&format!("&after={}", encode(&after)));
            }
            let answer = api.get(&path).await?;
            if target.json {
                output::json(&answer);
            } else {
                history(&answer);
            }
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn put(body: &mut Value, name: &str, value: Value) {
    if let Some(fields) = body.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

/// The policy of a file, if one is meant: read before anything is asked.
fn read(meant: &PolicyMeant) -> anyhow::Result<Option<Value>> {
    meant.file.as_deref().map(file::read).transpose()
}

/// What is meant, in the API's words. Single values are changes to the policy that holds.
async fn said(api: &Api, meant: &PolicyMeant, whole: Option<Value>) -> anyhow::Result<Value> {
    if let Some(policy) = whole {
        return Ok(json!({ "policy": policy }));
    }
    if let Some(revision) = &meant.revision {
        return Ok(json!({ "revision": revision }));
    }
    let now = api.get("/v1/policy").await?;
    let mut policy = now.get("policy").cloned().unwrap_or_else(|| json!({}));
    let fields = policy.as_object_mut().context("the host's policy")?;
    for given in &meant.values {
        let (name, value) = given
            .split_once('=')
            .with_context(|| format!("`{given}` is no NAME=VALUE"))?;
        // A word that is no JSON is a text.
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        fields.insert(name.trim().to_owned(), value);
    }
    Ok(json!({ "policy": policy, "from": text(&now, "revision") }))
}

fn parameters(answer: &Value) {
    let all = answer.get("parameters").and_then(Value::as_array);
    let rows = all.into_iter().flatten().map(|p| {
        let bound = match text(p, "bound").as_str() {
            "at_most" => "less",
            "at_least" => "more",
            "within" => "shorter",
            "on" => "true",
            _ => "either way",
        };
        let value = |field| match text(p, field) {
            text if text.is_empty() => "–".to_owned(),
            text => text,
        };
        vec![
            text(p, "name"),
            value("value"),
            value("default"),
            text(p, "origin"),
            bound.to_owned(),
        ]
    });
    let header = ["parameter", "value", "default", "from", "may be"];
    output::line(&output::table(&header, rows.collect()));
    output::line(&format!("revision {}", text(answer, "revision")));
}

fn short(revision: &str) -> String {
    revision.chars().take(SHORT).collect()
}

/// `name: was → now`, one per line.
fn changes(of: Option<&Value>) -> String {
    let all = of.and_then(Value::as_array).into_iter().flatten();
    let value = |change: &Value, field| match change.get(field) {
        None | Some(Value::Null) => "–".to_owned(),
        Some(value) => value.to_string(),
    };
    let lines: Vec<String> = all
        .map(|c| {
            format!(
                "{}: {} → {}",
                text(c, "name"),
                value(c, "was"),
                value(c, "now")
            )
        })
        .collect();
    lines.join("\n")
}

/// A value, `–` for one that is not there.
fn given(of: &Value, field: &str) -> String {
    match text(of, field) {
        none if none.is_empty() => "–".to_owned(),
        value => value,
    }
}

fn difference(answer: &Value) {
    let all = answer.get("differs").and_then(Value::as_array);
    let rows: Vec<Vec<String>> = all
        .into_iter()
        .flatten()
        .map(|d| vec![text(d, "name"), given(d, "one"), given(d, "other")])
        .collect();
    if rows.is_empty() {
        output::line("they do not differ");
        return;
    }
    let (one, other) = (text(answer, "one"), text(answer, "other"));
    output::line(&output::table(&["parameter", &one, &other], rows));
}

fn history(answer: &Value) {
    let all = answer.get("items").and_then(Value::as_array);
    let rows = all.into_iter().flatten().map(|r| {
        let current = r.get("current") == Some(&Value::Bool(true));
        let mark = if current { " (holds)" } else { "" };
        vec![
            text(r, "set_at"),
            format!("{}{mark}", short(&text(r, "revision"))),
            text(r, "author"),
            text(r, "reason"),
            changes(r.get("changes")),
        ]
    });
    let header = ["when", "revision", "who", "why", "what"];
    output::line(&output::table(&header, rows.collect()));
    let next = text(answer, "next_cursor");
    if !next.is_empty() {
        output::line(&format!("older: --after {next}"));
    }
}
