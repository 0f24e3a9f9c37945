//! Writing, tapping, and reading a chat as the person sees it, or one message.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::look::message;
use super::people::{find, find_number};
use super::problem::{Asked, Problem, read};
use crate::simulator::Simulator;
use crate::taps::Target;

/// `{number, type, …}` as in the webhook; answers `{wamid}`.
pub(super) async fn say(
    State(simulator): State<Arc<Simulator>>,
    Path(person): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let body: Map<String, Value> = read(&body)?;
    let number = body
        .get("number")
        .and_then(Value::as_str)
        .ok_or_else(|| Problem::unprocessable("`number` is required: a phone number id"))?;
    let mut world = simulator.world();
    let id = find(&world, &person)?;
    let number = find_number(&world, number)?;
    let wamid = world.say(number, id, &body, now)?;
    drop(world);
    simulator.wake();
    Ok(Json(json!({"wamid": wamid})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tap {
    number: String,
    message: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    index: Option<usize>,
}

/// `{number, message, id | index}`; answers `{wamid}` of the person's reply.
pub(super) async fn tap(
    State(simulator): State<Arc<Simulator>>,
    Path(person): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let tap: Tap = read(&body)?;
    let target = match (tap.id, tap.index) {
        (Some(id), _) => Target::Named(id),
        (None, Some(index)) => Target::At(index),
        (None, None) => {
            return Err(Problem::unprocessable(
                "`id` (of the button or row) or `index` is required",
            ));
        }
    };
    let mut world = simulator.world();
    let id = find(&world, &person)?;
    let number = find_number(&world, &tap.number)?;
    let wamid = world.tap(number, id, &tap.message, &target, now)?;
    drop(world);
    simulator.wake();
    Ok(Json(json!({"wamid": wamid})))
}

#[derive(Deserialize)]
pub(super) struct Which {
    number: String,
}

/// Both directions, oldest first.
pub(super) async fn thread(
    State(simulator): State<Arc<Simulator>>,
    Path(person): Path<String>,
    Asked(which): Asked<Which>,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let world = simulator.world();
    let id = find(&world, &person)?;
    let number = find_number(&world, &which.number)?;
    let thread = world.threads.get(&(number, id));
    let messages: Vec<Value> = thread
        .into_iter()
        .flat_map(|thread| &thread.messages)
        .map(|id| message(&world, *id))
        .collect();
    let closes_at = thread
        .filter(|thread| thread.window_open(now))
        .and_then(|thread| thread.opened_at)
        .map(|at| at + crate::thread::WINDOW);
    Ok(Json(json!({
        "number": world.numbers[number].is.phone_number_id,
        "now_at": now,
        "window_closes_at": closes_at,
        "blocked": thread.is_some_and(|thread| thread.blocked),
        "typing": thread
            .and_then(|thread| thread.typing_until)
            .is_some_and(|until| now < until),
        "messages": messages,
    })))
}

/// One message of either side, as the list shows it.
pub(super) async fn one(
    State(simulator): State<Arc<Simulator>>,
    Path(wamid): Path<String>,
) -> Result<Json<Value>, Problem> {
    let world = simulator.world();
    let id = world.by_wamid.get(&wamid).copied();
    let id = id.ok_or_else(|| Problem::not_found("there is no such message"))?;
    Ok(Json(message(&world, id)))
}
