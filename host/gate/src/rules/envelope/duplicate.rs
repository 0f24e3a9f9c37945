//! `envelope.duplicate`: the same key was decided before.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "envelope.duplicate",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Envelope,
    stages: Stages::Admission,
    moves_with_time: false,
    title: words(
        "Propuesta repetida",
        "Proposta repetida",
        "Repeated proposal",
    ),
    sentence: words(
        "Esta clave ya se decidió en {evidence} ({value}).",
        "Esta chave já foi decidida em {evidence} ({value}).",
        "This key was already decided as {evidence} ({value}).",
    ),
    remedy: words(
        "Usa una clave nueva para un mensaje nuevo; para este, consulta la decisión anterior.",
        "Use uma chave nova para uma mensagem nova; para esta, consulte a decisão anterior.",
        "Use a new key for a new message; for this one, read the earlier decision.",
    ),
    docs: Docs {
        checks: "Whether the tenant already has a proposal under the same idempotency key.",
        why: "A retry of the caller must not become a second message.",
        fires: "Denies when there is one; the value says whether the content was the same \
                (`same_content`) or another (`conflict`).",
        facts: "`duplicate_of`, backed by a unique index so that two hosts cannot both win.",
        parameters: "None.",
        source: "Own choice.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let earlier = case.facts.duplicate_of.as_ref()?;
        let value = if earlier.same_content {
            "same_content"
        } else {
            "conflict"
        };
        Some(Found::deny(value, "new_key").because([earlier.of.to_string()]))
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::Duplicate;
    use crate::testing::{Setup, id};
    use portero_domain::ids::OutboxId;

    const RULE: &str = "envelope.duplicate";

    #[test]
    fn a_repeated_key_is_refused_and_names_the_first() {
        let mut s = Setup::reply("hola");
        assert!(s.found(RULE).is_none());
        let of = OutboxId::from_uuid(id(77));
        s.facts.duplicate_of = Some(Duplicate {
            of,
            same_content: true,
        });
        let found = s.found(RULE).unwrap();
        assert_eq!(
            (found.value.as_str(), found.evidence),
            ("same_content", vec![of.to_string()])
        );
        s.facts.duplicate_of = Some(Duplicate {
            of,
            same_content: false,
        });
        assert_eq!(s.found(RULE).unwrap().value, "conflict");
        assert_eq!(s.at_dispatch().found(RULE), None, "admission only");
    }
}
