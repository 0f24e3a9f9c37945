//! What a request was given, whichever way it travels: JSON, a form, multipart, the query (§1).

use std::convert::Infallible;

use axum::body::Bytes;
use serde_json::{Map, Value};

use super::Call;
use super::query::Query;
use crate::errors::GraphError;

/// Parts of one multipart body at most.
const MAX_PARTS: usize = 32;

/// One part of a multipart body.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) mime: Option<String>,
    /// It has a file name, or a type of its own.
    pub(super) is_file: bool,
    pub(super) bytes: Bytes,
}

impl Part {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).trim().to_owned()
    }
}

/// The parts of a multipart body; fields of another kind of body count as parts without a file.
pub(super) async fn parts(call: &Call) -> Result<Vec<Part>, GraphError> {
    let boundary = call
        .content_type
        .as_deref()
        .and_then(|kind| multer::parse_boundary(kind).ok());
    let Some(boundary) = boundary else {
        return Ok(with_query(call)?.into_iter().map(plain).collect());
    };
    let unreadable = |error: multer::Error| {
        GraphError::new(100, format!("the multipart body cannot be read: {error}"))
    };
    let body = call.body.clone();
    let stream = futures_util::stream::once(async move { Ok::<_, Infallible>(body) });
    let mut multipart = multer::Multipart::new(stream, boundary);
    let mut out = Vec::new();
    while let Some(field) = multipart.next_field().await.map_err(unreadable)? {
        if out.len() == MAX_PARTS {
            return Err(GraphError::new(
                100,
                "the multipart body has too many parts",
            ));
        }
        let mime = field.content_type().map(ToString::to_string);
        out.push(Part {
            name: field.name().unwrap_or("").to_owned(),
            is_file: field.file_name().is_some() || mime.is_some(),
            mime,
            bytes: field.bytes().await.map_err(unreadable)?,
        });
    }
    // Some clients put `messaging_product` into the query.
    for (key, text) in call.query.pairs() {
        if !out.iter().any(|part| part.name == key) {
            out.push(plain((key.to_owned(), text.into())));
        }
    }
    Ok(out)
}

fn plain((name, value): (String, Value)) -> Part {
    Part {
        name,
        mime: None,
        is_file: false,
        bytes: value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
            .into(),
    }
}

/// The body as one object: JSON, or the fields of a form, whose nested values are JSON texts.
///
/// A body of another type has no fields for Graph, so what is required is missing then.
pub(super) fn object(call: &Call) -> Result<Map<String, Value>, GraphError> {
    if call.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let kind = call.content_type.as_deref().map(crate::media_types::base);
    match kind.as_deref() {
        Some("application/x-www-form-urlencoded") => Ok(form(&call.body)),
        // Clients that name no type at all mean JSON.
        None => json(&call.body),
        Some(kind) if kind == "application/json" || kind.ends_with("+json") => json(&call.body),
        Some(_) => Ok(Map::new()),
    }
}

fn json(bytes: &[u8]) -> Result<Map<String, Value>, GraphError> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Ok(fields
            .into_iter()
            .map(|(key, value)| match value {
                Value::String(text) => {
                    let value = nested(&key, &text);
                    (key, value.unwrap_or_else(|| text.into()))
                }
                value => (key, value),
            })
            .collect()),
        Ok(_) => Err(GraphError::new(
            100,
            "the request body must be a JSON object",
        )),
        Err(error) => Err(GraphError::new(
            100,
            format!("the request body is no JSON: {error}"),
        )),
    }
}

fn form(bytes: &[u8]) -> Map<String, Value> {
    Query::parse(&String::from_utf8_lossy(bytes))
        .pairs()
        .map(|(key, text)| {
            let value = nested(key, text).unwrap_or_else(|| text.into());
            (key.to_owned(), value)
        })
        .collect()
}

/// Parameters that are objects or lists.
const STRUCTURED: &[&str] = &[
    "text",
    "image",
    "audio",
    "video",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "interactive",
    "template",
    "context",
    "typing_indicator",
    "components",
    "block_users",
    "websites",
    "hsm_ids",
];

/// Graph takes such a parameter as the JSON text of it too, in forms and within JSON.
fn nested(key: &str, text: &str) -> Option<Value> {
    if !STRUCTURED.contains(&key) || !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// Parameters of Graph itself, which every call may have in its query.
const GRAPH: &[&str] = &[
    "access_token",
    "appsecret_proof",
    "appsecret_time",
    "date_format",
    "debug",
    "fields",
    "format",
    "include_headers",
    "locale",
    "pretty",
    "suppress_http_code",
];

/// The body's fields and, behind them, those of the query: Graph takes a parameter from either.
pub(super) fn with_query(call: &Call) -> Result<Map<String, Value>, GraphError> {
    let mut out = object(call)?;
    for (key, text) in call.query.pairs() {
        if !GRAPH.contains(&key) && !out.contains_key(key) {
            out.insert(key.to_owned(), text.into());
        }
    }
    Ok(out)
}
