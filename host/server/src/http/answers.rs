//! What every operation answers besides its own: said once, from what an operation takes and needs.

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use crate::http::auth::TENANT_HEADER;
use crate::http::codes;

/// Statuses of problems, each with when it comes.
const PROBLEMS: &[(u16, &str)] = &[
    (400, "The request cannot be read."),
    (401, "No access token, or none that is good."),
    (403, "The token may not do this."),
    (404, "Nothing of that name within reach of the token."),
    (409, "Not as it stands."),
    (
        412,
        "Somebody changed it since it was read; nothing was done.",
    ),
    (413, "The body is too large."),
    (415, "The body is not said to be JSON."),
    (422, "Something in it is not right; nothing was done."),
    (
        429,
        "More requests than the limits of the token, its tenant or the address allow; nothing was done.",
    ),
    (502, "Meta did not do it."),
    (503, "The database did not do it; try again."),
];

/// Operations that wait for an answer of Meta.
const ASKS_META: &[(&str, &str)] = &[
    ("post", "/v1/checklist"),
    ("post", "/v1/numbers/sync"),
    ("post", "/v1/numbers/{id}/register"),
    ("post", "/v1/numbers/{id}/subscribe"),
    ("post", "/v1/templates/sync"),
];

/// Operations that ask for no tenant, or take it from their body.
const WHOLE_SERVER: &[(&str, &str)] = &[
    ("get", "/v1/account"),
    ("get", "/v1/idle"),
    ("get", "/v1/inbox/counts"),
    ("get", "/v1/tenants"),
    ("post", "/v1/tenants"),
    ("put", "/v1/apps/{app}"),
    ("post", "/v1/clock/jump"),
    ("post", "/v1/stop"),
    ("post", "/v1/resume"),
    ("post", "/v1/tokens"),
    ("delete", "/v1/tokens/{id}"),
    ("post", "/v1/users"),
    ("delete", "/v1/users/{user}"),
    ("put", "/v1/users/{user}/role"),
    ("put", "/v1/users/{user}/password"),
];

/// Things that are read and put at one path, and carry a tag.
const TAGGED: &[&str] = &[
    "/v1/contacts/{who}",
    "/v1/policy",
    "/v1/retention",
    "/v1/settings/answer-within",
];

/// The document with the problems of each operation, and the header that names a tenant.
pub(crate) fn complete(document: &OpenApi) -> Value {
    let mut document = match serde_json::to_value(document) {
        Ok(value) => value,
        Err(error) => {
            tracing::error!(%error, "the document of the API is no JSON; this is a bug");
            return Value::Null;
        }
    };
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                extend(method, path, operation);
            }
        }
    }
    if let Some(components) = document
        .get_mut("components")
        .and_then(Value::as_object_mut)
    {
        let there = components.entry("responses").or_insert_with(|| json!({}));
        if let (Some(there), Value::Object(shared)) = (there.as_object_mut(), responses()) {
            there.extend(shared);
        }
        let parameters = json!({
            "Tenant": tenant(),
            "If-Match": header("If-Match", "`ETag` that the change was made from, or `*`: 412 unless it still holds."),
            "If-None-Match": header("If-None-Match", "`ETag` of what is known already: 304 without a body while it holds."),
        });
        components.insert("parameters".to_owned(), parameters);
    }
    document
}

fn extend(method: &str, path: &str, operation: &mut Map<String, Value>) {
    let statuses = statuses(method, path, operation);
    let condition = match method {
        "get" => "If-None-Match",
        "put" => "If-Match",
        _ => "",
    };
    let tagged = !condition.is_empty() && TAGGED.contains(&path);
    let own = operation
        .entry("responses")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Some(own) = own.as_object_mut() {
        own.remove("4XX");
        for (status, answer) in own.iter_mut() {
            if let Some(answer) = answer.as_object_mut() {
                answer
                    .entry("description")
                    .or_insert(success(status).into());
            }
        }
        if tagged && let Some(answer) = own.get_mut("200").and_then(Value::as_object_mut) {
            answer.insert("headers".to_owned(), tag());
        }
        if tagged && method == "get" {
            let same =
                json!({ "description": "Nothing else than what is known.", "headers": tag() });
            own.insert("304".to_owned(), same);
        }
        for status in statuses {
            own.entry(status.to_string()).or_insert_with(
                || json!({ "$ref": format!("#/components/responses/Refused{status}") }),
            );
        }
    }
    let named = [
        (tagged, condition),
        (!WHOLE_SERVER.contains(&(method, path)), "Tenant"),
    ];
    for (_, name) in named.into_iter().filter(|(takes, _)| *takes) {
        let parameters = operation
            .entry("parameters")
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.push(json!({ "$ref": format!("#/components/parameters/{name}") }));
        }
    }
}

/// A description is wanted of every answer.
fn success(status: &str) -> &'static str {
    match status {
        "201" => "Made.",
        "202" => "Taken in; what becomes of it is asked for apart.",
        "204" => "Done; there is nothing to show.",
        _ => "As it stands now.",
    }
}

/// What an operation may refuse with, from what it takes.
fn statuses(method: &str, path: &str, operation: &Map<String, Value>) -> Vec<u16> {
    let body = operation.get("requestBody");
    let json = body
        .and_then(|b| b.pointer("/content/application~1json"))
        .is_some();
    let takes = operation
        .get("parameters")
        .is_some_and(|p| p.as_array().is_some_and(|p| !p.is_empty()));
    let comes = |status: u16| match status {
        409 => method != "get",
        412 => method == "put" && TAGGED.contains(&path),
        413 => body.is_some(),
        415 => json,
        422 => body.is_some() || takes,
        502 => ASKS_META.contains(&(method, path)),
        _ => true,
    };
    PROBLEMS
        .iter()
        .map(|(status, _)| *status)
        .filter(|s| comes(*s))
        .collect()
}

/// A response for each status, with the codes that it may carry.
fn responses() -> Value {
    let mut all = Map::new();
    for (status, when) in PROBLEMS {
        let words = codes::of_status(*status);
        let schema = json!({ "allOf": [
            { "$ref": "#/components/schemas/Problem" },
            { "type": "object", "properties": {
                "status": { "const": status },
                "code": { "type": "string", "enum": words },
            } },
        ] });
        let mut answer = json!({
            "description": when,
            "content": { "application/problem+json": { "schema": schema } },
        });
        if *status == 429
            && let Some(answer) = answer.as_object_mut()
        {
            answer.insert("headers".to_owned(), limits());
        }
        all.insert(format!("Refused{status}"), answer);
    }
    Value::Object(all)
}

/// Headers of a refusal for the rate; the two of the limits come with every answer.
fn limits() -> Value {
    let header =
        |about: &str, kind: &str| json!({ "description": about, "schema": { "type": kind } });
    json!({
        "Retry-After": header("Seconds until a request would be taken.", "integer"),
        "RateLimit-Policy": header("The limits: name, `q` requests at once, in `w` seconds.", "string"),
        "RateLimit": header("How they stand: name, `r` requests left, `t` seconds until `q` are left again.", "string"),
    })
}

/// The header of an answer that carries a tag.
fn tag() -> Value {
    json!({ "ETag": {
        "description": "In double quotes; another word whenever what is shown is another.",
        "schema": { "type": "string" },
    } })
}

fn tenant() -> Value {
    let about = "Slug or id of the tenant that the request is about. An operator's token must name one where the server has several; a tenant's token may name its own alone.";
    header(TENANT_HEADER, about)
}

/// A parameter in a header, which may be left out.
fn header(name: &str, about: &str) -> Value {
    json!({
        "name": name,
        "in": "header",
        "required": false,
        "description": about,
        "schema": { "type": "string" },
    })
}
