//! All tenants for the operator, the one that needs somebody most first; and how the policies of two differ.

use portero_domain::clock::Ts;
use portero_domain::ids::TenantId;
use portero_store::model::Standing;
use serde_json::Value;

use super::{TenantView, list};
use crate::context::Context;
use crate::desk::policy;
use crate::error::FlowError;

/// Newest verdicts looked at of each.
const NEWEST: usize = 50;

/// How a tenant stands.
#[derive(Clone, Debug)]
pub struct GridRow {
    /// Which.
    pub tenant: TenantView,
    /// Its figures.
    pub standing: Standing,
    /// How long the oldest webhook of Meta's waits to take effect, milliseconds.
    pub lag_ms: i64,
}

impl GridRow {
    /// What costs a number comes before what costs an answer.
    fn risk(&self) -> (u64, u64, u64, u64, u64, u64, i64) {
        let s = &self.standing;
        let stopped = s.stopped + u64::from(self.tenant.stopped.is_some());
        let refused = (s.refused * 100).checked_div(s.judged).unwrap_or(0);
        (
            s.restricted,
            s.red,
            stopped,
            s.yellow,
            s.waiting,
            refused,
            self.lag_ms + i64::try_from(s.deaf).unwrap_or(i64::MAX),
        )
    }
}

/// Every tenant, in order of risk.
///
/// # Errors
/// The database.
pub async fn grid(ctx: &Context) -> Result<Vec<GridRow>, FlowError> {
    let now = ctx.now();
    let tenants = list(ctx, None).await?;
    let mut tx = ctx.store.read().await?;
    let standing = tx.system().grid(NEWEST, now).await?;
    drop(tx);
    let mut rows: Vec<GridRow> = tenants
        .into_iter()
        .filter_map(|tenant| {
            let at = standing.binary_search_by_key(&tenant.id, |s| s.tenant);
            let standing = *standing.get(at.ok()?)?;
            let lag = |since: Ts| now.since(since).max(0);
            Some(GridRow {
                lag_ms: standing.late_since.map_or(0, lag),
                tenant,
                standing,
            })
        })
        .collect();
    rows.sort_by(|a, b| {
        let named = |r: &GridRow| r.tenant.name.clone();
        b.risk().cmp(&a.risk()).then(named(a).cmp(&named(b)))
    });
    Ok(rows)
}

/// Parameters in which the policies of two tenants differ: (name, value of one, value of the other).
///
/// # Errors
/// The database.
pub async fn policy_difference(
    ctx: &Context,
    one: TenantId,
    other: TenantId,
) -> Result<Vec<(String, String, String)>, FlowError> {
    let one = policy::get(ctx, one).await?.policy;
    let other = policy::get(ctx, other).await?.policy;
    let text = |value: Value| match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text,
        value => value.to_string(),
    };
    let differs = one.difference(&other).into_iter();
    Ok(differs
        .map(|(name, one, other)| (name.to_owned(), text(one), text(other)))
        .collect())
}
