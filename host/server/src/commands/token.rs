//! `portero token`.

use std::process::ExitCode;

use serde_json::json;

use crate::cli::TokenCommand;
use crate::commands::{pages, show, text};

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: TokenCommand) -> anyhow::Result<ExitCode> {
    match command {
        TokenCommand::Create {
            label,
            role,
            expires_days,
            target,
        } => {
            let api = target.connect().await?;
            let body = json!({ "label": label, "tenant": target.tenant, "role": role,
                "expires_in_days": expires_days });
            let answer = api.post("/v1/tokens", body).await?;
            let until = match text(&answer, "expires_at") {
                end if end.is_empty() => String::new(),
                end => format!(" until {end}"),
            };
            let line = format!(
                "{}\n({role}{until}; shown once; revoke it with `portero token revoke {}`)",
                text(&answer, "token"),
                text(&answer, "id")
            );
            show(target.json, &answer, &line);
            api.close().await;
        }
        TokenCommand::List(target) => {
            let api = target.connect().await?;
            let columns = [
                ("id", "id"),
                ("what for", "label"),
                ("role", "role"),
                ("tenant", "tenant"),
                ("state", "state"),
                ("last used", "last_used_at"),
                ("ends", "expires_at"),
            ];
            let empty = "no token";
            pages::show_all(&api, target.json, "/v1/tokens", &columns, empty).await?;
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
