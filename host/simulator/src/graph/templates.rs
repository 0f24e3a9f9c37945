//! `GET /{WABA_ID}/message_templates` (§3.1): filters, fields, pages.

use serde_json::{Map, Value, json};

use super::Call;
use super::answer::Answer;
use super::auth::{self, Permission};
use crate::errors::GraphError;
use crate::simulator::Simulator;
use crate::templates::Template;

const DEFAULT_FIELDS: &str = "name,parameter_format,components,language,status,category";
const DEFAULT_LIMIT: usize = 25;
const MAX_LIMIT: usize = 1_000;

pub(super) fn list(simulator: &Simulator, call: &Call, waba: &str) -> Result<Answer, GraphError> {
    let world = simulator.world();
    let token = auth::token(&world, call, Permission::Management)?;
    let waba = auth::waba(&world, token, waba)?;
    let limit = match call.query.get("limit") {
        None => DEFAULT_LIMIT,
        Some(text) => match text.parse::<usize>() {
            Ok(limit) if limit > 0 => limit.min(MAX_LIMIT),
            _ => return Err(GraphError::new(100, "limit must be a positive number")),
        },
    };
    let start = match call.query.get("after") {
        None => 0,
        Some(cursor) => from_cursor(cursor)
            .ok_or_else(|| GraphError::new(100, "after is no cursor of this list"))?,
    };
    let all: Vec<&Template> = world
        .templates
        .iter()
        .map(|(_, template)| template)
        .filter(|template| template.waba == waba && wanted(call, template))
        .collect();
    let page: Vec<Value> = all
        .iter()
        .skip(start)
        .take(limit)
        .map(|template| fields(call, template))
        .collect::<Result<_, _>>()?;
    let end = start.saturating_add(page.len());
    let mut body = json!({"data": page});
    if let Some(out) = body.as_object_mut()
        && end > start
    {
        let mut paging = json!({"cursors": {"before": to_cursor(start), "after": to_cursor(end)}});
        if end < all.len()
            && let Some(paging) = paging.as_object_mut()
        {
            let query = call.query.with_cursor(&to_cursor(end));
            paging.insert(
                "next".into(),
                format!("{}{}?{query}", call.origin, call.raw_path).into(),
            );
        }
        out.insert("paging".into(), paging);
    }
    Ok(body.into())
}

fn wanted(call: &Call, template: &Template) -> bool {
    let is = |key: &str, has: &str| {
        call.query
            .get(key)
            .is_none_or(|wanted| wanted.split(',').any(|w| w.eq_ignore_ascii_case(has)))
    };
    // Meta's name filter finds parts of names.
    let named = call
        .query
        .get("name")
        .is_none_or(|part| template.name.contains(&part.to_lowercase()));
    named
        && is("status", &template.status)
        && is("category", &template.category)
        && is("language", &template.language)
        && is("quality_score", &template.quality)
        && call.query.get("source").is_none_or(|source| {
            template.extra.get("source").and_then(Value::as_str) == Some(source)
        })
}

/// The fields that were asked for; `id` is always there.
pub(super) fn fields(call: &Call, template: &Template) -> Result<Value, GraphError> {
    let mut out = Map::new();
    for field in call
        .query
        .get("fields")
        .unwrap_or(DEFAULT_FIELDS)
        .split(',')
        .map(str::trim)
        .filter(|field| !field.is_empty())
    {
        let value = template.field(field).ok_or_else(|| {
            GraphError::new(
                100,
                format!(
                    "tried accessing nonexisting field ({}) on node type (WhatsAppMessageTemplate)",
                    field.chars().take(64).collect::<String>()
                ),
            )
        })?;
        // Graph leaves out what it has nothing to say about.
        if !value.is_null() {
            out.insert(field.to_owned(), value);
        }
    }
    out.insert("id".into(), template.id.clone().into());
    Ok(out.into())
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
