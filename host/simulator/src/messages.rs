//! A message of either direction and what became of it.

use std::borrow::Cow;

use portero_domain::clock::{Millis, Ts};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::arena::Id;
use crate::people::Person;
use crate::templates::Template;
use crate::world::Number;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    /// Business to person.
    Outbound,
    /// Person to business.
    Inbound,
}

/// What a message is to Meta's bill (§8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Class {
    Marketing,
    /// Marketing through the Marketing Messages API (§1.8).
    MarketingLite,
    Utility,
    Authentication,
    /// Everything that is no template.
    Service,
    /// Reactions cost nothing and carry no price.
    Free,
}

/// One step of a message's life, as told by a status webhook.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StatusMark {
    pub(crate) status: Cow<'static, str>,
    pub(crate) at: Ts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<i64>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) wamid: String,
    pub(crate) number: Id<Number>,
    pub(crate) person: Id<Person>,
    pub(crate) direction: Direction,
    pub(crate) at: Ts,
    /// Meta's `type`.
    pub(crate) kind: String,
    /// The object named after `type`, `context` and what else belongs to the content.
    pub(crate) content: Map<String, Value>,
    /// `biz_opaque_callback_data`.
    pub(crate) opaque: Option<String>,
    pub(crate) statuses: Vec<StatusMark>,
    pub(crate) class: Class,
    /// Whether the window was open when it was accepted.
    pub(crate) in_window: bool,
    /// Accepted inside a free entry point that ends then.
    pub(crate) free_until: Option<Ts>,
    /// Dropped when not delivered by then, and no webhook says so (§1.1).
    pub(crate) expires_at: Ts,
    /// Addressed by user id: the status then names no phone.
    pub(crate) by_user_id: bool,
    pub(crate) template: Option<Id<Template>>,
    /// Inbound: when the business marked it read.
    pub(crate) read_at: Option<Ts>,
}

/// Default time to live (§1.1): 30 days, 10 minutes for one-time codes.
pub(crate) const fn default_ttl(class: Class) -> Millis {
    match class {
        Class::Authentication => Millis::minutes(10),
        _ => Millis::days(30),
    }
}

impl Message {
    pub(crate) fn has(&self, status: &str) -> bool {
        self.statuses.iter().any(|mark| mark.status == status)
    }

    pub(crate) fn reached(&self) -> bool {
        self.has("delivered") || self.has("read")
    }

    /// The object named after `type`.
    pub(crate) fn body(&self) -> Option<&Value> {
        self.content.get(&self.kind)
    }
}
