//! One verdict in full: the sentence, all that was found, and what would be said now.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::language::Language;
use portero_flow::desk::access::Principal;
use portero_flow::desk::contacts;
use portero_flow::desk::proofs::{self, ProofLinkView};
use portero_flow::desk::rejudge::{self, RejudgedView, SaidView};
use portero_flow::desk::tenants::TenantView;
use portero_flow::desk::verdict_days::local;
use portero_flow::desk::verdicts::{self, FindingView, VerdictView};
use serde::Deserialize;

use super::{result, utc};
use crate::frame::{Frame, Visit, render};
use crate::problem::{Asks, Problem};
use crate::strings::Words;
use crate::their_clock::Clocks;
use crate::{ConsoleState, reach};

/// Query of one verdict.
#[derive(Deserialize)]
pub(crate) struct AskedOne {
    #[serde(default)]
    lang: Option<String>,
    /// Judged again when there.
    #[serde(default)]
    again: Option<String>,
    /// The act that led here.
    #[serde(default)]
    did: Option<String>,
}

pub(crate) struct Finding {
    pub(crate) rule: String,
    pub(crate) title: String,
    pub(crate) mark: &'static str,
    pub(crate) outcome: String,
    pub(crate) sentence: String,
    pub(crate) remedy: String,
    pub(crate) value: String,
    pub(crate) limit: String,
    pub(crate) evidence: Vec<String>,
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
    links: Vec<Link>,
    /// Address of a link that was just made; shown once.
    made: Option<String>,
    ended: bool,
    /// Why no link was made.
    link_trouble: String,
    action: String,
    days: String,
}

/// A link that shows the verdict without a login.
struct Link {
    id: String,
    state: String,
    good: bool,
    author: String,
    made: String,
    until: String,
    opened: String,
}

/// What came of an act.
#[derive(Default)]
pub(super) struct Told {
    pub(super) made: Option<String>,
    pub(super) trouble: String,
    pub(super) days: String,
}

/// One verdict.
pub(crate) async fn one(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, id)): Path<(String, String)>,
    Asks(asked): Asks<AskedOne>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/verdicts",
        lang: asked.lang.as_deref(),
        shop: None,
    };
    let ended = asked.did.as_deref() == Some("end");
    let again = asked.again.is_some();
    show(visit, &shop, &id, (again, ended), Told::default()).await
}

/// The page, with what came of an act.
pub(super) async fn show(
    visit: Visit<'_>,
    shop: &str,
    id: &str,
    (again, ended): (bool, bool),
    told: Told,
) -> Result<Response, Problem> {
    let (state, principal) = (visit.state, visit.principal);
    let tenant = reach::tenant(state, principal, shop).await?;
    let id = super::links::verdict_id(id)?;
    let view = verdicts::get(&state.ctx, tenant.id, id).await?;
    let again = match again {
        true => Some(rejudge::rejudge(&state.ctx, tenant.id, id).await?),
        false => None,
    };
    let links = proofs::links(&state.ctx, tenant.id, id).await?;
    let here = format!("/verdicts/{}/{id}", tenant.slug);
    let f = visit.below(tenant.clone()).here(&here, &[]);
    let own = principal.author();
    let (w, zone) = (f.w, tenant.timezone.as_str());
    let link = |l: ProofLinkView| Link {
        id: l.id.to_string(),
        state: w.t(&format!("proof.state.{}", l.state)).to_owned(),
        good: l.state == "good",
        author: match l.author == own {
            true => format!("{} ({})", w.t("campaign.you"), l.author),
            false => l.author,
        },
        made: twice(&l.made_at, zone),
        until: twice(&l.expires_at, zone),
        opened: w.t("proof.opened").replace("{n}", &l.opened.to_string()),
    };
    let theirs = their_clock(state, &tenant, &view).await;
    let mut one = page(f, zone, view, again);
    one.facts
        .splice(1..1, theirs.map(|at| (w.t("explore.there"), at)));
    one.links = links.into_iter().map(link).collect();
    one.action = format!("/console/verdicts/{}/{id}/links", tenant.slug);
    one.ended = ended;
    one.made = told.made;
    one.link_trouble = told.trouble;
    one.days = match told.days.as_str() {
        "" => proofs::DAYS.to_string(),
        _ => told.days,
    };
    Ok(render(&one))
}

/// When it was decided on the clock of the person it is about, where that is another one than the shop's.
async fn their_clock(
    state: &ConsoleState,
    tenant: &TenantView,
    view: &VerdictView,
) -> Option<String> {
    let who = view.contact.to_string();
    // Somebody who was erased has no country any more.
    let person = contacts::get(&state.ctx, tenant.id, &who).await.ok()?;
    let clocks = Clocks {
        shop: &tenant.timezone,
        country: person.country.as_deref(),
    };
    clocks.theirs(&view.decided_at)
}

fn page(f: Frame, zone: &str, mut view: VerdictView, again: Option<RejudgedView>) -> One {
    let (w, language) = (f.w, f.language);
    let found = view.findings.remove(language.code()).unwrap_or_default();
    let facts = facts(w, zone, &view);
    let until = view.until.as_deref().map(|at| twice(at, zone));
    One {
        f: f.titled(result(w, &view.verdict)),
        w,
        lang: language.code(),
        id: view.id.to_string(),
        result: result(w, &view.verdict),
        verdict: view.verdict,
        summary: view.summary.remove(language.code()).unwrap_or_default(),
        until: until.unwrap_or_default(),
        facts,
        findings: found.into_iter().map(|f| finding(w, f)).collect(),
        again: again.map(|a| judged_again(language, a)),
        links: Vec::new(),
        made: None,
        ended: false,
        link_trouble: String::new(),
        action: String::new(),
        days: String::new(),
    }
}

/// An instant as the shop reads it, and UTC.
pub(crate) fn twice(at: &str, zone: &str) -> String {
    format!("{} ({zone}) · {} UTC", local(at, zone), utc(at))
}

/// What is known of a verdict beside its findings: (name, value).
pub(crate) fn facts(w: Words, zone: &str, view: &VerdictView) -> Vec<(&'static str, String)> {
    let stage = serde_json::to_value(view.stage).unwrap_or_default();
    let stage = stage.as_str().unwrap_or_default();
    let mut facts = vec![
        (w.t("explore.when"), twice(&view.decided_at, zone)),
        (
            w.t("explore.stage"),
            w.t(&format!("explore.stage.{stage}")).to_owned(),
        ),
        (
            w.t("explore.purpose"),
            w.t(&format!("purpose.{}", view.purpose)).to_owned(),
        ),
    ];
    facts.extend(view.template.clone().map(|t| (w.t("explore.template"), t)));
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
        (w.t("explore.policy"), view.policy_revision.clone()),
        (w.t("explore.ruleset"), view.ruleset.clone()),
        (w.t("explore.record"), view.record_hash.clone()),
    ]);
    facts
}

pub(crate) fn finding(w: Words, f: FindingView) -> Finding {
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
