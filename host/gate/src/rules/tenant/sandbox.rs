//! `tenant.sandbox`: where a tenant may send at all.

use crate::facts::TenantMode;
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "tenant.sandbox",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Envelope,
    stages: Stages::Both,
    moves_with_time: false,
    title: words("Modo de prueba", "Modo de teste", "Test mode"),
    sentence: words(
        "La cuenta está en modo {value}; ahí solo recibe {limit}.",
        "A conta está em modo {value}; nele só recebe {limit}.",
        "The tenant is in {value} mode; there it may send only to {limit}.",
    ),
    remedy: words(
        "Añade a la persona a la lista de prueba, o usa el modo simulador.",
        "Adicione a pessoa à lista de teste, ou use o modo simulador.",
        "Add the person to the test list, or use simulator mode.",
    ),
    docs: Docs {
        checks: "The tenant's mode: `simulator`, `sandbox` or `live`.",
        why: "Nobody real gets a message by accident, and live sending waits for the whole catalogue.",
        fires: "Denies in `sandbox` when the person is not on the list or has not answered the code; \
                denies in `live` until every first-release rule is enforced. In `simulator` it passes: \
                the transport of that mode reaches the simulator only.",
        facts: "`tenant.mode`, `tenant.sandbox_allowed`.",
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
        match case.facts.tenant.mode {
            TenantMode::Simulator => None,
            TenantMode::Sandbox if case.facts.tenant.sandbox_allowed => None,
            TenantMode::Sandbox => Some(Found::deny("sandbox", "people_on_the_list")),
            TenantMode::Live => Some(Found::deny("live", "nobody_until_all_rules_stand")),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::TenantMode::{Live, Sandbox, Simulator};
    use crate::testing::Setup;

    #[test]
    fn modes_and_the_list() {
        for (mode, listed, passes) in [
            (Simulator, false, true),
            (Simulator, true, true),
            (Sandbox, true, true),
            (Sandbox, false, false),
            (Live, true, false),
            (Live, false, false),
        ] {
            let mut s = Setup::reply("hola");
            s.facts.tenant.mode = mode;
            s.facts.tenant.sandbox_allowed = listed;
            assert_eq!(
                s.found("tenant.sandbox").is_none(),
                passes,
                "{mode:?} {listed}"
            );
            assert_eq!(s.at_dispatch().found("tenant.sandbox").is_none(), passes);
        }
    }
}
