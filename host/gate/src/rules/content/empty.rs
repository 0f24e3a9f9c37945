//! `content.empty`: nothing visible to deliver.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "content.empty",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Content,
    stages: Stages::Admission,
    moves_with_time: false,
    title: words("Mensaje vacío", "Mensagem vazia", "Empty message"),
    sentence: words(
        "No hay nada visible que entregar.",
        "Não há nada visível para entregar.",
        "There is nothing visible to deliver.",
    ),
    remedy: words(
        "Escribe un texto que se vea.",
        "Escreva um texto que se veja.",
        "Write a text that can be seen.",
    ),
    docs: Docs {
        checks: "Whether a person would see anything after spaces, zero-width characters, fillers and \
                 variation selectors are taken away.",
        why: "Meta refuses empty bodies, and an invisible message is a mistake.",
        fires: "Denies a text or an interactive message whose body shows nothing. Media, reactions and \
                templates always show something.",
        facts: "Content facts `visible`.",
        parameters: "None.",
        source: "Meta, message objects (as of 2026-11).",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        (!case.facts.content.visible).then(|| Found::deny("nothing_visible", "visible_text"))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, image};

    /// Scenario 102.
    #[test]
    fn zero_width_and_filler_texts_are_empty() {
        for (text, passes) in [
            ("", false),
            (" \n ", false),
            ("\u{200b}", false),
            ("\u{fe0f}\u{2800}\u{3164}", false),
            (".", true),
            ("👍\u{fe0f}", true),
            ("\u{200b}a", true),
        ] {
            assert_eq!(
                Setup::reply(text).found("content.empty").is_none(),
                passes,
                "{text:?}"
            );
        }
        let mut s = Setup::reply("");
        s.proposal.content = image("https://a.example/x.png");
        assert!(s.found("content.empty").is_none());
    }
}
