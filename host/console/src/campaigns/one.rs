//! One campaign: where it stands, its acts with their effects, its run and its plan.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::access::Right;
use portero_domain::campaign::{Audience, CampaignState, ValueSource};
use portero_domain::ids::CampaignId;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::campaigns::{self as desk, CampaignView, StandingView};
use portero_flow::desk::templates;
use portero_flow::desk::tenants::TenantView;
use serde::Deserialize;

use super::plan::{Plan, plan};
use super::run::{Run, open, run};
use super::{held_words, state_words, tone};
use crate::frame::{Frame, Visit, render};
use crate::problem::{Asks, Problem};
use crate::shown::{Act, lacks, number, time};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Query of the page.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    /// The act that led here.
    #[serde(default)]
    did: Option<String>,
}

/// Which campaign of which shop.
pub(super) struct Which {
    pub(super) tenant: TenantView,
    pub(super) id: CampaignId,
}

/// Who looks.
pub(super) struct Page<'a> {
    pub(super) state: &'a ConsoleState,
    pub(super) principal: &'a Principal,
    pub(super) headers: &'a HeaderMap,
    pub(super) lang: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "campaign.html")]
struct One {
    f: Frame,
    w: Words,
    lang: &'static str,
    id: String,
    state: String,
    tone: &'static str,
    /// Why it is paused or stopped.
    reason: String,
    did: String,
    trouble: String,
    /// The host's own sentence beside it.
    said: String,
    acts: Vec<Act>,
    facts: Vec<(&'static str, String)>,
    run: Option<Run>,
    plan: Option<Plan>,
}

/// An id of a path.
pub(super) fn id(text: &str) -> Result<CampaignId, Problem> {
    text.parse()
        .map_err(|_| Problem::NotFound { what: "campaign" })
}

/// The page.
pub(crate) async fn one(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, campaign)): Path<(String, String)>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let which = Which {
        id: id(&campaign)?,
        tenant,
    };
    let page = Page {
        state: &state,
        principal: &principal,
        headers: &headers,
        lang: asked.lang.as_deref(),
    };
    let did = asked.did.unwrap_or_default();
    page.show(which, &did, None).await
}

impl Page<'_> {
    /// The page, with what was done or what was not.
    pub(super) async fn show(
        &self,
        which: Which,
        did: &str,
        not: Option<FlowError>,
    ) -> Result<Response, Problem> {
        let (ctx, tenant) = (&self.state.ctx, &which.tenant);
        let view = desk::get(ctx, tenant.id, which.id).await?;
        let standing = desk::standing(ctx, tenant.id, which.id).await?;
        let visit = Visit {
            state: self.state,
            principal: self.principal,
            headers: self.headers,
            entry: "/campaigns",
            lang: self.lang,
            shop: None,
        };
        let here = format!("/campaigns/{}/{}", tenant.slug, which.id);
        let people = format!("{here}/people");
        let f = visit.below(tenant.clone()).here(&here, &[]);
        let (w, zone) = (f.w, tenant.timezone.as_str());
        let role = self.principal.role;
        let personal = role.lacks(&[Right::Read, Right::SeePersonalData]).is_none();
        let now = ctx.now().rfc3339();
        let planned = match &view.plan_hash {
            Some(_) => Some(desk::show_plan(ctx, tenant.id, which.id).await?),
            None => None,
        };
        let known = templates::list(ctx, tenant.id).await?;
        let d = &view.definition;
        let template = known
            .iter()
            .find(|t| t.name == d.template && t.language == d.language);
        let shown = planned.map(|p| plan(w, zone, &people, p, template, personal));
        let acts = self.acts(w, tenant, &view, &standing, shown.as_ref(), &now);
        let facts = self.facts(w, zone, &view);
        let done = ["new", "plan", "approve", "run", "pause", "resume", "stop"].contains(&did);
        Ok(render(&One {
            w,
            lang: f.lang,
            id: view.id.to_string(),
            state: state_of(w, &view),
            tone: CampaignState::parse(&view.state).map_or("", tone),
            reason: reason(w, &view),
            did: if done {
                w.t(&format!("campaign.did.{did}")).to_owned()
            } else {
                String::new()
            },
            trouble: not
                .as_ref()
                .map(|e| trouble(w, &view, e))
                .unwrap_or_default(),
            said: not.as_ref().map(ToString::to_string).unwrap_or_default(),
            acts,
            facts,
            run: (view.progress.people > 0 && view.started_at.is_some())
                .then(|| run(w, zone, &people, &view, standing, personal, &now)),
            plan: shown,
            f: f.titled(view.name.clone()),
        }))
    }

    fn acts(
        &self,
        w: Words,
        tenant: &TenantView,
        view: &CampaignView,
        standing: &StandingView,
        plan: Option<&Plan>,
        now: &str,
    ) -> Vec<Act> {
        let role = self.principal.role;
        let (flight, rest) = open(view);
        let mine = view.author == self.principal.author();
        let scheduled = view.definition.schedule.start_at;
        let scheduled = scheduled
            .map(|at| at.rfc3339())
            .filter(|at| at.as_str() > now);
        let act = |name: &'static str, effect: String, route: &str| Act {
            name,
            action: format!("/console/campaigns/{}/{}/{name}", tenant.slug, view.id),
            label: w.t(&format!("campaign.act.{name}")).to_owned(),
            effect,
            lacks: lacks(w, role, route),
            grave: name == "stop",
            fields: Vec::new(),
            note: matches!(name, "pause" | "stop").then_some("reason"),
        };
        let counted = |name: &str| {
            w.t(&format!("campaign.effect.{name}"))
                .replace("{flight}", &number(flight))
                .replace("{rest}", &number(rest))
        };
        let plan_it = || {
            let effect = w.t("campaign.effect.plan").to_owned();
            act("plan", effect, "/console/campaigns/{tenant}/{id}/plan")
        };
        let stop = || {
            let effect = counted("stop");
            act("stop", effect, "/console/campaigns/{tenant}/{id}/stop")
        };
        let started = view.started_at.is_some();
        match CampaignState::parse(&view.state) {
            Some(CampaignState::Draft) => vec![plan_it(), stop()],
            Some(CampaignState::Planned) => {
                let hours = standing.approval_ms / 3_600_000;
                let effect = w
                    .t("campaign.effect.approve")
                    .replace("{hash}", plan.map_or("", |p| p.short.as_str()))
                    .replace("{hours}", &hours.to_string());
                let route = "/console/campaigns/{tenant}/{id}/approve";
                let mut approve = act("approve", effect, route);
                approve.fields = plan
                    .map(|p| vec![("plan_hash", p.hash.clone())])
                    .unwrap_or_default();
                if approve.lacks.is_empty() && standing.second_person && mine {
                    approve.lacks = w.t("campaign.second_person").to_owned();
                }
                vec![approve, plan_it(), stop()]
            }
            Some(CampaignState::Approved) => {
                let effect = w
                    .t("campaign.effect.run")
                    .replace("{n}", plan.map_or("", |p| p.messages.as_str()));
                let mut run = act("run", effect, "/console/campaigns/{tenant}/{id}/run");
                if let (true, Some(at)) = (run.lacks.is_empty(), &scheduled) {
                    run.lacks = w
                        .t("campaign.scheduled")
                        .replace("{at}", &time(Some(at), &tenant.timezone));
                }
                vec![run, plan_it(), stop()]
            }
            Some(CampaignState::Running) => {
                let effect = counted("pause");
                let route = "/console/campaigns/{tenant}/{id}/pause";
                vec![act("pause", effect, route), stop()]
            }
            Some(CampaignState::Paused) => {
                let effect = counted("resume");
                let route = "/console/campaigns/{tenant}/{id}/resume";
                let mut acts = vec![act("resume", effect, route)];
                if !started {
                    acts.push(plan_it());
                }
                acts.push(stop());
                acts
            }
            Some(CampaignState::Stopped | CampaignState::Done) | None => Vec::new(),
        }
    }

    fn facts(&self, w: Words, zone: &str, view: &CampaignView) -> Vec<(&'static str, String)> {
        let d = &view.definition;
        let own = self.principal.author();
        let by = |who: &str| {
            if who == own {
                format!("{} ({who})", w.t("campaign.you"))
            } else {
                who.to_owned()
            }
        };
        let at = |at: &Option<String>| time(at.as_deref(), zone);
        let audience = match &d.audience {
            Audience::All => w.t("campaign.audience.all").to_owned(),
            Audience::Tag { tag } => w.t("campaign.audience.tag").replace("{tag}", tag),
            Audience::Segment { segment, .. } => w
                .t("campaign.audience.segment")
                .replace("{segment}", segment),
        };
        let values: Vec<String> = d
            .values
            .iter()
            .map(|(slot, from)| format!("{slot} ← {}", source(w, from)))
            .collect();
        let spread = match d.schedule.spread_hours {
            0 => String::new(),
            hours => format!("{hours} h"),
        };
        let approved = view.approved_by.as_deref().map(by).unwrap_or_default();
        let all = [
            (w.t("campaign.why"), d.why.clone()),
            (w.t("campaign.audience"), audience),
            (
                w.t("campaign.template"),
                format!("{} ({})", d.template, d.language),
            ),
            (w.t("campaign.values"), values.join(" · ")),
            (
                w.t("campaign.purpose"),
                w.t(&format!("purpose.{}", d.purpose.as_str())).to_owned(),
            ),
            (w.t("campaign.topic"), d.topic.clone().unwrap_or_default()),
            (w.t("campaign.number"), d.phone_number_id.to_string()),
            (
                w.t("campaign.start_at"),
                time(d.schedule.start_at.map(|t| t.rfc3339()).as_deref(), zone),
            ),
            (w.t("campaign.spread"), spread),
            (w.t("campaign.author"), by(&view.author)),
            (w.t("campaign.approved_by"), approved),
            (w.t("campaign.expires"), at(&view.approval_expires_at)),
            (w.t("campaign.started"), at(&view.started_at)),
            (w.t("campaign.finished"), at(&view.finished_at)),
        ];
        all.into_iter().filter(|(_, v)| !v.is_empty()).collect()
    }
}

fn source(w: Words, from: &ValueSource) -> String {
    let or = |fallback: &Option<String>| match fallback {
        Some(text) => format!(" / «{text}»"),
        None => String::new(),
    };
    match from {
        ValueSource::Fixed { text } => format!("«{text}»"),
        ValueSource::Name { fallback } => format!("{}{}", w.t("campaign.from.name"), or(fallback)),
        ValueSource::Attribute { key, fallback } => format!("{key}{}", or(fallback)),
        ValueSource::Personalise { hint, .. } => {
            format!("{} {hint}", w.t("campaign.from.plugin"))
        }
    }
}

fn state_of(w: Words, view: &CampaignView) -> String {
    CampaignState::parse(&view.state).map_or_else(|| view.state.clone(), |s| state_words(w, s))
}

fn reason(w: Words, view: &CampaignView) -> String {
    let Some(word) = view.reason.as_deref() else {
        return String::new();
    };
    let words = held_words(w, word);
    match view.reason_detail.as_deref().filter(|d| !d.is_empty()) {
        Some(detail) => format!("{words}: {detail}"),
        None => words,
    }
}

/// Why an act was not done, in the page's words.
fn trouble(w: Words, view: &CampaignView, error: &FlowError) -> String {
    let name = match error {
        FlowError::BadInput { field, .. } if field == "plan_hash" => "overtaken",
        FlowError::BadInput { field, .. } if field == "template" => "template",
        FlowError::WrongState { state, .. } if state == "yours" => "yours",
        FlowError::WrongState { state, .. } if state == "approved too long ago" => "late",
        FlowError::WrongState { state, .. } if state.starts_with("not what was approved") => {
            "changed"
        }
        FlowError::WrongState { .. } => "state",
        _ => "other",
    };
    let words = w.t(&format!("campaign.trouble.{name}")).to_owned();
    words.replace("{state}", &state_of(w, view))
}
