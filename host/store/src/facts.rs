//! Everything the gate may know about one proposal, read in one place, in two or three statements.
//!
//! On Postgres a dispatch first holds the person's row ([`TenantTx::hold_person`]): an opt-out stored
//! before that is seen, one stored after it finds the attempt begun. (An admission holds nothing.) The
//! number's bucket is looked at again when it is spent, see `attempts`.

use portero_domain::account::MessagingLimit;
use portero_domain::clock::{Millis, Ts};
use portero_domain::content::Content;
use portero_domain::ids::{ContactId, WabaId};
use portero_domain::proposal::{Origin, Proposal};
use portero_gate::Fact;
use portero_gate::case::SERVICE_WINDOW;
use portero_gate::facts::{
    ContentFacts, Facts, PluginFacts, RegistryFacts, SenderFacts, Standing, TemplateFact,
    TemplateQuality,
};

use self::rows::{Lists, Raw, Read, Shared, assemble};
use crate::accounts;
use crate::engine::EngineKind;
use crate::error::{Result, StoreError};
use crate::json;
use crate::tenants::STOP_ALL;
use crate::tx::TenantTx;

pub(crate) mod campaign;
pub(crate) mod many;
pub(crate) mod reaction;
mod rows;
pub(crate) mod sql;

/// How far back promotional sends are told.
const PROMOTION_WINDOW: Millis = Millis::days(30);

/// How far back other templates, and people written to first, are told.
const TEMPLATE_WINDOW: Millis = Millis::days(1);

/// What to read facts for.
#[derive(Clone, Debug)]
pub struct FactsQuery<'a> {
    /// The proposal.
    pub proposal: &'a Proposal,
    /// Hash of its content.
    pub content_hash: &'a str,
    /// What the detectors found in it.
    pub content: ContentFacts,
    /// What is known of the plugin that proposes; its two counts are filled here.
    pub plugin: Option<PluginFacts>,
    /// The instant to judge at.
    pub now: Ts,
    /// What it would cost, when the tenant has a budget.
    pub spend: Option<SpendQuery>,
}

/// Asks for the month's estimated cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendQuery {
    /// Estimated cost of the proposal, in millionths; `None`: the rate table does not say.
    pub this_micro: Option<i64>,
}

/// `q` of one person.
macro_rules! one {
    () => {
        "with q as (select cast(0 as bigint) as i, cast($4 as text) as c, cast($5 as text) as o, cast($6 as text) as a) "
    };
}

statements! {
    FACTS = concat!("with q as (select cast(0 as bigint) as i, cast($4 as text) as n, cast($5 as text) as c,
            cast($6 as text) as k, cast($7 as text) as o, cast($8 as text) as p) ", sql::facts!());
    FACT_LISTS = concat!(one!(), sql::lists!(sql::rare_lists!())),
        postgres = concat!(one!(), sql::lists!(postgres sql::rare_lists!()));
    PERSON_HOLD = "select contact_id from contacts where tenant_id = $1 and contact_id = $2",
        postgres = "select contact_id from contacts where tenant_id = $1 and contact_id = $2 for no key update";
}

impl TenantTx<'_> {
    /// Reads every fact of a proposal, as of now and within this transaction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such tenant, or the database.
    pub async fn load_facts(&mut self, mut query: FactsQuery<'_>) -> Result<Facts> {
        self.reacts_to(&mut query).await?;
        let p = query.proposal;
        // Without a plugin's facts (a dispatch) nobody asks for its counts: they are not counted.
        let installation = match &p.origin {
            Origin::Plugin { installation, .. } if query.plugin.is_some() => Some(*installation),
            _ => None,
        };
        let args = args![
            self.tenant,
            query.now,
            STOP_ALL,
            &p.sender,
            p.contact,
            p.key.as_str(),
            p.id,
            installation
        ];
        let raw: Option<Raw> = self.tx.row(FACTS, args).await?;
        let raw = raw.ok_or(StoreError::NotFound { what: "tenant" })?;
        let lists = self.lists(p, query.now).await?;
        let mut sender = self.sender(&raw.shared)?;
        if let Some(limit) = counts_against(&raw, &sender, p, query.now) {
            let use_ = self.tier_use(limit, query.now).await?;
            add_tier(&mut sender, use_.facts(p.contact, lists.counted));
        }
        let (template, registry) = match wanted(p, &sender) {
            Some((waba, name, language)) => {
                let same = same_language(raw.person.language.as_deref(), language);
                self.template_fact(waba, name, language, same).await?
            }
            None => no_template(p),
        };
        let only = std::slice::from_ref(&query);
        let campaign = self
            .campaign_facts(only, &many::Asked::of(self.tx.engine(), only)?)
            .await?
            .pop()
            .flatten();
        let month_micro = match query.spend {
            Some(_) => Some(self.month_spend(query.now).await?),
            None => None,
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
        assemble(query, read)
    }

    async fn template_fact(
        &mut self,
        waba: &WabaId,
        name: &str,
        language: &str,
        same_language: bool,
    ) -> Result<(TemplateFact, RegistryFacts)> {
        let mut registry = RegistryFacts::default();
        let Some((found, quality)) = self.rated_template(waba, name, language).await? else {
            let closest = self.closest_templates(waba, name).await?;
            return Ok((TemplateFact::Missing { closest }, registry));
        };
        registry.quality = TemplateQuality::from_meta(&quality);
        if !same_language {
            registry.languages = self.approved_languages(waba, name).await?;
        }
        Ok((TemplateFact::Found(found), registry))
    }

    /// Holds a person's row until the transaction ends: before a dispatch reads facts. (A claim holds
    /// its persons already.) Person here, number when its bucket is spent: every process in the same
    /// order.
    ///
    /// # Errors
    /// The database.
    pub async fn hold_person(&mut self, contact: ContactId) -> Result<()> {
        // One transaction writes at a time there: nothing is to be held.
        if self.tx.engine() == EngineKind::Sqlite {
            return Ok(());
        }
        self.tx
            .run(PERSON_HOLD, args![self.tenant, contact])
            .await
            .map(drop)
    }

    /// A number of another tenant is known to be just that; nothing else of it is told.
    fn sender(&self, raw: &Shared) -> Result<Fact<SenderFacts>> {
        let (Some(owner), Some(waba)) = (&raw.number_tenant, &raw.waba_id) else {
            return Ok(Fact::Unknown);
        };
        if *owner != self.tenant.to_string() {
            let waba = WabaId::new("withheld").ok_or_else(|| json::bad("waba_id", "empty"))?;
            return Ok(Fact::Known(SenderFacts {
                owned: false,
                waba,
                mps: 0,
                tat: Ts::ZERO,
                standing: Standing::default(),
            }));
        }
        Ok(Fact::Known(SenderFacts {
            owned: true,
            waba: json::waba(waba.clone())?,
            mps: json::small("mps", raw.mps.unwrap_or_default())?,
            tat: Ts(raw.tat_at.unwrap_or_default()),
            standing: raw.standing(),
        }))
    }

    async fn lists(&mut self, p: &Proposal, now: Ts) -> Result<Lists> {
        let args = args![
            self.tenant,
            now - PROMOTION_WINDOW,
            now - TEMPLATE_WINDOW,
            p.contact,
            p.id,
            &p.to
        ];
        let rows: Vec<(i64, String, Option<String>, Option<i64>)> =
            self.tx.rows(FACT_LISTS, args).await?;
        let mut lists = Lists::default();
        for (_, kind, body, at) in rows {
            lists.add(&kind, body, at)?;
        }
        Ok(lists)
    }
}

/// The limit on people written to first (`None` inside: not known), where this message counts against one.
fn counts_against(
    raw: &Raw,
    sender: &Fact<SenderFacts>,
    p: &Proposal,
    now: Ts,
) -> Option<Option<MessagingLimit>> {
    let open = raw
        .person
        .window_at
        .is_some_and(|at| now < Ts(at) + SERVICE_WINDOW);
    let limit = accounts::limit(raw.shared.messaging_limit);
    let counts = sender.known().is_some_and(|s| s.owned)
        && p.content.is_template()
        && !open
        && !limit.is_some_and(MessagingLimit::is_unlimited);
    counts.then_some(limit)
}

fn add_tier(sender: &mut Fact<SenderFacts>, tier: portero_gate::facts::TierFacts) {
    if let Fact::Known(sender) = sender {
        sender.standing.tier = Some(tier);
    }
}

/// The template to look up: account, name, language.
fn wanted<'a>(
    p: &'a Proposal,
    sender: &'a Fact<SenderFacts>,
) -> Option<(&'a WabaId, &'a str, &'a str)> {
    match (&p.content, sender) {
        (Content::Template(t), Fact::Known(sender)) if sender.owned => {
            Some((&sender.waba, &t.name, &t.language))
        }
        _ => None,
    }
}

/// What is told where there is none to look up.
fn no_template(p: &Proposal) -> (TemplateFact, RegistryFacts) {
    let fact = if p.content.is_template() {
        TemplateFact::Missing {
            closest: Vec::new(),
        }
    } else {
        TemplateFact::NotATemplate
    };
    (fact, RegistryFacts::default())
}

/// Whether a template's language is a person's, regions aside; what is not known is not another.
fn same_language(person: Option<&str>, template: &str) -> bool {
    let primary = |tag: &str| {
        tag.split(['_', '-'])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    person.is_none_or(|tag| primary(tag) == primary(template))
}
