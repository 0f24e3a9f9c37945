//! The dry run of a campaign: everybody in its audience through the real gate, nobody written to.
//!
//! The audience is fixed first; then the gate judges every person at the instant the campaign would
//! start. What comes out is counted, kept by person, and bound to a hash that an approval names.

use std::collections::BTreeMap;

use portero_domain::campaign::{CampaignState, ValueSource, slot_names};
use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{CampaignId, ContactId, TenantId};
use portero_domain::plugin::PluginKind;
use portero_domain::proposal::Proposal;
use portero_domain::template::Template;
use portero_gate::record::{RULESET_HASH, canonical_json, content_hash};
use portero_gate::{Facts, Judgement, Verdict};
use portero_sandbox::TemplateSignature;
use portero_store::Tx;
use portero_store::model::{Addressee, CampaignRow, FactsQuery, MANY, PlannedPerson, TenantRow};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::addressees::{ADDRESS_MISSING, Made, Words, make, render};
use crate::context::Context;
use crate::error::FlowError;
use crate::segment::Seat;
use crate::{judge, rates};

/// People shown with their very text.
const PREVIEWS: usize = 5;

/// A plan as it is kept: counts and ids, no personal data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// People in the audience.
    pub people: u64,
    /// SHA-256 over their ids, in order.
    pub audience_hash: String,
    /// The instant judged at: the start.
    pub at: i64,
    /// (slice, rule, people).
    pub slices: Vec<(String, Option<String>, u64)>,
    /// Latest instant a deferred message may go, Unix ms.
    pub latest: Option<i64>,
    /// The rule that puts it off until then.
    pub latest_rule: Option<String>,
    /// People without a value, by slot.
    pub missing: BTreeMap<String, u64>,
    /// People whose text is longest: (contact, characters).
    pub longest: Vec<(ContactId, u64)>,
    /// Messages that may go, by (country, category).
    pub countries: BTreeMap<String, u64>,
    /// Meta's category.
    pub category: String,
    /// Messages per second the number may take, after the house's share, in hundredths.
    pub rate_centi: u64,
}

/// What a plan's hash is made of.
#[derive(Serialize)]
struct Inputs<'a> {
    definition: &'a portero_domain::campaign::CampaignDefinition,
    people: u64,
    audience: &'a str,
    category: &'a str,
    slots: &'a portero_domain::template::TemplateSlots,
    body: &'a str,
    policy: &'a str,
    ruleset: &'a str,
    rates: &'a str,
}

/// SHA-256 over everything that was decided on: changes when anything of it does.
pub(crate) fn hash(
    campaign: &CampaignRow,
    plan: &Plan,
    template: &Template,
    tenant: &TenantRow,
) -> String {
    let inputs = Inputs {
        definition: &campaign.definition,
        people: plan.people,
        audience: &plan.audience_hash,
        category: template.category.as_str(),
        slots: &template.slots,
        body: &template.body,
        policy: &tenant.policy_revision,
        ruleset: RULESET_HASH.as_str(),
        rates: &rates::rates().effective,
    };
    hex::encode(Sha256::digest(canonical_json(&inputs).as_bytes()))
}

/// Reads a plan that was kept.
pub(crate) fn read(text: &str) -> Result<Plan, FlowError> {
    serde_json::from_str(text).map_err(|source| FlowError::Stored {
        what: "campaign plan",
        source,
    })
}

/// The template of a campaign as the registry knows it.
pub(crate) async fn template(
    tx: &mut Tx,
    campaign: &CampaignRow,
) -> Result<Option<Template>, FlowError> {
    let d = &campaign.definition;
    let mut tenant = tx.tenant(campaign.tenant);
    let Some(number) = tenant.number(&d.phone_number_id).await? else {
        return Ok(None);
    };
    Ok(tenant
        .template(&number.waba, &d.template, &d.language)
        .await?)
}

/// Plans a campaign. Any earlier plan and approval of it end.
///
/// # Errors
/// Not found, not plannable, planned by somebody else meanwhile, or the database.
pub async fn plan(ctx: &Context, tenant: TenantId, id: CampaignId) -> Result<(), FlowError> {
    let campaign = begin(ctx, tenant, id).await?;
    let mut tx = ctx.store.read().await?;
    let row = tx.tenant(tenant).row().await?;
    let Some(template) = template(&mut tx, &campaign).await? else {
        return Err(FlowError::bad(
            "template",
            format!(
                "no template `{}` in `{}` on this number's account; `portero template sync` fetches them",
                campaign.definition.template, campaign.definition.language
            ),
        ));
    };
    let mps = tx
        .tenant(tenant)
        .number(&campaign.definition.phone_number_id)
        .await?
        .map_or(0, |n| n.mps);
    drop(tx);
    unknown_slots(&campaign, &template)?;
    let at = campaign
        .definition
        .schedule
        .start_at
        .unwrap_or(ctx.now())
        .max(ctx.now());
    let mut counting = Counting {
        plan: Plan {
            people: campaign.people,
            at: at.0,
            category: template.category.as_str().to_owned(),
            rate_centi: u64::from(mps) * u64::from(row.policy.throughput_percent.min(100)),
            ..Plan::default()
        },
        slices: BTreeMap::new(),
        audience: Sha256::new(),
    };
    let attributes = campaign.definition.attributes();
    let mut after = None;
    loop {
        let mut tx = ctx.store.read().await?;
        let people = tx
            .tenant(tenant)
            .waiting_people(id, after, &attributes, MANY)
            .await?;
        let Some(last) = people.last() else { break };
        after = Some(last.contact);
        drop(tx);
        let words = words(ctx, &campaign, &template, &people).await?;
        let mut tx = ctx.store.read().await?;
        let planned = judge_page(
            ctx,
            &mut tx,
            &row,
            &campaign,
            &template,
            &people,
            &words,
            at,
            &mut counting,
        )
        .await?;
        drop(tx);
        let mut tx = ctx.store.write().await?;
        let now = tx.tenant(tenant).lock_campaign(id).await?;
        if now.is_none_or(|c| c.plan_round != campaign.plan_round) {
            return Err(overtaken(id));
        }
        tx.tenant(tenant).mark_planned(id, &planned).await?;
        tx.commit().await?;
    }
    let plan = counting.finish();
    let mut tx = ctx.store.write().await?;
    let Some(mut now) = tx.tenant(tenant).lock_campaign(id).await? else {
        return Err(FlowError::not_found("campaign", id));
    };
    if now.plan_round != campaign.plan_round {
        return Err(overtaken(id));
    }
    now.plan_hash = Some(hash(&now, &plan, &template, &row));
    now.plan = Some(canonical_json(&plan));
    now.planned_at = Some(ctx.now());
    now.state = CampaignState::Planned;
    if !tx.tenant(tenant).save_campaign(&now).await? {
        return Err(overtaken(id));
    }
    tx.commit().await?;
    ctx.touched();
    Ok(())
}

fn overtaken(id: CampaignId) -> FlowError {
    FlowError::WrongState {
        what: format!("campaign {id}"),
        state: "being planned by somebody else".to_owned(),
        why: "ask again when that plan is there".to_owned(),
    }
}

/// Fixes the audience and takes the turn to plan.
async fn begin(ctx: &Context, tenant: TenantId, id: CampaignId) -> Result<CampaignRow, FlowError> {
    let mut tx = ctx.store.write().await?;
    let Some(mut campaign) = tx.tenant(tenant).lock_campaign(id).await? else {
        return Err(FlowError::not_found("campaign", id));
    };
    if !campaign.state.may_become(CampaignState::Planned) {
        return Err(FlowError::WrongState {
            what: format!("campaign {id}"),
            state: campaign.state.as_str().to_owned(),
            why: "only a campaign that has not started can be planned; make a new one".to_owned(),
        });
    }
    campaign.people = tx
        .tenant(tenant)
        .snapshot_audience(id, &campaign.definition.audience)
        .await?;
    campaign.state = CampaignState::Draft;
    campaign.plan_round += 1;
    campaign.plan = None;
    campaign.plan_hash = None;
    campaign.approved_at = None;
    campaign.approved_by = None;
    campaign.approval_expires_at = None;
    campaign.turned = 0;
    campaign.next_at = None;
    campaign.reason = None;
    campaign.reason_detail = None;
    if !tx.tenant(tenant).save_campaign(&campaign).await? {
        return Err(overtaken(id));
    }
    tx.commit().await?;
    campaign.revision += 1;
    Ok(campaign)
}

/// A value for a slot that the template does not have is a slip of the pen worth stopping for.
fn unknown_slots(campaign: &CampaignRow, template: &Template) -> Result<(), FlowError> {
    let known = slot_names(&template.slots);
    match campaign
        .definition
        .values
        .keys()
        .find(|slot| !known.contains(slot))
    {
        None => Ok(()),
        Some(slot) => Err(FlowError::bad(
            format!("values.{slot}"),
            format!(
                "the template has no such slot; it has: {}",
                if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                }
            ),
        )),
    }
}

/// Words of a segmentation plugin for a page of people, when the campaign asks one. No transaction
/// may be open meanwhile.
pub(crate) async fn words(
    ctx: &Context,
    campaign: &CampaignRow,
    template: &Template,
    people: &[Addressee],
) -> Result<Words, FlowError> {
    let Some(installation) = campaign.definition.personaliser() else {
        return Ok(Words::new());
    };
    let mut tx = ctx.store.read().await?;
    let tenant = tx.tenant(campaign.tenant).row().await?;
    let rows = tx.tenant(campaign.tenant).installations().await?;
    drop(tx);
    let row = rows
        .into_iter()
        .find(|r| r.id == installation && r.enabled && r.kind == PluginKind::Segmentation)
        .ok_or_else(|| {
            FlowError::bad(
                "values",
                format!("`{installation}` is no enabled segmentation plugin of this account"),
            )
        })?;
    let seat = Seat::load(ctx, tenant, row).await?;
    let slots = campaign
        .definition
        .values
        .iter()
        .filter_map(|(slot, source)| match source {
            ValueSource::Personalise { hint, .. } => Some((slot.clone(), hint.clone())),
            _ => None,
        })
        .collect();
    let signature = TemplateSignature {
        name: template.name.clone(),
        language: template.language.clone(),
        slots,
        body: template.body.clone(),
    };
    let contacts: Vec<ContactId> = people.iter().map(|p| p.contact).collect();
    seat.personalise(ctx, &contacts, &signature, &campaign.id.to_string())
        .await
}

/// Judges proposals of one instant on facts read together. In their order.
pub(crate) async fn judged(
    tx: &mut Tx,
    tenant: &TenantRow,
    proposals: &[Proposal],
    at: Ts,
) -> Result<Vec<(Facts, Judgement)>, FlowError> {
    let hashes: Vec<String> = proposals.iter().map(|p| content_hash(&p.content)).collect();
    let queries = proposals
        .iter()
        .zip(&hashes)
        .map(|(proposal, content_hash)| FactsQuery {
            proposal,
            content_hash,
            content: portero_gate::detect::detect(&proposal.content),
            plugin: None,
            now: at,
            spend: judge::budgeted(tenant),
        })
        .collect();
    let facts = tx.tenant(tenant.id).load_facts_many(queries).await?;
    Ok(proposals
        .iter()
        .zip(facts)
        .map(|(proposal, mut facts)| {
            judge::price(&mut facts);
            let judgement = portero_gate::admit(proposal, &facts, &tenant.policy, at);
            (facts, judgement)
        })
        .collect())
}

struct Counting {
    plan: Plan,
    slices: BTreeMap<(&'static str, Option<String>), u64>,
    audience: Sha256,
}

impl Counting {
    fn one(&mut self, slice: &'static str, rule: Option<String>) {
        *self.slices.entry((slice, rule)).or_default() += 1;
    }

    fn finish(mut self) -> Plan {
        self.plan.audience_hash = hex::encode(self.audience.finalize());
        self.plan.slices = self
            .slices
            .into_iter()
            .map(|((slice, rule), n)| (slice.to_owned(), rule, n))
            .collect();
        self.plan
    }
}

/// The slice of a verdict.
fn slice(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "now",
        Verdict::Defer => "later",
        Verdict::Hold => "review",
        Verdict::Deny => "never",
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one page of a dry run and where it is counted"
)]
async fn judge_page(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    campaign: &CampaignRow,
    template: &Template,
    people: &[Addressee],
    words: &Words,
    at: Ts,
    counting: &mut Counting,
) -> Result<Vec<PlannedPerson>, FlowError> {
    let mut proposals = Vec::with_capacity(people.len());
    let mut planned = Vec::with_capacity(people.len());
    for person in people {
        counting.audience.update(person.contact.uuid().as_bytes());
        match make(&*ctx.ids, campaign, template, person, words, at) {
            Made::Proposal(proposal) => proposals.push(*proposal),
            Made::LeftOut {
                contact,
                rule,
                slots,
            } => {
                counting.one("never", Some(rule.to_owned()));
                if rule == ADDRESS_MISSING {
                    *counting
                        .plan
                        .missing
                        .entry("address".to_owned())
                        .or_default() += 1;
                }
                for slot in slots {
                    *counting.plan.missing.entry(slot).or_default() += 1;
                }
                planned.push(PlannedPerson {
                    contact,
                    slice: "never",
                    rule: Some(rule.to_owned()),
                });
            }
        }
    }
    let all = judged(tx, tenant, &proposals, at).await?;
    for (proposal, (facts, judgement)) in proposals.iter().zip(all) {
        let slice = slice(judgement.verdict);
        counting.one(slice, judgement.primary.clone());
        if matches!(slice, "now" | "later") {
            let country = facts.recipient.country.unwrap_or_default();
            *counting.plan.countries.entry(country).or_default() += 1;
            let length = u64::try_from(render(template, &proposal.content).chars().count())
                .unwrap_or(u64::MAX);
            keep_longest(&mut counting.plan.longest, proposal.contact, length);
        }
        if let Some(until) = judgement.until
            && counting.plan.latest.is_none_or(|latest| until.0 > latest)
        {
            counting.plan.latest = Some(until.0);
            counting.plan.latest_rule = judgement.primary.clone();
        }
        planned.push(PlannedPerson {
            contact: proposal.contact,
            slice,
            rule: judgement.primary,
        });
    }
    Ok(planned)
}

fn keep_longest(longest: &mut Vec<(ContactId, u64)>, contact: ContactId, length: u64) {
    if longest.len() == PREVIEWS && longest.last().is_some_and(|(_, least)| *least >= length) {
        return;
    }
    let place = longest
        .iter()
        .position(|(_, l)| *l < length)
        .unwrap_or(longest.len());
    longest.insert(place, (contact, length));
    longest.truncate(PREVIEWS);
}

/// When a campaign would be through, and what holds it longest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Finish {
    /// When it starts, RFC 3339.
    pub starts_at: String,
    /// When the last message would leave, RFC 3339; absent when it cannot be told.
    pub ends_at: Option<String>,
    /// What holds it longest: `number`, `spread`, or the rule that puts messages off.
    pub limiter: String,
    /// The limiter in figures.
    pub detail: String,
    /// Messages that would leave.
    pub messages: u64,
}

impl Plan {
    /// People in one slice.
    #[must_use]
    pub fn count(&self, slice: &str) -> u64 {
        self.slices
            .iter()
            .filter(|(s, ..)| s == slice)
            .map(|(.., n)| n)
            .sum()
    }

    /// When it would be through.
    #[must_use]
    pub fn finish(&self, spread: Millis) -> Finish {
        let messages = self.count("now") + self.count("later");
        let start = Ts(self.at);
        let show = |at: Ts| at.rfc3339();
        if self.rate_centi == 0 {
            return Finish {
                starts_at: show(start),
                ends_at: None,
                limiter: "number".to_owned(),
                detail: "the number's rate is not known".to_owned(),
                messages,
            };
        }
        // `rate_centi` is messages a second × 100; a message takes 100,000 / rate_centi ms.
        let took = |n: u64| {
            let ms = u128::from(n) * 100_000 / u128::from(self.rate_centi);
            Millis(i64::try_from(ms).unwrap_or(i64::MAX))
        };
        let rate = format!(
            "{}.{:02} messages/s",
            self.rate_centi / 100,
            self.rate_centi % 100
        );
        let mut best = (start + took(messages), "number".to_owned(), rate);
        if start + spread > best.0 {
            let hours = spread.0 / 3_600_000;
            best = (start + spread, "spread".to_owned(), format!("{hours} h"));
        }
        if let Some(latest) = self.latest.map(Ts)
            && latest + took(self.count("later")) > best.0
        {
            best = (
                latest + took(self.count("later")),
                self.latest_rule.clone().unwrap_or_default(),
                format!("until {}", show(latest)),
            );
        }
        Finish {
            starts_at: show(start),
            ends_at: Some(show(best.0)),
            limiter: best.1,
            detail: best.2,
            messages,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(now: u64, later: u64) -> Plan {
        Plan {
            at: 1_000,
            slices: vec![
                ("now".into(), None, now),
                ("later".into(), Some("quiet-hours.tenant".into()), later),
            ],
            rate_centi: 7_200,
            ..Plan::default()
        }
    }

    #[test]
    fn the_finish_names_what_holds_longest() {
        let finish = plan(7_200, 0).finish(Millis(0));
        assert_eq!(
            (finish.limiter.as_str(), finish.messages),
            ("number", 7_200)
        );
        assert_eq!(
            finish.ends_at.as_deref(),
            Some(Ts(101_000).rfc3339().as_str())
        );
        assert_eq!(plan(7_200, 0).finish(Millis::hours(4)).limiter, "spread");
        let mut late = plan(10, 72);
        late.latest = Some(5_000_000);
        late.latest_rule = Some("quiet-hours.tenant".into());
        let finish = late.finish(Millis(0));
        assert_eq!(finish.limiter, "quiet-hours.tenant");
        assert_eq!(
            finish.ends_at.as_deref(),
            Some(Ts(5_001_000).rfc3339().as_str())
        );
        late.rate_centi = 0;
        assert_eq!(late.finish(Millis(0)).ends_at, None);
    }

    #[test]
    fn the_five_longest_are_kept_longest_first() {
        let id = |n: u128| format!("con_{n:032x}").parse::<ContactId>().unwrap();
        let mut kept = Vec::new();
        for (n, length) in [(1, 5), (2, 9), (3, 1), (4, 7), (5, 7), (6, 8), (7, 2)] {
            keep_longest(&mut kept, id(n), length);
        }
        let lengths: Vec<u64> = kept.iter().map(|(_, l)| *l).collect();
        assert_eq!(lengths, [9, 8, 7, 7, 5]);
    }
}
