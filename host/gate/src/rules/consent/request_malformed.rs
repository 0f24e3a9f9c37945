//! `consent.request-malformed`: the consent question leaves out what makes a yes count.

use crate::detect::QuestionShape;
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "consent.request-malformed",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Consent,
    stages: Stages::Admission,
    moves_with_time: false,
    title: words(
        "Pregunta incompleta",
        "Pergunta incompleta",
        "Incomplete question",
    ),
    sentence: words(
        "A la pregunta de consentimiento le falta: {evidence}.",
        "Falta na pergunta de consentimento: {evidence}.",
        "The consent question lacks: {evidence}.",
    ),
    remedy: words(
        "Usa un texto de la casa con todo: negocio, WhatsApp, frecuencia, cómo parar, aviso de \
         privacidad y dos botones.",
        "Use um texto da casa com tudo: negócio, WhatsApp, frequência, como parar, aviso de \
         privacidade e dois botões.",
        "Use a house wording with all of it: business, WhatsApp, how often, how to stop, privacy notice \
         and two buttons.",
    ),
    docs: Docs {
        checks: "Whether the question names the business and WhatsApp, says how often and how to stop, \
                 links the privacy notice, and offers exactly two buttons.",
        why: "A yes to a question that hides these is no consent in any law read, and Meta asks for the \
              business and the channel to be named.",
        fires: "Denies a consent question sent as text or buttons that lacks one of them. One sent as a \
                template is held for a person when its registered body lacks one: Meta has reviewed it, \
                nobody has read it for this. What the messages will be about is not recognised by \
                machine.",
        facts: "Content facts `question`; `question_names_business`; `template.body`, `template.slots`.",
        parameters: "None.",
        source: "Meta, opt-in: business and channel named; LGPD art. 8 §1, §4; CO Ley 2300 art. 5.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if case.purpose != Purpose::ConsentRequest {
            return None;
        }
        if case.is_template() {
            let template = case.template()?;
            let mut shape = QuestionShape::of(&template.body);
            shape.buttons = template.slots.button_count;
            // Meta shows the verified name above a template.
            let missing = missing(&shape, true);
            return (!missing.is_empty())
                .then(|| Found::hold("incomplete", "complete").because(missing));
        }
        let nothing = QuestionShape::default();
        let shape = case.facts.content.question.as_ref().unwrap_or(&nothing);
        let named = case.facts.question_names_business.known();
        let missing = missing(shape, named.copied().unwrap_or_default());
        (!missing.is_empty()).then(|| Found::deny("incomplete", "complete").because(missing))
    }
}

fn missing(shape: &QuestionShape, names_business: bool) -> Vec<String> {
    [
        (names_business, "the_business"),
        (shape.whatsapp, "the_word_whatsapp"),
        (shape.frequency, "how_often"),
        (shape.stop, "how_to_stop"),
        (shape.privacy, "privacy_link"),
        (shape.buttons == 2, "two_buttons"),
    ]
    .into_iter()
    .filter(|(there, _)| !there)
    .map(|(_, what)| what.to_owned())
    .collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::{QUESTION, Setup, question, text};
    use crate::{Fact, Verdict};

    const RULE: &str = "consent.request-malformed";

    /// Scenario 27, element by element.
    #[test]
    fn each_element_is_asked_for_by_name() {
        let mut s = Setup::question();
        assert_eq!(s.judge().verdict, Verdict::Allow);
        for (cut, missing) in [
            ("WhatsApp", "the_word_whatsapp"),
            ("como mucho 2 por semana", "how_often"),
            ("escribiendo BAJA", "how_to_stop"),
            ("https://privacidad.example/sol", "privacy_link"),
        ] {
            s.proposal.content = question(&QUESTION.replace(cut, ""), 2);
            assert_eq!(s.denied_by(), Some(RULE.to_owned()), "{cut}");
            assert_eq!(s.found(RULE).unwrap().evidence, [missing], "{cut}");
        }
        for buttons in [1, 3] {
            s.proposal.content = question(QUESTION, buttons);
            assert_eq!(s.found(RULE).unwrap().evidence, ["two_buttons"]);
        }
        s.proposal.content = question(QUESTION, 2);
        for named in [Fact::Known(false), Fact::Unknown] {
            s.facts.question_names_business = named;
            assert_eq!(s.found(RULE).unwrap().evidence, ["the_business"]);
        }
    }

    #[test]
    fn portuguese_and_english_questions_are_read_too() {
        let mut s = Setup::question();
        for whole in [
            "A Loja Lua quer enviar ofertas pelo WhatsApp, no máximo 2 por semana. Pare quando quiser \
             escrevendo SAIR. Aviso: https://privacidade.example/lua. Aceita?",
            "Tienda Sol would like to send you offers on WhatsApp, at most one a month. Write STOP to \
             end it. Privacy: https://privacy.example. Do you agree?",
        ] {
            s.proposal.content = question(whole, 2);
            assert!(s.found(RULE).is_none(), "{whole}");
        }
    }

    #[test]
    fn a_bare_text_lacks_its_buttons_and_what_is_no_question_is_not_asked() {
        let mut s = Setup::question();
        s.proposal.content = text(QUESTION);
        assert!(
            s.found(RULE)
                .unwrap()
                .evidence
                .contains(&"two_buttons".to_owned())
        );
        assert!(Setup::reply("¿Aceptas?").found(RULE).is_none());
        assert!(
            s.at_dispatch().found(RULE).is_none(),
            "once, when it is made"
        );
    }

    #[test]
    fn a_template_that_lacks_something_waits_for_a_person() {
        let mut s = Setup::utility();
        s.proposal.purpose = portero_domain::proposal::Purpose::ConsentRequest;
        s.registry().body = QUESTION.into();
        s.registry().slots.button_count = 2;
        assert!(s.found(RULE).is_none());
        s.registry().body = "¿Aceptas ofertas?".into();
        let found = s.found(RULE).unwrap();
        assert_eq!(found.outcome, Some(Verdict::Hold));
        assert_eq!(found.evidence.len(), 4);
    }
}
