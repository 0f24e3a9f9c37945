//! Housekeeping: attempts whose process died become *unknown*, fresh records are sealed.

use std::collections::BTreeMap;

use portero_store::model::AttemptEnd;

use crate::context::Context;
use crate::error::FlowError;

/// Rows per step.
const LIMIT: usize = 256;

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

/// Links unsealed records and consent events into their tenant's chain. Returns how many.
///
/// # Errors
/// The database.
pub async fn seal(ctx: &Context) -> Result<usize, FlowError> {
    let mut tx = ctx.store.write().await?;
    let items = tx.system().unsealed(LIMIT).await?;
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
