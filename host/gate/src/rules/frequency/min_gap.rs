//! `frequency.min-gap`: too soon after the last promotion.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "frequency.min-gap",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Frequency,
    stages: Stages::Both,
    moves_with_time: true,
    title: words(
        "Muy seguido de otra promoción",
        "Logo depois de outra promoção",
        "Close to another promotion",
    ),
    sentence: words(
        "La última promoción a esta persona salió el {value}; la cuenta deja {limit} entre dos.",
        "A última promoção a esta pessoa saiu em {value}; a conta deixa {limit} entre duas.",
        "The last promotion to this person went on {value}; the tenant leaves {limit} between two.",
    ),
    remedy: words(
        "Saldrá a partir de {until}.",
        "Sairá a partir de {until}.",
        "It will go from {until} on.",
    ),
    docs: Docs {
        checks: "The time since the last promotion to this person, of whatever topic or campaign.",
        why: "Two offers in a row read like one too many, even where the day's cap would allow them.",
        fires: "Defers to the end of the gap. Denies when the sends are not known.",
        facts: "`promotional_sends`.",
        parameters: "`promotional_gap_ms` (12 h).",
        source: "Own choice; catalogue A.11.",
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
        let Some(sends) = case.facts.promotional_sends.known() else {
            return Some(Found::deny("unknown", "promotional_sends"));
        };
        let gap = case.policy.promotional_gap_ms;
        let last = sends.iter().map(|(_, at)| *at).max()?;
        let until = last + gap;
        (case.now < until)
            .then(|| Found::defer(until, last.rfc3339(), format!("{} min", gap.0 / 60_000)))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Setup;
    use crate::{Fact, Verdict};
    use portero_domain::clock::Millis;

    const RULE: &str = "frequency.min-gap";

    #[test]
    fn twelve_hours_lie_between_two_promotions_to_the_millisecond() {
        for (ago, passes) in [(-1, false), (0, true), (1, true)] {
            let mut s = Setup::promo();
            let last = s.now - Millis::hours(12) - Millis(ago);
            let topic = |t: &str| Some(t.to_owned());
            s.facts.promotional_sends =
                Fact::Known(vec![(topic("otro"), s.now - Millis::days(3)), (None, last)]);
            assert_eq!(s.found(RULE).is_none(), passes, "{ago}");
            let s = s.at_dispatch();
            assert_eq!(s.found(RULE).is_none(), passes, "{ago}");
            if let Some(found) = s.found(RULE) {
                assert_eq!(found.until, Some(last + Millis::hours(12)));
            }
        }
    }

    #[test]
    fn a_tenant_may_leave_more_room() {
        let mut s = Setup::promo();
        s.facts.promotional_sends = Fact::Known(vec![(None, s.now - Millis::hours(30))]);
        assert_eq!(s.judge().verdict, Verdict::Allow);
        s.policy.promotional_gap_ms = Millis::hours(48);
        let judgement = s.judge();
        assert_eq!(judgement.primary.as_deref(), Some(RULE));
        assert_eq!(judgement.findings[0].limit, "2880 min");
    }

    #[test]
    fn unknown_sends_deny_and_what_is_no_promotion_is_not_asked() {
        let mut s = Setup::promo();
        s.facts.promotional_sends = Fact::Unknown;
        assert_eq!(s.found(RULE).unwrap().outcome, Some(Verdict::Deny));
        let mut s = Setup::utility();
        s.facts.promotional_sends = Fact::Unknown;
        assert!(s.found(RULE).is_none());
    }
}
