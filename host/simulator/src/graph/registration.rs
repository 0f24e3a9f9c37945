//! `register` and `deregister` of a number (§7.6, §9): with the PIN that it has, or gets by it; ten tries
//! in 72 hours.

use portero_domain::clock::{Millis, Ts};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Call;
use super::answer::Answer;
use super::auth::{self, Permission};
use crate::errors::GraphError;
use crate::simulator::Simulator;

/// Tries, right or wrong, that a number has …
const TRIES: usize = 10;
/// … in this time.
const WITHIN: Millis = Millis::hours(72);

/// What the pretend Meta remembers of a number's registrations.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Registrations {
    /// Of two-step verification, once there is one. It outlives a deregistration.
    pin: Option<String>,
    tries: Vec<Ts>,
}

impl Registrations {
    fn tried(&mut self, now: Ts) -> Result<(), GraphError> {
        self.tries.retain(|at| now < *at + WITHIN);
        if self.tries.len() >= TRIES {
            return Err(GraphError::new(
                133_016,
                "the number was registered or deregistered too often; wait 72 hours",
            ));
        }
        self.tries.push(now);
        Ok(())
    }
}

/// The PIN of a body; what it is never stands in an answer.
fn pin(body: &[u8]) -> Result<String, GraphError> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| GraphError::new(100, "the request body is no JSON"))?;
    if body.get("messaging_product").and_then(Value::as_str) != Some("whatsapp") {
        return Err(GraphError::new(100, "messaging_product must be whatsapp"));
    }
    let pin = body.get("pin").and_then(Value::as_str).unwrap_or_default();
    if pin.len() != 6 || !pin.bytes().all(|b| b.is_ascii_digit()) {
        return Err(GraphError::new(100, "pin must have 6 digits"));
    }
    Ok(pin.to_owned())
}

pub(super) fn register(simulator: &Simulator, call: &Call, id: &str) -> Result<Answer, GraphError> {
    let now = simulator.clock.now();
    let mut world = simulator.world();
    let token = auth::token(&world, call, Permission::Management)?;
    let number = auth::number(&world, token, id)?;
    let pin = pin(&call.body)?;
    let number = &mut world.numbers[number];
    number.registrations.tried(now)?;
    if *number.registrations.pin.get_or_insert_with(|| pin.clone()) != pin {
        return Err(GraphError::new(
            133_005,
            "the PIN is not that of the number",
        ));
    }
    number.is.registered = true;
    Ok(json!({"success": true}).into())
}

pub(super) fn deregister(
    simulator: &Simulator,
    call: &Call,
    id: &str,
) -> Result<Answer, GraphError> {
    let now = simulator.clock.now();
    let mut world = simulator.world();
    let token = auth::token(&world, call, Permission::Management)?;
    let number = auth::number(&world, token, id)?;
    let number = &mut world.numbers[number];
    if !number.is.registered {
        return Err(GraphError::new(133_010, "the number is not registered"));
    }
    number.registrations.tried(now)?;
    number.is.registered = false;
    Ok(json!({"success": true}).into())
}

/// The body of a request as the log of requests may keep it.
pub(super) fn without_pin(mut body: Value) -> Value {
    if let Some(pin) = body.get_mut("pin") {
        *pin = Value::String("(not kept)".to_owned());
    }
    body
}
