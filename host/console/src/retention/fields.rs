//! The form of the terms: what each kind shows, and what was typed, read with each fault in words.

use std::collections::BTreeMap;

use portero_flow::desk::retention::{Given, RetentionView, TermView};

use crate::shown::{number, time};
use crate::strings::Words;

/// What the form sends: `d.` and the kind, empty for the host's term.
pub(super) type Sent = BTreeMap<String, String>;

/// A kind on the page.
pub(super) struct Row {
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) goes: String,
    pub(super) stays: String,
    pub(super) why: String,
    /// What holds, in words.
    pub(super) holds: String,
    pub(super) own: bool,
    pub(super) host: String,
    pub(super) min: u32,
    pub(super) max: u32,
    /// What stands in the field.
    pub(super) value: String,
    pub(super) trouble: String,
    /// What went so far; empty for nothing.
    pub(super) gone: String,
}

/// What was typed.
pub(super) struct Terms {
    /// What the shop sets itself.
    pub(super) own: Given,
    /// Every kind, the host's where nothing is set.
    pub(super) all: Given,
}

/// A kind as the page calls it.
pub(super) fn title(w: Words, kind: &str) -> String {
    w.t(&format!("retention.kind.{kind}")).to_owned()
}

fn days(w: Words, n: u32) -> String {
    w.t("retention.days").replace("{n}", &number(n.into()))
}

/// What of a field does not do; nothing for what does.
fn trouble(w: Words, term: &TermView, typed: &str) -> Option<String> {
    let fits = |n: u32| (term.min_days..=term.max_days).contains(&n);
    match typed {
        "" => None,
        typed if typed.parse().is_ok_and(fits) => None,
        _ => Some(
            w.t("retention.bad.bounds")
                .replace("{min}", &number(term.min_days.into()))
                .replace("{max}", &number(term.max_days.into())),
        ),
    }
}

fn typed<'a>(sent: &'a Sent, kind: &str) -> &'a str {
    sent.get(&format!("d.{kind}")).map_or("", |t| t.trim())
}

/// The kinds with what holds, and what was typed where something was.
pub(super) fn rows(w: Words, zone: &str, holds: &RetentionView, sent: &Sent) -> Vec<Row> {
    let again = sent.keys().any(|name| name.starts_with("d."));
    let row = |term: &TermView| {
        let told = |part: &str| w.t(&format!("retention.{part}.{}", term.kind)).to_owned();
        Row {
            title: title(w, &term.kind),
            goes: told("goes_of"),
            stays: told("stays_of"),
            why: told("why_of"),
            holds: days(w, term.days),
            own: term.own,
            host: days(w, term.host_days),
            min: term.min_days,
            max: term.max_days,
            value: match (again, term.own) {
                (true, _) => typed(sent, &term.kind).to_owned(),
                (false, true) => term.days.to_string(),
                (false, false) => String::new(),
            },
            trouble: trouble(w, term, typed(sent, &term.kind)).unwrap_or_default(),
            gone: match term.gone {
                0 => String::new(),
                n => w
                    .t("retention.gone")
                    .replace("{n}", &number(n))
                    .replace("{at}", &time(term.last_at.as_deref(), zone)),
            },
            kind: term.kind.clone(),
        }
    };
    holds.kinds.iter().map(row).collect()
}

/// Reads the form.
///
/// # Errors
/// Every fault in words.
pub(super) fn terms(w: Words, holds: &RetentionView, sent: &Sent) -> Result<Terms, Vec<String>> {
    let (mut own, mut all, mut faults) = (Given::new(), Given::new(), Vec::new());
    for term in &holds.kinds {
        let typed = typed(sent, &term.kind);
        if let Some(why) = trouble(w, term, typed) {
            faults.push(format!("{}: {why}", title(w, &term.kind)));
        }
        let days = typed.parse().ok();
        own.extend(days.map(|n| (term.kind.clone(), n)));
        all.insert(term.kind.clone(), days.unwrap_or(term.host_days));
    }
    let of = |kind: &str| all.get(kind).copied().unwrap_or_default();
    if faults.is_empty() && of("events") > of("messages") {
        faults.push(w.t("retention.bad.events").to_owned());
    }
    if faults.is_empty() && of("verdicts") < of("proofs") {
        faults.push(w.t("retention.bad.verdicts").to_owned());
    }
    match faults.is_empty() {
        true => Ok(Terms { own, all }),
        false => Err(faults),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::language::Language;
    use portero_domain::retention::Kind;

    fn holds() -> RetentionView {
        let kinds = Kind::ALL.into_iter().map(|kind| {
            let facts = kind.facts();
            TermView {
                kind: kind.as_str().to_owned(),
                days: facts.default_days,
                own: false,
                host_days: facts.default_days,
                min_days: facts.min_days,
                max_days: facts.max_days,
                goes: String::new(),
                stays: String::new(),
                bounds: String::new(),
                gone: 0,
                last_at: None,
            }
        });
        RetentionView {
            kinds: kinds.collect(),
            changes: Vec::new(),
        }
    }

    #[test]
    fn every_kind_has_its_words_in_every_language() {
        for language in Language::ALL {
            let w = Words(language);
            for kind in Kind::ALL {
                for part in ["kind", "goes_of", "stays_of", "why_of"] {
                    let key = format!("retention.{part}.{}", kind.as_str());
                    assert_ne!(w.t(&key), key, "{language:?}");
                }
            }
        }
    }

    #[test]
    fn an_empty_field_is_the_hosts_and_every_fault_is_told() {
        let w = Words(Language::En);
        let sent = |all: &[(&str, &str)]| -> Sent {
            let fields = all.iter();
            fields
                .map(|(k, v)| (format!("d.{k}"), (*v).to_owned()))
                .collect()
        };
        let read = terms(w, &holds(), &sent(&[("messages", " 365 "), ("events", "")])).unwrap();
        assert_eq!(read.own, Given::from([("messages".to_owned(), 365)]));
        assert_eq!((read.all["messages"], read.all["events"]), (365, 180));
        for wrong in [
            &[("messages", "29"), ("imports", "soon")][..],
            &[("messages", "90"), ("events", "91")],
            &[("proofs", "2000")],
        ] {
            let said = terms(w, &holds(), &sent(wrong)).map(|t| t.own).unwrap_err();
            assert!(!said.is_empty(), "{wrong:?}");
        }
        let said = terms(w, &holds(), &sent(&[("messages", "1"), ("imports", "x")]));
        assert_eq!(said.map(|t| t.own).unwrap_err().len(), 2);
    }
}
