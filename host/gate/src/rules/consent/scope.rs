//! `consent.scope`: the person agreed to something else.

use crate::cover::{self, Cover};
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "consent.scope",
    version: 1,
    stratum: Stratum::Law,
    phase: Phase::Consent,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "Aceptó otra cosa",
        "Aceitou outra coisa",
        "Agreed to something else",
    ),
    sentence: words(
        "La persona aceptó {limit}, no {value}.",
        "A pessoa aceitou {limit}, não {value}.",
        "The person agreed to {limit}, not to {value}.",
    ),
    remedy: words(
        "Usa uno de los temas aceptados, o pide el consentimiento para este.",
        "Use um dos temas aceitos, ou peça o consentimento para este.",
        "Use one of the topics agreed to, or ask for consent to this one.",
    ),
    docs: Docs {
        checks: "Whether a live grant covers the topic and the kind of this message.",
        why: "Consent is for what the wording named; generic consent is void in several laws.",
        fires: "Denies a template or promotion when grants stand but none covers it.",
        facts: "`consent`, `recipient.open_transactions`.",
        parameters: "None.",
        source: "Meta, opt-in by category; LGPD art. 8 §4; PE art. 58.1 e.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if cover::of(case) != Cover::Elsewhere {
            return None;
        }
        let events = case.facts.consent.known()?;
        let asked = case.topic.map_or_else(
            || case.purpose.as_str().to_owned(),
            |topic| format!("topic:{topic}"),
        );
        let granted: Vec<String> = cover::live_grants(events)
            .map(|e| cover::show(&e.scope))
            .collect();
        let ids = cover::live_grants(events).map(|e| e.id.to_string());
        Some(Found::deny(asked, granted.join(", ")).because(ids))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, granted};
    use portero_domain::consent::ConsentScope::{All, Promotional, Topic};

    const RULE: &str = "consent.scope";

    /// Scenario 19.
    #[test]
    fn a_grant_for_another_topic_is_named() {
        for s in [Setup::promo(), Setup::promo().at_dispatch()] {
            let mut s = s;
            *s.consent() = vec![granted(Topic("pedidos".into()), 1_000)];
            assert_eq!(s.denied_by(), Some(RULE.to_owned()));
            let found = s.found(RULE).unwrap();
            assert_eq!(
                (found.value.as_str(), found.limit.as_str()),
                ("topic:ofertas", "topic:pedidos")
            );
            assert!(
                s.found("consent.missing").is_none(),
                "one of the two speaks"
            );
        }
    }

    #[test]
    fn wide_grants_cover_every_topic() {
        for scope in [All, Promotional, Topic("ofertas".into())] {
            let mut s = Setup::promo();
            *s.consent() = vec![granted(scope, 1_000)];
            assert!(s.found(RULE).is_none());
        }
    }

    #[test]
    fn promotion_that_names_no_topic_needs_a_wide_grant() {
        let mut s = Setup::promo();
        s.proposal.topic = None;
        *s.consent() = vec![granted(Topic("ofertas".into()), 1_000)];
        assert_eq!(s.found(RULE).unwrap().value, "promotional");
        *s.consent() = vec![granted(Promotional, 1_000)];
        assert!(s.found(RULE).is_none());
    }

    #[test]
    fn a_grant_for_offers_does_not_cover_order_updates() {
        let mut s = Setup::utility();
        assert!(s.found(RULE).is_none(), "the open order does");
        s.facts.recipient.open_transactions.clear();
        *s.consent() = vec![granted(Promotional, 1_000)];
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
    }
}
