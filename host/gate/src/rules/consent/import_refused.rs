//! `consent.import-refused`: the consent came in a list that is no proof.

use portero_domain::consent::ConsentEventKind;

use crate::cover::{self, Cover};
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "consent.import-refused",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Consent,
    // The catalogue has it at admission; at dispatch nobody else would speak for such a record.
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "Consentimiento importado rechazado",
        "Consentimento importado recusado",
        "Imported consent refused",
    ),
    sentence: words(
        "El consentimiento de esta persona vino de una lista que no prueba nada ({value}).",
        "O consentimento desta pessoa veio de uma lista que não prova nada ({value}).",
        "This person's consent came in a list that proves nothing ({value}).",
    ),
    remedy: words(
        "Pide el consentimiento cuando la persona te escriba; una lista comprada no vale.",
        "Peça o consentimento quando a pessoa escrever; uma lista comprada não vale.",
        "Ask for consent when the person writes to you; a bought list is none.",
    ),
    docs: Docs {
        checks: "Whether the only trace of consent is one that was refused when it was brought in: of a \
                 bought, rented, shared or scraped list, without attestation, time or wording.",
        why: "Meta demands an opt-in given to this business; selling contact lists of WhatsApp was the \
              first thing Brazil's authority fined a private company for.",
        fires: "Denies what needs consent when nothing else covers it and a refused record for its topic \
                stands. The person's own yes, later or earlier, makes it irrelevant.",
        facts: "`consent`.",
        parameters: "None.",
        source: "Meta opt-in duty; ANPD 2023-07-06 (Telekall); catalogue B.5.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if cover::of(case) != Cover::Refused {
            return None;
        }
        let events = case.facts.consent.known()?;
        let ids = events
            .iter()
            .filter(|e| e.kind == ConsentEventKind::ImportRefused)
            .map(|e| e.id.to_string());
        Some(Found::deny("import_refused", "granted").because(ids))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, granted, import_refused, requested};
    use portero_domain::consent::ConsentScope::{Promotional, Topic};

    const RULE: &str = "consent.import-refused";

    fn ofertas() -> portero_domain::consent::ConsentScope {
        Topic("ofertas".into())
    }

    /// Scenario 22.
    #[test]
    fn a_refused_row_covers_nothing_and_is_named() {
        for scope in [ofertas(), Promotional] {
            let mut s = Setup::promo();
            *s.consent() = vec![import_refused(scope, 2_000)];
            assert_eq!(s.denied_by(), Some(RULE.to_owned()));
            let id = s.consent()[0].id.to_string();
            assert_eq!(s.found(RULE).unwrap().evidence, [id]);
            assert!(
                s.found("consent.missing").is_none(),
                "one of the two speaks"
            );
            assert_eq!(s.at_dispatch().denied_by(), Some(RULE.to_owned()));
        }
    }

    #[test]
    fn the_persons_own_yes_stands_whenever_it_came() {
        for at in [1_999, 2_000, 2_001] {
            let mut s = Setup::promo();
            *s.consent() = vec![import_refused(ofertas(), 2_000), granted(ofertas(), at)];
            assert!(s.found(RULE).is_none());
            assert_eq!(s.denied_by(), None, "{at}");
        }
    }

    #[test]
    fn a_list_for_another_topic_and_a_question_asked_say_nothing_here() {
        let mut s = Setup::promo();
        *s.consent() = vec![import_refused(Topic("novedades".into()), 2_000)];
        assert_eq!(s.denied_by().as_deref(), Some("consent.missing"));
        *s.consent() = vec![
            import_refused(ofertas(), 2_000),
            requested("ofertas", 3_000),
        ];
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        let mut s = Setup::utility();
        s.consent().push(import_refused(Promotional, 2_000));
        assert!(s.found(RULE).is_none(), "an open order needs no list");
    }
}
