//! Free entry points (§4; cases 25 to 27): who writes from an advertisement costs nothing for a while,
//! once the business has answered.

use portero_domain::clock::{Millis, Ts};
use serde_json::{Map, Value, json};

use crate::arena::Id;
use crate::messages::{Class, Message};
use crate::people::Person;
use crate::world::{Number, World};

/// The business has to answer within that.
const ANSWER_WITHIN: Millis = Millis::hours(24);

impl World {
    /// The person wrote; from an advertisement and a phone that waits for an answer.
    pub(crate) fn came_from_ad(
        &mut self,
        number: Id<Number>,
        person: Id<Person>,
        content: &Map<String, Value>,
        now: Ts,
    ) {
        let ad = content
            .get("referral")
            .and_then(|referral| referral.get("source_type"))
            .is_some_and(|kind| kind == "ad");
        if ad && !self.people[person].is.on_web {
            self.thread(number, person).ad_at = Some(now);
        }
    }

    /// The business answers: that opens the free entry point, from this message on.
    pub(crate) fn answered_ad(&mut self, number: Id<Number>, person: Id<Person>, now: Ts) {
        let length = self.config.rules.free_entry_ms;
        let thread = self.thread(number, person);
        if thread
            .ad_at
            .take_if(|at| now >= *at)
            .is_some_and(|at| now < at + ANSWER_WITHIN)
        {
            thread.free_until = Some(now.plus_ms(length));
        }
    }

    /// When the pair's free entry point ends, while there is one.
    pub(crate) fn free_entry(&self, number: Id<Number>, person: Id<Person>, now: Ts) -> Option<Ts> {
        self.threads
            .get(&(number, person))
            .and_then(|thread| thread.free_until)
            .filter(|until| now < *until)
    }

    /// `conversation` of a priced status: inside a free entry point always, else only in webhooks
    /// before v24 (§2.4; case 73).
    pub(crate) fn conversation(&self, id: Id<Message>) -> Option<Value> {
        let message = &self.messages[id];
        if let Some(until) = message.free_until {
            let display = &self.numbers[message.number].is.display;
            return Some(json!({
                "id": conversation_id(&format!("{display}/{}/{}", message.person.index(), until.ms())),
                "origin": {"type": "referral_conversion"},
                "expiration_timestamp": until.secs().to_string(),
            }));
        }
        if self.config.rules.webhook_version >= 24 {
            return None;
        }
        let origin = match message.class {
            Class::Marketing => "marketing",
            Class::MarketingLite => "marketing_lite",
            Class::Utility => "utility",
            Class::Authentication => "authentication",
            Class::Service => "service",
            Class::Free => return None,
        };
        Some(json!({"id": conversation_id(&message.wamid), "origin": {"type": origin}}))
    }
}

fn conversation_id(of: &str) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(of.as_bytes()))
        .chars()
        .take(32)
        .collect()
}
