//! Looking: the world, the requests seen, the messages, whether anything is under way.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::people;
use super::problem::{Asked, Problem, read};
use crate::arena::Id;
use crate::messages::{Direction, Message};
use crate::simulator::{IdleReport, Simulator};
use crate::world::World;

/// `?limit=`, newest last.
#[derive(Deserialize)]
pub(super) struct Limit {
    #[serde(default = "hundred")]
    pub(super) limit: usize,
}

const fn hundred() -> usize {
    100
}

/// `?whole=true`.
#[derive(Deserialize)]
pub(super) struct Whole {
    #[serde(default)]
    whole: bool,
}

pub(super) async fn world(
    State(simulator): State<Arc<Simulator>>,
    Asked(asked): Asked<Whole>,
) -> Result<Json<Value>, Problem> {
    if asked.whole {
        return save(&simulator).await.map(Json);
    }
    Ok(Json(summary(&simulator)))
}

/// A saved world; waits a while for webhooks that are on their way.
async fn save(simulator: &Simulator) -> Result<Value, Problem> {
    for _ in 0..200 {
        if let Some(saved) = simulator.save() {
            return saved.map_err(|error| Problem::conflict(error.to_string()));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(Problem::conflict(
        "webhooks are on their way; hold them with `pause_webhooks` of /_sim/faults and try again",
    ))
}

/// Puts a saved world in place of this one.
pub(super) async fn load(
    State(simulator): State<Arc<Simulator>>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let document: Value = read(&body)?;
    let at = simulator
        .load(document)
        .await
        .map_err(|error| Problem::unprocessable(error.to_string()))?;
    Ok(Json(json!({"loaded": true, "now_at": at})))
}

/// The world as it was configured.
pub(super) async fn reset(State(simulator): State<Arc<Simulator>>) -> Result<Json<Value>, Problem> {
    simulator
        .reset()
        .map_err(|error| Problem::conflict(error.to_string()))?;
    Ok(Json(json!({"reset": true})))
}

fn summary(simulator: &Simulator) -> Value {
    let now = simulator.clock.now();
    let world = simulator.world();
    let wabas: Vec<Value> = world
        .wabas
        .iter()
        .map(|(id, waba)| {
            let numbers: Vec<Value> = waba
                .numbers
                .iter()
                .map(|number| {
                    let number = &world.numbers[*number];
                    json!({
                        "phone_number_id": number.is.phone_number_id,
                        "display": number.is.display,
                        "verified_name": number.is.verified_name,
                        "mps": number.rate.mps(),
                        "registered": number.is.registered,
                        "quality": number.is.quality,
                    })
                })
                .collect();
            let templates: Vec<Value> = world
                .templates
                .iter()
                .filter(|(_, template)| template.waba == id)
                .map(|(_, template)| {
                    json!({
                        "id": template.id,
                        "name": template.name,
                        "language": template.language,
                        "category": template.category,
                        "status": template.status,
                        "quality": template.quality,
                    })
                })
                .collect();
            json!({
                "id": waba.is.id,
                "portfolio": waba.is.portfolio,
                "name": waba.is.name,
                "subscribed": waba.is.subscribed,
                "callback_url": world.callback_of(id),
                "payment_method": waba.is.payment_method,
                "numbers": numbers,
                "templates": templates,
            })
        })
        .collect();
    let portfolios: Vec<Value> = world
        .portfolios
        .values()
        .map(|one| json!({"id": one.is.id, "limit": one.is.limit, "verified": one.is.verified}))
        .collect();
    json!({
        "now_at": now,
        "callback_url": world.config.callback_url,
        "webhooks_delivered": world.outbox.delivered,
        "wabas": wabas,
        "people": people::all(&world, now),
        "faults": world.faults,
        "portfolios": portfolios,
    })
}

pub(super) async fn idle(State(simulator): State<Arc<Simulator>>) -> Json<IdleReport> {
    Json(simulator.idle())
}

/// Tokens are never part of it: they travel in headers, which are not kept.
pub(super) async fn requests(
    State(simulator): State<Arc<Simulator>>,
    Asked(limit): Asked<Limit>,
) -> Json<Value> {
    let world = simulator.world();
    let skip = world.seen.len().saturating_sub(limit.limit);
    let list: Vec<Value> = world
        .seen
        .iter()
        .skip(skip)
        .map(|seen| {
            json!({
                "at": seen.at,
                "method": seen.method,
                "path": seen.path,
                "status": seen.status,
                "code": seen.code,
                "answered": seen.answered,
                "body": seen.body,
            })
        })
        .collect();
    Json(json!({"requests": list}))
}

pub(super) async fn messages(
    State(simulator): State<Arc<Simulator>>,
    Asked(limit): Asked<Limit>,
) -> Json<Value> {
    let world = simulator.world();
    let skip = world.messages.len().saturating_sub(limit.limit);
    let list: Vec<Value> = world
        .messages
        .ids()
        .skip(skip)
        .map(|id| message(&world, id))
        .collect();
    Json(json!({"messages": list, "total": world.messages.total()}))
}

/// One message as the control API shows it.
pub(super) fn message(world: &World, id: Id<Message>) -> Value {
    let message = &world.messages[id];
    let person = &world.people[message.person];
    let mut out = json!({
        "wamid": message.wamid,
        "direction": message.direction,
        "number": world.numbers[message.number].is.phone_number_id,
        "wa_id": person.is.wa_id,
        "user_id": person.user_id(world.portfolio_of(message.number)),
        "at": message.at,
        "type": message.kind,
        "content": message.content,
    });
    if let Some(fields) = out.as_object_mut() {
        match message.direction {
            Direction::Outbound => {
                fields.insert("statuses".into(), json!(message.statuses));
                fields.insert("biz_opaque_callback_data".into(), json!(message.opaque));
                if let Some(template) = message.template {
                    let template = &world.templates[template];
                    fields.insert(
                        "template".into(),
                        json!({
                            "components": template.components,
                            "category": template.category,
                        }),
                    );
                }
            }
            Direction::Inbound => {
                fields.insert("read_at".into(), json!(message.read_at));
            }
        }
    }
    out
}
