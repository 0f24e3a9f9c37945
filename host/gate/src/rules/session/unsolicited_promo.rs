//! `session.unsolicited-promo`: promotion in a free-form message. A note.

use crate::detect::PromoSign;
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "session.unsolicited-promo",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Session,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "Parece promoción",
        "Parece promoção",
        "Looks like promotion",
    ),
    sentence: words(
        "El texto parece promoción ({evidence}) y se propuso como {value}.",
        "O texto parece promoção ({evidence}) e foi proposto como {value}.",
        "The text looks like promotion ({evidence}) and was proposed as {value}.",
    ),
    remedy: words(
        "Si lo es, proponla como promoción, con su tema: así valen el consentimiento y la frecuencia.",
        "Se for, proponha-a como promoção, com seu tema: assim valem o consentimento e a frequência.",
        "If it is, propose it as promotion with its topic: then consent and frequency apply.",
    ),
    docs: Docs {
        checks: "Signs of promotion in a message that is no template and was not declared as promotion: \
                 a discount in percent, a coupon, words of an offer together with a price or a call to \
                 buy.",
        why: "Laws speak of promotional messages, not of templates; the service window is no door for \
              offers.",
        fires: "Notes the signs found. It never denies: reading promotion out of words blocks answers \
                people asked for, until it is shown to hold at most 0.5 % of honest traffic.",
        facts: "Content facts `promotion`.",
        parameters: "None.",
        source: "CO Ley 2300; PE Ley 32323; catalogue A.7. Own word lists.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let signs = &case.facts.content.promotion;
        if case.is_template() || case.is_promotional() || !PromoSign::are_enough(signs) {
            return None;
        }
        let found = signs.iter().map(|s| s.as_str().to_owned());
        Some(Found::note(case.purpose.as_str(), "promotional").because(found))
    }
}

#[cfg(test)]
mod tests {
    use crate::Verdict;
    use crate::testing::Setup;
    use portero_domain::proposal::Purpose;

    const RULE: &str = "session.unsolicited-promo";

    /// Scenario 43, as a note.
    #[test]
    fn an_offer_in_an_answer_is_noted_and_goes() {
        for text in [
            "20% de descuento, ¡compra ya!",
            "Aproveite: 3x2 em toda a loja, de R$ 90 por R$ 60",
            "Use el cupón SOL10 antes del viernes",
            "Buy now: the sale ends today, only $ 9.99",
        ] {
            let s = Setup::reply(text);
            let found = s.found(RULE).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.outcome, None);
            assert_eq!(s.judge().verdict, Verdict::Allow, "a note never weighs");
            assert!(s.at_dispatch().found(RULE).is_some());
        }
    }

    #[test]
    fn answers_of_a_shop_are_not() {
        for text in [
            "Sí, tenemos ofertas los martes.",
            "Tu pedido A-1001 cuesta $ 45.000 y sale hoy.",
            "El total es R$ 120,00. Obrigado pela compra!",
            "La batería está al 20% de carga",
            "Abrimos de 9 a 18.",
            "You can buy it at the counter.",
        ] {
            assert!(Setup::reply(text).found(RULE).is_none(), "{text}");
        }
    }

    #[test]
    fn what_says_that_it_is_promotion_is_judged_as_such() {
        let mut s = Setup::reply("20% de descuento, ¡compra ya!");
        s.proposal.purpose = Purpose::Promotional;
        assert!(s.found(RULE).is_none());
        assert_eq!(s.denied_by().as_deref(), Some("consent.missing"));
        assert!(Setup::promo().found(RULE).is_none());
    }
}
