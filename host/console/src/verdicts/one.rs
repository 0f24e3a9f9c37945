//! One verdict in full: the sentence, all that was found, and what would be said now.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::language::Language;
use portero_flow::desk::access::Principal;
use portero_flow::desk::rejudge::{self, RejudgedView, SaidView};
use portero_flow::desk::verdict_days::local;
use portero_flow::desk::verdicts::{self, FindingView, VerdictView};
use serde::Deserialize;

use super::{result, utc};
use crate::frame::{Frame, Visit, render};
use crate::problem::{Asks, Problem};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Query of one verdict.
#[derive(Deserialize)]
pub(crate) struct AskedOne {
    #[serde(default)]
    lang: Option<String>,
    /// Judged again when there.
    #[serde(default)]
    again: Option<String>,
}

struct Finding {
    rule: String,
    title: String,
    mark: &'static str,
    outcome: String,
    sentence: String,
    remedy: String,
    value: String,
    limit: String,
    evidence: Vec<String>,
}

/// What would be said now.
struct Again {
    result: String,
    verdict: String,
    summary: String,
    changed: bool,
    changes: Vec<(String, String, String)>,
    other_rules: bool,
    other_policy: bool,
    findings: Vec<Finding>,
}

#[derive(Template)]
#[template(path = "verdicts_one.html")]
struct One {
    f: Frame,
    w: Words,
    lang: &'static str,
    id: String,
    verdict: String,
    result: String,
    summary: String,
    until: String,
    /// (name, value) of what is known beside.
    facts: Vec<(&'static str, String)>,
    findings: Vec<Finding>,
    again: Option<Again>,
}

/// One verdict.
pub(crate) async fn one(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, id)): Path<(String, String)>,
    Asks(asked): Asks<AskedOne>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let id = id
        .parse()
        .map_err(|_| Problem::NotFound { what: "verdict" })?;
    let view = verdicts::get(&state.ctx, tenant.id, id).await?;
    let again = match asked.again {
        Some(_) => Some(rejudge::rejudge(&state.ctx, tenant.id, id).await?),
        None => None,
    };
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/verdicts",
        lang: asked.lang.as_deref(),
        shop: None,
    };
    let here = format!("/verdicts/{}/{id}", tenant.slug);
    let f = visit.below(tenant.clone()).here(&here, &[]);
    Ok(render(&page(f, &tenant.timezone, view, again)))
}

fn page(f: Frame, zone: &str, mut view: VerdictView, again: Option<RejudgedView>) -> One {
    let (w, language) = (f.w, f.language);
    let found = view.findings.remove(language.code()).unwrap_or_default();
    let time = |at: &str| format!("{} ({zone}) · {} UTC", local(at, zone), utc(at));
    let stage = serde_json::to_value(view.stage).unwrap_or_default();
    let stage = stage.as_str().unwrap_or_default();
    let mut facts = vec![
        (w.t("explore.when"), time(&view.decided_at)),
        (
            w.t("explore.stage"),
            w.t(&format!("explore.stage.{stage}")).to_owned(),
        ),
        (
            w.t("explore.purpose"),
            w.t(&format!("purpose.{}", view.purpose)).to_owned(),
        ),
    ];
    facts.extend(view.template.map(|t| (w.t("explore.template"), t)));
    facts.extend(
        view.installation
            .map(|i| (w.t("explore.plugin"), i.to_string())),
    );
    facts.extend(
        view.campaign
            .map(|c| (w.t("explore.campaign"), c.to_string())),
    );
    facts.extend([
        (w.t("explore.who"), view.contact.to_string()),
        (w.t("explore.message"), view.message.to_string()),
        (w.t("explore.policy"), view.policy_revision),
        (w.t("explore.ruleset"), view.ruleset),
        (w.t("explore.record"), view.record_hash),
    ]);
    One {
        f: f.titled(result(w, &view.verdict)),
        w,
        lang: language.code(),
        id: view.id.to_string(),
        result: result(w, &view.verdict),
        verdict: view.verdict,
        summary: view.summary.remove(language.code()).unwrap_or_default(),
        until: view.until.as_deref().map(time).unwrap_or_default(),
        facts,
        findings: found.into_iter().map(|f| finding(w, f)).collect(),
        again: again.map(|a| judged_again(language, a)),
    }
}

fn finding(w: Words, f: FindingView) -> Finding {
    let outcome = f.outcome.unwrap_or_else(|| "note".to_owned());
    Finding {
        mark: match outcome.as_str() {
            "deny" => "✗",
            "hold" | "defer" => "…",
            _ => "·",
        },
        outcome: result(w, &outcome),
        rule: f.rule,
        title: f.title,
        sentence: f.sentence,
        remedy: f.remedy,
        value: f.value,
        limit: f.limit,
        evidence: f.evidence,
    }
}

fn judged_again(language: Language, mut view: RejudgedView) -> Again {
    let w = Words(language);
    let nothing = || w.t("explore.again.nothing").to_owned();
    let SaidView { verdict, .. } = view.now;
    let findings = view.findings.remove(language.code()).unwrap_or_default();
    Again {
        result: result(w, &verdict),
        verdict,
        summary: view.summary.remove(language.code()).unwrap_or_default(),
        changed: view.changed,
        changes: view
            .changes
            .into_iter()
            .map(|c| {
                (
                    c.rule,
                    c.was.unwrap_or_else(nothing),
                    c.now.unwrap_or_else(nothing),
                )
            })
            .collect(),
        other_rules: view.other_rules,
        other_policy: view.other_policy,
        findings: findings.into_iter().map(|f| finding(w, f)).collect(),
    }
}
