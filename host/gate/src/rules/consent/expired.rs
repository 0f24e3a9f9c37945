//! `consent.expired`: the consent is too old, or the person has shown no sign for too long.

use portero_domain::clock::Ts;

use crate::cover::{self, Cover};
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "consent.expired",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Consent,
    stages: Stages::Both,
    moves_with_time: true,
    title: words(
        "Consentimiento vencido",
        "Consentimento vencido",
        "Consent expired",
    ),
    sentence: words(
        "El consentimiento de la persona venció el {limit}: {value}.",
        "O consentimento da pessoa venceu em {limit}: {value}.",
        "The person's consent expired on {limit}: {value}.",
    ),
    remedy: words(
        "Pregunta de nuevo cuando la persona te escriba.",
        "Pergunte de novo quando a pessoa escrever.",
        "Ask again when the person writes to you.",
    ),
    docs: Docs {
        checks: "The age of the grant that covers the message, the end written on it, and the person's \
                 last sign: a message to any number of the tenant, or a template of ours read.",
        why: "Who agreed years ago and was never heard of since does not expect the message, and blocks \
              or reports it.",
        fires: "Denies from the first of these on: the end written on the grant, `consent_max_age_ms` \
                after the person agreed, `consent_inactivity_ms` after the last sign (the grant is one). \
                Not asked of what an open transaction or the person's own request for a code covers.",
        facts: "`consent`, `recipient.last_sign_at`, `recipient.open_transactions`.",
        parameters: "`consent_max_age_ms` (730 d), `consent_inactivity_ms` (365 d).",
        source: "Own choice; no statute read sets a number. Catalogue A.5.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let Some(ConsentStanding::Granted { by, at, .. }) = &case.standing else {
            return None;
        };
        if cover::of(case) != Cover::Covered || rests_on_something_else(case) {
            return None;
        }
        let grant = case.facts.consent.known()?.iter().find(|e| e.id == *by)?;
        let sign = case
            .facts
            .recipient
            .last_sign_at
            .map_or(*at, |s| s.max(*at));
        let ends: [(Option<Ts>, &str); 3] = [
            (grant.expires_at, "consent_end"),
            (Some(*at + case.policy.consent_max_age_ms), "consent_age"),
            (
                Some(sign + case.policy.consent_inactivity_ms),
                "consent_inactivity",
            ),
        ];
        let (end, why) = ends
            .into_iter()
            .filter_map(|(end, why)| end.map(|end| (end, why)))
            .min()?;
        (case.now >= end).then(|| Found::deny(why, end.rfc3339()).because([by.to_string()]))
    }
}

/// An open order covers its own notices, a request its code, however old a consent beside it is.
fn rests_on_something_else(case: &Case<'_>) -> bool {
    match case.purpose {
        Purpose::Authentication => case.asked_for_code(),
        Purpose::Transactional | Purpose::Reply | Purpose::System => {
            !case.facts.recipient.open_transactions.is_empty()
        }
        Purpose::ConsentRequest | Purpose::Promotional => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, granted, ts};
    use portero_domain::clock::{Millis, Ts};
    use portero_domain::consent::ConsentScope::Topic;

    const RULE: &str = "consent.expired";

    fn agreed(at: Ts) -> Setup {
        let mut s = Setup::promo();
        s.facts.recipient.last_sign_at = None;
        s.policy.consent_max_age_ms = Millis::days(730);
        s.policy.consent_inactivity_ms = Millis::days(365);
        *s.consent() = vec![granted(Topic("ofertas".into()), at.ms())];
        s
    }

    /// Scenario 24, and its boundaries.
    #[test]
    fn a_grant_lives_two_years_to_the_millisecond() {
        let mut s = agreed(ts("2024-11-20T15:00:00Z"));
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        let from = s.now;
        for (age, expired) in [(-1, false), (0, true), (1, true)] {
            s = agreed(from - Millis::days(730) - Millis(age));
            s.facts.recipient.last_sign_at = Some(from);
            let found = s.found(RULE);
            assert_eq!(found.is_some(), expired, "{age}");
            assert_eq!(s.clone().at_dispatch().found(RULE).is_some(), expired);
            if let Some(found) = found {
                assert_eq!(found.value, "consent_age");
                assert_eq!(found.limit, (from - Millis(age)).rfc3339());
            }
        }
    }

    #[test]
    fn a_year_without_a_sign_ends_it_and_a_sign_keeps_it() {
        let mut s = agreed(ts("2025-06-01T00:00:00Z"));
        let now = s.now;
        assert_eq!(
            s.found(RULE).unwrap().value,
            "consent_inactivity",
            "nothing since the grant itself"
        );
        for (ago, expired) in [(-1, false), (0, true), (1, true)] {
            s.facts.recipient.last_sign_at = Some(now - Millis::days(365) - Millis(ago));
            assert_eq!(s.found(RULE).is_some(), expired, "{ago}");
        }
        s.facts.recipient.last_sign_at = Some(ts("2025-05-01T00:00:00Z"));
        assert!(s.found(RULE).is_some(), "older than the grant: no sign");
    }

    #[test]
    fn an_end_written_on_the_grant_comes_first() {
        let mut s = agreed(ts("2026-10-01T15:00:00Z"));
        let now = s.now;
        for (by, expired) in [(-1, true), (0, true), (1, false)] {
            s.consent()[0].expires_at = Some(now.plus_ms(by));
            assert_eq!(s.found(RULE).is_some(), expired, "{by}");
        }
        s.consent()[0].expires_at = Some(now);
        assert_eq!(s.found(RULE).unwrap().value, "consent_end");
        let id = s.consent()[0].id.to_string();
        assert_eq!(s.found(RULE).unwrap().evidence, [id]);
    }

    #[test]
    fn a_deferral_over_the_end_is_no_way_around_it() {
        let mut s = agreed(ts("2026-10-01T15:00:00Z"));
        s.now = ts("2026-11-24T02:00:00Z");
        s.consent()[0].expires_at = Some(ts("2026-11-24T13:59:59.999Z"));
        assert_eq!(
            s.denied_by(),
            Some(RULE.to_owned()),
            "expired when the tenant's morning comes"
        );
    }

    #[test]
    fn an_open_order_needs_no_consent_and_so_none_that_lives() {
        let mut s = Setup::utility();
        s.proposal.topic = Some("pedidos".into());
        s.policy.consent_max_age_ms = Millis::days(730);
        s.facts.consent = crate::Fact::Known(vec![granted(Topic("pedidos".into()), 1_000)]);
        assert!(s.found(RULE).is_none());
        s.facts.recipient.open_transactions.clear();
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        assert!(Setup::reply("hola").found(RULE).is_none());
    }
}
