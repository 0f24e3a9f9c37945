//! Campaigns as a list shows them: with the figures that their runner keeps, so that nobody is counted for it.

use portero_domain::campaign::CampaignState;
use portero_domain::clock::Ts;
use portero_domain::ids::{CampaignId, TenantId};

use super::rests;
use crate::context::Context;
use crate::desk::parse_cursor;
use crate::error::FlowError;

/// A campaign in a list.
#[derive(Clone, Debug)]
pub struct CampaignLine {
    /// Its id.
    pub id: CampaignId,
    /// Name.
    pub name: String,
    /// Where it stands.
    pub state: CampaignState,
    /// Template by name.
    pub template: String,
    /// Meta's language code.
    pub language: String,
    /// People in its audience; 0 before it is planned.
    pub people: u64,
    /// People whose turn was taken.
    pub turned: u64,
    /// Messages Meta took, to the second while it runs.
    pub sent: u64,
    /// Messages Meta refused or could not deliver.
    pub failed: u64,
    /// People reached who withdrew their consent afterwards.
    pub opted_out: u64,
    /// What holds it, as far as it is told without counting: `stopped`, `spread`, `canary`, a reason of a
    /// pause or a rule.
    pub limiter: Option<String>,
    /// When it changed its state last, as far as that is kept, RFC 3339.
    pub at: String,
}

impl CampaignLine {
    /// Whether what holds it is its template.
    #[must_use]
    pub fn rests_by_template(&self) -> bool {
        let limiter = self.limiter.as_deref();
        limiter.is_some_and(|rule| rule.starts_with("template."))
    }
}

/// Campaigns of a tenant, newest first, and the cursor of the next page.
///
/// # Errors
/// A bad cursor, or the database.
pub async fn lines(
    ctx: &Context,
    tenant: TenantId,
    state: Option<CampaignState>,
    limit: usize,
    after: Option<&str>,
) -> Result<(Vec<CampaignLine>, Option<String>), FlowError> {
    let mut tx = ctx.store.read().await?;
    let after = parse_cursor(after)?;
    let rows = tx.tenant(tenant).campaigns(state, limit, after).await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let limiter = rests(&mut tx, &row, ctx.now()).await?;
        let at = [row.finished_at, row.paused_at, row.started_at];
        let later = [row.approved_at, row.planned_at, Some(row.created_at)];
        let at = at.into_iter().chain(later).flatten().next();
        items.push(CampaignLine {
            id: row.id,
            name: row.definition.name,
            state: row.state,
            template: row.definition.template,
            language: row.definition.language,
            people: row.people,
            turned: row.turned,
            sent: row.sent,
            failed: row.failed,
            opted_out: row.opted_out,
            limiter,
            at: at.map(Ts::rfc3339).unwrap_or_default(),
        });
    }
    let last = items.last().filter(|_| items.len() >= limit);
    let next = last.map(|c: &CampaignLine| c.id.to_string());
    Ok((items, next))
}
