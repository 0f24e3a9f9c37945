//! The pages of a dry run: people become proposals, the gate judges them, what comes out is counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use portero_domain::clock::Ts;
use portero_domain::ids::ContactId;
use portero_domain::proposal::Proposal;
use portero_domain::template::Template;
use portero_gate::{Facts, Judgement};
use portero_store::Tx;
use portero_store::model::{Addressee, CampaignRow, MANY, PlannedPerson, TenantRow};

use super::pace::Pace;
use super::{Plan, words};
use crate::addressees::{ADDRESS_MISSING, Made, make, render};
use crate::context::Context;
use crate::dispatch::writes_first;
use crate::error::FlowError;
use crate::judge;

/// People shown with their very text.
const PREVIEWS: usize = 5;

/// Judges proposals of one instant on facts read together. In their order.
pub(crate) async fn judged(
    tx: &mut Tx,
    tenant: &TenantRow,
    proposals: &[Proposal],
    at: Ts,
) -> Result<Vec<(Facts, Judgement)>, FlowError> {
    let all: Vec<&Proposal> = proposals.iter().collect();
    let facts = judge::facts_many(tx, tenant, &all, at).await?;
    Ok(proposals
        .iter()
        .zip(facts)
        .map(|(proposal, facts)| {
            let judgement = portero_gate::admit(proposal, &facts, &tenant.policy, at);
            (facts, judgement)
        })
        .collect())
}

/// What a plan counts, of one page or of all.
#[derive(Default)]
pub(super) struct Counting {
    pub(super) plan: Plan,
    slices: BTreeMap<(&'static str, Option<String>), u64>,
}

impl Counting {
    pub(super) fn of(plan: Plan) -> Counting {
        Counting {
            plan,
            slices: BTreeMap::new(),
        }
    }

    fn one(&mut self, slice: &'static str, rule: Option<String>) {
        *self.slices.entry((slice, rule)).or_default() += 1;
    }

    fn until(&mut self, until: i64, rule: Option<String>) {
        if self.plan.latest.is_none_or(|latest| until > latest) {
            self.plan.latest = Some(until);
            self.plan.latest_rule = rule;
        }
    }

    /// Takes in what another page counted.
    pub(super) fn add(&mut self, page: Counting) {
        let sum = |all: &mut BTreeMap<String, u64>, more: BTreeMap<String, u64>| {
            for (key, n) in more {
                *all.entry(key).or_default() += n;
            }
        };
        for (slice, n) in page.slices {
            *self.slices.entry(slice).or_default() += n;
        }
        sum(&mut self.plan.missing, page.plan.missing);
        sum(&mut self.plan.countries, page.plan.countries);
        for (contact, length) in page.plan.longest {
            keep_longest(&mut self.plan.longest, contact, length);
        }
        self.plan.first += page.plan.first;
        if let Some(until) = page.plan.latest {
            self.until(until, page.plan.latest_rule);
        }
    }

    pub(super) fn finish(mut self) -> Plan {
        self.plan.slices = self
            .slices
            .into_iter()
            .map(|((slice, rule), n)| (slice.to_owned(), rule, n))
            .collect();
        self.plan
    }
}

/// A page of the audience, judged.
pub(super) struct Page {
    people: Vec<Judged>,
    counting: Counting,
}

/// Somebody of the audience, as of the start.
enum Judged {
    /// Nothing to propose.
    LeftOut(PlannedPerson),
    /// Judged at the start.
    Proposal {
        proposal: Box<Proposal>,
        facts: Box<Facts>,
        judgement: Judgement,
        /// Characters of the text.
        length: u64,
        /// Would count against the messaging limit, and does not yet.
        first: bool,
    },
}

/// What every page is judged with.
pub(super) struct DryRun {
    pub(super) ctx: Arc<Context>,
    pub(super) tenant: TenantRow,
    pub(super) campaign: CampaignRow,
    pub(super) template: Template,
    pub(super) at: Ts,
}

impl DryRun {
    /// A page of the audience.
    pub(super) async fn people(
        &self,
        after: Option<ContactId>,
    ) -> Result<Vec<Addressee>, FlowError> {
        let attributes = self.campaign.definition.attributes();
        let mut tx = self.ctx.store.read().await?;
        Ok(tx
            .tenant(self.tenant.id)
            .waiting_people(self.campaign.id, after, &attributes, MANY)
            .await?)
    }

    /// Judges a page.
    pub(super) async fn page(&self, people: Vec<Addressee>) -> Result<Page, FlowError> {
        let words = words(&self.ctx, &self.campaign, &self.template, &people).await?;
        let mut counting = Counting::default();
        let mut proposals = Vec::with_capacity(people.len());
        let mut made = Vec::with_capacity(people.len());
        for person in &people {
            let one = make(
                &*self.ctx.ids,
                &self.campaign,
                &self.template,
                person,
                &words,
                self.at,
            );
            match one {
                Made::Proposal(proposal) => {
                    proposals.push(*proposal);
                    made.push(None);
                }
                Made::LeftOut {
                    contact,
                    rule,
                    slots,
                } => {
                    counting.one("never", Some(rule.to_owned()));
                    let address = (rule == ADDRESS_MISSING).then(|| "address".to_owned());
                    for slot in slots.into_iter().chain(address) {
                        *counting.plan.missing.entry(slot).or_default() += 1;
                    }
                    made.push(Some(PlannedPerson {
                        contact,
                        slice: "never",
                        rule: Some(rule.to_owned()),
                    }));
                }
            }
        }
        let mut tx = self.ctx.store.read().await?;
        let all = judged(&mut tx, &self.tenant, &proposals, self.at).await?;
        drop(tx);
        let mut all = proposals.into_iter().zip(all);
        let mut people = Vec::with_capacity(made.len());
        for one in made {
            if let Some(left_out) = one {
                people.push(Judged::LeftOut(left_out));
                continue;
            }
            let Some((proposal, (facts, judgement))) = all.next() else {
                return Err(FlowError::Task {
                    what: "a page of a plan",
                });
            };
            let tier = facts.sender.known().and_then(|s| s.standing.tier.as_ref());
            let counted = tier.is_some_and(|tier| tier.counted);
            let length = render(&self.template, &proposal.content).chars().count();
            people.push(Judged::Proposal {
                first: writes_first(&proposal, &facts, self.at) && !counted,
                length: u64::try_from(length).unwrap_or(u64::MAX),
                proposal: Box::new(proposal),
                facts: Box::new(facts),
                judgement,
            });
        }
        Ok(Page { people, counting })
    }

    /// Where everybody of a page comes to stand. Pages are told in the order of the audience.
    pub(super) fn told(&self, page: Page, pace: &mut Pace) -> (Vec<PlannedPerson>, Counting) {
        let Page {
            people,
            mut counting,
        } = page;
        let planned = people.into_iter().map(|person| match person {
            Judged::LeftOut(planned) => {
                pace.turn();
                planned
            }
            Judged::Proposal {
                proposal,
                facts,
                judgement,
                length,
                first,
            } => {
                let contact = proposal.contact;
                let place = pace.place(*proposal, &facts, judgement, &self.tenant.policy);
                counting.one(place.slice, place.rule.clone());
                if matches!(place.slice, "now" | "later") {
                    let country = facts.recipient.country.clone().unwrap_or_default();
                    *counting.plan.countries.entry(country).or_default() += 1;
                    keep_longest(&mut counting.plan.longest, contact, length);
                    counting.plan.first += u64::from(first);
                }
                if let Some(until) = place.put_off_to {
                    counting.until(until.0, place.rule.clone());
                }
                PlannedPerson {
                    contact,
                    slice: place.slice,
                    rule: place.rule,
                }
            }
        });
        (planned.collect(), counting)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
