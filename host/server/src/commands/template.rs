//! `portero template`.

mod read;

use std::process::ExitCode;

use serde_json::json;

use crate::cli::TemplateCommand;
use crate::commands::pages::{self, Part};
use crate::commands::{lines, show, show_list, text};

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: TemplateCommand) -> anyhow::Result<ExitCode> {
    match command {
        TemplateCommand::List(target) => {
            let api = target.connect().await?;
            let columns = [
                ("name", "name"),
                ("language", "language"),
                ("category", "category"),
                ("status", "status"),
                ("quality", "quality"),
                ("synced", "synced_at"),
            ];
            let empty = "no templates yet; `portero template sync`";
            pages::show_all(&api, target.json, "/v1/templates", &columns, empty).await?;
            api.close().await;
        }
        TemplateCommand::History { name, target } => {
            let api = target.connect().await?;
            let filters = [("subject", Some("template")), ("name", name.as_deref())];
            let answer = pages::read(&api, "/v1/history", &filters, Part::default()).await?;
            let columns = [
                ("when", "at"),
                ("template", "name"),
                ("what", "aspect"),
                ("now", "value"),
                ("", "detail"),
            ];
            let empty = "Meta has said nothing of templates by webhook yet";
            show_list(target.json, &answer, &columns, empty);
            api.close().await;
        }
        TemplateCommand::Show(args) => return read::show(&args).await,
        TemplateCommand::Lint(args) => return read::lint(&args).await,
        TemplateCommand::Sync(target) => {
            let api = target.connect().await?;
            let bar = lines::bar(
                0,
                target.json,
                "{spinner} Meta is asked: {pos}/{len} accounts · {msg} templates",
            );
            bar.enable_steady_tick(std::time::Duration::from_millis(100));
            let answer = lines::ask(&api, "/v1/templates/sync", &json!({}), &bar, |bar, far| {
                bar.set_length(lines::number(far, "accounts"));
                bar.set_position(lines::number(far, "done"));
                bar.set_message(text(far, "templates"));
            })
            .await?;
            let line = format!(
                "{} templates of {} accounts",
                text(&answer, "templates"),
                text(&answer, "accounts")
            );
            show(target.json, &answer, &line);
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}
