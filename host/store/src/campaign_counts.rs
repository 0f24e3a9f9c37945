//! How many people of a campaign stand where.

use std::collections::BTreeMap;

use portero_domain::ids::CampaignId;

use crate::db;
use crate::error::Result;
use crate::tx::TenantTx;

statements! {
    PEOPLE_COUNT = "select count(*) from campaign_people where tenant_id = $1 and campaign_id = $2";
    /// Whoever has a message is counted by it.
    PEOPLE_STATES = "select state, count(*) from campaign_people
        where tenant_id = $1 and campaign_id = $2 and state in ('waiting', 'left_out', 'withdrawn') group by state";
    PEOPLE_PROPOSED = "select o.state, count(*) from outbox o
        where o.campaign_id = $2 and o.tenant_id = $1 group by o.state";
    PEOPLE_STATUSES = "select o.status, count(*) from outbox o
        where o.campaign_id = $2 and o.tenant_id = $1 and o.state = 'sent' and o.status is not null group by o.status";
    /// Two stretches of one index each: who was sent to is not looked at.
    PEOPLE_LEFT = "select state, rule, count(*) from campaign_people
        where tenant_id = $1 and campaign_id = $2 and state in ('left_out', 'withdrawn') group by state, rule";
    PEOPLE_HELD = "select o.state, o.rule, count(*) from outbox o
        where o.campaign_id = $2 and o.tenant_id = $1
          and o.state in ('denied', 'deferred', 'in_review', 'expired', 'cancelled', 'failed', 'unknown')
        group by o.state, o.rule";
}

fn counts(rows: Vec<(String, i64)>) -> impl Iterator<Item = (String, u64)> {
    rows.into_iter().map(|(state, n)| (state, db::count(n)))
}

impl TenantTx<'_> {
    /// People in the audience, counted.
    ///
    /// # Errors
    /// The database.
    pub async fn campaign_size(&mut self, id: CampaignId) -> Result<u64> {
        let row: Option<(i64,)> = self.tx.row(PEOPLE_COUNT, args![self.tenant, id]).await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }

    /// People by state: those without a message by their own, the others by their message's.
    ///
    /// # Errors
    /// The database.
    pub async fn campaign_counts(&mut self, id: CampaignId) -> Result<BTreeMap<String, u64>> {
        let own: Vec<(String, i64)> = self.tx.rows(PEOPLE_STATES, args![self.tenant, id]).await?;
        let messages: Vec<(String, i64)> = self
            .tx
            .rows(PEOPLE_PROPOSED, args![self.tenant, id])
            .await?;
        Ok(counts(own).chain(counts(messages)).collect())
    }

    /// Meta's last word on the messages it took: (`delivered`, how many).
    ///
    /// # Errors
    /// The database.
    pub async fn campaign_statuses(&mut self, id: CampaignId) -> Result<BTreeMap<String, u64>> {
        let rows: Vec<(String, i64)> = self
            .tx
            .rows(PEOPLE_STATUSES, args![self.tenant, id])
            .await?;
        Ok(counts(rows).collect())
    }

    /// Why people did not get it (yet): (state, rule, how many), the most frequent first.
    ///
    /// # Errors
    /// The database.
    pub async fn campaign_reasons(
        &mut self,
        id: CampaignId,
    ) -> Result<Vec<(String, Option<String>, u64)>> {
        let mut rows: Vec<(String, Option<String>, i64)> =
            self.tx.rows(PEOPLE_LEFT, args![self.tenant, id]).await?;
        rows.extend(
            self.tx
                .rows::<(String, Option<String>, i64)>(PEOPLE_HELD, args![self.tenant, id])
                .await?,
        );
        rows.sort_by(|a, b| (b.2, &a.1, &a.0).cmp(&(a.2, &b.1, &b.0)));
        Ok(rows
            .into_iter()
            .map(|(state, rule, n)| (state, rule, db::count(n)))
            .collect())
    }
}
