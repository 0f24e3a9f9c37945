//! One file per verb. Verbs about a host's data talk to its API; none has a second way in.

pub mod app;
pub mod ask;
pub mod audit;
pub mod backup;
pub mod campaign;
pub mod config;
pub mod consent;
pub mod contacts;
pub mod doctor;
pub mod erase;
pub mod inbox;
pub mod ledger;
pub mod listen;
pub mod logs;
pub mod migrate;
pub mod number;
pub(crate) mod pages;
pub mod person;
pub mod plugin;
pub mod policy;
pub mod registry;
pub mod report;
pub mod restore;
pub mod retention;
pub mod sandbox;
pub mod segment;
pub mod serve;
pub mod shell;
pub mod sim;
pub mod simulator;
pub mod status;
pub mod stop;
pub mod template;
pub mod tenant;
pub mod tenant_move;
pub mod token;
pub mod trigger;
pub mod user;
pub mod verdicts;
pub mod webhook;

use serde_json::Value;

use crate::output;

/// A field of an answer as text.
pub(crate) fn text(value: &Value, field: &str) -> String {
    match value.get(field) {
        Some(Value::String(s)) => s.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// A list of texts in an answer as one text, with commas.
pub(crate) fn joined(value: &Value, field: &str) -> String {
    let items = value[field].as_array().into_iter().flatten();
    let texts: Vec<&str> = items.filter_map(Value::as_str).collect();
    texts.join(", ")
}

/// Prints a list as a table or as JSON.
pub(crate) fn show_list(json: bool, answer: &Value, columns: &[(&str, &str)], empty: &str) {
    if json {
        output::json(answer);
        return;
    }
    let rows = answer
        .as_array()
        .or_else(|| answer.get("items").and_then(Value::as_array));
    let Some(rows) = rows.filter(|r| !r.is_empty()) else {
        output::line(empty);
        return;
    };
    let header: Vec<&str> = columns.iter().map(|(title, _)| *title).collect();
    let rows = rows
        .iter()
        .map(|r| columns.iter().map(|(_, field)| text(r, field)).collect())
        .collect();
    output::line(&output::table(&header, rows));
}

/// Prints one line, or the answer as JSON.
pub(crate) fn show(json: bool, answer: &Value, line: &str) {
    if json {
        output::json(answer);
    } else {
        output::line(line);
    }
}
