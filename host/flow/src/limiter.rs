//! What holds a whole campaign, told from what speaks of one person.
//!
//! A restriction, a template's pause, an empty budget are no word about the person whose message was
//! judged: that message rests, no further turn is taken, and the campaign pauses with the rule shown.

use portero_domain::proposal::{Origin, Proposal};
use portero_gate::{Judgement, Stage, Verdict};

/// Put off by this rule, a campaign waits for room by itself; refused by it, it pauses.
pub(crate) const TIER: &str = "limits.tier";
/// Put off by this rule, a message waits for its number's next turn.
pub(crate) const PACE: &str = "limits.throughput";
/// Held for its price alone, a message waits for a price, not for the budget.
pub(crate) const BUDGET: &str = "limits.cost-budget";
/// The host was away, sending was stopped, the pace was too slow: its time ran out while it waited.
const EXPIRED: &str = "envelope.expired";

/// Rules that say the same of everybody in a campaign.
const OF_ALL: &[&str] = &[
    "account.quality-red",
    "account.restricted",
    BUDGET,
    "limits.campaign-brake",
    "template.not-approved",
    "template.paused",
    "template.quality-red",
    "template.unknown",
    "tenant.sender-mismatch",
    "tenant.suspended",
];

/// Whether a rule holds everybody, so that its campaign pauses for it.
pub(crate) fn holds_all(rule: &str) -> bool {
    OF_ALL.contains(&rule) || matches!(rule, TIER | EXPIRED | PACE | "template.category-mismatch")
}

/// The rule that holds the campaign of a proposal, whoever it is for.
pub(crate) fn of<'a>(proposal: &Proposal, judgement: &'a Judgement) -> Option<&'a str> {
    if !matches!(proposal.origin, Origin::Campaign { .. }) {
        return None;
    }
    let rule = judgement.primary.as_deref()?;
    let dispatch = judgement.stage == Stage::Dispatch;
    let holds = match rule {
        // A price that nobody knows is of one country.
        BUDGET => !unpriced(judgement),
        _ if OF_ALL.contains(&rule) => true,
        // Put off, it goes when there is room.
        TIER => judgement.verdict != Verdict::Defer,
        PACE => judgement.verdict == Verdict::Hold,
        // At its turn it was no mismatch: the category is another since.
        "template.category-mismatch" => dispatch,
        // Its time is over, or would be when the campaign may go on.
        EXPIRED => {
            (dispatch && judgement.at >= proposal.expires_at)
                || judgement.findings.iter().any(|f| {
                    f.outcome == Some(Verdict::Defer)
                        && (f.rule == TIER || OF_ALL.contains(&f.rule.as_str()))
                })
        }
        _ => false,
    };
    holds.then_some(rule)
}

/// Held by the budget because nobody knows the price.
pub(crate) fn unpriced(judgement: &Judgement) -> bool {
    judgement.primary.as_deref() == Some(BUDGET)
        && judgement
            .findings
            .iter()
            .any(|f| f.rule == BUDGET && f.limit == "price")
}

#[cfg(test)]
mod tests {
    use portero_domain::clock::Ts;
    use portero_gate::Finding;

    use super::*;

    #[test]
    fn the_person_and_the_campaign_are_told_apart() {
        assert!(holds_all("account.restricted") && holds_all("envelope.expired"));
        assert!(!holds_all("consent.missing") && !holds_all("quiet-hours.tenant"));
        let judgement = |limit: &str| Judgement {
            stage: Stage::Admission,
            verdict: Verdict::Hold,
            primary: Some(BUDGET.to_owned()),
            until: None,
            rounds: 1,
            findings: vec![Finding {
                rule: BUDGET.to_owned(),
                outcome: Some(Verdict::Hold),
                until: None,
                value: "unknown".to_owned(),
                limit: limit.to_owned(),
                evidence: Vec::new(),
            }],
            at: Ts(1),
        };
        assert!(unpriced(&judgement("price")));
        assert!(!unpriced(&judgement("10.00")));
    }
}
