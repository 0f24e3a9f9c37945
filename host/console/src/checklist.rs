//! `GET /checklist`: what a shop needs before it sends for real; `/checklist/asked` with Meta asked.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::checklist::{self, ChecklistView, StepState, StepView};
use serde::Deserialize;

use crate::ConsoleState;
use crate::frame::{Frame, Visit, may_open, render};
use crate::problem::{Asks, Problem};
use crate::strings::Words;

/// Query of the page.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
}

struct Step {
    step: &'static str,
    /// Keys of the words.
    title: String,
    what: String,
    state: &'static str,
    mark: &'static str,
    tone: &'static str,
    found: String,
    open: bool,
    verb: String,
}

#[derive(Template)]
#[template(path = "checklist.html")]
struct Page {
    f: Frame,
    w: Words,
    ready: bool,
    summary: String,
    trouble: String,
    may_ask: bool,
    may_connect: bool,
    may_invite: bool,
    steps: Vec<Step>,
}

/// As far as this host knows.
pub(crate) async fn page(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    show(&state, &principal, &asked, &headers, false).await
}

/// With Meta's answers.
pub(crate) async fn asked(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    show(&state, &principal, &asked, &headers, true).await
}

async fn show(
    state: &ConsoleState,
    principal: &Principal,
    asked: &Asked,
    headers: &HeaderMap,
    ask: bool,
) -> Result<Response, Problem> {
    let visit = Visit {
        state,
        principal,
        headers,
        entry: "/checklist",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    let f = visit.of_a_shop().await?;
    let (mut view, mut trouble) = (None, String::new());
    if let Some(shop) = &f.shop {
        view = match checklist::look(&state.ctx, shop.id, ask).await {
            Ok(view) => Some(view),
            // A pretend shop of a host that leads to the real Meta: the rest is shown all the same.
            Err(error @ FlowError::WrongState { .. }) => {
                trouble = error.to_string();
                Some(checklist::look(&state.ctx, shop.id, false).await?)
            }
            Err(error) => return Err(error.into()),
        };
    }
    let may_ask = may_open(principal.role, "/checklist/asked");
    let mut page = filled(f, view, trouble, may_ask);
    page.may_connect = principal.tenant.is_none() && may_open(principal.role, "/numbers/new");
    page.may_invite = may_open(principal.role, "/sandbox");
    Ok(render(&page))
}

fn filled(f: Frame, view: Option<ChecklistView>, trouble: String, may_ask: bool) -> Page {
    let w = f.w;
    let (ready, steps) = view.map_or((false, Vec::new()), |v| (v.ready, v.steps));
    let open = steps.iter().filter(|s| s.state != StepState::Done).count();
    let summary = match ready {
        true => w.t("checklist.ready").to_owned(),
        false => w
            .t("checklist.not_ready")
            .replace("{n}", &open.to_string())
            .replace("{all}", &steps.len().to_string()),
    };
    Page {
        f,
        w,
        ready,
        summary,
        trouble,
        may_ask,
        may_connect: false,
        may_invite: false,
        steps: steps.into_iter().map(step).collect(),
    }
}

fn step(view: StepView) -> Step {
    let (state, mark, tone) = match view.state {
        StepState::Done => ("checklist.state.done", "✓", "ok"),
        StepState::Missing => ("checklist.state.missing", "✗", "wait"),
        StepState::Unknown => ("checklist.state.unknown", "?", "guard"),
    };
    Step {
        step: view.step,
        title: format!("checklist.step.{}", view.step),
        what: format!("checklist.do.{}", view.step),
        state,
        mark,
        tone,
        found: view.found,
        open: view.state != StepState::Done,
        verb: view.verb,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::access::Role;
    use portero_domain::language::Language;
    use portero_gate::facts::TenantMode;

    const STEPS: [&str; 8] = [
        "app_secret",
        "number",
        "access_token",
        "subscription",
        "webhook",
        "templates",
        "test_people",
        "mode",
    ];

    #[test]
    fn every_step_has_its_words_in_every_language() {
        for language in Language::ALL {
            for step in STEPS {
                for family in ["step", "do"] {
                    let key = format!("checklist.{family}.{step}");
                    assert_ne!(Words(language).t(&key), key, "{language:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_missing_is_counted_and_nothing_found_becomes_markup() {
        let step = |step, state| StepView {
            step,
            state,
            found: "<b>x</b>".to_owned(),
            remedy: "connect".to_owned(),
            verb: "portero number connect".to_owned(),
        };
        let view = ChecklistView {
            ready: false,
            mode: TenantMode::Sandbox,
            steps: vec![
                step("number", StepState::Missing),
                step("webhook", StepState::Unknown),
            ],
        };
        let f = Frame::new(Language::En, Role::Owner, "/checklist", Vec::new(), None);
        let page = filled(f, Some(view), String::new(), true);
        assert_eq!(page.summary, "Missing: 2 of 2");
        let html = page.render().unwrap();
        assert!(!html.contains("<b>x"), "{html}");
    }
}
