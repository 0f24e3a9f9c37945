//! `frequency.promise-exceeded`: more than was promised at opt-in.

use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentScope, FrequencyPromise};

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "frequency.promise-exceeded",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Frequency,
    stages: Stages::Both,
    moves_with_time: true,
    title: words(
        "Más de lo prometido",
        "Mais que o prometido",
        "More than promised",
    ),
    sentence: words(
        "A la persona se le prometió {limit} y ya recibió {value}.",
        "À pessoa foi prometido {limit} e ela já recebeu {value}.",
        "The person was promised {limit} and already got {value}.",
    ),
    remedy: words(
        "Podrá salir a partir de {until}.",
        "Poderá sair a partir de {until}.",
        "It can go from {until} on.",
    ),
    docs: Docs {
        checks: "Promotional sends, accepted or in flight, in the rolling period of the promise made with \
                 the consent: those of its topic for consent to a topic, all for a wider one.",
        why: "What was promised when the person said yes is part of the yes.",
        fires: "Defers to the instant at which the send that fills the promise leaves the period. Denies \
                when the sends are not known or the promise is of none.",
        facts: "`consent`, `promotional_sends`.",
        parameters: "`default_promise` (2 per 7 × 24 h) where the consent names none.",
        source: "Own choice: rolling periods are stricter than any calendar reading.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if !case.is_promotional() {
            return None;
        }
        let Some(ConsentStanding::Granted { by, promise, .. }) = &case.standing else {
            return None;
        };
        let promise = promise.unwrap_or(case.policy.default_promise);
        let Some(sends) = case.facts.promotional_sends.known() else {
            return Some(Found::deny("unknown", show(promise)));
        };
        let one_topic = case.facts.consent.known().is_some_and(|events| {
            events
                .iter()
                .any(|e| e.id == *by && matches!(e.scope, ConsentScope::Topic(_)))
        });
        let period = promise.per.length();
        let counts = |(topic, at): &&(Option<String>, Ts)| {
            case.now.since(*at) < period.0 && (!one_topic || topic.as_deref() == case.topic)
        };
        let sent = sends.iter().filter(counts).count();
        let most = usize::try_from(promise.max).unwrap_or(usize::MAX);
        if sent < most {
            return None;
        }
        // The sends come oldest first: when this one leaves the period, `most - 1` are left.
        let value = sent.to_string();
        match sends.iter().filter(counts).nth(sent - most) {
            Some((_, leaves)) if most > 0 => {
                Some(Found::defer(*leaves + period, value, show(promise)))
            }
            _ => Some(Found::deny(value, show(promise))),
        }
    }
}

fn show(promise: FrequencyPromise) -> String {
    let days = promise.per.length().0 / 86_400_000;
    format!("{} / {days} d", promise.max)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, granted, ts};
    use crate::{Fact, Verdict};
    use portero_domain::consent::{ConsentScope, FrequencyPromise, Period};

    const RULE: &str = "frequency.promise-exceeded";

    fn sends(s: &mut Setup, at: &[(&str, &str)]) {
        s.facts.promotional_sends = Fact::Known(
            at.iter()
                .map(|(t, at)| (Some((*t).to_owned()), ts(at)))
                .collect(),
        );
    }

    /// Scenario 56.
    #[test]
    fn the_third_of_two_a_week_waits_for_the_first_to_leave() {
        let mut s = Setup::promo();
        s.facts.tenant.timezone = "UTC".into();
        sends(
            &mut s,
            &[
                ("ofertas", "2026-11-17T15:00:00Z"),
                ("ofertas", "2026-11-20T16:00:00Z"),
            ],
        );
        let judgement = s.judge();
        assert_eq!(judgement.verdict, Verdict::Defer);
        assert_eq!(judgement.primary.as_deref(), Some(RULE));
        assert_eq!(judgement.until, Some(ts("2026-11-24T15:00:00Z")));
        s.now = ts("2026-11-24T14:59:59.999Z");
        assert!(s.found(RULE).is_some());
        s.now = ts("2026-11-24T15:00:00Z");
        assert!(s.found(RULE).is_none());
    }

    /// Scenario 57.
    #[test]
    fn what_would_expire_meanwhile_is_denied_with_the_reason_kept() {
        let mut s = Setup::promo();
        sends(
            &mut s,
            &[
                ("ofertas", "2026-11-17T15:00:00Z"),
                ("ofertas", "2026-11-20T16:00:00Z"),
            ],
        );
        s.proposal.expires_at = ts("2026-11-24T12:00:00Z");
        let judgement = s.judge();
        assert_eq!(judgement.primary.as_deref(), Some("envelope.expired"));
        assert_eq!(judgement.findings[0].evidence, [RULE]);
        assert_eq!(judgement.findings[1].rule, RULE);
    }

    #[test]
    fn more_sends_than_promised_wait_until_enough_have_left() {
        let mut s = Setup::promo();
        sends(
            &mut s,
            &[
                ("ofertas", "2026-11-18T10:00:00Z"),
                ("ofertas", "2026-11-19T10:00:00Z"),
                ("ofertas", "2026-11-20T10:00:00Z"),
            ],
        );
        assert_eq!(
            s.found(RULE).unwrap().until,
            Some(ts("2026-11-26T10:00:00Z"))
        );
    }

    #[test]
    fn other_topics_count_only_for_a_wide_consent() {
        let mut s = Setup::promo();
        sends(
            &mut s,
            &[
                ("otros", "2026-11-20T15:00:00Z"),
                ("otros", "2026-11-21T16:00:00Z"),
            ],
        );
        assert!(s.found(RULE).is_none());
        *s.consent() = vec![granted(ConsentScope::Promotional, 1_000)];
        assert!(s.found(RULE).is_some());
    }

    #[test]
    fn the_default_promise_holds_where_none_was_made_and_unknown_sends_deny() {
        let mut s = Setup::promo();
        s.consent()[0].promise = None;
        sends(
            &mut s,
            &[
                ("ofertas", "2026-11-20T15:00:00Z"),
                ("ofertas", "2026-11-21T16:00:00Z"),
            ],
        );
        assert_eq!(s.found(RULE).unwrap().limit, "2 / 7 d");
        s.consent()[0].promise = Some(FrequencyPromise {
            max: 3,
            per: Period::Week,
        });
        assert!(s.found(RULE).is_none());
        s.consent()[0].promise = Some(FrequencyPromise {
            max: 0,
            per: Period::Week,
        });
        assert_eq!(s.found(RULE).unwrap().outcome, Some(Verdict::Deny));
        s.facts.promotional_sends = Fact::Unknown;
        assert_eq!(s.at_dispatch().denied_by(), Some(RULE.to_owned()));
    }

    #[test]
    fn order_updates_are_not_counted() {
        let mut s = Setup::utility();
        s.facts.promotional_sends = Fact::Unknown;
        assert!(s.found(RULE).is_none());
    }
}
