//! Events for tests.

use crate::event::{
    BusinessEvent, ConsentChange, Contact, Conversation, Event, EventKind, Meta, Ruling, Timer,
    Verdict, VerdictEvent,
};
use crate::inbound::{InboundBody, Message};

const HOUR_MS: u64 = 3_600_000;

/// Builds an [`Event`]; the last call says what happened.
#[derive(Clone, Debug)]
#[must_use = "ends with what happened: `.text(…)`, `.business(…)`, …"]
pub struct EventBuilder {
    meta: Meta,
    contact: Contact,
    conversation: Conversation,
}

impl EventBuilder {
    pub(super) fn at(now: u64) -> EventBuilder {
        EventBuilder {
            meta: Meta {
                event_id: format!("ev-{now}"),
                now,
                timezone: "America/Argentina/Buenos_Aires".to_owned(),
                language: "es".to_owned(),
                ext: Vec::new(),
            },
            contact: Contact {
                handle: "p1".to_owned(),
                ..Contact::default()
            },
            conversation: Conversation {
                window_closes_at: Some(now.saturating_add(24 * HOUR_MS)),
                ..Conversation::default()
            },
        }
    }

    /// Language of the person.
    pub fn language(mut self, language: &str) -> EventBuilder {
        self.meta.language = language.to_owned();
        self
    }

    /// Handle of the person.
    pub fn person(mut self, handle: &str) -> EventBuilder {
        self.contact.handle = handle.to_owned();
        self
    }

    /// Name of the person.
    pub fn name(mut self, name: &str) -> EventBuilder {
        self.contact.name = Some(name.to_owned());
        self
    }

    /// The window has closed.
    pub fn window_closed(mut self) -> EventBuilder {
        self.conversation.window_closes_at = None;
        self
    }

    /// The window closes at an instant (Unix milliseconds).
    pub fn window_closes_at(mut self, at: u64) -> EventBuilder {
        self.conversation.window_closes_at = Some(at);
        self
    }

    /// The person has agreed to a topic.
    pub fn agreed_to(mut self, topic: &str) -> EventBuilder {
        self.conversation.topics_granted.push(topic.to_owned());
        self
    }

    /// The person wrote a text.
    #[must_use]
    pub fn text(self, text: &str) -> Event {
        self.message(InboundBody::Text(text.to_owned()))
    }

    /// The person tapped a reply button.
    #[must_use]
    pub fn tap_button(self, id: &str) -> Event {
        self.message(InboundBody::ButtonReply {
            id: id.to_owned(),
            title: id.to_owned(),
        })
    }

    /// The person tapped a row of a menu.
    #[must_use]
    pub fn tap_row(self, id: &str) -> Event {
        self.message(InboundBody::ListReply {
            id: id.to_owned(),
            title: id.to_owned(),
            description: None,
        })
    }

    /// The person sent something.
    #[must_use]
    pub fn message(self, body: InboundBody) -> Event {
        let wamid = format!("wamid.{}", self.meta.event_id);
        self.kind(EventKind::Message(Message {
            wamid,
            body,
            replies_to: None,
        }))
    }

    /// The shop's system posted an event.
    #[must_use]
    pub fn business(self, name: &str, data_json: &str) -> Event {
        self.kind(EventKind::Business(BusinessEvent {
            name: name.to_owned(),
            data_json: data_json.to_owned(),
        }))
    }

    /// A timer went off.
    #[must_use]
    pub fn timer(self, name: &str, payload: &str) -> Event {
        self.kind(EventKind::Timer(Timer {
            name: name.to_owned(),
            payload: payload.to_owned(),
        }))
    }

    /// The person gave or withdrew consent.
    #[must_use]
    pub fn consent(self, topic: &str, state: &str) -> Event {
        self.kind(EventKind::ConsentChanged(ConsentChange {
            topic: topic.to_owned(),
            state: state.to_owned(),
        }))
    }

    /// The gate refused an earlier proposal.
    #[must_use]
    pub fn verdict(self, proposal: &str, ruling: Ruling, rule: &str) -> Event {
        self.kind(EventKind::Verdict(VerdictEvent {
            proposal: proposal.to_owned(),
            key: None,
            verdict: Verdict {
                ruling,
                rule: rule.to_owned(),
                earliest: None,
                remedy: String::new(),
            },
        }))
    }

    /// The same of a proposal that the plugin had given a name ([`Proposal::key`](crate::Proposal::key)).
    #[must_use]
    pub fn verdict_on(self, key: &str, proposal: &str, ruling: Ruling, rule: &str) -> Event {
        let mut event = self.verdict(proposal, ruling, rule);
        if let EventKind::Verdict(verdict) = &mut event.what {
            verdict.key = Some(key.to_owned());
        }
        event
    }

    /// Anything else.
    #[must_use]
    pub fn kind(self, what: EventKind) -> Event {
        Event {
            meta: self.meta,
            contact: self.contact,
            conversation: self.conversation,
            what,
            ext: Vec::new(),
        }
    }
}
