//! Step 6: claim, judge again with fresh facts, and only then send. The second verdict wins.
//!
//! An attempt row committed means: it has begun. The answer settles it in a transaction of its own;
//! an answer that never came leaves it *unknown*, and unknown is not sent again by itself.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{AttemptId, OutboxId, PhoneNumberId, TenantId};
use portero_domain::proposal::{Class, OutboxState, Proposal};
use portero_gate::{Cleared, NumberBucket};
use portero_meta::send_failure::{NO_CODE, Reaction};
use portero_meta::transport::{Access, SendOutcome};
use portero_store::Tx;
use portero_store::model::{ClaimedLane, LaneRelease, OutboxRow, TenantRow};

use self::begin::{Begun, begin};
use self::settle::{Answer, settle};
use crate::context::{Context, Point};
use crate::error::FlowError;
use crate::money::{self, Counted};
use crate::workers::Room;

mod begin;
pub(crate) mod react;
mod settle;

pub(crate) use self::begin::writes_first;
pub(crate) use self::settle::Settling;

/// Rows taken per claim. What is in doubt after a crash is bounded by the slots.
pub const CLAIM_LIMIT: usize = 32;

/// Shortest pause between two looks, while a clock stands still.
const SHORTEST: Duration = Duration::from_millis(5);

/// A message on the wire.
pub(crate) struct InFlight {
    cleared: Cleared,
    access: Access,
    attempt: AttemptId,
    proposal: Proposal,
    tries: u32,
    lane: Option<(Class, i64)>,
    bucket: NumberBucket,
    counted: Counted,
    /// Its tenant is in simulator mode: nobody real may get it.
    pretended: bool,
}

/// Spends the numbers' buckets and counts the money, of one tenant; the last thing before the commit
/// that begins these attempts.
pub(crate) async fn spend(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    sending: &[&InFlight],
) -> Result<(), FlowError> {
    buckets(ctx, tx, tenant, sending).await?;
    count(ctx, tx, tenant, sending).await
}

async fn count(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    sending: &[&InFlight],
) -> Result<(), FlowError> {
    let mut counted = Counted::default();
    for one in sending {
        counted.add(&one.counted);
    }
    money::count(tx, tenant, &counted, ctx.now()).await
}

async fn buckets(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    sending: &[&InFlight],
) -> Result<(), FlowError> {
    let now = ctx.now();
    let mut numbers: BTreeMap<&PhoneNumberId, Vec<NumberBucket>> = BTreeMap::new();
    for one in sending {
        let number = &one.proposal.sender;
        numbers.entry(number).or_default().push(one.bucket);
    }
    for (number, buckets) in numbers {
        let spend = |tat| {
            buckets
                .iter()
                .try_fold(tat, |tat, bucket| bucket.spend(tat, &tenant.policy, now))
        };
        tx.tenant(tenant.id).spend_number(number, &spend).await?;
    }
    Ok(())
}

/// Claims what is due, judges it again, sends what is cleared. Returns how many rows were taken.
///
/// # Errors
/// The database. What was claimed and not committed is free again.
pub(crate) async fn step(ctx: &Arc<Context>, mut room: Room) -> Result<usize, FlowError> {
    let (taken, sending) = match claim(ctx, room.len()).await {
        Err(FlowError::Store(e)) if e.is_transient() => (1, Vec::new()),
        other => other?,
    };
    if !sending.is_empty() {
        ctx.probe.at(Point::AfterAttemptCommit);
    }
    for one in sending {
        let (ctx, slot) = (Arc::clone(ctx), room.take());
        let tasks = ctx.tasks.clone();
        tasks.spawn(async move {
            if let Err(error) = send(&ctx, one).await {
                ctx.counters.step_errors.one();
                tracing::error!(error.chain = %error.chain(), "answer not recorded: the attempt will be unknown");
            }
            drop(slot);
        });
    }
    Ok(taken)
}

async fn claim(ctx: &Context, limit: usize) -> Result<(usize, Vec<InFlight>), FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let lanes = tx
        .system()
        .claim_lanes(
            &ctx.host,
            now,
            ctx.clock.lease_now(),
            ctx.lease_until(),
            limit,
        )
        .await?;
    if lanes.is_empty() {
        tx.commit().await?;
        return Ok((0, Vec::new()));
    }
    let taken = lanes.len();
    let mut tenants: BTreeMap<TenantId, Vec<ClaimedLane>> = BTreeMap::new();
    for lane in lanes {
        tenants.entry(lane.tenant).or_default().push(lane);
    }
    let (mut sending, mut back) = (Vec::new(), Vec::new());
    let mut rows = BTreeMap::new();
    for (id, lanes) in tenants {
        let tenant = tx.tenant(id).row().await?;
        let mut people = HashSet::new();
        // One message per person and judgement: the next one has to see it sent.
        let (now_theirs, next): (Vec<_>, Vec<_>) = lanes
            .into_iter()
            .partition(|lane| people.insert(lane.contact));
        back.extend(next.iter().map(|lane| release(lane, now)));
        let heads: Vec<&OutboxRow> = now_theirs.iter().map(|lane| &lane.head).collect();
        let begun = begin(ctx, &mut tx, &tenant, &heads).await?;
        for (lane, begun) in now_theirs.iter().zip(begun) {
            back.push(match begun {
                Begun::Sending(mut one) => {
                    one.lane = Some((lane.class, lane.fence));
                    sending.push(*one);
                    continue;
                }
                Begun::Settled => release(lane, now),
                Begun::Later(at) => release(lane, at),
                // The answer of the message on the wire wakes the lanes of this person.
                Begun::Busy => release(lane, now + Millis::secs(1)),
            });
        }
        rows.insert(id, tenant);
    }
    tx.system().release_lanes(&back).await?;
    // Numbers in one order on every process, the tenant's own among them.
    let mut by_number: BTreeMap<&PhoneNumberId, Vec<&InFlight>> = BTreeMap::new();
    for one in &sending {
        by_number.entry(&one.proposal.sender).or_default().push(one);
    }
    for of_number in by_number.values() {
        if let Some(tenant) = of_number.first().and_then(|o| rows.get(&o.proposal.tenant)) {
            buckets(ctx, &mut tx, tenant, of_number).await?;
        }
    }
    // After every number's row, as everywhere: the rows of two tenants are never waited for crosswise.
    let mut by_tenant: BTreeMap<TenantId, Vec<&InFlight>> = BTreeMap::new();
    for one in &sending {
        by_tenant.entry(one.proposal.tenant).or_default().push(one);
    }
    for (id, of_tenant) in by_tenant {
        if let Some(tenant) = rows.get(&id) {
            count(ctx, &mut tx, tenant, &of_tenant).await?;
        }
    }
    ctx.probe.at(Point::BeforeAttemptCommit);
    tx.commit().await?;
    let next = back.iter().filter_map(|lane| lane.ready_at).min();
    ctx.lane_due
        .fetch_min(next.map_or(i64::MAX, Ts::ms), Ordering::Relaxed);
    ctx.touched();
    Ok((taken, sending))
}

/// How long to wait before looking again, when nobody wakes: at most `most`, less when a lane that was
/// put off by a few milliseconds opens before that.
pub(crate) fn wait(ctx: &Context, most: Duration) -> Duration {
    let due = ctx.lane_due.load(Ordering::Relaxed);
    let left = due.saturating_sub(ctx.now().ms());
    if left <= 0 {
        ctx.lane_due.store(i64::MAX, Ordering::Relaxed);
    }
    let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
    left.clamp(SHORTEST, most.max(SHORTEST))
}

fn release(lane: &ClaimedLane, ready_at: Ts) -> LaneRelease {
    LaneRelease {
        number: lane.number.clone(),
        contact: lane.contact,
        class: lane.class,
        fence: lane.fence,
        ready_at: Some(ready_at),
    }
}

/// Sends a cleared message and settles its attempt.
pub(crate) async fn send(ctx: &Context, one: InFlight) -> Result<(), FlowError> {
    let InFlight {
        cleared,
        access,
        attempt,
        proposal,
        tries,
        lane,
        pretended,
        ..
    } = one;
    let begun = ctx.now();
    let outcome = if pretended && !ctx.transport.stays_here() {
        not_simulated()
    } else {
        ctx.transport.send(cleared, &access, begun).await
    };
    ctx.probe.at(Point::AfterAnswer);
    let answer = Answer {
        attempt,
        proposal,
        tries,
        lane,
        begun,
        outcome,
    };
    settle(ctx, answer).await?;
    ctx.probe.at(Point::AfterSettleCommit);
    ctx.wake_outbox.notify_one();
    ctx.touched();
    Ok(())
}

/// Why a tenant in simulator mode got nothing out: this host's `graph_url` leads to real people.
fn not_simulated() -> SendOutcome {
    SendOutcome::Refused {
        code: NO_CODE,
        title: "the tenant is in simulator mode and graph_url does not lead to a simulator on this machine; \
                start `portero simulator` and set graph_url to its address"
            .to_owned(),
        details: None,
        http_status: 0,
        reaction: Reaction::Fix,
    }
}

/// Used by a commit that wants to send at once: the first queued row, if its person is free. The
/// number's bucket is still to be spent.
pub(crate) async fn begin_now(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    outbox: OutboxId,
) -> Result<Option<InFlight>, FlowError> {
    let Some(row) = tx.tenant(tenant.id).outbox(outbox).await? else {
        return Ok(None);
    };
    // Taken back as it was written down, it is not queued.
    if row.state != OutboxState::Queued || !tx.tenant(tenant.id).is_lane_head(&row).await? {
        return Ok(None);
    }
    tx.tenant(tenant.id)
        .hold_person(row.proposal.contact)
        .await?;
    match begin(ctx, tx, tenant, &[&row]).await?.pop() {
        Some(Begun::Sending(one)) => Ok(Some(*one)),
        _ => Ok(None),
    }
}
