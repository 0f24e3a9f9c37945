//! The reference page of the rules, made from what stands in their files.

use std::fmt::Write as _;

use crate::policy::Policy;
use crate::rules::{About, RULES};

/// `host/docs/rules.md`.
#[must_use]
pub fn rules_page() -> String {
    let mut page = String::from(
        "# The rules\n\n\
         Generated from `host/gate/src/rules`; do not edit.\n\
         To renew it: `UPDATE_DOCS=1 cargo test -p portero-gate --test docs`.\n\n\
         Outcomes weigh deny > hold > defer > allow. Every rule of a stage runs and every finding \
         is kept; a deny of phase P0 and an erased person end the run. ⏱: judged again at the later \
         instant while a deferral is settled.\n\n\
         Parameters are set per tenant: `portero policy set NAME=VALUE …` or `PUT /v1/policy`. Stricter \
         than the default is always possible, looser never. Their defaults: \
         [Parameters](#parameters).\n\n\
         | Rule | Phase | Stages | Stratum | Says |\n|---|---|---|---|---|\n",
    );
    for rule in RULES {
        let a = rule.about();
        let clock = if a.moves_with_time { " ⏱" } else { "" };
        let _ = writeln!(
            page,
            "| [`{id}`](#{anchor}) | {phase}{clock} | {stages} | {stratum} | {title} |",
            id = a.id,
            anchor = anchor(a.id),
            phase = a.phase.as_str(),
            stages = a.stages.as_str(),
            stratum = a.stratum.as_str(),
            title = a.title.en,
        );
    }
    for rule in RULES {
        section(&mut page, rule.about());
    }
    parameters(&mut page);
    page
}

/// Every parameter with its default, as `portero policy show` prints it.
fn parameters(page: &mut String) {
    page.push_str("\n## Parameters\n\n| Parameter | Default |\n|---|---|\n");
    let defaults = serde_json::to_value(Policy::default()).unwrap_or_default();
    for (name, value) in defaults.as_object().into_iter().flatten() {
        let _ = writeln!(page, "| `{name}` | `{value}` |");
    }
}

/// How code hosts make an anchor of a heading: dots vanish.
fn anchor(id: &str) -> String {
    id.replace('.', "")
}

fn section(page: &mut String, a: &About) {
    let _ = write!(
        page,
        "\n## {id}\n\n{title}. Version {version}.\n\n\
         **What it checks.** {checks}\n\n**Why.** {why}\n\n**Fires when.** {fires}\n\n\
         **Facts used.** {facts}\n\n**Parameters.** {parameters}\n\n**Source.** {source}\n\n\
         **Since.** {since}\n\n| | Sentence | Remedy |\n|---|---|---|\n",
        id = a.id,
        title = a.title.en,
        version = a.version,
        checks = a.docs.checks,
        why = a.docs.why,
        fires = a.docs.fires,
        facts = a.docs.facts,
        parameters = a.docs.parameters,
        source = a.docs.source,
        since = a.docs.since,
    );
    for (code, sentence, remedy) in [
        ("es", a.sentence.es, a.remedy.es),
        ("pt", a.sentence.pt, a.remedy.pt),
        ("en", a.sentence.en, a.remedy.en),
    ] {
        let _ = writeln!(page, "| {code} | {} | {} |", cell(sentence), cell(remedy));
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
