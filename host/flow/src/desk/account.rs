//! The account of proposals (in = resting + final) and whether anything is left to do.

use portero_domain::ids::TenantId;
use portero_domain::proposal::OutboxState;
use portero_store::Tx;
use serde::Serialize;

use crate::context::Context;
use crate::desk::counted::Counts;
use crate::error::FlowError;
use crate::rates;

/// Proposals by state; the sums are the promise P4.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AccountView {
    /// All proposals ever made.
    pub proposed: u64,
    /// Of these, still on their way.
    pub resting: u64,
    /// Of these, at their end.
    #[serde(rename = "final")]
    pub ended: u64,
    /// Each state with its count.
    pub states: std::collections::BTreeMap<String, u64>,
    /// Whether `proposed` = `resting` + `final`, counted apart.
    pub balanced: bool,
    /// What the tenant's messages are reckoned to have cost this month; absent for all tenants together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<MonthView>,
}

/// A month's estimated cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MonthView {
    /// `2026-11`, UTC.
    pub month: String,
    /// Of the dated rate table, ISO 4217.
    pub currency: String,
    /// What left so far, by that table. Messages without a price are not in it.
    pub estimated: String,
    /// The tenant's budget, if it set one.
    pub budget: Option<String>,
}

/// Counts proposals of one tenant, or of all.
///
/// # Errors
/// The database.
pub async fn account(ctx: &Context, tenant: Option<TenantId>) -> Result<AccountView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let states = tx.system().accounting(tenant).await?;
    let proposed = tx.system().proposals(tenant).await?;
    let month = match tenant {
        Some(id) => Some(month(ctx, &mut tx, id).await?),
        None => None,
    };
    let sum = |ended: bool| {
        states
            .iter()
            .filter(|(state, _): &&(OutboxState, u64)| state.is_final() == ended)
            .map(|(_, n)| n)
            .sum::<u64>()
    };
    let (resting, ended) = (sum(false), sum(true));
    Ok(AccountView {
        proposed,
        resting,
        ended,
        states: states
            .iter()
            .map(|(s, n)| (s.as_str().to_owned(), *n))
            .collect(),
        balanced: proposed == resting + ended,
        month,
    })
}

/// Proposals of all tenants by state, without the account: what is asked every few seconds. Of many, as they stood
/// a moment ago.
///
/// # Errors
/// The database.
pub async fn states(ctx: &Context) -> Result<Vec<(OutboxState, u64)>, FlowError> {
    let counted = ctx.state_counts.get(ctx, (), |store| async move {
        let mut tx = store.read().await?;
        Ok(tx.system().accounting(None).await?)
    });
    Ok(counted.await?.value)
}

impl Counts for Vec<(OutboxState, u64)> {
    fn size(&self) -> u64 {
        self.iter().map(|(_, n)| n).sum()
    }
}

async fn month(ctx: &Context, tx: &mut Tx, tenant: TenantId) -> Result<MonthView, FlowError> {
    let now = ctx.now();
    let micro = tx.tenant(tenant).month_spend(now).await?;
    let budget = tx.tenant(tenant).row().await?.policy.monthly_budget_micro;
    Ok(MonthView {
        month: now.rfc3339().chars().take(7).collect(),
        currency: rates::rates().currency.clone(),
        estimated: rates::show(micro),
        budget: budget.map(rates::show),
    })
}

/// What is left to do right now. Deferred messages and later timers do not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct IdleView {
    /// Nothing is due, nothing is on the wire.
    pub idle: bool,
    /// Events waiting or being worked on.
    pub events: u64,
    /// Lanes with something due.
    pub lanes: u64,
    /// Messages on the wire.
    pub attempts: u64,
    /// Timers that are due.
    pub timers: u64,
    /// People whose segments want a look, and full passes under way.
    pub segments: u64,
    /// Campaigns whose next turn has come, and those that are through and not called done yet.
    pub campaigns: u64,
    /// Webhooks out that are due or on the wire.
    pub webhooks: u64,
    /// Alerts that are due: people nobody answered in time.
    pub alerts: u64,
    /// Questions to Meta that are due: what it said changed.
    pub asks: u64,
}

/// Whether all queues are empty.
///
/// # Errors
/// The database.
pub async fn idle(ctx: &Context) -> Result<IdleView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let n = tx
        .system()
        .counts_idle(ctx.now(), ctx.clock.lease_now())
        .await?;
    drop(tx);
    let segments = crate::segment::pending(ctx).await?;
    Ok(IdleView {
        idle: n.events_pending
            + n.lanes_ready
            + n.attempts_begun
            + n.timers_due
            + n.campaigns_due
            + n.deliveries_due
            + n.alerts_due
            + n.asks_due
            + segments
            == 0,
        events: n.events_pending,
        lanes: n.lanes_ready,
        attempts: n.attempts_begun,
        timers: n.timers_due,
        segments,
        campaigns: n.campaigns_due,
        webhooks: n.deliveries_due,
        alerts: n.alerts_due,
        asks: n.asks_due,
    })
}
