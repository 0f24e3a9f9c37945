//! Step 1: a webhook becomes durable rows, and an opt-out takes effect, before Meta gets its 200.
//!
//! Nothing is ever refused for what it says: what cannot be read, routed or understood is kept raw
//! and counted. Only a wrong signature is turned away.

use std::collections::HashMap;

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource};
use portero_domain::ids::{ConsentEventId, ContactId, DeliveryId, EventId, TenantId, WabaId};
use portero_domain::proof::{ConsentActor, ConsentChannel, ConsentProof, Initiator};
use portero_domain::update::{InboundBody, InboundMessage, PersonRef, Update, UpdateKind};
use portero_gate::words::Recognition;
use portero_meta::{signature, translate};
use portero_store::model::{EventState, Interaction, NewContact, NewDelivery, NewEvent};
use portero_store::{StoreError, Tx};

use crate::consent::{self, WordContextSource};
use crate::context::{Context, Point};
use crate::error::FlowError;
use crate::interpret;

/// Largest body accepted; Meta sends up to 3 MB.
pub const BODY_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Updates in it.
    pub updates: usize,
    /// Of these, not seen before.
    pub new: usize,
}

/// Verifies, stores, obeys opt-outs; the caller answers 200 when this returns `Ok`.
///
/// # Errors
/// [`FlowError::NotFound`] for an unknown app, [`FlowError::BadSignature`], or the database.
pub async fn webhook(
    ctx: &Context,
    app: &str,
    signature_header: Option<&str>,
    raw: &[u8],
) -> Result<Received, FlowError> {
    let secrets = {
        let mut tx = ctx.store.read().await?;
        tx.system()
            .app(app)
            .await?
            .ok_or_else(|| FlowError::not_found("app", app))?
    };
    if signature::verify(&secrets.app_secret, raw, signature_header).is_err() {
        ctx.counters.webhooks_bad_signature.one();
        return Err(FlowError::BadSignature {
            app: app.to_owned(),
        });
    }
    let read = translate::translate(raw);
    let mut tries = 0;
    let received = loop {
        match store(ctx, app, raw, &read).await {
            Err(FlowError::Store(e)) if e.is_transient() && tries < 5 => tries += 1,
            other => break other?,
        }
    };
    ctx.probe.at(Point::AfterReceiveCommit);
    ctx.counters.webhooks_accepted.one();
    ctx.wake_inbox.notify_one();
    ctx.wake_statuses.notify_one();
    ctx.wake_outbox.notify_one();
    ctx.touched();
    Ok(received)
}

async fn store(
    ctx: &Context,
    app: &str,
    raw: &[u8],
    read: &Result<Vec<translate::Translated>, translate::BadPayload>,
) -> Result<Received, FlowError> {
    let now = ctx.now();
    let lease_now = ctx.clock.lease_now();
    let mut tx = ctx.store.write().await?;
    let delivery = DeliveryId::new(&*ctx.ids, now);
    let count = read.as_ref().map_or(1, Vec::len);
    tx.system()
        .insert_delivery(&NewDelivery {
            id: delivery,
            app: app.to_owned(),
            body: raw.to_vec(),
            received_at: now,
            updates: count,
        })
        .await?;
    let mut events = Vec::with_capacity(count);
    let mut people = Vec::with_capacity(count);
    match read {
        Err(bad) => {
            events.push(broken(ctx, delivery, &bad.to_string(), now, lease_now));
            people.push(None);
            ctx.counters.webhooks_broken.one();
        }
        Ok(updates) => {
            let mut routes = Routes::default();
            for one in updates {
                let tenant = routes.tenant(&mut tx, &one.update).await?;
                let seen = match tenant {
                    Some(tenant) => recognise(ctx, &mut tx, tenant, &one.update).await?,
                    None => None,
                };
                let id = EventId::new(&*ctx.ids, now);
                events.push(event(
                    id,
                    delivery,
                    tenant,
                    one,
                    seen.as_ref(),
                    now,
                    lease_now,
                ));
                people.push(seen);
            }
        }
    }
    let fresh = tx.system().insert_events(&events).await?;
    for ((event, seen), fresh) in events.iter().zip(&people).zip(&fresh) {
        if let (true, Some(seen)) = (*fresh, seen)
            && let Some(tenant) = event.tenant
        {
            obey(ctx, &mut tx, tenant, event, seen, now).await?;
        }
    }
    ctx.probe.at(Point::BeforeReceiveCommit);
    tx.commit().await?;
    let new = fresh.iter().filter(|f| **f).count();
    count_events(ctx, &events, &fresh);
    Ok(Received {
        updates: events.len(),
        new,
    })
}

fn count_events(ctx: &Context, events: &[NewEvent], fresh: &[bool]) {
    for (event, fresh) in events.iter().zip(fresh) {
        if !fresh {
            ctx.counters.events_duplicate.one();
            continue;
        }
        ctx.counters.events_new.one();
        match event.state {
            EventState::Unrouted => ctx.counters.events_unrouted.one(),
            EventState::Unhandled => ctx.counters.events_unhandled.one(),
            _ => {}
        }
    }
}

/// Numbers and accounts looked up once per delivery.
#[derive(Default)]
struct Routes {
    numbers: HashMap<String, Option<TenantId>>,
    wabas: HashMap<String, Option<TenantId>>,
}

impl Routes {
    async fn tenant(
        &mut self,
        tx: &mut Tx,
        update: &Update,
    ) -> Result<Option<TenantId>, StoreError> {
        if let Some(number) = &update.number {
            if let Some(known) = self.numbers.get(number.as_str()) {
                return Ok(*known);
            }
            let tenant = tx.system().route_number(number).await?.map(|r| r.tenant);
            self.numbers.insert(number.as_str().to_owned(), tenant);
            return Ok(tenant);
        }
        let Some(waba) = &update.waba else {
            return Ok(None);
        };
        if let Some(known) = self.wabas.get(waba.as_str()) {
            return Ok(*known);
        }
        let tenant = tx.system().route_waba(waba).await?;
        self.wabas.insert(WabaId::as_str(waba).to_owned(), tenant);
        Ok(tenant)
    }
}

/// A person of a tenant and what their words mean to consent.
struct Seen {
    person: PersonRef,
    addresses: Vec<(AddressKey, String)>,
    contact: Option<ContactId>,
    recognition: Recognition,
}

fn addresses(person: &PersonRef) -> Vec<(AddressKey, String)> {
    person
        .addresses()
        .filter_map(|a| AddressKey::parse(a).ok().map(|k| (k, a.to_owned())))
        .collect()
}

/// Who it is and whether the words are an opt-out; reads only.
async fn recognise(
    ctx: &Context,
    tx: &mut Tx,
    tenant: TenantId,
    update: &Update,
) -> Result<Option<Seen>, StoreError> {
    let person = match &update.what {
        UpdateKind::Message(m) if m.group.is_none() => &m.from,
        UpdateKind::Preference { person, .. } | UpdateKind::Echo { person, .. } => person,
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
async fn obey(
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
        UpdateKind::Preference { stop, at, .. } => {
            let kind = if *stop {
                ConsentEventKind::MetaStop
            } else {
                ConsentEventKind::MetaResume
            };
            let consent = ConsentEvent {
                id: ConsentEventId::new(&*ctx.ids, now),
                kind,
                scope: ConsentScope::Promotional,
                promise: None,
                wording: None,
                language: None,
                source: ConsentSource::WaPreference,
                evidence: event.id.to_string(),
                captured_at: *at,
                received_at: now,
                expires_at: None,
                proof: ConsentProof {
                    actor: Some(ConsentActor::Contact),
                    channel: Some(ConsentChannel::Whatsapp),
                    initiated_by: Some(Initiator::Consumer),
                    ..ConsentProof::default()
                },
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
        id: ConsentEventId::new(&*ctx.ids, now),
        kind: ConsentEventKind::Revoked,
        scope: scope.clone(),
        promise: None,
        wording: None,
        language: None,
        source: if button {
            ConsentSource::WaButton
        } else {
            ConsentSource::WaKeyword
        },
        evidence: message.wamid.as_str().to_owned(),
        captured_at: message.at,
        received_at: now,
        expires_at: None,
        proof: ConsentProof {
            actor: Some(ConsentActor::Contact),
            channel: Some(ConsentChannel::Whatsapp),
            initiated_by: Some(Initiator::Consumer),
            ..ConsentProof::default()
        },
    };
    tx.tenant(tenant).append_consent(contact, &consent).await?;
    let only_promotional = scope != ConsentScope::All;
    tx.tenant(tenant)
        .cancel_queued(contact, only_promotional, "consent.revoked", now)
        .await?;
    ctx.counters.opt_outs.one();
    Ok(())
}

fn broken(ctx: &Context, delivery: DeliveryId, why: &str, now: Ts, due: Ts) -> NewEvent {
    let id = EventId::new(&*ctx.ids, now);
    NewEvent {
        id,
        delivery: Some(delivery),
        source: "webhook".to_owned(),
        field: String::new(),
        kind: "broken".to_owned(),
        dedupe_key: format!("b:{delivery}"),
        lane_key: format!("b:{delivery}"),
        tenant: None,
        waba: None,
        number: None,
        contact: None,
        payload: "null".to_owned(),
        state: EventState::Broken,
        interpretation: why.to_owned(),
        received_at: now,
        due_at: due,
    }
}

fn event(
    id: EventId,
    delivery: DeliveryId,
    tenant: Option<TenantId>,
    one: &translate::Translated,
    seen: Option<&Seen>,
    now: Ts,
    due: Ts,
) -> NewEvent {
    let update = &one.update;
    let (state, interpretation) = match (&update.what, tenant, seen) {
        (UpdateKind::Unhandled { why }, _, _) => (EventState::Unhandled, why.clone()),
        (_, None, _) => (
            EventState::Unrouted,
            "nobody here owns this number or account".to_owned(),
        ),
        (UpdateKind::Message(m), Some(_), _) if m.group.is_some() => (
            EventState::Unhandled,
            "group message: kept, not answered".to_owned(),
        ),
        (
            UpdateKind::Message(_) | UpdateKind::Preference { .. } | UpdateKind::Echo { .. },
            Some(_),
            None,
        ) => (
            EventState::Unhandled,
            "no usable address of the person".to_owned(),
        ),
        (_, Some(_), Some(seen)) => (EventState::Pending, consent::label(&seen.recognition)),
        _ => (EventState::Pending, String::new()),
    };
    // Events of one person with one number are worked on in order; everything else stands alone.
    let lane_key = match (&update.what, seen.and_then(|s| s.addresses.first())) {
        (UpdateKind::Message(_), Some((address, _))) => {
            portero_store::model::message_lane(update.number.as_ref(), address)
        }
        (UpdateKind::Status(s), _) => format!("s:{}", s.wamid),
        (UpdateKind::Account(_), _) => {
            format!("a:{}", update.waba.as_ref().map_or("", |w| w.as_str()))
        }
        (
            UpdateKind::TemplateStatus { name, .. }
            | UpdateKind::TemplateQuality { name, .. }
            | UpdateKind::TemplateRecategorised { name, .. },
            _,
        ) => format!(
            "t:{}:{name}",
            update.waba.as_ref().map_or("", |w| w.as_str())
        ),
        _ => format!("e:{id}"),
    };
    // What we do not understand keeps its raw text; what we do keeps our reading of it.
    let payload = match &update.what {
        UpdateKind::Unhandled { .. } => one.raw.clone(),
        _ => serde_json::to_string(update).unwrap_or_else(|_| one.raw.clone()),
    };
    NewEvent {
        id,
        delivery: Some(delivery),
        source: "webhook".to_owned(),
        field: update.field.clone(),
        kind: update.what.as_str().to_owned(),
        dedupe_key: update.dedupe_key.clone(),
        lane_key,
        tenant,
        waba: update.waba.clone(),
        number: update.number.clone(),
        contact: seen.and_then(|s| s.contact),
        payload,
        state,
        interpretation,
        received_at: now,
        due_at: due,
    }
}

/// Answers Meta's verification: the challenge when the token matches, `None` when it does not.
///
/// # Errors
/// [`FlowError::NotFound`] for an unknown app, or the database.
pub async fn challenge(ctx: &Context, app: &str, query: &str) -> Result<Option<String>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let secrets = tx
        .system()
        .app(app)
        .await?
        .ok_or_else(|| FlowError::not_found("app", app))?;
    Ok(signature::verify_challenge(query, &secrets.verify_token).ok())
}
