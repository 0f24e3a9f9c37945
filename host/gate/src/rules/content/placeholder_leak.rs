//! `content.placeholder-leak`: an unresolved variable or programming debris.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "content.placeholder-leak",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Content,
    stages: Stages::Admission,
    moves_with_time: false,
    title: words(
        "Variable sin rellenar",
        "Variável sem preencher",
        "Variable not filled in",
    ),
    sentence: words(
        "Hay una variable sin rellenar o restos de programa en {value}.",
        "Há uma variável sem preencher ou restos de programa em {value}.",
        "There is a variable not filled in, or debris of a programme, in {value}.",
    ),
    remedy: words(
        "Rellena el dato o escribe un texto que no lo necesite.",
        "Preencha o dado ou escreva um texto que não precise dele.",
        "Fill the datum in, or write a text that does not need it.",
    ),
    docs: Docs {
        checks: "`{{…}}`, `${`, `%s`, `%d`, `<NAME>`; the words `null`, `undefined`, `NaN`, `FIXME`, \
                 `test123`, `lorem ipsum`; `TODO:` and `TODO(`; `None` alone; a greeting without its \
                 name (`Hola ,`).",
        why: "A person reads it, and trust is gone.",
        fires: "Denies when any text a person reads, or any template value, holds one. Only the kind and \
                the place are kept. `TODO` alone is Spanish for everything and passes.",
        facts: "Content facts `placeholders`.",
        parameters: "None.",
        source: "Own choice; narrower than the catalogue for `TODO`, `None` and `%d` before a word.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let mut leaks = case.facts.content.placeholders.iter();
        let first = leaks.next()?;
        let show =
            |l: &crate::detect::Leak| format!("{}: {} @{}", l.field, l.kind.as_str(), l.offset);
        Some(Found::deny(show(first), "no_placeholders").because(leaks.map(show)))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, positional, send};
    use portero_domain::content::Content;

    const RULE: &str = "content.placeholder-leak";

    /// Scenario 82.
    #[test]
    fn debris_is_found_and_everyday_words_are_not() {
        for (text, kind) in [
            ("Hola {{nombre}}", "mustache @5"),
            ("Total ${amount}", "shell @6"),
            ("Hola %s", "printf @5"),
            ("Hola <NOMBRE>", "tag @5"),
            ("Tu pedido null salió", "debris_word @10"),
            ("Hola undefined", "debris_word @5"),
            ("ñandú NaN", "debris_word @6"),
            ("TODO: texto", "debris_word @0"),
            ("FIXME", "debris_word @0"),
            ("Lorem ipsum dolor", "debris_word @0"),
            ("Hola , ya salió", "salutation @0"),
            ("¡Oi !", "salutation @0"),
            ("Hola None, ya salió", "debris_word @5"),
        ] {
            let found = Setup::reply(text)
                .found(RULE)
                .unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.value, format!("text.body: {kind}"), "{text}");
            assert!(
                !found.value.contains("nombre"),
                "only kind and place are kept"
            );
        }
        for text in [
            "Hola Ana, tu pedido salió",
            "¡TODO al 50 %!",
            "100%descuento",
            "None of our shops is open",
            "El precio es $10",
            "nula, anulado",
            "2 < 3 y 4 > 3",
            "a {b} c",
            "Hola, ¿qué tal?",
        ] {
            assert!(Setup::reply(text).found(RULE).is_none(), "{text}");
        }
    }

    #[test]
    fn template_values_are_read_too() {
        let mut s = Setup::promo();
        s.registry().slots.body = vec!["1".into()];
        s.proposal.content = Content::Template(send("promo_v1", &[positional("undefined")]));
        assert_eq!(
            s.found(RULE).unwrap().value,
            "template.body[0]: debris_word @0"
        );
    }
}
