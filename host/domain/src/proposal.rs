//! What somebody wants to send: the gate's question.

use serde::{Deserialize, Serialize};

use crate::address::AddressKey;
use crate::clock::Ts;
use crate::content::Content;
use crate::ids::{
    CampaignId, ContactId, EventId, InstallationId, OutboxId, PhoneNumberId, PluginId, TenantId,
    TokenId,
};

/// A message somebody wants to send, before any judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its row in the outbox, from the first moment.
    pub id: OutboxId,
    /// Unique within the tenant; the same key twice is the same proposal.
    pub key: String,
    /// Whose message.
    pub tenant: TenantId,
    /// From which number.
    pub sender: PhoneNumberId,
    /// To whom.
    pub contact: ContactId,
    /// The address it will be sent to, as Meta last spelled it (digits, or a BSUID).
    pub to: AddressKey,
    /// Who proposes.
    pub origin: Origin,
    /// What for, as declared.
    pub purpose: Purpose,
    /// Word of the tenant's vocabulary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// What the plugin calls it, in words of its own: comes back with the verdict on it. Not judged,
    /// and in no decision record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_key: Option<String>,
    /// Queue it travels in.
    pub class: Class,
    /// The inbound message it answers, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answers>,
    /// The message itself.
    pub content: Content,
    /// When it was proposed.
    pub created_at: Ts,
    /// When it stops making sense.
    pub expires_at: Ts,
}

/// The inbound message a proposal answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// The event that woke the plugin; absent when a person or the API answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// Its wamid, when it was a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wamid: Option<String>,
    /// When the person wrote (Meta's time).
    pub at: Ts,
}

/// Who proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Origin {
    /// A plugin.
    Plugin {
        /// Which installation.
        installation: InstallationId,
        /// Which plugin.
        plugin: PluginId,
        /// SHA-256 of its component, hex.
        digest: String,
        /// Place among the actions of one call, from 0.
        action_index: u32,
        /// 0 for an answer to an event, 1 for an answer to a verdict; never more.
        generation: u8,
    },
    /// A caller of the API.
    Api {
        /// With which token.
        token: TokenId,
    },
    /// A campaign an operator approved.
    Campaign {
        /// Which.
        campaign: CampaignId,
    },
    /// The host itself: opt-out receipt, consent question.
    Host {
        /// What for.
        what: String,
    },
}

impl Origin {
    /// Short name for columns and metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Origin::Plugin { .. } => "plugin",
            Origin::Api { .. } => "api",
            Origin::Campaign { .. } => "campaign",
            Origin::Host { .. } => "host",
        }
    }

    /// Whether a program, not a person, wrote it.
    #[must_use]
    pub const fn is_automated(&self) -> bool {
        !matches!(self, Origin::Api { .. })
    }
}

/// What a message is for. The gate takes the strictest of what is declared and what the template is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Host-made: opt-out receipt, notice.
    System,
    /// One-time codes.
    Authentication,
    /// An answer to the person.
    Reply,
    /// Order, appointment, receipt.
    Transactional,
    /// The question whether we may write.
    ConsentRequest,
    /// Promotion of any kind.
    Promotional,
}

impl Purpose {
    /// Name in columns, JSON and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Purpose::System => "system",
            Purpose::Authentication => "authentication",
            Purpose::Reply => "reply",
            Purpose::Transactional => "transactional",
            Purpose::ConsentRequest => "consent_request",
            Purpose::Promotional => "promotional",
        }
    }
}

/// Queues of a lane: a deferred promotion never blocks a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Answers to the person.
    Reply,
    /// Orders, codes, notices.
    Transactional,
    /// Campaigns and standing promotions.
    Campaign,
}

impl Class {
    /// Name in columns, JSON and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Reply => "reply",
            Class::Transactional => "transactional",
            Class::Campaign => "campaign",
        }
    }
    /// Reads [`Class::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Class> {
        match text {
            "reply" => Some(Class::Reply),
            "transactional" => Some(Class::Transactional),
            "campaign" => Some(Class::Campaign),
            _ => None,
        }
    }
}

/// Where a proposal stands. Resting: queued, deferred, in review, attempting, unknown. Final: the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// Admitted, waiting for dispatch.
    Queued,
    /// Admitted for later.
    Deferred,
    /// Waiting for a person's decision.
    InReview,
    /// Handed to the network, answer outstanding.
    Attempting,
    /// The answer was lost; a status webhook may settle it.
    Unknown,
    /// Meta accepted it.
    Sent,
    /// The gate refused it.
    Denied,
    /// Its time passed.
    Expired,
    /// Withdrawn (opt-out, operator).
    Cancelled,
    /// Meta refused it, or it could not be handed over.
    Failed,
}

impl OutboxState {
    /// All of them, resting first.
    pub const ALL: [OutboxState; 10] = [
        OutboxState::Queued,
        OutboxState::Deferred,
        OutboxState::InReview,
        OutboxState::Attempting,
        OutboxState::Unknown,
        OutboxState::Sent,
        OutboxState::Denied,
        OutboxState::Expired,
        OutboxState::Cancelled,
        OutboxState::Failed,
    ];

    /// Name in columns, JSON and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            OutboxState::Queued => "queued",
            OutboxState::Deferred => "deferred",
            OutboxState::InReview => "in_review",
            OutboxState::Attempting => "attempting",
            OutboxState::Unknown => "unknown",
            OutboxState::Sent => "sent",
            OutboxState::Denied => "denied",
            OutboxState::Expired => "expired",
            OutboxState::Cancelled => "cancelled",
            OutboxState::Failed => "failed",
        }
    }

    /// Reads [`OutboxState::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<OutboxState> {
        OutboxState::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// Whether nothing more will happen to it by itself.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            OutboxState::Sent
                | OutboxState::Denied
                | OutboxState::Expired
                | OutboxState::Cancelled
                | OutboxState::Failed
        )
    }
}
