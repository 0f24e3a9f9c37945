//! The door out: what it takes, and the five ways a send can end.

use std::fmt;

use async_trait::async_trait;
use portero_domain::clock::Ts;
use portero_domain::ids::{PhoneNumberId, Wamid};
use portero_gate::Cleared;
use secrecy::SecretString;

use crate::send_failure::Reaction;

/// What proves to Meta that we may act for a number.
#[derive(Clone, Debug)]
pub struct Access {
    /// System-user token; never shown.
    pub token: SecretString,
}

/// How a send ended.
#[derive(Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// Meta took it.
    Accepted {
        /// Meta's id of it.
        wamid: Wamid,
        /// How Meta spells the number, when it was sent to one.
        wa_id: Option<String>,
        /// Kept back for quality assessment.
        held: bool,
    },
    /// Meta said no: nothing was sent.
    Refused {
        /// Meta's code, or [`crate::send_failure::NO_CODE`].
        code: i64,
        /// Meta's title.
        title: String,
        /// Meta's details; may name the recipient, so keep them out of logs.
        details: Option<String>,
        /// HTTP status of the answer.
        http_status: u16,
        /// What to do about it.
        reaction: Reaction,
    },
    /// The clearance had run out: nothing was offered to Meta, and it is to be judged again.
    Stale {
        /// Without personal data.
        why: String,
    },
    /// It surely never reached Meta: no connection came about.
    NotSent {
        /// Without personal data.
        why: String,
    },
    /// It may have reached Meta, and no answer says so. Do not send it again by itself: wait for a
    /// status that carries the attempt's id.
    Lost {
        /// Without personal data.
        why: String,
    },
}

/// Without the number and Meta's details.
impl fmt::Debug for SendOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendOutcome::Accepted { wamid, held, .. } => f
                .debug_struct("Accepted")
                .field("wamid", wamid)
                .field("held", held)
                .finish_non_exhaustive(),
            SendOutcome::Refused {
                code,
                title,
                http_status,
                reaction,
                ..
            } => f
                .debug_struct("Refused")
                .field("code", code)
                .field("title", title)
                .field("http_status", http_status)
                .field("reaction", reaction)
                .finish_non_exhaustive(),
            SendOutcome::Stale { why } => f.debug_struct("Stale").field("why", why).finish(),
            SendOutcome::NotSent { why } => f.debug_struct("NotSent").field("why", why).finish(),
            SendOutcome::Lost { why } => f.debug_struct("Lost").field("why", why).finish(),
        }
    }
}

/// Marks a person's message as read, and optionally shows that an answer is being written.
///
/// No content, nothing to judge: a type of its own, so that it needs no clearance and can carry none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Courtesy {
    /// The number that received the message.
    pub sender: PhoneNumberId,
    /// The message read.
    pub wamid: Wamid,
    /// Show "typing" until a reply, at most 25 s; only when a reply will follow.
    pub typing: bool,
}

/// Why a courtesy did not happen. Never worth a retry by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CourtesyError {
    /// Meta said no.
    #[error("Meta refused the read receipt with error {code}: {title}")]
    Refused {
        /// Meta's code, or [`crate::send_failure::NO_CODE`].
        code: i64,
        /// Meta's title.
        title: String,
    },
    /// Meta was not reached, or did not answer.
    #[error("the read receipt got no answer: {why}")]
    Unanswered {
        /// Without personal data.
        why: String,
    },
}

/// Hands cleared messages to Meta. The only way a message leaves Portero.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Whether what it sends stays on this machine, at the simulator; tenants in simulator mode send
    /// through no other.
    fn stays_here(&self) -> bool;

    /// Opens the clearance at `now` and sends. Never repeats a request by itself.
    async fn send(&self, cleared: Cleared, access: &Access, now: Ts) -> SendOutcome;

    /// Marks as read.
    ///
    /// # Errors
    /// [`CourtesyError`] when Meta refuses or does not answer.
    async fn courtesy(&self, courtesy: Courtesy, access: &Access) -> Result<(), CourtesyError>;
}
