//! All tenants for the operator, the one that needs somebody most first; and how the policies of two differ.

use portero_domain::clock::Ts;
use portero_domain::ids::TenantId;
use portero_store::model::Standing;
use serde::Serialize;
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

/// How a tenant stands, as the API tells it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct GridView {
    /// Which.
    pub tenant: TenantView,
    /// Its numbers.
    pub numbers: u64,
    /// Of these, how many do not send.
    pub numbers_stopped: u64,
    /// Of these, how many Meta rates red.
    pub numbers_red: u64,
    /// And yellow.
    pub numbers_yellow: u64,
    /// Accounts that Meta restricts.
    pub accounts_restricted: u64,
    /// Conversations in which somebody waits for a person.
    pub waiting: u64,
    /// Newest verdicts looked at, at most 50.
    pub judged: u64,
    /// Of these, how many refused.
    pub refused: u64,
    /// How long the oldest webhook of Meta's waits to take effect, milliseconds.
    pub lag_ms: i64,
    /// Webhooks out at which nothing arrives.
    pub webhooks_failing: u64,
}

impl From<GridRow> for GridView {
    fn from(row: GridRow) -> GridView {
        let s = row.standing;
        GridView {
            tenant: row.tenant,
            numbers: s.numbers,
            numbers_stopped: s.stopped,
            numbers_red: s.red,
            numbers_yellow: s.yellow,
            accounts_restricted: s.restricted,
            waiting: s.waiting,
            judged: s.judged,
            refused: s.refused,
            lag_ms: row.lag_ms,
            webhooks_failing: s.deaf,
        }
    }
}

/// A parameter of the rules that two tenants set differently.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DifferenceView {
    /// Its name, as in `/v1/policy`.
    pub name: String,
    /// What the one has; `null`: no limit of its own.
    pub one: Value,
    /// What the other has.
    pub other: Value,
}

/// In what the policies of two tenants differ.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PolicyDifference {
    /// The one, by its short name.
    pub one: String,
    /// The other.
    pub other: String,
    /// Parameters that differ, in the order of the catalogue; empty when none does.
    pub differs: Vec<DifferenceView>,
}

/// Parameters in which the policies of two tenants differ.
///
/// # Errors
/// The database.
pub async fn policy_difference(
    ctx: &Context,
    one: TenantId,
    other: TenantId,
) -> Result<PolicyDifference, FlowError> {
    let mut tx = ctx.store.read().await?;
    let slugs = (
        tx.tenant(one).row().await?.slug,
        tx.tenant(other).row().await?.slug,
    );
    drop(tx);
    let one = policy::get(ctx, one).await?.policy;
    let other = policy::get(ctx, other).await?.policy;
    let differs = one.difference(&other).into_iter();
    let differs = differs.map(|(name, one, other)| DifferenceView {
        name: name.to_owned(),
        one,
        other,
    });
    Ok(PolicyDifference {
        one: slugs.0,
        other: slugs.1,
        differs: differs.collect(),
    })
}
