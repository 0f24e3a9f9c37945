//! `tenant.suspended`: a stop switch is on.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "tenant.suspended",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Envelope,
    stages: Stages::Both,
    moves_with_time: false,
    title: words("Envíos detenidos", "Envios parados", "Sending is stopped"),
    sentence: words(
        "Los envíos están detenidos ({value}) desde {limit}.",
        "Os envios estão parados ({value}) desde {limit}.",
        "Sending is stopped ({value}) since {limit}.",
    ),
    remedy: words(
        "Quien los detuvo puede reanudarlos con `portero resume` o en la consola.",
        "Quem os parou pode retomá-los com `portero resume` ou no console.",
        "Whoever stopped it can resume it with `portero resume` or in the console.",
    ),
    docs: Docs {
        checks: "The widest stop switch that stands: all, tenant or number.",
        why: "When something is wrong, one command must stop everything on every process.",
        fires: "Denies while a switch is on, at admission and again in the claim that sends.",
        facts: "`tenant.stopped`.",
        parameters: "None.",
        source: "Own choice.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let stop = case.facts.tenant.stopped.as_ref()?;
        Some(Found::deny(stop.scope.as_str(), stop.since.rfc3339()))
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::Stop;
    use crate::testing::Setup;

    const RULE: &str = "tenant.suspended";

    #[test]
    fn a_stop_denies_at_both_stages_and_ends_the_run() {
        for mut s in [Setup::reply("hola"), Setup::reply("hola").at_dispatch()] {
            assert!(s.found(RULE).is_none());
            s.facts.tenant.stopped = Some(Stop {
                scope: "number".into(),
                since: s.now,
                reason: "test".into(),
            });
            s.facts.window = crate::Fact::Unknown;
            let judgement = s.judge();
            assert_eq!(judgement.primary.as_deref(), Some(RULE));
            assert_eq!(judgement.findings.len(), 1);
        }
    }
}
