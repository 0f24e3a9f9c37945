//! `limits.tier`: the portfolio wrote first to as many people in 24 hours as Meta allows.

use portero_domain::account::MessagingLimit;

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "limits.tier",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Limits,
    stages: Stages::Dispatch,
    moves_with_time: true,
    title: words(
        "Límite de personas por día",
        "Limite de pessoas por dia",
        "Limit of people a day",
    ),
    sentence: words(
        "En las últimas 24 horas ya se escribió primero a {value} personas; caben {limit}.",
        "Nas últimas 24 horas já se escreveu primeiro a {value} pessoas; cabem {limit}.",
        "In the last 24 hours {value} people were written to first; there is room for {limit}.",
    ),
    remedy: words(
        "Saldrá a partir de {until}. El límite crece con buena calidad; a quien escribió en 24 horas se le responde sin contar.",
        "Sairá a partir de {until}. O limite cresce com boa qualidade; a quem escreveu em 24 horas se responde sem contar.",
        "It will go from {until} on. The limit grows with good quality; who wrote within 24 hours does not count.",
    ),
    docs: Docs {
        checks: "Different people to whom templates went outside the service window in the last 24 hours, over all \
                 numbers of the tenant, against the messaging limit of the number's account.",
        why: "Meta refuses what is over the limit (131048), and refusals weigh on quality.",
        fires: "Defers to the instant at which the first person stops counting. Promotion may use 95 %, the rest is \
                kept for orders and codes. Somebody counted already passes. Until Meta told the limit, the smallest \
                (250) is taken.",
        facts: "`sender.standing.tier`, the service window.",
        parameters: "None.",
        source: "Meta, messaging limits: per portfolio since 2025-10-07.",
        since: "0.2.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let tier = case.facts.sender.known()?.standing.tier.as_ref()?;
        let limit = tier.limit.unwrap_or(MessagingLimit::SMALLEST);
        if tier.counted || limit.is_unlimited() {
            return None;
        }
        let room = if case.is_promotional() {
            limit.for_promotion()
        } else {
            limit.0
        };
        if tier.used < room {
            return None;
        }
        match tier.frees_at {
            // The count was made now; later the first of them has left.
            Some(until) if case.now >= until => None,
            Some(until) => Some(Found::defer(until, tier.used.to_string(), room.to_string())),
            None => Some(Found::deny(tier.used.to_string(), room.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Verdict;
    use crate::facts::TierFacts;
    use crate::testing::Setup;
    use portero_domain::account::MessagingLimit;
    use portero_domain::clock::Millis;

    const RULE: &str = "limits.tier";

    fn used(s: &mut Setup, limit: Option<u32>, used: u32) {
        let frees_at = Some(s.now + Millis::hours(1));
        s.sender().standing.tier = Some(TierFacts {
            limit: limit.map(MessagingLimit),
            used,
            counted: false,
            frees_at,
        });
    }

    /// Scenario 68.
    #[test]
    fn promotion_stops_at_95_percent_and_orders_at_the_limit() {
        for limit in [Some(250), None] {
            let mut s = Setup::promo().at_dispatch();
            used(&mut s, limit, 236);
            assert!(s.found(RULE).is_none());
            used(&mut s, limit, 237);
            let found = s.found(RULE).unwrap();
            assert_eq!(found.outcome, Some(Verdict::Defer));
            let mut s = Setup::utility().at_dispatch();
            for (n, fires) in [(237, false), (249, false), (250, true)] {
                used(&mut s, limit, n);
                assert_eq!(s.found(RULE).is_some(), fires, "{n}");
            }
        }
    }

    #[test]
    fn the_wait_ends_when_the_first_person_stops_counting() {
        let mut s = Setup::promo().at_dispatch();
        used(&mut s, Some(250), 250);
        let until = s.sender().standing.tier.as_ref().unwrap().frees_at.unwrap();
        assert_eq!(s.found(RULE).unwrap().until, Some(until));
        for (ms, fires) in [(-1, true), (0, false), (1, false)] {
            s.now = until.plus_ms(ms);
            assert_eq!(s.found(RULE).is_some(), fires, "{ms}");
        }
    }

    #[test]
    fn who_is_counted_already_passes_and_no_limit_is_none() {
        let mut s = Setup::promo().at_dispatch();
        used(&mut s, Some(250), 250);
        s.sender().standing.tier.as_mut().unwrap().counted = true;
        assert!(s.found(RULE).is_none());
        used(&mut s, Some(MessagingLimit::UNLIMITED.0), u32::MAX);
        assert!(s.found(RULE).is_none());
        // An account whose limit leaves promotion no room at all.
        used(&mut s, Some(1), 0);
        s.sender().standing.tier.as_mut().unwrap().frees_at = None;
        assert_eq!(s.found(RULE).unwrap().outcome, Some(Verdict::Deny));
        assert!(Setup::promo().at_dispatch().found(RULE).is_none());
    }
}
