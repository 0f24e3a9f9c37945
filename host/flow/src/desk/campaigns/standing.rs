//! What stands behind a campaign's figures: its brake, the reasons, and whether one may approve what one wrote.

use std::collections::BTreeMap;

use portero_domain::ids::{CampaignId, TenantId};
use portero_store::model::{CampaignRow, TenantRow};

use crate::context::Context;
use crate::desk::reasons::title;
use crate::error::FlowError;

/// What stands behind the figures.
#[derive(Clone, Debug)]
pub struct StandingView {
    /// Its brake.
    pub brake: BrakeView,
    /// Why people did not get it (yet), the most frequent first.
    pub reasons: Vec<ReasonView>,
    /// Whether this account wants another person than the author to approve.
    pub second_person: bool,
    /// How long an approval would be good, milliseconds.
    pub approval_ms: i64,
}

/// When a campaign pauses by itself, and how near it is. Counted since it was last started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrakeView {
    /// Messages Meta took.
    pub sent: u64,
    /// Messages Meta refused or could not deliver.
    pub failed: u64,
    /// People reached who withdrew.
    pub opted_out: u64,
    /// Messages before it looks.
    pub sample: u64,
    /// At this share of failures it brakes, tenths of a percent.
    pub failures_permille: u64,
    /// At this share of withdrawals it brakes, tenths of a percent.
    pub opt_outs_permille: u64,
}

/// Why people did not get it.
#[derive(Clone, Debug)]
pub struct ReasonView {
    /// `left_out`, `withdrawn`, or the state of the message.
    pub state: String,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Its title by language.
    pub title: BTreeMap<String, String>,
    /// People.
    pub people: u64,
}

/// What stands behind a campaign's figures.
///
/// # Errors
/// Not found, or the database.
pub async fn standing(
    ctx: &Context,
    tenant: TenantId,
    id: CampaignId,
) -> Result<StandingView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let mut of = tx.tenant(tenant);
    let row = of.campaign(id).await?;
    let row = row.ok_or_else(|| FlowError::not_found("campaign", id))?;
    let owner = of.row().await?;
    let reasons = of.campaign_reasons(id).await?;
    Ok(StandingView {
        brake: brake(&row, &owner),
        second_person: owner.policy.campaign_second_person,
        approval_ms: owner.policy.campaign_approval_ms.0,
        reasons: reasons
            .into_iter()
            .map(|(state, rule, people)| ReasonView {
                title: rule.as_deref().map(title).unwrap_or_default(),
                state,
                rule,
                people,
            })
            .collect(),
    })
}

fn brake(row: &CampaignRow, owner: &TenantRow) -> BrakeView {
    let [sent, failed, opted_out] = row.base;
    let policy = &owner.policy;
    // For people who came in from a list it works at half its sample and shares.
    let parts = if row.imported > 0 { 2 } else { 1 };
    let permille = |percent: u32| u64::from(percent) * 10 / parts;
    BrakeView {
        sent: row.sent.saturating_sub(sent),
        failed: row.failed.saturating_sub(failed),
        opted_out: row.opted_out.saturating_sub(opted_out),
        sample: u64::from(policy.brake_sample.max(1)).div_ceil(parts),
        failures_permille: permille(policy.brake_failures_percent),
        opt_outs_permille: permille(policy.brake_opt_outs_percent),
    }
}
