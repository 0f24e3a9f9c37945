//! The gate's answer: a verdict, every finding, and (at dispatch only) a [`Cleared`].

use serde::{Deserialize, Serialize};

use portero_domain::address::AddressKey;
use portero_domain::clock::{Millis, Ts};
use portero_domain::content::Content;
use portero_domain::ids::{AttemptId, DecisionId, OutboxId, PhoneNumberId, TenantId};

/// How long a clearance is good for: it is made to be used at once.
pub const CLEARED_VALID: Millis = Millis(500);

/// When a proposal is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// When it is made.
    Admission,
    /// In the claim that sends it.
    Dispatch,
}

/// The total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It may go.
    Allow,
    /// It may go later.
    Defer,
    /// A person decides.
    Hold,
    /// It may not go.
    Deny,
}

impl Verdict {
    /// Name in columns, JSON and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Allow => "allow",
            Verdict::Defer => "defer",
            Verdict::Hold => "hold",
            Verdict::Deny => "deny",
        }
    }
}

/// What one rule says when it has something to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Rule id (`consent.missing`).
    pub rule: String,
    /// Its outcome. `None`: a note that does not weigh.
    pub outcome: Option<Verdict>,
    /// For a deferral: the earliest instant this rule would pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Ts>,
    /// What was found, in a form the sentence is built from (`4097 characters`).
    pub value: String,
    /// What would have been allowed (`at most 4096`).
    pub limit: String,
    /// Where it can be seen: event ids, wamids, template names. Never a phone number or a text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// Verdict and reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// At which stage.
    pub stage: Stage,
    /// The total.
    pub verdict: Verdict,
    /// The first decisive rule; `None` when allowed.
    pub primary: Option<String>,
    /// For a deferral: when to judge again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Ts>,
    /// Rounds of the deferral fix-point, at least 1.
    pub rounds: u32,
    /// Every finding, in catalogue order.
    pub findings: Vec<Finding>,
    /// The instant judged at.
    pub at: Ts,
}

/// What a clearance is written out for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The attempt, echoed by Meta as `biz_opaque_callback_data`.
    pub attempt: AttemptId,
    /// The decision record.
    pub decision: DecisionId,
}

/// A message the gate let through at one instant. The only thing a transport accepts.
///
/// It is neither `Clone` nor `Deserialize`, has no public constructor, and is taken by value:
/// it cannot be built, copied, read from a database or used twice outside this crate.
///
/// ```compile_fail
/// fn twice(c: portero_gate::Cleared) { drop(c); drop(c); }
/// ```
#[must_use = "a cleared message that is not sent is a lost message"]
#[derive(Debug)]
pub struct Cleared {
    outbox: OutboxId,
    tenant: TenantId,
    sender: PhoneNumberId,
    to: AddressKey,
    content: Content,
    attempt: AttemptId,
    decision: DecisionId,
    valid_until: Ts,
}

/// A clearance presented after its time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("clearance of {outbox} ran out at {valid_until}, presented at {presented_at}")]
pub struct Stale {
    /// Which message.
    pub outbox: OutboxId,
    /// Until when it was good.
    pub valid_until: Ts,
    /// When it was presented.
    pub presented_at: Ts,
}

/// What a transport needs, taken out of a [`Cleared`] exactly once.
#[derive(Debug)]
pub struct ToSend {
    /// Row of the outbox.
    pub outbox: OutboxId,
    /// Whose.
    pub tenant: TenantId,
    /// From which number.
    pub sender: PhoneNumberId,
    /// To whom.
    pub to: AddressKey,
    /// What.
    pub content: Content,
    /// Echoed by Meta.
    pub attempt: AttemptId,
    /// The record that cleared it.
    pub decision: DecisionId,
}

impl Cleared {
    pub(crate) fn issue(
        proposal: &portero_domain::proposal::Proposal,
        ticket: &Ticket,
        now: Ts,
    ) -> Cleared {
        Cleared {
            outbox: proposal.id,
            tenant: proposal.tenant,
            sender: proposal.sender.clone(),
            to: proposal.to.clone(),
            content: proposal.content.clone(),
            attempt: ticket.attempt,
            decision: ticket.decision,
            valid_until: now + CLEARED_VALID,
        }
    }

    /// The row of the outbox it belongs to.
    #[must_use]
    pub const fn outbox(&self) -> OutboxId {
        self.outbox
    }

    /// The attempt it was issued for.
    #[must_use]
    pub const fn attempt(&self) -> AttemptId {
        self.attempt
    }

    /// Whose message it is.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Opens it for sending, once, while it is good.
    ///
    /// # Errors
    /// [`Stale`] when `now` is not before the end of its validity: judge again.
    pub fn open(self, now: Ts) -> Result<ToSend, Stale> {
        if now >= self.valid_until {
            return Err(Stale {
                outbox: self.outbox,
                valid_until: self.valid_until,
                presented_at: now,
            });
        }
        Ok(ToSend {
            outbox: self.outbox,
            tenant: self.tenant,
            sender: self.sender,
            to: self.to,
            content: self.content,
            attempt: self.attempt,
            decision: self.decision,
        })
    }
}
