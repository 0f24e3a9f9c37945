//! Moving the simulated clock: claims pause, what is in flight ends, time moves, work goes on.

use portero_domain::clock::{JumpClock, Millis, Ts};

use crate::context::Context;

/// Jumps forward. Leases do not expire by it.
pub async fn jump(ctx: &Context, clock: &JumpClock, by: Millis) -> Ts {
    let alone = ctx.pause.write().await;
    let now = clock.jump(by);
    drop(alone);
    ctx.wake_inbox.notify_one();
    ctx.wake_statuses.notify_one();
    ctx.wake_outbox.notify_one();
    ctx.touched();
    now
}
