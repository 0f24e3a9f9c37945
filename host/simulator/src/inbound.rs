//! What people send: built as Meta would tell it (§2.3), with its effect on window and limits.

use portero_domain::clock::Ts;
use serde_json::{Map, Value, json};

use crate::arena::Id;
use crate::control::problem::Problem;
use crate::messages::{Class, Direction, Message, default_ttl};
use crate::people::Person;
use crate::world::{Number, World};

/// Keys of a `say` request that are not the content.
const NOT_CONTENT: &[&str] = &["number", "type", "context"];

impl World {
    /// A person writes. `body` is the request of the control API.
    pub(crate) fn say(
        &mut self,
        number: Id<Number>,
        person: Id<Person>,
        body: &Map<String, Value>,
        now: Ts,
    ) -> Result<String, Problem> {
        let kind = match body.get("type") {
            None => "text",
            Some(Value::String(kind)) if !kind.is_empty() => kind.as_str(),
            Some(_) => return Err(Problem::unprocessable("`type` must be a text")),
        };
        let mut content = Map::new();
        if let Some(context) = body.get("context") {
            content.insert("context".into(), self.context(context, number, person)?);
        }
        for (key, value) in body {
            if !NOT_CONTENT.contains(&key.as_str()) && key != kind {
                content.insert(key.clone(), value.clone());
            }
        }
        let given = body.get(kind).cloned();
        let object = self.inbound_object(number, kind, given, now)?;
        content.insert(kind.to_owned(), object);
        if kind == "unsupported" && !content.contains_key("errors") {
            content.insert(
                "errors".into(),
                json!([{
                    "code": 131_051,
                    "title": "Message type unknown",
                    "message": "Message type unknown",
                    "error_data": {"details": "Message type is currently not supported."},
                }]),
            );
        }
        self.hear(number, person, kind, content, now)
    }

    /// Takes in a finished inbound message: window, rates, webhook.
    pub(crate) fn hear(
        &mut self,
        number: Id<Number>,
        person: Id<Person>,
        kind: &str,
        content: Map<String, Value>,
        now: Ts,
    ) -> Result<String, Problem> {
        let who = &self.people[person];
        if who.stranger || !who.is.on_whatsapp {
            return Err(Problem::conflict("this person is not on WhatsApp"));
        }
        if self.thread(number, person).blocked {
            return Err(Problem::conflict(
                "this person blocked the number; unblock first: POST …/block {\"number\":…,\"value\":false}",
            ));
        }
        if self.numbers[number].blocked.contains(&person) {
            return Err(Problem::conflict(
                "the business blocked this person: nothing of theirs arrives",
            ));
        }
        self.numbers[number].rate.take(now);
        let portfolio = self.portfolio_of(number).to_owned();
        let who = &mut self.people[person];
        if who.visible_wa_id(&portfolio, now).is_some() {
            who.phone_used_at.insert(portfolio, now);
        }
        // Not documented for reactions and unsupported messages (§4), hence the switch.
        let opens = match kind {
            "system" | "edit" | "revoke" => false,
            "reaction" | "unsupported" => self.config.reaction_opens_window,
            _ => true,
        };
        if opens {
            self.thread(number, person).opened_at = Some(now);
        }
        self.came_from_ad(number, person, &content, now);
        let wamid = self.chance.wamid();
        let id = self.remember(Message {
            wamid: wamid.clone(),
            number,
            person,
            direction: Direction::Inbound,
            at: now,
            kind: kind.to_owned(),
            content,
            opaque: None,
            statuses: Vec::new(),
            class: Class::Free,
            in_window: true,
            free_until: None,
            expires_at: now + default_ttl(Class::Free),
            by_user_id: false,
            template: None,
            read_at: None,
        });
        self.tell_inbound(id);
        Ok(wamid)
    }

    /// `context` given as a wamid, or as an object that goes out as it is.
    fn context(
        &self,
        given: &Value,
        number: Id<Number>,
        person: Id<Person>,
    ) -> Result<Value, Problem> {
        match given {
            Value::String(wamid) => {
                let message = self
                    .by_wamid
                    .get(wamid)
                    .map(|id| &self.messages[*id])
                    .filter(|message| message.number == number && message.person == person)
                    .ok_or_else(|| Problem::not_found("`context` names no message of this chat"))?;
                let from = match message.direction {
                    Direction::Outbound => self.numbers[number].is.display.clone(),
                    Direction::Inbound => self.people[person].is.wa_id.clone().unwrap_or_default(),
                };
                Ok(json!({"from": from, "id": wamid}))
            }
            Value::Object(_) => Ok(given.clone()),
            _ => Err(Problem::unprocessable(
                "`context` must be a wamid or an object",
            )),
        }
    }

    /// The object named after the type, completed with what Meta adds.
    fn inbound_object(
        &mut self,
        number: Id<Number>,
        kind: &str,
        given: Option<Value>,
        now: Ts,
    ) -> Result<Value, Problem> {
        let wrong = |what: &str| Err(Problem::unprocessable(what));
        match (kind, given) {
            ("text", Some(Value::String(body))) if !body.is_empty() => Ok(json!({"body": body})),
            ("text", Some(Value::Object(object)))
                if object.get("body").is_some_and(Value::is_string) =>
            {
                Ok(object.into())
            }
            ("text", _) => wrong("`text` must be the text or {\"body\": …}"),
            ("image" | "video" | "audio" | "document" | "sticker", given) => {
                let given = match given {
                    None => Map::new(),
                    Some(Value::Object(object)) => object,
                    Some(_) => return wrong("the media must be an object, it may be empty"),
                };
                self.receive_media(number, kind, given, now)
                    .map_err(Problem::unprocessable)
            }
            ("reaction", Some(Value::Object(object)))
                if object.get("message_id").is_some_and(Value::is_string) =>
            {
                Ok(object.into())
            }
            ("reaction", _) => wrong("`reaction` must be {\"message_id\": …, \"emoji\": …}"),
            ("location", Some(Value::Object(object)))
                if object.get("latitude").is_some_and(Value::is_number)
                    && object.get("longitude").is_some_and(Value::is_number) =>
            {
                Ok(object.into())
            }
            ("location", _) => wrong("`location` must have numbers `latitude` and `longitude`"),
            ("contacts", Some(Value::Array(list))) if !list.is_empty() => Ok(list.into()),
            ("contacts", _) => wrong("`contacts` must be a list with at least one element"),
            ("order", Some(Value::Object(object)))
                if object.get("product_items").is_some_and(Value::is_array) =>
            {
                Ok(object.into())
            }
            ("order", _) => wrong("`order` must have a list `product_items`"),
            ("unsupported", None) => Ok(json!({"type": "poll"})),
            // Anything else goes out as it is: receivers must survive types they do not know.
            (_, given) => Ok(given.unwrap_or_else(|| json!({}))),
        }
    }
}
