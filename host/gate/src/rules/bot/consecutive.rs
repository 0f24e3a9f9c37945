//! `bot.consecutive`: too many bot messages without an inbound one.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "bot.consecutive",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Bot,
    stages: Stages::Both,
    moves_with_time: true,
    title: words(
        "El bot habla solo",
        "O bot fala sozinho",
        "The bot talks to itself",
    ),
    sentence: words(
        "El bot ya envió {value} sin respuesta; el máximo es {limit}.",
        "O bot já enviou {value} sem resposta; o máximo é {limit}.",
        "The bot already sent {value} without an answer; the most is {limit}.",
    ),
    remedy: words(
        "Une los mensajes y espera a que la persona escriba.",
        "Junte as mensagens e espere que a pessoa escreva.",
        "Join the messages and wait until the person writes.",
    ),
    docs: Docs {
        checks: "Free-form bot messages since the person last wrote, and those of the last minute.",
        why: "A wall of messages makes people block the number.",
        fires: "Denies a plugin's or the host's free-form message (receipts excepted) when as many as \
                allowed were already sent.",
        facts: "`conversation.bot_since_inbound`, `conversation.bot_last_minute`.",
        parameters: "`bot_consecutive` (6), `bot_per_minute` (3).",
        source: "Own choice.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let by_bot = match case.origin {
            Origin::Plugin { .. } => true,
            Origin::Host { .. } => case.purpose != Purpose::System,
            Origin::Api { .. } | Origin::Campaign { .. } => false,
        };
        if !by_bot || case.is_template() {
            return None;
        }
        let (said, policy) = (&case.facts.conversation, case.policy);
        [
            (
                "since_inbound",
                said.bot_since_inbound,
                policy.bot_consecutive,
            ),
            ("minute", said.bot_last_minute, policy.bot_per_minute),
        ]
        .into_iter()
        .find(|(_, sent, most)| sent >= most)
        .map(|(which, sent, most)| {
            Found::deny(format!("{which}: {sent}"), format!("{which}: {most}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, host};
    use portero_domain::proposal::Purpose;

    const RULE: &str = "bot.consecutive";

    /// Scenario 78.
    #[test]
    fn the_sixth_passes_and_the_seventh_does_not() {
        for s in [Setup::reply("hola"), Setup::reply("hola").at_dispatch()] {
            let mut s = s;
            s.facts.conversation.bot_since_inbound = 5;
            s.facts.conversation.bot_last_minute = 2;
            assert!(s.found(RULE).is_none());
            s.facts.conversation.bot_since_inbound = 6;
            assert_eq!(s.denied_by(), Some(RULE.to_owned()));
            s.facts.conversation.bot_since_inbound = 5;
            s.facts.conversation.bot_last_minute = 3;
            assert_eq!(s.found(RULE).unwrap().value, "minute: 3");
        }
    }

    #[test]
    fn people_templates_and_receipts_are_not_counted_against() {
        let mut operator = Setup::operator("hola");
        operator.facts.conversation.bot_since_inbound = 60;
        assert!(operator.found(RULE).is_none());
        let mut update = Setup::utility();
        update.by_plugin();
        update.facts.conversation.bot_since_inbound = 60;
        assert!(update.found(RULE).is_none());
        let mut receipt = Setup::reply("Listo.");
        receipt.proposal.origin = host("opt_out_receipt");
        receipt.proposal.purpose = Purpose::System;
        receipt.facts.conversation.bot_since_inbound = 60;
        assert!(receipt.found(RULE).is_none());
    }
}
