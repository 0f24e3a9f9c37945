//! Somebody of the shop answered from the WhatsApp Business app: the conversation is theirs.

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::ids::TenantId;
use portero_domain::update::{PersonRef, Update};
use portero_store::Tx;
use portero_store::model::ClaimedEvent;

use crate::error::FlowError;

/// Why the conversation is a person's, and who answered.
const BY: &str = "answered from the WhatsApp Business app";

/// Hands the conversation to people; the bot does not talk over them.
pub(super) async fn apply(
    tx: &mut Tx,
    tenant: TenantId,
    event: &ClaimedEvent,
    update: &Update,
    person: &PersonRef,
    at: Ts,
    now: Ts,
) -> Result<String, FlowError> {
    let Some(number) = &update.number else {
        return Ok("no number named".to_owned());
    };
    let keys: Vec<AddressKey> = person
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
        .is_some_and(|e| e.what == "given_back" && e.at >= at)
    {
        return Ok(format!("{BY}; given back since"));
    }
    tx.hand_over(number, contact, BY, now).await?;
    tx.answered(number, contact, BY, now).await?;
    Ok(BY.to_owned())
}
