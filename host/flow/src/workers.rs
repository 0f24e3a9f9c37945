//! The loops that run the steps. A claim is handed to tasks, so that one slow plugin or one slow
//! answer of Meta holds up its own person and nobody else.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedRwLockReadGuard, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::context::Context;
use crate::error::FlowError;
use crate::{
    asks, campaigns, deliver, dispatch, interpret, retention, segment, sweep, tally, timers, track,
};

/// How long a loop waits when nobody wakes it: the truth behind every hint.
const POLL: Duration = Duration::from_millis(250);
/// How long a claim waits for room when nearly everything is on its way already.
const GATHER: Duration = Duration::from_millis(50);
/// Pause after an error, so that a database that is away is not hammered.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// The running loops; ends when the token is cancelled and the work in hand is done.
pub struct Workers {
    ctx: Arc<Context>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Workers {
    /// Starts the loops.
    #[must_use]
    pub fn start(ctx: &Arc<Context>) -> Workers {
        let tracker = TaskTracker::new();
        let stop = CancellationToken::new();
        for kind in [
            Loop::Inbox,
            Loop::Statuses,
            Loop::Outbox,
            Loop::Chores,
            Loop::Segments,
            Loop::Figures,
            Loop::Campaigns,
            Loop::Webhooks,
            Loop::Asks,
            Loop::Retention,
        ] {
            let (ctx, stop) = (Arc::clone(ctx), stop.clone());
            tracker.spawn(async move { run(&ctx, kind, &stop).await });
        }
        tracker.close();
        Workers {
            ctx: Arc::clone(ctx),
            tracker,
            stop,
        }
    }

    /// Takes nothing more on: what is not begun stays in the database.
    pub fn end_claims(&self) {
        self.stop.cancel();
    }

    /// Lets the work in hand end, for so long at most. Says how much of it did not.
    pub async fn stop(self, within: Duration) -> usize {
        self.end_claims();
        self.ctx.tasks.close();
        let ended = async {
            self.tracker.wait().await;
            self.ctx.tasks.wait().await;
        };
        match tokio::time::timeout(within, ended).await {
            Ok(()) => 0,
            Err(_) => self.tracker.len() + self.ctx.tasks.len(),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Loop {
    Inbox,
    Statuses,
    Outbox,
    Chores,
    Segments,
    Figures,
    Campaigns,
    Webhooks,
    Asks,
    Retention,
}

async fn run(ctx: &Arc<Context>, kind: Loop, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        // Room first, then the guard: a jump of the clock waits for guards, and a task that ends
        // its work must not need one.
        let room = match kind {
            Loop::Inbox => room(&ctx.inbox_slots, interpret::CLAIM_LIMIT).await,
            Loop::Outbox => {
                let all = dispatch::CLAIM_LIMIT;
                let mut free = room(&ctx.outbox_slots, all).await;
                more_room(&ctx.outbox_slots, &mut free, all).await;
                free
            }
            Loop::Statuses
            | Loop::Chores
            | Loop::Segments
            | Loop::Figures
            | Loop::Campaigns
            | Loop::Webhooks
            | Loop::Asks
            | Loop::Retention => Vec::new(),
        };
        let result = {
            let working = Arc::new(Arc::clone(&ctx.pause).read_owned().await);
            let room = Room {
                slots: room,
                working,
            };
            match kind {
                Loop::Inbox => interpret::step(ctx, room).await,
                Loop::Statuses => track::statuses::step(ctx).await,
                Loop::Outbox => dispatch::step(ctx, room).await,
                Loop::Chores => chores(ctx).await,
                Loop::Segments => segment::step(ctx).await,
                Loop::Figures => tally::step(ctx).await,
                Loop::Campaigns => campaigns::step(ctx).await,
                Loop::Webhooks => deliver::step(ctx).await,
                Loop::Asks => asks::step(ctx).await,
                Loop::Retention => retention::step(ctx).await,
            }
        };
        let wait = match result {
            Ok(0) if matches!(kind, Loop::Outbox) => dispatch::wait(ctx, POLL),
            Ok(0) => POLL,
            Ok(_) => continue,
            Err(error) => {
                ctx.counters.step_errors.one();
                tracing::error!(step = ?kind, error.chain = %error.chain(), "step failed; trying again");
                AFTER_ERROR
            }
        };
        let woken = async {
            match kind {
                Loop::Inbox => ctx.wake_inbox.notified().await,
                Loop::Statuses => ctx.wake_statuses.notified().await,
                Loop::Outbox => ctx.wake_outbox.notified().await,
                Loop::Chores
                | Loop::Segments
                | Loop::Figures
                | Loop::Webhooks
                | Loop::Asks
                | Loop::Retention => std::future::pending().await,
                Loop::Campaigns => ctx.wake_campaigns.notified().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = woken => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn chores(ctx: &Context) -> Result<usize, FlowError> {
    let timers = timers::step(ctx).await?;
    sweep::expired_attempts(ctx).await?;
    sweep::statistics(ctx).await?;
    sweep::old_audit(ctx).await?;
    sweep::unfetched_webhooks(ctx).await?;
    let sealed = sweep::seal(ctx).await?;
    let alerts = sweep::unanswered(ctx).await?;
    // A few records that came meanwhile wait for the next look: each look is a handful of transactions.
    let behind = if sealed < sweep::SEALED { 0 } else { sealed };
    Ok(timers + behind + alerts)
}

/// Leave to work: a slot for each thing taken, and the guard that a clock jump waits for.
pub(crate) struct Room {
    slots: Vec<OwnedSemaphorePermit>,
    working: Arc<OwnedRwLockReadGuard<()>>,
}

/// What one task holds while it works.
pub(crate) struct Slot {
    _slot: OwnedSemaphorePermit,
    _working: Arc<OwnedRwLockReadGuard<()>>,
}

impl Room {
    /// Things that may be taken.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// A slot for one task.
    pub(crate) fn take(&mut self) -> Option<Slot> {
        let slot = self.slots.pop()?;
        Some(Slot {
            _slot: slot,
            _working: Arc::clone(&self.working),
        })
    }
}

/// Waits a moment for the rest of `most` slots: with nearly all of them taken, a claim of the few that come
/// free costs the database nearly as much as one of many, and so would everything that follows from it.
async fn more_room(slots: &Arc<Semaphore>, free: &mut Vec<OwnedSemaphorePermit>, most: usize) {
    let missing = u32::try_from(most.saturating_sub(free.len())).unwrap_or(0);
    if missing == 0 {
        return;
    }
    let rest = Arc::clone(slots).acquire_many_owned(missing);
    match tokio::time::timeout(GATHER, rest).await {
        Ok(Ok(mut rest)) => free.extend(std::iter::from_fn(|| rest.split(1))),
        Ok(Err(_)) => {}
        Err(_) => free_now(slots, free, most),
    }
}

/// Waits for one free slot and takes what else is free, at most `most`.
async fn room(slots: &Arc<Semaphore>, most: usize) -> Vec<OwnedSemaphorePermit> {
    let Ok(first) = Arc::clone(slots).acquire_owned().await else {
        return Vec::new();
    };
    let mut taken = vec![first];
    free_now(slots, &mut taken, most);
    taken
}

fn free_now(slots: &Arc<Semaphore>, taken: &mut Vec<OwnedSemaphorePermit>, most: usize) {
    while taken.len() < most
        && let Ok(next) = Arc::clone(slots).try_acquire_owned()
    {
        taken.push(next);
    }
}
