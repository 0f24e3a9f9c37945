//! A recorded call as a scenario: what came in, what the plugin answered, what the gate said. Names, numbers and
//! addresses of the person are replaced.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, bail};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use portero_domain::content::Content;
use portero_domain::plugin::{Action, ReplyEvent, ReplyEventKind};
use portero_domain::update::InboundBody;
use portero_sandbox::Recording;
use portero_sandbox::journal::{Ask, CallResult};
use serde_json::{Map, Value, json};

use super::compare::Happened;
use super::look::words;
use super::masks::{Masks, NAME};
use super::update::{list, toml_of};
use super::watch::seen;
use crate::commands::text;

/// Whom a scenario calls the person by.
const PERSON: &str = "ana";

/// The scenario of a call, as `GET /v1/plugins/{id}/calls/{event}` tells it; `templates` as `GET /v1/templates` does.
///
/// # Errors
/// The call follows from something that a scenario cannot begin with.
pub fn recorded(call: &Value, templates: &Value) -> anyhow::Result<String> {
    let recording: Recording = serde_json::from_value(call["recording"].clone())
        .context("the recorded call does not read")?;
    let event = &recording.event;
    let masks = Masks::of(event);
    let step = step(event, &masks)?;
    let expected = expected(call, &recording.result, templates, &masks);
    let zone = TimeZone::get(&event.meta.timezone).unwrap_or(TimeZone::UTC);
    let clock = Timestamp::from_millisecond(event.meta.now.ms())?
        .round(jiff::Unit::Second)?
        .to_zoned(zone);
    let mut out = String::new();
    let mut line = |text: String| {
        // Writing into a String does not fail.
        let _ = writeln!(out, "{text}");
    };
    line(format!(
        "# A recorded call of version {} ({}). The person's name, numbers and addresses are replaced; what else",
        text(call, "version"),
        text(call, "event")
    ));
    line(
        "# people wrote of themselves is not: look through it before it leaves the house."
            .to_owned(),
    );
    for missing in missing(&recording) {
        line(format!("# Not in it: {missing}"));
    }
    line(String::new());
    line(format!("name = {}", toml_of(&json!(name(&step, call)))));
    line(format!(
        "clock = {}",
        toml_of(&json!(clock.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()))
    ));
    line(String::new());
    line("[tenant]".to_owned());
    line("name = \"Tienda\"".to_owned());
    line(format!("country = {}", toml_of(&call["country"])));
    line(format!(
        "timezone = {}",
        toml_of(&json!(event.meta.timezone))
    ));
    line(format!("language = {}", toml_of(&call["language"])));
    plugin(&recording, &masks, &mut line);
    person(event, &clock, &mut line)?;
    for template in used(&recording.result, templates) {
        line(String::new());
        line("[[template]]".to_owned());
        for key in ["name", "language", "category", "body"] {
            let value = match template[key].as_str() {
                Some(word) if key == "category" => json!(word.to_lowercase()),
                other => json!(other),
            };
            line(format!("{key} = {}", toml_of(&value)));
        }
    }
    line(String::new());
    line("[[step]]".to_owned());
    line(format!("event = {}", toml_of(&Value::Object(step))));
    line(format!("expect = {}", list(&expected)));
    Ok(out)
}

fn name(step: &Map<String, Value>, call: &Value) -> String {
    let said = ["text", "name"]
        .iter()
        .find_map(|key| step.get(*key)?.as_str());
    let said: String = said.unwrap_or_default().chars().take(60).collect();
    format!("recorded: {said} ({})", text(call, "outcome"))
}

/// How it is installed: nothing is granted that was not, nor `http.fetch`.
fn plugin(recording: &Recording, masks: &Masks, line: &mut impl FnMut(String)) {
    let config: Value = serde_json::from_str(&recording.config).unwrap_or_default();
    line(String::new());
    line("[plugin]".to_owned());
    if config.as_object().is_some_and(|c| !c.is_empty()) {
        line(format!(
            "config = {}",
            toml_of(&without_nulls(masks.value(config)))
        ));
    }
    // A scenario has no systems of a shop that could answer.
    let mut granted = json!(recording.granted);
    if let Some(all) = granted.as_array_mut() {
        all.retain(|permission| permission != "http.fetch");
    }
    line(format!("permissions = {}", toml_of(&granted)));
}

fn person(
    event: &ReplyEvent,
    clock: &jiff::Zoned,
    line: &mut impl FnMut(String),
) -> anyhow::Result<()> {
    line(String::new());
    line("[[contact]]".to_owned());
    line(format!("id = {}", toml_of(&json!(PERSON))));
    if event.contact.name.is_some() {
        line(format!("name = {}", toml_of(&json!(NAME))));
    }
    line(format!(
        "language = {}",
        toml_of(&json!(event.meta.language))
    ));
    let before = clock
        .checked_sub(jiff::Span::new().minutes(5))?
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string();
    let consents: Vec<Value> = event
        .conversation
        .topics_granted
        .iter()
        .map(|topic| json!({ "topic": topic, "promise": { "max": 2, "per": "week" }, "captured_at": before }))
        .collect();
    if !consents.is_empty() {
        line(format!("consent = {}", toml_of(&json!(consents))));
    }
    // When the person wrote last; what they write now opens the window by itself.
    if !matches!(event.what, ReplyEventKind::Message { .. })
        && let Some(closes) = event.conversation.window_closes_at
    {
        let opened = closes.ms().saturating_sub(24 * 3_600_000);
        let at = Timestamp::from_millisecond(opened)?
            .to_zoned(clock.time_zone().clone())
            .strftime("%Y-%m-%dT%H:%M:%S%:z")
            .to_string();
        line(format!("last_inbound = {}", toml_of(&json!(at))));
    }
    Ok(())
}

/// What came in.
fn step(event: &ReplyEvent, masks: &Masks) -> anyhow::Result<Map<String, Value>> {
    let value = match &event.what {
        ReplyEventKind::Message { body, .. } => match body {
            InboundBody::Text { text } => {
                json!({ "kind": "text", "contact": PERSON, "text": masks.text(text) })
            }
            _ => bail!(
                "the person tapped a button or sent something else than a text: write the steps that lead to it, \
                 this call cannot begin a scenario"
            ),
        },
        ReplyEventKind::Business { name, data_json } => {
            let data: Value = serde_json::from_str(data_json).unwrap_or_else(|_| json!({}));
            let data = without_nulls(masks.value(data));
            json!({ "kind": "business", "contact": PERSON, "name": name, "data": data })
        }
        ReplyEventKind::Timer { name, .. } => bail!(
            "timer `{name}` was set by an earlier call: make that one a scenario, and let time go by in it (`advance`)"
        ),
        ReplyEventKind::ConsentChanged { .. } => bail!(
            "the person agreed or refused: write it as a step (`consent`), this call follows from it"
        ),
        ReplyEventKind::Verdict { .. } => bail!(
            "the gate refused an earlier message: make the call that proposed it a scenario, this one follows from it"
        ),
    };
    Ok(value.as_object().cloned().unwrap_or_default())
}

/// What a scenario cannot bring about by itself.
fn missing(recording: &Recording) -> Vec<String> {
    let mut all = Vec::new();
    let who = &recording.event.contact;
    if !who.attributes.is_empty() || !who.tags.is_empty() {
        let keys: Vec<&str> = who.attributes.iter().map(|(key, _)| key.as_str()).collect();
        all.push(format!(
            "what the shop knew of the person ({} tags, attributes {})",
            who.tags.len(),
            keys.join(", ")
        ));
    }
    let mut asked: BTreeMap<&str, u32> = BTreeMap::new();
    for exchange in &recording.asked {
        let what = match &exchange.ask {
            Ask::KvGet { .. } | Ask::KvKeys { .. } => "what it remembered (kv)",
            Ask::Fetch { .. } => "answers of the shop's own systems (http.fetch)",
            Ask::Field { .. } | Ask::Preview { .. } => continue,
        };
        *asked.entry(what).or_default() += 1;
    }
    for action in recording.result.actions.iter().flatten() {
        if let Action::AskConsent { wording, .. } = action {
            all.push(format!(
                "the shop's wording `{wording}`: add a `[[wording]]`"
            ));
        }
    }
    all.extend(
        asked
            .into_iter()
            .map(|(what, n)| format!("{what}, asked {n} times")),
    );
    all
}

/// What the plugin answered and the gate said, by the keys of the format.
fn expected(call: &Value, result: &CallResult, templates: &Value, masks: &Masks) -> Vec<Happened> {
    let Some(actions) = &result.actions else {
        let fault = json!({ "action": "fault", "contact": PERSON, "fault": result.outcome });
        return fault.as_object().cloned().into_iter().collect();
    };
    let said = |place: usize| {
        let mut verdicts = call["verdicts"].as_array().into_iter().flatten();
        verdicts.find(|v| v["action"] == place)
    };
    let (mut done, mut messages) = (Vec::new(), Vec::new());
    for (place, action) in actions.iter().enumerate() {
        let mut message = Map::new();
        match action {
            Action::Send(send) => {
                let content = serde_json::to_value(&send.content).unwrap_or_default();
                if let Content::Template(template) = &send.content {
                    message.insert("template".to_owned(), json!(template.name));
                    let category = known(templates, &template.name)
                        .map(|t| text(t, "category").to_lowercase());
                    message.extend(category.map(|c| ("category".to_owned(), json!(c))));
                } else {
                    message.insert("text".to_owned(), json!(masks.text(&words(&content))));
                }
            }
            Action::AskConsent { .. } if said(place).is_some() => {
                message.insert("purpose".to_owned(), json!("consent_request"));
            }
            _ => {}
        }
        if let Some(mut happened) = seen(action) {
            happened.insert("contact".to_owned(), json!(PERSON));
            // An instant that depends on when the scenario's second has gone by.
            happened.remove("at");
            let happened = masks.value(without_nulls(Value::Object(happened)));
            done.extend(happened.as_object().cloned());
        }
        if !message.is_empty() {
            message.insert("action".to_owned(), json!("send"));
            message.insert("contact".to_owned(), json!(PERSON));
            for key in ["verdict", "rule"] {
                let word = said(place).and_then(|v| v[key].as_str());
                message.extend(word.map(|word| (key.to_owned(), json!(word))));
            }
            messages.push(message);
        }
    }
    done.extend(messages);
    done
}

fn known<'t>(templates: &'t Value, name: &str) -> Option<&'t Value> {
    let mut all = templates["items"].as_array().into_iter().flatten();
    all.find(|t| t["name"] == name)
}

/// Templates that the answer names, as the registry has them.
fn used<'t>(result: &CallResult, templates: &'t Value) -> Vec<&'t Value> {
    let mut all: Vec<&Value> = Vec::new();
    for action in result.actions.iter().flatten() {
        if let Action::Send(send) = action
            && let Content::Template(template) = &send.content
            && let Some(found) = known(templates, &template.name)
            && !all.contains(&found)
        {
            all.push(found);
        }
    }
    all
}

/// TOML has no null.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .filter(|(_, v)| !v.is_null())
                .map(|(k, v)| (k, without_nulls(v)))
                .collect(),
        ),
        Value::Array(list) => {
            let list = list.into_iter().filter(|v| !v.is_null());
            Value::Array(list.map(without_nulls).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> ReplyEvent {
        let value = json!({
            "meta": { "event_id": "evt_1", "now": 1_795_000_000_000_i64, "timezone": "America/Bogota", "language": "es" },
            "contact": { "handle": "c0ffee" }, "conversation": {},
            "what": { "kind": "timer", "name": "t", "payload": "" },
        });
        serde_json::from_value(value).expect("an event")
    }

    #[test]
    fn what_follows_from_something_else_says_from_what() {
        let event = event();
        let why = step(&event, &Masks::of(&event)).expect_err("a timer");
        assert!(why.to_string().contains("timer `t`"), "{why}");
    }
}
