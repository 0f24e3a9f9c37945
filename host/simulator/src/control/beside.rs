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
struct Quality {
    quality: String,
}

/// The quality of a number. Meta tells when it becomes low and when that ends, and nothing between.
pub(super) async fn quality(
    State(simulator): State<Arc<Simulator>>,
    Path(number): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let wanted: Quality = read(&body)?;
    let quality = quality_word(&wanted.quality).map_err(Problem::unprocessable)?;
    let mut world = simulator.world();
    let id = find_number(&world, &number)?;
    let waba = world.numbers[id].waba;
    let number = &mut world.numbers[id].is;
    let before = std::mem::replace(&mut number.quality, quality.clone());
    let display = number.display.clone();
    let event = match (before == "RED", quality == "RED") {
        (false, true) => Some("FLAGGED"),
        (true, false) => Some("UNFLAGGED"),
        _ => None,
    };
    if let Some(event) = event {
        let value = json!({ "display_phone_number": display, "event": event });
        world.tell_waba(waba, "phone_number_quality_update", value, now);
    }
    drop(world);
    simulator.wake();
    Ok(Json(json!({ "quality": quality, "told": event })))
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
    world.tell_waba(id, field, news.value, now);
    drop(world);
    simulator.wake();
    Ok(Json(json!({ "field": field })))
}
