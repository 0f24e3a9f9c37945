//! `portero inbox`: what came in, and the conversations that wait for a person.

use std::process::ExitCode;

use portero_domain::clock::Ts;
use portero_domain::ids::TokenId;
use serde_json::{Value, json};

use crate::cli::{InboxArgs, InboxCommand};
use crate::clock::Ids;
use crate::commands::plugin::encode;
use crate::commands::{ask, show, show_list, text};
use crate::output;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(args: InboxArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        None => return ask::inbox(args.events).await,
        Some(InboxCommand::List {
            needs_you,
            limit,
            target,
        }) => {
            let api = target.connect().await?;
            let which = if needs_you { "needs_you" } else { "human" };
            let answer = api
                .get(&format!("/v1/conversations?state={which}&limit={limit}"))
                .await?;
            if target.json {
                output::json(&answer);
            } else {
                list(&answer);
            }
            api.close().await;
        }
        Some(InboxCommand::Show {
            who,
            number,
            target,
        }) => {
            let api = target.connect().await?;
            let query =
                number.map_or_else(String::new, |n| format!("?phone_number_id={}", encode(&n)));
            let answer = api
                .get(&format!("/v1/conversations/{}{query}", encode(&who)))
                .await?;
            if target.json {
                output::json(&answer);
            } else {
                detail(&answer);
            }
            api.close().await;
        }
        Some(InboxCommand::Answer {
            who,
            text: words,
            number,
            key,
            target,
        }) => {
            let api = target.connect().await?;
            let key = key.unwrap_or_else(|| {
                let ids = Ids::system();
                TokenId::new(&ids, Ts(0)).to_string()
            });
            let body = json!({ "text": words, "phone_number_id": number });
            let answer = api
                .post_once(
                    &format!("/v1/conversations/{}/answer", encode(&who)),
                    &key,
                    body,
                )
                .await?;
            let verdict = answer.get("verdict").cloned().unwrap_or(Value::Null);
            let summary = verdict.get("summary").map(|s| text(s, "en"));
            show(
                target.json,
                &answer,
                &format!(
                    "{}: {}",
                    text(&verdict, "verdict"),
                    summary.unwrap_or_default()
                ),
            );
            api.close().await;
            if matches!(text(&verdict, "verdict").as_str(), "deny" | "hold") {
                return Ok(ExitCode::from(1));
            }
        }
        Some(InboxCommand::GiveBack {
            who,
            note,
            number,
            target,
        }) => {
            let api = target.connect().await?;
            let body = json!({ "note": note, "phone_number_id": number });
            let path = format!("/v1/conversations/{}/give-back", encode(&who));
            let answer = api.post(&path, body).await?;
            show(target.json, &answer, "the bot has the conversation again");
            api.close().await;
        }
        Some(InboxCommand::HandOver {
            who,
            reason,
            number,
            target,
        }) => {
            let api = target.connect().await?;
            let body = json!({ "reason": reason, "phone_number_id": number });
            let path = format!("/v1/contacts/{}/hand-over", encode(&who));
            let answer = api.post(&path, body).await?;
            let line = "a person of the shop has the conversation; the bot is silent";
            show(target.json, &answer, line);
            api.close().await;
        }
        Some(InboxCommand::AlertAfter { minutes, target }) => {
            let api = target.connect().await?;
            let body = json!({ "minutes": minutes });
            let answer = api.put("/v1/settings/answer-within", body).await?;
            show(
                target.json,
                &answer,
                &format!("who waits {minutes} minutes for a person raises an alert"),
            );
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(answer: &Value) {
    let mut shown = answer.clone();
    for item in shown
        .get_mut("items")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        let left = left(item);
        let needs = item.get("needs_you") == Some(&Value::Bool(true));
        let last = item.get("last").map(|l| text(l, "text"));
        if let Some(fields) = item.as_object_mut() {
            fields.insert("left".to_owned(), left.into());
            fields.insert(
                "flag".to_owned(),
                if needs { "needs you" } else { "" }.into(),
            );
            fields.insert("words".to_owned(), last.unwrap_or_default().into());
        }
    }
    let columns = [
        ("contact", "contact"),
        ("name", "name"),
        ("since", "since"),
        ("", "flag"),
        ("window", "left"),
        ("why", "reason"),
        ("last", "words"),
    ];
    show_list(
        false,
        &shown,
        &columns,
        "nobody waits for a person of the shop",
    );
}

/// `23 h 12 min left`, or that the window is closed.
fn left(item: &Value) -> String {
    let ms = item
        .get("window_left_ms")
        .and_then(Value::as_i64)
        .unwrap_or_default();
    if ms <= 0 {
        return "closed".to_owned();
    }
    let minutes = ms / 60_000;
    format!("{} h {:02} min left", minutes / 60, minutes % 60)
}

fn detail(answer: &Value) {
    let name = text(answer, "name");
    let title = if name.is_empty() {
        text(answer, "contact")
    } else {
        format!("{name} ({})", text(answer, "contact"))
    };
    output::line(&format!("{title} · window {}", left(answer)));
    match answer.get("handover").filter(|h| !h.is_null()) {
        Some(h) => output::line(&format!(
            "with a person since {}: {}{}",
            text(h, "since"),
            text(h, "reason"),
            if h.get("needs_you") == Some(&Value::Bool(true)) {
                " · needs you"
            } else {
                ""
            }
        )),
        None => output::line("the bot has it"),
    }
    for line in answer
        .get("lines")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let state = text(line, "state");
        let state = if state.is_empty() || state == "sent" {
            String::new()
        } else {
            format!("  [{state} {}]", text(line, "rule"))
        };
        output::line(&format!(
            "  {}  {:>6}: {}{state}",
            text(line, "at"),
            text(line, "from"),
            text(line, "text")
        ));
    }
    for line in answer
        .get("history")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        output::line(&format!(
            "  {}  {} {}",
            text(line, "at"),
            text(line, "what"),
            text(line, "note")
        ));
    }
}
