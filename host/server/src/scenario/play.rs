//! Plays a scenario from its first step to its last and says what did not hold.

use std::ops::Range;

use portero_domain::clock::{Millis, Ts};
use portero_sandbox::Inspection;
use serde_json::{Map, Value, json};

use super::compare::{Happened, closest, fits, leftovers, same};
use super::file::{Entry, File, Scenario, Step, to_json};
use super::look::{Before, Seen};
use super::world::Scene;

/// A scenario that was played.
#[derive(Debug)]
pub struct Played {
    /// How many steps there are.
    pub steps: usize,
    /// What did not hold, in order.
    pub failures: Vec<Failure>,
    /// Most fuel of one call.
    pub fuel: u64,
    /// Most memory of one call, in bytes.
    pub memory: u64,
    /// Lists that differ: where they stand in the text, and what happened instead.
    pub(super) updates: Vec<(Range<usize>, Vec<Happened>)>,
}

/// Something that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Failure {
    /// Line of the file.
    pub line: usize,
    /// In one sentence.
    pub what: String,
    /// What happened instead, the verdict's sentence, the rule, what would allow it.
    pub why: Vec<String>,
}

/// Plays a file with a component.
///
/// # Errors
/// The world cannot be built, or an event cannot be made to happen.
pub async fn play(file: &File, component: &[u8], found: &Inspection) -> anyhow::Result<Played> {
    let scene = Scene::set(file, component, found).await?;
    let played = steps(file, &scene).await;
    scene.stage.stop().await;
    played
}

async fn steps(file: &File, scene: &Scene) -> anyhow::Result<Played> {
    let scenario = &file.scenario;
    let mut played = Played {
        steps: scenario.steps.len(),
        failures: Vec::new(),
        fuel: 0,
        memory: 0,
        updates: Vec::new(),
    };
    let mut before = Before::default();
    scene.look(&mut before).await?;
    let mut never: Vec<&Entry> = scenario.never.iter().collect();
    for (number, step) in scenario.steps.iter().enumerate() {
        let (start, step) = (step.span().start, step.get_ref());
        never.extend(&step.never);
        if let Err(error) = run(file, scene, step, number).await {
            played.failures.push(Failure {
                line: file.line(
                    step.event
                        .as_ref()
                        .map_or(start, |event| event.span().start),
                ),
                what: format!("it cannot happen: {error:#}"),
                why: Vec::new(),
            });
            break;
        }
        let seen = scene.look(&mut before).await?;
        played.fuel = played.fuel.max(seen.fuel);
        played.memory = played.memory.max(seen.memory);
        check(file, scene, step, &seen, &mut played).await?;
        forbidden(file, &never, start, &seen, &mut played);
    }
    budget(scenario, &mut played);
    Ok(played)
}

/// Time goes by, then something happens; what had to wait a moment for its turn goes within a second.
async fn run(file: &File, scene: &Scene, step: &Step, number: usize) -> anyhow::Result<()> {
    let then: Option<Ts> = match (&step.advance, &step.at) {
        (Some(by), _) => Some(scene.now() + file.advance(by)?),
        (None, Some(at)) => Some(file.instant(at)?),
        (None, None) => None,
    };
    if let Some(then) = then {
        scene.until(then).await?;
    }
    let event = step.event.as_ref().map(|event| to_json(event.get_ref()));
    if let Some(event) = event.as_ref().and_then(Value::as_object) {
        scene.happen(event, number).await?;
    }
    scene.until(scene.now() + Millis::secs(1)).await
}

/// Every list that the step gives.
async fn check(
    file: &File,
    scene: &Scene,
    step: &Step,
    seen: &Seen,
    played: &mut Played,
) -> anyhow::Result<()> {
    for (key, list) in step.lists() {
        let Some(list) = list else { continue };
        let happened = match key {
            "expect" => seen.actions.clone(),
            "simulator" => seen.simulator.clone(),
            "segments" => scene.segments().await?,
            "totals" => scene.totals().await?,
            _ => scene.cards().await?,
        };
        let entries: Vec<Map<String, Value>> = list.get_ref().iter().map(wanted(key)).collect();
        let (without, over) = leftovers(&entries, &happened);
        if without.is_empty() && over.is_empty() {
            continue;
        }
        let why = |at: usize| match key {
            "expect" => seen.why.get(at).cloned().unwrap_or_default(),
            _ => Vec::new(),
        };
        // What came instead of something is told with it, and once.
        let mut told = Vec::new();
        for at in without {
            let (Some(entry), Some(place)) = (entries.get(at), list.get_ref().get(at)) else {
                continue;
            };
            let left = over.iter().copied().filter(|at| !told.contains(at));
            let near = closest(entry, left.filter_map(|at| Some((at, happened.get(at)?))));
            let mut lines = differences(entry, near.map(|(_, one)| one));
            if let Some((at, _)) = near {
                lines.extend(why(at));
                told.push(at);
            }
            played.failures.push(Failure {
                line: file.line(place.span().start),
                what: format!("`{key}` did not come: {}", Value::Object(entry.clone())),
                why: lines,
            });
        }
        for at in over.into_iter().filter(|at| !told.contains(at)) {
            let Some(one) = happened.get(at) else {
                continue;
            };
            played.failures.push(Failure {
                line: file.line(list.span().start),
                what: format!(
                    "`{key}` does not have what came: {}",
                    Value::Object(one.clone())
                ),
                why: why(at),
            });
        }
        if let Some(failure) = played.failures.last_mut() {
            failure.why.extend(
                seen.logs
                    .iter()
                    .map(|line| format!("the plugin logged {line}")),
            );
        }
        played.updates.push((list.span(), happened));
    }
    Ok(())
}

/// An entry with what it means where it says nothing.
fn wanted(key: &str) -> impl Fn(&Entry) -> Map<String, Value> + '_ {
    move |entry| {
        let value = to_json(entry.get_ref());
        let mut fields = value.as_object().cloned().unwrap_or_default();
        if key == "expect" {
            fields.entry("action").or_insert(json!("send"));
        }
        fields
    }
}

/// What keeps the nearest happening from being what was expected.
fn differences(entry: &Map<String, Value>, near: Option<&Happened>) -> Vec<String> {
    let Some(near) = near else {
        return vec!["nothing like it happened".to_owned()];
    };
    let keys = entry.keys().filter(|key| !same(entry, near, key));
    keys.map(|key| {
        let found = near
            .get(key)
            .map_or_else(|| "nothing".to_owned(), Value::to_string);
        let wanted = entry.get(key).cloned().unwrap_or_default();
        format!("{key}: expected {wanted}, was {found}")
    })
    .collect()
}

/// What must never happen: a message that left, unless the clause names another action or what became of it.
fn forbidden(file: &File, never: &[&Entry], step: usize, seen: &Seen, played: &mut Played) {
    for clause in never {
        let fields = wanted("expect")(clause);
        let names_end = ["verdict", "state", "rule"]
            .iter()
            .any(|key| fields.contains_key(*key));
        let only_left = fields.get("action") == Some(&json!("send")) && !names_end;
        for (one, why) in seen.actions.iter().zip(&seen.why) {
            let left = one.get("verdict") == Some(&json!("allow"));
            if fits(&fields, one) && (left || !only_left) {
                played.failures.push(Failure {
                    line: file.line(step),
                    what: format!(
                        "what line {} forbids happened: {}",
                        file.line(clause.span().start),
                        Value::Object(one.clone())
                    ),
                    why: why.clone(),
                });
            }
        }
    }
}

fn budget(scenario: &Scenario, played: &mut Played) {
    let mib = played.memory.div_ceil(1 << 20);
    let over = [
        ("fuel", scenario.budget.fuel, played.fuel),
        ("memory_mib", scenario.budget.memory_mib, mib),
    ];
    for (key, most, used) in over {
        if most.is_some_and(|most| used > most) {
            played.failures.push(Failure {
                line: 1,
                what: format!(
                    "`[budget] {key}` is {}, one call took {used}",
                    most.unwrap_or_default()
                ),
                why: Vec::new(),
            });
        }
    }
}
