//! `frequency.cap-tenant`: more than the tenant sends to one person, whatever the topic.

use portero_domain::clock::{Millis, Ts};

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "frequency.cap-tenant",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Frequency,
    stages: Stages::Both,
    moves_with_time: true,
    title: words("Tope de mensajes", "Limite de mensagens", "Cap on messages"),
    sentence: words(
        "La persona ya recibió {value} mensajes así; el tope de la cuenta es {limit}.",
        "A pessoa já recebeu {value} mensagens assim; o limite da conta é {limit}.",
        "The person already got {value} such messages; the tenant's cap is {limit}.",
    ),
    remedy: words(
        "Podrá salir a partir de {until}.",
        "Poderá sair a partir de {until}.",
        "It can go from {until} on.",
    ),
    docs: Docs {
        checks: "Messages to this person, accepted or in flight, in rolling periods: promotion of all \
                 topics and campaigns together; order notices and other utility templates; one-time codes.",
        why: "Every topic may keep its promise and the person still gets one message a day from each.",
        fires: "Defers to the instant at which enough of them leave the period, the latest of all periods. \
                Denies when a cap is 0 or the sends are not known. A send that Meta refused is given \
                back. Answers inside the window are not counted.",
        facts: "`promotional_sends`, `template_sends`.",
        parameters: "`promotional_per_day` (1 per 24 h), `promotional_per_week` (3 per 7 × 24 h), \
                     `promotional_per_month` (8 per 30 × 24 h), `transactional_per_day` (10 per 24 h), \
                     `codes_per_hour` (5 per hour).",
        source: "Own choice; catalogue A.11.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let policy = case.policy;
        match case.purpose {
            Purpose::Promotional => {
                let Some(sends) = case.facts.promotional_sends.known() else {
                    return Some(Found::deny("unknown", "promotional_sends"));
                };
                let at = |send: &(Option<String>, Ts)| send.1;
                [
                    (policy.promotional_per_day, Millis::days(1), "24 h"),
                    (policy.promotional_per_week, Millis::days(7), "7 d"),
                    (policy.promotional_per_month, Millis::days(30), "30 d"),
                ]
                .into_iter()
                .filter_map(|(most, period, name)| over(case.now, sends, at, most, period, name))
                .reduce(stricter)
            }
            Purpose::Authentication | Purpose::Transactional if case.is_template() => {
                let code = case.purpose == Purpose::Authentication;
                let Some(sends) = case.facts.template_sends.known() else {
                    return Some(Found::unknown(case, "template_sends"));
                };
                let (most, period, name) = if code {
                    (policy.codes_per_hour, Millis::hours(1), "1 h")
                } else {
                    (policy.transactional_per_day, Millis::days(1), "24 h")
                };
                // Of the other kind: never inside any period.
                let at = |send: &(bool, Ts)| if send.0 == code { send.1 } else { Ts(i64::MIN) };
                over(case.now, sends, at, most, period, name)
            }
            _ => None,
        }
    }
}

/// What one cap says; sends come oldest first.
fn over<T>(
    now: Ts,
    sends: &[T],
    at: impl Fn(&T) -> Ts,
    most: u32,
    period: Millis,
    name: &str,
) -> Option<Found> {
    let counted = || {
        sends
            .iter()
            .map(&at)
            .filter(|at| at.ms() > now.ms().saturating_sub(period.0))
    };
    let sent = counted().count();
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if sent < most {
        return None;
    }
    let (value, limit) = (sent.to_string(), format!("{most} / {name}"));
    match counted().nth(sent - most) {
        // When this one leaves the period, `most - 1` are left.
        Some(leaves) if most > 0 => Some(Found::defer(leaves + period, value, limit)),
        _ => Some(Found::deny(value, limit)),
    }
}

/// A deny, else the later instant, else the first.
fn stricter(a: Found, b: Found) -> Found {
    if (b.outcome, b.until) > (a.outcome, a.until) {
        b
    } else {
        a
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Setup;
    use crate::{Fact, Verdict};
    use portero_domain::clock::{Millis, Ts};

    const RULE: &str = "frequency.cap-tenant";

    fn promo(ago: &[Millis]) -> Setup {
        let mut s = Setup::promo();
        let sends = ago
            .iter()
            .map(|ago| (Some("otro".to_owned()), s.now - *ago));
        s.facts.promotional_sends = Fact::Known(sends.collect());
        s
    }

    /// Scenario 58, and its boundaries: another topic, another campaign, the same person.
    #[test]
    fn one_promotion_a_day_to_the_millisecond() {
        for (ago, passes) in [(-1, false), (0, true), (1, true)] {
            let s = promo(&[Millis(86_400_000 + ago)]);
            assert_eq!(s.found(RULE).is_none(), passes, "{ago}");
            assert_eq!(s.at_dispatch().found(RULE).is_none(), passes, "{ago}");
        }
        let s = promo(&[Millis::hours(7)]);
        let found = s.found(RULE).unwrap();
        assert_eq!(found.until, Some(s.now + Millis::hours(17)));
        assert_eq!(
            (found.value.as_str(), found.limit.as_str()),
            ("1", "1 / 24 h")
        );
    }

    #[test]
    fn three_a_week_and_eight_a_month() {
        let days = |n: i64| Millis::days(n);
        let s = promo(&[days(6), days(4), days(2)]);
        let found = s.found(RULE).unwrap();
        assert_eq!(found.limit, "3 / 7 d");
        assert_eq!(found.until, Some(s.now + days(1)));
        let eight: Vec<Millis> = [29, 26, 23, 20, 17, 14, 11, 8].map(days).to_vec();
        let s = promo(&eight);
        let found = s.found(RULE).unwrap();
        assert_eq!(found.limit, "8 / 30 d");
        assert_eq!(found.until, Some(s.now + days(1)));
        let s = promo(&eight[1..]);
        assert!(s.found(RULE).is_none());
    }

    #[test]
    fn of_several_full_caps_the_latest_instant_counts() {
        let s = promo(&[Millis::days(6), Millis::days(4), Millis::hours(1)]);
        let found = s.found(RULE).unwrap();
        assert_eq!(found.until, Some(s.now + Millis::days(1)), "the week's");
        let s = promo(&[
            Millis::hours(6 * 24 + 20),
            Millis::days(4),
            Millis::hours(1),
        ]);
        assert_eq!(
            s.found(RULE).unwrap().until,
            Some(s.now + Millis::hours(23)),
            "the day's"
        );
    }

    #[test]
    fn a_cap_of_none_and_sends_that_are_not_known_deny() {
        let mut s = promo(&[]);
        s.policy.promotional_per_week = 0;
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        let mut s = promo(&[]);
        s.facts.promotional_sends = Fact::Unknown;
        assert_eq!(s.found(RULE).unwrap().outcome, Some(Verdict::Deny));
    }

    #[test]
    fn ten_notices_a_day_and_five_codes_an_hour_each_for_itself() {
        for (mut s, code, most, period) in [
            (Setup::utility(), false, 10, Millis::days(1)),
            (Setup::code(), true, 5, Millis::hours(1)),
        ] {
            let now = s.now;
            let sends = |kind: bool, n: i64, oldest: Ts| {
                let all = (0..n).map(|i| (kind, oldest.plus_ms(i))).collect();
                Fact::Known(all)
            };
            let edge = now - period;
            for (by, passes) in [(-1, true), (0, true), (1, false)] {
                s.facts.template_sends = sends(code, most, edge.plus_ms(by));
                assert_eq!(s.found(RULE).is_none(), passes, "{code} {by}");
            }
            assert_eq!(s.found(RULE).unwrap().until, Some(now.plus_ms(1)));
            s.facts.template_sends = sends(!code, 50, now - Millis::minutes(9));
            assert!(s.found(RULE).is_none());
            s.facts.template_sends = Fact::Unknown;
            assert_eq!(s.found(RULE).unwrap().outcome, Some(Verdict::Hold));
        }
        let mut s = Setup::reply("hola");
        s.facts.template_sends = Fact::Unknown;
        assert!(s.found(RULE).is_none(), "answers are not counted");
    }
}
