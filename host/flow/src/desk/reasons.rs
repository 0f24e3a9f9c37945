//! What a reason is about, in words: the gate's rules, and what the host decides beside the gate.

use std::collections::BTreeMap;

use portero_domain::language::Language;
use portero_store::model::{CART_EMPTIED, CART_ORDERED};

use crate::addressees::{ADDRESS_MISSING, AUDIENCE_LEFT, VALUES_MISSING};
use crate::campaigns::STOPPED;

/// Title of a reason, per language; empty for one that nobody knows.
#[must_use]
pub fn title(reason: &str) -> BTreeMap<String, String> {
    let words = match portero_gate::rules::find(reason) {
        Some(found) => {
            let title = found.about().title;
            [Language::Es, Language::Pt, Language::En].map(|l| title.get(l))
        }
        None => match own(reason) {
            Some(words) => words,
            None => return BTreeMap::new(),
        },
    };
    ["es", "pt", "en"]
        .into_iter()
        .zip(words)
        .map(|(l, w)| (l.to_owned(), w.to_owned()))
        .collect()
}

/// Reasons of the host's own with their titles: es, pt, en.
pub fn own_reasons() -> impl Iterator<Item = (&'static str, [&'static str; 3])> {
    let all = [
        CART_ORDERED,
        CART_EMPTIED,
        AUDIENCE_LEFT,
        STOPPED,
        VALUES_MISSING,
        ADDRESS_MISSING,
    ];
    all.into_iter()
        .filter_map(|reason| own(reason).map(|title| (reason, title)))
}

fn own(reason: &str) -> Option<[&'static str; 3]> {
    Some(match reason {
        CART_ORDERED => [
            "El carrito se compró entretanto",
            "O carrinho foi comprado nesse meio-tempo",
            "The cart was ordered meanwhile",
        ],
        CART_EMPTIED => [
            "El carrito se vació entretanto",
            "O carrinho foi esvaziado nesse meio-tempo",
            "The cart was emptied meanwhile",
        ],
        AUDIENCE_LEFT => [
            "Ya no pertenece al público",
            "Já não faz parte do público",
            "No longer in the audience",
        ],
        STOPPED => [
            "La campaña fue detenida",
            "A campanha foi interrompida",
            "The campaign was stopped",
        ],
        VALUES_MISSING => [
            "Falta un valor de la plantilla",
            "Falta um valor do modelo",
            "A value of the template is missing",
        ],
        ADDRESS_MISSING => ["Sin dirección", "Sem endereço", "No address"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn a_rule_and_a_reason_of_the_hosts_own_have_words_and_others_have_none() {
        assert_eq!(
            title("cart.ordered")["en"],
            "The cart was ordered meanwhile"
        );
        assert_eq!(title("consent.missing").len(), 3);
        assert!(title("no.such-reason").is_empty());
    }
}
