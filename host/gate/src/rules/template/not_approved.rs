//! `template.not-approved`: a status that cannot be sent.

use portero_domain::template::TemplateStatus;

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "template.not-approved",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Session,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "Plantilla sin aprobar",
        "Modelo não aprovado",
        "Template not approved",
    ),
    sentence: words(
        "La plantilla {evidence} está en estado {value}.",
        "O modelo {evidence} está no estado {value}.",
        "The template {evidence} has status {value}.",
    ),
    remedy: words(
        "Espera la revisión de Meta, corrígela, o usa otra plantilla aprobada.",
        "Espere a revisão da Meta, corrija-o, ou use outro modelo aprovado.",
        "Wait for Meta's review, correct it, or use another approved template.",
    ),
    docs: Docs {
        checks: "The template's status.",
        why: "Meta sends only what it approved.",
        fires: "Denies every status other than `APPROVED` and `PAUSED`, new ones of Meta's included.",
        facts: "`template.status`.",
        parameters: "None.",
        source: "Meta, template status (as of 2026-11).",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let template = case.template()?;
        match &template.status {
            TemplateStatus::Approved | TemplateStatus::Paused => None,
            other => Some(
                Found::deny(other.as_str(), "APPROVED")
                    .because([format!("{} ({})", template.name, template.language)]),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Setup;
    use portero_domain::template::TemplateStatus;

    #[test]
    fn only_approved_and_paused_go_on() {
        for (status, passes) in [
            ("APPROVED", true),
            ("PAUSED", true),
            ("PENDING", false),
            ("REJECTED", false),
            ("DISABLED", false),
            ("IN_APPEAL", false),
            ("SOMETHING_NEW", false),
        ] {
            let mut s = Setup::promo();
            s.registry().status = TemplateStatus::from(status.to_owned());
            assert_eq!(
                s.found("template.not-approved").is_none(),
                passes,
                "{status}"
            );
            let s = s.at_dispatch();
            assert_eq!(
                s.found("template.not-approved").is_none(),
                passes,
                "{status}"
            );
        }
    }
}
