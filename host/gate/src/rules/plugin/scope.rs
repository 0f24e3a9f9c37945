//! `plugin.scope`: a plugin may only answer the person its event is about.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "plugin.scope",
    version: 2,
    stratum: Stratum::House,
    phase: Phase::Plugin,
    stages: Stages::Admission,
    moves_with_time: false,
    title: words("Otra persona", "Outra pessoa", "Another person"),
    sentence: words(
        "El plugin solo puede escribir a la persona de su evento.",
        "O plugin só pode escrever à pessoa do seu evento.",
        "The plugin may write only to the person its event is about.",
    ),
    remedy: words(
        "Espera a un evento de esa persona, o haz una campaña.",
        "Espere um evento dessa pessoa, ou faça uma campanha.",
        "Wait for an event of that person, or make a campaign.",
    ),
    docs: Docs {
        checks: "The recipient, and the message a reaction is on, against the person of the event that started the call.",
        why: "One customer's conversation must not reach another.",
        fires: "Denies a plugin's message to anybody else, any when the event is about nobody, and a reaction to a message that is \
                not of that person's conversation with this number.",
        facts: "`plugin.event_contact`, `plugin.reacts_to_theirs`.",
        parameters: "None.",
        source: "Own choice; supports Meta's bar on sharing one customer's chat with another.",
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
        let plugin = case.facts.plugin.as_ref();
        if plugin.and_then(|p| p.event_contact) != Some(case.contact) {
            return Some(Found::deny("another_person", "person_of_the_event"));
        }
        (plugin.and_then(|p| p.reacts_to_theirs) == Some(false)).then(|| {
            Found::deny("message_of_another_conversation", "message_of_the_person")
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, id};
    use portero_domain::ids::ContactId;

    const RULE: &str = "plugin.scope";

    #[test]
    fn only_the_person_of_the_event() {
        let mut s = Setup::reply("hola");
        assert!(s.found(RULE).is_none());
        s.plugin().event_contact = Some(ContactId::from_uuid(id(99)));
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        s.plugin().event_contact = None;
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        s.plugin().event_contact = Some(s.proposal.contact);
        for (theirs, passes) in [(None, true), (Some(true), true), (Some(false), false)] {
            s.plugin().reacts_to_theirs = theirs;
            assert_eq!(s.found(RULE).is_none(), passes, "{theirs:?}");
        }
        let mut campaign = Setup::promo();
        campaign.facts.plugin = None;
        assert!(campaign.found(RULE).is_none());
    }
}
