//! Every code that Portero says, with its words.

use portero_domain::access::Right;
use portero_domain::language::Language;
use portero_flow::desk::reasons;
use portero_gate::lint::REMARKS;
use portero_gate::rules::{RULES, Words};
use portero_meta::send_failure::{FAILURES, Failure};
use serde_json::{Map, Value, json};

use crate::http::codes;

/// What kind of code it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of the gate.
    Rule,
    /// What the host decides beside the gate.
    Reason,
    /// What is said of a template by reading it.
    Remark,
    /// Of an answer of the API.
    Problem,
    /// Meta's.
    Meta,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Kind::Rule => "rule",
            Kind::Reason => "reason",
            Kind::Remark => "remark",
            Kind::Problem => "problem",
            Kind::Meta => "meta",
        }
    }

    pub(super) const fn says(self, language: Language) -> &'static str {
        let [es, pt, en] = match self {
            Kind::Rule => ["regla", "regra", "rule"],
            Kind::Reason => [
                "motivo de Portero",
                "motivo do Portero",
                "reason of Portero's",
            ],
            Kind::Remark => [
                "observación de plantilla",
                "observação de modelo",
                "remark on a template",
            ],
            Kind::Problem => [
                "problema de la API",
                "problema da API",
                "problem of the API",
            ],
            Kind::Meta => ["error de Meta", "erro da Meta", "error of Meta's"],
        };
        match language {
            Language::Es => es,
            Language::Pt => pt,
            Language::En => en,
        }
    }
}

/// Words in the three languages: es, pt, en.
type Three = [String; 3];

/// One code.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) code: String,
    pub(super) kind: Kind,
    /// Last number, for Meta's codes that stand for a span.
    last: Option<i64>,
    title: Three,
    says: Three,
    remedy: Three,
    more: Vec<(&'static str, String)>,
}

impl Entry {
    /// Whether it is meant by a code in lower case.
    pub(super) fn is(&self, wanted: &str) -> bool {
        let number = || {
            let (first, last) = (self.code.parse::<i64>().ok()?, self.last?);
            Some((first..=last).contains(&wanted.parse::<i64>().ok()?))
        };
        self.code == wanted || number() == Some(true)
    }

    pub(super) fn title(&self, language: Language) -> String {
        let [es, pt, en] = &self.title;
        match language {
            Language::Es => es.clone(),
            Language::Pt => pt.clone(),
            Language::En => en.clone(),
        }
    }

    pub(super) fn json(&self) -> Value {
        let words = |[es, pt, en]: &Three| json!({ "es": es, "pt": pt, "en": en });
        let more: Map<String, Value> = self
            .more
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        json!({
            "code": self.code, "kind": self.kind.as_str(), "title": words(&self.title),
            "says": words(&self.says), "remedy": words(&self.remedy), "more": more,
        })
    }
}

fn of(words: &Words) -> Three {
    [words.es, words.pt, words.en].map(str::to_owned)
}

fn none() -> Three {
    Three::default()
}

/// All of them: rules, reasons, remarks, problems, Meta's errors.
pub(super) fn entries() -> Vec<Entry> {
    let mut all: Vec<Entry> = RULES.iter().map(|rule| of_rule(rule.about())).collect();
    all.extend(reasons::own_reasons().map(|(code, title)| Entry {
        code: code.to_owned(),
        kind: Kind::Reason,
        last: None,
        title: title.map(str::to_owned),
        says: none(),
        remedy: none(),
        more: Vec::new(),
    }));
    all.extend(REMARKS.iter().map(|about| Entry {
        code: about.code.to_owned(),
        kind: Kind::Remark,
        last: None,
        title: of(&about.says),
        says: none(),
        remedy: of(&about.remedy),
        more: vec![("weight", about.weight.as_str().to_owned())],
    }));
    all.extend(codes::in_words().map(|words| Entry {
        code: words.code.word.to_owned(),
        kind: Kind::Problem,
        last: None,
        title: words.title.map(str::to_owned),
        says: words.means.map(str::to_owned),
        remedy: none(),
        more: vec![("HTTP status", words.code.status.as_u16().to_string())],
    }));
    all.extend(Right::ALL.into_iter().map(of_right));
    all.extend(FAILURES.iter().map(of_failure));
    all
}

fn of_rule(about: &portero_gate::rules::About) -> Entry {
    Entry {
        code: about.id.to_owned(),
        kind: Kind::Rule,
        last: None,
        title: of(&about.title),
        says: of(&about.sentence),
        remedy: of(&about.remedy),
        more: vec![
            ("checks", about.docs.checks.to_owned()),
            ("fires", about.docs.fires.to_owned()),
            ("why", about.docs.why.to_owned()),
            ("parameters", about.docs.parameters.to_owned()),
            ("source", about.docs.source.to_owned()),
        ],
    }
}

fn of_right(right: Right) -> Entry {
    let name = right.as_str();
    Entry {
        code: codes::missing_right(right),
        kind: Kind::Problem,
        last: None,
        title: [
            "Con este rol no".to_owned(),
            "Não com este papel".to_owned(),
            "Not with this role".to_owned(),
        ],
        says: [
            format!("Hace falta el derecho `{name}`, que el rol no tiene."),
            format!("É preciso o direito `{name}`, que o papel não tem."),
            format!("It needs the right `{name}`, which the role does not have."),
        ],
        remedy: [
            "Usa una ficha o una persona con otro rol; la tabla está en host/docs/access.md."
                .to_owned(),
            "Use um token ou uma pessoa com outro papel; a tabela está em host/docs/access.md."
                .to_owned(),
            "Use a token or a person with another role; host/docs/access.md has the table."
                .to_owned(),
        ],
        more: vec![("HTTP status", "403".to_owned())],
    }
}

fn of_failure(failure: &Failure) -> Entry {
    let each = |say: &dyn Fn(Language) -> &'static str| {
        Language::ALL.map(|language| say(language).to_owned())
    };
    Entry {
        code: failure.code.to_string(),
        kind: Kind::Meta,
        last: Some(failure.last),
        title: each(&|language| failure.says(language)),
        says: none(),
        remedy: each(&|language| failure.reaction.says(language)),
        more: vec![("reaction", failure.reaction.as_str().to_owned())],
    }
}
