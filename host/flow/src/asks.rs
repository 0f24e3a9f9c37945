//! Meta is asked again about what it said has changed: templates, numbers. Until it answers, what we know stands.

use portero_domain::clock::{Millis, Ts};
use portero_store::model::{Ask, TakenAsk};

use crate::context::Context;
use crate::desk::{numbers, templates};
use crate::error::FlowError;

/// Wait after the first answer that did not come; doubled each time.
const FIRST_WAIT: Millis = Millis::secs(30);
/// The longest of these waits.
const LONGEST_WAIT: Millis = Millis::hours(1);

/// Asks what is due. Returns how many questions were taken.
///
/// # Errors
/// The database; what Meta answers is written down.
pub(crate) async fn step(ctx: &Context) -> Result<usize, FlowError> {
    let mut tx = ctx.store.write().await?;
    let taken = tx
        .system()
        .take_asks(ctx.now(), ctx.clock.lease_now(), ctx.lease_until())
        .await?;
    if taken.is_empty() {
        return Ok(0);
    }
    tx.commit().await?;
    for one in &taken {
        ask(ctx, one).await?;
    }
    ctx.touched();
    Ok(taken.len())
}

async fn ask(ctx: &Context, taken: &TakenAsk) -> Result<(), FlowError> {
    let answer = match taken.what {
        Ask::Templates => templates::sync(ctx, taken.tenant).await.map(drop),
        Ask::Numbers => numbers::sync(ctx, taken.tenant).await.map(drop),
    };
    let mut tx = ctx.store.write().await?;
    let mut mine = tx.tenant(taken.tenant);
    match answer {
        Ok(()) => mine.end_ask(taken).await?,
        Err(FlowError::Meta { why }) => {
            tracing::warn!(tenant.id = %taken.tenant, what = ?taken.what, why, "Meta did not answer; asked again later");
            mine.retry_ask(taken, next(ctx.now(), taken.tries)).await?;
        }
        // A tenant that may not ask: the next sync by hand says why.
        Err(FlowError::BadInput { .. } | FlowError::WrongState { .. }) => {
            mine.end_ask(taken).await?
        }
        Err(other) => return Err(other),
    }
    tx.commit().await?;
    Ok(())
}

fn next(now: Ts, tries: u32) -> Ts {
    let wait = FIRST_WAIT.0.saturating_mul(1 << tries.min(20));
    now + Millis(wait.min(LONGEST_WAIT.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        let waits: Vec<i64> = (0..9).map(|n| next(Ts(0), n).0 / 1_000).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
        assert_eq!(next(Ts(0), u32::MAX), Ts(LONGEST_WAIT.0));
    }
}
