//! Pages of a list: `limit`, `after`, `before`, `paging` (§3.1).

use serde_json::{Map, Value, json};

use super::Call;
use crate::errors::GraphError;

const DEFAULT_LIMIT: usize = 25;
const MAX_LIMIT: usize = 1_000;

/// The part of a list that the query asks for, with the way to the next part.
pub(super) fn of(call: &Call, all: Vec<Value>) -> Result<Value, GraphError> {
    let limit = match call.query.get("limit") {
        None => DEFAULT_LIMIT,
        Some(text) => match text.parse::<usize>() {
            Ok(limit) if limit > 0 => limit.min(MAX_LIMIT),
            _ => return Err(GraphError::new(100, "limit must be a positive number")),
        },
    };
    let cursor = |key: &str| match call.query.get(key).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(cursor) => from_cursor(cursor)
            .map(Some)
            .ok_or_else(|| GraphError::new(100, format!("{key} is no cursor of this list"))),
    };
    let total = all.len();
    let (start, end) = match (cursor("after")?, cursor("before")?) {
        (None, Some(before)) => {
            let end = before.min(total);
            (end.saturating_sub(limit), end)
        }
        (after, _) => {
            let start = after.unwrap_or(0).min(total);
            (start, start.saturating_add(limit).min(total))
        }
    };
    let page: Vec<Value> = all.into_iter().skip(start).take(end - start).collect();
    let mut body = Map::new();
    body.insert("data".into(), page.into());
    if end > start {
        let link = |key: &str, at: usize| {
            let query = call.query.with_cursor(key, &to_cursor(at));
            Value::from(format!("{}{}?{query}", call.origin, call.raw_path))
        };
        let mut paging = Map::new();
        paging.insert(
            "cursors".into(),
            json!({"before": to_cursor(start), "after": to_cursor(end)}),
        );
        if end < total {
            paging.insert("next".into(), link("after", end));
        }
        if start > 0 {
            paging.insert("previous".into(), link("before", start));
        }
        body.insert("paging".into(), paging.into());
    }
    Ok(body.into())
}

fn to_cursor(at: usize) -> String {
    hex::encode(format!("t{at}"))
}

fn from_cursor(text: &str) -> Option<usize> {
    let bytes = hex::decode(text).ok()?;
    String::from_utf8(bytes)
        .ok()?
        .strip_prefix('t')?
        .parse()
        .ok()
}
