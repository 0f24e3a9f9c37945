//! `portero number`.

use std::process::ExitCode;

use anyhow::Context;
use serde_json::json;

use crate::cli::NumberCommand;
use crate::commands::{show, show_list};

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: NumberCommand) -> anyhow::Result<ExitCode> {
    match command {
        NumberCommand::List(target) => {
            let api = target.connect().await?;
            let answer = api.get("/v1/numbers").await?;
            let columns = [
                ("number", "phone_number_id"),
                ("display", "display"),
                ("account", "waba_id"),
                ("messages/s", "mps"),
                ("stopped", "stopped"),
            ];
            show_list(
                target.json,
                &answer,
                &columns,
                "no numbers yet; `portero number add --help`",
            );
            api.close().await;
        }
        NumberCommand::Add {
            phone_number_id,
            waba,
            display,
            access_token_file,
            access_token,
            target,
        } => {
            let token = match (access_token, access_token_file) {
                (Some(token), _) => token,
                (None, Some(file)) => std::fs::read_to_string(&file)
                    .with_context(|| format!("cannot read `{}`", file.display()))?
                    .trim()
                    .to_owned(),
                (None, None) => anyhow::bail!(
                    "give the access token with PORTERO_ACCESS_TOKEN or --access-token-file"
                ),
            };
            let api = target.connect().await?;
            let body = json!({ "phone_number_id": phone_number_id, "waba_id": waba, "display": display,
                               "access_token": token });
            let answer = api.put("/v1/numbers", body).await?;
            show(
                target.json,
                &answer,
                &format!("connected {display} ({phone_number_id}); now `portero template sync`"),
            );
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}
