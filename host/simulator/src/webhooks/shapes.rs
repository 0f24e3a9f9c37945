//! The values of the webhook fields (§2.2 to §2.5).

use portero_domain::clock::Ts;
use serde_json::{Map, Value, json};

use super::outbox::{Change, Lane};
use crate::arena::Id;
use crate::errors::GraphError;
use crate::messages::Message;
use crate::people::Person;
use crate::world::{Number, Waba, World};

impl World {
    /// Queues one message of a person, as Meta tells it.
    pub(crate) fn tell_inbound(&mut self, message: Id<Message>) {
        let message = &self.messages[message];
        let (number, person, at) = (message.number, message.person, message.at);
        let portfolio = self.portfolio_of(number).to_owned();
        let who = &self.people[person];
        let mut inbound = Map::new();
        inbound.insert(
            "from".into(),
            who.visible_wa_id(&portfolio, at).unwrap_or("").into(),
        );
        if let Some(user_id) = who.user_id(&portfolio) {
            inbound.insert("from_user_id".into(), user_id.into());
        }
        inbound.insert("id".into(), message.wamid.clone().into());
        inbound.insert("timestamp".into(), at.secs().to_string().into());
        inbound.insert("type".into(), message.kind.clone().into());
        inbound.extend(message.content.clone());
        let mut value = self.messages_value(number);
        value.insert("contacts".into(), json!([who.as_contact(&portfolio, at)]));
        value.insert("messages".into(), json!([inbound]));
        let passive = self.threads.get(&(number, person)).is_some_and(|t| t.agent);
        let field = if passive { "standby" } else { "messages" };
        self.tell_pair(number, person, field, value.into(), at);
    }

    /// Queues what the field's own list has about the person: `calls`, `messaging_handovers`.
    pub(crate) fn tell_listed(
        &mut self,
        number: Id<Number>,
        person: Id<Person>,
        field: &'static str,
        mut item: Map<String, Value>,
        at: Ts,
    ) {
        let portfolio = self.portfolio_of(number).to_owned();
        let who = &self.people[person];
        let phone = who.visible_wa_id(&portfolio, at).unwrap_or("");
        item.insert("from".into(), phone.into());
        if let Some(user_id) = who.user_id(&portfolio) {
            item.insert("from_user_id".into(), user_id.into());
        }
        item.insert("timestamp".into(), at.secs().to_string().into());
        let mut value = self.messages_value(number);
        value.insert("contacts".into(), json!([who.as_contact(&portfolio, at)]));
        value.insert(field.into(), json!([item]));
        self.tell_pair(number, person, field, value.into(), at);
    }

    /// Queues a `system` message about the person; it carries no `contacts` (§2.3).
    pub(crate) fn tell_system(
        &mut self,
        number: Id<Number>,
        person: Id<Person>,
        from: &str,
        system: Value,
        at: Ts,
    ) {
        let wamid = self.chance.wamid();
        let mut value = self.messages_value(number);
        value.insert(
            "messages".into(),
            json!([{
                "from": from,
                "id": wamid,
                "timestamp": at.secs().to_string(),
                "type": "system",
                "system": system,
            }]),
        );
        self.tell_pair(number, person, "messages", value.into(), at);
    }

    /// Queues one status of a business message (§2.4).
    pub(crate) fn tell_status(
        &mut self,
        id: Id<Message>,
        status: &'static str,
        at: Ts,
        pricing: Option<Value>,
        error: Option<&GraphError>,
    ) {
        let message = &self.messages[id];
        let (number, person) = (message.number, message.person);
        let portfolio = self.portfolio_of(number).to_owned();
        let who = &self.people[person];
        let phone = if message.by_user_id {
            who.visible_wa_id(&portfolio, at)
        } else {
            who.is.wa_id.as_deref()
        };
        let mut told = Map::new();
        told.insert("id".into(), message.wamid.clone().into());
        told.insert("status".into(), status.into());
        told.insert("timestamp".into(), at.secs().to_string().into());
        told.insert("recipient_id".into(), phone.unwrap_or("").into());
        if error.is_none()
            && let Some(user_id) = who.user_id(&portfolio)
        {
            told.insert("recipient_user_id".into(), user_id.into());
        }
        if let Some(opaque) = &message.opaque {
            told.insert("biz_opaque_callback_data".into(), opaque.clone().into());
        }
        if let Some(pricing) = pricing {
            if let Some(conversation) = self.conversation(id) {
                told.insert("conversation".into(), conversation);
            }
            told.insert("pricing".into(), pricing);
        }
        if let Some(error) = error {
            told.insert("errors".into(), json!([error.in_status()]));
        }
        let mut value = self.messages_value(number);
        if error.is_none() {
            value.insert("contacts".into(), json!([who.as_contact(&portfolio, at)]));
        }
        value.insert("statuses".into(), json!([told]));
        self.tell_pair(number, person, "messages", value.into(), at);
    }

    /// Queues what somebody of the business wrote in the app (§2.5).
    pub(crate) fn tell_echo(
        &mut self,
        number: Id<Number>,
        person: Id<Person>,
        text: &str,
        at: Ts,
    ) -> String {
        let wamid = self.chance.wamid();
        let who = &self.people[person];
        let portfolio = self.portfolio_of(number);
        let echo = json!({
            "from": self.numbers[number].is.display,
            "to": who.visible_wa_id(portfolio, at).unwrap_or(""),
            "to_user_id": who.user_id(portfolio),
            "id": wamid,
            "timestamp": at.secs().to_string(),
            "type": "text",
            "text": {"body": text},
        });
        let mut value = self.messages_value(number);
        value.insert("message_echoes".into(), json!([echo]));
        self.tell_pair(number, person, "smb_message_echoes", value.into(), at);
        wamid
    }

    /// Queues the person's Stop or Resume (§2.5, §5.3).
    pub(crate) fn tell_preference(
        &mut self,
        number: Id<Number>,
        person: Id<Person>,
        word: &str,
        at: Ts,
    ) {
        let portfolio = self.portfolio_of(number).to_owned();
        let who = &self.people[person];
        let mut preference = json!({
            "detail": format!("User requested to {word} marketing messages"),
            "category": "marketing_messages",
            "value": word,
            "timestamp": at.secs(),
        });
        if let Some(fields) = preference.as_object_mut() {
            if let Some(wa_id) = who.visible_wa_id(&portfolio, at) {
                fields.insert("wa_id".into(), wa_id.into());
            }
            if let Some(user_id) = who.user_id(&portfolio) {
                fields.insert("user_id".into(), user_id.into());
            }
        }
        let mut value = self.messages_value(number);
        value.insert("contacts".into(), json!([who.as_contact(&portfolio, at)]));
        value.insert("user_preferences".into(), json!([preference]));
        self.tell_pair(number, person, "user_preferences", value.into(), at);
    }

    /// Queues something about the account; those carry the entry's time.
    pub(crate) fn tell_waba(&mut self, waba: Id<Waba>, field: &'static str, value: Value, at: Ts) {
        self.enqueue(
            Change {
                waba,
                field: field.into(),
                value,
                time: Some(at.secs()),
            },
            Lane::Account(waba),
            at,
        );
    }

    fn tell_pair(
        &mut self,
        number: Id<Number>,
        person: Id<Person>,
        field: &'static str,
        value: Value,
        at: Ts,
    ) {
        let waba = self.numbers[number].waba;
        self.enqueue(
            Change {
                waba,
                field: field.into(),
                value,
                time: None,
            },
            Lane::Pair(number, person),
            at,
        );
    }

    /// What every value of the field `messages` begins with.
    fn messages_value(&self, number: Id<Number>) -> Map<String, Value> {
        let number = &self.numbers[number].is;
        let mut value = Map::new();
        value.insert("messaging_product".into(), "whatsapp".into());
        value.insert(
            "metadata".into(),
            json!({
                "display_phone_number": number.display,
                "phone_number_id": number.phone_number_id,
            }),
        );
        value
    }
}
