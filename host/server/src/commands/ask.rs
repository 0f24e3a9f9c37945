//! `portero why`, `inbox`, `account`: questions to a host.

use std::process::ExitCode;

use serde_json::Value;

use crate::cli::{ListArgs, WhyArgs};
use crate::client::Target;
use crate::commands::{show_list, text};
use crate::output;

/// Explains a message, a verdict or a person.
///
/// # Errors
/// The host's words.
pub async fn why(args: WhyArgs) -> anyhow::Result<ExitCode> {
    let api = args.target.connect().await?;
    let id: String = crate::commands::plugin::encode(&args.id);
    let answer = api.get(&format!("/v1/why/{id}")).await?;
    if args.target.json {
        output::json(&answer);
    } else {
        if let Some(inbound) = answer.get("inbound") {
            output::line(&format!(
                "{}  the person's message of {} · {} · {}",
                text(inbound, "event"),
                text(inbound, "received_at"),
                text(inbound, "state"),
                text(inbound, "interpretation"),
            ));
        }
        for one in answer
            .get("messages")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            print_why(one, &args.lang);
        }
    }
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

fn print_why(one: &Value, lang: &str) {
    let empty = Value::Null;
    let message = one.get("message").unwrap_or(&empty);
    let status = text(message, "status");
    let status = if status.is_empty() {
        String::new()
    } else {
        format!(" · Meta says {status}")
    };
    output::line(&format!(
        "{}  {} {} → {}{status}",
        text(message, "id"),
        text(message, "origin"),
        text(message, "purpose"),
        text(message, "state"),
    ));
    if let Some(reason) = message.get("reason") {
        output::line(&format!(
            "  taken back: {} ({})",
            text(reason, lang),
            text(message, "rule")
        ));
    }
    if let Some(campaign) = one.get("campaign") {
        output::line(&format!(
            "  campaign {} ({}): {}",
            text(campaign, "name"),
            text(campaign, "id"),
            text(campaign, "why")
        ));
    }
    for verdict in one
        .get("verdicts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let summary = verdict
            .get("summary")
            .map(|s| text(s, lang))
            .unwrap_or_default();
        output::line(&format!(
            "  {} · {} · {} · {}",
            text(verdict, "decided_at"),
            text(verdict, "stage"),
            text(verdict, "verdict"),
            summary
        ));
        let findings = verdict
            .get("findings")
            .and_then(|f| f.get(lang))
            .and_then(Value::as_array);
        for finding in findings.into_iter().flatten() {
            output::line(&format!(
                "    {}: {}",
                text(finding, "rule"),
                text(finding, "sentence")
            ));
            let remedy = text(finding, "remedy");
            if !remedy.is_empty() {
                output::line(&format!("      → {remedy}"));
            }
        }
        output::line(&format!(
            "    verdict {} · rules {}",
            text(verdict, "id"),
            short(&text(verdict, "ruleset"))
        ));
    }
}

fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

/// Lists what came in.
///
/// # Errors
/// The host's words.
pub async fn inbox(args: ListArgs) -> anyhow::Result<ExitCode> {
    let api = args.target.connect().await?;
    let answer = api.get(&format!("/v1/inbox?limit={}", args.limit)).await?;
    let columns = [
        ("received", "received_at"),
        ("event", "id"),
        ("kind", "kind"),
        ("state", "state"),
        ("read as", "interpretation"),
    ];
    show_list(args.target.json, &answer, &columns, "nothing came in");
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Shows the account of proposals.
///
/// # Errors
/// The host's words.
pub async fn account(target: Target) -> anyhow::Result<ExitCode> {
    let api = target.connect().await?;
    let answer = api.get("/v1/account").await?;
    if target.json {
        output::json(&answer);
    } else {
        output::line(&account_line(&answer));
        if let Some(month) = answer.get("month") {
            let budget = text(month, "budget");
            let of = if budget.is_empty() {
                budget
            } else {
                format!(" of {budget}")
            };
            output::line(&format!(
                "{} {} {}{of} (estimate)",
                text(month, "month"),
                text(month, "currency"),
                text(month, "estimated"),
            ));
        }
    }
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

/// `12 proposed = 1 resting (deferred 1) + 11 final (sent 8, denied 3)`.
pub(crate) fn account_line(answer: &Value) -> String {
    let states = answer.get("states").and_then(Value::as_object);
    let list = |names: &[&str]| {
        let parts: Vec<String> = names
            .iter()
            .filter_map(|name| {
                let n = states?.get(*name)?.as_u64()?;
                (n > 0).then(|| format!("{name} {n}"))
            })
            .collect();
        if parts.is_empty() {
            String::new()
        } else {
            format!(" ({})", parts.join(", "))
        }
    };
    format!(
        "{} proposed = {} resting{} + {} final{}{}",
        text(answer, "proposed"),
        text(answer, "resting"),
        list(&["queued", "deferred", "in_review", "attempting", "unknown"]),
        text(answer, "final"),
        list(&["sent", "denied", "expired", "cancelled", "failed"]),
        if answer.get("balanced") == Some(&Value::Bool(true)) {
            ""
        } else {
            "  !! does not add up"
        },
    )
}
