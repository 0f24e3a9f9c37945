//! The row of an event, and the event to be kept.

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, DeliveryId, EventId, PhoneNumberId, TenantId, WabaId};

use crate::error::Result;
use crate::json;

/// Where an event stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// To be worked on.
    Pending,
    /// Worked on.
    Done,
    /// For a number nobody here owns.
    Unrouted,
    /// Not acted on.
    Unhandled,
    /// No JSON Meta would send.
    Broken,
    /// Given up.
    Failed,
}

impl EventState {
    /// Name in columns and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            EventState::Pending => "pending",
            EventState::Done => "done",
            EventState::Unrouted => "unrouted",
            EventState::Unhandled => "unhandled",
            EventState::Broken => "broken",
            EventState::Failed => "failed",
        }
    }
}

/// An event to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id; later events sort after earlier ones.
    pub id: EventId,
    /// The delivery it was in.
    pub delivery: Option<DeliveryId>,
    /// `webhook`, `api` or `host`.
    pub source: String,
    /// Webhook field.
    pub field: String,
    /// What it is.
    pub kind: String,
    /// The same thing twice has the same key.
    pub dedupe_key: String,
    /// Events of one lane are worked on in order.
    pub lane_key: String,
    /// Whose.
    pub tenant: Option<TenantId>,
    /// Account named.
    pub waba: Option<WabaId>,
    /// Number named.
    pub number: Option<PhoneNumberId>,
    /// The person, when known.
    pub contact: Option<ContactId>,
    /// JSON text.
    pub payload: String,
    /// Where it stands.
    pub state: EventState,
    /// How we read it.
    pub interpretation: String,
    /// When it came (business time).
    pub received_at: Ts,
    /// Not to be worked on before (lease time).
    pub due_at: Ts,
}

impl NewEvent {
    /// An event of the host's own, to be worked on; its dedupe key is its id until set.
    #[must_use]
    pub fn pending(
        id: EventId,
        kind: impl Into<String>,
        lane_key: impl Into<String>,
        tenant: TenantId,
        payload: impl Into<String>,
        received_at: Ts,
        due_at: Ts,
    ) -> NewEvent {
        NewEvent {
            id,
            delivery: None,
            source: "host".to_owned(),
            field: String::new(),
            kind: kind.into(),
            dedupe_key: id.to_string(),
            lane_key: lane_key.into(),
            tenant: Some(tenant),
            waba: None,
            number: None,
            contact: None,
            payload: payload.into(),
            state: EventState::Pending,
            interpretation: String::new(),
            received_at,
            due_at,
        }
    }
}

/// A kept event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its id.
    pub id: EventId,
    /// The delivery it was in.
    pub delivery: Option<DeliveryId>,
    /// `webhook`, `api` or `host`.
    pub source: String,
    /// Webhook field.
    pub field: String,
    /// What it is.
    pub kind: String,
    /// The same thing twice has the same key.
    pub dedupe_key: String,
    /// Events of one lane are worked on in order.
    pub lane_key: String,
    /// Whose.
    pub tenant: Option<TenantId>,
    /// Account named.
    pub waba: Option<WabaId>,
    /// Number named.
    pub number: Option<PhoneNumberId>,
    /// The person, when known.
    pub contact: Option<ContactId>,
    /// JSON text.
    pub payload: String,
    /// Where it stands.
    pub state: EventState,
    /// How we read it.
    pub interpretation: String,
    /// When it came (business time).
    pub received_at: Ts,
    /// Not to be worked on before (lease time).
    pub due_at: Ts,
    /// Claims so far.
    pub attempts: u32,
    /// Number of the last claim; a completion with an older one is refused.
    pub fence: i64,
    /// When it came to its end.
    pub finished_at: Option<Ts>,
}

impl EventRow {
    /// Whether what it said is not kept any more: its term is over, or its person was erased.
    #[must_use]
    pub fn words_gone(&self) -> bool {
        self.payload == "null"
    }
}

/// An event somebody holds the lease of.
pub type ClaimedEvent = EventRow;

/// Columns of [`RawEvent`].
macro_rules! event_columns {
    () => {
        "event_id, delivery_id, source, field, kind, dedupe_key, lane_key, tenant_id, waba_id, phone_number_id,
         contact_id, payload, state, interpretation, received_at, due_at, attempts, fence, finished_at"
    };
}
pub(crate) use event_columns;

#[derive(sqlx::FromRow)]
pub(crate) struct RawEvent {
    event_id: String,
    delivery_id: Option<String>,
    source: String,
    field: String,
    kind: String,
    dedupe_key: String,
    lane_key: String,
    tenant_id: Option<String>,
    waba_id: Option<String>,
    phone_number_id: Option<String>,
    contact_id: Option<String>,
    payload: String,
    state: String,
    interpretation: String,
    received_at: i64,
    due_at: i64,
    attempts: i64,
    fence: i64,
    finished_at: Option<i64>,
}

impl RawEvent {
    pub(crate) fn read(self) -> Result<EventRow> {
        Ok(EventRow {
            id: json::id("event_id", &self.event_id)?,
            delivery: json::opt_id("delivery_id", self.delivery_id.as_deref())?,
            source: self.source,
            field: self.field,
            kind: self.kind,
            dedupe_key: self.dedupe_key,
            lane_key: self.lane_key,
            tenant: json::opt_id("tenant_id", self.tenant_id.as_deref())?,
            waba: self.waba_id.map(json::waba).transpose()?,
            number: self.phone_number_id.map(json::number).transpose()?,
            contact: json::opt_id("contact_id", self.contact_id.as_deref())?,
            payload: self.payload,
            state: json::from_word("event state", &self.state)?,
            interpretation: self.interpretation,
            received_at: Ts(self.received_at),
            due_at: Ts(self.due_at),
            attempts: json::small("attempts", self.attempts)?,
            fence: self.fence,
            finished_at: self.finished_at.map(Ts),
        })
    }
}
