//! `portero consent ledger`: who agreed to what or withdrew it, with its proof. `portero consent verify`: whether
//! that is still what was recorded.

use std::process::ExitCode;

use portero_domain::clock::Ts;
use serde_json::Value;

use crate::cli::{LedgerArgs, exit};
use crate::client::Target;
use crate::commands::pages;
use crate::commands::text;
use crate::output;

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

/// Checks the chain; exit code 3 when it does not hold.
///
/// # Errors
/// The host's words.
pub async fn verify(target: &Target) -> anyhow::Result<ExitCode> {
    let api = target.connect().await?;
    let answer = api.get("/v1/consents/chain").await?;
    let holds = answer.get("holds") == Some(&Value::Bool(true));
    if target.json {
        output::json(&answer);
    } else {
        output::line(&format!(
            "{}: {} seals, {} rows gone at the end of their term, {} not sealed yet",
            if holds {
                "the chain holds"
            } else {
                "THE CHAIN DOES NOT HOLD"
            },
            text(&answer, "seals"),
            text(&answer, "dropped"),
            text(&answer, "unsealed"),
        ));
        output::line(&format!("head {}", text(&answer, "head")));
        let faults = answer.get("faults").and_then(Value::as_array);
        for fault in faults.into_iter().flatten().filter_map(Value::as_str) {
            output::line(&format!("  {fault}"));
        }
    }
    api.close().await;
    Ok(if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::FOUND)
    })
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
