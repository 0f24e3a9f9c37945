//! When each message of a plan would leave: its person's turn, then the number's rate, then whatever
//! puts it off, each judged by the gate at that very instant.
//!
//! So a plan sees quiet hours that begin while it runs, and whom it cannot reach before their
//! message's time runs out.

use std::collections::BTreeMap;

use portero_domain::campaign::turn_of;
use portero_domain::clock::{Millis, Ts};
use portero_domain::proposal::Proposal;
use portero_gate::{Facts, Judgement, Policy, Verdict};

use crate::judge;

/// What the rate lets leave within this is judged once.
const GRAIN: Millis = Millis::secs(1);
/// Times that one message is followed from one opening to the next.
const ROUNDS: usize = 16;

/// Where somebody of an audience comes to stand.
pub(super) struct Place {
    pub(super) slice: &'static str,
    pub(super) rule: Option<String>,
    /// When their message would leave, if it is put off at all.
    pub(super) put_off_to: Option<Ts>,
}

/// Everybody's turn so far, in the order of the audience.
pub(super) struct Pace {
    start: Ts,
    end: Ts,
    people: u64,
    turns: u64,
    /// Microseconds that one message takes; 0 when the rate is not known.
    gap: i64,
    /// By the instant that they wait for (`None`: their turn): when the number is free again, µs.
    lines: BTreeMap<Option<Ts>, i64>,
    /// The last instant at which a message of the first line was found to be allowed.
    seen_open: Option<Ts>,
}

impl Pace {
    pub(super) fn new(start: Ts, spread: Millis, people: u64, rate_centi: u64) -> Pace {
        // Rounded up: a second never holds more than the rate.
        let gap = match rate_centi {
            0 => 0,
            rate => 100_000_000_u64.div_ceil(rate),
        };
        Pace {
            start,
            end: start + spread,
            people,
            turns: 0,
            gap: i64::try_from(gap).unwrap_or(i64::MAX),
            lines: BTreeMap::new(),
            seen_open: None,
        }
    }

    /// Somebody left out takes a turn too.
    pub(super) fn turn(&mut self) -> Ts {
        let at = turn_of(self.turns, self.people, self.start, self.end);
        self.turns += 1;
        at
    }

    /// When a message would leave that may go from `from` on.
    fn slot(&self, line: Option<Ts>, from: Ts) -> i64 {
        let from = from.0.saturating_mul(1_000);
        self.lines.get(&line).map_or(from, |free| from.max(*free))
    }

    /// Follows a proposal from its turn to its end; `at_start` is the gate's word at the start.
    pub(super) fn place(
        &mut self,
        mut proposal: Proposal,
        facts: &Facts,
        at_start: Judgement,
        policy: &Policy,
    ) -> Place {
        let turn = self.turn();
        let mut judgement = at_start;
        if turn != self.start {
            proposal.created_at = turn;
            proposal.expires_at = judge::default_expiry(proposal.purpose, turn);
            judgement = portero_gate::admit(&proposal, facts, policy, turn);
        }
        let (mut judged_at, mut from, mut line) = (turn, turn, None);
        let mut put_off_by = None;
        for _ in 0..ROUNDS {
            match judgement.verdict {
                Verdict::Allow => {
                    let slot = self.slot(line, from);
                    let leaves = Ts(slot / 1_000);
                    let open = leaves == judged_at
                        || (line.is_none()
                            && self.seen_open.is_some_and(|at| leaves.since(at) < GRAIN.0));
                    if open {
                        if line.is_none() && leaves == judged_at {
                            self.seen_open = Some(leaves);
                        }
                        self.lines.insert(line, slot.saturating_add(self.gap));
                        return Place {
                            slice: if put_off_by.is_some() { "later" } else { "now" },
                            put_off_to: put_off_by.is_some().then_some(leaves),
                            rule: put_off_by.unwrap_or(judgement.primary),
                        };
                    }
                    judged_at = leaves;
                    judgement = portero_gate::admit(&proposal, facts, policy, leaves);
                }
                Verdict::Defer => {
                    let until = judgement.until.unwrap_or(judged_at);
                    put_off_by.get_or_insert(judgement.primary.clone());
                    if until <= judged_at {
                        break;
                    }
                    (line, from) = (Some(until), until);
                    judged_at = Ts(self.slot(line, from) / 1_000);
                    judgement = portero_gate::admit(&proposal, facts, policy, judged_at);
                }
                Verdict::Hold | Verdict::Deny => {
                    let slice = if judgement.verdict == Verdict::Hold {
                        "review"
                    } else {
                        "never"
                    };
                    return Place {
                        slice,
                        rule: judgement.primary,
                        put_off_to: None,
                    };
                }
            }
        }
        Place {
            slice: "later",
            rule: put_off_by.unwrap_or(judgement.primary),
            put_off_to: Some(judged_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Setup;
    use portero_gate::policy::WeekHours;

    fn at(text: &str) -> Ts {
        Ts::parse_rfc3339(text).unwrap()
    }

    /// Who comes where, of `people` who may all be written to: (slice, rule, people).
    fn plan(s: &Setup, spread: Millis, people: u64, rate_centi: u64) -> Vec<(String, u64)> {
        let mut pace = Pace::new(s.now, spread, people, rate_centi);
        let mut slices: BTreeMap<String, u64> = BTreeMap::new();
        for _ in 0..people {
            let first = portero_gate::admit(&s.proposal, &s.facts, &s.policy, s.now);
            let place = pace.place(s.proposal.clone(), &s.facts, first, &s.policy);
            let key = format!("{} {}", place.slice, place.rule.unwrap_or_default());
            *slices.entry(key).or_default() += 1;
        }
        slices.into_iter().collect()
    }

    fn shop(now: &str) -> Setup {
        let mut s = Setup::promo();
        s.now = at(now);
        s.proposal.created_at = s.now;
        s.proposal.expires_at = judge::default_expiry(s.proposal.purpose, s.now);
        s
    }

    fn slices(of: &[(&str, u64)]) -> Vec<(String, u64)> {
        of.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect()
    }

    /// Ten minutes before eight in the evening in Bogotá, one message a second.
    #[test]
    fn quiet_hours_that_begin_while_it_runs_put_the_rest_off() {
        let s = shop("2026-11-24T00:50:00Z");
        assert_eq!(plan(&s, Millis(0), 600, 100), slices(&[("now ", 600)]));
        let late = plan(&s, Millis(0), 700, 100);
        assert_eq!(
            late,
            slices(&[("later quiet-hours.tenant", 100), ("now ", 600)])
        );
        // Spread over twenty minutes, half of them have their turn too late.
        let spread = plan(&s, Millis::minutes(20), 700, 10_000);
        assert_eq!(
            spread,
            slices(&[("later quiet-hours.tenant", 350), ("now ", 350)])
        );
    }

    #[test]
    fn whom_no_opening_reaches_in_time_are_never_reached() {
        let mut s = shop("2026-11-24T00:50:00Z");
        let mut week = WeekHours::every_day("09:00", "20:00");
        for day in 1..7 {
            week.0[day] = None;
        }
        s.policy.promotional_hours = week;
        let all = plan(&s, Millis(0), 700, 100);
        assert_eq!(
            all,
            slices(&[("never envelope.expired", 100), ("now ", 600)])
        );
    }

    #[test]
    fn an_opening_too_short_for_all_is_followed_by_the_next() {
        let mut s = shop("2026-11-24T02:00:00Z");
        // A minute a day: sixty messages each; three openings come within three days.
        s.policy.promotional_hours = WeekHours::every_day("09:00", "09:01");
        let all = plan(&s, Millis(0), 200, 100);
        assert_eq!(
            all,
            slices(&[
                ("later quiet-hours.tenant", 180),
                ("never envelope.expired", 20)
            ])
        );
    }
}
