//! What a replies plugin may answer. Data: nothing happens until the host has checked all of it.

use crate::message::{Content, Reaction};
use crate::template::TemplateSend;

/// The pair of `ext` that holds the plugin's own name for a proposal.
pub(crate) const OWN_KEY: &str = "key";

/// What a message is for. The gate takes the strictest of this and what the template is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// An answer to the person.
    Reply,
    /// Order, appointment, receipt.
    Transactional,
    /// Promotion of any kind, reminders of carts included.
    Promotional,
    /// The question whether the shop may write; prefer [`Action::ask_consent`].
    ConsentRequest,
    /// One-time codes.
    Authentication,
}

/// A message to the person whom the event is about. There is no recipient field.
///
/// Built only through constructors that say what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proposal {
    /// The message.
    pub content: Content,
    /// What for.
    pub purpose: Purpose,
    /// Word of the tenant's vocabulary; required for promotion.
    pub topic: Option<String>,
    /// Room to grow: (key, value).
    pub ext: Vec<(String, String)>,
}

impl Proposal {
    /// An answer to the person, free-form.
    pub fn reply(content: impl Into<Content>) -> Proposal {
        Proposal::new(content.into(), Purpose::Reply, None)
    }

    /// News of an order, an appointment, a receipt; free-form, inside the service window.
    pub fn news(content: impl Into<Content>) -> Proposal {
        Proposal::new(content.into(), Purpose::Transactional, None)
    }

    /// The same as an approved utility template, in or outside the window.
    pub fn transactional(template: impl Into<TemplateSend>) -> Proposal {
        let content = Content::Template(template.into());
        Proposal::new(content, Purpose::Transactional, None)
    }

    /// Promotion of a topic that the person agreed to, as an approved marketing template.
    pub fn promotional(template: impl Into<TemplateSend>, topic: impl Into<String>) -> Proposal {
        let content = Content::Template(template.into());
        Proposal::new(content, Purpose::Promotional, Some(topic.into()))
    }

    /// A one-time code, as an approved authentication template.
    pub fn authentication(template: impl Into<TemplateSend>) -> Proposal {
        let content = Content::Template(template.into());
        Proposal::new(content, Purpose::Authentication, None)
    }

    /// The general form: every purpose with every content. The gate refuses what does not fit.
    #[must_use]
    pub fn new(content: Content, purpose: Purpose, topic: Option<String>) -> Proposal {
        Proposal {
            content,
            purpose,
            topic,
            ext: Vec::new(),
        }
    }

    /// Gives it a name of the plugin's own, 1 to 64 bytes without personal data: the verdict on it
    /// brings it back ([`VerdictEvent::key`](crate::VerdictEvent::key)).
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Proposal {
        self.ext.retain(|(name, _)| name != OWN_KEY);
        self.ext.push((OWN_KEY.to_owned(), key.into()));
        self
    }

    /// Names the topic.
    #[must_use]
    pub fn topic(mut self, topic: impl Into<String>) -> Proposal {
        self.topic = Some(topic.into());
        self
    }
}

/// What a plugin may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Propose a message.
    Send(Proposal),
    /// Put the host's own consent question.
    AskConsent {
        /// Name of a wording of the tenant.
        wording: String,
        /// Topic asked about.
        topic: String,
    },
    /// Set (or with `None` clear) an attribute of the person.
    SetAttribute {
        /// At most 64 bytes.
        key: String,
        /// At most 1,024 bytes.
        value: Option<String>,
    },
    /// Add or remove a tag.
    Tag {
        /// At most 64 bytes.
        tag: String,
        /// `false` removes.
        add: bool,
    },
    /// Wake me later about this person.
    SetTimer {
        /// At most 64 bytes; setting it again replaces it.
        name: String,
        /// Unix milliseconds; at most 90 days ahead.
        at: u64,
        /// At most 4 KiB.
        payload: String,
    },
    /// Forget a timer.
    CancelTimer {
        /// Which.
        name: String,
    },
    /// Hand the conversation to a person of the shop.
    HandOver {
        /// Shown to that person; at most 256 bytes.
        reason: String,
    },
    /// Emit a metric event.
    Metric {
        /// At most 64 bytes of `[a-z0-9_.]`.
        name: String,
        /// Amount.
        value: i64,
        /// Labels, at most 8; no personal data.
        labels: Vec<(String, String)>,
    },
}

impl Action {
    /// Answers the person; text, buttons, a menu, media.
    pub fn reply(content: impl Into<Content>) -> Action {
        Proposal::reply(content).into()
    }

    /// Puts an emoji on a message of the person.
    pub fn react(wamid: impl Into<String>, emoji: impl Into<String>) -> Action {
        Proposal::reply(Reaction {
            message_id: wamid.into(),
            emoji: emoji.into(),
        })
        .into()
    }

    /// Puts the host's own consent question about a topic.
    pub fn ask_consent(wording: impl Into<String>, topic: impl Into<String>) -> Action {
        Action::AskConsent {
            wording: wording.into(),
            topic: topic.into(),
        }
    }

    /// Sets an attribute of the person.
    pub fn set_attribute(key: impl Into<String>, value: impl Into<String>) -> Action {
        Action::SetAttribute {
            key: key.into(),
            value: Some(value.into()),
        }
    }

    /// Clears an attribute of the person.
    pub fn clear_attribute(key: impl Into<String>) -> Action {
        Action::SetAttribute {
            key: key.into(),
            value: None,
        }
    }

    /// Adds a tag to the person.
    pub fn tag(tag: impl Into<String>) -> Action {
        Action::Tag {
            tag: tag.into(),
            add: true,
        }
    }

    /// Removes a tag from the person.
    pub fn untag(tag: impl Into<String>) -> Action {
        Action::Tag {
            tag: tag.into(),
            add: false,
        }
    }

    /// Wakes this plugin at an instant (Unix milliseconds) about the same person.
    pub fn timer(name: impl Into<String>, at: u64, payload: impl Into<String>) -> Action {
        Action::SetTimer {
            name: name.into(),
            at,
            payload: payload.into(),
        }
    }

    /// Forgets a timer.
    pub fn cancel_timer(name: impl Into<String>) -> Action {
        Action::CancelTimer { name: name.into() }
    }

    /// Hands the conversation to a person of the shop.
    pub fn hand_over(reason: impl Into<String>) -> Action {
        Action::HandOver {
            reason: reason.into(),
        }
    }

    /// Emits a metric event without labels.
    pub fn metric(name: impl Into<String>, value: i64) -> Action {
        Action::Metric {
            name: name.into(),
            value,
            labels: Vec::new(),
        }
    }

    /// The message proposed, if this is a proposal.
    #[must_use]
    pub fn content(&self) -> Option<&Content> {
        match self {
            Action::Send(proposal) => Some(&proposal.content),
            _ => None,
        }
    }
}

impl From<Proposal> for Action {
    fn from(proposal: Proposal) -> Action {
        Action::Send(proposal)
    }
}
