//! `template.quality-red`: people block and report this template.

use portero_domain::template::TemplateStatus;

use crate::facts::TemplateQuality;
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "template.quality-red",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Session,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "Plantilla de mala calidad",
        "Modelo de má qualidade",
        "Template of low quality",
    ),
    sentence: words(
        "La calidad de la plantilla {evidence} según Meta es {value}.",
        "A qualidade do modelo {evidence} segundo a Meta é {value}.",
        "Meta rates the quality of the template {evidence} as {value}.",
    ),
    remedy: words(
        "Cambia el contenido o el público antes de seguir: la próxima pausa puede ser definitiva.",
        "Mude o conteúdo ou o público antes de continuar: a próxima pausa pode ser definitiva.",
        "Change content or audience before going on: the next pause may be for good.",
    ),
    docs: Docs {
        checks: "The quality Meta last reported for the template, by webhook or sync.",
        why: "RED means that people block or report it; Meta pauses it and, the third time, disables it. \
              Low ratings reach the number too.",
        fires: "Holds promotion while it is RED. Notes RED for single utility messages and codes, and \
                YELLOW, when campaigns with it go at half the speed. GREEN and UNKNOWN pass. While Meta pauses the template, `template.paused` \
                speaks instead; the end of the pause makes the quality UNKNOWN.",
        facts: "`registry.quality`, `template.status`.",
        parameters: "None.",
        source: "Meta, template quality (as of 2026-11).",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let template = case.template()?;
        // A pause is Meta's own answer to the rating: `template.paused` speaks.
        if template.status == TemplateStatus::Paused {
            return None;
        }
        let label = || [format!("{} ({})", template.name, template.language)];
        match case.facts.registry.quality {
            TemplateQuality::Red if case.is_promotional() => {
                Some(Found::hold("RED", "YELLOW").because(label()))
            }
            TemplateQuality::Red => Some(Found::note("RED", "YELLOW").because(label())),
            TemplateQuality::Yellow => Some(Found::note("YELLOW", "GREEN").because(label())),
            TemplateQuality::Green | TemplateQuality::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Verdict;
    use crate::facts::TemplateQuality;
    use crate::testing::Setup;

    const RULE: &str = "template.quality-red";

    #[test]
    fn red_holds_promotion_and_is_noted_elsewhere() {
        for (quality, promo, utility) in [
            (TemplateQuality::Red, Some(Some(Verdict::Hold)), Some(None)),
            (TemplateQuality::Yellow, Some(None), Some(None)),
            (TemplateQuality::Green, None, None),
            (TemplateQuality::Unknown, None, None),
        ] {
            for (s, expected) in [
                (Setup::promo(), promo),
                (Setup::utility(), utility),
                (Setup::code(), utility),
            ] {
                for mut s in [s.clone(), s.at_dispatch()] {
                    s.facts.registry.quality = quality;
                    assert_eq!(s.found(RULE).map(|f| f.outcome), expected, "{quality:?}");
                }
            }
        }
        let mut s = Setup::promo();
        s.facts.registry.quality = TemplateQuality::Red;
        let judgement = s.judge();
        assert_eq!(judgement.verdict, Verdict::Hold);
        assert_eq!(judgement.primary.as_deref(), Some(RULE));
    }

    #[test]
    fn while_meta_pauses_it_the_pause_speaks() {
        let mut s = Setup::promo();
        s.facts.registry.quality = TemplateQuality::Red;
        s.registry().status = portero_domain::template::TemplateStatus::Paused;
        assert!(s.found(RULE).is_none());
        assert_eq!(s.judge().primary.as_deref(), Some("template.paused"));
    }

    #[test]
    fn what_is_no_template_has_no_quality() {
        let mut s = Setup::reply("hola");
        s.facts.registry.quality = TemplateQuality::Red;
        assert!(s.found(RULE).is_none());
    }
}
