//! `GET /_sim/openapi.json`: the control paths, from the one list of them.

use axum::Json;
use serde_json::{Map, Value, json};

use super::routes::{self, Field, Operation};

pub(super) async fn show() -> Json<Value> {
    Json(document())
}

/// OpenAPI 3.1 of everything under `/_sim`.
fn document() -> Value {
    let mut paths = Map::new();
    for route in routes::all() {
        let mut methods = Map::new();
        for operation in &route.operations {
            methods.insert(operation.method.to_owned(), one(route.path, operation));
        }
        paths.insert(format!("/_sim{}", route.path), methods.into());
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Simulator control",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What only a simulator can do. No token; keep it on loopback.",
        },
        "paths": paths,
        "components": {"schemas": {"Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string", "description": "what to do about it"},
            },
        }}},
    })
}

fn one(path: &str, operation: &Operation) -> Value {
    let mut parameters: Vec<Value> = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
        })
        .collect();
    let mut out = Map::new();
    out.insert("summary".into(), operation.about.into());
    if operation.method == "get" {
        parameters.extend(operation.fields.iter().map(|field| {
            json!({
                "name": field.name,
                "in": "query",
                "required": field.required,
                "description": field.about,
                "schema": schema(field),
            })
        }));
    } else {
        out.insert(
            "requestBody".into(),
            json!({"content": {"application/json": {"schema": body(operation)}}}),
        );
    }
    out.insert("parameters".into(), parameters.into());
    out.insert(
        "responses".into(),
        json!({
            "200": {
                "description": "done",
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            "default": {
                "description": "not done",
                "content": {"application/problem+json": {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                }},
            },
        }),
    );
    out.into()
}

fn body(operation: &Operation) -> Value {
    let mut properties = Map::new();
    for field in &operation.fields {
        let mut schema = schema(field);
        if let Some(fields) = schema.as_object_mut() {
            fields.insert("description".into(), field.about.into());
        }
        properties.insert(field.name.to_owned(), schema);
    }
    let required: Vec<&str> = operation
        .fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": operation.open,
    })
}

/// A field's type; an optional one may be null, and one without a type is anything.
fn schema(field: &Field) -> Value {
    match (field.kind, field.required) {
        ("", _) => json!({}),
        (kind, true) => json!({"type": kind}),
        (kind, false) => json!({"type": [kind, "null"]}),
    }
}
