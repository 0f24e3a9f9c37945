//! `portero suppress`: the tenant's own block list.

use std::process::ExitCode;

use serde_json::json;

use crate::cli::SuppressCommand;
use crate::commands::pages::{self, Part};
use crate::commands::plugin::encode;
use crate::commands::{show, text};

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: SuppressCommand) -> anyhow::Result<ExitCode> {
    match command {
        SuppressCommand::Add {
            who,
            scope,
            reason,
            target,
        } => {
            let api = target.connect().await?;
            let body = json!({ "scope": scope.as_str(), "reason": reason });
            let path = format!("/v1/contacts/{}/block", encode(&who));
            let answer = api.post(&path, body).await?;
            let line = format!(
                "{} is on the list ({})",
                text(&answer, "id"),
                scope.as_str()
            );
            show(target.json, &answer, &line);
            api.close().await;
        }
        SuppressCommand::Remove {
            who,
            reason,
            target,
        } => {
            let api = target.connect().await?;
            let path = format!("/v1/contacts/{}/block", encode(&who));
            let answer = api.post(&path, json!({ "reason": reason })).await?;
            let line = format!("{} is not on the list any more", text(&answer, "id"));
            show(target.json, &answer, &line);
            api.close().await;
        }
        SuppressCommand::List {
            limit,
            after,
            target,
        } => {
            let api = target.connect().await?;
            let part = Part {
                rows: limit,
                after: after.as_deref(),
            };
            let answer = pages::read(&api, "/v1/suppressions", &[], part).await?;
            let fields = ["address", "contact", "scope", "since", "author", "reason"];
            let header = ["address", "contact", "not sent", "since", "by", "why"];
            let row = |entry: &serde_json::Value| fields.map(|f| text(entry, f)).into();
            pages::show(target.json, &answer, &header, row, "nobody is on the list");
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}
