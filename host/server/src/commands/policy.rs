//! `portero policy`.

use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use crate::cli::PolicyCommand;
use crate::commands::{show, text};
use crate::output;

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
                let all = answer.get("policy").and_then(Value::as_object);
                let rows: Vec<Vec<String>> = all
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| vec![name.clone(), value.to_string()])
                    .collect();
                output::line(&output::table(&["parameter", "value"], rows));
                output::line(&format!("revision {}", text(&answer, "revision")));
            }
            api.close().await;
        }
        PolicyCommand::Set { values, target } => {
            let api = target.connect().await?;
            let now = api.get("/v1/policy").await?;
            let mut policy = now.get("policy").cloned().unwrap_or_else(|| json!({}));
            let fields = policy.as_object_mut().context("the host's policy")?;
            for given in &values {
                let (name, value) = given
                    .split_once('=')
                    .with_context(|| format!("`{given}` is no NAME=VALUE"))?;
                // A word that is no JSON is a text.
                let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
                fields.insert(name.trim().to_owned(), value);
            }
            let answer = api.put("/v1/policy", policy).await?;
            let line = format!("policy set, revision {}", text(&answer, "revision"));
            show(target.json, &answer, &line);
            api.close().await;
        }
        PolicyCommand::Reset(target) => {
            let api = target.connect().await?;
            let answer = api.put("/v1/policy", json!({})).await?;
            show(target.json, &answer, "policy is the default again");
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}
