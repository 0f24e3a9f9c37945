//! `portero status`: a shop at a glance.

use std::process::ExitCode;

use serde_json::Value;

use crate::client::Target;
use crate::commands::text;
use crate::output;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(target: Target) -> anyhow::Result<ExitCode> {
    let api = target.connect().await?;
    let answer = api.get("/v1/overview").await?;
    api.close().await;
    if target.json {
        output::json(&answer);
    } else {
        for line in lines(&answer) {
            output::line(&line);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(field)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn lines(answer: &Value) -> Vec<String> {
    let mut all = Vec::new();
    let in_flight = text(answer, "in_flight");
    let stops = [
        ("everything", answer.get("everything_stopped")),
        ("this shop", answer.get("stopped")),
    ];
    for (what, stop) in stops {
        if let Some(stop) = stop.filter(|s| s.is_object()) {
            all.push(format!(
                "STOPPED: {what}, since {}: {}",
                text(stop, "since"),
                text(stop, "reason")
            ));
        }
    }
    if all.is_empty() {
        all.push(format!("sending; {in_flight} in flight"));
    } else {
        all.push(format!("nothing begins; {in_flight} in flight"));
    }
    for number in list(answer, "numbers") {
        all.push(number_line(number));
    }
    for need in list(answer, "needs_you") {
        let words = ["kind", "name", "id", "state", "detail"].map(|field| text(need, field));
        let words: Vec<_> = words.into_iter().filter(|w| !w.is_empty()).collect();
        let count = text(need, "count");
        all.push(format!("needs you: {} ({count})", words.join(" ")));
    }
    let Some(today) = answer.get("today") else {
        return all;
    };
    let step = |names: &[&str]| {
        let parts = names.iter().map(|n| format!("{n} {}", text(today, n)));
        parts.collect::<Vec<_>>()
    };
    let funnel = step(&[
        "proposed",
        "allowed",
        "sent",
        "delivered",
        "read",
        "answered",
    ]);
    all.push(format!("{}: {}", text(today, "day"), funnel.join(" → ")));
    let apart = step(&[
        "denied",
        "deferred",
        "in_review",
        "withdrawn",
        "lost",
        "unknown",
    ]);
    all.push(format!("beside it: {}", apart.join(", ")));
    for reason in list(answer, "reasons") {
        all.push(format!(
            "  {} {}",
            text(reason, "count"),
            text(reason, "rule")
        ));
    }
    if let Some(month) = answer.get("month") {
        let currency = text(month, "currency");
        all.push(format!(
            "{}: {currency} {} (estimate), {} messages of unknown price",
            text(month, "month"),
            text(month, "estimated"),
            text(month, "unpriced")
        ));
        for cost in list(month, "categories") {
            let estimated = match text(cost, "estimated") {
                amount if amount.is_empty() => "unknown".to_owned(),
                amount => amount,
            };
            all.push(format!(
                "  {} {}: {estimated}",
                text(cost, "messages"),
                text(cost, "category")
            ));
        }
    }
    all
}

fn number_line(number: &Value) -> String {
    let mut parts = vec![
        text(number, "display"),
        format!("quality {}", text(number, "quality")),
    ];
    let limit = text(number, "limit");
    parts.push(match limit.is_empty() {
        true => "no limit".to_owned(),
        false => format!("limit {} of {limit}", text(number, "limit_used")),
    });
    parts.push(format!("{} messages/s", text(number, "mps")));
    let seen = text(number, "webhook_at");
    parts.push(match seen.is_empty() {
        true => "no webhook lately".to_owned(),
        false => format!("last webhook {seen}"),
    });
    for state in ["restriction", "resting"] {
        if let Some(told) = number.get(state).filter(|v| v.is_object()) {
            parts.push(format!("{state}: {}", text(told, "what")));
        }
    }
    let stopped = text(number, "stopped");
    if !stopped.is_empty() {
        parts.push(format!("STOPPED: {stopped}"));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_shop_is_told_in_lines_and_what_nobody_knows_is_not_zero() {
        let answer = json!({
            "everything_stopped": null,
            "stopped": { "reason": "wrong price", "since": "2026-11-24T09:00:00Z" },
            "in_flight": 2,
            "numbers": [{ "display": "+57 1", "quality": "GREEN", "mps": 80, "limit": 250, "limit_used": 3,
                "webhook_at": null, "stopped": null, "restriction": null, "resting": null }],
            "needs_you": [{ "kind": "template", "id": "", "name": "promo (es)", "state": "PAUSED", "detail": "", "count": 1 }],
            "today": { "day": "2026-11-24", "proposed": 5, "allowed": 4, "sent": 4, "delivered": 3, "read": 2, "answered": 1,
                "denied": 1, "deferred": 0, "in_review": 0, "withdrawn": 0, "lost": 0, "unknown": 0 },
            "reasons": [{ "rule": "consent.missing", "count": 1 }],
            "month": { "month": "2026-11", "currency": "USD", "estimated": "0.05", "unpriced": 1,
                "categories": [{ "category": "utility", "messages": 1, "unpriced": 1, "estimated": null }] },
        });
        let told = lines(&answer).join("\n");
        for words in [
            "STOPPED: this shop",
            "nothing begins; 2 in flight",
            "limit 3 of 250",
            "no webhook lately",
            "promo (es) PAUSED",
            "proposed 5 → allowed 4",
            "1 consent.missing",
            "1 utility: unknown",
        ] {
            assert!(told.contains(words), "{words} is not in\n{told}");
        }
    }
}
