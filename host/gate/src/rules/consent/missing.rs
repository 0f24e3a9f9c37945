//! `consent.missing`: no opt-in on record for a message the business starts.

use crate::cover::{self, Cover};
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "consent.missing",
    version: 2,
    stratum: Stratum::Platform,
    phase: Phase::Consent,
    stages: Stages::Both,
    moves_with_time: false,
    title: words("Sin consentimiento", "Sem consentimento", "No opt-in"),
    sentence: words(
        "La persona no ha aceptado recibir estos mensajes (registro: {value}).",
        "A pessoa não aceitou receber estas mensagens (registro: {value}).",
        "The person has not agreed to receive these messages (on record: {value}).",
    ),
    remedy: words(
        "Pide el consentimiento con la pregunta de la casa cuando la persona te escriba.",
        "Peça o consentimento com a pergunta da casa quando a pessoa escrever.",
        "Ask for consent with the house's question when the person writes to you.",
    ),
    docs: Docs {
        checks: "A live grant for every template and every promotion. An order or appointment the \
                 person entered covers transactional templates; the person's own request of the last \
                 ten minutes covers a one-time code.",
        why: "Meta and every law read demand an opt-in before the business writes first.",
        fires: "Denies when nothing covers the message and no other grant stands, or when the ledger \
                could not be read. Answers inside the window need none.",
        facts: "`consent`, `recipient.open_transactions`, `window`, the message it answers.",
        parameters: "None; the request for a code is good for 10 min.",
        source: "Meta opt-in duty; PE Ley 32323; BR LGPD art. 8; CO Ley 2300 art. 5 par. 2.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        match cover::of(case) {
            Cover::Unknown => Some(Found::deny("unknown", "granted")),
            Cover::Nothing => {
                let on_record = match &case.standing {
                    Some(ConsentStanding::Requested { .. }) => "requested",
                    Some(ConsentStanding::Declined { .. }) => "declined",
                    Some(ConsentStanding::Unconfirmed { .. }) => "unconfirmed",
                    _ => "nothing",
                };
                Some(Found::deny(on_record, "granted"))
            }
            Cover::NotNeeded
            | Cover::Covered
            | Cover::Revoked
            | Cover::Elsewhere
            | Cover::Pending
            | Cover::Refused => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Fact;
    use crate::testing::{Setup, declined, requested};
    use portero_domain::clock::Millis;
    use portero_domain::proposal::Purpose;

    const RULE: &str = "consent.missing";

    #[test]
    fn promotion_needs_a_grant() {
        for s in [Setup::promo(), Setup::promo().at_dispatch()] {
            let mut s = s;
            assert!(s.found(RULE).is_none());
            s.facts.consent = Fact::Known(vec![]);
            assert_eq!(s.denied_by(), Some(RULE.to_owned()));
            s.facts.consent = Fact::Unknown;
            assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        }
    }

    #[test]
    fn asked_is_not_granted_and_no_is_no() {
        let mut s = Setup::promo();
        s.facts.consent = Fact::Known(vec![requested("ofertas", 10)]);
        assert_eq!(s.found(RULE).unwrap().value, "requested");
        s.facts.consent = Fact::Known(vec![requested("ofertas", 10), declined("ofertas", 20)]);
        assert_eq!(s.found(RULE).unwrap().value, "declined");
    }

    #[test]
    fn promotion_typed_by_hand_needs_a_grant_too() {
        let mut s = Setup::reply("20 % hoy");
        s.facts.consent = Fact::Known(vec![]);
        assert!(s.found(RULE).is_none(), "an answer needs none");
        s.proposal.purpose = Purpose::Promotional;
        assert_eq!(s.found(RULE).unwrap().value, "nothing");
    }

    /// Scenario 9.
    #[test]
    fn an_open_order_covers_a_utility_template() {
        let mut s = Setup::utility();
        assert!(s.found(RULE).is_none());
        s.facts.recipient.open_transactions.clear();
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
    }

    /// Scenarios 10 and 11, to the millisecond.
    #[test]
    fn a_code_needs_a_request_of_the_last_ten_minutes() {
        let mut s = Setup::code();
        let asked = s.last_inbound();
        s.now = asked + Millis::minutes(10);
        assert!(s.found(RULE).is_none());
        s.now = s.now.plus_ms(1);
        assert_eq!(s.found(RULE).unwrap().value, "nothing");
        s.facts.recipient.open_transactions = vec!["881".into()];
        assert!(
            s.found(RULE).is_some(),
            "an open order is no request for a code"
        );
    }
}
