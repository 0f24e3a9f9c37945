//! What the host says to a plugin and what a plugin answers, whatever WIT version it speaks.
//!
//! The sandbox converts every supported `wit/` version to and from these types; the gate and the
//! flow see nothing else. Output is data: a plugin returns [`Action`]s, it never sends.

use serde::{Deserialize, Serialize};

use crate::clock::Ts;
use crate::content::Content;
use crate::proposal::Purpose;
use crate::update::InboundBody;

/// What a plugin is for; fixes which world it exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PluginKind {
    /// Puts contacts into segments.
    Segmentation,
    /// Answers people.
    Replies,
    /// Counts what happened.
    Analytics,
}

impl PluginKind {
    /// Name in manifests, columns and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            PluginKind::Segmentation => "segmentation",
            PluginKind::Replies => "replies",
            PluginKind::Analytics => "analytics",
        }
    }
}

/// The circumstances of one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallMeta {
    /// The event's id: the same event has the same id on every try.
    pub event_id: String,
    /// The only time the guest sees; frozen for the call.
    pub now: Ts,
    /// IANA zone of the tenant.
    pub timezone: String,
    /// Language the host thinks the person reads (`es`, `pt`, `en`).
    pub language: String,
    /// Room to grow: (key, value).
    #[serde(default)]
    pub ext: Vec<(String, String)>,
}

/// The person, as far as granted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactView {
    /// Opaque, per installation; resolves only within this call.
    pub handle: String,
    /// Profile name, when `contacts.read name` is granted.
    #[serde(default)]
    pub name: Option<String>,
    /// Granted attributes.
    #[serde(default)]
    pub attributes: Vec<(String, String)>,
    /// Tags, when granted.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// The conversation the event belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationView {
    /// When the service window closes; `None` when it is closed.
    #[serde(default)]
    pub window_closes_at: Option<Ts>,
    /// Topics the person has agreed to.
    #[serde(default)]
    pub topics_granted: Vec<String>,
    /// Bot messages since the person last wrote.
    #[serde(default)]
    pub bot_messages_since_inbound: u32,
}

/// What a replies plugin is called with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyEvent {
    /// Circumstances.
    pub meta: CallMeta,
    /// Whom it is about.
    pub contact: ContactView,
    /// Where the conversation stands.
    pub conversation: ConversationView,
    /// What happened.
    pub what: ReplyEventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReplyEventKind {
    /// The person wrote, tapped or sent something.
    Message {
        /// Meta's id, for reactions and quoting.
        wamid: String,
        /// What it says.
        body: InboundBody,
        /// wamid of our message it answers.
        #[serde(default)]
        replies_to: Option<String>,
    },
    /// A timer the plugin set.
    Timer {
        /// Its name.
        name: String,
        /// What the plugin stored with it.
        payload: String,
    },
    /// The person gave or withdrew consent.
    ConsentChanged {
        /// Topic, or `*`.
        topic: String,
        /// `granted`, `declined` or `revoked`.
        state: String,
    },
    /// An event of the shop's own system (`order.shipped`, `cart.abandoned`).
    Business {
        /// Name.
        name: String,
        /// JSON text, at most 16 KiB.
        data_json: String,
    },
    /// The gate's answer to an earlier proposal of this plugin.
    Verdict {
        /// The proposal's id.
        proposal: String,
        /// What the plugin calls it, if it said so.
        #[serde(default)]
        key: Option<String>,
        /// `deny`, `defer` or `hold`.
        verdict: String,
        /// Deciding rule.
        rule: String,
        /// Earliest instant at which it could pass, if time alone helps.
        earliest: Option<Ts>,
        /// What would help, in the plugin's language.
        remedy: String,
    },
}

/// What a plugin may answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Propose a message to the person the event is about. There is no recipient field.
    Send(SendAction),
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
        /// Setting it again replaces it.
        name: String,
        /// When; not before now.
        at: Ts,
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
        /// Shown to that person.
        reason: String,
    },
    /// Emit a metric event.
    Metric {
        /// At most 64 bytes, `[a-z0-9_.]`.
        name: String,
        /// Amount.
        value: i64,
        /// Labels, at most 8.
        labels: Vec<(String, String)>,
    },
}

/// A message a plugin proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendAction {
    /// The message.
    pub content: Content,
    /// What for, as declared; the gate may take it more strictly.
    pub purpose: Purpose,
    /// Word of the tenant's vocabulary, for promotion and updates.
    #[serde(default)]
    pub topic: Option<String>,
    /// Room to grow.
    #[serde(default)]
    pub ext: Vec<(String, String)>,
}

/// A plugin's own "I could not": not a trap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable word of the plugin's own.
    pub code: String,
    /// For the author's log; never shown to the person.
    pub message: String,
}

/// One contact of a segmentation batch, as declared and granted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentContact {
    /// Opaque, resolves only within this call.
    pub handle: String,
    /// Granted attributes.
    pub attributes: Vec<(String, String)>,
    /// Tags.
    pub tags: Vec<String>,
    /// Last interaction of each kind: (kind, milliseconds ago).
    pub last: Vec<(String, i64)>,
    /// Purchases: (milliseconds ago, amount in thousandths, currency).
    pub purchases: Vec<(i64, i64, String)>,
    /// Topics agreed to.
    pub topics_granted: Vec<String>,
}

/// A segment a plugin offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentInfo {
    /// Stable id.
    pub id: String,
    /// Titles by language: (`es`, …).
    pub titles: Vec<(String, String)>,
}

/// One contact put into one segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// A handle of the batch.
    pub handle: String,
    /// A segment the plugin offers.
    pub segment: String,
    /// Why, shown to the operator.
    pub reason: String,
}

/// Values for one contact, keyed by component (`header.1`, `body.nombre`, `button.0`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personalisation {
    /// A handle of the batch.
    pub handle: String,
    /// (slot, value).
    pub values: Vec<(String, String)>,
}

/// What an analytics plugin is shown: one outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// `proposed`, `denied`, `sent`, `delivered`, `read`, `failed`, `opt_out`, `inbound`, or a plugin's metric.
    pub name: String,
    /// When.
    pub at: Ts,
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// Amount, 1 for events.
    pub value: i64,
}

/// A number an analytics plugin wants kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// A metric the plugin declared.
    pub metric: String,
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// Added to what is there.
    pub add: i64,
}

/// A metric an analytics plugin declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricInfo {
    /// Stable id.
    pub id: String,
    /// `messages`, `people`, `percent_x100`, …
    pub unit: String,
    /// Titles by language.
    pub titles: Vec<(String, String)>,
}

/// A card an analytics plugin draws through the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Title in the language asked for.
    pub title: String,
    /// Lines: (label, value text).
    pub lines: Vec<(String, String)>,
}
