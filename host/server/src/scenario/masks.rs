//! What a recorded call says of a person, replaced: their name, numbers and addresses.

use std::sync::LazyLock;

use portero_domain::plugin::ReplyEvent;
use regex::Regex;
use serde_json::{Value, json};

/// Whom a scenario calls the person by.
pub(super) const NAME: &str = "Ana";

/// Numbers of seven digits and more, as people write them: phones, documents, cards, ids.
static NUMBERS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\+?\d(?:[ ().-]{0,2}\d){6,}").ok());
static MAILS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+").ok());

/// What is replaced, wherever it stands: the same by the same.
pub(super) struct Masks {
    /// The person's name, whole and in its parts.
    names: Option<Regex>,
    handle: String,
}

impl Masks {
    pub(super) fn of(event: &ReplyEvent) -> Masks {
        let name = event.contact.name.as_deref().unwrap_or_default().trim();
        let parts = name
            .split_whitespace()
            .filter(|part| part.chars().count() > 2);
        let words: Vec<String> = std::iter::once(name)
            .filter(|name| !name.is_empty())
            .chain(parts)
            .map(regex::escape)
            .collect();
        let pattern = format!(r"(?i)\b(?:{})\b", words.join("|"));
        Masks {
            names: (!words.is_empty())
                .then(|| Regex::new(&pattern).ok())
                .flatten(),
            handle: event.contact.handle.clone(),
        }
    }

    /// A text without whom it is about.
    pub(super) fn text(&self, text: &str) -> String {
        let mut out = text.to_owned();
        if !self.handle.is_empty() {
            out = out.replace(&self.handle, "somebody");
        }
        if let Some(mails) = &*MAILS {
            out = mails.replace_all(&out, "ana@example.org").into_owned();
        }
        if let Some(numbers) = &*NUMBERS {
            out = numbers.replace_all(&out, zeros).into_owned();
        }
        match &self.names {
            Some(names) => names.replace_all(&out, NAME).into_owned(),
            None => out,
        }
    }

    /// The same of every text and number in a value.
    pub(super) fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Number(number) => {
                // A number that would be replaced in a text is as much somebody's here.
                let text = number.to_string();
                match self.text(&text) {
                    same if same == text => Value::Number(number),
                    _ => json!(0),
                }
            }
            Value::Array(list) => Value::Array(list.into_iter().map(|v| self.value(v)).collect()),
            Value::Object(map) => Value::Object(
                map.into_iter()
                    .map(|(key, v)| (self.text(&key), self.value(v)))
                    .collect(),
            ),
            other => other,
        }
    }
}

/// As many digits, in the same places: a bot that looks at the form of a number still does.
fn zeros(found: &regex::Captures<'_>) -> String {
    let digit = |c: char| if c.is_ascii_digit() { '0' } else { c };
    found
        .get(0)
        .map_or("", |m| m.as_str())
        .chars()
        .map(digit)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: Option<&str>) -> ReplyEvent {
        let value = json!({
            "meta": { "event_id": "evt_1", "now": 1_795_000_000_000_i64, "timezone": "America/Bogota", "language": "es" },
            "contact": { "handle": "c0ffee", "name": name }, "conversation": {},
            "what": { "kind": "timer", "name": "t", "payload": "" },
        });
        serde_json::from_value(value).expect("an event")
    }

    #[test]
    fn names_numbers_and_addresses_are_replaced_everywhere() {
        let masks = Masks::of(&event(Some("María José Peña")));
        let text = "Soy MARÍA josé, +57 300 555 12 34, cédula 1.020.304.050, maria.p@correo.example; PEÑA, c0ffee";
        assert_eq!(
            masks.text(text),
            "Soy Ana Ana, +00 000 000 00 00, cédula 0.000.000.000, ana@example.org; Ana, somebody"
        );
        assert_eq!(
            masks.text("mi pedido 1234 de 50.000"),
            "mi pedido 1234 de 50.000"
        );
        let data = json!({ "phone": 573_005_551_234_i64, "who": ["María"], "n": 3 });
        assert_eq!(
            masks.value(data),
            json!({ "phone": 0, "who": ["Ana"], "n": 3 })
        );
        assert_eq!(Masks::of(&event(None)).text("hola"), "hola");
    }
}
