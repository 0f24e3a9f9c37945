//! `block_users` of a number (§5.3): only who wrote within 24 hours; each person for themselves.

use portero_domain::address::AddressKey;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::auth::{self, Permission};
use super::{Call, page, params};
use crate::arena::Id;
use crate::errors::GraphError;
use crate::people::{Person, digits};
use crate::simulator::Simulator;
use crate::world::{Number, World};

/// People one call may name.
const MAX_USERS: usize = 1_000;
/// People one number may have blocked.
const MAX_BLOCKED: usize = 64_000;

pub(super) fn list(simulator: &Simulator, call: &Call, number: &str) -> Result<Answer, GraphError> {
    let world = simulator.world();
    let token = auth::token(&world, call, Permission::Messaging)?;
    let number = auth::number(&world, token, number)?;
    let all: Vec<Value> = world.numbers[number]
        .blocked
        .iter()
        .map(|person| {
            let mut one = identity(&world, number, *person);
            one.insert("messaging_product".into(), "whatsapp".into());
            one.into()
        })
        .collect();
    Ok(page::of(call, all)?.into())
}

pub(super) fn add(simulator: &Simulator, call: &Call, number: &str) -> Result<Answer, GraphError> {
    change(simulator, call, number, true)
}

pub(super) fn remove(
    simulator: &Simulator,
    call: &Call,
    number: &str,
) -> Result<Answer, GraphError> {
    change(simulator, call, number, false)
}

fn change(
    simulator: &Simulator,
    call: &Call,
    number: &str,
    block: bool,
) -> Result<Answer, GraphError> {
    let now = simulator.clock.now();
    let mut world = simulator.world();
    let token = auth::token(&world, call, Permission::Messaging)?;
    let number = auth::number(&world, token, number)?;
    let users = users(&params::with_query(call)?)?;
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for input in users {
        let person = AddressKey::parse(&input)
            .ok()
            .and_then(|_| world.find_person(&input))
            .filter(|id| world.people[*id].is.on_whatsapp);
        let refusal = match person {
            None => Some((131_026, "the user cannot be reached on WhatsApp")),
            // Only somebody who wrote within the last 24 hours can be blocked.
            Some(id) if block && !world.window_open(number, id, now) => Some((
                131_047,
                "only users who wrote to this number within the last 24 hours can be blocked",
            )),
            Some(_) if block && world.numbers[number].blocked.len() >= MAX_BLOCKED => {
                Some((139_101, "this number has blocked as many users as it may"))
            }
            Some(_) => None,
        };
        let mut one = Map::new();
        one.insert("input".into(), input.clone().into());
        match person {
            Some(id) => one.extend(identity(&world, number, id)),
            None => {
                one.insert("wa_id".into(), digits(&input).into());
            }
        }
        match (refusal, person) {
            (None, Some(id)) => {
                let blocked = &mut world.numbers[number].blocked;
                blocked.retain(|known| *known != id);
                if block {
                    blocked.push(id);
                }
                done.push(Value::Object(one));
            }
            (refusal, _) => {
                let (code, why) = refusal.unwrap_or((131_026, ""));
                one.insert(
                    "errors".into(),
                    json!([GraphError::new(code, why).in_status()]),
                );
                failed.push(Value::Object(one));
            }
        }
    }
    Ok(answer(&mut world, block, done, failed))
}

/// With somebody who failed the answer is an error beside what was done.
fn answer(world: &mut World, block: bool, done: Vec<Value>, failed: Vec<Value>) -> Answer {
    let mut users = Map::new();
    let key = if block {
        "added_users"
    } else {
        "removed_users"
    };
    users.insert(key.into(), done.into());
    let mut body = Map::new();
    body.insert("messaging_product".into(), "whatsapp".into());
    let mut status = 200;
    if !failed.is_empty() {
        users.insert("failed_users".into(), failed.into());
        let error = GraphError::new(
            139_100,
            "some users failed; see failed_users for each of them",
        );
        status = error.http();
        let trace = world.chance.fbtrace_id();
        if let Some(error) = error.body(&trace).get("error") {
            body.insert("error".into(), error.clone());
        }
    }
    body.insert("block_users".into(), users.into());
    Answer {
        status,
        ..Answer::from(Value::Object(body))
    }
}

fn users(body: &Map<String, Value>) -> Result<Vec<String>, GraphError> {
    if body.get("messaging_product").and_then(Value::as_str) != Some("whatsapp") {
        return Err(GraphError::parameter(
            "The parameter messaging_product is required.",
        ));
    }
    let list = body
        .get("block_users")
        .and_then(Value::as_array)
        .ok_or_else(|| GraphError::parameter("The parameter block_users is required."))?;
    if list.is_empty() || list.len() > MAX_USERS {
        return Err(GraphError::new(
            100,
            format!("block_users must have 1 to {MAX_USERS} elements"),
        ));
    }
    list.iter()
        .enumerate()
        .map(|(at, one)| {
            ["user", "user_id"]
                .iter()
                .find_map(|key| one.get(*key).and_then(Value::as_str))
                .map(str::to_owned)
                .ok_or_else(|| {
                    GraphError::new(131_008, format!("block_users[{at}].user is required"))
                })
        })
        .collect()
}

fn identity(world: &World, number: Id<Number>, person: Id<Person>) -> Map<String, Value> {
    let who = &world.people[person];
    let mut out = Map::new();
    if let Some(wa_id) = &who.is.wa_id {
        out.insert("wa_id".into(), wa_id.clone().into());
    } else if let Some(user_id) = who.user_id(world.portfolio_of(number)) {
        out.insert("user_id".into(), user_id.into());
    }
    out
}
