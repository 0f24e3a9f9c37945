//! Business time: read it, move it forward.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use portero_domain::clock::{Millis, Ts};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::{Problem, read};
use crate::simulator::Simulator;

fn face(simulator: &Simulator) -> Value {
    let now = simulator.clock.now();
    json!({
        "now_at": now,
        "now": now.rfc3339(),
        "lease_at": simulator.clock.lease_now(),
        "jumpable": simulator.steering.moves(),
        "paused": simulator.steering.paused(),
    })
}

pub(super) async fn show(State(simulator): State<Arc<Simulator>>) -> Json<Value> {
    Json(face(&simulator))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct To {
    /// RFC 3339.
    #[serde(default)]
    now: Option<String>,
    /// Unix milliseconds.
    #[serde(default)]
    now_at: Option<i64>,
}

/// Sets the time to a later instant.
pub(super) async fn set(
    State(simulator): State<Arc<Simulator>>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let to: To = read(&body)?;
    let target = match (to.now_at, to.now) {
        (Some(at), _) => Ts(at),
        (None, Some(text)) => Ts::parse_rfc3339(&text)
            .map_err(|error| Problem::unprocessable(format!("`now`: {error}")))?,
        (None, None) => {
            return Err(Problem::unprocessable(
                "`now` (RFC 3339) or `now_at` (Unix milliseconds) is required",
            ));
        }
    };
    let by = target.since(simulator.clock.now());
    move_by(&simulator, by).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Jump {
    ms: i64,
}

/// Moves time forward by so many milliseconds.
pub(super) async fn jump(
    State(simulator): State<Arc<Simulator>>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let jump: Jump = read(&body)?;
    move_by(&simulator, jump.ms).await
}

async fn move_by(simulator: &Simulator, ms: i64) -> Result<Json<Value>, Problem> {
    if simulator.steering.moves() && ms < 0 {
        return Err(Problem::unprocessable("time does not go back"));
    }
    if !simulator.move_clock(Millis(ms)).await {
        return Err(Problem::conflict(
            "this simulator runs on a clock that does not jump",
        ));
    }
    Ok(Json(face(simulator)))
}

/// Time stands still until it runs or jumps.
pub(super) async fn pause(State(simulator): State<Arc<Simulator>>) -> Result<Json<Value>, Problem> {
    hold(&simulator, true)
}

/// Time goes on from where it stood.
pub(super) async fn run(State(simulator): State<Arc<Simulator>>) -> Result<Json<Value>, Problem> {
    hold(&simulator, false)
}

fn hold(simulator: &Simulator, still: bool) -> Result<Json<Value>, Problem> {
    if !simulator.steering.hold(still) {
        return Err(Problem::conflict(
            "a host lives by this clock too: it is not stopped here",
        ));
    }
    simulator.wake();
    Ok(Json(face(simulator)))
}
