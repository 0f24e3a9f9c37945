//! `recipient.invalid`: neither a complete phone number nor a user id.

use crate::case::AddressShape;
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "recipient.invalid",
    version: 2,
    stratum: Stratum::Platform,
    phase: Phase::Recipient,
    stages: Stages::Admission,
    moves_with_time: false,
    title: words(
        "Dirección no válida",
        "Endereço inválido",
        "Address not valid",
    ),
    sentence: words(
        "La dirección no es un teléfono completo ni un identificador de usuario.",
        "O endereço não é um telefone completo nem um identificador de usuário.",
        "The address is neither a complete phone number nor a user id.",
    ),
    remedy: words(
        "Escribe el número con código de país, de 8 a 15 dígitos (+57 300 111 2233).",
        "Escreva o número com código do país, de 8 a 15 dígitos (+55 11 98765-4321).",
        "Write the number with its country code, 8 to 15 digits (+57 300 111 2233).",
    ),
    docs: Docs {
        checks: "The form of the address the message would go to.",
        why: "Only a canonical address can be matched with an opt-out; a number with a digit missing is somebody else's or \
              nobody's.",
        fires: "Denies what is neither `+` and 8 to 15 digits nor a business-scoped user id; and, to a person who never \
                wrote, a number that is shorter or longer than numbers of its country are.",
        facts: "The form of the address (the address itself is not kept), whether the person ever wrote.",
        parameters: "None.",
        source: "E.164 and the national numbering plans; Meta, business-scoped user ids (as of 2026-11).",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        match case.address {
            AddressShape::Invalid => Some(Found::deny("invalid", "e164_or_user_id")),
            // Where Meta brought a message from, there is a number, whatever the plans say.
            AddressShape::Phone {
                digits,
                whole: Some(false),
            } if !wrote(case) => Some(Found::deny(
                format!("{digits} digits"),
                "whole_number_of_its_country",
            )),
            AddressShape::Phone { .. } | AddressShape::UserId => None,
        }
    }
}

fn wrote(case: &Case<'_>) -> bool {
    let window = case.facts.window.known();
    window.is_some_and(|w| w.last_inbound_at.is_some())
}

#[cfg(test)]
mod tests {
    use crate::facts::{Fact, WindowFacts};
    use crate::testing::Setup;
    use portero_domain::address::AddressKey;

    #[test]
    fn addresses_read_from_json_are_looked_at_again() {
        let mut s = Setup::reply("hola");
        for (text, passes) in [
            ("+573001112233", true),
            ("+12345678", true),
            ("+1234567", false),
            ("+123456789012345", true),
            ("+1234567890123456", false),
            ("573001112233", false),
            ("+57300x112233", false),
            ("MX.9001", true),
            ("MX.ENT.1181", true),
            ("MX.", false),
            ("mx.9001", false),
            ("", false),
        ] {
            let json = serde_json::to_string(text).unwrap();
            s.proposal.to = serde_json::from_str::<AddressKey>(&json).unwrap();
            assert_eq!(s.found("recipient.invalid").is_none(), passes, "{text}");
        }
    }
    #[test]
    fn a_number_with_a_digit_missing_is_not_written_to_first() {
        let mut s = Setup::promo();
        for (text, passes) in [
            ("+573001112233", true),
            ("+57300111223", false),
            ("+5730011122334", false),
            ("+551133334444", true),
            ("+55987654321", false),
            ("+12025550123", true),
        ] {
            s.proposal.to = AddressKey::parse(text).unwrap();
            s.facts.window = Fact::Known(WindowFacts {
                last_inbound_at: None,
                last_inbound_wamid: None,
            });
            assert_eq!(s.found("recipient.invalid").is_none(), passes, "{text}");
            s.facts.window = Fact::Known(WindowFacts {
                last_inbound_at: Some(s.now),
                last_inbound_wamid: None,
            });
            assert!(s.found("recipient.invalid").is_none(), "{text} wrote");
        }
    }
}
