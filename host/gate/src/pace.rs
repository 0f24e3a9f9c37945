//! Rates without floats: theoretical arrival times (GCRA) of the pair and of the number.
//!
//! A bucket is one instant, the *theoretical arrival time*: a message conforms when it does not come
//! earlier than that instant less the tolerance of its burst; each message moves it one interval on.

use portero_domain::clock::{Millis, Ts};
use portero_domain::proposal::{Origin, Proposal};

use crate::case::Case;
use crate::facts::{Facts, TemplateQuality};
use crate::policy::Policy;

/// When the next message to this person may go, or `None`: now.
pub(crate) fn pair_opens_at(case: &Case<'_>) -> Option<Ts> {
    let gap = case.policy.pair_gap_ms.0.max(0);
    let burst = if case.is_direct_reply() {
        case.policy.pair_burst.max(1)
    } else {
        1
    };
    let tolerance = gap.saturating_mul(i64::from(burst) - 1);
    let opens = case.facts.conversation.pair_tat - Millis(tolerance);
    (case.now < opens).then_some(opens)
}

/// The pair bucket after this message; the dispatcher stores it with the attempt.
///
/// Every message moves it one gap on, whatever burst let it through.
#[must_use]
pub fn next_pair_tat(_proposal: &Proposal, facts: &Facts, policy: &Policy, now: Ts) -> Ts {
    facts.conversation.pair_tat.max(now) + Millis(policy.pair_gap_ms.0.max(0))
}

/// Messages per 100,000 ms the host uses of a number: its rate × the policy's share.
///
/// 0 when the number has no rate.
pub(crate) fn rate(mps: u32, policy: &Policy) -> u64 {
    u64::from(mps) * u64::from(policy.throughput_percent.min(100))
}

/// Messages per second of a number that Meta has not raised.
const USUAL_MPS: u32 = 80;

/// Milliseconds that [`rate`] messages take.
const PERIOD_MS: i128 = 100_000;

/// When the number may send next, or `None`: now. `rate` is not 0.
pub(crate) fn number_opens_at(tat: Ts, rate: u64, policy: &Policy, now: Ts) -> Option<Ts> {
    // The policy's burst is for Meta's usual rate: as many milliseconds' worth on a faster number.
    let usual = u64::from(USUAL_MPS) * u64::from(policy.throughput_percent.min(100));
    let early = i128::from(policy.throughput_burst.max(1) - 1) * PERIOD_MS
        / i128::from(rate.clamp(1, usual.max(1)));
    let opens = tat - Millis(i64::try_from(early).unwrap_or(i64::MAX));
    (now < opens).then_some(opens)
}

/// The number's bucket after one message; the dispatcher stores it with the attempt.
///
/// Intervals shorter than a millisecond would be lost by rounding, and 900 messages a second would
/// become 500: so the instants are those of a grid, `⌈k × 100,000 / rate⌉`, which keeps the average
/// exact. Faster than one a millisecond is not told apart.
#[must_use]
pub fn next_number_tat(facts: &Facts, policy: &Policy, now: Ts) -> Ts {
    let Some(sender) = facts.sender.known() else {
        return now;
    };
    moved(sender.tat, rate(sender.mps, policy), now)
}

/// The bucket of a number as it was judged, to be spent later than the facts were read.
#[derive(Clone, Copy, Debug)]
pub struct NumberBucket {
    seen: Ts,
    mps: u32,
    /// Intervals that the message takes.
    steps: u32,
}

impl NumberBucket {
    /// As the facts have it; `None` when the number is not known.
    ///
    /// A campaign's message takes more of them while its number or template is YELLOW ([`Slowed`]);
    /// answers are as fast as ever.
    #[must_use]
    pub fn of(proposal: &Proposal, facts: &Facts) -> Option<NumberBucket> {
        let sender = facts.sender.known()?;
        Some(NumberBucket {
            seen: sender.tat,
            mps: sender.mps,
            steps: match proposal.origin {
                Origin::Campaign { .. } => {
                    let number = sender.standing.quality.as_deref();
                    Slowed::by(number, facts.registry.quality).steps()
                }
                _ => 1,
            },
        })
    }

    /// When a message may go that waits behind `ahead` others which wait for this bucket too: it need not
    /// be judged before.
    #[must_use]
    pub fn turn(self, ahead: u32, policy: &Policy, now: Ts) -> Ts {
        let rate = rate(self.mps, policy);
        let intervals = ahead.saturating_mul(self.steps);
        let tat = (0..intervals).fold(self.seen, |tat, _| moved(tat, rate, now));
        number_opens_at(tat, rate, policy, now).unwrap_or(now)
    }

    /// Where it stands after one message, when it stands at `tat` by now; `None` when it was open
    /// when it was judged and is not any more: judge again.
    #[must_use]
    pub fn spend(self, tat: Ts, policy: &Policy, now: Ts) -> Option<Ts> {
        let rate = rate(self.mps, policy);
        let open = |tat| number_opens_at(tat, rate, policy, now).is_none();
        (open(tat) || !open(self.seen))
            .then(|| (0..self.steps).fold(tat, |tat, _| moved(tat, rate, now)))
    }
}

/// What slows a campaign: the quality of its number, of its template, or of both.
///
/// Each that is YELLOW halves its speed. Both: a quarter, so that the template people dislike does
/// not go as fast as the innocent ones on a number that it may have spoiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slowed {
    number: bool,
    template: bool,
}

impl Slowed {
    /// By Meta's word for the number and for the template.
    #[must_use]
    pub fn by(number: Option<&str>, template: TemplateQuality) -> Slowed {
        Slowed {
            number: number == Some("YELLOW"),
            template: template == TemplateQuality::Yellow,
        }
    }

    /// Intervals of the number's rate that one message of the campaign takes: 1, 2 or 4.
    #[must_use]
    pub fn steps(self) -> u32 {
        1 << (u32::from(self.number) + u32::from(self.template))
    }

    /// What the number's pace is called while it is this one.
    #[must_use]
    pub const fn limiter(self) -> &'static str {
        match (self.number, self.template) {
            (false, false) => "number",
            (true, false) => "number yellow",
            (false, true) => "template yellow",
            (true, true) => "number and template yellow",
        }
    }
}

fn moved(tat: Ts, rate: u64, now: Ts) -> Ts {
    let rate = i128::from(rate.max(1));
    let from = i128::from(tat.max(now).ms());
    let slot = (from * rate).div_euclid(PERIOD_MS) + 1;
    let at = -((-slot * PERIOD_MS).div_euclid(rate));
    Ts(i64::try_from(at.max(from)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(seen: i64) -> NumberBucket {
        NumberBucket {
            seen: Ts(seen),
            mps: 10,
            steps: 1,
        }
    }

    /// Ten messages a second at 100 %, no burst: one each 100 ms.
    fn policy() -> Policy {
        Policy {
            throughput_percent: 100,
            throughput_burst: 1,
            ..Policy::default()
        }
    }

    #[test]
    fn a_bucket_is_spent_where_it_stands_now_and_not_where_it_was_read() {
        assert_eq!(
            bucket(0).spend(Ts(1_000), &policy(), Ts(1_000)),
            Some(Ts(1_100))
        );
    }

    #[test]
    fn those_who_wait_get_turns_one_after_the_other() {
        let at = |ahead| bucket(1_000).turn(ahead, &policy(), Ts(950));
        assert_eq!((at(0), at(1), at(3)), (Ts(1_000), Ts(1_100), Ts(1_300)));
        let four = Policy {
            throughput_burst: 4,
            ..policy()
        };
        // Open as far as the burst goes.
        let at = |ahead| bucket(1_000).turn(ahead, &four, Ts(950));
        assert_eq!((at(0), at(1), at(3)), (Ts(950), Ts(950), Ts(1_000)));
    }

    #[test]
    fn each_that_is_yellow_halves_the_speed_of_a_campaign() {
        use crate::testing::Setup;
        use TemplateQuality::{Green, Red, Unknown, Yellow};
        for (quality, template, campaign, steps) in [
            ("YELLOW", Green, true, 2),
            ("YELLOW", Yellow, false, 1),
            ("GREEN", Green, true, 1),
            ("RED", Red, true, 1),
            ("GREEN", Yellow, true, 2),
            ("UNKNOWN", Unknown, true, 1),
            ("YELLOW", Yellow, true, 4),
        ] {
            let mut s = if campaign {
                let mut s = Setup::promo();
                let id = portero_domain::ids::CampaignId::from_uuid(crate::testing::id(7));
                s.proposal.origin = Origin::Campaign { campaign: id };
                s
            } else {
                Setup::reply("hola")
            };
            s.sender().standing.quality = Some(quality.into());
            s.facts.registry.quality = template;
            let bucket = NumberBucket::of(&s.proposal, &s.facts).unwrap();
            assert_eq!(bucket.steps, steps, "{quality} {template:?} {campaign}");
        }
        let two = NumberBucket {
            steps: 2,
            ..bucket(0)
        };
        assert_eq!(two.spend(Ts(1_000), &policy(), Ts(1_000)), Some(Ts(1_200)));
    }

    #[test]
    fn a_bucket_emptied_by_another_is_not_spent() {
        assert_eq!(bucket(0).spend(Ts(1_001), &policy(), Ts(1_000)), None);
        assert!(bucket(0).spend(Ts(1_001), &policy(), Ts(1_001)).is_some());
    }

    #[test]
    fn a_message_let_through_an_empty_bucket_is_not_judged_in_circles() {
        // Without `limits.throughput` (referee builds) the judge clears it although it was closed.
        assert!(
            bucket(5_000)
                .spend(Ts(5_000), &policy(), Ts(1_000))
                .is_some()
        );
    }
}
