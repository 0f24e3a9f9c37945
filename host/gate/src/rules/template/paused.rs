//! `template.paused`: paused for low quality.

use portero_domain::clock::Millis;
use portero_domain::template::TemplateStatus;

use crate::rules::support::*;

/// Longest pause before Meta disables a template.
pub const LONGEST_PAUSE: Millis = Millis::hours(6);

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "template.paused",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Session,
    stages: Stages::Both,
    moves_with_time: true,
    title: words("Plantilla en pausa", "Modelo em pausa", "Template paused"),
    sentence: words(
        "Meta puso en pausa la plantilla {value} por su baja calidad, hasta {limit}.",
        "A Meta pausou o modelo {value} por baixa qualidade, até {limit}.",
        "Meta paused the template {value} for low quality, until {limit}.",
    ),
    remedy: words(
        "Mejora el contenido antes de reanudar; el envío se reintenta solo.",
        "Melhore o conteúdo antes de retomar; o envio é tentado de novo sozinho.",
        "Improve the content before going on; the message is tried again by itself.",
    ),
    docs: Docs {
        checks: "Whether Meta paused the template, and until when.",
        why: "Meta refuses sends while the pause lasts (132015) and pauses longer each time.",
        fires: "Defers to the end of the pause; when Meta did not say which pause it is, to six hours \
                after the status was last confirmed. An approval seen earlier releases it at once.",
        facts: "`template.status`, `template.paused_until`, `template.synced_at`.",
        parameters: "None.",
        source: "Meta, template pausing: 3 h, 6 h, then disabled.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let template = case.template()?;
        if template.status != TemplateStatus::Paused {
            return None;
        }
        let until = template
            .paused_until
            .unwrap_or(template.synced_at + LONGEST_PAUSE);
        (case.now < until).then(|| Found::defer(until, template.name.as_str(), until.rfc3339()))
    }
}

#[cfg(test)]
mod tests {
    use crate::Verdict;
    use crate::testing::Setup;
    use portero_domain::clock::Millis;
    use portero_domain::template::TemplateStatus;

    const RULE: &str = "template.paused";

    /// Scenario 63.
    #[test]
    fn deferred_to_the_end_of_the_pause_to_the_millisecond() {
        let mut s = Setup::promo();
        let until = s.now + Millis::hours(3);
        s.registry().status = TemplateStatus::Paused;
        s.registry().paused_until = Some(until);
        let judgement = s.judge();
        assert_eq!(
            (judgement.verdict, judgement.until),
            (Verdict::Defer, Some(until))
        );
        assert_eq!(judgement.primary.as_deref(), Some(RULE));
        s.now = until.plus_ms(-1);
        assert!(s.found(RULE).is_some());
        s.now = until;
        assert!(s.found(RULE).is_none());
    }

    #[test]
    fn a_pause_without_an_end_waits_six_hours_from_its_last_confirmation() {
        let mut s = Setup::promo().at_dispatch();
        s.registry().status = TemplateStatus::Paused;
        s.registry().paused_until = None;
        s.registry().synced_at = s.now - Millis::hours(1);
        assert_eq!(s.judge().until, Some(s.now + Millis::hours(5)));
        s.registry().status = TemplateStatus::Approved;
        assert!(s.found(RULE).is_none());
    }
}
