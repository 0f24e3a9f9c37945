//! `portero consent ledger`: who agreed to what or withdrew it, with its proof.

use std::process::ExitCode;

use portero_domain::clock::Ts;
use serde_json::Value;

use crate::cli::LedgerArgs;
use crate::commands::pages;
use crate::commands::text;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(args: LedgerArgs) -> anyhow::Result<ExitCode> {
    let filters = [
        ("kind", args.kind.as_deref()),
        ("topic", args.topic.as_deref()),
        ("source", args.source.as_deref()),
        ("since", args.since.as_deref()),
        ("until", args.until.as_deref()),
    ];
    let api = args.target.connect().await?;
    let answer = pages::read(&api, "/v1/consents", &filters, args.part.of()).await?;
    let header = [
        "when", "who", "what", "covers", "told by", "evidence", "seal",
    ];
    pages::show(args.target.json, &answer, &header, row, "no such rows");
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

fn row(item: &Value) -> Vec<String> {
    let event = item.get("event").cloned().unwrap_or_default();
    let at = event.get("received_at").and_then(Value::as_i64);
    let who = match text(item, "name") {
        name if name.is_empty() => text(item, "contact"),
        name => format!("{name} ({})", text(item, "contact")),
    };
    vec![
        at.map_or_else(String::new, |ms| Ts(ms).rfc3339()),
        who,
        text(&event, "kind"),
        scope(&event),
        told(&event),
        text(&event, "evidence"),
        text(item, "seal"),
    ]
}

/// What an event of consent covers.
pub(crate) fn scope(event: &Value) -> String {
    let scope = event.get("scope").cloned().unwrap_or_default();
    match scope.get("topic") {
        Some(_) => text(&scope, "topic"),
        None => text(event, "scope"),
    }
}

/// Where an event of consent comes from, and in which words it was asked.
pub(crate) fn told(event: &Value) -> String {
    match text(event, "wording") {
        wording if wording.is_empty() => text(event, "source"),
        wording => format!("{}, {wording}", text(event, "source")),
    }
}
