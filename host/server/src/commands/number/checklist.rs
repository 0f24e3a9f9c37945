//! `portero number checklist`: what is there and what is missing, each with what to do.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::cli::exit;
use crate::client::Target;
use crate::commands::text;
use crate::output;

/// Shows the list; exit code 3 when something is missing.
pub(super) async fn run(ask: bool, target: &Target) -> anyhow::Result<ExitCode> {
    let api = target.connect().await?;
    let list = match ask {
        true => api.post("/v1/checklist", json!({})).await,
        false => api.get("/v1/checklist").await,
    };
    api.close().await;
    let list = list?;
    if target.json {
        output::json(&list);
    } else {
        print(&list);
    }
    Ok(code(&list))
}

pub(super) fn code(list: &Value) -> ExitCode {
    match list.get("ready").and_then(Value::as_bool) {
        Some(true) => ExitCode::SUCCESS,
        _ => ExitCode::from(exit::FOUND),
    }
}

pub(super) fn print(list: &Value) {
    let steps = list.get("steps").and_then(Value::as_array);
    for step in steps.into_iter().flatten() {
        let mark = match text(step, "state").as_str() {
            "done" => "✓",
            "missing" => "✗",
            _ => "?",
        };
        let step_word = text(step, "step");
        let name = title(&step_word);
        output::line(format!("{mark} {name:<13} {}", text(step, "found")).trim_end());
        let remedy = text(step, "remedy");
        let verb = text(step, "verb");
        match (remedy.is_empty(), verb.is_empty()) {
            (true, _) => {}
            (false, true) => output::line(&format!("                → {remedy}")),
            (false, false) => output::line(&format!("                → {remedy}: {verb}")),
        }
    }
}

/// The step in words; a newer host may have one that this program does not know.
fn title(step: &str) -> &str {
    match step {
        "app_secret" => "app secret",
        "access_token" => "access token",
        "test_people" => "test people",
        other => other,
    }
}
