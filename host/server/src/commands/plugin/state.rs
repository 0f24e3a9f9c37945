//! `portero plugin show|enable|disable`: how one does, and switching it.

use std::process::ExitCode;

use anyhow::bail;
use serde_json::{Value, json};

use super::inspect::made_of;
use super::install::signed;
use crate::client::{Api, Target};
use crate::commands::{show as said, text};
use crate::output;

/// Shows one plugin.
///
/// # Errors
/// The host's words, or that no such plugin is installed.
pub(super) async fn show(plugin: &str, lang: &str, target: Target) -> anyhow::Result<ExitCode> {
    let api = target.connect().await?;
    let id = installation(&api, plugin).await?;
    let answer = api.get(&format!("/v1/plugins/{id}")).await?;
    let mut answer = answer;
    let parts = api.get(&format!("/v1/plugins/{id}/parts")).await?;
    if let Some(answer) = answer.as_object_mut() {
        let parts = parts.get("parts").cloned().unwrap_or_default();
        answer.insert("parts".to_owned(), parts);
    }
    if target.json {
        output::json(&answer);
    } else {
        print(&answer, lang);
    }
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Switches one on or off: `enable` or `disable`.
///
/// # Errors
/// As [`show`].
pub(super) async fn switch(plugin: &str, how: &str, target: Target) -> anyhow::Result<ExitCode> {
    let api = target.connect().await?;
    let id = installation(&api, plugin).await?;
    let path = format!("/v1/plugins/{id}/{how}");
    let answer = api.post(&path, json!({})).await?;
    let line = match how {
        "enable" => format!("{plugin} is asked again, from the next message on"),
        _ => format!("{plugin} is asked no more; `portero plugin enable {plugin}` lifts it"),
    };
    said(target.json, &answer, &line);
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

/// The installation meant: by its id or its plugin's.
///
/// # Errors
/// The host's words, or that no such plugin is installed.
pub(super) async fn installation(api: &Api, named: &str) -> anyhow::Result<String> {
    let all = api.get("/v1/plugins").await?;
    let all: Vec<&Value> = all.as_array().into_iter().flatten().collect();
    let meant = |p: &&&Value| text(p, "plugin") == named || text(p, "id") == named;
    if let Some(found) = all.iter().find(meant) {
        return Ok(text(found, "id"));
    }
    if all.is_empty() {
        bail!("no plugin is installed; `portero plugin install --help`");
    }
    let known: Vec<String> = all.iter().map(|p| text(p, "plugin")).collect();
    bail!("no plugin `{named}`; installed: {}", known.join(", "))
}

fn list<'a>(answer: &'a Value, place: &str) -> impl Iterator<Item = &'a Value> {
    let list = answer.pointer(place).and_then(Value::as_array);
    list.into_iter().flatten()
}

fn print(answer: &Value, lang: &str) {
    let word = |value: &Value, field: &str| value.get(field).map(|w| text(w, lang));
    output::line(&format!(
        "{} {} · {} · {}",
        text(answer, "plugin"),
        text(answer, "version"),
        text(answer, "kind"),
        text(answer, "id")
    ));
    let from = match text(answer, "source") {
        file if file.is_empty() => file,
        address => format!(", fetched from {address}"),
    };
    output::line(&format!("{}{from}", signed(answer)));
    let description = text(answer, "description");
    if !description.is_empty() {
        output::line(&description);
    }
    output::line(&made_of(answer));
    let health = answer.get("health").cloned().unwrap_or_default();
    output::line(&format!(
        "{}: {}",
        text(&health, "state"),
        standing(&health)
    ));
    for p in list(answer, "/permissions") {
        let granted = p.get("granted") == Some(&Value::Bool(true));
        let about: Vec<&str> = list(p, "/about").filter_map(Value::as_str).collect();
        let about = match about.is_empty() {
            true => String::new(),
            false => format!(" ({})", about.join(", ")),
        };
        output::line(&format!(
            "  {} {} · {}{about}{}: {}",
            if granted { "may" } else { "may not" },
            text(p, "id"),
            word(p, "means").unwrap_or_default(),
            match text(p, "used").as_str() {
                "never" => " · granted, and it cannot use it: take it back",
                "not_seen" => " · granted, and not seen to be used: take it back?",
                _ => "",
            },
            text(p, "reason")
        ));
    }
    let rows: Vec<Vec<String>> = list(&health, "/calls")
        .map(|c| vec![text(c, "outcome"), text(c, "calls")])
        .collect();
    if !rows.is_empty() {
        output::line(&output::table(&["its newest calls ended", "calls"], rows));
    }
    let rows: Vec<Vec<String>> = list(&health, "/said")
        .map(|s| {
            let title = word(s, "title").unwrap_or_default();
            vec![
                text(s, "verdict"),
                text(s, "rule"),
                title,
                text(s, "proposals"),
            ]
        })
        .collect();
    if rows.is_empty() {
        output::line("it has proposed nothing");
    } else {
        let header = ["of its newest proposals", "rule", "why", "proposals"];
        output::line(&output::table(&header, rows));
    }
    for fault in list(answer, "/faults") {
        output::line(&format!("{} {}", text(fault, "at"), text(fault, "outcome")));
    }
}

/// Why it is asked or not, and how that ends.
fn standing(health: &Value) -> String {
    let failures = text(health, "failures");
    match text(health, "state").as_str() {
        "off" => "it is not asked until somebody switches it on".to_owned(),
        "stopped" => {
            let ms = health.get("stopped_ms").and_then(Value::as_i64);
            let secs = ms.unwrap_or_default() / 1_000;
            format!(
                "it failed {failures} times in a row and was set aside; it is tried again in {secs} s, a new version at once"
            )
        }
        "degraded" => format!("it failed {failures} times in a row; at five it is set aside"),
        _ => "it is asked like the others".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_says_how_it_ends() {
        let said =
            |state: &str| standing(&json!({ "state": state, "failures": 5, "stopped_ms": 61_000 }));
        assert!(said("stopped").contains("in 61 s"));
        assert!(said("degraded").contains("5 times"));
        assert!(said("off").contains("switches it on"));
        assert!(said("ok").contains("like the others"));
    }
}
