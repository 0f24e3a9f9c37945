//! The facts of many proposals in three statements, the very same facts as read one by one.
//!
//! For dry runs, campaigns and dispatch. It holds nobody still: a claim does.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use portero_domain::account::MessagingLimit;
use portero_domain::clock::Ts;
use portero_domain::proposal::{Origin, Proposal};
use portero_gate::facts::{Facts, RegistryFacts, TemplateFact};
use serde_json::json;

use super::rows::{Lists, Raw, Read, assemble};
use super::sql;
use super::{
    FactsQuery, PROMOTION_WINDOW, TEMPLATE_WINDOW, add_tier, counts_against, no_template,
    same_language, wanted,
};
use crate::db;
use crate::error::{Result, StoreError};
use crate::json;
use crate::tenants::STOP_ALL;
use crate::tier::TierUse;
use crate::tx::TenantTx;

/// Most proposals of one call.
pub const MANY: usize = 1_000;

/// `q` out of the JSON array in $4.
macro_rules! asked {
    () => {
        "with q as (select j.value ->> 'i' as i, j.value ->> 'n' as n, j.value ->> 'c' as c, j.value ->> 'k' as k,
            j.value ->> 'o' as o, j.value ->> 'p' as p, j.value ->> 'a' as a
            from json_each($4) j) "
    };
    (postgres) => {
        "with q as (select i, n, c, k, o, p, a from jsonb_to_recordset(cast($4 as jsonb))
            as j(i bigint, n text, c text, k text, o text, p text, a text)) "
    };
}

statements! {
    FACTS_MANY = concat!(asked!(), sql::facts!()), postgres = concat!(asked!(postgres), sql::facts!());
    FACT_LISTS_MANY = concat!(asked!(), sql::lists!()), postgres = concat!(asked!(postgres), sql::lists!(postgres));
}

/// What is asked, as [`asked!`] reads it.
pub(super) fn asked(queries: &[FactsQuery<'_>]) -> db::Arg {
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

/// The place a row belongs to.
pub(super) fn place(i: i64) -> usize {
    usize::try_from(i).unwrap_or(usize::MAX)
}

/// What is the same for many people, read once.
#[derive(Default)]
struct Shared {
    templates: HashMap<(String, String, String, bool), (TemplateFact, RegistryFacts)>,
    tiers: HashMap<Option<MessagingLimit>, TierUse>,
}

impl TenantTx<'_> {
    /// The facts of up to [`MANY`] proposals of one instant, in their order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such tenant, [`StoreError::Limit`] over [`MANY`], or
    /// the database.
    pub async fn load_facts_many(
        &mut self,
        mut queries: Vec<FactsQuery<'_>>,
    ) -> Result<Vec<Facts>> {
        if queries.len() > MANY {
            return Err(StoreError::Limit {
                what: "proposals judged together",
                max: u32::try_from(MANY).unwrap_or(u32::MAX),
            });
        }
        let Some(now) = queries.first().map(|q| q.now) else {
            return Ok(Vec::new());
        };
        for query in &mut queries {
            self.reacts_to(query).await?;
        }
        let args = args![self.tenant, now, STOP_ALL, asked(&queries)];
        let found: Vec<Raw> = self.tx.rows(FACTS_MANY, args).await?;
        let mut raws: Vec<Option<Raw>> = Vec::new();
        raws.resize_with(queries.len(), || None);
        for raw in found {
            if let Some(slot) = raws.get_mut(place(raw.place)) {
                *slot = Some(raw);
            }
        }
        let lists = self.lists_many(&queries, now).await?;
        let campaigns = self.campaign_facts(&queries).await?;
        let month_micro = match queries.iter().find(|q| q.spend.is_some()) {
            Some(_) => Some(self.month_spend(now).await?),
            None => None,
        };
        let mut shared = Shared::default();
        let mut all = Vec::with_capacity(queries.len());
        for (((query, raw), lists), campaign) in
            queries.into_iter().zip(raws).zip(lists).zip(campaigns)
        {
            let raw = raw.ok_or(StoreError::NotFound { what: "tenant" })?;
            let p = query.proposal;
            let mut sender = self.sender(&raw)?;
            if let Some(limit) = counts_against(&raw, &sender, p, now) {
                let tier = match shared.tiers.entry(limit) {
                    Entry::Occupied(read) => read.into_mut(),
                    Entry::Vacant(place) => place.insert(self.tier_use(limit, now).await?),
                };
                add_tier(&mut sender, tier.facts(p.contact, lists.counted));
            }
            let (template, registry) = match wanted(p, &sender) {
                Some((waba, name, language)) => {
                    let same = same_language(raw.language.as_deref(), language);
                    let key = (waba.to_string(), name.into(), language.into(), same);
                    match shared.templates.get(&key) {
                        Some(read) => read.clone(),
                        None => {
                            let read = self.template_fact(waba, name, language, same).await?;
                            shared.templates.insert(key, read.clone());
                            read
                        }
                    }
                }
                None => no_template(p),
            };
            let read = Read {
                raw,
                lists,
                sender,
                template,
                registry,
                campaign,
                month_micro,
            };
            all.push(assemble(query, read)?);
        }
        Ok(all)
    }

    async fn lists_many(&mut self, queries: &[FactsQuery<'_>], now: Ts) -> Result<Vec<Lists>> {
        let args = args![
            self.tenant,
            now - PROMOTION_WINDOW,
            now - TEMPLATE_WINDOW,
            asked(queries)
        ];
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
}
