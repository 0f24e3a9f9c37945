//! What the statements of the facts give, and how it becomes facts: the same way for one and for many.

use portero_domain::clock::Ts;
use portero_domain::consent::ConsentEvent;
use portero_domain::proof::ConsentProof;
use portero_domain::proposal::Purpose;
use portero_gate::Fact;
use portero_gate::detect::mentions;
use portero_gate::facts::{
    CampaignFacts, ConversationFacts, DoNotContact, Duplicate, Facts, Listing, PluginFacts,
    RecipientFacts, RegistryFacts, Restriction, SenderFacts, SpendFacts, Standing, Stop,
    TemplateFact, TenantFacts, WindowFacts,
};
use portero_gate::record::mark;
use portero_gate::registries;

use super::FactsQuery;
use crate::accounts;
use crate::error::Result;
use crate::json;
use crate::lists::strictest;
use crate::tenants::{read_stop_all, stop};

/// What is the same for everybody a number of the tenant writes to.
#[derive(Clone, sqlx::FromRow)]
pub(super) struct Shared {
    mode: String,
    timezone: String,
    tenant_name: String,
    tenant_stopped_at: Option<i64>,
    tenant_stop_reason: Option<String>,
    stop_all: Option<String>,
    pub(super) number_tenant: Option<String>,
    pub(super) waba_id: Option<String>,
    pub(super) mps: Option<i64>,
    pub(super) tat_at: Option<i64>,
    number_stopped_at: Option<i64>,
    number_stop_reason: Option<String>,
    quality: Option<String>,
    quality_at: Option<i64>,
    pub(super) messaging_limit: Option<i64>,
    restriction: Option<String>,
    restriction_reach: Option<String>,
    restricted_at: Option<i64>,
    restricted_until_at: Option<i64>,
    refused_code: Option<i64>,
    refused_at: Option<i64>,
}

/// What is known of one person.
#[derive(sqlx::FromRow)]
pub(super) struct OfPerson {
    pub(super) place: i64,
    contact_id: Option<String>,
    country: Option<String>,
    pub(super) language: Option<String>,
    erased_at: Option<i64>,
    sign_inbound: Option<i64>,
    sign_read: Option<i64>,
    sign_clicked: Option<i64>,
    pub(super) window_at: Option<i64>,
    window_wamid: Option<String>,
    human_since_at: Option<i64>,
    pair_tat_at: Option<i64>,
    duplicate_of: Option<String>,
    duplicate_hash: Option<String>,
    /// Since the person wrote, and in thousands of millions within the minute.
    bot: i64,
    /// Within the hour, and in thousands of millions the messages within the day.
    plugin_day: i64,
    plugin_minute: i64,
}

/// Where the second of two counts begins.
const SECOND: i64 = 1_000_000_000;

/// Both for one proposal.
#[derive(sqlx::FromRow)]
pub(super) struct Raw {
    #[sqlx(flatten)]
    pub(super) shared: Shared,
    #[sqlx(flatten)]
    pub(super) person: OfPerson,
}

impl Shared {
    /// What Meta said of the number and its account.
    pub(super) fn standing(&self) -> Standing {
        Standing {
            quality: self.quality.clone().filter(|q| q != "UNKNOWN"),
            quality_at: self.quality_at.map(Ts),
            restriction: self.restriction.as_ref().map(|what| Restriction {
                what: what.clone(),
                reach: accounts::reach(self.restriction_reach.as_deref()),
                since: Ts(self.restricted_at.unwrap_or_default()),
                until: self.restricted_until_at.map(Ts),
            }),
            refused: accounts::refusal(self.refused_code, self.refused_at),
            tier: None,
        }
    }

    /// All before tenant before number.
    fn widest_stop(&self, owned: bool) -> Result<Option<Stop>> {
        if let Some(all) = &self.stop_all {
            return read_stop_all(all).map(Some);
        }
        let tenant = stop(
            "tenant",
            self.tenant_stopped_at,
            self.tenant_stop_reason.clone(),
        );
        let number = stop(
            "number",
            self.number_stopped_at,
            self.number_stop_reason.clone(),
        );
        Ok(tenant.or_else(|| number.filter(|_| owned)))
    }
}

impl OfPerson {
    /// When the person last wrote, read or tapped.
    fn last_sign(&self) -> Option<Ts> {
        [
            self.window_at,
            self.sign_inbound,
            self.sign_read,
            self.sign_clicked,
        ]
        .into_iter()
        .flatten()
        .max()
        .map(Ts)
    }
}

/// The lists of one person.
#[derive(Default)]
pub(super) struct Lists {
    consent: Vec<ConsentEvent>,
    open_transactions: Vec<String>,
    promotions: Vec<(Option<String>, Ts)>,
    refusals: Vec<Ts>,
    templates: Vec<(bool, Ts)>,
    blocked: Vec<DoNotContact>,
    listings: Vec<Listing>,
    sandbox: bool,
    /// Whether the person counts against the messaging limit already.
    pub(super) counted: bool,
}

impl Lists {
    /// Takes one row in; rows come oldest first.
    pub(super) fn add(&mut self, kind: &str, body: Option<String>, at: Option<i64>) -> Result<()> {
        let as_of = at;
        let at = Ts(at.unwrap_or_default());
        let text = body.as_deref().unwrap_or_default();
        match kind {
            "consent" => {
                let mut event: ConsentEvent = json::read("consent event", text)?;
                // Rules judge by what happened; who filled in which form, and what shows it, stays out
                // of the record: its id leads to both while they are kept.
                event.proof = ConsentProof::default();
                event.evidence = String::new();
                self.consent.push(event);
            }
            // The shop's reference stays out of records: rules ask whether there is one.
            "open" => self.open_transactions.push("open".to_owned()),
            "promotion" => self.promotions.push((body, at)),
            "refusal" => self.refusals.push(at),
            "template" => self
                .templates
                .push((matches!(text, "authentication" | "system"), at)),
            "blocked" => self
                .blocked
                .push(json::from_word("do_not_contact.scope", text)?),
            "counted" => self.counted = true,
            "copy" => self.copy(text, as_of.map(Ts)),
            "listed" => self.listed(text, as_of.map(Ts)),
            _ => self.sandbox = true,
        }
        Ok(())
    }
}

impl Lists {
    /// A copy of a registry that applies to the tenant.
    fn copy(&mut self, registry: &str, as_of: Option<Ts>) {
        self.listings.push(Listing {
            registry: registry.to_owned(),
            as_of,
            listed: false,
            listed_at: None,
        });
    }

    /// The person is on a registry whose copy came before ("copy" sorts before "listed").
    fn listed(&mut self, registry: &str, at: Option<Ts>) {
        if let Some(copy) = self.listings.iter_mut().find(|l| l.registry == registry) {
            // Under several of their numbers: the earliest day.
            copy.listed_at = if copy.listed {
                copy.listed_at.min(at)
            } else {
                at
            };
            copy.listed = true;
        }
    }

    /// What speaks of this person: where they are listed, and the copies of their country.
    fn listings(&self, country: Option<&str>) -> Vec<Listing> {
        let of_country = |l: &Listing| {
            registries::find(&l.registry).is_some_and(|r| Some(r.country.as_str()) == country)
        };
        let all = self.listings.iter();
        all.filter(|l| l.listed || of_country(l)).cloned().collect()
    }
}

/// All that was read for one proposal.
pub(super) struct Read {
    pub(super) raw: Raw,
    pub(super) lists: Lists,
    pub(super) sender: Fact<SenderFacts>,
    pub(super) template: TemplateFact,
    pub(super) registry: RegistryFacts,
    pub(super) campaign: Option<CampaignFacts>,
    /// Estimated cost of the month, where it was asked for.
    pub(super) month_micro: Option<i64>,
}

fn few(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The facts of one proposal.
pub(super) fn assemble(query: FactsQuery<'_>, read: Read) -> Result<Facts> {
    let Read {
        raw,
        lists,
        sender,
        template,
        registry,
        campaign,
        month_micro,
    } = read;
    let p = query.proposal;
    let of_person = raw.person.contact_id.is_some();
    let country = (raw.person.country.clone()).or_else(|| p.to.country().map(str::to_owned));
    let listings = lists.listings(country.as_deref());
    Ok(Facts {
        tenant: TenantFacts {
            mode: json::from_word("tenant mode", &raw.shared.mode)?,
            stopped: raw
                .shared
                .widest_stop(sender.known().is_some_and(|s| s.owned))?,
            sandbox_allowed: lists.sandbox,
            timezone: raw.shared.timezone.clone(),
        },
        sender,
        plugin: query.plugin.map(|plugin| PluginFacts {
            proposals_contact_hour: few(raw.person.plugin_day % SECOND),
            proposals_minute: few(raw.person.plugin_minute),
            messages_contact_day: few(raw.person.plugin_day / SECOND),
            ..plugin
        }),
        consent: known(of_person, lists.consent),
        window: known(
            of_person,
            WindowFacts {
                last_inbound_at: raw.person.window_at.map(Ts),
                last_inbound_wamid: raw.person.window_wamid.as_deref().map(mark),
            },
        ),
        template,
        conversation: ConversationFacts {
            human_since: raw.person.human_since_at.map(Ts),
            bot_since_inbound: few(raw.person.bot % SECOND),
            bot_last_minute: few(raw.person.bot / SECOND),
            pair_tat: Ts(raw.person.pair_tat_at.unwrap_or_default()),
        },
        promotional_sends: known(of_person, lists.promotions),
        template_sends: known(of_person, lists.templates),
        meta_refusals: known(of_person, lists.refusals),
        registry,
        question_names_business: if p.purpose == Purpose::ConsentRequest {
            Fact::Known(mentions(&p.content, &raw.shared.tenant_name))
        } else {
            Fact::Unknown
        },
        duplicate_of: match &raw.person.duplicate_of {
            Some(of) => Some(Duplicate {
                of: json::id("outbox_id", of)?,
                same_content: raw.person.duplicate_hash.as_deref() == Some(query.content_hash),
            }),
            None => None,
        },
        recipient: RecipientFacts {
            last_sign_at: raw.person.last_sign(),
            listings,
            country,
            do_not_contact: strictest(lists.blocked),
            erased: raw.person.erased_at.is_some(),
            open_transactions: lists.open_transactions,
            language: raw.person.language,
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

/// What hangs on a person is known where the person is.
fn known<T>(of_person: bool, value: T) -> Fact<T> {
    if of_person {
        Fact::Known(value)
    } else {
        Fact::Unknown
    }
}
