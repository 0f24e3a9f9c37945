//! The simulator's answers, read: its people and what their phones show.

use serde::Serialize;
use serde_json::Value;

use crate::SimulatorControl;
use crate::bubble::{self, Bubble};
use crate::problem::Problem;

/// A pretend person.
#[derive(Clone)]
pub(crate) struct Person {
    /// What the control API calls them: digits, or a user id.
    pub(crate) key: String,
    pub(crate) name: String,
    /// `+` and digits, or the user id.
    pub(crate) address: String,
    /// Every address a business may know them by.
    pub(crate) addresses: Vec<String>,
}

/// A message on the phone, either way.
pub(crate) struct Said {
    pub(crate) wamid: String,
    /// The person wrote it.
    pub(crate) inbound: bool,
    /// Unix milliseconds.
    pub(crate) at: i64,
    pub(crate) bubble: Bubble,
    pub(crate) marks: Vec<Mark>,
    /// The business marked it as read.
    pub(crate) read: bool,
}

/// One step of a message's life.
#[derive(Clone, Serialize)]
pub(crate) struct Mark {
    pub(crate) status: String,
    /// Unix milliseconds.
    pub(crate) at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<i64>,
}

/// Everybody.
pub(crate) async fn people(simulator: &dyn SimulatorControl) -> Result<Vec<Person>, Problem> {
    let answer = get(simulator, "/_sim/people").await?;
    Ok(rows(&answer, "people").filter_map(read_person).collect())
}

/// One person by key.
pub(crate) async fn person(simulator: &dyn SimulatorControl, key: &str) -> Result<Person, Problem> {
    people(simulator)
        .await?
        .into_iter()
        .find(|p| p.key == key || p.addresses.iter().any(|a| a == key))
        .ok_or(Problem::NotFound { what: "person" })
}

/// What the phone shows of the conversation with one number.
pub(crate) struct Phone {
    /// Oldest first.
    pub(crate) said: Vec<Said>,
    /// The business is typing.
    pub(crate) typing: bool,
    /// The person blocked the number.
    pub(crate) blocked: bool,
}

/// Looks at a phone.
pub(crate) async fn thread(
    simulator: &dyn SimulatorControl,
    key: &str,
    number: &str,
) -> Result<Phone, Problem> {
    let answer = get(
        simulator,
        &format!("/_sim/people/{key}/thread?number={number}"),
    )
    .await?;
    let told = |name: &str| answer.get(name).and_then(Value::as_bool);
    Ok(Phone {
        blocked: told("blocked").unwrap_or(false),
        typing: told("typing").unwrap_or(false),
        said: rows(&answer, "messages").filter_map(read_message).collect(),
    })
}

/// The quality of a number at the pretend Meta.
pub(crate) async fn quality(
    simulator: &dyn SimulatorControl,
    number: &str,
) -> Result<Option<String>, Problem> {
    let world = get(simulator, "/_sim/world").await?;
    let mut numbers = rows(&world, "wabas").flat_map(|waba| rows(waba, "numbers"));
    let found = numbers.find(|n| text(n, "phone_number_id").as_deref() == Some(number));
    Ok(found.and_then(|n| text(n, "quality")))
}

/// Posts of webhooks looked through for those about one message.
const POSTS: usize = 500;

/// The newest posts of webhooks with their bodies, oldest first.
pub(crate) async fn posts(simulator: &dyn SimulatorControl) -> Result<Vec<Value>, Problem> {
    let answer = get(simulator, &format!("/_sim/webhooks?limit={POSTS}")).await?;
    Ok(rows(&answer, "webhooks").cloned().collect())
}

/// Asks the simulator to do something.
pub(crate) async fn post(
    simulator: &dyn SimulatorControl,
    path: &str,
    body: Value,
) -> Result<Value, Problem> {
    simulator.post(path, body).await.map_err(Problem::Simulator)
}

async fn get(simulator: &dyn SimulatorControl, path: &str) -> Result<Value, Problem> {
    simulator.get(path).await.map_err(Problem::Simulator)
}

/// The list under a name; none when there is no such list.
fn rows<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    answer
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value
        .get(key)
        .and_then(Value::as_str)
        .filter(|t| !t.is_empty())
        .map(str::to_owned)
}

fn read_person(raw: &Value) -> Option<Person> {
    let wa_id = text(raw, "wa_id");
    let user_id = text(raw, "user_id");
    let mut addresses: Vec<String> = wa_id.iter().chain(&user_id).cloned().collect();
    // One user id towards each portfolio.
    if let Some(more) = raw.get("user_ids").and_then(Value::as_object) {
        addresses.extend(more.values().filter_map(Value::as_str).map(str::to_owned));
    }
    let key = wa_id.clone().or(user_id)?;
    Some(Person {
        name: text(raw, "name").unwrap_or_else(|| key.clone()),
        address: wa_id.map_or_else(|| key.clone(), |digits| format!("+{digits}")),
        addresses,
        key,
    })
}

fn read_message(raw: &Value) -> Option<Said> {
    let kind = text(raw, "type")?;
    let body = raw
        .get("content")
        .and_then(|c| c.get(&kind))
        .unwrap_or(&Value::Null);
    let marks = rows(raw, "statuses")
        .filter_map(|mark| {
            Some(Mark {
                status: text(mark, "status")?,
                at: mark.get("at")?.as_i64()?,
                code: mark.get("code").and_then(Value::as_i64),
            })
        })
        .collect();
    let bubble = match raw
        .pointer("/template/components")
        .and_then(Value::as_array)
    {
        Some(components) => bubble::raw_template(body, components),
        None => bubble::raw(&kind, body),
    };
    Some(Said {
        wamid: text(raw, "wamid")?,
        inbound: raw.get("direction").and_then(Value::as_str) == Some("inbound"),
        at: raw.get("at")?.as_i64()?,
        bubble,
        marks,
        read: raw.get("read_at").is_some_and(Value::is_number),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Canned(Value);

    #[async_trait::async_trait]
    impl SimulatorControl for Canned {
        async fn get(&self, path: &str) -> Result<Value, String> {
            self.0
                .get(path)
                .cloned()
                .ok_or_else(|| "nobody has this number".to_owned())
        }
        async fn post(&self, _: &str, _: Value) -> Result<Value, String> {
            Err("not asked for".to_owned())
        }
    }

    #[tokio::test]
    async fn both_directions_of_a_chat_are_read() {
        let simulator = Canned(
            json!({"/_sim/people/521/thread?number=4": {"typing": true, "messages": [
                {"wamid": "wamid.1", "direction": "inbound", "at": 1_000, "type": "text",
                 "content": {"text": {"body": "hola"}}, "read_at": 1_500},
                {"wamid": "wamid.2", "direction": "outbound", "at": 2_000, "type": "text",
                 "content": {"text": {"body": "¡Hola!"}}, "biz_opaque_callback_data": "att_1",
                 "statuses": [{"status": "sent", "at": 2_200}, {"status": "failed", "at": 2_300, "code": 131_047}]},
            ]}}),
        );
        let phone = thread(&simulator, "521", "4").await.unwrap();
        assert!(phone.typing);
        let [first, second] = phone.said.as_slice() else {
            panic!("two messages")
        };
        assert!(first.inbound && first.read);
        assert_eq!(first.bubble.text.as_deref(), Some("hola"));
        assert!(!second.inbound);
        assert_eq!(second.marks[1].code, Some(131_047));
        assert!(matches!(
            thread(&simulator, "522", "4").await,
            Err(Problem::Simulator(_))
        ));
    }

    #[tokio::test]
    async fn a_person_is_found_by_phone_or_by_any_user_id() {
        let simulator = Canned(json!({"/_sim/people": {"people": [
            {"name": "Lucía", "wa_id": "5215512340001", "user_id": "MX.1", "user_ids": {"a": "MX.1", "b": "MX.2"}},
            {"name": "", "wa_id": null, "user_id": "CO.7", "user_ids": {"a": "CO.7"}},
        ]}}));
        let lucia = person(&simulator, "MX.2").await.unwrap();
        assert_eq!(
            (lucia.key.as_str(), lucia.address.as_str()),
            ("5215512340001", "+5215512340001")
        );
        let other = person(&simulator, "CO.7").await.unwrap();
        assert_eq!(
            (other.name.as_str(), other.address.as_str()),
            ("CO.7", "CO.7")
        );
        assert!(matches!(
            person(&simulator, "MX.3").await,
            Err(Problem::NotFound { .. })
        ));
    }
}
