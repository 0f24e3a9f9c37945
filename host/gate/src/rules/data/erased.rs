//! `data.erased`: the person had their data erased.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "data.erased",
    version: 1,
    stratum: Stratum::Law,
    phase: Phase::Data,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "Persona no disponible",
        "Pessoa não disponível",
        "Recipient unavailable",
    ),
    sentence: words(
        "La persona no está disponible.",
        "A pessoa não está disponível.",
        "The recipient is unavailable.",
    ),
    remedy: words(
        "No hay nada que hacer: solo la propia persona puede volver a escribir.",
        "Não há nada a fazer: só a própria pessoa pode voltar a escrever.",
        "There is nothing to do: only the person can write again.",
    ),
    docs: Docs {
        checks: "Whether only a tombstone of the person is kept.",
        why: "An erased person must not be written to, nor read about while judging.",
        fires: "Denies, and ends the run: no further fact of the person is looked at. The text is the \
                one an unknown person would get.",
        facts: "`recipient.erased`.",
        parameters: "None.",
        source: "LGPD art. 16 and 18 VI; Ley 1581 (CO); Ley 21.719 (CL); GDPR art. 17.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        case.facts
            .recipient
            .erased
            .then(|| Found::deny("unavailable", "available"))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Setup;

    #[test]
    fn an_erased_person_ends_the_run() {
        for mut s in [Setup::promo(), Setup::promo().at_dispatch()] {
            assert!(s.found("data.erased").is_none());
            s.facts.recipient.erased = true;
            s.facts.consent = crate::Fact::Unknown;
            s.facts.recipient.do_not_contact = Some(crate::facts::DoNotContact::All);
            let judgement = s.judge();
            assert_eq!(judgement.primary.as_deref(), Some("data.erased"));
            assert_eq!(judgement.findings.len(), 1);
        }
    }
}
