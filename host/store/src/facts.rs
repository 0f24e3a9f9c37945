//! Everything the gate may know about one proposal, read in one place, in two or three statements.
//!
//! On Postgres a dispatch first holds the person's row: an opt-out stored before that is seen, one
//! stored after it finds the attempt begun. (An admission holds nothing: it sends nothing.) The
//! number's bucket is looked at again when it is spent, see `attempts`.

use portero_domain::account::MessagingLimit;
use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::ConsentEvent;
use portero_domain::content::Content;
use portero_domain::ids::WabaId;
use portero_domain::proposal::{Origin, Proposal};
use portero_gate::Fact;
use portero_gate::case::SERVICE_WINDOW;
use portero_gate::facts::{
    CampaignFacts, ContentFacts, ConversationFacts, Duplicate, Facts, PluginFacts, RecipientFacts,
    Restriction, SenderFacts, SpendFacts, Standing, Stop, TemplateFact, TenantFacts, WindowFacts,
};

use crate::accounts;
use crate::engine::EngineKind;
use crate::error::{Result, StoreError};
use crate::json;
use crate::lists::strictest;
use crate::tenants::{STOP_ALL, read_stop_all, stop};
use crate::tx::TenantTx;

/// How far back promotional sends are told.
pub(crate) const PROMOTION_WINDOW: Millis = Millis::days(30);

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

macro_rules! bot_since {
    ($more:literal) => {
        concat!(
            "(select count(*) from outbox b where b.tenant_id = t.tenant_id and b.contact_id = $3
                and b.phone_number_id = $2 and b.origin = 'plugin' and b.is_template = 0
                and b.state in ('attempting', 'unknown', 'sent', 'queued') and b.outbox_id <> $5
                and b.created_at > coalesce(v.window_at, 0)",
            $more,
            ")"
        )
    };
}

statements! {
    FACTS = concat!("select t.mode, t.timezone, t.stopped_at as tenant_stopped_at, t.stop_reason as tenant_stop_reason,
            (select s.value from settings s where s.key = $8) as stop_all,
            n.tenant_id as number_tenant, n.waba_id, n.mps, n.tat_at,
            n.stopped_at as number_stopped_at, n.stop_reason as number_stop_reason,
            n.quality, n.quality_at, k.messaging_limit, k.restriction, k.restriction_reach, k.restricted_at,
            k.restricted_until_at,
            c.contact_id, c.country, c.erased_at,
            v.window_at, v.window_wamid, v.human_since_at, v.pair_tat_at,
            d.outbox_id as duplicate_of, d.content_hash as duplicate_hash,
            ", bot_since!(""), " as bot_since, ", bot_since!(" and b.created_at > $6 - 60000"), " as bot_minute,
            (select count(*) from outbox p where p.tenant_id = t.tenant_id and p.installation_id = $7
                and p.contact_id = $3 and p.created_at > $6 - 3600000 and p.outbox_id <> $5) as plugin_hour,
            (select count(*) from outbox p where p.tenant_id = t.tenant_id and p.installation_id = $7
                and p.created_at > $6 - 60000 and p.outbox_id <> $5) as plugin_minute
        from tenants t
        left join numbers n on n.phone_number_id = $2
        left join accounts k on k.tenant_id = n.tenant_id and k.waba_id = n.waba_id
        left join contacts c on c.contact_id = $3 and c.tenant_id = t.tenant_id
        left join conversations v on v.phone_number_id = $2 and v.contact_id = $3 and v.tenant_id = t.tenant_id
        left join outbox d on d.tenant_id = t.tenant_id and d.proposal_key = $4 and d.outbox_id <> $5
        where t.tenant_id = $1");
    FACT_LISTS = "select kind, body, at from (
            select 'consent' as kind, e.event as body, e.captured_at as at, e.received_at as at2, e.consent_event_id as id
            from consent_events e where e.tenant_id = $1 and e.contact_id = $2
            union all
            select 'open', x.reference, x.opened_at, 0, x.reference from transactions x
            where x.tenant_id = $1 and x.contact_id = $2 and x.closed_at is null
            union all
            select 'promotion', o.topic, o.begun_at, 0, o.outbox_id from outbox o
            where o.tenant_id = $1 and o.contact_id = $2 and o.is_promotional = 1 and o.outbox_id <> $3
              and o.state in ('attempting', 'unknown', 'sent') and (o.status is null or o.status <> 'failed')
              and o.begun_at > $4
            union all
            select 'blocked', b.scope, b.since_at, 0, b.address from do_not_contact b
            where b.tenant_id = $1 and (b.address = $5 or b.address in
                (select a.address from contact_aliases a where a.tenant_id = $1 and a.contact_id = $2))
            union all
            select 'sandbox', s.address, s.confirmed_at, 0, s.address from sandbox_people s
            where s.tenant_id = $1 and s.confirmed_at is not null and s.address in
                (select a.address from contact_aliases a where a.tenant_id = $1 and a.contact_id = $2)
        ) f order by kind, at, at2, id";
    /// Finds nothing, and so holds nothing, for a proposal that is not in the outbox yet.
    DISPATCH_HOLD = "select o.outbox_id from outbox o
        join contacts c on c.tenant_id = o.tenant_id and c.contact_id = o.contact_id
        where o.tenant_id = $1 and o.outbox_id = $2",
        postgres = "select o.outbox_id from outbox o
        join contacts c on c.tenant_id = o.tenant_id and c.contact_id = o.contact_id
        where o.tenant_id = $1 and o.outbox_id = $2
        for no key update of c";
}

#[derive(sqlx::FromRow)]
pub(crate) struct Raw {
    pub(crate) mode: String,
    pub(crate) timezone: String,
    pub(crate) tenant_stopped_at: Option<i64>,
    pub(crate) tenant_stop_reason: Option<String>,
    pub(crate) stop_all: Option<String>,
    pub(crate) number_tenant: Option<String>,
    pub(crate) waba_id: Option<String>,
    pub(crate) mps: Option<i64>,
    pub(crate) tat_at: Option<i64>,
    pub(crate) number_stopped_at: Option<i64>,
    pub(crate) number_stop_reason: Option<String>,
    pub(crate) quality: Option<String>,
    pub(crate) quality_at: Option<i64>,
    pub(crate) messaging_limit: Option<i64>,
    pub(crate) restriction: Option<String>,
    pub(crate) restriction_reach: Option<String>,
    pub(crate) restricted_at: Option<i64>,
    pub(crate) restricted_until_at: Option<i64>,
    pub(crate) contact_id: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) erased_at: Option<i64>,
    pub(crate) window_at: Option<i64>,
    pub(crate) window_wamid: Option<String>,
    pub(crate) human_since_at: Option<i64>,
    pub(crate) pair_tat_at: Option<i64>,
    pub(crate) duplicate_of: Option<String>,
    pub(crate) duplicate_hash: Option<String>,
    pub(crate) bot_since: i64,
    pub(crate) bot_minute: i64,
    pub(crate) plugin_hour: i64,
    pub(crate) plugin_minute: i64,
}

/// The lists of one person.
#[derive(Default)]
pub(crate) struct Lists {
    pub(crate) consent: Vec<ConsentEvent>,
    pub(crate) open_transactions: Vec<String>,
    pub(crate) promotions: Vec<(Option<String>, Ts)>,
    pub(crate) blocked: Vec<portero_gate::facts::DoNotContact>,
    pub(crate) sandbox: bool,
}

impl Lists {
    /// Takes one row in; rows come oldest first.
    pub(crate) fn add(&mut self, kind: &str, body: Option<String>, at: Option<i64>) -> Result<()> {
        let text = body.as_deref().unwrap_or_default();
        match kind {
            "consent" => self.consent.push(json::read("consent event", text)?),
            "open" => self.open_transactions.push(text.to_owned()),
            "promotion" => self.promotions.push((body, Ts(at.unwrap_or_default()))),
            "blocked" => self
                .blocked
                .push(json::from_word("do_not_contact.scope", text)?),
            _ => self.sandbox = true,
        }
        Ok(())
    }
}

fn few(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl TenantTx<'_> {
    /// Reads every fact of a proposal, as of now and within this transaction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such tenant, or the database.
    pub async fn load_facts(&mut self, query: FactsQuery<'_>) -> Result<Facts> {
        let p = query.proposal;
        self.hold_for_dispatch(p).await?;
        // Without a plugin's facts (a dispatch) nobody asks for its counts: they are not counted.
        let installation = match &p.origin {
            Origin::Plugin { installation, .. } if query.plugin.is_some() => Some(*installation),
            _ => None,
        };
        let args = args![
            self.tenant,
            &p.sender,
            p.contact,
            p.key.as_str(),
            p.id,
            query.now,
            installation,
            STOP_ALL
        ];
        let raw: Option<Raw> = self.tx.row(FACTS, args).await?;
        let raw = raw.ok_or(StoreError::NotFound { what: "tenant" })?;
        let lists = self.lists(p, query.now).await?;
        let mut sender = self.sender(&raw)?;
        self.add_tier(&raw, &mut sender, p, query.now).await?;
        let template = match (&p.content, &sender) {
            (Content::Template(t), Fact::Known(sender)) if sender.owned => {
                self.template_fact(&sender.waba, &t.name, &t.language)
                    .await?
            }
            (Content::Template(_), _) => TemplateFact::Missing {
                closest: Vec::new(),
            },
            _ => TemplateFact::NotATemplate,
        };
        let campaign = match &p.origin {
            Origin::Campaign { .. } => self
                .campaign_facts(std::slice::from_ref(&query))
                .await?
                .pop()
                .flatten(),
            _ => None,
        };
        let month_micro = match query.spend {
            Some(_) => Some(self.month_spend(query.now).await?),
            None => None,
        };
        assemble(query, raw, lists, sender, template, campaign, month_micro)
    }

    /// Adds the limit on people written to first, where this message counts against one.
    pub(crate) async fn add_tier(
        &mut self,
        raw: &Raw,
        sender: &mut Fact<SenderFacts>,
        p: &Proposal,
        now: Ts,
    ) -> Result<()> {
        let open = raw
            .window_at
            .is_some_and(|at| now < Ts(at) + SERVICE_WINDOW);
        if let (Fact::Known(sender), true) = (sender, p.content.is_template() && !open) {
            let limit = accounts::limit(raw.messaging_limit);
            if sender.owned && !limit.is_some_and(MessagingLimit::is_unlimited) {
                sender.standing.tier = Some(self.tier_facts(p.contact, limit, now).await?);
            }
        }
        Ok(())
    }

    pub(crate) async fn template_fact(
        &mut self,
        waba: &WabaId,
        name: &str,
        language: &str,
    ) -> Result<TemplateFact> {
        Ok(match self.template(waba, name, language).await? {
            Some(found) => TemplateFact::Found(found),
            None => TemplateFact::Missing {
                closest: self.closest_templates(waba, name).await?,
            },
        })
    }

    /// Person here, number when its bucket is spent: every process in the same order. (A claim holds
    /// its persons already and goes through numbers in order.)
    async fn hold_for_dispatch(&mut self, p: &Proposal) -> Result<()> {
        if self.tx.engine() == EngineKind::Sqlite || !self.tx.writable {
            return Ok(());
        }
        self.tx
            .run(DISPATCH_HOLD, args![self.tenant, p.id])
            .await
            .map(drop)
    }

    /// A number of another tenant is known to be just that; nothing else of it is told.
    pub(crate) fn sender(&self, raw: &Raw) -> Result<Fact<SenderFacts>> {
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
            standing: standing(raw),
        }))
    }

    async fn lists(&mut self, p: &Proposal, now: Ts) -> Result<Lists> {
        let args = args![self.tenant, p.contact, p.id, now - PROMOTION_WINDOW, &p.to];
        let rows: Vec<(String, Option<String>, Option<i64>)> =
            self.tx.rows(FACT_LISTS, args).await?;
        let mut lists = Lists::default();
        for (kind, body, at) in rows {
            lists.add(&kind, body, at)?;
        }
        Ok(lists)
    }
}

/// What Meta said of the number and its account.
fn standing(raw: &Raw) -> Standing {
    Standing {
        quality: raw.quality.clone().filter(|q| q != "UNKNOWN"),
        quality_at: raw.quality_at.map(Ts),
        restriction: raw.restriction.as_ref().map(|what| Restriction {
            what: what.clone(),
            reach: accounts::reach(raw.restriction_reach.as_deref()),
            since: Ts(raw.restricted_at.unwrap_or_default()),
            until: raw.restricted_until_at.map(Ts),
        }),
        tier: None,
    }
}

/// All before tenant before number.
fn widest_stop(raw: &Raw, owned: bool) -> Result<Option<Stop>> {
    if let Some(all) = &raw.stop_all {
        return read_stop_all(all).map(Some);
    }
    let tenant = stop(
        "tenant",
        raw.tenant_stopped_at,
        raw.tenant_stop_reason.clone(),
    );
    let number = stop(
        "number",
        raw.number_stopped_at,
        raw.number_stop_reason.clone(),
    );
    Ok(tenant.or_else(|| number.filter(|_| owned)))
}

/// The same facts from the same rows, whether they were read for one proposal or for many.
pub(crate) fn assemble(
    query: FactsQuery<'_>,
    raw: Raw,
    lists: Lists,
    sender: Fact<SenderFacts>,
    template: TemplateFact,
    campaign: Option<CampaignFacts>,
    month_micro: Option<i64>,
) -> Result<Facts> {
    let p = query.proposal;
    let known = raw.contact_id.is_some();
    let window = WindowFacts {
        last_inbound_at: raw.window_at.map(Ts),
        last_inbound_wamid: raw.window_wamid.clone(),
    };
    Ok(Facts {
        tenant: TenantFacts {
            mode: json::from_word("tenant mode", &raw.mode)?,
            stopped: widest_stop(&raw, sender.known().is_some_and(|s| s.owned))?,
            sandbox_allowed: lists.sandbox,
            timezone: raw.timezone,
        },
        sender,
        plugin: query.plugin.map(|plugin| PluginFacts {
            proposals_contact_hour: few(raw.plugin_hour),
            proposals_minute: few(raw.plugin_minute),
            ..plugin
        }),
        recipient: RecipientFacts {
            country: raw.country.or_else(|| p.to.country().map(str::to_owned)),
            do_not_contact: strictest(lists.blocked),
            erased: raw.erased_at.is_some(),
            open_transactions: lists.open_transactions,
        },
        consent: if known {
            Fact::Known(lists.consent)
        } else {
            Fact::Unknown
        },
        window: if known {
            Fact::Known(window)
        } else {
            Fact::Unknown
        },
        template,
        conversation: ConversationFacts {
            human_since: raw.human_since_at.map(Ts),
            bot_since_inbound: few(raw.bot_since),
            bot_last_minute: few(raw.bot_minute),
            pair_tat: Ts(raw.pair_tat_at.unwrap_or_default()),
        },
        promotional_sends: if known {
            Fact::Known(lists.promotions)
        } else {
            Fact::Unknown
        },
        duplicate_of: match raw.duplicate_of {
            Some(of) => Some(Duplicate {
                of: json::id("outbox_id", &of)?,
                same_content: raw.duplicate_hash.as_deref() == Some(query.content_hash),
            }),
            None => None,
        },
        campaign,
        spend: month_micro
            .zip(query.spend)
            .map(|(month_micro, spend)| SpendFacts {
                month_micro,
                this_micro: spend.this_micro,
            }),
        content: query.content,
    })
}
