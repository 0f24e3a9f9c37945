//! `portero tenant`.

use std::process::ExitCode;

use serde_json::json;

use crate::cli::TenantCommand;
use crate::commands::{pages, show, tenant_move, text};

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: TenantCommand) -> anyhow::Result<ExitCode> {
    match command {
        TenantCommand::Export(args) => return tenant_move::export(args).await,
        TenantCommand::Import(args) => return tenant_move::import(args).await,
        TenantCommand::List(target) => {
            let api = target.connect().await?;
            let columns = [
                ("slug", "slug"),
                ("name", "name"),
                ("mode", "mode"),
                ("language", "language"),
                ("zone", "timezone"),
                ("stopped", "stopped"),
                ("id", "id"),
            ];
            let empty = "no tenants yet; `portero tenant create --help`";
            pages::show_all(&api, target.json, "/v1/tenants", &columns, empty).await?;
            api.close().await;
        }
        TenantCommand::Create {
            slug,
            name,
            timezone,
            country,
            language,
            mode,
            target,
        } => {
            let api = target.connect().await?;
            let body = json!({ "slug": slug, "name": name, "timezone": timezone, "country": country,
                               "language": language, "mode": mode });
            let answer = api.post("/v1/tenants", body).await?;
            show(
                target.json,
                &answer,
                &format!(
                    "created {} ({})",
                    text(&answer, "slug"),
                    text(&answer, "id")
                ),
            );
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}
