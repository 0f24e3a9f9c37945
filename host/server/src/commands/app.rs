//! `portero app`: Meta apps whose webhooks are accepted.

use std::process::ExitCode;

use serde_json::json;

use crate::cli::AppCommand;
use crate::commands::show;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: AppCommand) -> anyhow::Result<ExitCode> {
    let AppCommand::Put {
        name,
        app_secret,
        verify_token,
        target,
    } = command;
    let api = target.connect().await?;
    let body = json!({ "app_secret": app_secret, "verify_token": verify_token });
    let answer = api.put(&format!("/v1/apps/{name}"), body).await?;
    let path = if name == crate::http::webhook::DEFAULT_APP {
        String::new()
    } else {
        format!("/{name}")
    };
    show(
        target.json,
        &answer,
        &format!("webhooks of `{name}` are accepted at /webhooks/whatsapp{path}"),
    );
    api.close().await;
    Ok(ExitCode::SUCCESS)
}
