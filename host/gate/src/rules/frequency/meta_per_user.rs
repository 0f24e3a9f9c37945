//! `frequency.meta-per-user`: Meta lets no more promotion through to this person for now.

use portero_domain::clock::{Millis, Ts};

use crate::rules::support::*;

/// Refusals this close together are one: several numbers, or rows already on the wire.
pub const ONE_REFUSAL: Millis = Millis::hours(1);

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "frequency.meta-per-user",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Frequency,
    stages: Stages::Both,
    moves_with_time: true,
    title: words(
        "Meta no entrega más promociones",
        "A Meta não entrega mais promoções",
        "Meta delivers no more promotion",
    ),
    sentence: words(
        "Meta no entregó una promoción a esta persona (131049) el {limit}; veces seguidas: {value}.",
        "A Meta não entregou uma promoção a esta pessoa (131049) em {limit}; vezes seguidas: {value}.",
        "Meta did not deliver a promotion to this person (131049) on {limit}; times in a row: {value}.",
    ),
    remedy: words(
        "Saldrá a partir de {until}; insistir antes lo alarga.",
        "Sairá a partir de {until}; insistir antes o prolonga.",
        "It will go from {until} on; trying earlier makes it longer.",
    ),
    docs: Docs {
        checks: "Refusals with code 131049 of marketing to this person, from any of the tenant's numbers, \
                 since the last promotion that was delivered.",
        why: "Meta caps marketing per person over all businesses and does not say where the cap is; tries \
              within a day extend it.",
        fires: "Defers marketing templates by the steps of `meta_backoff_ms` from the last refusal on: the \
                first, second, third and every further one in a row. Refusals within an hour are one. \
                Denies when they are not known.",
        facts: "`meta_refusals`.",
        parameters: "`meta_backoff_ms` (24 h, 48 h, 96 h, 7 d).",
        source: "Meta, per-user marketing limits; error 131049: wait at least 24 h (2026-04-30).",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if !case.is_promotional() || !case.is_template() {
            return None;
        }
        let Some(refusals) = case.facts.meta_refusals.known() else {
            return Some(Found::deny("unknown", "meta_refusals"));
        };
        let last = *refusals.last()?;
        let times = in_a_row(refusals);
        let steps = &case.policy.meta_backoff_ms;
        let wait = steps.get(times - 1).or(steps.last())?;
        let until = last + *wait;
        (case.now < until).then(|| Found::defer(until, times.to_string(), last.rfc3339()))
    }
}

/// Refusals, those close to the one before not counted; at least 1. Oldest first.
fn in_a_row(refusals: &[Ts]) -> usize {
    let apart = refusals
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if b.since(*a) > ONE_REFUSAL.0));
    1 + apart.count()
}

#[cfg(test)]
mod tests {
    use crate::testing::Setup;
    use crate::{Fact, Verdict};
    use portero_domain::clock::Millis;

    const RULE: &str = "frequency.meta-per-user";

    /// Scenario 60, every step of it to the millisecond.
    #[test]
    fn the_wait_grows_with_each_refusal_in_a_row() {
        for (times, wait) in [
            (1, Millis::hours(24)),
            (2, Millis::hours(48)),
            (3, Millis::hours(96)),
            (4, Millis::days(7)),
            (9, Millis::days(7)),
        ] {
            for (age, passes) in [(-1, false), (0, true), (1, true)] {
                let mut s = Setup::promo();
                let last = s.now - wait - Millis(age);
                let refusals = (0..times).rev().map(|n| last - Millis::hours(2 * n));
                s.facts.meta_refusals = Fact::Known(refusals.collect());
                assert_eq!(s.found(RULE).is_none(), passes, "{times} {age}");
                let s = s.at_dispatch();
                let found = s.found(RULE);
                assert_eq!(found.is_none(), passes, "{times} {age}");
                if let Some(found) = found {
                    assert_eq!(found.until, Some(last + wait));
                    assert_eq!(found.value, times.to_string());
                }
            }
        }
    }

    #[test]
    fn refusals_within_an_hour_are_one() {
        let mut s = Setup::promo();
        let now = s.now;
        s.facts.meta_refusals = Fact::Known(vec![now - Millis::hours(1), now]);
        assert_eq!(s.found(RULE).unwrap().value, "1");
        s.facts.meta_refusals = Fact::Known(vec![now - Millis::hours(1) - Millis(1), now]);
        assert_eq!(s.found(RULE).unwrap().value, "2");
    }

    #[test]
    fn other_messages_go_and_unknown_refusals_deny() {
        let mut s = Setup::promo();
        s.facts.meta_refusals = Fact::Unknown;
        assert_eq!(s.found(RULE).unwrap().outcome, Some(Verdict::Deny));
        for mut s in [Setup::utility(), Setup::reply("hola")] {
            s.facts.meta_refusals = Fact::Known(vec![s.now]);
            assert!(s.found(RULE).is_none());
        }
    }
}
