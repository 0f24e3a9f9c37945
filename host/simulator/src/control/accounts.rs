//! Portfolios and accounts: limits, verification, misuse of categories (§3.7, §6.1).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use portero_domain::clock::{Millis, Ts};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::{Problem, read};
use crate::portfolio::tier;
use crate::rules::TIERS;
use crate::simulator::Simulator;
use crate::world::World;

fn face(world: &mut World, id: &str, now: Ts) -> Result<Value, Problem> {
    let portfolio = world
        .portfolios
        .get_mut(id)
        .ok_or_else(|| Problem::not_found("there is no such portfolio"))?;
    Ok(json!({
        "id": id,
        "limit": portfolio.is.limit,
        "verified": portfolio.is.verified,
        "people_of_24_hours": portfolio.used(now),
        "volume": portfolio.volume,
    }))
}

pub(super) async fn portfolio(
    State(simulator): State<Arc<Simulator>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    face(&mut simulator.world(), &id, now).map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    limit: Option<String>,
    #[serde(default)]
    verified: bool,
}

/// Another messaging limit, or what verification brings; told by webhook.
pub(super) async fn change(
    State(simulator): State<Arc<Simulator>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let change: Change = read(&body)?;
    let limit = match &change.limit {
        None if !change.verified => {
            return Err(Problem::unprocessable(
                "one of `limit` and `verified` is required",
            ));
        }
        None => None,
        Some(word) => Some(tier(word).ok_or_else(|| {
            let names: Vec<&str> = TIERS.iter().map(|(name, _)| *name).collect();
            Problem::unprocessable(format!("`limit` is one of {}", names.join(", ")))
        })?),
    };
    let mut world = simulator.world();
    face(&mut world, &id, now)?;
    if let Some(limit) = limit {
        world.set_tier(&id, &limit, now);
    }
    if change.verified {
        world.verify(&id, now);
    }
    let shown = face(&mut world, &id, now)?;
    drop(world);
    simulator.wake();
    Ok(Json(shown))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Misuse {
    #[serde(default = "week")]
    days: u32,
    #[serde(default)]
    sends: u32,
}

const fn week() -> u32 {
    7
}

/// Meta found utility templates that are marketing: no new ones for some days, and so many sends.
pub(super) async fn misuse(
    State(simulator): State<Arc<Simulator>>,
    Path(waba): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let wanted: Misuse = read(&body)?;
    let until = simulator.clock.now() + Millis::days(i64::from(wanted.days));
    let mut world = simulator.world();
    let id = world.by_waba.get(&waba).copied();
    let id = id.ok_or_else(|| Problem::not_found("there is no such account"))?;
    world.misused(id, until, wanted.sends);
    Ok(Json(json!({"until_at": until, "sends": wanted.sends})))
}
