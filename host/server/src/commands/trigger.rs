//! `portero trigger`: the simulated outside world does something.

use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::cli::TriggerArgs;
use crate::commands::{show, text};

/// Runs the verb.
///
/// # Errors
/// The host's words, also that its outside world is real.
pub async fn run(args: TriggerArgs) -> anyhow::Result<ExitCode> {
    let api = args.target.connect().await?;
    let given = [
        ("event", Some(json!(args.event))),
        ("number", args.number.map(Value::from)),
        ("person", args.person.map(Value::from)),
        ("text", args.text.map(Value::from)),
        ("message", args.message.map(Value::from)),
        ("button", args.button.map(Value::from)),
        ("code", args.code.map(Value::from)),
        ("template", args.template.map(Value::from)),
        ("language", args.language.map(Value::from)),
        ("quality", args.quality.map(Value::from)),
    ];
    let body: Map<String, Value> = given
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    let answer = api.post("/v1/trigger", Value::Object(body)).await?;
    show(args.target.json, &answer, &text(&answer, "did"));
    api.close().await;
    Ok(ExitCode::SUCCESS)
}
