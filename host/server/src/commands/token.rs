//! `portero token`.

use std::process::ExitCode;

use serde_json::json;

use crate::cli::TokenCommand;
use crate::commands::{show, text};

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: TokenCommand) -> anyhow::Result<ExitCode> {
    match command {
        TokenCommand::Create { label, target } => {
            let api = target.connect().await?;
            let answer = api
                .post(
                    "/v1/tokens",
                    json!({ "label": label, "tenant": target.tenant }),
                )
                .await?;
            let line = format!(
                "{}\n(shown once; revoke it with `portero token revoke {}`)",
                text(&answer, "token"),
                text(&answer, "id")
            );
            show(target.json, &answer, &line);
            api.close().await;
        }
        TokenCommand::Revoke { id, target } => {
            let api = target.connect().await?;
            let answer = api
                .send(reqwest::Method::DELETE, &format!("/v1/tokens/{id}"), None)
                .await?;
            show(target.json, &answer, &format!("{id} ended"));
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}
