//! Who wants no reminders: kept from what the host tells, so that not even a proposal is made.

use portero_sdk::{HostError, VerdictEvent, kv};

/// Rules whose refusal means that the person, or the law, wants silence.
const SILENCING: [&str; 5] = [
    "consent.revoked",
    "consent.meta-stop",
    "consent.expired",
    "recipient.do-not-contact",
    "data.erased",
];

pub(crate) fn stands(person: &str) -> Result<bool, HostError> {
    Ok(kv::get(&key(person))?.is_some())
}

pub(crate) fn begin(person: &str, why: &str) -> Result<(), HostError> {
    kv::set(&key(person), why)
}

pub(crate) fn end(person: &str) -> Result<(), HostError> {
    kv::delete(&key(person))
}

/// Whether a refusal asks for silence from now on.
pub(crate) fn asked_by(verdict: &VerdictEvent) -> bool {
    SILENCING.contains(&verdict.verdict.rule.as_str())
}

fn key(person: &str) -> String {
    format!("silent:{person}")
}
