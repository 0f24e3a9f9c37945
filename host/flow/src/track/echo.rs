//! Somebody else answers: a person of the shop from the WhatsApp Business app, Meta's own agent, another
//! app. The conversation is theirs.

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::ids::TenantId;
use portero_domain::update::{PersonRef, Update};
use portero_store::Tx;
use portero_store::model::ClaimedEvent;

use crate::error::FlowError;

/// Why the conversation is a person's, and who answered.
pub(super) const APP: &str = "answered from the WhatsApp Business app";
/// Why it is nobody's of ours.
pub(super) const OTHERS: &str = "Meta's agent or another app answers this conversation";

/// Who answers whom.
pub(super) struct Answered<'a> {
    /// The person.
    pub(super) person: &'a PersonRef,
    /// When, Meta's time.
    pub(super) at: Ts,
    /// Who answers instead of us.
    pub(super) by: &'a str,
    /// Whether they did already.
    pub(super) answered: bool,
}

/// Hands the conversation to people; the bot does not talk over them.
pub(super) async fn apply(
    tx: &mut Tx,
    tenant: TenantId,
    event: &ClaimedEvent,
    update: &Update,
    from: &Answered<'_>,
    now: Ts,
) -> Result<String, FlowError> {
    let Some(number) = &update.number else {
        return Ok("no number named".to_owned());
    };
    let by = from.by;
    let keys: Vec<AddressKey> = from
        .person
        .addresses()
        .filter_map(|a| AddressKey::parse(a).ok())
        .collect();
    let mut tx = tx.tenant(tenant);
    let contact = match event.contact {
        Some(contact) => Some(contact),
        None => tx.contact_by_addresses(&keys).await?,
    };
    let Some(contact) = contact else {
        return Ok("nobody we know".to_owned());
    };
    // Given back after that answer: an echo that comes late takes nothing away again.
    let later = tx.handover_events(contact, 1).await?;
    if later
        .first()
        .is_some_and(|e| e.what == "given_back" && e.at >= from.at)
    {
        return Ok(format!("{by}; given back since"));
    }
    if from.answered {
        tx.hand_over(number, contact, by, now).await?;
        tx.answered(number, contact, by, now).await?;
        return Ok(by.to_owned());
    }
    // One line of the history for all that people write meanwhile, and no alert: nobody of ours is waited for.
    let known = tx.conversation(number, contact).await?;
    if known.is_none_or(|c| c.handover_reason.as_deref() != Some(by)) {
        tx.hand_over(number, contact, by, now).await?;
    }
    tx.nobody_waits(number, contact).await?;
    Ok(by.to_owned())
}
