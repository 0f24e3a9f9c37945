//! `GET /campaigns/new`: a campaign written down in five steps, plain forms each. What was answered travels in the
//! address, so that every step can be gone back to; the last one writes it down as a draft.

mod answers;
mod preview;
mod steps;

use std::collections::BTreeMap;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::audience::{self, Choices};
use portero_flow::desk::audit::Made;
use portero_flow::desk::campaigns as desk;
use portero_flow::desk::tenants::TenantView;

use self::answers::{Answers, STEPS, Wrong};
use self::preview::{Said, said};
use self::steps::{Options, Slot, options, slots};
use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{number, time, to};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Where the form lies.
pub(super) const NEW: &str = "/campaigns/new";
/// Where it is written down.
pub(super) const CREATE: &str = "/console/campaigns/{tenant}/new";

/// A step in the list above the form.
struct Step {
    name: String,
    /// Where it can be looked at again; empty where it was not yet, or is now.
    href: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "campaign_new.html")]
struct New {
    f: Frame,
    w: Words,
    steps: Vec<Step>,
    step: usize,
    action: String,
    last: bool,
    /// What was answered on the other steps.
    kept: Vec<(String, String)>,
    a: Answers,
    wrong: Vec<Wrong>,
    /// The host's own sentence on why it was not written down.
    said: String,
    o: Options,
    slots: Vec<Slot>,
    /// The message as it would read, once there is a template.
    reads: Option<Said>,
    /// What was chosen so far, for the last look.
    facts: Vec<(&'static str, String)>,
    zone: String,
    back: String,
}

impl New {
    /// Why an answer is not taken, in words; nothing when it is.
    fn wrong(&self, field: &str) -> String {
        let found = self.wrong.iter().find(|wrong| wrong.field == field);
        found.map_or_else(String::new, |wrong| self.words(wrong))
    }

    fn words(&self, wrong: &Wrong) -> String {
        self.w
            .t(&format!("campaign.wrong.{}", wrong.why))
            .to_owned()
    }
}

/// Who writes, and what is there to choose from.
struct Writing<'a> {
    state: &'a ConsoleState,
    principal: &'a Principal,
    headers: &'a HeaderMap,
    lang: Option<String>,
    tenant: TenantView,
    choices: Choices,
    answers: Answers,
}

/// The form at the step asked for, or at the first one whose answers do not do.
pub(crate) async fn form(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (lang, shop) = (asked.get("lang").cloned(), asked.get("shop").cloned());
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/campaigns",
        lang: lang.as_deref(),
        shop: shop.as_deref(),
    };
    let tenant = visit.of_a_shop().await?.shop;
    let tenant = tenant.ok_or(Problem::NotFound { what: "shop" })?;
    let step = asked.get("step").and_then(|s| s.parse().ok());
    let step: usize = step.unwrap_or(1).clamp(1, STEPS);
    let writing = Writing {
        choices: audience::choices(&state.ctx, tenant.id).await?,
        state: &state,
        principal: &principal,
        headers: &headers,
        lang,
        tenant,
        answers: Answers::of(asked),
    };
    let now = state.ctx.now();
    let found = (1..step).find_map(|s| {
        let wrong = writing.wrong(s, now);
        (!wrong.is_empty()).then_some((s, wrong))
    });
    let (at, wrong) = found.unwrap_or((step, Vec::new()));
    Ok(render(&writing.page(at, wrong, String::new())))
}

/// `POST …/new`: writes it down; nobody is counted and nothing is sent yet.
pub(crate) async fn create(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(shop): Path<String>,
    headers: HeaderMap,
    form: Result<Form<BTreeMap<String, String>>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(sent) = form.map_err(|wrong| Problem::BadInput(wrong.body_text()))?;
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let writing = Writing {
        choices: audience::choices(&state.ctx, tenant.id).await?,
        state: &state,
        principal: &principal,
        headers: &headers,
        lang: sent.get("lang").cloned(),
        tenant,
        answers: Answers::of(sent),
    };
    let now = state.ctx.now();
    for step in 1..=STEPS {
        let wrong = writing.wrong(step, now);
        if !wrong.is_empty() {
            return Ok(refused(writing.page(step, wrong, String::new())));
        }
    }
    let (tenant, slots) = (&writing.tenant, writing.slot_names());
    let request = writing.answers.request(&slots, &tenant.timezone);
    let request = request.ok_or_else(|| Problem::BadInput("no audience or template".to_owned()))?;
    match desk::create(&state.ctx, &principal, tenant.id, request, None).await {
        Ok(made) => {
            let lang = writing.lang.as_deref().unwrap_or_default();
            let path = format!("/campaigns/{}/{}", tenant.slug, made.id);
            let mut response = to(&path, &[("lang", lang), ("did", "new")]);
            response.extensions_mut().insert(Made {
                id: made.id.to_string(),
                tenant: Some(tenant.id),
            });
            Ok(response)
        }
        // What changed between the form and its sending, and whatever the host alone can tell.
        Err(error @ (FlowError::BadInput { .. } | FlowError::NotFound { .. })) => {
            let (step, wrong) = answers::told(&error);
            Ok(refused(writing.page(step, vec![wrong], error.to_string())))
        }
        Err(error) => Err(error.into()),
    }
}

fn refused(page: New) -> Response {
    let mut response = render(&page);
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    response
}

impl Writing<'_> {
    fn wrong(&self, step: usize, now: portero_domain::clock::Ts) -> Vec<Wrong> {
        let slots = self.slot_names();
        self.answers
            .wrong(step, &self.choices, &slots, &self.tenant.timezone, now)
    }

    fn slot_names(&self) -> Vec<String> {
        let chosen = self.answers.template(&self.choices);
        chosen.map_or_else(Vec::new, |u| {
            portero_domain::campaign::slot_names(&u.template.slots)
        })
    }

    fn page(self, step: usize, wrong: Vec<Wrong>, said_by_host: String) -> New {
        let visit = Visit {
            state: self.state,
            principal: self.principal,
            headers: self.headers,
            entry: "/campaigns",
            lang: self.lang.as_deref(),
            shop: None,
        };
        let names = self.slot_names();
        let (a, choices) = (&self.answers, &self.choices);
        let (slug, at) = (self.tenant.slug.clone(), step.to_string());
        let all = a.kept(None, &names);
        let address = |lang: &str, step: &str| {
            let mut fields = vec![("lang", lang), ("shop", &slug), ("step", step)];
            fields.extend(all.iter().map(|(k, v)| (k.as_str(), v.as_str())));
            query(NEW, &fields)
        };
        let mut here = vec![("shop", slug.as_str()), ("step", at.as_str())];
        here.extend(all.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        let f = visit.below(self.tenant.clone()).here(NEW, &here);
        let (w, lang) = (f.w, f.lang);
        let steps = (1..=STEPS).map(|s| Step {
            name: w
                .t(&format!("campaign.step.{}", answers::step_name(s)))
                .to_owned(),
            href: match s < step {
                true => address(lang, &s.to_string()),
                false => String::new(),
            },
            current: s == step,
        });
        let chosen = a.template(choices);
        let last = step == STEPS;
        let zone = self.tenant.timezone.clone();
        New {
            steps: steps.collect(),
            back: match step {
                1 => String::new(),
                s => address(lang, &(s - 1).to_string()),
            },
            action: match last {
                true => CREATE.replace("{tenant}", &slug),
                false => NEW.to_owned(),
            },
            kept: a.kept(Some(step), &names),
            o: options(w, lang, &self.tenant, a, choices),
            slots: slots(w, a, choices, chosen),
            reads: chosen.filter(|_| step > 2).map(|u| said(w, a, &u.template)),
            facts: if last {
                self.facts(w, choices)
            } else {
                Vec::new()
            },
            step,
            last,
            wrong,
            said: said_by_host,
            f: f.titled(w.t("campaign.new")),
            w,
            zone,
            a: self.answers,
        }
    }

    /// The audience and the template in words, for the last look.
    fn facts(&self, w: Words, choices: &Choices) -> Vec<(&'static str, String)> {
        let a = &self.answers;
        let who = steps::audiences(w, a, choices).into_iter();
        let who = who.flatten().find(|c| c.chosen);
        let who = who.map_or_else(String::new, |c| format!("{} ({})", c.name, c.about));
        let template = a.template(choices);
        let template = template.map(|u| format!("{} ({})", u.template.name, u.template.language));
        let all = [
            (w.t("campaign.audience"), who),
            (w.t("campaign.template"), template.unwrap_or_default()),
            (w.t("campaign.new.name"), a.get("name").to_owned()),
            (w.t("campaign.why"), a.get("why").to_owned()),
            (w.t("campaign.new.now"), {
                let now = self.state.ctx.now().rfc3339();
                time(Some(&now), &self.tenant.timezone)
            }),
        ];
        all.into_iter().filter(|(_, v)| !v.is_empty()).collect()
    }
}

/// So many people, in words.
fn people(w: Words, n: u64) -> String {
    w.t("segment.people").replace("{n}", &number(n))
}
