//! What Meta says of messages we sent takes effect, many at a time: whole batches in one transaction.

use std::collections::BTreeMap;

use portero_domain::clock::Ts;
use portero_domain::ids::TenantId;
use portero_domain::status::MessageStatus;
use portero_domain::update::{StatusUpdate, Update, UpdateKind};
use portero_store::Tx;
use portero_store::model::{ClaimedEvent, EventState, FinishedEvent, StatusEffect};

use super::failed;
use crate::context::{Context, Point};
use crate::error::FlowError;
use crate::interpret;

/// Statuses taken per claim.
const CLAIM_LIMIT: usize = 256;

/// Claims statuses that came in and applies them. Returns how many were taken.
///
/// # Errors
/// The database, when even the claim did not work.
pub(crate) async fn step(ctx: &Context) -> Result<usize, FlowError> {
    let mut tx = ctx.store.write().await?;
    let claimed = match tx
        .system()
        .claim_statuses(
            &ctx.host,
            ctx.clock.lease_now(),
            ctx.lease_until(),
            CLAIM_LIMIT,
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
    if let Err(error) = patiently(ctx, &claimed).await {
        // One of them is the cause: each by itself, and the one is put back with its reason.
        tracing::warn!(error.chain = %error.chain(), "statuses are applied one by one");
        for event in claimed {
            interpret::one(ctx, event).await;
        }
    }
    ctx.wake_outbox.notify_one();
    ctx.touched();
    Ok(taken)
}

async fn patiently(ctx: &Context, events: &[ClaimedEvent]) -> Result<(), FlowError> {
    let mut tries = 0;
    loop {
        match together(ctx, events).await {
            Err(e) if e.is_transient() && tries < 20 => tries += 1,
            other => return other,
        }
    }
}

async fn together(ctx: &Context, events: &[ClaimedEvent]) -> Result<(), FlowError> {
    let now = ctx.now();
    let mut read: BTreeMap<TenantId, Vec<(&ClaimedEvent, StatusUpdate)>> = BTreeMap::new();
    for event in events {
        let update: Update = interpret::read_update(event)?;
        if let (Some(tenant), UpdateKind::Status(status)) = (event.tenant, update.what) {
            read.entry(tenant).or_default().push((event, status));
        }
    }
    let mut tx = ctx.store.write().await?;
    let mut finished = Vec::with_capacity(events.len());
    for (tenant, all) in &read {
        let statuses: Vec<&StatusUpdate> = all.iter().map(|(_, status)| status).collect();
        let said = apply(ctx, &mut tx, *tenant, &statuses, now).await?;
        for ((event, _), interpretation) in all.iter().zip(said) {
            finished.push(FinishedEvent {
                id: event.id,
                fence: event.fence,
                state: EventState::Done,
                interpretation,
            });
        }
    }
    tx.system().finish_events(&finished, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Applies statuses of one tenant; says of each how it was read.
pub(crate) async fn apply(
    ctx: &Context,
    tx: &mut Tx,
    tenant: TenantId,
    statuses: &[&StatusUpdate],
    now: Ts,
) -> Result<Vec<String>, FlowError> {
    let effects = tx.tenant(tenant).apply_statuses(statuses, now).await?;
    let mut said = Vec::with_capacity(statuses.len());
    let mut receipts = Vec::new();
    for (status, effect) in statuses.iter().zip(effects) {
        let text = &status.status_text;
        said.push(match (status.status, effect) {
            (None, _) => format!("status `{text}` is not one we know; kept"),
            (_, StatusEffect::NoSuchMessage) => "no message of ours".to_owned(),
            (_, StatusEffect::Stale { .. }) => format!("{text}: older than what stands"),
            (Some(MessageStatus::Failed), StatusEffect::Applied { outbox }) => {
                failed(ctx, tx, tenant, status, outbox).await?
            }
            (Some(reached), StatusEffect::Applied { outbox }) => {
                if matches!(reached, MessageStatus::Delivered | MessageStatus::Read) {
                    receipts.push((outbox, reached == MessageStatus::Read, status.at));
                }
                format!("{text} on {outbox}")
            }
        });
    }
    tx.tenant(tenant).note_receipts(&receipts).await?;
    Ok(said)
}
