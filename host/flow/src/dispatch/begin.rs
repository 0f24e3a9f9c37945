//! The second judgement: queued rows judged on fresh facts, and what is cleared begun, in few statements.
//!
//! Facts of all are read once. What a row takes that the next one must see taken (the number's pace,
//! the messaging limit, the month's money) is carried from one to the next.

use std::collections::HashMap;

use portero_domain::account::MessagingLimit;
use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{AttemptId, DecisionId, OutboxId, PhoneNumberId};
use portero_domain::proposal::{OutboxState, Proposal};
use portero_gate::case::SERVICE_WINDOW;
use portero_gate::facts::TenantMode;
use portero_gate::{Cleared, Fact, Facts, Judgement, NumberBucket, Policy, Ticket, Verdict};
use portero_meta::transport::Access;
use portero_store::Tx;
use portero_store::model::{Beginning, NewAttempt, OutboxRow, TenantRow};

use super::InFlight;
use crate::context::Context;
use crate::error::FlowError;
use crate::money::{self, Counted};
use crate::{judge, limiter, rates};

/// How long a person counts against the messaging limit.
const COUNTED: Millis = Millis::hours(24);

/// What judging a queued row led to.
pub(crate) enum Begun {
    /// Send it once the transaction is committed.
    Sending(Box<InFlight>),
    /// It came to its end, or waits for a person.
    Settled,
    /// Not before then.
    Later(Ts),
    /// Another message to this person is on the wire.
    Busy,
}

/// A row with its verdict.
struct Judged<'a> {
    row: &'a OutboxRow,
    facts: Facts,
    judgement: Judgement,
    ticket: Ticket,
    /// What it is reckoned to cost; `None`: not known, or counted at an earlier attempt.
    cost: Option<i64>,
    /// What it adds to the tenant's month.
    counted: Counted,
    /// What the gate let through, with the number's bucket it was let through on.
    cleared: Option<(Cleared, NumberBucket)>,
}

/// What those before took since the facts were read.
#[derive(Default)]
struct Ahead {
    buckets: HashMap<PhoneNumberId, Ts>,
    /// Numbers whose pace put somebody off, and how many wait for them by now.
    full: HashMap<PhoneNumberId, u32>,
    written_first: u32,
    spent_micro: i64,
    service: HashMap<PhoneNumberId, u64>,
}

impl Ahead {
    fn show(&self, proposal: &Proposal, facts: &mut Facts, now: Ts) {
        if let Fact::Known(sender) = &mut facts.sender {
            if let Some(tat) = self.buckets.get(&proposal.sender) {
                sender.tat = *tat;
            }
            if let Some(tier) = &mut sender.standing.tier
                && self.written_first > 0
            {
                let limit = tier.limit.unwrap_or(MessagingLimit::SMALLEST).0;
                tier.used = tier.used.saturating_add(self.written_first).min(limit);
                tier.frees_at = tier.frees_at.or(Some(now + COUNTED));
            }
        }
        if let Some(spend) = &mut facts.spend {
            spend.month_micro = spend.month_micro.saturating_add(self.spent_micro);
        }
    }

    /// When a message gets its turn whose number's pace has put off another one of this claim: until
    /// then it need not be judged, and there is nothing to record.
    fn waits(
        &mut self,
        proposal: &Proposal,
        facts: &Facts,
        policy: &Policy,
        now: Ts,
    ) -> Option<Ts> {
        let waiting = self.full.get_mut(&proposal.sender)?;
        let at = NumberBucket::of(proposal, facts)?.turn(*waiting, policy, now);
        *waiting = waiting.saturating_add(1);
        Some(at)
    }

    /// Notes that the number's pace put this message off, and nothing else did.
    fn note(&mut self, proposal: &Proposal, judgement: &Judgement) {
        let pace = judgement.verdict == Verdict::Defer
            && judgement.primary.as_deref() == Some(limiter::PACE);
        if pace {
            self.full.entry(proposal.sender.clone()).or_insert(1);
        }
    }

    fn take(
        &mut self,
        proposal: &Proposal,
        facts: &Facts,
        bucket: NumberBucket,
        policy: &Policy,
        now: Ts,
        counted: &Counted,
    ) {
        if let Fact::Known(sender) = &facts.sender {
            if let Some(tat) = bucket.spend(sender.tat, policy, now) {
                self.buckets.insert(proposal.sender.clone(), tat);
            }
            if writes_first(proposal, facts, now)
                && sender
                    .standing
                    .tier
                    .as_ref()
                    .is_some_and(|tier| !tier.counted)
            {
                self.written_first += 1;
            }
        }
        self.spent_micro = self.spent_micro.saturating_add(counted.micro);
        for (number, n) in &counted.service {
            let used = self.service.entry(number.clone()).or_default();
            *used = used.saturating_add_signed(*n);
        }
    }
}

/// Judges rows of one tenant, each of another person, inside the transaction that holds these people.
/// What became of each, in their order; the numbers' buckets are still to be spent.
pub(crate) async fn begin(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    rows: &[&OutboxRow],
) -> Result<Vec<Begun>, FlowError> {
    let now = ctx.now();
    let proposals: Vec<&Proposal> = rows.iter().map(|row| &row.proposal).collect();
    let facts = judge::facts_many(tx, tenant, &proposals, now).await?;
    let mut ahead = Ahead::default();
    let mut judged = Vec::with_capacity(rows.len());
    let mut turns = Vec::with_capacity(rows.len());
    for (row, mut facts) in rows.iter().zip(facts) {
        let proposal = &row.proposal;
        ahead.show(proposal, &mut facts, now);
        let waits = ahead.waits(proposal, &facts, &tenant.policy, now);
        turns.push(waits);
        if waits.is_some() {
            continue;
        }
        // Its money has been counted since its first attempt.
        let again = row.begun_at.is_some();
        let cost = if again {
            None
        } else {
            let used = money::service_used(tx, tenant, proposal, now).await?
                + ahead
                    .service
                    .get(&proposal.sender)
                    .copied()
                    .unwrap_or_default();
            rates::cost(&proposal.content, &facts, used, now)
        };
        if let Some(spend) = &mut facts.spend {
            spend.this_micro = if again { Some(0) } else { cost };
        }
        let counted = Counted::of(
            proposal,
            cost.unwrap_or_default(),
            !again && rates::is_service(&proposal.content),
        );
        let counted = match again {
            true => counted,
            false => counted.charged(rates::category(&proposal.content, &facts), cost),
        };
        let ticket = Ticket {
            attempt: AttemptId::new(&*ctx.ids, now),
            decision: DecisionId::new(&*ctx.ids, now),
        };
        let clearance = portero_gate::clear(proposal, &facts, &tenant.policy, now, &ticket);
        let cleared = clearance.cleared.zip(NumberBucket::of(proposal, &facts));
        ahead.note(proposal, &clearance.judgement);
        if let Some((_, bucket)) = &cleared {
            ahead.take(proposal, &facts, *bucket, &tenant.policy, now, &counted);
        }
        judged.push(Judged {
            row,
            facts,
            cost,
            counted,
            judgement: clearance.judgement,
            ticket,
            cleared,
        });
    }
    let begun = start(ctx, tx, tenant, &judged, now).await?;
    let mut tokens = HashMap::new();
    let mut records = Vec::with_capacity(judged.len());
    let mut all = Vec::with_capacity(rows.len());
    let mut judged = judged.into_iter();
    for turn in turns {
        if let Some(at) = turn {
            all.push(Begun::Later(at));
            continue;
        }
        let Some(one) = judged.next() else {
            continue;
        };
        let proposal = &one.row.proposal;
        if one.cleared.is_some() && !begun.contains(&one.row.id) {
            all.push(Begun::Busy);
            continue;
        }
        judge::count(ctx, one.judgement.verdict);
        records.push(judge::decision(
            tenant,
            one.ticket.decision,
            one.row.id,
            proposal,
            &one.facts,
            &one.judgement,
        ));
        let Some((cleared, bucket)) = one.cleared else {
            all.push(rest(ctx, tx, tenant, &one, now).await?);
            continue;
        };
        if !tokens.contains_key(&proposal.sender) {
            let token = tx.tenant(tenant.id).number_token(&proposal.sender).await?;
            let token = token
                .ok_or_else(|| FlowError::not_found("access token of number", &proposal.sender))?;
            tokens.insert(proposal.sender.clone(), token);
        }
        let Some(token) = tokens.get(&proposal.sender).cloned() else {
            continue;
        };
        all.push(Begun::Sending(Box::new(InFlight {
            cleared,
            access: Access { token },
            attempt: one.ticket.attempt,
            proposal: proposal.clone(),
            tries: one.row.tries,
            lane: None,
            bucket,
            counted: one.counted,
            pretended: tenant.mode == TenantMode::Simulator,
        })));
    }
    tx.tenant(tenant.id).insert_decisions(&records).await?;
    Ok(all)
}

/// Begins the attempts of what was cleared, and counts what they use up. Gives what began.
async fn start(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    judged: &[Judged<'_>],
    now: Ts,
) -> Result<std::collections::HashSet<OutboxId>, FlowError> {
    let (owner, lease_until) = (&ctx.host, ctx.lease_until());
    let cleared = judged.iter().filter(|one| one.cleared.is_some());
    let beginnings: Vec<Beginning> = cleared
        .map(|one| {
            let proposal = &one.row.proposal;
            Beginning {
                attempt: NewAttempt {
                    id: one.ticket.attempt,
                    outbox: one.row.id,
                    number: proposal.sender.clone(),
                    contact: proposal.contact,
                    owner: owner.clone(),
                    lease_until,
                },
                decision: one.ticket.decision,
                pair_tat: portero_gate::next_pair_tat(proposal, &one.facts, &tenant.policy, now),
                cost_micro: one.cost,
            }
        })
        .collect();
    let mut mine = tx.tenant(tenant.id);
    let begun = mine.begin_attempts(&beginnings, now).await?;
    let mut first = Vec::new();
    for one in judged.iter().filter(|one| begun.contains(&one.row.id)) {
        if writes_first(&one.row.proposal, &one.facts, now) {
            first.push(one.row.proposal.contact);
        }
    }
    mine.count_tier_recipients(&first, now).await?;
    Ok(begun)
}

/// A row that does not go now.
async fn rest(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    one: &Judged<'_>,
    now: Ts,
) -> Result<Begun, FlowError> {
    let (row, judgement, decision) = (one.row, &one.judgement, one.ticket.decision);
    let (state, not_before) = judge::resting(&row.proposal, judgement, now);
    let rule = judgement.primary.as_deref();
    let outcome = if state == OutboxState::Deferred {
        tx.tenant(tenant.id)
            .defer_outbox(row.id, not_before, rule, decision)
            .await?;
        Begun::Later(not_before)
    } else {
        tx.tenant(tenant.id)
            .settle_outbox(row.id, state, rule, Some(decision), now)
            .await?;
        judge::tell_proposer(ctx, tx, tenant, &row.proposal, judgement).await?;
        Begun::Settled
    };
    tracing::info!(
        decision.id = %decision, outbox.id = %row.id, verdict = judgement.verdict.as_str(),
        rule.id = rule.unwrap_or(""), "judged at dispatch"
    );
    Ok(outcome)
}

/// Whether Meta's messaging limit counts this person: a template outside the window.
pub(crate) fn writes_first(proposal: &Proposal, facts: &Facts, now: Ts) -> bool {
    let open = facts
        .window
        .known()
        .and_then(|w| w.last_inbound_at)
        .is_some_and(|at| now < at + SERVICE_WINDOW);
    proposal.content.is_template() && !open
}

#[cfg(test)]
mod tests {
    use portero_gate::facts::{SpendFacts, TierFacts};

    use super::*;
    use crate::testing::{self, Setup};

    /// Judges the same case `n` times as siblings of one claim; the rules that decided.
    fn siblings(setup: &Setup, n: usize) -> Vec<Option<String>> {
        let mut ahead = Ahead::default();
        let mut rules = Vec::new();
        for k in 0..n {
            let mut facts = setup.facts.clone();
            let (proposal, now) = (&setup.proposal, setup.now);
            ahead.show(proposal, &mut facts, now);
            let judgement = portero_gate::admit(proposal, &facts, &setup.policy, now);
            let ticket = Ticket {
                attempt: AttemptId::from_uuid(testing::id(500 + k as u128)),
                decision: DecisionId::from_uuid(testing::id(600 + k as u128)),
            };
            let clearance = portero_gate::clear(proposal, &facts, &setup.policy, now, &ticket);
            if clearance.cleared.is_some() {
                let bucket = NumberBucket::of(proposal, &facts).unwrap();
                let cost = crate::rates::cost(&proposal.content, &facts, 0, now);
                let counted = Counted::of(proposal, cost.unwrap_or_default(), false);
                ahead.take(proposal, &facts, bucket, &setup.policy, now, &counted);
            }
            rules.push(clearance.judgement.primary.or(judgement.primary));
        }
        rules
    }

    fn standing(setup: &mut Setup) -> &mut portero_gate::facts::SenderFacts {
        match &mut setup.facts.sender {
            Fact::Known(sender) => sender,
            Fact::Unknown => unreachable!(),
        }
    }

    #[test]
    fn a_sibling_sees_the_numbers_pace_taken() {
        let mut setup = Setup::utility();
        standing(&mut setup).mps = 10;
        setup.policy.throughput_burst = 4;
        let rules = siblings(&setup, 8);
        let full = Some("limits.throughput".to_owned());
        let passed = rules.iter().take_while(|rule| rule.is_none()).count();
        assert!((3..=4).contains(&passed), "{rules:?}");
        assert!(
            rules[passed..].iter().all(|rule| *rule == full),
            "{rules:?}"
        );
    }

    #[test]
    fn a_sibling_sees_the_messaging_limit_taken() {
        let mut setup = Setup::utility();
        setup.policy.throughput_burst = 100;
        setup.facts.window = Fact::Known(portero_gate::facts::WindowFacts {
            last_inbound_at: None,
            last_inbound_wamid: None,
        });
        let tier = |used, counted| TierFacts {
            limit: Some(MessagingLimit(250)),
            used,
            counted,
            frees_at: None,
        };
        standing(&mut setup).standing.tier = Some(tier(248, false));
        let rules = siblings(&setup, 4);
        let full = Some("limits.tier".to_owned());
        let room = rules.iter().take_while(|rule| rule.is_none()).count();
        assert_eq!(room, 2, "{rules:?}");
        assert!(rules[room..].iter().all(|rule| *rule == full), "{rules:?}");
        // Who counts already takes no room.
        standing(&mut setup).standing.tier = Some(tier(248, true));
        assert_eq!(siblings(&setup, 4), vec![None; 4]);
    }

    #[test]
    fn a_sibling_sees_the_months_money_taken() {
        let mut setup = Setup::promo();
        let price = crate::rates::estimate(&setup.facts).unwrap();
        setup.policy.monthly_budget_micro = Some(price * 3);
        setup.facts.spend = Some(SpendFacts {
            month_micro: price,
            this_micro: Some(price),
        });
        let held = Some("limits.cost-budget".to_owned());
        assert_eq!(siblings(&setup, 4), [None, None, held.clone(), held]);
    }
}
