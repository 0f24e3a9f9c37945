//! Does a template read like an offer? (§3.7)

use serde_json::Value;

use crate::template_shape::text;

/// Words that make a utility template marketing (§3.7). Meta's judge is a model; this is ours.
const PROMOTIONAL: &[&str] = &[
    "oferta",
    "descuento",
    "promo",
    "rebaja",
    "cupón",
    "cupon",
    "gratis",
    "desconto",
    "cupom",
    "grátis",
    "sale",
    "discount",
    "coupon",
    "% off",
    "free gift",
    "black friday",
];

/// Whether the text reads like an offer.
pub(crate) fn is_promotional(components: &[Value]) -> bool {
    let text = components
        .iter()
        .map(|one| text(one, "text").to_lowercase())
        .collect::<Vec<_>>()
        .join("\n");
    PROMOTIONAL.iter().any(|word| {
        text.match_indices(word).any(|(at, _)| {
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            before.is_none_or(|c| !c.is_alphabetic())
        })
    })
}
