//! Trouble on demand.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde_json::{Map, Value};

use super::problem::{Problem, read};
use crate::faults::Faults;
use crate::simulator::Simulator;

pub(super) async fn show(State(simulator): State<Arc<Simulator>>) -> Json<Faults> {
    Json(simulator.world().faults.clone())
}

/// Sets the fields that are given and keeps the others; answers with all of them.
pub(super) async fn set(
    State(simulator): State<Arc<Simulator>>,
    body: Bytes,
) -> Result<Json<Faults>, Problem> {
    let given: Map<String, Value> = read(&body)?;
    let unprocessable = |error: serde_json::Error| Problem::unprocessable(error.to_string());
    let mut world = simulator.world();
    let mut merged = serde_json::to_value(&world.faults).map_err(unprocessable)?;
    if let Some(fields) = merged.as_object_mut() {
        fields.extend(given);
    }
    let faults: Faults = serde_json::from_value(merged).map_err(unprocessable)?;
    faults.check().map_err(Problem::unprocessable)?;
    world.faults = faults.clone();
    drop(world);
    simulator.wake();
    Ok(Json(faults))
}
