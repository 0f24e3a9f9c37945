//! `bot.handover-active`: a person of the shop owns the conversation.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "bot.handover-active",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Bot,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "Conversación en manos de una persona",
        "Conversa com uma pessoa",
        "A person has it",
    ),
    sentence: words(
        "Una persona atiende esta conversación desde {value}.",
        "Uma pessoa atende esta conversa desde {value}.",
        "A person has had this conversation since {value}.",
    ),
    remedy: words(
        "Espera a que la devuelva al bot.",
        "Espere que ela a devolva ao bot.",
        "Wait until they give it back to the bot.",
    ),
    docs: Docs {
        checks: "Who owns the conversation when a bot wants to speak in it.",
        why: "A bot that talks over a person spoils both.",
        fires: "Denies a plugin's messages and the host's consent questions while a person owns it. \
                Utility templates of an open transaction, receipts, campaigns and people pass.",
        facts: "`conversation.human_since`, `recipient.open_transactions`.",
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
        let since = case.facts.conversation.human_since?;
        let by_bot = match case.origin {
            Origin::Plugin { .. } => true,
            Origin::Host { .. } => case.purpose != Purpose::System,
            Origin::Api { .. } | Origin::Campaign { .. } => false,
        };
        let order_update = case.is_template()
            && case.purpose == Purpose::Transactional
            && !case.facts.recipient.open_transactions.is_empty();
        (by_bot && !order_update).then(|| Found::deny(since.rfc3339(), "bot"))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, host};
    use portero_domain::proposal::Purpose;

    const RULE: &str = "bot.handover-active";

    /// Scenario 105.
    #[test]
    fn the_bot_is_silent_and_people_and_order_updates_are_not() {
        for s in [Setup::reply("hola"), Setup::reply("hola").at_dispatch()] {
            let mut s = s;
            assert!(s.found(RULE).is_none());
            s.facts.conversation.human_since = Some(s.now);
            assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        }
        let human = |mut s: Setup| {
            s.facts.conversation.human_since = Some(s.now);
            s
        };
        assert!(human(Setup::operator("hola")).found(RULE).is_none());
        assert!(human(Setup::promo()).found(RULE).is_none());
        let mut update = human(Setup::utility());
        update.by_plugin();
        assert!(update.found(RULE).is_none());
        update.facts.recipient.open_transactions.clear();
        assert!(update.found(RULE).is_some());
        let mut receipt = human(Setup::reply("Listo."));
        receipt.proposal.origin = host("opt_out_receipt");
        receipt.proposal.purpose = Purpose::System;
        assert!(receipt.found(RULE).is_none());
        receipt.proposal.purpose = Purpose::ConsentRequest;
        assert!(receipt.found(RULE).is_some());
    }
}
