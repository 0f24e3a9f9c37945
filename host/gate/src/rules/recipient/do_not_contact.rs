//! `recipient.do-not-contact`: the tenant's own block list.

use crate::facts::DoNotContact;
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "recipient.do-not-contact",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Recipient,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "En tu lista de bloqueo",
        "Na sua lista de bloqueio",
        "On your block list",
    ),
    sentence: words(
        "La persona está en la lista de bloqueo de esta cuenta ({value}).",
        "A pessoa está na lista de bloqueio desta conta ({value}).",
        "The person is on this tenant's block list ({value}).",
    ),
    remedy: words(
        "Si ya no corresponde, quítala de la lista de bloqueo.",
        "Se já não é o caso, retire-a da lista de bloqueio.",
        "If that no longer holds, take them off the block list.",
    ),
    docs: Docs {
        checks: "Entries made by hand: no promotion, nothing the business starts, or nothing at all.",
        why: "People also ask by phone, by mail and in the shop to be left alone.",
        fires: "Denies promotion and consent questions for `promotional`, everything but direct replies \
                for `all`, everything for `all_and_replies`.",
        facts: "`recipient.do_not_contact`.",
        parameters: "None.",
        source: "Meta, Business Messaging Policy: respect requests made on or off WhatsApp.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let (blocked, value) = match case.facts.recipient.do_not_contact? {
            DoNotContact::Promotional => (case.purpose >= Purpose::ConsentRequest, "promotional"),
            DoNotContact::All => (!case.is_direct_reply(), "all"),
            DoNotContact::AllAndReplies => (true, "all_and_replies"),
        };
        blocked.then(|| Found::deny(value, "not_blocked"))
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::DoNotContact::{All, AllAndReplies, Promotional};
    use crate::testing::Setup;

    #[test]
    fn how_far_an_entry_reaches() {
        for (entry, promo, utility, reply) in [
            (None, true, true, true),
            (Some(Promotional), false, true, true),
            (Some(All), false, false, true),
            (Some(AllAndReplies), false, false, false),
        ] {
            for (mut s, passes) in [
                (Setup::promo(), promo),
                (Setup::utility(), utility),
                (Setup::reply("hola"), reply),
            ] {
                s.facts.recipient.do_not_contact = entry;
                let rule = "recipient.do-not-contact";
                assert_eq!(s.found(rule).is_none(), passes, "{entry:?}");
                assert_eq!(s.at_dispatch().found(rule).is_none(), passes, "{entry:?}");
            }
        }
    }
}
