//! Step 2: a claimed event is understood and sent on its way; exactly once, whatever happens.
//!
//! Everything an event leads to is committed together with "this event is done", guarded by the
//! claim's fence: a rerun after a crash starts from nothing.

use std::sync::Arc;

use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource};
use portero_domain::ids::{ConsentEventId, ContactId, EventId, PhoneNumberId, TenantId};
use portero_domain::language::Language;
use portero_domain::proof::{ConsentProof, Initiator};
use portero_domain::update::{InboundBody, InboundMessage, STANDBY, Update, UpdateKind};
use portero_gate::words::Recognition;
use portero_store::Tx;
use portero_store::model::{ClaimedEvent, EventState, NewEvent, TenantRow};
use serde_json::json;

use crate::consent;
use crate::consult;
use crate::context::{Context, Point};
use crate::dispatch::{self, InFlight};
use crate::error::FlowError;
use crate::host_words;
use crate::permissions;
use crate::sandbox_list;
use crate::track;
use crate::workers::Room;

/// Events taken per claim.
pub const CLAIM_LIMIT: usize = 16;
/// Tries before an event is put aside as failed.
const MAX_TRIES: u32 = 10;

/// Claims what came in and works on it. Returns how many events were taken.
///
/// # Errors
/// The database, when even the claim did not work.
pub(crate) async fn step(ctx: &Arc<Context>, mut room: Room) -> Result<usize, FlowError> {
    let mut tx = ctx.store.write().await?;
    let claimed = match tx
        .system()
        .claim_events(
            &ctx.host,
            ctx.clock.lease_now(),
            ctx.lease_until(),
            room.len(),
        )
        .await
    {
        Err(e) if e.is_transient() => return Ok(1),
        other => other?,
    };
    tx.commit().await?;
    if claimed.is_empty() {
        return Ok(0);
    }
    ctx.probe.at(Point::AfterEventClaim);
    let taken = claimed.len();
    // Different people side by side, never two events of one lane: the claim took lane heads only.
    for event in claimed {
        let (ctx, slot) = (Arc::clone(ctx), room.take());
        let tasks = ctx.tasks.clone();
        tasks.spawn(async move {
            one(&ctx, event).await;
            drop(slot);
            ctx.wake_inbox.notify_one();
            ctx.touched();
        });
    }
    Ok(taken)
}

/// Handles one event, or puts it back.
pub(crate) async fn one(ctx: &Context, event: ClaimedEvent) {
    let mut tries = 0;
    let error = loop {
        match handle(ctx, &event).await {
            Ok(()) => return,
            Err(e) if e.is_transient() && tries < 20 => tries += 1,
            Err(e) => break e,
        }
    };
    ctx.counters.step_errors.one();
    tracing::error!(event.id = %event.id, error.chain = %error.chain(), "event not handled");
    if let Err(e) = put_back(ctx, &event, &error).await {
        tracing::error!(event.id = %event.id, error.chain = %e.chain(), "event not put back; its lease will run out");
    }
}

/// An event that could not be handled waits longer each time and is never lost.
async fn put_back(ctx: &Context, event: &ClaimedEvent, error: &FlowError) -> Result<(), FlowError> {
    let mut tx = ctx.store.write().await?;
    if event.attempts >= MAX_TRIES {
        let why = format!("given up after {} tries: {error}", event.attempts);
        tx.system()
            .finish_event(event.id, event.fence, EventState::Failed, &why, ctx.now())
            .await?;
    } else {
        let wait =
            portero_domain::clock::Millis(500_i64.saturating_mul(1 << event.attempts.min(10)));
        let due = ctx.clock.lease_now() + wait;
        tx.system()
            .retry_event(event.id, event.fence, due, &error.to_string())
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn handle(ctx: &Context, event: &ClaimedEvent) -> Result<(), FlowError> {
    let Some(tenant) = event.tenant else {
        return finish_alone(ctx, event, EventState::Unrouted, "no tenant").await;
    };
    match event.kind.as_str() {
        "message" if event.field != STANDBY => message(ctx, event, &read_update(event)?).await,
        "message" | "status" | "template_status" | "template_quality" | "template_category"
        | "template_content" | "account" | "echo" | "handover" | "call" => {
            track::update(ctx, event, tenant, &read_update(event)?).await
        }
        "preference" => {
            finish_alone(
                ctx,
                event,
                EventState::Done,
                "preference stored while receiving",
            )
            .await
        }
        "business" | "timer" | "verdict" | "consent_changed" => {
            consult::host_event(ctx, event).await
        }
        other => {
            let why = format!("no step for events of kind `{other}`");
            finish_alone(ctx, event, EventState::Unhandled, &why).await
        }
    }
}

pub(crate) async fn finish_alone(
    ctx: &Context,
    event: &ClaimedEvent,
    state: EventState,
    how: &str,
) -> Result<(), FlowError> {
    let mut tx = ctx.store.write().await?;
    tx.system()
        .finish_event(event.id, event.fence, state, how, ctx.now())
        .await?;
    tx.commit().await?;
    Ok(())
}

pub(crate) fn read_update(event: &ClaimedEvent) -> Result<Update, FlowError> {
    serde_json::from_str(&event.payload).map_err(|source| FlowError::Stored {
        what: "update",
        source,
    })
}

/// A person wrote. Consent first, then whoever owns the conversation.
async fn message(ctx: &Context, event: &ClaimedEvent, update: &Update) -> Result<(), FlowError> {
    let UpdateKind::Message(inbound) = &update.what else {
        return finish_alone(ctx, event, EventState::Unhandled, "no message inside").await;
    };
    if let InboundBody::System {
        event: what,
        wa_id,
        user_id,
        previous_user_id,
    } = &inbound.body
    {
        let names = [
            wa_id.as_deref(),
            user_id.as_deref(),
            previous_user_id.as_deref(),
        ];
        return identity(ctx, event, inbound, what, &names).await;
    }
    if sandbox_list::answered(ctx, event, inbound).await? {
        return Ok(());
    }
    match consent::unlabel(&event.interpretation) {
        Recognition::None | Recognition::Help | Recognition::Human => {
            consult::message(ctx, event, inbound).await
        }
        found => words(ctx, event, inbound, &found).await,
    }
}

/// The host answers words about consent itself; no plugin can change what they mean.
async fn words(
    ctx: &Context,
    event: &ClaimedEvent,
    inbound: &InboundMessage,
    found: &Recognition,
) -> Result<(), FlowError> {
    let Some(who) = consult::Who::of(ctx, event).await? else {
        return finish_alone(ctx, event, EventState::Unhandled, "no contact").await;
    };
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let language = who.language;
    let (reply, state) = match found {
        Recognition::OptOut(scope) => {
            let text = consent::receipt(language, scope).to_owned();
            (
                Some(host_words::text("opt_out_receipt", text)),
                Some(revoked(scope)),
            )
        }
        Recognition::Ask => {
            let (body, labels) = consent::doubt(language, &who.tenant.name);
            (Some(host_words::doubt(body, labels)), None)
        }
        Recognition::OptIn | Recognition::Yes { .. } => {
            grant(
                ctx,
                &mut tx,
                &who.tenant,
                who.contact,
                inbound,
                found,
                language,
            )
            .await?
        }
        Recognition::Permissions => {
            let text = permissions::text(&mut tx, &who, now).await?;
            (Some(host_words::text("permissions", text)), None)
        }
        Recognition::No { topic } => {
            append(
                ctx,
                &mut tx,
                &who.tenant,
                who.contact,
                inbound,
                ConsentEventKind::Declined,
                topic,
            )
            .await?;
            (
                Some(host_words::text(
                    "consent_no",
                    host_words::declined(language),
                )),
                Some((topic.clone(), "declined")),
            )
        }
        _ => (None, None),
    };
    let mut sending = None;
    if let Some(reply) = reply {
        sending = host_words::say(ctx, &mut tx, &who, event, inbound, reply).await?;
    }
    if let Some((topic, state)) = state {
        consent_changed(ctx, &mut tx, &who, event.id, &topic, state).await?;
    }
    let how = event.interpretation.clone();
    finish_and_send(ctx, tx, event, &who.tenant, &how, now, sending).await
}

/// Commits "done" with everything it led to, then sends what was cleared in it.
pub(crate) async fn finish_and_send(
    ctx: &Context,
    mut tx: Tx,
    event: &ClaimedEvent,
    tenant: &TenantRow,
    how: &str,
    now: portero_domain::clock::Ts,
    sending: Option<InFlight>,
) -> Result<(), FlowError> {
    if !tx
        .system()
        .finish_event(event.id, event.fence, EventState::Done, how, now)
        .await?
    {
        // Another process took the event over after our lease ran out: what we did never was.
        tracing::warn!(event.id = %event.id, "claim lost; work discarded");
        return Ok(());
    }
    if let Some(one) = &sending {
        dispatch::spend(ctx, &mut tx, tenant, &[one]).await?;
    }
    ctx.probe.at(Point::BeforeAttemptCommit);
    tx.commit().await?;
    ctx.wake_outbox.notify_one();
    ctx.touched();
    if let Some(one) = sending {
        ctx.probe.at(Point::AfterAttemptCommit);
        dispatch::send(ctx, one).await?;
    }
    Ok(())
}

type Answer = (Option<host_words::Say>, Option<(String, &'static str)>);

async fn grant(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    contact: ContactId,
    inbound: &InboundMessage,
    found: &Recognition,
    language: Language,
) -> Result<Answer, FlowError> {
    let events = tx.tenant(tenant.id).consent_events(contact).await?;
    let pending = consent::pending_question(&events, ctx.now());
    // A button answers the question it stands under, whatever was asked since.
    let (topic, asked) = match (found, pending) {
        (Recognition::Yes { topic }, _) => {
            (topic.clone(), consent::question_on(&events, topic).cloned())
        }
        (_, Some((topic, asked))) => (topic, Some(asked)),
        // An opt-in word out of the blue starts the question, it grants nothing by itself.
        _ => {
            let Some(wording) = tx.tenant(tenant.id).wordings().await?.into_iter().next() else {
                return Ok((None, None));
            };
            return Ok((
                host_words::question(ctx, tx, tenant, &wording.name, None, language).await?,
                None,
            ));
        }
    };
    // The version that was shown, in its language: a newer one promises what nobody agreed to.
    let shown = match asked.as_ref().and_then(|a| a.wording.as_deref()) {
        Some(wording) => {
            let said_in = asked.as_ref().and_then(|a| a.language).unwrap_or(language);
            consent::wording_shown(tx, tenant.id, wording, said_in).await?
        }
        None => None,
    };
    let mut event = base(ctx, tenant, inbound, ConsentEventKind::Granted, &topic);
    if let Some(asked) = &asked {
        event.promise = asked.promise;
        event.wording = asked.wording.clone();
        event.language = asked.language;
        event.proof.question = asked.proof.question;
        event.proof.wording_sha256 = asked.proof.wording_sha256.clone();
        event.proof.initiated_by = asked.proof.initiated_by;
    }
    event.language = event.language.or(Some(language));
    if let Some(shown) = &shown {
        event.promise = Some(shown.promise);
        event.proof.wording_sha256 = Some(shown.sha256());
    }
    tx.tenant(tenant.id).append_consent(contact, &event).await?;
    let thanks = shown.map_or_else(|| host_words::granted(language), |w| w.thanks);
    Ok((
        Some(host_words::text("consent_yes", thanks)),
        Some((topic, "granted")),
    ))
}

async fn append(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    contact: ContactId,
    inbound: &InboundMessage,
    kind: ConsentEventKind,
    topic: &str,
) -> Result<(), FlowError> {
    let mut event = base(ctx, tenant, inbound, kind, topic);
    let events = tx.tenant(tenant.id).consent_events(contact).await?;
    if let Some(asked) = consent::question_on(&events, topic) {
        event.wording = asked.wording.clone();
        event.language = asked.language;
        event.proof.question = asked.proof.question;
        event.proof.wording_sha256 = asked.proof.wording_sha256.clone();
        event.proof.initiated_by = asked.proof.initiated_by;
    }
    tx.tenant(tenant.id).append_consent(contact, &event).await?;
    Ok(())
}

fn base(
    ctx: &Context,
    tenant: &TenantRow,
    inbound: &InboundMessage,
    kind: ConsentEventKind,
    topic: &str,
) -> ConsentEvent {
    let now = ctx.now();
    let typed = matches!(inbound.body, InboundBody::Text { .. });
    ConsentEvent {
        id: ConsentEventId::new(&*ctx.ids, now),
        kind,
        scope: ConsentScope::Topic(topic.to_owned()),
        promise: None,
        wording: None,
        language: None,
        source: if typed {
            ConsentSource::WaKeyword
        } else {
            ConsentSource::WaButton
        },
        evidence: inbound.wamid.as_str().to_owned(),
        captured_at: inbound.at,
        received_at: now,
        expires_at: None,
        proof: ConsentProof::in_chat(Some(tenant.name.clone()), Initiator::Consumer),
    }
}

/// Topic and state of a withdrawal, as plugins read them.
pub(crate) fn revoked(scope: &ConsentScope) -> (String, &'static str) {
    match scope {
        ConsentScope::All => ("*".to_owned(), "revoked"),
        ConsentScope::Promotional => ("*".to_owned(), "revoked_promotional"),
        ConsentScope::Topic(topic) => (topic.clone(), "revoked"),
    }
}

async fn consent_changed(
    ctx: &Context,
    tx: &mut Tx,
    who: &consult::Who,
    cause: EventId,
    topic: &str,
    state: &str,
) -> Result<(), FlowError> {
    let whom = (who.tenant.id, &who.number, who.contact);
    tell_consent(ctx, tx, whom, &cause.to_string(), topic, state).await
}

/// Puts a consent event into the inbox for the plugins that subscribe; once per `cause` and topic.
pub(crate) async fn tell_consent(
    ctx: &Context,
    tx: &mut Tx,
    (tenant, number, contact): (TenantId, &PhoneNumberId, ContactId),
    cause: &str,
    topic: &str,
    state: &str,
) -> Result<(), FlowError> {
    let payload = json!({ "topic": topic, "state": state });
    let event = NewEvent {
        number: Some(number.clone()),
        contact: Some(contact),
        dedupe_key: format!("c:{cause}:{topic}"),
        ..NewEvent::pending(
            EventId::new(&*ctx.ids, ctx.now()),
            "consent_changed",
            format!("p:{number}:{contact}"),
            tenant,
            payload.to_string(),
            ctx.now(),
            ctx.clock.lease_now(),
        )
    };
    tx.system()
        .insert_events(std::slice::from_ref(&event))
        .await?;
    ctx.wake_inbox.notify_one();
    Ok(())
}

/// The person changed number or id and Meta links old and new: one contact, one more alias.
async fn identity(
    ctx: &Context,
    event: &ClaimedEvent,
    inbound: &InboundMessage,
    what: &str,
    names: &[Option<&str>; 3],
) -> Result<(), FlowError> {
    let Some(tenant) = event.tenant else {
        return finish_alone(ctx, event, EventState::Unrouted, "no tenant").await;
    };
    let keys: Vec<_> = inbound
        .from
        .addresses()
        .chain(names.iter().flatten().copied())
        .filter_map(|a| {
            portero_domain::address::AddressKey::parse(a)
                .ok()
                .map(|k| (k, a.to_owned()))
        })
        .collect();
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let plain: Vec<_> = keys.iter().map(|(k, _)| k.clone()).collect();
    if let Some(contact) = tx.tenant(tenant).contact_by_addresses(&plain).await? {
        tx.tenant(tenant).add_aliases(contact, &keys, now).await?;
        let [new_phone, new_id, old_id] = names;
        let old = [
            (inbound.from.wa_id.as_deref(), *new_phone),
            (inbound.from.user_id.as_deref(), *new_id),
            (*old_id, *new_id),
        ];
        for (old, new) in old {
            let parse = |a: Option<&str>| {
                a.and_then(|a| portero_domain::address::AddressKey::parse(a).ok())
            };
            if let (Some(old), Some(new)) = (parse(old), parse(new))
                && old != new
            {
                tx.tenant(tenant)
                    .end_alias(contact, &old, inbound.at)
                    .await?;
                tx.tenant(tenant)
                    .redirect_waiting(contact, &old, &new)
                    .await?;
            }
        }
    }
    let how = format!("identity: {what}");
    tx.system()
        .finish_event(event.id, event.fence, EventState::Done, &how, now)
        .await?;
    tx.commit().await?;
    Ok(())
}
