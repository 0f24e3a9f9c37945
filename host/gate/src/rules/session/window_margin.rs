//! `session.window-margin`: the window would close before Meta receives the call.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "session.window-margin",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Session,
    stages: Stages::Dispatch,
    moves_with_time: true,
    title: words(
        "Ventana a punto de cerrar",
        "Janela prestes a fechar",
        "Window about to close",
    ),
    sentence: words(
        "La ventana de servicio cierra el {value}; hace falta un margen de {limit}.",
        "A janela de atendimento fecha em {value}; é preciso uma margem de {limit}.",
        "The service window closes at {value}; a margin of {limit} is needed.",
    ),
    remedy: words(
        "Usa una plantilla aprobada.",
        "Use um modelo aprovado.",
        "Use an approved template.",
    ),
    docs: Docs {
        checks: "That the window stays open for the margin after the instant of sending.",
        why: "A call takes time; Meta judges by its own clock.",
        fires: "Denies anything but a template when `now + margin ≥ close`.",
        facts: "`window`.",
        parameters: "`window_margin_ms` (10 s).",
        source: "Own choice.",
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
        let closes = case.window_closes_at()?;
        let margin = case.policy.window_margin_ms;
        (case.now + margin >= closes)
            .then(|| Found::deny(closes.rfc3339(), format!("{} s", margin.0 / 1_000)))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Setup;
    use portero_domain::clock::Millis;

    const RULE: &str = "session.window-margin";

    /// Scenarios 1 and 2.
    #[test]
    fn ten_seconds_before_the_end_it_is_too_late() {
        let mut s = Setup::operator("hola").at_dispatch();
        let closes = s.last_inbound() + Millis::hours(24);
        for (at, passes) in [
            (-11_000, true),
            (-10_001, true),
            (-10_000, false),
            (-9_999, false),
        ] {
            s.now = closes.plus_ms(at);
            assert_eq!(s.found(RULE).is_none(), passes, "{at}");
        }
        let mut s = Setup::operator("hola");
        s.now = closes.plus_ms(-1);
        assert!(s.found(RULE).is_none(), "at dispatch only");
    }
}
