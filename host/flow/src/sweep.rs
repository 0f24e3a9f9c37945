//! Housekeeping: attempts whose process died become *unknown*, fresh records are sealed.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::EventId;
use portero_store::EngineKind;
use portero_store::model::{AttemptEnd, EventState, NewEvent};
use serde_json::json;

use crate::context::Context;
use crate::error::FlowError;

/// Rows per step.
const LIMIT: usize = 256;

/// Records sealed in one transaction: more than come in between two looks of a busy host.
pub(crate) const SEALED: usize = 1_024;

/// Between two looks at what the database knows of its tables.
const STATISTICS: Millis = Millis::secs(2);

/// Between two looks for endpoints from which nobody fetches.
const UNFETCHED: Millis = Millis::secs(5);

/// Lets the database look again at tables that grew fast; every few seconds of the machine's time.
///
/// # Errors
/// The database.
pub async fn statistics(ctx: &Context) -> Result<(), FlowError> {
    let now = ctx.clock.lease_now();
    let last = Ts(ctx.statistics_at.load(Ordering::Relaxed));
    if now < last + STATISTICS {
        return Ok(());
    }
    ctx.statistics_at.store(now.ms(), Ordering::Relaxed);
    if ctx.store.engine() == EngineKind::Sqlite {
        return Ok(());
    }
    let mut tx = ctx.store.write().await?;
    let tables = tx.system().refresh_statistics().await?;
    tx.commit().await?;
    if !tables.is_empty() {
        tracing::debug!(?tables, "tables grew; their statistics are fresh");
    }
    Ok(())
}

/// Forgets what the log of who did what kept for long enough; looks once an hour.
///
/// # Errors
/// The database.
pub async fn old_audit(ctx: &Context) -> Result<(), FlowError> {
    let now = ctx.now();
    let last = Ts(ctx.audit_swept_at.load(Ordering::Relaxed));
    if now < last + Millis::hours(1) {
        return Ok(());
    }
    ctx.audit_swept_at.store(now.ms(), Ordering::Relaxed);
    let before = Ts(now.ms().saturating_sub(ctx.audit_keep.0));
    let mut tx = ctx.store.write().await?;
    tx.system().forget_audit(before).await?;
    tx.commit().await?;
    Ok(())
}

/// Removes endpoints from which somebody was to fetch and did not in time, as when `portero listen` was ended by force;
/// looks every few seconds of the machine's time.
///
/// # Errors
/// The database.
pub async fn unfetched_webhooks(ctx: &Context) -> Result<(), FlowError> {
    let now = ctx.clock.lease_now();
    let last = Ts(ctx.unfetched_at.load(Ordering::Relaxed));
    if now < last + UNFETCHED {
        return Ok(());
    }
    ctx.unfetched_at.store(now.ms(), Ordering::Relaxed);
    // Mostly there is nothing: no writer is taken for it.
    let there = {
        let mut tx = ctx.store.read().await?;
        tx.system().any_webhook_unfetched(now).await?
    };
    if !there {
        return Ok(());
    }
    let mut tx = ctx.store.write().await?;
    for (tenant, webhook) in tx.system().webhooks_unfetched(now, LIMIT).await? {
        tx.tenant(tenant).remove_webhook(webhook).await?;
        tracing::info!(tenant.id = %tenant, webhook.id = %webhook, "nobody fetched from this endpoint any more; it is removed");
    }
    tx.commit().await?;
    Ok(())
}

/// Marks attempts whose lease ran out as unknown. Returns how many.
///
/// # Errors
/// The database.
pub async fn expired_attempts(ctx: &Context) -> Result<usize, FlowError> {
    let mut tx = ctx.store.write().await?;
    let expired = tx
        .system()
        .expired_attempts(ctx.clock.lease_now(), LIMIT)
        .await?;
    let now = ctx.now();
    for attempt in &expired {
        let end = AttemptEnd::Unknown {
            why: "the process died before Meta's answer was recorded".to_owned(),
        };
        tx.tenant(attempt.tenant)
            .end_attempt(attempt.id, &end, now)
            .await?;
        tracing::warn!(outbox.id = %attempt.outbox, attempt.id = %attempt.id, "attempt unknown after a crash");
    }
    tx.commit().await?;
    ctx.counters
        .sends_unknown
        .add(u64::try_from(expired.len()).unwrap_or_default());
    if !expired.is_empty() {
        ctx.wake_outbox.notify_one();
    }
    Ok(expired.len())
}

/// Raises the alert for people who wait for a person of the shop longer than their tenant allows: an
/// event, a counter, a line in the conversation's history. Returns how many.
///
/// # Errors
/// The database.
pub async fn unanswered(ctx: &Context) -> Result<usize, FlowError> {
    let now = ctx.now();
    // Mostly there is nothing: no writer is taken for it.
    let waiting = {
        let mut tx = ctx.store.read().await?;
        tx.system().unanswered(now, LIMIT).await?
    };
    if waiting.is_empty() {
        return Ok(0);
    }
    let mut tx = ctx.store.write().await?;
    let mut events = Vec::new();
    for who in &waiting {
        if !tx.tenant(who.tenant).alerted(who, now).await? {
            continue;
        }
        let waited_minutes = now.since(who.since) / 60_000;
        let payload =
            json!({ "waiting_since": who.since.rfc3339(), "waited_minutes": waited_minutes });
        events.push(NewEvent {
            number: Some(who.number.clone()),
            contact: Some(who.contact),
            dedupe_key: format!("u:{}:{}:{}", who.number, who.contact, who.since.ms()),
            state: EventState::Done,
            interpretation: format!("nobody answered for {waited_minutes} minutes"),
            ..NewEvent::pending(
                EventId::new(&*ctx.ids, now),
                "unanswered",
                format!("u:{}:{}", who.number, who.contact),
                who.tenant,
                payload.to_string(),
                now,
                ctx.clock.lease_now(),
            )
        });
    }
    tx.system().insert_events(&events).await?;
    tx.commit().await?;
    let raised = events.len();
    ctx.counters
        .unanswered_alerts
        .add(u64::try_from(raised).unwrap_or_default());
    if raised > 0 {
        tracing::warn!(raised, "people wait for a person of the shop");
        ctx.touched();
    }
    Ok(raised)
}

/// Links unsealed records and consent events into their tenant's chain. Returns how many.
///
/// # Errors
/// The database.
pub async fn seal(ctx: &Context) -> Result<usize, FlowError> {
    let mut tx = ctx.store.write().await?;
    let items = tx.system().unsealed(SEALED).await?;
    if items.is_empty() {
        return Ok(0);
    }
    let count = items.len();
    let mut by_tenant: BTreeMap<_, Vec<(String, String)>> = BTreeMap::new();
    for (tenant, id, hash) in items {
        by_tenant.entry(tenant).or_default().push((id, hash));
    }
    let now = ctx.now();
    for (tenant, items) in by_tenant {
        tx.system().seal(tenant, &items, now).await?;
    }
    tx.commit().await?;
    Ok(count)
}
