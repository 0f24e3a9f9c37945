//! `plugin.budget`: too many proposals.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "plugin.budget",
    version: 2,
    stratum: Stratum::House,
    phase: Phase::Plugin,
    stages: Stages::Admission,
    moves_with_time: false,
    title: words(
        "Demasiadas propuestas",
        "Propostas demais",
        "Too many proposals",
    ),
    sentence: words(
        "El plugin ya propuso {value}; el máximo es {limit}.",
        "O plugin já propôs {value}; o máximo é {limit}.",
        "The plugin already proposed {value}; the most is {limit}.",
    ),
    remedy: words(
        "Une los mensajes en uno, o espera a que el periodo pase.",
        "Junte as mensagens em uma, ou espere o período passar.",
        "Join the messages into one, or wait for the period to pass.",
    ),
    docs: Docs {
        checks: "Proposals of one call, to one person in an hour, and of one installation in a minute; \
                 messages to one person in 24 hours, where the plugin's manifest bounds them.",
        why: "A bot in a loop must not flood a person or a number.",
        fires: "Denies when as many proposals as a budget allows were made before this one.",
        facts: "`plugin.proposals_this_call`, `plugin.proposals_contact_hour`, \
                `plugin.proposals_minute`, `plugin.messages_contact_day`: those before this one; of the \
                day, those sent or on their way.",
        parameters: "`proposals_per_call` (5), `proposals_contact_hour` (20), `proposals_minute` \
                     (1,000); `[messages] max_per_contact_per_day` of the manifest.",
        source: "Own choice.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if !matches!(case.origin, Origin::Plugin { .. }) {
            return None;
        }
        let plugin = case.facts.plugin.as_ref()?;
        let policy = case.policy;
        [
            (
                "per_call",
                plugin.proposals_this_call,
                Some(policy.proposals_per_call),
            ),
            (
                "contact_hour",
                plugin.proposals_contact_hour,
                Some(policy.proposals_contact_hour),
            ),
            (
                "minute",
                plugin.proposals_minute,
                Some(policy.proposals_minute),
            ),
            (
                "contact_day",
                plugin.messages_contact_day,
                plugin.max_contact_day,
            ),
        ]
        .into_iter()
        .filter_map(|(period, used, most)| Some((period, used, most?)))
        .find(|(_, used, most)| used >= most)
        .map(|(period, used, most)| {
            Found::deny(format!("{period}: {used}"), format!("{period}: {most}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Setup;

    const RULE: &str = "plugin.budget";

    #[test]
    fn the_fifth_passes_and_the_sixth_does_not() {
        let mut s = Setup::reply("hola");
        s.plugin().proposals_this_call = 4;
        assert!(s.found(RULE).is_none());
        s.plugin().proposals_this_call = 5;
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
    }

    #[test]
    fn hour_and_minute_have_budgets_of_their_own() {
        let mut s = Setup::reply("hola");
        s.plugin().proposals_contact_hour = 19;
        s.plugin().proposals_minute = 999;
        assert!(s.found(RULE).is_none());
        s.plugin().proposals_contact_hour = 20;
        assert_eq!(s.found(RULE).unwrap().value, "contact_hour: 20");
        s.plugin().proposals_contact_hour = 0;
        s.plugin().proposals_minute = 1_000;
        assert_eq!(s.found(RULE).unwrap().value, "minute: 1000");
        assert_eq!(s.at_dispatch().found(RULE), None, "admission only");
    }

    #[test]
    fn the_manifests_own_bound_counts_where_there_is_one() {
        let mut s = Setup::reply("hola");
        s.plugin().messages_contact_day = 2;
        assert!(s.found(RULE).is_none(), "no bound");
        s.plugin().max_contact_day = Some(3);
        assert!(s.found(RULE).is_none());
        s.plugin().messages_contact_day = 3;
        let found = s.found(RULE).unwrap();
        assert_eq!((found.value.as_str(), found.limit.as_str()), ("contact_day: 3", "contact_day: 3"));
    }
}
