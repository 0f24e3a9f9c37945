//! Every parameter as a row of the page: what holds, what it may be, and the fields to change it.

use std::collections::BTreeMap;

use portero_flow::desk::policy::PolicyView;
use portero_gate::Policy;
use portero_gate::policy::{Bound, FaultKind, Group, Kind, PARAMETERS, Parameter};
use serde_json::{Map, Value};

use super::values::{self, PERIODS, Sent, UNITS};
use crate::strings::Words;

/// One field of a row.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) value: String,
    /// `number` or `text`; not looked at where there are options.
    pub(super) kind: &'static str,
    /// Value, words, whether chosen.
    pub(super) options: Vec<(String, String, bool)>,
}

/// A parameter as the page shows it.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) default: String,
    pub(super) own: bool,
    pub(super) bound: String,
    pub(super) inputs: Vec<Input>,
    pub(super) trouble: String,
}

/// Rows of one group.
pub(super) struct Rows {
    pub(super) word: &'static str,
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
}

/// What is wrong with a field, by parameter, in words of the page.
pub(super) type Troubles = BTreeMap<&'static str, String>;

/// A parameter in words.
pub(crate) fn label(w: Words, name: &str) -> String {
    w.t(&format!("policy.p.{name}")).to_owned()
}

/// A value of a parameter in words.
pub(crate) fn value(w: Words, name: &str, value: &Value) -> String {
    let found = PARAMETERS.iter().find(|p| p.name == name);
    found.map_or_else(|| value.to_string(), |p| values::shown(w, p.kind, value))
}

/// What a form says: every parameter's value, or what is wrong with which.
pub(super) fn read(w: Words, sent: &Sent) -> Result<Map<String, Value>, Troubles> {
    let mut fields = Map::new();
    let mut troubles = Troubles::new();
    for p in PARAMETERS {
        match values::read(p, sent) {
            Some(value) => {
                fields.insert(p.name.to_owned(), value);
            }
            None => {
                let how = how(w, p.kind);
                let words = w.t("policy.bad.unreadable").replace("{how}", &how);
                troubles.insert(p.name, words);
            }
        }
    }
    if let Err(faults) = Policy::read(&fields) {
        for fault in faults {
            let Some(p) = PARAMETERS.iter().find(|p| p.name == fault.name) else {
                continue;
            };
            let words = match fault.kind {
                FaultKind::Looser(_) => {
                    let default = Policy::default().fields().remove(p.name);
                    let default = values::shown(w, p.kind, &default.unwrap_or_default());
                    w.t("policy.bad.looser").replace("{limit}", &default)
                }
                FaultKind::Unknown | FaultKind::Unreadable(_) => w
                    .t("policy.bad.unreadable")
                    .replace("{how}", &how(w, p.kind)),
            };
            troubles.insert(p.name, words);
        }
    }
    if troubles.is_empty() {
        Ok(fields)
    } else {
        Err(troubles)
    }
}

/// How a value of this kind is written.
fn how(w: Words, kind: Kind) -> String {
    let word = match kind {
        Kind::Count | Kind::Percent | Kind::Duration | Kind::Promise => "number",
        Kind::Switch => "switch",
        Kind::Hours => "hours",
        Kind::Waits => "waits",
        Kind::Languages => "languages",
        Kind::Money => "money",
    };
    w.t(&format!("policy.how.{word}")).to_owned()
}

/// Every parameter, with what a form said of it, if one did.
pub(super) fn rows(w: Words, view: &PolicyView, sent: &Sent, troubles: &Troubles) -> Vec<Rows> {
    Group::ALL
        .iter()
        .map(|group| {
            let own = PARAMETERS.iter().filter(|p| p.group == *group);
            let rows = own.filter_map(|p| {
                let holds = view.parameters.iter().find(|v| v.name == p.name)?;
                let trouble = troubles.get(p.name).cloned().unwrap_or_default();
                Some(row(w, p, &holds.value, &holds.default, sent, trouble))
            });
            Rows {
                word: group.as_str(),
                title: w.t(&format!("policy.group.{}", group.as_str())).to_owned(),
                rows: rows.collect(),
            }
        })
        .collect()
}

fn row(
    w: Words,
    p: &Parameter,
    holds: &Value,
    default: &Value,
    sent: &Sent,
    trouble: String,
) -> Row {
    let mut written = values::raw(p, holds);
    for (name, text) in &mut written {
        if let Some(said) = sent.get(name) {
            text.clone_from(said);
        }
    }
    let shown = values::shown(w, p.kind, default);
    let bound = match p.bound {
        Bound::AtMost if default.is_null() => w.t("policy.bound.money").to_owned(),
        bound => w
            .t(&format!("policy.bound.{}", bound.as_str()))
            .replace("{limit}", &shown),
    };
    Row {
        name: p.name,
        label: label(w, p.name),
        value: values::shown(w, p.kind, holds),
        default: shown,
        own: holds != default,
        bound,
        inputs: inputs(w, p, &written),
        trouble,
    }
}

fn inputs(w: Words, p: &Parameter, written: &Sent) -> Vec<Input> {
    let text = |name: &str| written.get(name).cloned().unwrap_or_default();
    let field = |name: String, label: &str, kind| Input {
        value: text(&name),
        name,
        label: label.to_owned(),
        kind,
        options: Vec::new(),
    };
    let choice = |name: String, label: &str, all: Vec<(&str, String)>| {
        let chosen = text(&name);
        let options = all
            .into_iter()
            .map(|(value, words)| (value.to_owned(), words, value == chosen))
            .collect();
        Input {
            options,
            ..field(name, label, "text")
        }
    };
    let name = p.name.to_owned();
    let value = w.t("policy.value");
    match p.kind {
        Kind::Count | Kind::Percent => vec![field(name, value, "number")],
        Kind::Duration => {
            let unit = format!("{}.unit", p.name);
            let units = UNITS.iter().map(|(unit, _)| *unit);
            let mut all: Vec<(&str, String)> = units
                .map(|unit| (unit, w.t(&format!("policy.unit.{unit}")).to_owned()))
                .collect();
            // A length that is no whole number of seconds can only have come through the API.
            if text(&unit) == "ms" {
                all.push(("ms", "ms".to_owned()));
            }
            vec![
                field(name, value, "number"),
                choice(unit, w.t("policy.unit"), all),
            ]
        }
        Kind::Switch => {
            let (no, yes) = (w.t("policy.no").to_owned(), w.t("policy.yes").to_owned());
            vec![choice(name, value, vec![("no", no), ("yes", yes)])]
        }
        Kind::Hours => (0..7)
            .map(|day| {
                let label = format!("policy.day.{day}");
                field(format!("{}.{day}", p.name), w.t(&label), "text")
            })
            .collect(),
        Kind::Promise => {
            let per = |per: &'static str| (per, w.t(&format!("policy.per.{per}")).to_owned());
            vec![
                field(name, value, "number"),
                choice(
                    format!("{}.per", p.name),
                    w.t("policy.per"),
                    PERIODS.map(per).to_vec(),
                ),
            ]
        }
        Kind::Waits | Kind::Languages | Kind::Money => {
            let label = how(w, p.kind);
            vec![field(name, &label, "text")]
        }
    }
}

/// What a form would say if these were its values.
pub(super) fn written(fields: &Map<String, Value>) -> Sent {
    let mut all = Sent::new();
    for p in PARAMETERS {
        if let Some(value) = fields.get(p.name) {
            all.append(&mut values::raw(p, value));
        }
    }
    all
}
