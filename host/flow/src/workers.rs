//! The loops that run the steps, and the same steps driven by hand until nothing is left.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::context::Context;
use crate::error::FlowError;
use crate::{dispatch, interpret, sweep, timers};

/// How long a loop waits when nobody wakes it: the truth behind every hint.
const POLL: Duration = Duration::from_millis(250);
/// Pause after an error, so that a database that is away is not hammered.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// The running loops; ends when the token is cancelled and the work in hand is done.
pub struct Workers {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Workers {
    /// Starts the loops.
    #[must_use]
    pub fn start(ctx: &Arc<Context>) -> Workers {
        let tracker = TaskTracker::new();
        let stop = CancellationToken::new();
        for kind in [Loop::Inbox, Loop::Outbox, Loop::Chores] {
            let (ctx, stop) = (Arc::clone(ctx), stop.clone());
            tracker.spawn(async move { run(&ctx, kind, &stop).await });
        }
        tracker.close();
        Workers { tracker, stop }
    }

    /// Lets the work in hand end, then returns.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tracker.wait().await;
    }
}

#[derive(Clone, Copy, Debug)]
enum Loop {
    Inbox,
    Outbox,
    Chores,
}

async fn run(ctx: &Context, kind: Loop, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let result = {
            let _working = ctx.pause.read().await;
            match kind {
                Loop::Inbox => interpret::step(ctx).await,
                Loop::Outbox => dispatch::step(ctx).await,
                Loop::Chores => chores(ctx).await,
            }
        };
        let wait = match result {
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
                Loop::Outbox => ctx.wake_outbox.notified().await,
                Loop::Chores => std::future::pending().await,
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
    let sealed = sweep::seal(ctx).await?;
    Ok(timers + sealed)
}

/// Runs every step until none finds work: how tests and scripts wait without sleeping.
///
/// # Errors
/// The first step that fails.
pub async fn drain(ctx: &Context) -> Result<(), FlowError> {
    loop {
        let done = interpret::step(ctx).await? + dispatch::step(ctx).await? + chores(ctx).await?;
        if done == 0 {
            return Ok(());
        }
    }
}
