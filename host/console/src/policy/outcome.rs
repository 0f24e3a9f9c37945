//! What another policy would have done, as the page says it before anything is saved.

use portero_flow::desk::policy::{EffectView, VerdictShort, WhatIfView};

use super::fields::{label, value};
use crate::frame::query;
use crate::shown::{number, time};
use crate::strings::Words;

/// A parameter that changes.
pub(super) struct Change {
    pub(super) name: String,
    pub(super) was: String,
    pub(super) now: String,
}

/// A verdict that would be another.
pub(super) struct Example {
    pub(super) href: String,
    pub(super) at: String,
    pub(super) was: String,
    pub(super) now: String,
}

/// Verdicts that change in the same way.
pub(super) struct Effect {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) tone: &'static str,
    pub(super) count: String,
    pub(super) examples: Vec<Example>,
}

/// The whole answer.
pub(super) struct Outcome {
    pub(super) changes: Vec<Change>,
    pub(super) said: String,
    pub(super) cut: String,
    pub(super) effects: Vec<Effect>,
    pub(super) notes: Vec<String>,
}

/// Parameters that differ, in words.
pub(super) fn changes(
    w: Words,
    all: &[portero_flow::desk::policy::ParameterChange],
) -> Vec<Change> {
    let change = |c: &portero_flow::desk::policy::ParameterChange| Change {
        name: label(w, &c.name),
        was: value(w, &c.name, &c.was),
        now: value(w, &c.name, &c.now),
    };
    all.iter().map(change).collect()
}

/// The answer in words.
pub(super) fn outcome(w: Words, slug: &str, zone: &str, view: &WhatIfView) -> Outcome {
    let said = match (view.judged, view.changed) {
        (0, _) => w.t("policy.effect.empty").to_owned(),
        (_, 0) => w.t("policy.effect.none").to_owned(),
        _ => String::new(),
    };
    let counted = w
        .t("policy.effect.counted")
        .replace("{judged}", &number(view.judged))
        .replace("{messages}", &number(view.messages))
        .replace("{since}", &time(Some(&view.since), zone))
        .replace("{changed}", &number(view.changed))
        .replace("{people}", &number(view.messages_changed));
    let cut = w
        .t("policy.cut")
        .replace("{at}", &time(view.reaches.as_deref(), zone));
    Outcome {
        changes: changes(w, &view.differs),
        said: match view.judged {
            0 => said,
            _ => format!("{counted} {said}").trim().to_owned(),
        },
        cut: if view.cut { cut } else { String::new() },
        effects: view
            .changes
            .iter()
            .map(|e| effect(w, slug, zone, e))
            .collect(),
        notes: notes(w, view),
    }
}

fn said(w: Words, verdict: &VerdictShort) -> String {
    let word = w
        .t(&format!("policy.verdict.{}", verdict.verdict))
        .to_owned();
    let rule = verdict.rule.as_deref().unwrap_or_default();
    match verdict.title.get(w.0.code()).map_or(rule, String::as_str) {
        "" => word,
        title => format!("{word}: {title}"),
    }
}

fn effect(w: Words, slug: &str, zone: &str, effect: &EffectView) -> Effect {
    let (from, mut to) = (said(w, &effect.from), said(w, &effect.to));
    if from == to {
        to = format!("{to}, {}", w.t("policy.effect.later"));
    }
    let sentence = |of: &std::collections::BTreeMap<String, String>| {
        of.get(w.0.code()).cloned().unwrap_or_default()
    };
    Effect {
        tone: match effect.to.verdict.as_str() {
            "allow" => "ok",
            "defer" => "wait",
            "hold" => "hold",
            _ => "guard",
        },
        from,
        to,
        count: w
            .t("policy.effect.n")
            .replace("{n}", &number(effect.verdicts)),
        examples: effect
            .examples
            .iter()
            .map(|e| Example {
                href: query(
                    &format!("/verdicts/{slug}/{}", e.verdict),
                    &[("lang", w.0.code())],
                ),
                at: time(Some(&e.at), zone),
                was: sentence(&e.was),
                now: sentence(&e.now),
            })
            .collect(),
    }
}

/// What is not in the counts, and why.
fn notes(w: Words, view: &WhatIfView) -> Vec<String> {
    let mut notes = Vec::new();
    if view.already.verdicts > 0 {
        let note = w
            .t("policy.already")
            .replace("{n}", &number(view.already.verdicts))
            .replace("{policy}", &number(view.already.other_policy))
            .replace("{rules}", &number(view.already.other_rules));
        notes.push(note);
    }
    for not in &view.unjudged {
        let n = number(not.verdicts);
        notes.push(match not.reason.strip_prefix("missing:") {
            Some(fact) => w
                .t("policy.unjudged.missing")
                .replace("{n}", &n)
                .replace("{fact}", fact),
            None => w.t("policy.unjudged.older").replace("{n}", &n),
        });
    }
    for name in &view.unseen {
        notes.push(w.t("policy.unseen").replace("{name}", &label(w, name)));
    }
    notes
}
