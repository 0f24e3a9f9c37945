//! What happens beside messages: calls, Meta's own agent, the quality of numbers, news of accounts.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::people::{find, find_number};
use super::problem::{Problem, read};
use crate::errors;
use crate::fate::Due;
use crate::simulator::Simulator;
use crate::templates::quality_word;

/// Fields about an account whose values are told as they are given.
const FIELDS: &[&str] = &[
    "account_alerts",
    "account_offboarded",
    "account_reconnected",
    "account_review_update",
    "account_update",
    "automatic_events",
    "business_capability_update",
    "business_username_updates",
    "flows",
    "history",
    "phone_number_name_update",
    "security",
    "smb_app_state_sync",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    number: String,
}

/// The person calls the number and hangs up: that opens the window (§2.5).
pub(super) async fn call(
    State(simulator): State<Arc<Simulator>>,
    Path(person): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let wanted: Call = read(&body)?;
    let mut world = simulator.world();
    let id = find(&world, &person)?;
    let number = find_number(&world, &wanted.number)?;
    if world.thread(number, id).blocked {
        return Err(Problem::conflict("this person blocked the number"));
    }
    world.thread(number, id).opened_at = Some(now);
    let call = world.chance.wamid().replacen("wamid", "wacid", 1);
    for event in ["connect", "terminate"] {
        let mut item = Map::new();
        item.insert("id".into(), call.clone().into());
        item.insert("event".into(), event.into());
        item.insert("direction".into(), "USER_INITIATED".into());
        world.tell_listed(number, id, "calls", item, now);
    }
    drop(world);
    simulator.wake();
    Ok(Json(json!({ "call": call })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Agent {
    number: String,
    value: bool,
}

/// Meta's own agent takes the chat, or leaves it.
pub(super) async fn agent(
    State(simulator): State<Arc<Simulator>>,
    Path(person): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let wanted: Agent = read(&body)?;
    let mut world = simulator.world();
    let id = find(&world, &person)?;
    let number = find_number(&world, &wanted.number)?;
    world.thread(number, id).agent = wanted.value;
    if wanted.value {
        world.tell_listed(number, id, "messaging_handovers", Map::new(), now);
    }
    drop(world);
    simulator.wake();
    Ok(Json(json!({ "agent": wanted.value })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dials {
    #[serde(default)]
    quality: Option<String>,
    #[serde(default)]
    mps: Option<u32>,
}

/// The quality of a number, or a higher throughput: a minute of maintenance, then it is there (§6.2).
pub(super) async fn dials(
    State(simulator): State<Arc<Simulator>>,
    Path(number): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let wanted: Dials = read(&body)?;
    if wanted.quality.is_none() && wanted.mps.is_none() {
        return Err(Problem::unprocessable(
            "one of `quality` and `mps` is required",
        ));
    }
    if wanted.mps == Some(0) {
        return Err(Problem::unprocessable("`mps` must be at least 1"));
    }
    let quality = wanted.quality.as_deref().map(quality_word).transpose();
    let quality = quality.map_err(Problem::unprocessable)?;
    let mut world = simulator.world();
    let id = find_number(&world, &number)?;
    let mut told = None;
    if let Some(quality) = &quality {
        told = world.set_number_quality(id, quality, now);
    }
    if let Some(mps) = wanted.mps {
        let until = now.plus_ms(world.config.timings.maintenance_ms);
        world.numbers[id].maintenance_until = until;
        world.queue.push(until, Due::Faster(id, mps));
    }
    let shown = json!({
        "quality": world.numbers[id].is.quality,
        "told": told,
        "maintenance_until": wanted.mps.map(|_| world.numbers[id].maintenance_until),
    });
    drop(world);
    simulator.wake();
    Ok(Json(shown))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Echo {
    to: String,
    text: String,
}

/// Somebody of the business writes from the WhatsApp Business app (`smb_message_echoes`, §2.5).
pub(super) async fn echo(
    State(simulator): State<Arc<Simulator>>,
    Path(number): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let wanted: Echo = read(&body)?;
    let mut world = simulator.world();
    let number = find_number(&world, &number)?;
    let person = find(&world, &wanted.to)?;
    let wamid = world.tell_echo(number, person, &wanted.text, now);
    drop(world);
    simulator.wake();
    Ok(Json(json!({ "wamid": wamid })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    code: i64,
}

/// The number's next message is accepted and fails afterwards, with one of Meta's codes.
pub(super) async fn fail(
    State(simulator): State<Arc<Simulator>>,
    Path(number): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let failure: Failure = read(&body)?;
    if !errors::is_known(failure.code) {
        let said = format!("`{}` is none of Meta's error codes", failure.code);
        return Err(Problem::unprocessable(said));
    }
    let mut world = simulator.world();
    let id = find_number(&world, &number)?;
    let fails = &mut world.numbers[id].fails;
    fails.push_back(failure.code);
    Ok(Json(
        json!({ "code": failure.code, "waiting": fails.len() }),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct News {
    field: String,
    value: Value,
}

/// News of an account, its value as it is given.
pub(super) async fn news(
    State(simulator): State<Arc<Simulator>>,
    Path(waba): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let news: News = read(&body)?;
    let field = FIELDS.iter().copied().find(|f| *f == news.field);
    let field = field.ok_or_else(|| {
        Problem::unprocessable(format!("`field` is one of {}", FIELDS.join(", ")))
    })?;
    let mut world = simulator.world();
    let id = world
        .by_waba
        .get(&waba)
        .copied()
        .ok_or_else(|| Problem::not_found("there is no such account"))?;
    world.account_news(id, field, &news.value);
    world.tell_waba(id, field, news.value, now);
    drop(world);
    simulator.wake();
    Ok(Json(json!({ "field": field })))
}
