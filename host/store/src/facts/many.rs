//! The facts of many proposals in a few statements, the very same facts as read one by one.
//!
//! For dry runs, campaigns and dispatch. It holds nobody still: a claim does.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use portero_domain::account::MessagingLimit;
use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::ids::{CampaignId, ContactId, InstallationId, OutboxId, PhoneNumberId};
use portero_domain::proposal::{Origin, Proposal};
use portero_gate::facts::{Facts, RegistryFacts, TemplateFact};
use serde::Serialize;

use super::rows::{Lists, OfPerson, Raw, Read, Shared, assemble};
use super::sql;
use super::{
    FactsQuery, PROMOTION_WINDOW, TEMPLATE_WINDOW, add_tier, counts_against, no_template,
    same_language, wanted,
};
use crate::db;
use crate::engine::EngineKind;
use crate::error::{Result, StoreError};
use crate::json;
use crate::tenants::STOP_ALL;
use crate::tier::TierUse;
use crate::tx::TenantTx;

/// Most proposals of one call.
pub const MANY: usize = 1_000;

/// `q` out of what [`Asked::people`] gives, behind a statement's own arguments.
macro_rules! asked {
    ($all:literal) => {
        concat!(
            "with q as (select j.value ->> 'i' as i, j.value ->> 'n' as n, j.value ->> 'c' as c, j.value ->> 'k' as k,
            j.value ->> 'o' as o, j.value ->> 'p' as p, j.value ->> 'a' as a from json_each(",
            $all,
            ") j) "
        )
    };
    (postgres $c:literal $o:literal $n:literal $k:literal $p:literal $a:literal) => {
        concat!(
            "with q as (select i - 1 as i, n, c, k, o, p, a from unnest(cast(", $c, " as text[]), cast(", $o,
            " as text[]), cast(", $n, " as text[]), cast(", $k, " as text[]), cast(", $p, " as text[]), cast(", $a,
            " as text[])) with ordinality as j(c, o, n, k, p, a, i)) "
        )
    };
}

statements! {
    FACTS_SHARED = sql::facts_shared!();
    FACTS_MANY = concat!(asked!("$3"), sql::facts_of_people!()),
        postgres = concat!(asked!(postgres "$3" "$4" "$5" "$6" "$7" "$8"), sql::facts_of_people!());
    /// Whether there is anything on the lists that most tenants have nothing on.
    FACT_RARE = "select (select count(*) from (select 1 from sandbox_people s where s.tenant_id = $1 limit 1) s)
            + (select count(*) from (select 1 from registries g where g.tenant_id = $1 and g.applies = 1 limit 1) g)";
    FACT_LISTS_MANY = concat!(asked!("$4"), sql::lists!("")),
        postgres = concat!(asked!(postgres "$4" "$5" "$6" "$7" "$8" "$9"), sql::lists!(postgres ""));
    FACT_ALL_LISTS_MANY = concat!(asked!("$4"), sql::lists!(sql::rare_lists!())),
        postgres = concat!(asked!(postgres "$4" "$5" "$6" "$7" "$8" "$9"), sql::lists!(postgres sql::rare_lists!()));
}

/// What is asked of many, as the statements take it.
pub(super) struct Asked<'a> {
    rows: Vec<Row<'a>>,
    engine: EngineKind,
    /// SQLite reads all from one text.
    json: Option<db::Arg>,
}

/// One proposal.
#[derive(Serialize)]
struct Row<'a> {
    i: usize,
    n: &'a PhoneNumberId,
    c: ContactId,
    k: &'a str,
    o: OutboxId,
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<InstallationId>,
    a: &'a AddressKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    g: Option<CampaignId>,
    h: &'a str,
}

impl<'a> Asked<'a> {
    pub(super) fn of(engine: EngineKind, queries: &[FactsQuery<'a>]) -> Result<Asked<'a>> {
        let rows: Vec<Row<'a>> = queries
            .iter()
            .enumerate()
            .map(|(i, query)| {
                let p: &'a Proposal = query.proposal;
                let (installation, campaign) = match &p.origin {
                    Origin::Plugin { installation, .. } if query.plugin.is_some() => {
                        (Some(*installation), None)
                    }
                    Origin::Campaign { campaign } => (None, Some(*campaign)),
                    _ => (None, None),
                };
                Row {
                    i,
                    n: &p.sender,
                    c: p.contact,
                    k: &p.key,
                    o: p.id,
                    p: installation,
                    a: &p.to,
                    g: campaign,
                    h: query.content_hash,
                }
            })
            .collect();
        let json = match engine {
            EngineKind::Sqlite => Some(json::typed("what facts are asked for", &rows)?),
            EngineKind::Postgres => None,
        };
        Ok(Asked { rows, engine, json })
    }

    fn column(&self, of: impl Fn(&Row<'a>) -> Option<String>) -> db::Arg {
        db::Arg::Texts(self.rows.iter().map(of).collect())
    }

    /// For [`asked!`].
    fn people(&self, mut args: Vec<db::Arg>) -> Vec<db::Arg> {
        match self.engine {
            EngineKind::Sqlite => args.extend(self.json.clone()),
            EngineKind::Postgres => args.extend([
                self.column(|r| Some(r.c.to_string())),
                self.column(|r| Some(r.o.to_string())),
                self.column(|r| Some(r.n.as_str().to_owned())),
                self.column(|r| Some(r.k.to_owned())),
                self.column(|r| r.p.map(|p| p.to_string())),
                self.column(|r| Some(r.a.as_str().to_owned())),
            ]),
        }
        args
    }

    /// For what was sent before.
    pub(super) fn earlier(&self, mut args: Vec<db::Arg>) -> Vec<db::Arg> {
        match self.engine {
            EngineKind::Sqlite => args.extend(self.json.clone()),
            EngineKind::Postgres => args.extend([
                self.column(|r| Some(r.c.to_string())),
                self.column(|r| Some(r.o.to_string())),
                self.column(|r| r.g.map(|g| g.to_string())),
                self.column(|r| Some(r.h.to_owned())),
            ]),
        }
        args
    }
}

/// The place a row belongs to.
pub(super) fn place(i: i64) -> usize {
    usize::try_from(i).unwrap_or(usize::MAX)
}

/// What is the same for many people, read once.
#[derive(Default)]
struct Seen {
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
        let asked = Asked::of(self.tx.engine(), &queries)?;
        let shared = self.shared(&queries).await?;
        let args = asked.people(args![self.tenant, now]);
        let found: Vec<OfPerson> = self.tx.rows(FACTS_MANY, args).await?;
        let mut people: Vec<Option<OfPerson>> = Vec::new();
        people.resize_with(queries.len(), || None);
        for person in found {
            if let Some(slot) = people.get_mut(place(person.place)) {
                *slot = Some(person);
            }
        }
        let lists = self.lists_many(queries.len(), &asked, now).await?;
        let campaigns = self.campaign_facts(&queries, &asked).await?;
        let month_micro = match queries.iter().find(|q| q.spend.is_some()) {
            Some(_) => Some(self.month_spend(now).await?),
            None => None,
        };
        let mut seen = Seen::default();
        let mut all = Vec::with_capacity(queries.len());
        for (((query, person), lists), campaign) in
            queries.into_iter().zip(people).zip(lists).zip(campaigns)
        {
            let p = query.proposal;
            let (Some(person), Some(shared)) = (person, shared.get(&p.sender)) else {
                return Err(StoreError::NotFound { what: "tenant" });
            };
            let raw = Raw {
                shared: shared.clone(),
                person,
            };
            let mut sender = self.sender(&raw.shared)?;
            if let Some(limit) = counts_against(&raw, &sender, p, now) {
                let tier = match seen.tiers.entry(limit) {
                    Entry::Occupied(read) => read.into_mut(),
                    Entry::Vacant(place) => place.insert(self.tier_use(limit, now).await?),
                };
                add_tier(&mut sender, tier.facts(p.contact, lists.counted));
            }
            let (template, registry) = match wanted(p, &sender) {
                Some((waba, name, language)) => {
                    let same = same_language(raw.person.language.as_deref(), language);
                    let key = (waba.to_string(), name.into(), language.into(), same);
                    match seen.templates.get(&key) {
                        Some(read) => read.clone(),
                        None => {
                            let read = self.template_fact(waba, name, language, same).await?;
                            seen.templates.insert(key, read.clone());
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

    /// What the people of each number share.
    async fn shared(
        &mut self,
        queries: &[FactsQuery<'_>],
    ) -> Result<HashMap<PhoneNumberId, Shared>> {
        let mut all = HashMap::new();
        for query in queries {
            let number = &query.proposal.sender;
            if all.contains_key(number) {
                continue;
            }
            let args = args![self.tenant, number, STOP_ALL];
            let shared: Option<Shared> = self.tx.row(FACTS_SHARED, args).await?;
            let shared = shared.ok_or(StoreError::NotFound { what: "tenant" })?;
            all.insert(number.clone(), shared);
        }
        Ok(all)
    }

    async fn lists_many(&mut self, n: usize, asked: &Asked<'_>, now: Ts) -> Result<Vec<Lists>> {
        let rare: Option<(i64,)> = self.tx.row(FACT_RARE, args![self.tenant]).await?;
        let lists = match rare {
            Some((0,)) => FACT_LISTS_MANY,
            _ => FACT_ALL_LISTS_MANY,
        };
        let args = asked.people(args![
            self.tenant,
            now - PROMOTION_WINDOW,
            now - TEMPLATE_WINDOW
        ]);
        let rows: Vec<(i64, String, Option<String>, Option<i64>)> =
            self.tx.rows(lists, args).await?;
        let mut all = Vec::new();
        all.resize_with(n, Lists::default);
        for (i, kind, body, at) in rows {
            if let Some(lists) = all.get_mut(place(i)) {
                lists.add(&kind, body, at)?;
            }
        }
        Ok(all)
    }
}
