//! The row of a proposal: every column, typed.

use portero_domain::clock::Ts;
use portero_domain::content::Content;
use portero_domain::ids::{
    ContactId, DecisionId, EventId, InstallationId, OutboxId, PhoneNumberId, TenantId,
};
use portero_domain::proposal::{Class, OutboxState, Proposal};
use portero_domain::status::MessageStatus;
use portero_gate::record::content_hash;

use crate::error::Result;
use crate::json;

/// A proposal on its way, or at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its id.
    pub id: OutboxId,
    /// Whose.
    pub tenant: TenantId,
    /// Unique within the tenant.
    pub key: String,
    /// Hash of its content.
    pub content_hash: String,
    /// The event that led to it.
    pub event: Option<EventId>,
    /// The plugin that proposed it.
    pub installation: Option<InstallationId>,
    /// From which number.
    pub number: PhoneNumberId,
    /// To whom.
    pub contact: ContactId,
    /// Queue.
    pub class: Class,
    /// Purpose as declared (name).
    pub purpose: String,
    /// Topic.
    pub topic: Option<String>,
    /// `plugin`, `api`, `campaign` or `host`.
    pub origin: String,
    /// Counts as promotion.
    pub is_promotional: bool,
    /// Is a template.
    pub is_template: bool,
    /// Which template.
    pub template_name: Option<String>,
    /// The proposal itself.
    pub proposal: Proposal,
    /// Where it stands.
    pub state: OutboxState,
    /// The rule that decided, when one did.
    pub rule: Option<String>,
    /// Not to be looked at before.
    pub not_before: Ts,
    /// When it stops making sense.
    pub expires_at: Ts,
    /// When it was proposed.
    pub created_at: Ts,
    /// When its last attempt began.
    pub begun_at: Option<Ts>,
    /// When it came to its end.
    pub settled_at: Option<Ts>,
    /// Attempts begun.
    pub tries: u32,
    /// Meta's id.
    pub wamid: Option<String>,
    /// What Meta said last; never goes backwards.
    pub status: Option<MessageStatus>,
    /// When that was, Meta's time.
    pub status_at: Option<Ts>,
    /// Meta's error.
    pub error_code: Option<i64>,
    /// Its title.
    pub error_title: Option<String>,
    /// The record at admission.
    pub admission_decision: DecisionId,
    /// The record of the last dispatch round.
    pub dispatch_decision: Option<DecisionId>,
}

impl OutboxRow {
    /// Whether what it said is not kept any more: its term is over, or its person was erased.
    #[must_use]
    pub fn words_gone(&self) -> bool {
        let content = &self.proposal.content;
        matches!(content, Content::Text(text) if text.body.is_empty())
            && content_hash(content) != self.content_hash
    }
}

/// Columns of [`RawOutbox`], with the table named `o`.
macro_rules! outbox_columns {
    () => {
        "o.outbox_id, o.tenant_id, o.proposal_key, o.content_hash, o.event_id, o.installation_id, o.phone_number_id,
         o.contact_id, o.class, o.purpose, o.topic, o.origin, o.is_promotional, o.is_template, o.template_name,
         o.proposal, o.state, o.rule, o.not_before_at, o.expires_at, o.created_at, o.begun_at, o.settled_at, o.tries,
         o.wamid, o.status, o.status_at, o.error_code, o.error_title, o.admission_decision_id, o.dispatch_decision_id"
    };
}
pub(crate) use outbox_columns;

#[derive(sqlx::FromRow)]
pub(crate) struct RawOutbox {
    outbox_id: String,
    tenant_id: String,
    proposal_key: String,
    content_hash: String,
    event_id: Option<String>,
    installation_id: Option<String>,
    phone_number_id: String,
    contact_id: String,
    class: String,
    purpose: String,
    topic: Option<String>,
    origin: String,
    is_promotional: i64,
    is_template: i64,
    template_name: Option<String>,
    proposal: String,
    state: String,
    rule: Option<String>,
    not_before_at: i64,
    expires_at: i64,
    created_at: i64,
    begun_at: Option<i64>,
    settled_at: Option<i64>,
    tries: i64,
    wamid: Option<String>,
    status: Option<String>,
    status_at: Option<i64>,
    error_code: Option<i64>,
    error_title: Option<String>,
    admission_decision_id: Option<String>,
    dispatch_decision_id: Option<String>,
}

pub(crate) fn class(text: &str) -> Result<Class> {
    Class::parse(text).ok_or_else(|| json::bad("class", "not one of the three"))
}

impl RawOutbox {
    pub(crate) fn read(self) -> Result<OutboxRow> {
        Ok(OutboxRow {
            id: json::id("outbox_id", &self.outbox_id)?,
            tenant: json::id("tenant_id", &self.tenant_id)?,
            key: self.proposal_key,
            content_hash: self.content_hash,
            event: json::opt_id("event_id", self.event_id.as_deref())?,
            installation: json::opt_id("installation_id", self.installation_id.as_deref())?,
            number: json::number(self.phone_number_id)?,
            contact: json::id("contact_id", &self.contact_id)?,
            class: class(&self.class)?,
            purpose: self.purpose,
            topic: self.topic,
            origin: self.origin,
            is_promotional: self.is_promotional != 0,
            is_template: self.is_template != 0,
            template_name: self.template_name,
            proposal: json::read("proposal", &self.proposal)?,
            state: OutboxState::parse(&self.state)
                .ok_or_else(|| json::bad("outbox state", "not one of the ten"))?,
            rule: self.rule,
            not_before: Ts(self.not_before_at),
            expires_at: Ts(self.expires_at),
            created_at: Ts(self.created_at),
            begun_at: self.begun_at.map(Ts),
            settled_at: self.settled_at.map(Ts),
            tries: json::small("tries", self.tries)?,
            wamid: self.wamid,
            status: self
                .status
                .as_deref()
                .map(|s| json::from_word("status", s))
                .transpose()?,
            status_at: self.status_at.map(Ts),
            error_code: self.error_code,
            error_title: self.error_title,
            admission_decision: json::id(
                "admission_decision_id",
                self.admission_decision_id.as_deref().unwrap_or_default(),
            )?,
            dispatch_decision: json::opt_id(
                "dispatch_decision_id",
                self.dispatch_decision_id.as_deref(),
            )?,
        })
    }
}
