//! Lists that come in pages: their cursors are followed until there are rows enough.

use serde_json::{Value, json};

use crate::client::Api;
use crate::commands::plugin::encode;
use crate::commands::{show_list, text};
use crate::output;

/// Most rows of one page.
const PAGE: usize = 200;

/// Which rows of a list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Part<'a> {
    /// How many; all of them without.
    pub(crate) rows: Option<usize>,
    /// `next_cursor` of the part before.
    pub(crate) after: Option<&'a str>,
}

/// A part of a list: `{"items": […], "next_cursor": "…"}`, however many pages it takes.
///
/// # Errors
/// The host's words.
pub(crate) async fn read(
    api: &Api,
    path: &str,
    filters: &[(&str, Option<&str>)],
    part: Part<'_>,
) -> anyhow::Result<Value> {
    let mut asked = String::new();
    for (name, value) in filters {
        if let Some(value) = value {
            asked.push_str(&format!("&{name}={}", encode(value)));
        }
    }
    let mut items: Vec<Value> = Vec::new();
    let mut after = part.after.map(str::to_owned);
    loop {
        let left = part
            .rows
            .map_or(PAGE, |rows| rows.saturating_sub(items.len()));
        let cursor = after.map_or_else(String::new, |c| format!("&after={}", encode(&c)));
        let page = format!("{path}?limit={}{asked}{cursor}", left.clamp(1, PAGE));
        let mut answer = api.get(&page).await?;
        if let Some(rows) = answer.get_mut("items").and_then(Value::as_array_mut) {
            items.append(rows);
        }
        after = answer
            .get("next_cursor")
            .and_then(Value::as_str)
            .map(str::to_owned);
        if after.is_none() || part.rows.is_some_and(|rows| items.len() >= rows) {
            return Ok(match after {
                Some(next) => json!({ "items": items, "next_cursor": next }),
                None => json!({ "items": items }),
            });
        }
    }
}

/// The whole of a list as a table or as JSON.
///
/// # Errors
/// The host's words.
pub(crate) async fn show_all(
    api: &Api,
    json: bool,
    path: &str,
    columns: &[(&str, &str)],
    empty: &str,
) -> anyhow::Result<()> {
    let answer = read(api, path, &[], Part::default()).await?;
    show_list(json, &answer, columns, empty);
    Ok(())
}

/// Prints a part of a list: rows as a table, and where it goes on.
pub(crate) fn show(
    json: bool,
    answer: &Value,
    header: &[&str],
    row: impl Fn(&Value) -> Vec<String>,
    empty: &str,
) {
    if json {
        output::json(answer);
        return;
    }
    let items = answer.get("items").and_then(Value::as_array);
    match items.filter(|items| !items.is_empty()) {
        Some(items) => output::line(&output::table(header, items.iter().map(row).collect())),
        None => output::line(empty),
    }
    let next = text(answer, "next_cursor");
    if !next.is_empty() {
        output::line(&format!("older: --after {next}"));
    }
}
