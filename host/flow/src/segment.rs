//! Who belongs where: segmentation plugins look at people in batches, at those who changed and, in
//! full passes, at everybody.
//!
//! Nothing holds more than one page of people. A plugin that stumbles over somebody leaves them in
//! the segments they were in; the fault is counted and shown.

mod batch;
mod people;
mod services;
mod words;

use std::sync::atomic::{AtomicU64, Ordering};

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{ContactId, RunId, TenantId};
use portero_domain::plugin::PluginKind;
use portero_sandbox::MAX_BATCH;
use portero_store::Tx;
use portero_store::model::{
    BatchOutcome, InstallationRow, SegmentPerson, SegmentRun, SegmentationSeat,
};

pub use batch::Seat;
pub use people::{contact, wants};

use crate::context::Context;
use crate::error::FlowError;

/// Pages of a full pass per claim: between two, others get their turn.
const PAGES_PER_CLAIM: usize = 16;
/// A claimed batch of changed people is free again after this, when its host died.
const PATIENCE: Millis = Millis::minutes(2);
/// Everybody is looked at again after this: dormant is who does nothing.
const FULL_EVERY: Millis = Millis::hours(24);
/// People with an open cart are looked at again after this: abandoned is what nobody touches.
const CART_AGAIN: Millis = Millis::minutes(15);
/// Until a cart is this old.
const CART_UNTIL: Millis = Millis::days(31);
/// People of a paused plugin wait this long.
const PAUSED_AGAIN: Millis = Millis::minutes(1);

/// Looks at people whose data changed, then goes on with a full pass. Says whether more waits.
///
/// # Errors
/// The database.
pub async fn step(ctx: &Context) -> Result<usize, FlowError> {
    refresh(ctx).await?;
    let changed = changed(ctx).await?;
    let passed = full_pass(ctx).await?;
    // A batch that was not full may grow while we rest.
    Ok(usize::from(changed >= MAX_BATCH) + passed)
}

/// Lists the segments of plugins that are new here or set up anew, and begins the full passes that
/// are due.
async fn refresh(ctx: &Context) -> Result<(), FlowError> {
    let seats = {
        let mut tx = ctx.store.read().await?;
        tx.system().segmentation_seats().await?
    };
    let now = ctx.now();
    for known in seats {
        if known.running {
            continue;
        }
        let (print, listed, due) = standing(&known, now);
        if listed && !due {
            continue;
        }
        let (tenant, installed) = installed(ctx, known.tenant).await?;
        let Some(row) = installed.into_iter().find(|i| i.id == known.installation) else {
            continue;
        };
        let Ok(_leave) = ctx.breakers.admit(&row, ctx.clock.lease_now()) else {
            continue;
        };
        let why = match (&known.listed_for, listed) {
            (None, _) => "installed",
            (_, false) => "changed",
            _ => "daily",
        };
        let Some(seat) = seat(ctx, tenant, row).await? else {
            continue;
        };
        let offered = match seat.list(ctx).await {
            Ok(offered) => offered,
            Err(fault) => {
                tracing::warn!(installation.id = %known.installation, fault, "segments not listed");
                continue;
            }
        };
        let mut tx = ctx.store.write().await?;
        let mut of = tx.tenant(known.tenant);
        if !listed {
            of.put_segments(known.installation, &offered).await?;
            of.segments_listed(known.installation, &print).await?;
        }
        start(ctx, &mut tx, known.tenant, known.installation, why).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// What the segments of a plugin are listed for, whether they are, and whether a full pass is due.
fn standing(known: &SegmentationSeat, now: Ts) -> (String, bool, bool) {
    let print = batch::fingerprint([&known.digest, &known.config, &known.grants, &known.language]);
    let listed = known.listed_for.as_deref() == Some(print.as_str());
    let due = known
        .full_at
        .is_none_or(|at| now >= at + FULL_EVERY || now < at);
    (print, listed, due)
}

/// What is left to do now: people due, full passes under way or about to begin.
///
/// # Errors
/// The database.
pub async fn pending(ctx: &Context) -> Result<u64, FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.read().await?;
    let people = tx.system().people_due(now).await?;
    let seats = tx.system().segmentation_seats().await?;
    drop(tx);
    let passes = seats
        .iter()
        .filter(|seat| {
            let (_, listed, due) = standing(seat, now);
            seat.running
                || ((!listed || due)
                    && !ctx.breakers.is_open(
                        seat.installation,
                        &seat.digest,
                        ctx.clock.lease_now(),
                    ))
        })
        .count();
    // Asked last: whoever was claimed before the question above is still in hand, or done.
    Ok(people + count(passes) + ctx.segmenting.load(Ordering::SeqCst))
}

/// Begins a full pass unless one is under way.
pub(crate) async fn start(
    ctx: &Context,
    tx: &mut Tx,
    tenant: TenantId,
    installation: portero_domain::ids::InstallationId,
    why: &str,
) -> Result<bool, FlowError> {
    let now = ctx.now();
    let total = tx.tenant(tenant).people_count().await?;
    let id = RunId::new(&*ctx.ids, now);
    Ok(tx
        .tenant(tenant)
        .start_segment_run(id, installation, why, total, now)
        .await?)
}

/// Enabled segmentation plugins of a tenant.
async fn installed(
    ctx: &Context,
    tenant: TenantId,
) -> Result<(portero_store::model::TenantRow, Vec<InstallationRow>), FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = tx.tenant(tenant).row().await?;
    let mut rows = tx.tenant(tenant).installations().await?;
    rows.retain(|r| r.enabled && r.kind == PluginKind::Segmentation);
    Ok((row, rows))
}

/// Counts a batch while it is claimed: its people do not look due then.
struct InHand<'c>(&'c AtomicU64);

impl InHand<'_> {
    fn new(count: &AtomicU64) -> InHand<'_> {
        count.fetch_add(1, Ordering::SeqCst);
        InHand(count)
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A plugin ready to be asked; nothing when its component does not load any more.
async fn seat(
    ctx: &Context,
    tenant: portero_store::model::TenantRow,
    row: InstallationRow,
) -> Result<Option<Seat>, FlowError> {
    let id = row.id;
    match Seat::load(ctx, tenant, row).await {
        Ok(seat) => Ok(Some(seat)),
        Err(e @ FlowError::Store(_)) => Err(e),
        Err(error) => {
            tracing::error!(installation.id = %id, error.chain = %error.chain(), "segmentation plugin not loaded");
            Ok(None)
        }
    }
}

/// One batch of people whose data changed, for every plugin of their tenant. Returns how many.
async fn changed(ctx: &Context) -> Result<usize, FlowError> {
    let now = ctx.now();
    let tenant = {
        let mut tx = ctx.store.read().await?;
        match tx.system().tenant_due(now).await? {
            Some(tenant) => tenant,
            None => return Ok(0),
        }
    };
    let until = now + PATIENCE;
    let _in_hand = InHand::new(&ctx.segmenting);
    let mut tx = ctx.store.write().await?;
    let due = match tx.tenant(tenant).claim_due(now, until, MAX_BATCH).await {
        Err(e) if e.is_transient() => return Ok(0),
        other => other?,
    };
    tx.commit().await?;
    if due.is_empty() {
        return Ok(0);
    }
    let (row, installed) = installed(ctx, tenant).await?;
    let mut again = None;
    let mut carts = Vec::new();
    for installation in installed {
        let Ok(_leave) = ctx.breakers.admit(&installation, ctx.clock.lease_now()) else {
            again = Some(now + PAUSED_AGAIN);
            continue;
        };
        let Some(seat) = seat(ctx, row.clone(), installation).await? else {
            continue;
        };
        if !seat.is_listed(ctx).await? {
            // Its first full pass will see them.
            continue;
        }
        let people = {
            let mut tx = ctx.store.read().await?;
            tx.tenant(tenant).segment_people(&due, seat.wants()).await?
        };
        carts = open_carts(&people, now);
        let looked = seat.classify(ctx, &people).await?;
        let mut tx = ctx.store.write().await?;
        let (outcome, _) = write(&mut tx, &seat, looked, now).await?;
        tx.commit().await?;
        ctx.counters.segment_faults.add(count(outcome.faults.len()));
    }
    ctx.counters.segment_contacts.add(count(due.len()));
    let (with, without): (Vec<ContactId>, Vec<ContactId>) =
        due.iter().partition(|c| carts.contains(c));
    let mut tx = ctx.store.write().await?;
    let mut of = tx.tenant(tenant);
    of.done_due(&without, until, again).await?;
    of.done_due(&with, until, again.or(Some(now + CART_AGAIN)))
        .await?;
    tx.commit().await?;
    ctx.touched();
    Ok(due.len())
}

/// Writes what a batch came to: memberships of those the plugin looked at, nobody else's.
async fn write(
    tx: &mut Tx,
    seat: &Seat,
    looked: batch::Looked,
    now: Ts,
) -> Result<(BatchOutcome, u64), FlowError> {
    let mut of = tx.tenant(seat.tenant.id);
    let changes = of
        .set_members(seat.row.id, &looked.seen, &looked.members, now)
        .await?;
    let mut contacts = looked.seen;
    contacts.extend(looked.faults.iter().map(|(c, _)| *c));
    let outcome = BatchOutcome {
        contacts,
        faults: looked.faults,
    };
    of.count_batch(seat.row.id, &outcome, now).await?;
    Ok((outcome, changes.joined + changes.left + changes.reworded))
}

fn open_carts(people: &[SegmentPerson], now: Ts) -> Vec<ContactId> {
    people
        .iter()
        .filter(|p| {
            p.cart
                .as_ref()
                .is_some_and(|cart| now < cart.updated_at + CART_UNTIL)
        })
        .map(|p| p.contact)
        .collect()
}

/// Some pages of a full pass that nobody else works on. Says whether more waits.
async fn full_pass(ctx: &Context) -> Result<usize, FlowError> {
    let run = {
        let mut tx = ctx.store.write().await?;
        let claimed = tx
            .system()
            .claim_segment_run(&ctx.host, ctx.clock.lease_now(), ctx.lease_until())
            .await;
        let claimed = match claimed {
            Err(e) if e.is_transient() => return Ok(1),
            other => other?,
        };
        tx.commit().await?;
        match claimed {
            Some(run) => run,
            None => return Ok(0),
        }
    };
    let (tenant, installed) = installed(ctx, run.tenant).await?;
    let Some(row) = installed.into_iter().find(|i| i.id == run.installation) else {
        return fail(ctx, &run, "the plugin is not enabled any more").await;
    };
    let Some(seat) = seat(ctx, tenant, row).await? else {
        return fail(ctx, &run, "the component does not load any more").await;
    };
    let mut position = run.position;
    for _ in 0..PAGES_PER_CLAIM {
        let Ok(_leave) = ctx.breakers.admit(&seat.row, ctx.clock.lease_now()) else {
            return fail(ctx, &run, "the plugin is paused after failures in a row").await;
        };
        let Some(last) = page(ctx, &seat, &run, position).await? else {
            return Ok(1);
        };
        position = Some(last);
    }
    let mut tx = ctx.store.write().await?;
    tx.tenant(run.tenant).release_segment_run(&run).await?;
    tx.commit().await?;
    Ok(1)
}

/// One page. Nothing when the pass has ended, or goes on elsewhere.
async fn page(
    ctx: &Context,
    seat: &Seat,
    run: &SegmentRun,
    after: Option<ContactId>,
) -> Result<Option<ContactId>, FlowError> {
    let now = ctx.now();
    let people = {
        let mut tx = ctx.store.read().await?;
        tx.tenant(run.tenant)
            .segment_people_after(after, MAX_BATCH, seat.wants())
            .await?
    };
    let Some(last) = people.last().map(|p| p.contact) else {
        let mut tx = ctx.store.write().await?;
        tx.tenant(run.tenant)
            .end_segment_run(run, None, now)
            .await?;
        tx.commit().await?;
        ctx.touched();
        return Ok(None);
    };
    let looked = seat.classify(ctx, &people).await?;
    let mut tx = ctx.store.write().await?;
    let (outcome, changed) = write(&mut tx, seat, looked, now).await?;
    let mut of = tx.tenant(run.tenant);
    of.mark_due(&open_carts(&people, now), now + CART_AGAIN)
        .await?;
    if !of
        .move_segment_run(run, last, &outcome, changed, ctx.lease_until())
        .await?
    {
        // Another host took over after our lease ran out: what we did never was.
        return Ok(None);
    }
    tx.commit().await?;
    ctx.counters.segment_contacts.add(count(people.len()));
    ctx.counters.segment_faults.add(count(outcome.faults.len()));
    ctx.touched();
    Ok(Some(last))
}

async fn fail(ctx: &Context, run: &SegmentRun, why: &str) -> Result<usize, FlowError> {
    tracing::warn!(run.id = %run.id, installation.id = %run.installation, why, "full pass given up");
    let mut tx = ctx.store.write().await?;
    tx.tenant(run.tenant)
        .end_segment_run(run, Some(why), ctx.now())
        .await?;
    tx.commit().await?;
    ctx.touched();
    Ok(1)
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
