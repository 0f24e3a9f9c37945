//! Everything it says. `{…}` are filled by [`fill`].

use crate::parcel::Stage;
use portero_sdk::Language;

/// Everything said in one language.
pub(crate) struct Words {
    pub(crate) our_shop: &'static str,
    pub(crate) customer: &'static str,
    pub(crate) notice: &'static str,
    pub(crate) carrier: &'static str,
    pub(crate) tracking: &'static str,
    pub(crate) no_tracking: &'static str,
    stages: [&'static str; 3],
}

static ES: Words = Words {
    our_shop: "nuestra tienda",
    customer: "cliente",
    notice: "Tu pedido {order} de {shop}: {stage}.",
    carrier: "Transporte: {carrier}.",
    tracking: "Guía: {tracking}.",
    no_tracking: "sin guía",
    stages: ["enviado", "en reparto", "entregado"],
};

static PT: Words = Words {
    our_shop: "nossa loja",
    customer: "cliente",
    notice: "Seu pedido {order} da {shop}: {stage}.",
    carrier: "Transportadora: {carrier}.",
    tracking: "Rastreio: {tracking}.",
    no_tracking: "sem rastreio",
    stages: ["enviado", "saiu para entrega", "entregue"],
};

static EN: Words = Words {
    our_shop: "our shop",
    customer: "customer",
    notice: "Your order {order} from {shop}: {stage}.",
    carrier: "Carrier: {carrier}.",
    tracking: "Tracking: {tracking}.",
    no_tracking: "no tracking",
    stages: ["shipped", "out for delivery", "delivered"],
};

impl Words {
    pub(crate) const fn of(language: Language) -> &'static Words {
        match language {
            Language::Es => &ES,
            Language::Pt => &PT,
            Language::En => &EN,
        }
    }

    pub(crate) const fn stage(&self, stage: Stage) -> &'static str {
        let [shipped, out, delivered] = self.stages;
        match stage {
            Stage::Shipped => shipped,
            Stage::OutForDelivery => out,
            Stage::Delivered => delivered,
        }
    }
}

/// Puts values into a sentence. A value is never looked into for further `{…}`.
pub(crate) fn fill(sentence: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(sentence.len() + 32);
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        let value = values.iter().find(|(n, _)| *n == name);
        out.push_str(value.map_or("", |(_, v)| v));
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_braces_stays_as_it_is() {
        assert_eq!(fill("{a}!", &[("a", "{b}"), ("b", "no")]), "{b}!");
    }
}
