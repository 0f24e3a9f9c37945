//! `recipient.invalid`: neither a phone number nor a user id.

use crate::case::AddressShape;
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "recipient.invalid",
    version: 1,
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
        "La dirección no es un teléfono ni un identificador de usuario.",
        "O endereço não é um telefone nem um identificador de usuário.",
        "The address is neither a phone number nor a user id.",
    ),
    remedy: words(
        "Escribe el número con código de país, de 8 a 15 dígitos (+57 300 111 2233).",
        "Escreva o número com código do país, de 8 a 15 dígitos (+55 11 98765-4321).",
        "Write the number with its country code, 8 to 15 digits (+57 300 111 2233).",
    ),
    docs: Docs {
        checks: "The form of the address the message would go to.",
        why: "Only a canonical address can be matched with an opt-out.",
        fires: "Denies what is neither `+` and 8 to 15 digits nor a business-scoped user id.",
        facts: "The form of the address; the address itself is not kept.",
        parameters: "None.",
        source: "E.164; Meta, business-scoped user ids (as of 2026-11).",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        (case.address == AddressShape::Invalid).then(|| Found::deny("invalid", "e164_or_user_id"))
    }
}

#[cfg(test)]
mod tests {
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
}
