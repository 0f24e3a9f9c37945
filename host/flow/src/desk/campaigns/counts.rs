//! How many people of a campaign stand where.

use std::collections::BTreeMap;

use portero_store::model::CampaignRow;

use crate::context::Context;
use crate::desk::counted::{Count, Counts};
use crate::error::FlowError;

/// People of one campaign, counted at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standings {
    /// By state: of their message, or their own.
    pub counts: BTreeMap<String, u64>,
    /// By Meta's last word on messages it took.
    pub statuses: BTreeMap<String, u64>,
    /// Who withdrew after it reached them.
    pub opted_out: u64,
}

impl Counts for Standings {
    fn size(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// Where the people of a campaign stand: now, and of a large one a moment ago. What has just changed its state is
/// counted anew.
///
/// # Errors
/// The database.
pub(crate) async fn of(ctx: &Context, row: &CampaignRow) -> Result<Count<Standings>, FlowError> {
    let (tenant, id, since) = (row.tenant, row.id, row.started_at);
    let key = (id, row.state.as_str());
    let count = |store: portero_store::Store| async move {
        let mut tx = store.read().await?;
        let mut of = tx.tenant(tenant);
        Ok(Standings {
            counts: of.campaign_counts(id).await?,
            statuses: of.campaign_statuses(id).await?,
            opted_out: match since {
                Some(since) => of.campaign_opt_outs(id, since).await?,
                None => 0,
            },
        })
    };
    ctx.campaign_counts.get(ctx, key, count).await
}
