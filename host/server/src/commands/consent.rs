//! `portero consent`.

use std::process::ExitCode;

use anyhow::Context as _;
use portero_domain::clock::Ts;
use portero_domain::ids::TokenId;
use serde_json::{Value, json};

use crate::cli::ConsentCommand;
use crate::client::Target;
use crate::clock::Ids;
use crate::commands::ledger;
use crate::commands::lines;
use crate::commands::plugin::encode;
use crate::commands::{show, text};
use crate::output;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: ConsentCommand) -> anyhow::Result<ExitCode> {
    match command {
        ConsentCommand::Show { who, target } => {
            let api = target.connect().await?;
            let answer = api
                .get(&format!("/v1/contacts/{}/consents", encode(&who)))
                .await?;
            if target.json {
                output::json(&answer);
            } else {
                print(&answer);
            }
            api.close().await;
            Ok(ExitCode::SUCCESS)
        }
        ConsentCommand::Ledger(args) => ledger::run(args).await,
        ConsentCommand::Verify(target) => ledger::verify(&target).await,
        ConsentCommand::Ask {
            who,
            wording,
            template,
            language,
            topic,
            number,
            target,
        } => {
            let question = json!({
                "wording": wording, "template": template, "language": language, "topic": topic,
                "phone_number_id": number,
            });
            ask(&people(who)?, &question, &target).await
        }
        ConsentCommand::Record(args) => {
            let event = match args.unconfirmed {
                true => "granted_unconfirmed",
                false => "granted",
            };
            let told = json!({
                "event": event, "topic": args.topic, "wording": args.wording, "wording_text": args.wording_text,
                "language": args.language, "promise": { "max": args.max, "per": args.per.as_str() },
                "evidence": args.evidence, "captured_at": args.captured_at, "expires_at": args.expires_at,
            });
            tell(&args.who, told, &args.target, "agreed to", &args.topic).await
        }
        ConsentCommand::Withdraw(args) => {
            let told = json!({
                "event": "revoked", "topic": args.topic, "evidence": args.evidence, "captured_at": args.captured_at,
            });
            let topic = args.topic.as_deref().unwrap_or("everything");
            tell(&args.who, told, &args.target, "withdrew", topic).await
        }
    }
}

/// Has something recorded of a person.
async fn tell(
    who: &str,
    told: Value,
    target: &Target,
    did: &str,
    topic: &str,
) -> anyhow::Result<ExitCode> {
    let api = target.connect().await?;
    let path = format!("/v1/contacts/{}/consent", encode(who));
    let answer = api.post(&path, told).await?;
    let line = format!("recorded: {} {did} {topic}", text(&answer, "id"));
    show(target.json, &answer, &line);
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

/// The people named; `-` stands for those on standard input.
fn people(named: Vec<String>) -> anyhow::Result<Vec<String>> {
    let mut all = Vec::new();
    for who in named {
        if who == "-" {
            for line in std::io::stdin().lines() {
                let line = line.context("standard input")?;
                all.extend(Some(line.trim().to_owned()).filter(|l| !l.is_empty()));
            }
        } else {
            all.push(who);
        }
    }
    Ok(all)
}

/// Asks one after the other; somebody who cannot be asked keeps nobody else from it.
async fn ask(people: &[String], question: &Value, target: &Target) -> anyhow::Result<ExitCode> {
    let api = target.connect().await?;
    let ids = Ids::system();
    let mut items = Vec::with_capacity(people.len());
    let mut all_asked = true;
    let shape = "{bar:30} {pos}/{len} people asked · {eta} left";
    let bar = lines::bar(
        u64::try_from(people.len()).unwrap_or_default(),
        target.json || people.len() < 2,
        shape,
    );
    for who in people {
        let path = format!("/v1/contacts/{}/ask", encode(who));
        let key = TokenId::new(&ids, Ts(0)).to_string();
        let answer = api.post_once(&path, &key, question.clone()).await;
        let said = match answer {
            Ok(answer) => {
                let verdict = answer.get("verdict").cloned().unwrap_or_default();
                let summary = verdict.get("summary").map(|s| text(s, "en"));
                json!({
                    "who": who, "verdict": verdict.get("verdict"), "rule": verdict.get("rule"),
                    "message": answer.pointer("/message/id"), "said": summary,
                })
            }
            Err(error) => json!({ "who": who, "verdict": "error", "said": error.to_string() }),
        };
        all_asked &= matches!(text(&said, "verdict").as_str(), "allow" | "defer");
        items.push(said);
        bar.inc(1);
    }
    bar.finish_and_clear();
    if target.json {
        output::json(&json!({ "items": items }));
    } else {
        let rows = items
            .iter()
            .map(|said| {
                ["who", "verdict", "rule", "said"]
                    .map(|f| text(said, f))
                    .into()
            })
            .collect();
        output::line(&output::table(&["who", "verdict", "rule", ""], rows));
    }
    api.close().await;
    Ok(if all_asked {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn list<'a>(answer: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    answer
        .get(field)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// What makes an event proof, a line for the event and one for each thing known of it.
fn proof(event: &Value) -> Vec<String> {
    let Some(known) = event.get("proof").and_then(Value::as_object) else {
        return Vec::new();
    };
    let mut lines = vec![format!("{} {}", text(event, "id"), text(event, "kind"))];
    for (name, value) in known {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        lines.push(format!("  {name}: {value}"));
    }
    lines
}

fn print(answer: &Value) {
    output::line(&text(answer, "contact"));
    let columns = [
        ("topic", "topic"),
        ("since", "since"),
        ("wording", "wording"),
        ("by", "source"),
        ("proof", "evidence"),
    ];
    let rows = list(answer, "topics")
        .map(|t| {
            let standing = t.get("standing").map(|s| text(s, "state"));
            let mut row = vec![standing.unwrap_or_default()];
            row.extend(columns.iter().map(|(_, field)| text(t, field)));
            row
        })
        .collect();
    let mut header = vec!["standing"];
    header.extend(columns.iter().map(|(title, _)| *title));
    output::line(&output::table(&header, rows));
    for event in list(answer, "events") {
        for line in proof(event) {
            output::line(&line);
        }
    }
    let stopped = text(answer, "marketing_stopped_since");
    if !stopped.is_empty() {
        output::line(&format!("WhatsApp's own marketing stop since {stopped}"));
    }
    let sent: Vec<String> = answer
        .get("sent_30_days")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(purpose, n)| format!("{purpose} {n}"))
        .collect();
    output::line(&format!("sent in 30 days: {}", sent.join(", ")));
    for campaign in list(answer, "campaigns") {
        let reason = text(campaign, "reason");
        let reason = if reason.is_empty() {
            reason
        } else {
            format!(" ({reason})")
        };
        output::line(&format!(
            "campaign {} ({}) {} {}: {}{reason}",
            text(campaign, "name"),
            text(campaign, "campaign"),
            text(campaign, "state"),
            text(campaign, "at"),
            text(campaign, "why"),
        ));
    }
    for address in list(answer, "addresses") {
        let until = text(address, "until");
        let until = if until.is_empty() {
            "now".to_owned()
        } else {
            until
        };
        output::line(&format!(
            "{} from {} to {until}",
            text(address, "address"),
            text(address, "since")
        ));
    }
}
