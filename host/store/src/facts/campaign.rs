//! What the gate may know of a campaign and of the month's cost.

use std::collections::HashMap;

use portero_domain::clock::{Millis, Ts};
use portero_domain::proposal::Origin;
use portero_gate::facts::CampaignFacts;

use super::FactsQuery;
use super::many::{Asked, place};
use crate::campaigns::state;
use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// How far back the very same text is looked for.
const SAME_TEXT: Millis = Millis::days(30);

/// What the person of each of `q` got of this campaign, or of this text. $1 tenant, $2 since when.
macro_rules! earlier {
    ($tenant:literal) => {
        concat!(
            "select q.i, o.outbox_id, o.begun_at, case when o.campaign_id = q.g then 1 else 0 end,
            case when o.content_hash = q.h and o.begun_at > $2 then 1 else 0 end
        from q cross join outbox o
        where ",
            $tenant,
            " = $1 and o.contact_id = q.c and o.outbox_id <> q.o
          and o.state in ('attempting', 'unknown', 'sent')
          and (o.campaign_id = q.g or (o.content_hash = q.h and o.begun_at > $2))
        order by q.i, o.begun_at, o.outbox_id"
        )
    };
}

macro_rules! asked_third {
    () => {
        "with q as (select j.value ->> 'i' as i, j.value ->> 'c' as c, j.value ->> 'o' as o,
            j.value ->> 'g' as g, j.value ->> 'h' as h from json_each($3) j) "
    };
    (postgres) => {
        "with q as (select i - 1 as i, c, o, g, h from unnest(cast($3 as text[]), cast($4 as text[]),
            cast($5 as text[]), cast($6 as text[])) with ordinality as j(c, o, g, h, i)) "
    };
}

statements! {
    /// The plus: SQLite took the index by campaign, and read the whole campaign for every person.
    FACT_EARLIER = concat!(asked_third!(), earlier!("+o.tenant_id")),
        postgres = concat!(asked_third!(postgres), earlier!("o.tenant_id"));
    FACT_CAMPAIGN = "select state, sent - sent_base, failed - failed_base, opted_out - opted_out_base, imported
        from campaigns where tenant_id = $1 and campaign_id = $2";
}

type Earlier = (i64, String, Option<i64>, i32, i32);

impl TenantTx<'_> {
    /// What is known of the campaigns that propose; `None` where none does, or it is not the tenant's.
    pub(super) async fn campaign_facts(
        &mut self,
        queries: &[FactsQuery<'_>],
        asked: &Asked<'_>,
    ) -> Result<Vec<Option<CampaignFacts>>> {
        let mut known = HashMap::new();
        let mut all = Vec::with_capacity(queries.len());
        for query in queries {
            let Origin::Campaign { campaign } = &query.proposal.origin else {
                all.push(None);
                continue;
            };
            if !known.contains_key(campaign) {
                let row: Option<(String, i64, i64, i64, i64)> = self
                    .tx
                    .row(FACT_CAMPAIGN, args![self.tenant, *campaign])
                    .await?;
                let facts = match row {
                    Some((word, sent, failed, opted_out, imported)) => Some(CampaignFacts {
                        state: state(&word)?,
                        sent: db::count(sent),
                        failed: db::count(failed),
                        opted_out: db::count(opted_out),
                        imported: imported > 0,
                        already: None,
                        same_body: None,
                    }),
                    None => None,
                };
                known.insert(*campaign, facts);
            }
            all.push(known.get(campaign).cloned().flatten());
        }
        let Some(now) = queries.first().map(|q| q.now) else {
            return Ok(all);
        };
        if all.iter().all(Option::is_none) {
            return Ok(all);
        }
        let args = asked.earlier(args![self.tenant, now - SAME_TEXT]);
        let earlier: Vec<Earlier> = self.tx.rows(FACT_EARLIER, args).await?;
        for (i, outbox, at, same_campaign, same_body) in earlier {
            let Some(facts) = all.get_mut(place(i)).and_then(Option::as_mut) else {
                continue;
            };
            let outbox = json::id("outbox_id", &outbox)?;
            if same_campaign != 0 && facts.already.is_none() {
                facts.already = Some(outbox);
            }
            if same_body != 0 {
                facts.same_body = Some((outbox, Ts(at.unwrap_or_default())));
            }
        }
        Ok(all)
    }
}
