//! `portero verdicts`.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::cli::{VerdictsArgs, VerdictsCommand};
use crate::commands::plugin::encode;
use crate::commands::{show, show_list, text};
use crate::output;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: VerdictsCommand) -> anyhow::Result<ExitCode> {
    match command {
        VerdictsCommand::List(args) => list(args).await,
        VerdictsCommand::Rejudge { id, lang, target } => {
            let api = target.connect().await?;
            let path = format!("/v1/verdicts/{}/rejudge", encode(&id));
            let answer = api.post(&path, json!({})).await?;
            if target.json {
                output::json(&answer);
            } else {
                print(&answer, &lang);
            }
            api.close().await;
            let now = answer.get("now").map(|n| text(n, "verdict"));
            Ok(match now.as_deref() {
                Some("deny" | "hold") => ExitCode::from(1),
                _ => ExitCode::SUCCESS,
            })
        }
        VerdictsCommand::Link { id, days, target } => {
            let api = target.connect().await?;
            let path = format!("/v1/verdicts/{}/links", encode(&id));
            let answer = api.post(&path, json!({ "days": days })).await?;
            let line = format!(
                "{}{}\n(good until {}; shown once; end it with `portero verdicts unlink {}`)",
                api.url(),
                text(&answer, "path"),
                text(&answer, "expires_at"),
                text(&answer, "id")
            );
            show(target.json, &answer, &line);
            api.close().await;
            Ok(ExitCode::SUCCESS)
        }
        VerdictsCommand::Links { id, target } => {
            let api = target.connect().await?;
            let path = format!("/v1/verdicts/{}/links", encode(&id));
            let answer = api.get(&path).await?;
            let columns = [
                ("link", "id"),
                ("state", "state"),
                ("made by", "author"),
                ("made", "made_at"),
                ("ends", "expires_at"),
                ("opened", "opened"),
            ];
            show_list(target.json, &answer, &columns, "no links");
            api.close().await;
            Ok(ExitCode::SUCCESS)
        }
        VerdictsCommand::Unlink { link, target } => {
            let api = target.connect().await?;
            let path = format!("/v1/proof-links/{}", encode(&link));
            let answer = api.send(reqwest::Method::DELETE, &path, None).await?;
            show(
                target.json,
                &answer,
                &format!("{link} shows nothing any more"),
            );
            api.close().await;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn list(args: VerdictsArgs) -> anyhow::Result<ExitCode> {
    let api = args.target.connect().await?;
    let mut path = format!("/v1/verdicts?limit={}", args.limit);
    for (name, value) in [
        ("since", &args.since),
        ("until", &args.until),
        ("verdict", &args.verdict),
        ("rule", &args.rule),
        ("plugin", &args.plugin),
        ("campaign", &args.campaign),
        ("contact", &args.contact),
        ("message", &args.message),
        ("after", &args.after),
    ] {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", encode(value)));
        }
    }
    let answer = api.get(&path).await?;
    show_list(
        args.target.json,
        &answer,
        &[
            ("verdict", "id"),
            ("when", "decided_at"),
            ("stage", "stage"),
            ("says", "verdict"),
            ("rule", "rule"),
            ("message", "message"),
            ("contact", "contact"),
        ],
        "no verdicts",
    );
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

fn short(said: &Value) -> String {
    let (rule, until) = (text(said, "rule"), text(said, "until"));
    let mut line = format!("{} {}", text(said, "at"), text(said, "verdict"));
    if !rule.is_empty() {
        line.push_str(&format!(" by {rule}"));
    }
    if !until.is_empty() {
        line.push_str(&format!(" until {until}"));
    }
    line
}

fn print(answer: &Value, lang: &str) {
    for (title, field) in [("then", "was"), ("now", "now")] {
        let said = answer.get(field).map(short).unwrap_or_default();
        output::line(&format!("{title:>5}: {said}"));
    }
    if let Some(summary) = answer.get("summary") {
        output::line(&format!("       {}", text(summary, lang)));
    }
    let findings = answer.get("findings").and_then(|f| f.get(lang));
    for finding in findings.and_then(Value::as_array).into_iter().flatten() {
        output::line(&format!(
            "  {} {}: {}",
            text(finding, "outcome"),
            text(finding, "rule"),
            text(finding, "sentence")
        ));
        output::line(&format!("    → {}", text(finding, "remedy")));
    }
    let changes = answer.get("changes").and_then(Value::as_array);
    for change in changes.into_iter().flatten() {
        let nothing = |text: String| {
            if text.is_empty() {
                "nothing".to_owned()
            } else {
                text
            }
        };
        output::line(&format!(
            "  changed {}: {} → {}",
            text(change, "rule"),
            nothing(text(change, "was")),
            nothing(text(change, "now"))
        ));
    }
    for (field, line) in [
        ("other_rules", "the rules are others by now"),
        ("other_policy", "the tenant's policy is another by now"),
    ] {
        if answer.get(field) == Some(&Value::Bool(true)) {
            output::line(&format!("  {line}"));
        }
    }
}
