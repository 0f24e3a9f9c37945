//! `template.language`: not in the language the person reads.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "template.language",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Session,
    stages: Stages::Admission,
    moves_with_time: false,
    title: words("Otro idioma", "Outro idioma", "Another language"),
    sentence: words(
        "La plantilla está en {value} y la persona lee {limit}. Aprobadas: {evidence}.",
        "O modelo está em {value} e a pessoa lê {limit}. Aprovados: {evidence}.",
        "The template is in {value} and the person reads {limit}. Approved: {evidence}.",
    ),
    remedy: words(
        "Usa la traducción de la persona, apruébala, o pon el idioma en `template_fallback`.",
        "Use a tradução da pessoa, aprove-a, ou ponha o idioma em `template_fallback`.",
        "Use the person's translation, have it approved, or put the language into `template_fallback`.",
    ),
    docs: Docs {
        checks: "The template's language against the language on record for the person; regions of one \
                 language are one (`es_MX` serves `es`).",
        why: "An offer one cannot read is an annoyance, and blocked as such.",
        fires: "Denies promotion in another language, whether the person's own is approved or not. Notes \
                utility messages and codes, languages the tenant lists in `template_fallback`, and, \
                because it is a guess, a language that only follows from the person's country.",
        facts: "`recipient.language`, `recipient.country`, `registry.languages`.",
        parameters: "`template_fallback` (none): languages that serve people of every language.",
        source: "Own choice; catalogue A.7.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let template = case.template()?;
        let sent = primary(&template.language);
        let recipient = &case.facts.recipient;
        let (reads, guessed) = match recipient.language.as_deref() {
            Some(tag) => (primary(tag), false),
            None => (of_country(recipient.country.as_deref()?)?, true),
        };
        if sent.eq_ignore_ascii_case(reads) {
            return None;
        }
        let serves_all = case
            .policy
            .template_fallback
            .iter()
            .any(|l| primary(l).eq_ignore_ascii_case(sent));
        let found = if case.is_promotional() && !guessed && !serves_all {
            Found::deny(template.language.as_str(), reads)
        } else {
            Found::note(template.language.as_str(), reads)
        };
        Some(found.because(case.facts.registry.languages.iter().cloned()))
    }
}

/// `es` of `es_MX` or `es-MX`.
fn primary(tag: &str) -> &str {
    tag.split(['_', '-']).next().unwrap_or(tag)
}

/// What most people of a country read; only where there is little doubt.
fn of_country(country: &str) -> Option<&'static str> {
    Some(match country {
        "AR" | "BO" | "CL" | "CO" | "CR" | "CU" | "DO" | "EC" | "ES" | "GT" | "HN" | "MX"
        | "NI" | "PA" | "PE" | "PY" | "SV" | "UY" | "VE" => "es",
        "BR" | "PT" => "pt",
        "GB" | "IE" | "AU" | "NZ" => "en",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::Verdict;
    use crate::testing::Setup;

    const RULE: &str = "template.language";

    /// Scenario 98.
    #[test]
    fn an_offer_in_another_language_is_refused_and_a_notice_is_noted() {
        for (mut s, outcome) in [
            (Setup::promo(), Some(Verdict::Deny)),
            (Setup::utility(), None),
            (Setup::code(), None),
        ] {
            for same in ["es", "es_MX", "es-CO", "ES"] {
                s.facts.recipient.language = Some(same.into());
                assert!(s.found(RULE).is_none(), "{same}");
            }
            s.facts.recipient.language = Some("fr".into());
            s.facts.registry.languages = vec!["es".into(), "pt_BR".into()];
            let found = s.found(RULE).unwrap();
            assert_eq!(found.outcome, outcome);
            assert_eq!(found.evidence, ["es", "pt_BR"]);
            assert!(s.clone().at_dispatch().found(RULE).is_none());
        }
        let mut s = Setup::promo();
        s.facts.recipient.language = Some("pt_BR".into());
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
    }

    #[test]
    fn a_language_that_serves_all_is_noted() {
        let mut s = Setup::promo();
        s.facts.recipient.language = Some("fr".into());
        s.policy.template_fallback = vec!["es_MX".into()];
        assert_eq!(s.found(RULE).unwrap().outcome, None);
        s.policy.template_fallback = vec!["pt".into()];
        assert_eq!(s.found(RULE).unwrap().outcome, Some(Verdict::Deny));
    }

    #[test]
    fn a_country_is_a_guess_and_nothing_known_says_nothing() {
        let mut s = Setup::promo();
        s.facts.recipient.language = None;
        for (country, found) in [
            (Some("CO"), None),
            (Some("BR"), Some(None)),
            (Some("CH"), None),
            (None, None),
        ] {
            s.facts.recipient.country = country.map(str::to_owned);
            assert_eq!(s.found(RULE).map(|f| f.outcome), found, "{country:?}");
        }
    }
}
