//! What Meta does to templates: status, quality, category, events.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::problem::{Problem, read};
use crate::arena::Id;
use crate::simulator::Simulator;
use crate::templates::{Template, category_word, quality_word, status_word};
use crate::world::World;

fn find(
    world: &World,
    (waba, name, language): &(String, String, String),
) -> Result<Id<Template>, Problem> {
    world
        .by_waba
        .get(waba)
        .and_then(|waba| {
            world
                .by_template
                .get(&(*waba, name.clone(), language.clone()))
        })
        .copied()
        .ok_or_else(|| Problem::not_found("this account has no such template in this language"))
}

fn face(template: &Template) -> Value {
    json!({
        "id": template.id,
        "name": template.name,
        "language": template.language,
        "category": template.category,
        "status": template.status,
        "quality": template.quality,
        "pauses": template.pauses,
        "paced": template.pacing.is_some(),
    })
}

pub(super) async fn show(
    State(simulator): State<Arc<Simulator>>,
    Path(which): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let world = simulator.world();
    let id = find(&world, &which)?;
    Ok(Json(face(&world.templates[id])))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// New status, told by `message_template_status_update`.
    #[serde(default)]
    status: Option<String>,
    /// An event of that webhook that changes no status, such as `FLAGGED`.
    #[serde(default)]
    event: Option<String>,
    /// `reason` of that webhook.
    #[serde(default)]
    reason: Option<String>,
    /// Write the language with a hyphen in that webhook, as Meta sometimes does.
    #[serde(default)]
    hyphen: bool,
    /// New quality score; RED pauses, the third time disables.
    #[serde(default)]
    quality: Option<String>,
    /// New category.
    #[serde(default)]
    category: Option<String>,
    /// New text of the body, told by `message_template_components_update`.
    #[serde(default)]
    body: Option<String>,
    /// `good` or `bad`: what becomes of messages that are held (§3.6).
    #[serde(default)]
    pacing: Option<String>,
    /// Announce the category 24 h ahead instead of changing it now.
    #[serde(default)]
    notice: bool,
}

pub(super) async fn change(
    State(simulator): State<Arc<Simulator>>,
    Path(which): Path<(String, String, String)>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let now = simulator.clock.now();
    let change: Change = read(&body)?;
    let status = word(change.status, status_word)?;
    let quality = word(change.quality, quality_word)?;
    let category = word(change.category, category_word)?;
    let pacing = match change.pacing.as_deref() {
        None => None,
        Some("good") => Some(true),
        Some("bad") => Some(false),
        Some(_) => return Err(Problem::unprocessable("`pacing` is `good` or `bad`")),
    };
    let told = [
        &status,
        &quality,
        &category,
        &change.event,
        &change.body,
        &change.pacing,
    ];
    if told.into_iter().all(Option::is_none) {
        return Err(Problem::unprocessable(
            "one of `status`, `event`, `quality`, `category`, `body` and `pacing` is required",
        ));
    }
    let mut world = simulator.world();
    let id = find(&world, &which)?;
    let mut extra = Map::new();
    if let Some(reason) = change.reason {
        extra.insert("reason".into(), reason.into());
    }
    if change.hyphen {
        let language = world.templates[id].language.replace('_', "-");
        extra.insert("message_template_language".into(), language.into());
    }
    if let Some(body) = change.body {
        world.set_template_body(id, &body, now);
    }
    if let Some(category) = category {
        world.set_template_category(id, &category, change.notice, now);
    }
    if let Some(good) = pacing {
        world.end_pacing(id, good, now);
    }
    if let Some(quality) = quality {
        world.set_template_quality(id, &quality, now);
    }
    if let Some(status) = status {
        if let Some(reason) = extra.get("reason").filter(|_| status == "REJECTED") {
            let reason = reason.clone();
            world.templates[id]
                .extra
                .insert("rejected_reason".into(), reason);
        }
        world.set_template_status(id, &status, extra.clone(), now);
    }
    if let Some(event) = change.event {
        world.template_event(id, &event.to_ascii_uppercase(), extra, now);
    }
    let shown = face(&world.templates[id]);
    drop(world);
    simulator.wake();
    Ok(Json(shown))
}

fn word(
    given: Option<String>,
    check: impl Fn(&str) -> Result<String, String>,
) -> Result<Option<String>, Problem> {
    given
        .map(|word| check(&word))
        .transpose()
        .map_err(Problem::unprocessable)
}
