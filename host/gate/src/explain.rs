//! A judgement in words: what happened and what would help, in Spanish, Portuguese and English.
//!
//! A refusal is never called a failure: the gate protects the number and the person.

mod terms;

use jiff::tz::TimeZone;

use portero_domain::clock::Ts;
use portero_domain::language::Language;

use crate::judgement::{Finding, Judgement, Verdict};
use crate::rules::{self, Words};

/// A judgement in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// One line.
    pub summary: String,
    /// The primary finding first, the others in catalogue order.
    pub findings: Vec<Explained>,
}

/// A finding in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Rule id.
    pub rule: String,
    /// Its outcome; `None` is a note.
    pub outcome: Option<Verdict>,
    /// A few words.
    pub title: String,
    /// What was found.
    pub sentence: String,
    /// What would help.
    pub remedy: String,
}

/// Puts a judgement into words; instants in UTC.
#[must_use]
pub fn explain(judgement: &Judgement, language: Language) -> Explanation {
    explain_in(judgement, language, "UTC")
}

/// Puts a judgement into words; instants in the zone named (UTC when nobody knows it).
#[must_use]
pub fn explain_in(judgement: &Judgement, language: Language, zone: &str) -> Explanation {
    let voice = Voice {
        language,
        zone: crate::hours::zone(zone),
    };
    let primary = |f: &&Finding| Some(&f.rule) == judgement.primary.as_ref();
    let first = judgement.findings.iter().filter(primary);
    let others = judgement.findings.iter().filter(|f| !primary(f));
    let findings: Vec<Explained> = first.chain(others).map(|f| voice.finding(f)).collect();
    let summary = voice.summary(judgement, findings.first());
    Explanation { summary, findings }
}

struct Voice {
    language: Language,
    zone: Option<TimeZone>,
}

impl Voice {
    fn summary(&self, judgement: &Judgement, first: Option<&Explained>) -> String {
        let reason = first.map(|f| f.sentence.as_str()).unwrap_or_default();
        let until = judgement
            .until
            .map(|at| self.instant(at))
            .unwrap_or_default();
        let words = match judgement.verdict {
            Verdict::Allow => Words {
                es: "Puede salir.",
                pt: "Pode sair.",
                en: "It may go.",
            },
            Verdict::Defer => Words {
                es: "Saldrá a partir de {until}: {reason}",
                pt: "Sairá a partir de {until}: {reason}",
                en: "Waiting until {until}: {reason}",
            },
            Verdict::Hold => Words {
                es: "Espera la decisión de una persona: {reason}",
                pt: "Espera a decisão de uma pessoa: {reason}",
                en: "Waiting for a person to decide: {reason}",
            },
            Verdict::Deny => Words {
                es: "No se envió: {reason}",
                pt: "Não foi enviada: {reason}",
                en: "Not sent: {reason}",
            },
        };
        words
            .get(self.language)
            .replace("{until}", &until)
            .replace("{reason}", reason)
    }

    fn finding(&self, finding: &Finding) -> Explained {
        let Some(rule) = rules::find(&finding.rule) else {
            // A record of another build may name a rule this one does not have.
            return Explained {
                rule: finding.rule.clone(),
                outcome: finding.outcome,
                title: finding.rule.clone(),
                sentence: format!("{}: {} / {}", finding.rule, finding.value, finding.limit),
                remedy: String::new(),
            };
        };
        let about = rule.about();
        let words = terms::instead(finding);
        let sentence = words.as_ref().map_or(about.sentence, |w| w.sentence);
        let remedy = words.as_ref().map_or(about.remedy, |w| w.remedy);
        Explained {
            rule: finding.rule.clone(),
            outcome: finding.outcome,
            title: about.title.get(self.language).to_owned(),
            sentence: self.fill(sentence, finding),
            remedy: self.fill(remedy, finding),
        }
    }

    fn fill(&self, words: Words, finding: &Finding) -> String {
        let evidence = if finding.evidence.is_empty() {
            self.term("none")
        } else {
            finding
                .evidence
                .iter()
                .map(|e| self.term(e))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let until = finding
            .until
            .map_or_else(|| self.term("unknown"), |at| self.instant(at));
        words
            .get(self.language)
            .replace("{value}", &self.term(&finding.value))
            .replace("{limit}", &self.term(&finding.limit))
            .replace("{until}", &until)
            .replace("{evidence}", &evidence)
    }

    /// A code in words, an instant on the clock, anything else as it is; `path: code` by its code.
    fn term(&self, text: &str) -> String {
        if let Ok(at) = Ts::parse_rfc3339(text) {
            return self.instant(at);
        }
        if let Some(words) = terms::find(text) {
            return words.get(self.language).to_owned();
        }
        match text.rsplit_once(": ") {
            Some((path, rest)) => {
                let path = terms::find(path).map_or(path, |w| w.get(self.language));
                let (code, place) = rest
                    .split_once(" @")
                    .map_or((rest, None), |(c, p)| (c, Some(p)));
                let code = match Ts::parse_rfc3339(code) {
                    Ok(at) => self.instant(at),
                    Err(_) => terms::find(code)
                        .map_or(code, |w| w.get(self.language))
                        .to_owned(),
                };
                match place {
                    Some(place) => format!("{path}: {code} @{place}"),
                    None => format!("{path}: {code}"),
                }
            }
            None => text.to_owned(),
        }
    }

    fn instant(&self, at: Ts) -> String {
        let Some(instant) = at.to_jiff() else {
            return at.rfc3339();
        };
        match &self.zone {
            Some(zone) => instant
                .to_zoned(zone.clone())
                .strftime("%Y-%m-%d %H:%M:%S %Z")
                .to_string(),
            None => instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        }
    }
}

#[cfg(all(test, not(feature = "allow-everything")))]
mod tests;
