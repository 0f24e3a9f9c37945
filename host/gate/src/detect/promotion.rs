//! Signs of promotion in a text: patterns from the data file, found once per content.

use std::sync::LazyLock;

use regex::RegexSet;
use serde::{Deserialize, Serialize};

/// A sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromoSign {
    /// A discount in percent.
    PercentOff,
    /// A coupon or a discount code.
    Coupon,
    /// More for the price of less (`3x2`).
    Bundle,
    /// A word of offers.
    OfferWord,
    /// A call to buy, or to hurry.
    Call,
    /// A price.
    Price,
}

impl PromoSign {
    /// In the order of the data file's patterns.
    const ALL: [PromoSign; 6] = [
        PromoSign::PercentOff,
        PromoSign::Coupon,
        PromoSign::Bundle,
        PromoSign::OfferWord,
        PromoSign::Call,
        PromoSign::Price,
    ];

    /// Name in findings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            PromoSign::PercentOff => "percent_off",
            PromoSign::Coupon => "coupon",
            PromoSign::Bundle => "bundle",
            PromoSign::OfferWord => "offer_word",
            PromoSign::Call => "call_to_buy",
            PromoSign::Price => "price",
        }
    }

    /// Whether signs found together make promotion likely: a word or a price alone does not.
    #[must_use]
    pub fn are_enough(signs: &[PromoSign]) -> bool {
        let has = |sign| signs.contains(&sign);
        let pressed = has(PromoSign::Call) || has(PromoSign::Price);
        has(PromoSign::PercentOff)
            || has(PromoSign::Coupon)
            || (pressed && (has(PromoSign::OfferWord) || has(PromoSign::Bundle)))
            || (has(PromoSign::Call) && has(PromoSign::Price))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    percent_off: String,
    coupon: String,
    bundle: String,
    offer_word: String,
    call: String,
    price: String,
}

/// Why the data file cannot be used. A test reads the file, so a build that passes has none of these.
#[derive(Debug, thiserror::Error)]
enum BadPatterns {
    #[error("the promotion patterns cannot be read")]
    Form(#[from] toml::de::Error),
    #[error("a promotion pattern cannot be compiled")]
    Pattern(#[from] regex::Error),
}

fn read(text: &str) -> Result<RegexSet, BadPatterns> {
    let f: File = toml::from_str(text)?;
    let patterns = [
        f.percent_off,
        f.coupon,
        f.bundle,
        f.offer_word,
        f.call,
        f.price,
    ];
    Ok(RegexSet::new(patterns)?)
}

#[expect(
    clippy::expect_used,
    reason = "the file is compiled in and read by a test; it cannot be wrong in a build that passed"
)]
static PATTERNS: LazyLock<RegexSet> = LazyLock::new(|| {
    read(include_str!("../../data/promotion.toml"))
        .expect("data/promotion.toml is part of this build")
});

/// Adds the signs in a text; each once, in order.
pub(crate) fn find(text: &str, signs: &mut Vec<PromoSign>) {
    for sign in PATTERNS.matches(text) {
        if let Some(sign) = PromoSign::ALL.get(sign)
            && !signs.contains(sign)
        {
            signs.push(*sign);
        }
    }
    signs.sort_unstable();
}

/// Signs of promotion in a text, each once.
#[must_use]
pub fn signs_of_promotion(text: &str) -> Vec<PromoSign> {
    let mut signs = Vec::new();
    find(text, &mut signs);
    signs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<&'static str> {
        let mut signs = Vec::new();
        find(text, &mut signs);
        signs.into_iter().map(PromoSign::as_str).collect()
    }

    #[test]
    fn signs_are_found_in_three_languages() {
        for (text, signs) in [
            ("20% de descuento", &["percent_off", "offer_word"][..]),
            ("Ahorra hasta un 30 %", &["percent_off"]),
            ("economize até 15%", &["percent_off"]),
            ("50 % OFF", &["percent_off"]),
            ("usa el CUPÓN", &["coupon"]),
            ("com o cupom LUA10", &["coupon"]),
            ("your promo code", &["coupon", "offer_word"]),
            ("hoy 2x1 en pizzas", &["bundle"]),
            ("rebajas y ofertas", &["offer_word"]),
            ("¡Compra ya!", &["call_to_buy"]),
            ("não perca", &["call_to_buy"]),
            ("R$ 90", &["price"]),
            ("por 45.000 pesos", &["price"]),
            ("hola, ¿qué tal?", &[]),
            ("al 20% de carga", &[]),
            ("mide 2x1 metros", &["bundle"]),
        ] {
            assert_eq!(of(text), signs, "{text}");
        }
    }

    #[test]
    fn one_weak_sign_is_not_enough() {
        use PromoSign::{Bundle, Call, Coupon, OfferWord, PercentOff, Price};
        for (signs, enough) in [
            (&[][..], false),
            (&[PercentOff], true),
            (&[Coupon], true),
            (&[Bundle], false),
            (&[OfferWord], false),
            (&[Call], false),
            (&[Price], false),
            (&[OfferWord, Price], true),
            (&[Bundle, Call], true),
            (&[Call, Price], true),
            (&[Bundle, OfferWord], false),
        ] {
            assert_eq!(PromoSign::are_enough(signs), enough, "{signs:?}");
        }
    }

    #[test]
    fn a_broken_file_or_pattern_is_an_error() {
        assert!(matches!(read("price = 1"), Err(BadPatterns::Form(_))));
        let broken = include_str!("../../data/promotion.toml").replace("(?i)", "(?i)((");
        assert!(matches!(read(&broken), Err(BadPatterns::Pattern(_))));
    }
}
