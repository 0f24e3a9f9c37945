//! What a replies plugin is called with: one event about one person.

use crate::inbound::Message;

/// The circumstances of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// The event's id: the same event has the same id on every try.
    pub event_id: String,
    /// Unix milliseconds; the only time a plugin sees.
    pub now: u64,
    /// IANA zone of the tenant.
    pub timezone: String,
    /// Language the host thinks the person reads: `es`, `pt`, `en`; open to more.
    pub language: String,
    /// Room to grow: (key, value).
    pub ext: Vec<(String, String)>,
}

/// The person, as far as granted. There is no phone number and no way to ask for one.
///
/// `Debug` leaves the name and the attributes out: they must not reach a log.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// Opaque and lasting within the installation: good as part of a kv key.
    pub handle: String,
    /// Profile name; needs `contacts.read` with field `name`.
    pub name: Option<String>,
    /// Granted attributes: (key, value).
    pub attributes: Vec<(String, String)>,
    /// Tags; needs `contacts.read` with field `tags`.
    pub tags: Vec<String>,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Contact({})", self.handle)
    }
}

impl Contact {
    /// The value of a granted attribute.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }
}

/// Where the conversation stands when the call starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// Unix milliseconds when the 24-hour service window closes; `None` when it is closed.
    pub window_closes_at: Option<u64>,
    /// Topics the person has agreed to.
    pub topics_granted: Vec<String>,
    /// Automatic messages since the person last wrote.
    pub bot_messages_since_inbound: u32,
}

/// One event about one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Circumstances.
    pub meta: Meta,
    /// Whom it is about; the only person that the answer can reach.
    pub contact: Contact,
    /// Where the conversation stands.
    pub conversation: Conversation,
    /// What happened.
    pub what: EventKind,
    /// Room to grow: (key, value).
    pub ext: Vec<(String, String)>,
}

impl Event {
    /// Whether free-form messages can pass now: `now` is before the window closes.
    #[must_use]
    pub fn window_open(&self) -> bool {
        self.conversation
            .window_closes_at
            .is_some_and(|closes| self.meta.now < closes)
    }

    /// Whether the person has agreed to a topic.
    #[must_use]
    pub fn agreed_to(&self, topic: &str) -> bool {
        self.conversation.topics_granted.iter().any(|t| t == topic)
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// The person wrote, tapped or sent something.
    Message(Message),
    /// A timer the plugin set.
    Timer(Timer),
    /// The person gave or withdrew consent.
    ConsentChanged(ConsentChange),
    /// An event of the shop's own system.
    Business(BusinessEvent),
    /// The gate's answer to an earlier proposal.
    Verdict(VerdictEvent),
    /// Something this SDK has no case for: its name.
    Unsupported(String),
}

/// A timer the plugin set went off. Not earlier than asked for, possibly later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timer {
    /// Its name.
    pub name: String,
    /// What the plugin stored with it.
    pub payload: String,
}

/// The person gave or withdrew consent; the host has recorded it before the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsentChange {
    /// Topic, or `*` for everything.
    pub topic: String,
    /// `granted`, `declined` or `revoked`; open to more.
    pub state: String,
}

/// An event of the shop's own system (`order.shipped`, `cart.abandoned`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BusinessEvent {
    /// Name.
    pub name: String,
    /// JSON text, at most 16 KiB; known to be JSON, nothing more.
    pub data_json: String,
}

/// What the gate says, or would say, to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Allow, defer, hold or deny.
    pub ruling: Ruling,
    /// The rule that decided (`session.window-closed`); empty for a plain allow.
    pub rule: String,
    /// Unix milliseconds of the earliest instant at which it could pass, when time alone helps.
    pub earliest: Option<u64>,
    /// What would help, a sentence for authors and operators.
    pub remedy: String,
}

/// The word of a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ruling {
    /// It may leave.
    Allow,
    /// Time alone helps.
    Defer,
    /// A person of the shop decides.
    Hold,
    /// It will not leave.
    Deny,
    /// A word this SDK does not know; best taken as [`Ruling::Deny`].
    Other(String),
}

impl Ruling {
    /// Reads the word that the host uses.
    #[must_use]
    pub fn parse(word: &str) -> Ruling {
        match word {
            "allow" => Ruling::Allow,
            "defer" => Ruling::Defer,
            "hold" => Ruling::Hold,
            "deny" => Ruling::Deny,
            other => Ruling::Other(other.to_owned()),
        }
    }
}

/// The gate's answer to an earlier proposal of this plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictEvent {
    /// The proposal's id, as the operator sees it.
    pub proposal: String,
    /// What this plugin called it with [`Proposal::key`](crate::Proposal::key).
    pub key: Option<String>,
    /// What the gate said.
    pub verdict: Verdict,
}

/// A plugin's own "I could not". The host records it, keeps none of the call's kv writes and hands
/// the conversation to a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// A stable word, at most 64 bytes of `[a-z0-9_.-]`.
    pub code: String,
    /// For the author's log, at most 1,024 bytes; no personal data.
    pub message: String,
}

impl Failure {
    /// A failure with a code and a message.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Failure {
        Failure {
            code: code.into(),
            message: message.into(),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Failure {}

impl From<crate::HostError> for Failure {
    fn from(error: crate::HostError) -> Failure {
        Failure::new(error.code(), error.to_string())
    }
}
