//! `portero contacts export-person` and `portero contacts erase`.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::cli::ErasureWord;
use crate::client::Target;
use crate::commands::plugin::encode;
use crate::commands::text;
use crate::output;

/// Writes one person's data as JSON.
///
/// # Errors
/// The host's words, or a file that cannot be written.
pub async fn export(who: &str, out: Option<&Path>, target: Target) -> anyhow::Result<ExitCode> {
    let api = target.connect().await?;
    let answer = api
        .get(&format!("/v1/contacts/{}/export", encode(who)))
        .await?;
    match out {
        None => output::json(&answer),
        Some(file) => {
            let document = serde_json::to_vec_pretty(&answer)?;
            std::fs::write(file, document)
                .with_context(|| format!("cannot write `{}`", file.display()))?;
            if target.json {
                output::json(&json!({ "file": file.display().to_string() }));
            } else {
                output::line(&format!("{} holds everything", file.display()));
            }
        }
    }
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Shows what erasing somebody does, asks, and does it.
///
/// # Errors
/// The host's words, or nobody to ask.
pub async fn run(
    who: &str,
    reason: ErasureWord,
    preview: bool,
    yes: bool,
    target: Target,
) -> anyhow::Result<ExitCode> {
    let api = target.connect().await?;
    let path = format!("/v1/contacts/{}", encode(who));
    let mut answer = api.get(&format!("{path}/erasure")).await?;
    let done_before = field(&answer, "erased") == &json!(true);
    if !preview && !done_before {
        if !yes {
            show(&answer);
            if !agreed(&text(&answer, "contact"))? {
                api.close().await;
                output::line("nothing was erased");
                return Ok(ExitCode::SUCCESS);
            }
        }
        let order = json!({ "reason": reason.as_str() });
        answer = api.post(&format!("{path}/erase"), order).await?;
    }
    if target.json {
        output::json(&answer);
    } else {
        show(&answer);
    }
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Asks at the terminal; without one somebody has to say so beforehand.
fn agreed(contact: &str) -> anyhow::Result<bool> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        bail!(
            "this cannot be undone and nobody is there to ask: add --yes, or --preview to only look"
        );
    }
    let mut asked = std::io::stderr();
    write!(
        asked,
        "Erase {contact}? It cannot be undone. Type `erase`: "
    )?;
    asked.flush()?;
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line.trim() == "erase")
}

/// A field of an answer; null where it is missing.
fn field<'a>(of: &'a Value, name: &str) -> &'a Value {
    of.get(name).unwrap_or(&Value::Null)
}

fn show(answer: &Value) {
    let contact = text(answer, "contact");
    let head = if field(answer, "erased") == &json!(true) {
        let back = match field(answer, "returned_at").as_str() {
            Some(at) => format!("; wrote again {at}, as another contact"),
            None => String::new(),
        };
        format!(
            "{contact} was erased {} ({}){back}",
            text(answer, "erased_at"),
            text(answer, "reason")
        )
    } else {
        format!("{contact}: nothing is erased yet; it would be")
    };
    output::line(&head);
    for (title, name) in [("goes", "removed"), ("is stopped", "stopped")] {
        output::line(&format!("\n{title}:"));
        let all = field(answer, name)
            .as_object()
            .filter(|all| !all.is_empty());
        match all {
            None => output::line("  nothing"),
            Some(all) => {
                for (kind, n) in all {
                    output::line(&format!("  {kind}  {n}"));
                }
            }
        }
    }
    output::line("\nstays:");
    for kept in field(answer, "kept").as_array().into_iter().flatten() {
        let (kind, count) = (text(kept, "kind"), text(kept, "count"));
        output::line(&format!(
            "  {kind}  {count}  {}",
            text(field(kept, "ground"), "en")
        ));
    }
    for one in field(answer, "in_flight").as_array().into_iter().flatten() {
        let (message, state) = (text(one, "message"), text(one, "state"));
        output::line(&format!("\nwith Meta: {message} is {state}"));
    }
    for one in field(answer, "deadlines").as_array().into_iter().flatten() {
        output::line(&format!(
            "\nanswer within ({}, {}): {} {}{} – {}",
            text(one, "country"),
            text(one, "request"),
            text(one, "term"),
            text(one, "unit").replace('_', " "),
            field(one, "from")
                .as_str()
                .map_or_else(String::new, |from| format!(", from {from}")),
            text(one, "law"),
        ));
    }
}
