//! People a business wrote to first within 24 hours: what Meta's messaging limit counts.

use portero_domain::account::MessagingLimit;
use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::ContactId;
use portero_gate::facts::TierFacts;

use crate::error::Result;
use crate::tx::TenantTx;

/// How long a person counts.
const COUNTED: Millis = Millis::hours(24);

statements! {
    TIER_COUNT = "insert into tier_recipients (tenant_id, contact_id, last_at)
        select tenant_id, contact_id, cast($3 as bigint) from contacts where tenant_id = $1 and contact_id = $2
        on conflict (tenant_id, contact_id) do update set last_at = case
            when tier_recipients.last_at < excluded.last_at then excluded.last_at else tier_recipients.last_at end";
    /// Counts no further than needed to know that the limit is reached.
    TIER_FACTS = "select count(*), min(x.last_at),
            (select count(*) from tier_recipients m where m.tenant_id = $1 and m.contact_id = $2 and m.last_at > $3)
        from (select r.last_at from tier_recipients r
            where r.tenant_id = $1 and r.last_at > $3 and r.contact_id <> $2 order by r.last_at limit $4) x";
}

impl TenantTx<'_> {
    /// Counts a person the business writes to first.
    ///
    /// # Errors
    /// The database.
    pub async fn count_tier_recipient(&mut self, contact: ContactId, now: Ts) -> Result<()> {
        self.tx
            .run(TIER_COUNT, args![self.tenant, contact, now])
            .await
            .map(drop)
    }

    /// How much of a limit is used, for a message to `contact`.
    pub(crate) async fn tier_facts(
        &mut self,
        contact: ContactId,
        limit: Option<MessagingLimit>,
        now: Ts,
    ) -> Result<TierFacts> {
        let stop = limit.unwrap_or(MessagingLimit::SMALLEST).0;
        let args = args![self.tenant, contact, now - COUNTED, i64::from(stop)];
        let row: Option<(i64, Option<i64>, i64)> = self.tx.row(TIER_FACTS, args).await?;
        let (used, oldest, own) = row.unwrap_or_default();
        Ok(TierFacts {
            limit,
            used: u32::try_from(used).unwrap_or(u32::MAX),
            counted: own > 0,
            frees_at: oldest.map(|at| Ts(at) + COUNTED),
        })
    }
}
