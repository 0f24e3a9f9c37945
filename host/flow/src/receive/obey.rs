//! What cannot wait until an event is worked on: the person, the window, the opt-out.

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource};
use portero_domain::ids::{ConsentEventId, ContactId, TenantId};
use portero_domain::proof::{ConsentActor, ConsentChannel, ConsentProof, Initiator};
use portero_domain::update::{InboundBody, InboundMessage, PersonRef, Update, UpdateKind};
use portero_gate::words::Recognition;
use portero_store::model::{Interaction, NewContact, NewEvent};
use portero_store::{StoreError, Tx};

use crate::consent::{self, WordContextSource};
use crate::context::Context;
use crate::error::FlowError;
use crate::interpret;

/// A person of a tenant and what their words mean to consent.
pub(super) struct Seen {
    person: PersonRef,
    pub(super) addresses: Vec<(AddressKey, String)>,
    pub(super) contact: Option<ContactId>,
    pub(super) recognition: Recognition,
}

fn addresses(person: &PersonRef) -> Vec<(AddressKey, String)> {
    person
        .addresses()
        .filter_map(|a| AddressKey::parse(a).ok().map(|k| (k, a.to_owned())))
        .collect()
}

/// Who it is and whether the words are an opt-out; reads only.
pub(super) async fn recognise(
    ctx: &Context,
    tx: &mut Tx,
    tenant: TenantId,
    update: &Update,
) -> Result<Option<Seen>, StoreError> {
    let person = match &update.what {
        UpdateKind::Message(m) if m.group.is_none() => &m.from,
        UpdateKind::Preference { person, .. }
        | UpdateKind::Echo { person, .. }
        | UpdateKind::Call { person, .. }
        | UpdateKind::Handover { person, .. } => person,
        _ => return Ok(None),
    };
    let addresses = addresses(person);
    if addresses.is_empty() {
        return Ok(None);
    }
    let keys: Vec<AddressKey> = addresses.iter().map(|(k, _)| k.clone()).collect();
    let contact = tx.tenant(tenant).contact_by_addresses(&keys).await?;
    let recognition = match &update.what {
        UpdateKind::Message(m) => {
            let source = WordContextSource {
                tenant,
                contact,
                now: ctx.now(),
            };
            consent::recognise_message(tx, &source, &m.body).await?
        }
        _ => Recognition::None,
    };
    Ok(Some(Seen {
        person: person.clone(),
        addresses,
        contact,
        recognition,
    }))
}

/// Writes down what cannot wait: the person, the window, the opt-out.
pub(super) async fn obey(
    ctx: &Context,
    tx: &mut Tx,
    tenant: TenantId,
    event: &NewEvent,
    seen: &Seen,
    now: Ts,
) -> Result<(), FlowError> {
    let contact = match seen.contact {
        Some(contact) => {
            tx.tenant(tenant)
                .add_aliases(contact, &seen.addresses, now)
                .await?;
            contact
        }
        None => {
            // Two updates of one new person in one delivery: the second finds the first's row.
            let keys: Vec<AddressKey> = seen.addresses.iter().map(|(k, _)| k.clone()).collect();
            let contact = match tx.tenant(tenant).contact_by_addresses(&keys).await? {
                Some(contact) => contact,
                None => {
                    let id = ContactId::new(&*ctx.ids, now);
                    let country = seen.person.country.clone().or_else(|| {
                        seen.addresses
                            .iter()
                            .find_map(|(k, _)| k.country().map(str::to_owned))
                    });
                    let new = NewContact {
                        name: seen.person.name.clone(),
                        language: None,
                        country,
                    };
                    tx.tenant(tenant)
                        .create_contact(id, &new, &seen.addresses, now)
                        .await?;
                    back(ctx, tx, tenant, id, &keys, now).await?;
                    id
                }
            };
            tx.tenant(tenant)
                .set_event_contact(event.id, contact)
                .await?;
            contact
        }
    };
    let update: Update =
        serde_json::from_str(&event.payload).map_err(|source| FlowError::Stored {
            what: "update",
            source,
        })?;
    match &update.what {
        UpdateKind::Message(m) => {
            if m.body.opens_window()
                && let Some(number) = &update.number
            {
                tx.tenant(tenant)
                    .open_window(number, contact, m.at, m.wamid.as_str())
                    .await?;
            }
            let mut did = vec![(Interaction::Inbound, m.at)];
            if matches!(
                m.body,
                InboundBody::ButtonReply { .. } | InboundBody::TemplateButton { .. }
            ) {
                did.push((Interaction::Clicked, m.at));
            }
            tx.tenant(tenant)
                .note_interactions(contact, &did, now)
                .await?;
            if let Recognition::OptOut(scope) = &seen.recognition {
                opt_out(ctx, tx, tenant, contact, scope.clone(), m, now).await?;
            }
        }
        UpdateKind::Call { call, at, .. } => {
            if let Some(number) = &update.number {
                tx.tenant(tenant)
                    .open_window(number, contact, *at, call)
                    .await?;
            }
            tx.tenant(tenant)
                .note_interactions(contact, &[(Interaction::Inbound, *at)], now)
                .await?;
        }
        UpdateKind::Preference { stop, at, .. } => {
            let kind = if *stop {
                ConsentEventKind::MetaStop
            } else {
                ConsentEventKind::MetaResume
            };
            let consent = ConsentEvent {
                kind,
                source: ConsentSource::WaPreference,
                evidence: event.id.to_string(),
                captured_at: *at,
                ..by_the_person(ctx, ConsentScope::Promotional, now)
            };
            tx.tenant(tenant).append_consent(contact, &consent).await?;
            if *stop {
                tx.tenant(tenant)
                    .cancel_queued(contact, true, "consent.meta-stop", now)
                    .await?;
                // Plugins hear of it as of a word in the chat, by any number: their memory is the person's.
                let number = match &update.number {
                    Some(number) => Some(number.clone()),
                    None => tx
                        .tenant(tenant)
                        .numbers()
                        .await?
                        .first()
                        .map(|n| n.id.clone()),
                };
                if let Some(number) = number {
                    let (topic, state) = interpret::revoked(&ConsentScope::Promotional);
                    let whom = (tenant, &number, contact);
                    let cause = event.id.to_string();
                    interpret::tell_consent(ctx, tx, whom, &cause, &topic, state).await?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Somebody who was erased writes again: a person anew, of whom nothing is known but what they had
/// refused. Only they can take that back.
async fn back(
    ctx: &Context,
    tx: &mut Tx,
    tenant: TenantId,
    contact: ContactId,
    addresses: &[AddressKey],
    now: Ts,
) -> Result<(), StoreError> {
    let mut of = tx.tenant(tenant);
    for (address, erasure) in of.returned(addresses, now).await? {
        let refused = ConsentEvent {
            source: ConsentSource::Erasure,
            evidence: erasure.contact.to_string(),
            captured_at: erasure.erased_at,
            proof: ConsentProof {
                actor: Some(ConsentActor::System),
                ..ConsentProof::default()
            },
            ..by_the_person(ctx, erasure.scope, now)
        };
        of.append_consent(contact, &refused).await?;
        if let Some(scope) = erasure.blocked {
            let why = "on the list before the erasure";
            of.put_do_not_contact(&address, scope, why, &erasure.author, now)
                .await?;
        }
    }
    Ok(())
}

async fn opt_out(
    ctx: &Context,
    tx: &mut Tx,
    tenant: TenantId,
    contact: ContactId,
    scope: ConsentScope,
    message: &InboundMessage,
    now: Ts,
) -> Result<(), StoreError> {
    let button = matches!(
        message.body,
        InboundBody::ButtonReply { .. } | InboundBody::TemplateButton { .. }
    );
    let consent = ConsentEvent {
        source: if button {
            ConsentSource::WaButton
        } else {
            ConsentSource::WaKeyword
        },
        evidence: message.wamid.as_str().to_owned(),
        captured_at: message.at,
        ..by_the_person(ctx, scope.clone(), now)
    };
    tx.tenant(tenant).append_consent(contact, &consent).await?;
    let only_promotional = scope != ConsentScope::All;
    tx.tenant(tenant)
        .cancel_queued(contact, only_promotional, "consent.revoked", now)
        .await?;
    ctx.counters.opt_outs.one();
    Ok(())
}

/// A withdrawal that the person made in WhatsApp, received now: what is the same of all of them.
fn by_the_person(ctx: &Context, scope: ConsentScope, now: Ts) -> ConsentEvent {
    ConsentEvent {
        id: ConsentEventId::new(&*ctx.ids, now),
        kind: ConsentEventKind::Revoked,
        scope,
        promise: None,
        wording: None,
        language: None,
        source: ConsentSource::WaKeyword,
        evidence: String::new(),
        captured_at: now,
        received_at: now,
        expires_at: None,
        proof: ConsentProof {
            actor: Some(ConsentActor::Contact),
            channel: Some(ConsentChannel::Whatsapp),
            initiated_by: Some(Initiator::Consumer),
            ..ConsentProof::default()
        },
    }
}
