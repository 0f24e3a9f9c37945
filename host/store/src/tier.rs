//! People a business wrote to first within 24 hours: what Meta's messaging limit counts.

use portero_domain::account::MessagingLimit;
use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::ContactId;
use portero_gate::facts::TierFacts;

use serde_json::json;

use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// How long a person counts.
const COUNTED: Millis = Millis::hours(24);

statements! {
    TIER_COUNT = "insert into tier_recipients (tenant_id, contact_id, last_at)
        select c.tenant_id, c.contact_id, cast($3 as bigint) from json_each($2) j
        cross join contacts c on c.contact_id = j.value and +c.tenant_id = $1
        where true
        on conflict (tenant_id, contact_id) do update set last_at = case
            when tier_recipients.last_at < excluded.last_at then excluded.last_at else tier_recipients.last_at end",
        postgres = "insert into tier_recipients (tenant_id, contact_id, last_at)
        select c.tenant_id, c.contact_id, cast($3 as bigint) from jsonb_array_elements_text(cast($2 as jsonb)) as j(value)
        join contacts c on c.contact_id = j.value and c.tenant_id = $1
        where true
        order by c.contact_id
        on conflict (tenant_id, contact_id) do update set last_at = case
            when tier_recipients.last_at < excluded.last_at then excluded.last_at else tier_recipients.last_at end";
    /// Counts no further than needed to know that the limit is reached, whoever is asked for; and the
    /// two who have counted longest: one of them may be the person asked for.
    TIER_USE = "select (select count(*) from (select 1 from tier_recipients c
                where c.tenant_id = $1 and c.last_at > $2 limit $3) n), r.contact_id, r.last_at
        from tier_recipients r where r.tenant_id = $1 and r.last_at > $2 order by r.last_at, r.contact_id limit 2";
}

impl TenantTx<'_> {
    /// Counts people the business writes to first.
    ///
    /// # Errors
    /// The database.
    pub async fn count_tier_recipients(&mut self, people: &[ContactId], now: Ts) -> Result<()> {
        if people.is_empty() {
            return Ok(());
        }
        let people = json::rows(people.iter().map(|c| json!(c)).collect());
        self.tx
            .run(TIER_COUNT, args![self.tenant, people, now])
            .await
            .map(drop)
    }

    /// People written to first within 24 hours, counted no further than one over the limit.
    ///
    /// # Errors
    /// The database.
    pub async fn tier_used(&mut self, limit: Option<MessagingLimit>, now: Ts) -> Result<u64> {
        let read = self.tier_use(limit, now).await?;
        Ok(u64::try_from(read.people).unwrap_or_default())
    }

    /// People written to first within 24 hours, counted no further than one over the limit, and when
    /// the first of them stops counting.
    ///
    /// # Errors
    /// The database.
    pub async fn tier_standing(
        &mut self,
        limit: Option<MessagingLimit>,
        now: Ts,
    ) -> Result<(u64, Option<Ts>)> {
        let read = self.tier_use(limit, now).await?;
        let frees = read.longest.first().map(|(_, at)| *at + COUNTED);
        Ok((u64::try_from(read.people).unwrap_or_default(), frees))
    }

    /// How much of a limit is used; an unknown one is the smallest.
    pub(crate) async fn tier_use(
        &mut self,
        limit: Option<MessagingLimit>,
        now: Ts,
    ) -> Result<TierUse> {
        let stop = i64::from(limit.unwrap_or(MessagingLimit::SMALLEST).0);
        let args = args![self.tenant, now - COUNTED, stop + 1];
        let rows: Vec<(i64, String, i64)> = self.tx.rows(TIER_USE, args).await?;
        let mut longest = Vec::with_capacity(rows.len());
        for (_, contact, at) in &rows {
            longest.push((json::id("contact_id", contact)?, Ts(*at)));
        }
        Ok(TierUse {
            limit,
            stop,
            people: rows.first().map_or(0, |(people, ..)| *people),
            longest,
        })
    }
}

/// How much of a limit is used, whoever is written to next.
pub(crate) struct TierUse {
    limit: Option<MessagingLimit>,
    stop: i64,
    /// People who count, no further than one over the limit.
    people: i64,
    /// The two who have counted longest.
    longest: Vec<(ContactId, Ts)>,
}

impl TierUse {
    /// For a message to `contact`, who counts already or not.
    pub(crate) fn facts(&self, contact: ContactId, counted: bool) -> TierFacts {
        let others = (self.people - i64::from(counted)).min(self.stop);
        let oldest = self.longest.iter().find(|(who, _)| *who != contact);
        TierFacts {
            limit: self.limit,
            used: u32::try_from(others).unwrap_or(u32::MAX),
            counted,
            frees_at: oldest.map(|(_, at)| *at + COUNTED),
        }
    }
}
