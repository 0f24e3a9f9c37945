//! What the shop knows of a person, as the page shows it: consent, window, who answers.

use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentStanding, FrequencyPromise, Period};
use portero_flow::desk::contacts::{ContactView, ConversationView};
use serde::Serialize;

use crate::record::instant;

/// A person towards one number.
#[derive(Serialize)]
pub(crate) struct ContactCard {
    id: String,
    consent: Vec<StandingCard>,
    marketing_stopped_at: Option<i64>,
    /// When the window closes; absent when it never opened.
    window_closes_at: Option<i64>,
    /// `bot` or `human`.
    owner: String,
    handed_over_at: Option<i64>,
    handover_reason: Option<String>,
}

/// Where they stand on one topic.
#[derive(Serialize)]
pub(crate) struct StandingCard {
    /// `*` is promotion in general.
    topic: String,
    state: &'static str,
    at: Option<i64>,
    promise: Option<PromiseCard>,
}

/// The most messages promised.
#[derive(Serialize)]
pub(crate) struct PromiseCard {
    max: u32,
    per: &'static str,
}

/// A promise in the words of the string tables.
pub(crate) fn promise(promise: FrequencyPromise) -> PromiseCard {
    PromiseCard {
        max: promise.max,
        per: match promise.per {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
        },
    }
}

/// The card of a person towards `number`.
pub(crate) fn contact_card(contact: ContactView, number: &str) -> ContactCard {
    let conversation: Option<&ConversationView> = contact
        .conversations
        .iter()
        .find(|c| c.phone_number_id == number);
    let handed_over = conversation.and_then(|c| c.handed_over.as_ref());
    ContactCard {
        id: contact.id.to_string(),
        marketing_stopped_at: contact.marketing_stopped_since.as_deref().and_then(instant),
        window_closes_at: conversation
            .and_then(|c| c.window_closes_at.as_deref())
            .and_then(instant),
        owner: conversation.map_or_else(|| "bot".to_owned(), |c| c.owner.clone()),
        handed_over_at: handed_over.and_then(|(at, _)| instant(at)),
        handover_reason: handed_over
            .map(|(_, why)| why.clone())
            .filter(|why| !why.is_empty()),
        consent: contact
            .consent
            .iter()
            .map(|(topic, s)| standing_card(topic, s))
            .collect(),
    }
}

fn standing_card(topic: &str, standing: &ConsentStanding) -> StandingCard {
    let (state, at, promised) = match standing {
        ConsentStanding::Unknown => ("unknown", None, None),
        ConsentStanding::Requested { at } => ("requested", Some(*at), None),
        ConsentStanding::Granted { at, promise, .. } => ("granted", Some(*at), *promise),
        ConsentStanding::Unconfirmed { at, .. } => ("unconfirmed", Some(*at), None),
        ConsentStanding::Declined { at } => ("declined", Some(*at), None),
        ConsentStanding::Revoked { at, .. } => ("revoked", Some(*at), None),
    };
    StandingCard {
        topic: topic.to_owned(),
        state,
        at: at.map(Ts::ms),
        promise: promised.map(promise),
    }
}
