//! `template.opt-out-missing`: promotion that does not say how to stop it.

use portero_domain::template::{StopPart, TemplateCategory};

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "template.opt-out-missing",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Session,
    stages: Stages::Admission,
    moves_with_time: false,
    title: words("No dice cómo parar", "Não diz como parar", "No way to stop"),
    sentence: words(
        "La plantilla {evidence} no dice cómo dejar de recibir promociones ({value}).",
        "O modelo {evidence} não diz como deixar de receber promoções ({value}).",
        "The template {evidence} does not say how to stop promotion ({value}).",
    ),
    remedy: words(
        "Añádele un botón o un pie, y sincroniza: «{limit}».",
        "Acrescente um botão ou um rodapé, e sincronize: «{limit}».",
        "Add a button or a footer, and sync: “{limit}”.",
    ),
    docs: Docs {
        checks: "Whether a marketing template has a quick reply, a footer or a body text with a word that \
                 the host takes as an opt-out. Looked up when the template is synced.",
        why: "Who cannot stop a sender blocks the number; clear instructions are Meta's demand and the \
              law's.",
        fires: "Denies marketing templates that have none, and those never looked at: sync.",
        facts: "`template.category`, `template.slots.stop`.",
        parameters: "None.",
        source: "Meta, opt-out instructions; CO Ley 2300 art. 5 par. 2; AR Disposición 4/2009.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let template = case.template()?;
        if template.category != TemplateCategory::Marketing {
            return None;
        }
        let why = match template.slots.stop {
            Some(StopPart::Button | StopPart::Footer | StopPart::Body) => return None,
            Some(StopPart::Nowhere) => "stop_nowhere",
            None => "never_synced",
        };
        Some(
            Found::deny(why, footer(&template.language))
                .because([format!("{} ({})", template.name, template.language)]),
        )
    }
}

/// A footer to copy, in the template's language.
fn footer(language: &str) -> &'static str {
    match language.split('_').next() {
        Some("es") => "Responde BAJA para no recibir más",
        Some("pt") => "Responda SAIR para não receber mais",
        _ => "Reply STOP to get no more of these",
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Setup;
    use crate::words::tells_how_to_stop;
    use portero_domain::template::{StopPart, TemplateCategory};

    const RULE: &str = "template.opt-out-missing";

    /// Scenario 101.
    #[test]
    fn a_marketing_template_without_a_way_out_is_refused() {
        let mut s = Setup::promo();
        for part in [StopPart::Button, StopPart::Footer, StopPart::Body] {
            s.registry().slots.stop = Some(part);
            assert!(s.found(RULE).is_none());
        }
        for (part, value) in [
            (Some(StopPart::Nowhere), "stop_nowhere"),
            (None, "never_synced"),
        ] {
            s.registry().slots.stop = part;
            assert_eq!(s.denied_by(), Some(RULE.to_owned()));
            assert_eq!(s.found(RULE).unwrap().value, value);
            assert!(s.clone().at_dispatch().found(RULE).is_none());
        }
    }

    #[test]
    fn utility_and_codes_need_none() {
        for mut s in [Setup::utility(), Setup::code()] {
            s.registry().slots.stop = None;
            assert!(s.found(RULE).is_none());
            s.registry().category = TemplateCategory::Marketing;
            assert!(s.found(RULE).is_some());
        }
    }

    #[test]
    fn the_footer_offered_would_do() {
        for language in ["es_CO", "pt_BR", "en", "fr"] {
            assert!(tells_how_to_stop(super::footer(language)));
        }
    }
}
