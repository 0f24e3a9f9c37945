//! Taps on buttons and rows (§2.3), by hand or by a person's own rules.

use portero_domain::clock::Ts;
use serde_json::{Map, Value, json};

use crate::arena::Id;
use crate::control::problem::Problem;
use crate::messages::{Direction, Message};
use crate::people::Person;
use crate::templates::component;
use crate::world::{Number, World};

/// What is tapped: an id (or a visible text), or the position among the template's buttons.
pub(crate) enum Target {
    Named(String),
    At(usize),
}

impl World {
    /// The person taps something on a business message.
    pub(crate) fn tap(
        &mut self,
        number: Id<Number>,
        person: Id<Person>,
        wamid: &str,
        target: &Target,
        now: Ts,
    ) -> Result<String, Problem> {
        let message = self
            .by_wamid
            .get(wamid)
            .map(|id| &self.messages[*id])
            .filter(|message| {
                message.direction == Direction::Outbound
                    && message.number == number
                    && message.person == person
            })
            .ok_or_else(|| {
                Problem::not_found("`message` names no business message of this chat")
            })?;
        if !message.reached() {
            return Err(Problem::conflict("this message has not reached the person"));
        }
        let (kind, object) = self.tapped(message, target)?;
        let mut content = Map::new();
        content.insert(
            "context".into(),
            json!({"from": self.numbers[number].is.display, "id": wamid}),
        );
        if kind == "contacts" {
            content.insert("origin".into(), "contact_request".into());
        }
        content.insert(kind.to_owned(), object);
        self.hear(number, person, kind, content, now)
    }

    fn tapped(&self, message: &Message, target: &Target) -> Result<(&'static str, Value), Problem> {
        if message.template.is_some() {
            return self
                .quick_reply(message, target)
                .map(|button| ("button", button))
                .ok_or_else(|| no_such("a quick reply of this template"));
        }
        let interactive = message
            .body()
            .filter(|_| message.kind == "interactive")
            .ok_or_else(|| Problem::unprocessable("there is nothing to tap on this message"))?;
        match interactive.get("type").and_then(Value::as_str) {
            Some("button") => {
                let buttons = list(interactive.pointer("/action/buttons"));
                let replies: Vec<&Value> = buttons.iter().filter_map(|b| b.get("reply")).collect();
                let reply =
                    pick(&replies, target).ok_or_else(|| no_such("a button of this message"))?;
                Ok((
                    "interactive",
                    json!({"type": "button_reply", "button_reply": reply}),
                ))
            }
            Some("list") => {
                let rows: Vec<&Value> = list(interactive.pointer("/action/sections"))
                    .iter()
                    .flat_map(|section| list(section.get("rows")))
                    .collect();
                let row = pick(&rows, target).ok_or_else(|| no_such("a row of this message"))?;
                Ok((
                    "interactive",
                    json!({"type": "list_reply", "list_reply": row}),
                ))
            }
            Some("request_contact_info") => {
                let who = &self.people[message.person].is;
                let phone = who
                    .wa_id
                    .as_deref()
                    .ok_or_else(|| Problem::conflict("this person has no phone number to give"))?;
                let name = &who.name;
                let card = format!(
                    "BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL;type=CELL;waid={phone}:+{phone}\nEND:VCARD"
                );
                let one = json!({
                    "vcard": card,
                    "name": {"formatted_name": name},
                    "phones": [{"phone": format!("+{phone}"), "wa_id": phone, "type": "CELL"}],
                });
                Ok(("contacts", json!([one])))
            }
            Some("location_request_message") => Ok((
                "location",
                json!({"latitude": 19.4326, "longitude": -99.1332}),
            )),
            _ => Err(Problem::unprocessable(
                "tapping this kind of message tells the business nothing",
            )),
        }
    }

    /// The payload is the one sent along, else the label (§2.3).
    fn quick_reply(&self, message: &Message, target: &Target) -> Option<Value> {
        let template = &self.templates[message.template?];
        let buttons = list(component(&template.components, "BUTTONS")?.get("buttons"));
        let sent = list(message.body().and_then(|body| body.get("components")));
        buttons.iter().enumerate().find_map(|(at, button)| {
            let kind = button.get("type").and_then(Value::as_str)?;
            if !kind.eq_ignore_ascii_case("QUICK_REPLY") {
                return None;
            }
            let text = button.get("text").and_then(Value::as_str)?;
            let payload = sent
                .iter()
                .find(|c| {
                    c.get("type").and_then(Value::as_str) == Some("button") && index(c) == Some(at)
                })
                .and_then(|c| c.pointer("/parameters/0/payload"))
                .and_then(Value::as_str)
                .unwrap_or(text);
            let hit = match target {
                Target::At(wanted) => *wanted == at,
                Target::Named(wanted) => wanted == payload || wanted == text,
            };
            hit.then(|| json!({"payload": payload, "text": text}))
        })
    }
}

/// Position of a button component, which Meta documents both as text and as number (§1.4).
pub(crate) fn index(component: &Value) -> Option<usize> {
    match component.get("index")? {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => usize::try_from(number.as_u64()?).ok(),
        _ => None,
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn pick(options: &[&Value], target: &Target) -> Option<Value> {
    let text =
        |option: &Value, key: &str| option.get(key).and_then(Value::as_str).map(str::to_owned);
    let found = match target {
        Target::At(at) => options.get(*at).copied(),
        Target::Named(wanted) => options
            .iter()
            .copied()
            .find(|option| text(option, "id").as_ref() == Some(wanted))
            .or_else(|| {
                options
                    .iter()
                    .copied()
                    .find(|option| text(option, "title").as_ref() == Some(wanted))
            }),
    };
    found.cloned()
}

fn no_such(what: &str) -> Problem {
    Problem::not_found(format!("`id` or `index` names not {what}"))
}
