//! `portero number`.

mod checklist;
mod connect;
mod pin;

use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use crate::cli::NumberCommand;
use crate::commands::plugin::encode;
use crate::commands::{show, show_list, text};
use crate::output;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: NumberCommand) -> anyhow::Result<ExitCode> {
    match command {
        NumberCommand::List(target) => {
            let api = target.connect().await?;
            let answer = with_restriction(api.get("/v1/numbers").await?);
            let columns = [
                ("number", "phone_number_id"),
                ("display", "display"),
                ("account", "waba_id"),
                ("messages/s", "mps"),
                ("quality", "quality"),
                ("people/day", "messaging_limit"),
                ("restriction", "restricted"),
                ("stopped", "stopped"),
            ];
            show_list(
                target.json,
                &answer,
                &columns,
                "no numbers yet; `portero number add --help`",
            );
            api.close().await;
        }
        NumberCommand::Show {
            phone_number_id,
            target,
        } => {
            let api = target.connect().await?;
            let path = format!("/v1/numbers/{}", encode(&phone_number_id));
            let answer = api.get(&path).await?;
            if target.json {
                output::json(&answer);
            } else {
                detail(&answer);
            }
            api.close().await;
        }
        NumberCommand::Sync(target) => {
            let api = target.connect().await?;
            let answer = api.post("/v1/numbers/sync", json!({})).await?;
            let count = answer.as_array().map_or(0, Vec::len);
            show(target.json, &answer, &format!("{count} numbers asked"));
            api.close().await;
        }
        NumberCommand::Connect {
            phone_number_id,
            waba,
            display,
            app,
            public_url,
            secrets,
            pin,
            target,
        } => {
            let given = connect::Given {
                phone_number_id,
                waba,
                display,
                app,
                public_url,
                secrets,
                pin,
            };
            return connect::run(given, &target).await;
        }
        NumberCommand::Register {
            phone_number_id,
            pin,
            target,
        } => {
            let api = target.connect().await?;
            let pin = pin::needed(pin)?;
            let path = format!("/v1/numbers/{}/register", encode(&phone_number_id));
            let answer = api.post(&path, json!({ "pin": pin })).await?;
            let line = format!("{phone_number_id} is registered: messages may leave from it");
            show(target.json, &answer, &line);
            api.close().await;
        }
        NumberCommand::Subscribe {
            phone_number_id,
            target,
        } => {
            let api = target.connect().await?;
            let path = format!("/v1/numbers/{}/subscribe", encode(&phone_number_id));
            let answer = api.post(&path, json!({})).await?;
            let line = format!("Meta sends the webhooks of {phone_number_id}'s account here");
            show(target.json, &answer, &line);
            api.close().await;
        }
        NumberCommand::Checklist { ask, target } => return checklist::run(ask, &target).await,
        NumberCommand::Add {
            phone_number_id,
            waba,
            display,
            messaging_limit,
            app,
            access_token_file,
            access_token,
            target,
        } => {
            let token = match (access_token, access_token_file) {
                (Some(token), _) => token,
                (None, Some(file)) => std::fs::read_to_string(&file)
                    .with_context(|| format!("cannot read `{}`", file.display()))?
                    .trim()
                    .to_owned(),
                (None, None) => anyhow::bail!(
                    "give the access token with PORTERO_ACCESS_TOKEN or --access-token-file"
                ),
            };
            let api = target.connect().await?;
            let body = json!({ "phone_number_id": phone_number_id, "waba_id": waba, "display": display,
                               "access_token": token, "messaging_limit": messaging_limit, "app": app });
            let answer = api.put("/v1/numbers", body).await?;
            show(
                target.json,
                &answer,
                &format!("connected {display} ({phone_number_id}); now `portero template sync`"),
            );
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One word for the table: what the restriction reaches.
fn with_restriction(mut answer: Value) -> Value {
    for number in answer.as_array_mut().into_iter().flatten() {
        // What rests reaches everything, a restriction perhaps less.
        let reach = ["resting", "restriction"]
            .iter()
            .find_map(|field| number.get(field).filter(|r| !r.is_null()))
            .map(|r| text(r, "reach"));
        if let Some(fields) = number.as_object_mut() {
            fields.insert("restricted".to_owned(), reach.unwrap_or_default().into());
        }
    }
    answer
}

fn detail(answer: &Value) {
    let empty = Value::Null;
    let number = answer.get("number").unwrap_or(&empty);
    for (title, field) in [
        ("number", "phone_number_id"),
        ("display", "display"),
        ("account", "waba_id"),
        ("name", "verified_name"),
        ("quality", "quality"),
        ("people a day", "messaging_limit"),
        ("messages a second", "mps"),
        ("app", "app"),
        ("review", "review"),
        ("stopped", "stopped"),
    ] {
        let value = text(number, field);
        if !value.is_empty() {
            output::line(&format!("{title:>18}: {value}"));
        }
    }
    for (title, field) in [("restricted", "restriction"), ("resting", "resting")] {
        let Some(r) = number.get(field).filter(|r| !r.is_null()) else {
            continue;
        };
        let until = text(r, "until");
        let until = if until.is_empty() {
            "an end Meta did not name".to_owned()
        } else {
            until
        };
        output::line(&format!(
            "{title:>18}: {} ({}) since {} until {until}",
            text(r, "what"),
            text(r, "reach"),
            text(r, "since")
        ));
    }
    for line in answer
        .get("history")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        output::line(&format!(
            "  {}  {} {} {}",
            text(line, "at"),
            text(line, "aspect"),
            text(line, "value"),
            text(line, "detail")
        ));
    }
}
