//! The turns of a campaign: people become proposals, chunk by chunk, as far as what holds everybody
//! lets them through. A turn that is not taken stays a person who waits.

use portero_domain::campaign::{due_by, turn_of};
use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::DecisionId;
use portero_domain::proposal::{Proposal, Purpose};
use portero_domain::template::Template;
use portero_gate::Judgement;
use portero_gate::record::content_hash;
use portero_store::Tx;
use portero_store::model::{Addressee, CampaignRow, NewOutbox, TenantRow, TurnTaken};

use crate::addressees::{AUDIENCE_LEFT, Made, Words, make};
use crate::context::Context;
use crate::error::FlowError;
use crate::{judge, limiter, plan, rates};

/// People per transaction.
pub(super) const CHUNK: usize = 250;
/// Turns of a spread campaign are taken together when they are closer than this.
const GRAIN: Millis = Millis::secs(1);

/// Words of a plugin for those whose turn may come next.
pub(super) async fn upcoming_words(
    ctx: &Context,
    campaign: &CampaignRow,
    template: &Template,
    turns: usize,
) -> Result<Words, FlowError> {
    if campaign.definition.personaliser().is_none() {
        return Ok(Words::new());
    }
    let mut tx = ctx.store.read().await?;
    let people = tx
        .tenant(campaign.tenant)
        .waiting_people(campaign.id, None, &[], turns.min(CHUNK))
        .await?;
    drop(tx);
    plan::words(ctx, campaign, template, &people).await
}

/// What a chunk is made with.
pub(super) struct Turn<'a> {
    pub(super) tenant: &'a TenantRow,
    pub(super) template: &'a Template,
    pub(super) words: Words,
    /// People who may have their turn now.
    pub(super) most: usize,
    /// Of these, who came in from a list; `None`: any number.
    pub(super) imported: Option<u64>,
    pub(super) now: Ts,
}

/// What a chunk led to.
#[derive(Default)]
pub(super) struct Taken {
    /// Turns taken.
    pub(super) turns: usize,
    /// What holds everybody else, in figures: those turns were not taken.
    pub(super) held: Option<(String, String)>,
}

/// Takes the turns that are due, at most [`CHUNK`], and says when to look again.
pub(super) async fn chunk(
    ctx: &Context,
    tx: &mut Tx,
    turn: Turn<'_>,
    campaign: &mut CampaignRow,
) -> Result<Taken, FlowError> {
    let Turn {
        tenant,
        template,
        words,
        most,
        imported,
        now,
    } = turn;
    let done = campaign.turned;
    let (from, to) = (
        campaign.spread_from.unwrap_or(now),
        campaign.spread_to.unwrap_or(now),
    );
    let stretch = campaign.people.saturating_sub(campaign.spread_done);
    let due = campaign.spread_done + due_by(stretch, from, to, now);
    let size = usize::try_from(due.saturating_sub(done))
        .unwrap_or(CHUNK)
        .min(CHUNK)
        .min(most);
    let mut taken = Taken::default();
    if size > 0 {
        let attributes = campaign.definition.attributes();
        let mut people = tx
            .tenant(campaign.tenant)
            .waiting_people(campaign.id, None, &attributes, size)
            .await?;
        if let Some(left) = imported {
            people.truncate(as_far_as(&people, left));
        }
        let still = tx
            .tenant(campaign.tenant)
            .still_in_audience(&campaign.definition.audience, &people)
            .await?;
        let mut proposals = Vec::with_capacity(people.len());
        let mut turns = Vec::with_capacity(people.len());
        for person in &people {
            if !still.contains(&person.contact) {
                turns.push(TurnTaken {
                    contact: person.contact,
                    outbox: None,
                    rule: Some(AUDIENCE_LEFT.to_owned()),
                });
                continue;
            }
            match make(&*ctx.ids, campaign, template, person, &words, now) {
                Made::Proposal(proposal) => proposals.push(*proposal),
                Made::LeftOut { contact, rule, .. } => turns.push(TurnTaken {
                    contact,
                    outbox: None,
                    rule: Some(rule.to_owned()),
                }),
            }
        }
        taken.held = admit_many(ctx, tx, tenant, &proposals, now, &mut turns).await?;
        taken.turns = turns.len();
        campaign.reason = None;
        campaign.reason_detail = None;
        campaign.turned += tx
            .tenant(campaign.tenant)
            .mark_turns(campaign.id, &turns)
            .await?;
    }
    campaign.next_at = if campaign.turned >= campaign.people || (size > 0 && taken.turns == 0) {
        None
    } else if campaign.turned < due {
        Some(now)
    } else {
        let n = campaign.turned.saturating_sub(campaign.spread_done);
        Some(turn_of(n, stretch, from, to).max(now + GRAIN))
    };
    Ok(taken)
}

/// How many people come before the one from a list that is too many.
fn as_far_as(people: &[Addressee], left: u64) -> usize {
    let mut seen = 0;
    let too_many = |p: &Addressee| {
        seen += u64::from(p.imported);
        seen > left
    };
    people.iter().position(too_many).unwrap_or(people.len())
}

/// Judges proposals at admission and writes them down, all in a few statements. Those that what
/// holds everybody would hold keep their turn; what it is is given back.
async fn admit_many(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    proposals: &[Proposal],
    now: Ts,
    turns: &mut Vec<TurnTaken>,
) -> Result<Option<(String, String)>, FlowError> {
    let judged = plan::judged(tx, tenant, proposals, now).await?;
    let hashes: Vec<String> = proposals.iter().map(|p| content_hash(&p.content)).collect();
    let mut new = Vec::with_capacity(proposals.len());
    let mut records = Vec::with_capacity(proposals.len());
    let mut held = None;
    for ((proposal, (facts, judgement)), content_hash) in proposals.iter().zip(&judged).zip(&hashes)
    {
        if let Some(rule) = limiter::of(proposal, judgement) {
            held = held.or_else(|| Some((rule.to_owned(), figures(judgement, rule))));
            continue;
        }
        if limiter::unpriced(judgement) {
            turns.push(TurnTaken {
                contact: proposal.contact,
                outbox: None,
                rule: judgement.primary.clone(),
            });
            continue;
        }
        judge::count(ctx, judgement.verdict);
        let decision = DecisionId::new(&*ctx.ids, now);
        records.push(judge::decision(
            tenant,
            decision,
            proposal.id,
            proposal,
            facts,
            judgement,
        ));
        let (state, not_before) = judge::resting(proposal, judgement, now);
        let template_name = match &proposal.content {
            portero_domain::content::Content::Template(t) => Some(t.name.clone()),
            _ => None,
        };
        new.push(NewOutbox {
            proposal,
            content_hash,
            event: None,
            installation: None,
            is_promotional: portero_gate::effective_purpose(proposal, facts)
                == Purpose::Promotional,
            is_template: proposal.content.is_template(),
            template_name,
            state,
            rule: judgement.primary.clone(),
            not_before,
            admission_decision: decision,
            cost_micro: rates::estimate(facts),
        });
        turns.push(TurnTaken {
            contact: proposal.contact,
            outbox: Some(proposal.id),
            rule: judgement.primary.clone(),
        });
    }
    tx.tenant(tenant.id)
        .insert_outbox_many(&new, &records, now)
        .await?;
    for (proposal, (_, judgement)) in proposals.iter().zip(&judged) {
        if new.iter().any(|n| n.proposal.id == proposal.id) {
            judge::asked(ctx, tx, proposal, judgement).await?;
        }
    }
    Ok(held)
}

/// What a rule found, and what it would have allowed.
fn figures(judgement: &Judgement, rule: &str) -> String {
    let found = judgement.findings.iter().find(|f| f.rule == rule);
    found.map_or_else(String::new, |f| format!("{} ({})", f.value, f.limit))
}
