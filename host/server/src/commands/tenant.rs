//! `portero tenant`.

use std::process::ExitCode;

use serde_json::json;

use crate::cli::{StopArgs, TenantCommand};
use crate::commands::{pages, show, show_list, stop, tenant_move, text};

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: TenantCommand) -> anyhow::Result<ExitCode> {
    match command {
        TenantCommand::Suspend {
            slug,
            reason,
            mut target,
        } => {
            target.tenant = Some(slug);
            let args = StopArgs {
                all: false,
                number: None,
                reason,
                target,
            };
            return stop::run(args, true).await;
        }
        TenantCommand::Grid(target) => {
            let api = target.connect().await?;
            let grid = api.get("/v1/grid").await?;
            let mut shown = grid.clone();
            for row in shown.as_array_mut().into_iter().flatten() {
                let tenant = row.get("tenant").cloned().unwrap_or_default();
                let refused = format!("{} of {}", text(row, "refused"), text(row, "judged"));
                if let Some(fields) = row.as_object_mut() {
                    fields.insert("slug".to_owned(), text(&tenant, "slug").into());
                    fields.insert("stopped".to_owned(), text(&tenant, "stopped").into());
                    fields.insert("of_newest".to_owned(), refused.into());
                }
            }
            let columns = [
                ("tenant", "slug"),
                ("stopped", "stopped"),
                ("numbers", "numbers"),
                ("red", "numbers_red"),
                ("yellow", "numbers_yellow"),
                ("restricted", "accounts_restricted"),
                ("people wait", "waiting"),
                ("refused", "of_newest"),
                ("lag ms", "lag_ms"),
            ];
            let json = target.json;
            let answer = if json { &grid } else { &shown };
            show_list(json, answer, &columns, "no tenants yet");
            api.close().await;
        }
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
