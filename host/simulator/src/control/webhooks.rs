//! Webhooks: what was sent, once more, and where to.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::look::Limit;
use super::problem::{Asked, Problem, read};
use crate::simulator::Simulator;
use crate::webhooks::post;

/// One line per attempt, newest last, with the body as it went over the wire.
pub(super) async fn log(
    State(simulator): State<Arc<Simulator>>,
    Asked(limit): Asked<Limit>,
) -> Json<Value> {
    let world = simulator.world();
    let skip = world.outbox.log.len().saturating_sub(limit.limit);
    let list: Vec<Value> = world
        .outbox
        .log
        .iter()
        .skip(skip)
        .map(|line| {
            json!({
                "nth": line.nth,
                "at": line.at,
                "fields": line.fields,
                "attempts": line.attempts,
                "bytes": line.bytes,
                "outcome": line.outcome,
                "body": line.body.as_deref().map(String::from_utf8_lossy),
            })
        })
        .collect();
    Json(json!({"webhooks": list, "delivered": world.outbox.delivered}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replay {
    #[serde(default = "one")]
    last: usize,
    /// One of the log by its `nth`, delivered or not.
    #[serde(default)]
    nth: Option<u64>,
}

const fn one() -> usize {
    1
}

/// Sends one body of the log, or the last delivered ones, again, byte for byte.
pub(super) async fn replay(
    State(simulator): State<Arc<Simulator>>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let wanted: Replay = read(&body)?;
    let now = simulator.clock.now();
    let queued = simulator.world().replay(wanted.nth, wanted.last, now);
    if queued == 0 && wanted.nth.is_some() {
        return Err(Problem::not_found(
            "the log of webhooks has no body with this `nth`",
        ));
    }
    simulator.wake();
    Ok(Json(json!({"queued": queued})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Callback {
    url: Option<String>,
}

/// Sets where webhooks go; `null` for nowhere.
pub(super) async fn callback(
    State(simulator): State<Arc<Simulator>>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let wanted: Callback = read(&body)?;
    if let Some(url) = &wanted.url {
        reqwest::Url::parse(url)
            .map_err(|error| Problem::unprocessable(format!("`url`: {error}")))?;
    }
    simulator.world().config.callback_url = wanted.url.clone();
    simulator.wake();
    Ok(Json(json!({"url": wanted.url})))
}

/// Sends the GET handshake to the callback (§2.1) and says whether it echoed the challenge.
pub(super) async fn verify(
    State(simulator): State<Arc<Simulator>>,
) -> Result<Json<Value>, Problem> {
    let (url, token, challenge) = {
        let mut world = simulator.world();
        let url = world
            .config
            .callback_url
            .clone()
            .ok_or_else(|| Problem::conflict("no callback is set"))?;
        let challenge = world.chance.object_id("challenge");
        (url, world.config.verify_token.clone(), challenge)
    };
    match post::verify(&simulator.http, &url, &token, &challenge).await {
        Ok(()) => Ok(Json(json!({"verified": true}))),
        Err(why) => Ok(Json(json!({"verified": false, "why": why}))),
    }
}
