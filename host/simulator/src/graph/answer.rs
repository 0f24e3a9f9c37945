//! Answers with Meta's headers (§1.7), and the answer that never comes.

use axum::body::{Body, Bytes};
use axum::http::{Response, StatusCode};
use portero_domain::clock::Ts;
use serde_json::{Value, json};

use super::Call;
use crate::webhooks::wire;
use crate::world::World;

/// A success; `lost` when the connection is to close without it.
pub(crate) struct Answer {
    pub(crate) body: Value,
    /// Sent instead of the body.
    pub(crate) file: Option<File>,
    /// 200, but for answers that tell of a part that failed.
    pub(crate) status: u16,
    pub(crate) lost: bool,
}

/// A downloaded file.
pub(crate) struct File {
    pub(crate) mime: String,
    pub(crate) bytes: Bytes,
}

impl From<Value> for Answer {
    fn from(body: Value) -> Answer {
        Answer {
            body,
            file: None,
            status: 200,
            lost: false,
        }
    }
}

/// What `x-business-use-case-usage` says (§1.7): of the account that the call was about.
pub(super) fn usage_of(world: &World, call: &Call, now: Ts) -> Option<Value> {
    let id = call.path.first()?;
    let waba = world
        .by_number
        .get(id)
        .map(|number| world.numbers[*number].waba)
        .or_else(|| world.by_waba.get(id).copied())?;
    let waba = &world.wabas[waba];
    let limit = world.config.management_calls_per_hour;
    let usage = |kind: &str, percent: usize, minutes: i64| {
        json!({
            "type": kind,
            "call_count": percent,
            "total_cputime": 1,
            "total_time": 1,
            "estimated_time_to_regain_access": minutes,
        })
    };
    let mut out = serde_json::Map::new();
    out.insert(
        waba.is.id.clone(),
        json!([
            usage(
                "whatsapp_business_management",
                waba.usage.percent(limit, now),
                waba.usage.regain_minutes(limit, now),
            ),
            usage("whatsapp", 1, 0),
        ]),
    );
    Some(out.into())
}

/// JSON escaped as Meta sends it (§2.2), or the bytes of a file.
pub(super) fn respond(
    status: u16,
    body: &Value,
    file: Option<File>,
    fbtrace_id: &str,
    usage: Option<Value>,
    version: Option<u32>,
) -> Response<Body> {
    let (mime, bytes) = match file {
        Some(file) => (file.mime, Body::from(file.bytes)),
        None => (
            "application/json; charset=UTF-8".to_owned(),
            Body::from(wire::encode(body)),
        ),
    };
    let mut response = Response::new(bytes);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    };
    set("content-type", mime);
    set(
        "facebook-api-version",
        format!("v{}.0", version.unwrap_or(25)),
    );
    set("x-fb-trace-id", fbtrace_id.to_owned());
    set("x-fb-request-id", fbtrace_id.to_owned());
    set(
        "x-app-usage",
        json!({"call_count": 0, "total_cputime": 0, "total_time": 0}).to_string(),
    );
    if let Some(usage) = usage {
        set("x-business-use-case-usage", usage.to_string());
    }
    response
}

/// A body that breaks at once: the server has sent nothing yet and closes the connection.
pub(super) fn hang_up() -> Response<Body> {
    let broken = futures_util::stream::once(async {
        Err::<String, std::io::Error>(std::io::Error::other("answer dropped on demand"))
    });
    Response::new(Body::from_stream(broken))
}
