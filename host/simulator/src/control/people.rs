//! People: who they are, and what they do besides writing.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::problem::{Problem, read};
use crate::arena::Id;
use crate::config::PersonConfig;
use crate::people::{Person, digits};
use crate::simulator::Simulator;
use crate::world::{Number, World};

/// The person of a path.
pub(super) fn find(world: &World, text: &str) -> Result<Id<Person>, Problem> {
    world
        .find_person(text)
        .ok_or_else(|| Problem::not_found("nobody has this number, user id or username"))
}

/// The number of a body: `phone_number_id`, or the number itself.
pub(super) fn find_number(world: &World, text: &str) -> Result<Id<Number>, Problem> {
    world
        .by_number
        .get(text)
        .copied()
        .or_else(|| {
            let wanted = digits(text);
            world
                .numbers
                .iter()
                .find(|(_, number)| number.is.display == wanted)
                .map(|(id, _)| id)
        })
        .ok_or_else(|| Problem::not_found("`number` is no phone number id of this world"))
}

/// Everybody but strangers.
pub(super) fn all(world: &World, now: Ts) -> Vec<Value> {
    world
        .people
        .iter()
        .filter(|(_, person)| !person.stranger)
        .map(|(id, _)| show(world, id, now))
        .collect()
}

fn show(world: &World, id: Id<Person>, now: Ts) -> Value {
    let person = &world.people[id];
    let windows: Map<String, Value> = world
        .threads
        .iter()
        .filter(|((_, who), thread)| *who == id && thread.window_open(now))
        .map(|((number, _), thread)| {
            (
                world.numbers[*number].is.phone_number_id.clone(),
                json!(thread.opened_at.map(|at| at + crate::thread::WINDOW)),
            )
        })
        .collect();
    json!({
        "name": person.is.name,
        "wa_id": person.is.wa_id,
        "user_id": person.is.user_id,
        "user_ids": person.user_ids,
        "username": person.is.username,
        "online": person.is.online,
        "receipts": person.is.receipts,
        "chat_open": person.is.chat_open,
        "on_whatsapp": person.is.on_whatsapp,
        "holdout": person.is.holdout,
        "not_interested": person.appetite.wants_less,
        "marketing_stopped": person.marketing_stopped.keys().collect::<Vec<_>>(),
        "windows_close_at": windows,
    })
}

pub(super) async fn list(State(simulator): State<Arc<Simulator>>) -> Json<Value> {
    let now = simulator.clock.now();
    Json(json!({"people": all(&simulator.world(), now)}))
}

pub(super) async fn one(
    State(simulator): State<Arc<Simulator>>,
    Path(person): Path<String>,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let world = simulator.world();
    let id = find(&world, &person)?;
    Ok(Json(show(&world, id, now)))
}

/// Makes a person, or changes the one with this `wa_id` or `user_id`: only the fields given.
pub(super) async fn upsert(
    State(simulator): State<Arc<Simulator>>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let given: Map<String, Value> = read(&body)?;
    let text = |key: &str| given.get(key).and_then(Value::as_str);
    let mut world = simulator.world();
    let known = text("wa_id")
        .or(text("user_id"))
        .and_then(|address| world.find_person(address))
        .filter(|id| !world.people[*id].stranger);
    let id = match known {
        Some(id) => {
            change(&mut world, id, &given, now)?;
            id
        }
        None => {
            let config: PersonConfig = serde_json::from_value(Value::Object(given))
                .map_err(|error| Problem::unprocessable(error.to_string()))?;
            adopt_stranger(&mut world, &config);
            world
                .add_person(config, now)
                .map_err(|error| Problem::unprocessable(error.to_string()))?
        }
    };
    let shown = show(&world, id, now);
    drop(world);
    simulator.wake();
    Ok(Json(shown))
}

/// A number that was written to before it had an owner is free to be taken.
fn adopt_stranger(world: &mut World, config: &PersonConfig) {
    let key = config
        .wa_id
        .as_deref()
        .and_then(|wa_id| AddressKey::parse(wa_id).ok());
    if let Some(key) = key
        && let Some(id) = world.by_phone.get(&key).copied()
        && world.people[id].stranger
    {
        world.by_phone.remove(&key);
    }
}

fn change(
    world: &mut World,
    id: Id<Person>,
    given: &Map<String, Value>,
    now: Ts,
) -> Result<(), Problem> {
    let before = serde_json::to_value(&world.people[id].is)
        .map_err(|error| Problem::unprocessable(error.to_string()))?;
    let Value::Object(mut fields) = before else {
        return Err(Problem::unprocessable("the person cannot be changed"));
    };
    for (key, value) in given {
        // Identities change by events that the business is told about.
        if !matches!(key.as_str(), "wa_id" | "user_id") {
            fields.insert(key.clone(), value.clone());
        }
    }
    let after: PersonConfig = serde_json::from_value(fields.into())
        .map_err(|error| Problem::unprocessable(error.to_string()))?;
    let comes_online = after.online && !world.people[id].is.online;
    world.people[id].is = after;
    if comes_online {
        world.deliver_waiting(id, now);
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Preference {
    number: String,
    value: String,
}

/// "Offers and announcements": stop or resume (§5.3).
pub(super) async fn preference(
    State(simulator): State<Arc<Simulator>>,
    Path(person): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let wanted: Preference = read(&body)?;
    let mut world = simulator.world();
    let id = find(&world, &person)?;
    let number = find_number(&world, &wanted.number)?;
    let stop = match wanted.value.as_str() {
        "stop" => true,
        "resume" => false,
        _ => return Err(Problem::unprocessable("`value` is `stop` or `resume`")),
    };
    world.prefer(number, id, stop, now);
    drop(world);
    simulator.wake();
    Ok(Json(json!({"value": wanted.value})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    number: String,
    #[serde(default = "yes")]
    value: bool,
}

const fn yes() -> bool {
    true
}

/// The person blocks the number, or with `false` unblocks it; the business is told nothing.
pub(super) async fn block(
    State(simulator): State<Arc<Simulator>>,
    Path(person): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let wanted: Block = read(&body)?;
    let mut world = simulator.world();
    let id = find(&world, &person)?;
    let number = find_number(&world, &wanted.number)?;
    if wanted.value {
        world.block(number, id, now);
    } else {
        world.thread(number, id).blocked = false;
    }
    drop(world);
    simulator.wake();
    Ok(Json(json!({"blocked": wanted.value})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    number: String,
    #[serde(default)]
    block: bool,
}

/// The person reports the number, and blocks it too when asked; the business is told nothing.
pub(super) async fn report(
    State(simulator): State<Arc<Simulator>>,
    Path(person): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let wanted: Report = read(&body)?;
    let mut world = simulator.world();
    let id = find(&world, &person)?;
    let number = find_number(&world, &wanted.number)?;
    world.complained(number, id, now);
    if wanted.block {
        world.block(number, id, now);
    }
    drop(world);
    simulator.wake();
    Ok(Json(json!({"reported": true, "blocked": wanted.block})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Interest {
    value: String,
}

/// "Not interested" or "interested": no webhook, another cap (§5.3).
pub(super) async fn interest(
    State(simulator): State<Arc<Simulator>>,
    Path(person): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let wanted: Interest = read(&body)?;
    let less = match wanted.value.as_str() {
        "less" => true,
        "more" => false,
        _ => return Err(Problem::unprocessable("`value` is `less` or `more`")),
    };
    let mut world = simulator.world();
    let id = find(&world, &person)?;
    world.people[id].appetite.wants_less = less;
    Ok(Json(json!({"value": wanted.value})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNumber {
    /// Absent for somebody whose phone the business never sees.
    #[serde(default)]
    wa_id: Option<String>,
}

/// The person changes their phone number: new wa_id, new user ids, a `system` message (§2.3).
pub(super) async fn number(
    State(simulator): State<Arc<Simulator>>,
    Path(person): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let wanted: NewNumber = read(&body)?;
    let mut world = simulator.world();
    let id = find(&world, &person)?;
    let key = match &wanted.wa_id {
        None => None,
        Some(text) => Some(
            AddressKey::parse(text)
                .ok()
                .filter(|key| !key.is_bsuid())
                .ok_or_else(|| Problem::unprocessable("`wa_id` is no phone number"))?,
        ),
    };
    let to = wanted.wa_id.as_deref().zip(key);
    world.change_to(id, to, now)?;
    let shown = show(&world, id, now);
    drop(world);
    simulator.wake();
    Ok(Json(shown))
}
