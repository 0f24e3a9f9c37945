//! `template.category-mismatch`: declared as something else than the registry says.

use portero_domain::template::TemplateCategory;

use crate::cover::{self, Cover};
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "template.category-mismatch",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Session,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "Categoría distinta",
        "Categoria diferente",
        "Another category",
    ),
    sentence: words(
        "Se propuso como {value}, y la plantilla {evidence} es {limit}.",
        "Foi proposto como {value}, e o modelo {evidence} é {limit}.",
        "It was proposed as {value}, and the template {evidence} is {limit}.",
    ),
    remedy: words(
        "Vale la categoría del registro: declara el uso que le corresponde, con su consentimiento.",
        "Vale a categoria do registro: declare o uso que lhe corresponde, com seu consentimento.",
        "The registry's category counts: declare the purpose that goes with it, and its consent.",
    ),
    docs: Docs {
        checks: "The declared purpose against the category Meta has registered.",
        why: "Templates may be used for their designated purpose only, and Meta moves templates to \
              another category (utility to marketing) while messages wait.",
        fires: "The registry wins: every other rule judges by it. Denies when consent does not cover what \
                the template really is; when something that is no code is declared as one, because codes \
                escape consent, caps and quiet hours; and when promotion or a consent question is put \
                into a code's template. Otherwise notes.",
        facts: "`template.category`, `consent`, `recipient.open_transactions`.",
        parameters: "None.",
        source: "Meta, template categories and re-categorisation (as of 2026-11).",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let template = case.template()?;
        let category = template.category;
        if fits(case.declared, category) {
            return None;
        }
        let code = category == TemplateCategory::Authentication;
        let lies = if code {
            case.declared >= Purpose::ConsentRequest
        } else {
            case.declared == Purpose::Authentication
        };
        let uncovered = !matches!(cover::of(case), Cover::Covered | Cover::NotNeeded);
        let found = if lies || uncovered {
            Found::deny(case.declared.as_str(), category.as_str())
        } else {
            Found::note(case.declared.as_str(), category.as_str())
        };
        Some(found.because([format!("{} ({})", template.name, template.language)]))
    }
}

/// Answers and the host's own words say nothing about a category; a consent question is utility.
const fn fits(declared: Purpose, category: TemplateCategory) -> bool {
    match category {
        TemplateCategory::Marketing => matches!(declared, Purpose::Promotional),
        TemplateCategory::Utility => {
            !matches!(declared, Purpose::Promotional | Purpose::Authentication)
        }
        TemplateCategory::Authentication => matches!(
            declared,
            Purpose::Authentication | Purpose::Reply | Purpose::System
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::Verdict;
    use crate::testing::{Setup, granted};
    use portero_domain::consent::ConsentScope::Promotional as AllPromotion;
    use portero_domain::proposal::Purpose;
    use portero_domain::template::TemplateCategory;

    const RULE: &str = "template.category-mismatch";

    /// Scenario 66: Meta makes an order notice marketing while it waits.
    #[test]
    fn a_recategorised_template_needs_the_consent_of_its_new_category() {
        let mut s = Setup::utility().at_dispatch();
        assert!(s.found(RULE).is_none());
        s.registry().category = TemplateCategory::Marketing;
        let judgement = s.judge();
        assert_eq!(judgement.primary.as_deref(), Some("consent.missing"));
        let found = s.found(RULE).unwrap();
        assert_eq!(found.outcome, Some(Verdict::Deny));
        assert_eq!(
            (found.value.as_str(), found.limit.as_str()),
            ("transactional", "MARKETING")
        );
        *s.consent() = vec![granted(AllPromotion, 1_000)];
        assert_eq!(s.found(RULE).unwrap().outcome, None, "covered: a note");
        assert_eq!(s.judge().verdict, Verdict::Allow);
    }

    #[test]
    fn what_goes_with_what() {
        use Purpose::{Authentication, ConsentRequest, Promotional, Reply, System, Transactional};
        let deny = Some(Some(Verdict::Deny));
        let note = Some(None);
        for (category, declared, expected) in [
            (TemplateCategory::Marketing, Promotional, None),
            (TemplateCategory::Marketing, ConsentRequest, note),
            (TemplateCategory::Marketing, Transactional, note),
            (TemplateCategory::Marketing, Reply, note),
            (TemplateCategory::Marketing, Authentication, deny),
            (TemplateCategory::Marketing, System, note),
            (TemplateCategory::Utility, Promotional, note),
            (TemplateCategory::Utility, ConsentRequest, None),
            (TemplateCategory::Utility, Transactional, None),
            (TemplateCategory::Utility, Reply, None),
            (TemplateCategory::Utility, Authentication, deny),
            (TemplateCategory::Authentication, Authentication, None),
            (TemplateCategory::Authentication, Reply, None),
            (TemplateCategory::Authentication, Transactional, note),
            (TemplateCategory::Authentication, Promotional, deny),
            (TemplateCategory::Authentication, ConsentRequest, deny),
        ] {
            let mut s = Setup::promo();
            *s.consent() = vec![granted(portero_domain::consent::ConsentScope::All, 1_000)];
            s.facts.recipient.open_transactions = vec!["881".into()];
            s.registry().category = category;
            s.proposal.purpose = declared;
            assert_eq!(
                s.found(RULE).map(|f| f.outcome),
                expected,
                "{category:?} {declared:?}"
            );
        }
    }
}
