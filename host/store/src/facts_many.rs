//! The facts of many proposals in three statements, the very same facts as read one by one.
//!
//! For dry runs and campaigns. It holds nothing still: whoever sends reads again.

use std::collections::HashMap;

use portero_domain::clock::{Millis, Ts};
use portero_domain::content::Content;
use portero_domain::proposal::{Origin, Proposal};
use portero_gate::Fact;
use portero_gate::facts::{CampaignFacts, Facts, TemplateFact};
use serde_json::json;

use crate::campaigns::state;
use crate::db;
use crate::error::{Result, StoreError};
use crate::facts::{FactsQuery, Lists, PROMOTION_WINDOW, Raw, assemble};
use crate::json;
use crate::tenants::STOP_ALL;
use crate::tx::TenantTx;

/// Most proposals of one call.
pub const MANY: usize = 1_000;

/// How far back the very same text is looked for.
const SAME_TEXT: Millis = Millis::days(30);

macro_rules! asked {
    () => {
        "with q as (select j.value ->> 'i' as i, j.value ->> 'n' as n, j.value ->> 'c' as c, j.value ->> 'k' as k,
            j.value ->> 'o' as o, j.value ->> 'p' as p, j.value ->> 'a' as a, j.value ->> 'g' as g,
            j.value ->> 'h' as h from json_each($2) j) "
    };
    (postgres) => {
        "with q as (select i, n, c, k, o, p, a, g, h from jsonb_to_recordset(cast($2 as jsonb))
            as j(i bigint, n text, c text, k text, o text, p text, a text, g text, h text)) "
    };
}
macro_rules! bot_since {
    ($more:literal) => {
        concat!(
            "(select count(*) from outbox b where b.tenant_id = t.tenant_id and b.contact_id = q.c
                and b.phone_number_id = q.n and b.origin = 'plugin' and b.is_template = 0
                and b.state in ('attempting', 'unknown', 'sent', 'queued') and b.outbox_id <> q.o
                and b.created_at > coalesce(v.window_at, 0)",
            $more,
            ")"
        )
    };
}
macro_rules! facts {
    () => {
        concat!("select q.i as place, t.mode, t.timezone, t.stopped_at as tenant_stopped_at, t.stop_reason as tenant_stop_reason,
            (select s.value from settings s where s.key = $4) as stop_all,
            n.tenant_id as number_tenant, n.waba_id, n.mps, n.tat_at,
            n.stopped_at as number_stopped_at, n.stop_reason as number_stop_reason,
            n.quality, n.quality_at, k.messaging_limit, k.restriction, k.restriction_reach, k.restricted_at,
            k.restricted_until_at,
            c.contact_id, c.country, c.erased_at,
            v.window_at, v.window_wamid, v.human_since_at, v.pair_tat_at,
            d.outbox_id as duplicate_of, d.content_hash as duplicate_hash,
            ", bot_since!(""), " as bot_since, ", bot_since!(" and b.created_at > $3 - 60000"), " as bot_minute,
            (select count(*) from outbox p where p.tenant_id = t.tenant_id and p.installation_id = q.p
                and p.contact_id = q.c and p.created_at > $3 - 3600000 and p.outbox_id <> q.o) as plugin_hour,
            (select count(*) from outbox p where p.tenant_id = t.tenant_id and p.installation_id = q.p
                and p.created_at > $3 - 60000 and p.outbox_id <> q.o) as plugin_minute
        from q cross join tenants t
        left join numbers n on n.phone_number_id = q.n
        left join accounts k on k.tenant_id = n.tenant_id and k.waba_id = n.waba_id
        left join contacts c on c.contact_id = q.c and c.tenant_id = t.tenant_id
        left join conversations v on v.phone_number_id = q.n and v.contact_id = q.c and v.tenant_id = t.tenant_id
        left join outbox d on d.tenant_id = t.tenant_id and d.proposal_key = q.k and d.outbox_id <> q.o
        where t.tenant_id = $1")
    };
}
macro_rules! lists {
    () => {
        "select i, kind, body, at from (
            select q.i, 'consent' as kind, e.event as body, e.captured_at as at, e.received_at as at2, e.consent_event_id as id
            from q cross join consent_events e where e.tenant_id = $1 and e.contact_id = q.c
            union all
            select q.i, 'open', x.reference, x.opened_at, 0, x.reference from q cross join transactions x
            where x.tenant_id = $1 and x.contact_id = q.c and x.closed_at is null
            union all
            select q.i, 'promotion', o.topic, o.begun_at, 0, o.outbox_id from q cross join outbox o
            where o.tenant_id = $1 and o.contact_id = q.c and o.is_promotional = 1 and o.outbox_id <> q.o
              and o.state in ('attempting', 'unknown', 'sent') and (o.status is null or o.status <> 'failed')
              and o.begun_at > $3
            union all
            select q.i, 'blocked', b.scope, b.since_at, 0, b.address from q cross join do_not_contact b
            where b.tenant_id = $1 and b.address = q.a
            union all
            select q.i, 'blocked', b.scope, b.since_at, 0, b.address from q cross join contact_aliases a
            cross join do_not_contact b
            where a.tenant_id = $1 and a.contact_id = q.c and b.tenant_id = $1 and b.address = a.address
            union all
            select q.i, 'sandbox', s.address, s.confirmed_at, 0, s.address from q cross join contact_aliases a
            cross join sandbox_people s
            where a.tenant_id = $1 and a.contact_id = q.c and s.tenant_id = $1 and s.address = a.address
              and s.confirmed_at is not null
        ) f order by i, kind, at, at2, id"
    };
}
macro_rules! earlier {
    () => {
        "select q.i, o.outbox_id, o.begun_at, case when o.campaign_id = q.g then 1 else 0 end,
            case when o.content_hash = q.h and o.begun_at > $3 then 1 else 0 end
        from q cross join outbox o
        where o.tenant_id = $1 and o.contact_id = q.c and o.outbox_id <> q.o
          and o.state in ('attempting', 'unknown', 'sent')
          and (o.campaign_id = q.g or (o.content_hash = q.h and o.begun_at > $3))
        order by q.i, o.begun_at, o.outbox_id"
    };
}

statements! {
    FACTS_MANY = concat!(asked!(), facts!()), postgres = concat!(asked!(postgres), facts!());
    FACT_LISTS_MANY = concat!(asked!(), lists!()), postgres = concat!(asked!(postgres), lists!());
    FACT_EARLIER = concat!(asked!(), earlier!()), postgres = concat!(asked!(postgres), earlier!());
    FACT_CAMPAIGN = "select state, sent - sent_base, failed - failed_base, opted_out - opted_out_base
        from campaigns where tenant_id = $1 and campaign_id = $2";
    MONTH_SPEND = "select coalesce((select s.micro from spend s where s.tenant_id = $1 and s.month = $2),
        (select cast(coalesce(sum(o.cost_micro), 0) as bigint) from outbox o where o.tenant_id = $1
            and o.cost_micro is not null and o.begun_at >= $3 and o.state in ('attempting', 'unknown', 'sent')))";
    SPEND_ADD = "update spend set micro = micro + $3 where tenant_id = $1 and month = $2";
    /// The first of a month counts what is there already, this message among it.
    SPEND_OPEN = "insert into spend (tenant_id, month, micro)
        select cast($1 as text), cast($2 as text), cast(coalesce(sum(o.cost_micro), 0) as bigint) from outbox o
        where o.tenant_id = $1 and o.cost_micro is not null and o.begun_at >= $3
          and o.state in ('attempting', 'unknown', 'sent')
        on conflict (tenant_id, month) do nothing";
}

#[derive(sqlx::FromRow)]
struct Placed {
    place: i64,
    #[sqlx(flatten)]
    raw: Raw,
}

type Earlier = (i64, String, Option<i64>, i32, i32);

fn asked(queries: &[FactsQuery<'_>]) -> db::Arg {
    let rows = queries.iter().enumerate().map(|(i, query)| {
        let p: &Proposal = query.proposal;
        let (installation, campaign) = match &p.origin {
            Origin::Plugin { installation, .. } if query.plugin.is_some() => {
                (Some(*installation), None)
            }
            Origin::Campaign { campaign } => (None, Some(*campaign)),
            _ => (None, None),
        };
        json!({
            "i": i, "n": p.sender, "c": p.contact, "k": p.key, "o": p.id, "p": installation, "a": p.to,
            "g": campaign, "h": query.content_hash,
        })
    });
    json::rows(rows.collect())
}

fn place(i: i64) -> usize {
    usize::try_from(i).unwrap_or(usize::MAX)
}

/// The month of an instant, `2026-11` (UTC), and when it began.
fn month(now: Ts) -> (String, Ts) {
    let text = now.rfc3339();
    let month: String = text.chars().take(7).collect();
    let began = Ts::parse_rfc3339(&format!("{month}-01T00:00:00Z")).unwrap_or(Ts::ZERO);
    (month, began)
}

impl TenantTx<'_> {
    /// The facts of up to [`MANY`] proposals of one instant, in their order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such tenant, [`StoreError::Limit`] over [`MANY`], or
    /// the database.
    pub async fn load_facts_many(&mut self, queries: Vec<FactsQuery<'_>>) -> Result<Vec<Facts>> {
        if queries.len() > MANY {
            return Err(StoreError::Limit {
                what: "proposals judged together",
                max: u32::try_from(MANY).unwrap_or(u32::MAX),
            });
        }
        let Some(now) = queries.first().map(|q| q.now) else {
            return Ok(Vec::new());
        };
        let args = args![self.tenant, asked(&queries), now, STOP_ALL];
        let found: Vec<Placed> = self.tx.rows(FACTS_MANY, args).await?;
        let mut raws: Vec<Option<Raw>> = Vec::new();
        raws.resize_with(queries.len(), || None);
        for one in found {
            if let Some(slot) = raws.get_mut(place(one.place)) {
                *slot = Some(one.raw);
            }
        }
        let mut lists = self.lists_many(&queries, now).await?;
        let mut campaigns = self.campaign_facts(&queries).await?;
        let month_micro = match queries.iter().find(|q| q.spend.is_some()) {
            Some(_) => Some(self.month_spend(now).await?),
            None => None,
        };
        let mut templates: HashMap<(String, String, String), TemplateFact> = HashMap::new();
        let mut all = Vec::with_capacity(queries.len());
        for (i, (query, raw)) in queries.into_iter().zip(raws).enumerate() {
            let raw = raw.ok_or(StoreError::NotFound { what: "tenant" })?;
            let mut sender = self.sender(&raw)?;
            self.add_tier(&raw, &mut sender, query.proposal, now)
                .await?;
            let template = match (&query.proposal.content, &sender) {
                (Content::Template(t), Fact::Known(sender)) if sender.owned => {
                    let key = (sender.waba.to_string(), t.name.clone(), t.language.clone());
                    match templates.get(&key) {
                        Some(fact) => fact.clone(),
                        None => {
                            let fact = self
                                .template_fact(&sender.waba, &t.name, &t.language)
                                .await?;
                            templates.insert(key, fact.clone());
                            fact
                        }
                    }
                }
                (Content::Template(_), _) => TemplateFact::Missing {
                    closest: Vec::new(),
                },
                _ => TemplateFact::NotATemplate,
            };
            let lists = lists.get_mut(i).map(std::mem::take).unwrap_or_default();
            let campaign = campaigns.get_mut(i).and_then(Option::take);
            all.push(assemble(
                query,
                raw,
                lists,
                sender,
                template,
                campaign,
                month_micro,
            )?);
        }
        Ok(all)
    }

    async fn lists_many(&mut self, queries: &[FactsQuery<'_>], now: Ts) -> Result<Vec<Lists>> {
        let args = args![self.tenant, asked(queries), now - PROMOTION_WINDOW];
        let rows: Vec<(i64, String, Option<String>, Option<i64>)> =
            self.tx.rows(FACT_LISTS_MANY, args).await?;
        let mut all = Vec::new();
        all.resize_with(queries.len(), Lists::default);
        for (i, kind, body, at) in rows {
            if let Some(lists) = all.get_mut(place(i)) {
                lists.add(&kind, body, at)?;
            }
        }
        Ok(all)
    }

    /// What is known of the campaigns that propose; `None` where none does, or it is not the tenant's.
    pub(crate) async fn campaign_facts(
        &mut self,
        queries: &[FactsQuery<'_>],
    ) -> Result<Vec<Option<CampaignFacts>>> {
        let mut known = HashMap::new();
        let mut all = Vec::with_capacity(queries.len());
        for query in queries {
            let Origin::Campaign { campaign } = &query.proposal.origin else {
                all.push(None);
                continue;
            };
            if !known.contains_key(campaign) {
                let row: Option<(String, i64, i64, i64)> = self
                    .tx
                    .row(FACT_CAMPAIGN, args![self.tenant, *campaign])
                    .await?;
                let facts = match row {
                    Some((word, sent, failed, opted_out)) => Some(CampaignFacts {
                        state: state(&word)?,
                        sent: db::count(sent),
                        failed: db::count(failed),
                        opted_out: db::count(opted_out),
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
        let args = args![self.tenant, asked(queries), now - SAME_TEXT];
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

    /// Estimated cost of the month so far, in millionths.
    ///
    /// # Errors
    /// The database.
    pub async fn month_spend(&mut self, now: Ts) -> Result<i64> {
        let (month, began) = month(now);
        let row: Option<(i64,)> = self
            .tx
            .row(MONTH_SPEND, args![self.tenant, month, began])
            .await?;
        Ok(row.map_or(0, |(n,)| n))
    }

    /// Adds a message whose attempt has begun to the month's estimated cost.
    ///
    /// # Errors
    /// The database.
    pub async fn add_spend(&mut self, micro: i64, now: Ts) -> Result<()> {
        let (month, began) = month(now);
        let args = args![self.tenant, month.as_str(), micro];
        if self.tx.run(SPEND_ADD, args).await? == 0 {
            self.tx
                .run(SPEND_OPEN, args![self.tenant, month, began])
                .await?;
        }
        Ok(())
    }
}
