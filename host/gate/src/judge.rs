//! The engine: runs the rules, weighs what they found, settles deferrals.
//!
//! Order of weight: deny > hold > defer > allow. Every rule of the stage runs and every finding is
//! kept, but a deny of the first phase and an erased person end the run: nothing further is read.
//! The primary rule is the first with the weightiest outcome in catalogue order.
//! Source: `compliance-rules` 0.2 to 0.4.

use portero_domain::clock::Ts;
use portero_domain::proposal::Proposal;

use crate::case::Case;
use crate::facts::Facts;
use crate::judgement::{Cleared, Finding, Judgement, Stage, Ticket, Verdict};
use crate::policy::Policy;
use crate::rules::{self, Found, Phase};

/// Rounds a deferral may take before it is given up.
pub const MAX_ROUNDS: u32 = 16;

const EXPIRED: &str = "envelope.expired";
const INVALID: &str = "envelope.invalid";
const ERASED: &str = "data.erased";

/// A judgement at dispatch and, when nothing objects, the clearance.
#[derive(Debug)]
pub struct Clearance {
    /// What was found.
    pub judgement: Judgement,
    /// The only thing a transport accepts; present exactly when the verdict is allow.
    pub cleared: Option<Cleared>,
}

/// Judges a proposal when it is made. Never yields a [`Cleared`]: allowed now is no licence later.
///
/// `facts.content` must be `detect(&proposal.content)`; anything else is denied.
#[must_use]
pub fn admit(proposal: &Proposal, facts: &Facts, policy: &Policy, now: Ts) -> Judgement {
    run(
        Case::of(Stage::Admission, proposal, facts, policy, now),
        rules::removed(),
    )
}

/// Judges a proposal in the claim that sends it, and alone yields a [`Cleared`].
///
/// `facts.content` must be `detect(&proposal.content)`; anything else is denied.
#[must_use]
pub fn clear(
    proposal: &Proposal,
    facts: &Facts,
    policy: &Policy,
    now: Ts,
    ticket: &Ticket,
) -> Clearance {
    let judgement = run(
        Case::of(Stage::Dispatch, proposal, facts, policy, now),
        rules::removed(),
    );
    let cleared =
        (judgement.verdict == Verdict::Allow).then(|| Cleared::issue(proposal, ticket, now));
    Clearance { judgement, cleared }
}

/// The same judgement as if one rule did not exist: for tests that show a rule is needed.
///
/// Yields no [`Cleared`], whatever the stage.
#[must_use]
pub fn judge_without(
    rule: &str,
    stage: Stage,
    proposal: &Proposal,
    facts: &Facts,
    policy: &Policy,
    now: Ts,
) -> Judgement {
    run(Case::of(stage, proposal, facts, policy, now), Some(rule))
}

/// Judges a case.
pub(crate) fn run(case: Case<'_>, without: Option<&str>) -> Judgement {
    if cfg!(feature = "allow-everything") {
        return total(&case, case.now, Verdict::Allow, None, 1, Vec::new());
    }
    if !case.consistent {
        let found = Found::deny("content_facts", "facts_of_this_content");
        return total(
            &case,
            case.now,
            Verdict::Deny,
            None,
            1,
            vec![found.of(INVALID)],
        );
    }
    let findings = first_round(&case, without);
    let now = case.now;
    match weight(&findings) {
        Verdict::Defer => settle(case, findings, without),
        verdict => total(&case, now, verdict, None, 1, findings),
    }
}

fn first_round(case: &Case<'_>, without: Option<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in rules::RULES {
        let about = rule.about();
        if !about.stages.includes(case.stage) || without == Some(about.id) {
            continue;
        }
        let Some(found) = rule.judge(case) else {
            continue;
        };
        let denied = found.outcome == Some(Verdict::Deny);
        findings.push(found.of(about.id));
        if denied && (about.phase == Phase::Envelope || about.id == ERASED) {
            break;
        }
    }
    findings
}

/// Moves the clock to the latest candidate until no rule moves it further.
fn settle(mut case: Case<'_>, mut findings: Vec<Finding>, without: Option<&str>) -> Judgement {
    let now = case.now;
    let may_expire = without != Some(EXPIRED);
    let mut at = findings.iter().filter_map(|f| f.until).max().unwrap_or(now);
    let mut rounds = 1;
    loop {
        let too_late = at >= case.expires_at || at.since(now) > case.max_defer().0;
        if may_expire && (too_late || rounds == MAX_ROUNDS) {
            return expire(&case, now, at, rounds, findings);
        }
        if rounds == MAX_ROUNDS {
            return total(&case, now, Verdict::Defer, Some(at), rounds, findings);
        }
        rounds += 1;
        case.now = at;
        let next = again(&case, at, &mut findings, without);
        let verdict = weight(&findings);
        if verdict > Verdict::Defer {
            return total(&case, now, verdict, None, rounds, findings);
        }
        if next == at {
            return total(&case, now, Verdict::Defer, Some(at), rounds, findings);
        }
        at = next;
    }
}

/// Runs what depends on time again at a later instant; says how much later it must be.
fn again(case: &Case<'_>, at: Ts, findings: &mut Vec<Finding>, without: Option<&str>) -> Ts {
    let mut next = at;
    for rule in rules::RULES {
        let about = rule.about();
        if !about.moves_with_time || !about.stages.includes(case.stage) || without == Some(about.id)
        {
            continue;
        }
        let Some(mut found) = rule.judge(case) else {
            continue;
        };
        if found.outcome.is_none() {
            continue;
        }
        if let Some(until) = &mut found.until {
            // A rule that says "later" must say when: no progress would be a rule's own fault, and
            // the rounds run out on it instead of letting the message go.
            *until = (*until).max(at.plus_ms(1));
            next = next.max(*until);
        }
        merge(findings, found.of(about.id));
    }
    next
}

fn merge(findings: &mut Vec<Finding>, found: Finding) {
    if let Some(earlier) = findings.iter_mut().find(|f| f.rule == found.rule) {
        let deferred_twice =
            earlier.outcome == Some(Verdict::Defer) && found.outcome == Some(Verdict::Defer);
        if deferred_twice {
            // What was found at first is what the person should read; only the instant moves.
            earlier.until = earlier.until.max(found.until);
        } else {
            *earlier = found;
        }
        return;
    }
    let place = rules::place(&found.rule);
    let index = findings
        .iter()
        .position(|f| rules::place(&f.rule) > place)
        .unwrap_or(findings.len());
    findings.insert(index, found);
}

/// The deny of a message that would have to wait too long, with what delays it.
fn expire(case: &Case<'_>, now: Ts, at: Ts, rounds: u32, mut findings: Vec<Finding>) -> Judgement {
    let latest = case.expires_at.min(now + case.max_defer());
    let found = Found::deny(at.rfc3339(), latest.rfc3339()).because(
        findings
            .iter()
            .filter(|f| f.outcome == Some(Verdict::Defer))
            .map(|f| f.rule.clone()),
    );
    merge(&mut findings, found.of(EXPIRED));
    total(case, now, Verdict::Deny, None, rounds, findings)
}

fn weight(findings: &[Finding]) -> Verdict {
    findings
        .iter()
        .filter_map(|f| f.outcome)
        .max()
        .unwrap_or(Verdict::Allow)
}

fn total(
    case: &Case<'_>,
    now: Ts,
    verdict: Verdict,
    until: Option<Ts>,
    rounds: u32,
    findings: Vec<Finding>,
) -> Judgement {
    let primary = match verdict {
        Verdict::Allow => None,
        _ => findings
            .iter()
            .find(|f| f.outcome == Some(verdict))
            .map(|f| f.rule.clone()),
    };
    Judgement {
        stage: case.stage,
        verdict,
        primary,
        until,
        rounds,
        findings,
        at: now,
    }
}

#[cfg(all(test, not(feature = "allow-everything")))]
mod tests;
