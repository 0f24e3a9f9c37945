//! Everything a rule may see. A fact is `Known` or `Unknown`; a rule says what unknown means.
//!
//! Facts are read in one transaction, stored with the decision and enough to judge again without
//! a database. They hold no message text: [`ContentFacts`] are what the detectors found in it.

use serde::{Deserialize, Serialize};

use portero_domain::account::{AccountRefusal, MessagingLimit, Reach};
use portero_domain::campaign::CampaignState;
use portero_domain::clock::Ts;
use portero_domain::consent::ConsentEvent;
use portero_domain::ids::{ContactId, OutboxId, WabaId};
use portero_domain::template::Template;

pub use crate::detect::ContentFacts;

/// A thing we know, or know that we do not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    /// Read from the store.
    Known(T),
    /// Could not be read or was never recorded.
    #[default]
    Unknown,
}

impl<T> Fact<T> {
    /// The value, if known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Fact::Known(value) => Some(value),
            Fact::Unknown => None,
        }
    }
}

/// The snapshot one judgement is made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// About the tenant.
    pub tenant: TenantFacts,
    /// About the sending number; `Unknown` when it is nobody's.
    pub sender: Fact<SenderFacts>,
    /// About the plugin that proposes; `None` when no plugin does.
    pub plugin: Option<PluginFacts>,
    /// About the person.
    pub recipient: RecipientFacts,
    /// Every consent event of the person, oldest first, without its evidence and proof.
    pub consent: Fact<Vec<ConsentEvent>>,
    /// The service window with this number.
    pub window: Fact<WindowFacts>,
    /// The registry's answer for the template named.
    pub template: TemplateFact,
    /// Who owns the conversation and how much was said.
    pub conversation: ConversationFacts,
    /// Promotional sends to this person in the last 30 days, accepted or in flight: (topic, when), oldest first.
    pub promotional_sends: Fact<Vec<(Option<String>, Ts)>>,
    /// Templates to this person in the last 24 h that are no promotion, accepted or in flight:
    /// (whether a one-time code, when), oldest first.
    #[serde(default)]
    pub template_sends: Fact<Vec<(bool, Ts)>>,
    /// Meta's refusals 131049 of marketing to this person in the last 30 days, since the last
    /// promotion that was delivered; oldest first.
    #[serde(default)]
    pub meta_refusals: Fact<Vec<Ts>>,
    /// What the registry knows besides the template itself.
    #[serde(default)]
    pub registry: RegistryFacts,
    /// Whether a consent question names the tenant; read for consent questions only.
    #[serde(default)]
    pub question_names_business: Fact<bool>,
    /// An earlier proposal under the same key.
    pub duplicate_of: Option<Duplicate>,
    /// The campaign that proposes; `None` when none does, or when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignFacts>,
    /// What the tenant's messages cost this month; `None` when the policy names no budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend: Option<SpendFacts>,
    /// What the detectors found in the content.
    pub content: ContentFacts,
}

/// About the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantFacts {
    /// Where it may send at all.
    pub mode: TenantMode,
    /// The widest stop that stands, if any.
    pub stopped: Option<Stop>,
    /// In `sandbox`: whether this person is on the list and answered the code.
    pub sandbox_allowed: bool,
    /// IANA zone.
    pub timezone: String,
}

/// Where a tenant may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantMode {
    /// Only to the built-in simulator.
    Simulator,
    /// To at most 20 people who answered a code.
    Sandbox,
    /// To everybody. Refused until every first-release rule of the catalogue is enforced.
    Live,
}

/// A stop switch that is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// `all`, `tenant` or `number`.
    pub scope: String,
    /// Since when.
    pub since: Ts,
    /// Reason given.
    pub reason: String,
}

/// About the sending number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderFacts {
    /// Whether it belongs to the tenant of the proposal.
    pub owned: bool,
    /// Its account.
    pub waba: WabaId,
    /// Messages per second Meta allows, as last reported (80 by default).
    pub mps: u32,
    /// Theoretical arrival time of the number's rate bucket (GCRA).
    pub tat: Ts,
    /// What Meta last said of it and of its account.
    #[serde(default, skip_serializing_if = "Standing::is_plain")]
    pub standing: Standing,
}

/// What Meta last said of a number and its account; plain until it said something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// `GREEN`, `YELLOW`, `RED`; `None` when Meta did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<String>,
    /// When it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality_at: Option<Ts>,
    /// The restriction that was reported; it may have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restriction: Option<Restriction>,
    /// The last message that Meta refused because of the account; it may be long ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<AccountRefusal>,
    /// The messaging limit; told for a template outside the window only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<TierFacts>,
}

impl Standing {
    /// Whether nothing was said.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Standing::default()
    }
}

/// A restriction of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restriction {
    /// Meta's words.
    pub what: String,
    /// What it reaches.
    pub reach: Reach,
    /// Since when.
    pub since: Ts,
    /// Until when; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Ts>,
}

/// How much of the messaging limit is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierFacts {
    /// The limit; `None` when Meta never told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<MessagingLimit>,
    /// Other people the business wrote to first in the last 24 hours; counted up to the limit.
    pub used: u32,
    /// This person is counted already.
    pub counted: bool,
    /// When the first of them stops counting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frees_at: Option<Ts>,
}

/// About the plugin that proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginFacts {
    /// `segmentation`, `replies` or `analytics`.
    pub kind: String,
    /// Effective permissions: manifest ∩ grant ∩ tenant ∩ host (`send.session`, `send.template.utility`, …).
    pub capabilities: Vec<String>,
    /// Templates it may name (`carrito_*` patterns), manifest ∩ grant.
    pub templates: Vec<String>,
    /// The person its event is about: the only one it may address.
    pub event_contact: Option<ContactId>,
    /// Whether the message it reacts to is one of that person's conversation with this number; `None`
    /// when it reacts to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reacts_to_theirs: Option<bool>,
    /// Proposals of this call before this one.
    pub proposals_this_call: u32,
    /// Proposals to this person in the last hour.
    pub proposals_contact_hour: u32,
    /// Proposals of this installation in the last minute.
    pub proposals_minute: u32,
    /// Template categories its manifest names; `None` in records from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// Messages to one person within 24 hours, as its manifest bounds them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_contact_day: Option<u32>,
    /// Its messages to this person in the last 24 hours, sent or on their way; read with the bound.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub messages_contact_day: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// About the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientFacts {
    /// Two-letter country, when known.
    pub country: Option<String>,
    /// The tenant's own block list.
    pub do_not_contact: Option<DoNotContact>,
    /// Erased: only a tombstone is kept.
    pub erased: bool,
    /// Open orders or appointments the person entered into: a word for each, never its reference.
    pub open_transactions: Vec<String>,
    /// Language tag on record, as somebody told it; never guessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// When the person last wrote to the tenant or read something of it, as far as kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sign_at: Option<Ts>,
    /// Registries of people who want no advertising that apply to the tenant: those that list the
    /// person, and those of their country.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listings: Vec<Listing>,
}

/// What the tenant's copy of a registry says of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Id of the registry.
    pub registry: String,
    /// The day of the copy; `None` when none was loaded.
    pub as_of: Option<Ts>,
    /// Whether the person is on it.
    pub listed: bool,
    /// Since when, where the copy says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed_at: Option<Ts>,
}

impl Listing {
    /// Since when the person counts as listed: the day told, else that of the copy.
    #[must_use]
    pub fn since(&self) -> Option<Ts> {
        self.listed_at.or(self.as_of)
    }
}

/// What the registry knows besides the template itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RegistryFacts {
    /// Quality as last reported.
    pub quality: TemplateQuality,
    /// Approved languages of the name; read only where the person's language is another one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
}

/// Meta's rating of a template.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum TemplateQuality {
    /// Good.
    Green,
    /// Getting worse.
    Yellow,
    /// People block or report it.
    Red,
    /// Not rated, or in words we do not know.
    #[default]
    Unknown,
}

impl TemplateQuality {
    /// Reads Meta's word.
    #[must_use]
    pub fn from_meta(text: &str) -> TemplateQuality {
        match text {
            "GREEN" => TemplateQuality::Green,
            "YELLOW" => TemplateQuality::Yellow,
            "RED" => TemplateQuality::Red,
            _ => TemplateQuality::Unknown,
        }
    }
}

/// How far a block-list entry reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoNotContact {
    /// Promotion only.
    Promotional,
    /// Everything the business starts.
    All,
    /// Everything, answers included.
    AllAndReplies,
}

/// The service window with one number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowFacts {
    /// The person's last message that opens a window (Meta's time); `None` when they never wrote.
    pub last_inbound_at: Option<Ts>,
    /// Its wamid as [`crate::record::mark`] has it: the evidence.
    pub last_inbound_wamid: Option<String>,
}

/// The registry's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "registry", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "one per judgement, most often found: a box would only be an allocation"
)]
pub enum TemplateFact {
    /// The content is no template.
    NotATemplate,
    /// No such name and language; the closest names we have.
    Missing {
        /// Up to three `name (language)`.
        closest: Vec<String>,
    },
    /// As last synced.
    Found(Template),
}

/// Who owns the conversation and how much was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationFacts {
    /// Since when a person of the shop owns it; `None` while the bot does.
    pub human_since: Option<Ts>,
    /// Free-form bot messages since the person last wrote.
    pub bot_since_inbound: u32,
    /// Of these, how many in the last 60 s.
    pub bot_last_minute: u32,
    /// Theoretical arrival time of the pair bucket (number, person).
    pub pair_tat: Ts,
}

/// The campaign that proposes, and what this person already got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignFacts {
    /// Where it stands.
    pub state: CampaignState,
    /// Its messages Meta took, since it was last started.
    pub sent: u64,
    /// Of those ended since then, how many Meta refused or could not deliver.
    pub failed: u64,
    /// People it reached who withdrew their consent afterwards, since then.
    pub opted_out: u64,
    /// Whether it is the first to people who came in from a list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
    /// Its own earlier message to this person, on its way or sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub already: Option<OutboxId>,
    /// The newest message with the very same content to this person in the last 30 days, and when it left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_body: Option<(OutboxId, Ts)>,
}

/// Estimated cost, in millionths of the rate table's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendFacts {
    /// Of the month so far (UTC).
    pub month_micro: i64,
    /// Of this message; `None` when the rate table does not say.
    pub this_micro: Option<i64>,
}

/// An earlier proposal under the same key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicate {
    /// Which.
    pub of: OutboxId,
    /// Whether its content was the same.
    pub same_content: bool,
}
