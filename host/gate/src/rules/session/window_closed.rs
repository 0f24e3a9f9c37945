//! `session.window-closed`: free-form text outside the service window.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "session.window-closed",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Session,
    stages: Stages::Both,
    moves_with_time: true,
    title: words("Ventana cerrada", "Janela fechada", "Window closed"),
    sentence: words(
        "La ventana de servicio está cerrada: {value}.",
        "A janela de atendimento está fechada: {value}.",
        "The service window is closed: {value}.",
    ),
    remedy: words(
        "Usa una plantilla aprobada, o espera a que la persona escriba.",
        "Use um modelo aprovado, ou espere que a pessoa escreva.",
        "Use an approved template, or wait until the person writes.",
    ),
    docs: Docs {
        checks: "24 hours from the person's last message to this number (Meta's time).",
        why: "Meta refuses free-form messages outside the window (131047).",
        fires: "Denies anything but a template when `now ≥ last inbound + 24 h`, when the person never \
                wrote, and when that is not known.",
        facts: "`window`.",
        parameters: "None.",
        source: "Meta, customer service windows (as of 2026-11).",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if case.is_template() {
            return None;
        }
        let Some(closes) = case.window_closes_at() else {
            let why = if case.facts.window.known().is_some() {
                "never"
            } else {
                "unknown"
            };
            return Some(Found::deny(why, "24 h"));
        };
        if case.now < closes {
            return None;
        }
        let wamid = case
            .facts
            .window
            .known()
            .and_then(|w| w.last_inbound_wamid.clone());
        Some(Found::deny(closes.rfc3339(), "24 h").because(wamid))
    }
}

#[cfg(test)]
mod tests {
    use crate::Fact;
    use crate::testing::Setup;
    use portero_domain::clock::Millis;

    const RULE: &str = "session.window-closed";

    /// Scenarios 3 to 6.
    #[test]
    fn open_until_a_millisecond_before_24_hours() {
        let mut s = Setup::operator("hola");
        let closes = s.last_inbound() + Millis::hours(24);
        for (at, passes) in [(-1, true), (0, false), (1, false)] {
            s.now = closes.plus_ms(at);
            assert_eq!(s.found(RULE).is_none(), passes, "{at}");
            assert_eq!(
                s.clone().at_dispatch().found(RULE).is_none(),
                passes,
                "{at}"
            );
        }
        s.now = closes;
        let judgement = s.at_dispatch().judge();
        assert_eq!(judgement.primary.as_deref(), Some(RULE));
        assert_eq!(judgement.findings[1].rule, "session.window-margin");
    }

    #[test]
    fn never_written_and_not_known_are_closed() {
        let mut s = Setup::operator("hola");
        s.window().last_inbound_at = None;
        assert_eq!(s.found(RULE).unwrap().value, "never");
        s.facts.window = Fact::Unknown;
        assert_eq!(s.found(RULE).unwrap().value, "unknown");
    }

    #[test]
    fn a_template_needs_no_window() {
        let mut s = Setup::utility();
        s.facts.window = Fact::Unknown;
        assert!(s.found(RULE).is_none());
    }
}
