//! `portero wording`.

use std::process::ExitCode;

use anyhow::bail;
use serde_json::{Map, Value};

use crate::cli::WordingCommand;
use crate::commands::plugin::encode;
use crate::commands::text;
use crate::output;

/// Runs the verb.
///
/// # Errors
/// The host's words, or a version that is not there.
pub async fn run(command: WordingCommand) -> anyhow::Result<ExitCode> {
    match command {
        WordingCommand::List(target) => {
            let api = target.connect().await?;
            let answer = api.get("/v1/wordings").await?;
            if target.json {
                output::json(&answer);
            } else {
                list(rows(&answer));
            }
            api.close().await;
        }
        WordingCommand::Show { name, target } => {
            let (name, only) = named(&name);
            let api = target.connect().await?;
            let mut answer = api.get(&format!("/v1/wordings/{}", encode(name))).await?;
            if let (Some(only), Some(all)) = (only, answer.as_array_mut()) {
                all.retain(|v| v.get("version") == Some(&Value::from(only)));
                if all.is_empty() {
                    bail!(
                        "there is no version {only} of `{name}`; see `portero wording show {name}`"
                    );
                }
            }
            if target.json {
                output::json(&answer);
            } else {
                rows(&answer).iter().for_each(version);
            }
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A name, and the version behind it.
fn named(text: &str) -> (&str, Option<u32>) {
    let parts = text.rsplit_once('@');
    match parts.and_then(|(name, version)| Some((name, version.parse().ok()?))) {
        Some((name, version)) => (name, Some(version)),
        None => (text, None),
    }
}

fn rows(answer: &Value) -> &[Value] {
    answer.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn texts(version: &Value) -> Map<String, Value> {
    let texts = version.get("texts").and_then(Value::as_object);
    texts.cloned().unwrap_or_default()
}

/// `2 a week`.
fn promise(version: &Value) -> String {
    let promise = version.get("promise").cloned().unwrap_or_default();
    format!("{} a {}", text(&promise, "max"), text(&promise, "per"))
}

fn name(version: &Value) -> String {
    format!("{}@{}", text(version, "name"), text(version, "version"))
}

fn list(all: &[Value]) {
    if all.is_empty() {
        output::line("no wordings yet; PUT /v1/wordings adds one");
        return;
    }
    let row = |v: &Value| {
        let languages: Vec<String> = texts(v).keys().cloned().collect();
        let now = match v.get("newest") {
            Some(Value::Bool(true)) => "yes",
            _ => "",
        };
        vec![name(v), languages.join(", "), promise(v), now.to_owned()]
    };
    let header = ["wording", "languages", "at most", "shown now"];
    output::line(&output::table(&header, all.iter().map(row).collect()));
}

fn version(of: &Value) {
    let now = match of.get("newest") {
        Some(Value::Bool(true)) => ", shown now",
        _ => "",
    };
    output::line(&format!("{}: at most {}{now}", name(of), promise(of)));
    for (language, says) in texts(of) {
        output::line(&format!("  {language}  {}", text(&says, "body")));
        output::line(&format!(
            "      [{}] [{}]",
            text(&says, "yes"),
            text(&says, "no")
        ));
        output::line(&format!("      after a yes: {}", text(&says, "thanks")));
        output::line(&format!("      sha256 {}", text(&says, "sha256")));
    }
}
