//! `template.unknown`: no such template and language in the registry.

use portero_domain::clock::Millis;

use crate::facts::TemplateFact;
use crate::rules::support::*;

/// A registry entry older than this is worth a note.
pub const FRESH: Millis = Millis::hours(24);

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "template.unknown",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Session,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "Plantilla desconocida",
        "Modelo desconhecido",
        "Template unknown",
    ),
    sentence: words(
        "No hay ninguna plantilla {value} en el registro ({limit}).",
        "Não há nenhum modelo {value} no registro ({limit}).",
        "There is no template {value} in the registry ({limit}).",
    ),
    remedy: words(
        "Parecidas: {evidence}. Si es nueva, ejecuta `portero template sync`.",
        "Parecidos: {evidence}. Se é novo, execute `portero template sync`.",
        "Similar: {evidence}. If it is new, run `portero template sync`.",
    ),
    docs: Docs {
        checks: "Name and language against the registry of the sender's account.",
        why: "Meta refuses what it does not know (132001); a guess is never sent.",
        fires: "Denies when the registry has no such name and language. Notes when the entry was last \
                confirmed more than 24 h ago.",
        facts: "`template`.",
        parameters: "None.",
        source: "Meta, error 132001.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if !case.is_template() {
            return None;
        }
        let asked = || {
            case.shape().map_or_else(
                || "unknown".to_owned(),
                |s| format!("{} ({})", s.name, s.language),
            )
        };
        match &case.facts.template {
            TemplateFact::Found(t) => {
                let same = case
                    .shape()
                    .is_some_and(|s| s.name == t.name && s.language == t.language);
                if !same {
                    return Some(Found::deny(asked(), "registry"));
                }
                (case.now.since(t.synced_at) > FRESH.0)
                    .then(|| Found::note(asked(), t.synced_at.rfc3339()))
            }
            TemplateFact::Missing { closest } => {
                Some(Found::deny(asked(), "registry").because(closest.iter().cloned()))
            }
            TemplateFact::NotATemplate => Some(Found::deny(asked(), "registry")),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::TemplateFact;
    use crate::testing::Setup;
    use crate::{Fact, Verdict};
    use portero_domain::clock::Millis;

    const RULE: &str = "template.unknown";

    /// Scenario 99.
    #[test]
    fn a_missing_template_is_refused_with_what_is_close() {
        for s in [Setup::promo(), Setup::promo().at_dispatch()] {
            let mut s = s;
            assert!(s.found(RULE).is_none());
            s.facts.template = TemplateFact::Missing {
                closest: vec!["promo_v2 (es)".into()],
            };
            assert_eq!(s.denied_by(), Some(RULE.to_owned()));
            assert_eq!(s.found(RULE).unwrap().evidence, ["promo_v2 (es)"]);
            s.facts.template = TemplateFact::NotATemplate;
            assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        }
    }

    #[test]
    fn an_answer_about_another_template_is_no_answer() {
        let mut s = Setup::promo();
        s.registry().language = "pt_BR".into();
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
    }

    #[test]
    fn an_old_entry_is_a_note_and_no_refusal() {
        let mut s = Setup::promo();
        s.registry().synced_at = s.now - Millis::hours(24);
        assert!(s.found(RULE).is_none());
        s.registry().synced_at = s.now - Millis::hours(24) - Millis(1);
        assert_eq!(s.found(RULE).unwrap().outcome, None);
        assert_eq!(s.judge().verdict, Verdict::Allow);
        let mut text = Setup::reply("hola");
        text.facts.window = Fact::Unknown;
        assert!(text.found(RULE).is_none());
    }
}
