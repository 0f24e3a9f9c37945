//! Whether a consent on record covers a message the business starts.
//!
//! Source: `compliance-rules` A.5, B.4.

use portero_domain::clock::Ts;
use portero_domain::consent::{
    ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource, ConsentStanding, standing,
};
use portero_domain::ids::ConsentEventId;
use portero_domain::proposal::Purpose;

use crate::case::Case;

/// What the ledger says about one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cover {
    /// An answer inside the window, or anything else that needs no opt-in.
    NotNeeded,
    /// A grant, an open transaction or the person's own request covers it.
    Covered,
    /// Withdrawn: `consent.revoked` speaks.
    Revoked,
    /// Granted for something else: `consent.scope` speaks.
    Elsewhere,
    /// Not confirmed yet: `consent.double-opt-in-pending` speaks.
    Pending,
    /// Came in a list that was refused: `consent.import-refused` speaks.
    Refused,
    /// Nothing on record: `consent.missing` speaks.
    Nothing,
    /// The ledger could not be read: `consent.missing` speaks.
    Unknown,
}

/// Looks a message up.
pub(crate) fn of(case: &Case<'_>) -> Cover {
    if !case.is_template() && !case.is_promotional() {
        return Cover::NotNeeded;
    }
    if case.purpose == Purpose::Authentication && case.asked_for_code() {
        return Cover::Covered;
    }
    let (Some(stand), Some(events)) = (&case.standing, case.facts.consent.known()) else {
        return Cover::Unknown;
    };
    let unconfirmed = unconfirmed(case);
    match stand {
        ConsentStanding::Granted { .. } if unconfirmed.is_none() => return Cover::Covered,
        ConsentStanding::Revoked { .. } => return Cover::Revoked,
        ConsentStanding::Granted { .. }
        | ConsentStanding::Unconfirmed { .. }
        | ConsentStanding::Unknown
        | ConsentStanding::Requested { .. }
        | ConsentStanding::Declined { .. } => {}
    }
    // A code is covered by the person's own request only, not by an order that happens to be open.
    let by_contract = matches!(
        case.purpose,
        Purpose::Transactional | Purpose::Reply | Purpose::System
    );
    if by_contract && !case.facts.recipient.open_transactions.is_empty() {
        return Cover::Covered;
    }
    if let Some((_, ends)) = unconfirmed {
        return match case.purpose {
            _ if case.now >= ends => Cover::Nothing,
            // Only the question that asks for the second yes.
            Purpose::ConsentRequest => Cover::Covered,
            _ => Cover::Pending,
        };
    }
    match live_grants(events).next() {
        // Who agreed to something may be asked for more.
        Some(_) if case.purpose == Purpose::ConsentRequest => Cover::Covered,
        Some(_) => Cover::Elsewhere,
        None if events.iter().any(|e| refused(case, e)) => Cover::Refused,
        None => Cover::Nothing,
    }
}

/// The consent that would cover it but for the second yes, and until when that is waited for: from
/// the day it was written down, however long ago it was given.
pub(crate) fn unconfirmed(case: &Case<'_>) -> Option<(ConsentEventId, Ts)> {
    let event = |by: &ConsentEventId| case.facts.consent.known()?.iter().find(|e| e.id == *by);
    let event = match case.standing.as_ref()? {
        ConsentStanding::Unconfirmed { by, .. } => event(by)?,
        ConsentStanding::Granted { by, .. } if case.policy.double_opt_in => {
            let event = event(by)?;
            let in_the_chat = matches!(
                event.source,
                ConsentSource::WaKeyword | ConsentSource::WaButton
            );
            if in_the_chat {
                return None;
            }
            event
        }
        _ => return None,
    };
    let since = event.received_at.max(event.captured_at);
    Some((event.id, since + case.policy.confirmation_ms))
}

/// Whether an event is a refused record of consent to this.
fn refused(case: &Case<'_>, event: &ConsentEvent) -> bool {
    let scope = match &event.scope {
        ConsentScope::All | ConsentScope::Promotional => true,
        ConsentScope::Topic(topic) => Some(topic.as_str()) == case.topic,
    };
    event.kind == ConsentEventKind::ImportRefused && scope
}

/// The grants that still stand, each for its own scope.
pub(crate) fn live_grants(events: &[ConsentEvent]) -> impl Iterator<Item = &ConsentEvent> {
    events
        .iter()
        .filter(|e| e.kind == ConsentEventKind::Granted)
        .filter(move |e| {
            let topic = match &e.scope {
                ConsentScope::Topic(topic) => Some(topic.as_str()),
                ConsentScope::All | ConsentScope::Promotional => None,
            };
            matches!(standing(events, topic), ConsentStanding::Granted { by, .. } if by == e.id)
        })
}

/// A scope as findings show it.
pub(crate) fn show(scope: &ConsentScope) -> String {
    match scope {
        ConsentScope::All => "all".to_owned(),
        ConsentScope::Promotional => "promotional".to_owned(),
        ConsentScope::Topic(topic) => format!("topic:{topic}"),
    }
}
