//! `portero sandbox`.

use std::process::ExitCode;

use serde_json::json;

use crate::cli::SandboxCommand;
use crate::commands::plugin::encode;
use crate::commands::{show, show_list, text};

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: SandboxCommand) -> anyhow::Result<ExitCode> {
    match command {
        SandboxCommand::List(target) => {
            let api = target.connect().await?;
            let answer = api.get("/v1/sandbox").await?;
            let columns = [("address", "address"), ("answered", "confirmed_at")];
            let empty = "nobody yet; `portero sandbox add --help`";
            show_list(target.json, &answer, &columns, empty);
            api.close().await;
        }
        SandboxCommand::Add { address, target } => {
            let api = target.connect().await?;
            let answer = api.put(&path(&address), json!({})).await?;
            let code = text(&answer, "code");
            let line = if code.is_empty() {
                format!("{address} answered before")
            } else {
                format!("{address} is on the list once they write {code} to the number")
            };
            show(target.json, &answer, &line);
            api.close().await;
        }
        SandboxCommand::Remove { address, target } => {
            let api = target.connect().await?;
            let answer = api
                .send(reqwest::Method::DELETE, &path(&address), None)
                .await?;
            show(target.json, &answer, &format!("{address} is off the list"));
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn path(address: &str) -> String {
    format!("/v1/sandbox/{}", encode(address))
}
