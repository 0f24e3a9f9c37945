//! What a person may ask for: everything that is kept about them, and to be erased. First it is shown what goes and
//! what the law keeps, then somebody says why.

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::deadlines::Deadline;
use portero_flow::desk::erasure::{self, ErasureReason, ErasureRequest, ErasureView};
use portero_flow::desk::person_export;
use portero_flow::desk::tenants::TenantView;
use serde::Deserialize;

use crate::frame::{Frame, Link, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{Came, came, lacks, number, time, to};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Where somebody is erased.
const ERASE: &str = "/console/contacts/{tenant}/{who}/erase";
/// Why somebody can be erased, the usual reason first.
const REASONS: [(&str, ErasureReason); 4] = [
    ("request", ErasureReason::Request),
    ("authority", ErasureReason::Authority),
    ("not_needed", ErasureReason::NotNeeded),
    ("unlawful", ErasureReason::Unlawful),
];

/// Query of the page.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
}

/// What the form sends.
#[derive(Default, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    reason: String,
    /// `yes` from who knows that it cannot be undone.
    #[serde(default)]
    sure: String,
}

struct Kept {
    what: String,
    n: String,
    ground: String,
}

#[derive(Template)]
#[template(path = "contact_erase.html")]
struct Page {
    f: Frame,
    w: Words,
    lang: &'static str,
    id: String,
    erased: bool,
    /// When, why and by whom it was done: (name, value).
    done: Vec<(&'static str, String)>,
    removed: Vec<(String, String)>,
    stopped: Vec<(String, String)>,
    kept: Vec<Kept>,
    /// Messages that are with Meta, in words.
    flying: String,
    deadlines: Vec<(String, String)>,
    action: String,
    export: String,
    lacks: String,
    reasons: Vec<(&'static str, String, bool)>,
    wrong_reason: String,
    wrong_sure: String,
    trouble: String,
}

/// What was refused, and what was chosen.
#[derive(Default)]
struct Not {
    reason: &'static str,
    sure: &'static str,
    trouble: &'static str,
    chosen: String,
}

/// `GET …/export`: everything that is kept about a person, to be handed to them.
pub(crate) async fn export(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, who)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let whole = match person_export::get(&state.ctx, tenant.id, &who).await {
        Ok(whole) => whole,
        Err(FlowError::BadInput { .. }) => return Err(Problem::NotFound { what: "contact" }),
        Err(FlowError::Erased { .. }) => return Ok(to(&page_of(&tenant, &who), &[])),
        Err(error) => return Err(error.into()),
    };
    let id = whole.contact.id.to_string();
    let Ok(text) = serde_json::to_vec_pretty(&whole) else {
        return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
    };
    let head = [
        (CONTENT_TYPE, "application/json; charset=utf-8".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{id}.json\""),
        ),
    ];
    Ok((head, text).into_response())
}

/// The page about erasing somebody.
pub(super) fn page_of(tenant: &TenantView, who: &str) -> String {
    format!("/contacts/{}/{who}/erase", tenant.slug)
}

/// `GET …/erase`: what goes, what is stopped, what stays and why; after it, what was done.
pub(crate) async fn preview(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, who)): Path<(String, String)>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/contacts",
        lang: asked.lang.as_deref(),
        shop: None,
    };
    show(visit, &shop, &who, Not::default()).await
}

/// `POST …/erase`: erases somebody. It cannot be undone.
pub(crate) async fn erase(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, who)): Path<(String, String)>,
    headers: HeaderMap,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(sent) = form.map_err(|wrong| Problem::BadInput(wrong.body_text()))?;
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let lang = sent.lang.clone().unwrap_or_default();
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/contacts",
        lang: Some(&lang),
        shop: None,
    };
    let reason = REASONS.iter().find(|(word, _)| *word == sent.reason);
    let mut not = Not {
        reason: if reason.is_none() {
            "erase.wrong.reason"
        } else {
            ""
        },
        sure: if sent.sure == "yes" {
            ""
        } else {
            "erase.wrong.sure"
        },
        trouble: "",
        chosen: sent.reason.clone(),
    };
    let (Some((_, reason)), "yes") = (reason, sent.sure.as_str()) else {
        return refused(visit, &shop, &who, not, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let request = ErasureRequest { reason: *reason };
    let author = principal.author();
    let done = erasure::erase(&state.ctx, tenant.id, &who, request, &author).await;
    let then = to(&page_of(&tenant, &who), &[("lang", lang.as_str())]);
    match came(done, then)? {
        Came::Done(response) => Ok(response),
        Came::Not(status, _) => {
            not.trouble = match status {
                StatusCode::CONFLICT => "erase.trouble.flying",
                _ => return Err(Problem::NotFound { what: "contact" }),
            };
            refused(visit, &shop, &who, not, status).await
        }
    }
}

async fn refused(
    visit: Visit<'_>,
    shop: &str,
    who: &str,
    not: Not,
    status: StatusCode,
) -> Result<Response, Problem> {
    let mut page = show(visit, shop, who, not).await?;
    *page.status_mut() = status;
    Ok(page)
}

async fn show(visit: Visit<'_>, shop: &str, who: &str, not: Not) -> Result<Response, Problem> {
    let (state, principal) = (visit.state, visit.principal);
    let tenant = reach::tenant(state, principal, shop).await?;
    let view = match erasure::preview(&state.ctx, tenant.id, who).await {
        Ok(view) => view,
        Err(FlowError::BadInput { .. }) => return Err(Problem::NotFound { what: "contact" }),
        Err(error) => return Err(error.into()),
    };
    let id = view.contact.to_string();
    let here = page_of(&tenant, &id);
    let mut f = visit.below(tenant.clone()).here(&here, &[]);
    let w = f.w;
    if !view.erased {
        f.back = Some(Link {
            href: query(
                &format!("/contacts/{}/{id}", tenant.slug),
                &[("lang", f.lang)],
            ),
            name: w.t("erase.person").to_owned(),
            current: false,
        });
    }
    Ok(render(&page(f, principal, &tenant, view, &not)))
}

fn page(
    f: Frame,
    principal: &Principal,
    tenant: &TenantView,
    view: ErasureView,
    not: &Not,
) -> Page {
    let (w, zone, id) = (f.w, tenant.timezone.as_str(), view.contact.to_string());
    let counts = |all: &std::collections::BTreeMap<String, u64>| {
        let all = all.iter().filter(|(_, n)| **n > 0);
        all.map(|(kind, n)| (kind_words(w, kind), number(*n)))
            .collect::<Vec<_>>()
    };
    let words = |key: &'static str| match key {
        "" => String::new(),
        key => w.t(key).to_owned(),
    };
    let reason = view
        .reason
        .as_deref()
        .map(|r| w.t(&format!("erase.reason.{r}")).to_owned());
    let done = [
        (w.t("erase.at"), time(view.erased_at.as_deref(), zone)),
        (w.t("erase.why"), reason.unwrap_or_default()),
        (w.t("erase.by"), view.author.clone().unwrap_or_default()),
        (
            w.t("erase.returned"),
            time(view.returned_at.as_deref(), zone),
        ),
    ];
    let chosen = match not.chosen.as_str() {
        "" => "request",
        other => other,
    };
    Page {
        lang: f.lang,
        erased: view.erased,
        done: done.into_iter().filter(|(_, v)| !v.is_empty()).collect(),
        removed: counts(&view.removed),
        stopped: counts(&view.stopped),
        kept: view
            .kept
            .iter()
            .map(|k| Kept {
                what: kind_words(w, &k.kind),
                n: number(k.count),
                ground: k.ground.get(w.0.code()).cloned().unwrap_or_default(),
            })
            .collect(),
        flying: match view.in_flight.len() {
            0 => String::new(),
            n => w.t("erase.flying").replace("{n}", &n.to_string()),
        },
        deadlines: view.deadlines.iter().map(|d| deadline(w, d)).collect(),
        action: ERASE
            .replace("{tenant}", &tenant.slug)
            .replace("{who}", &id),
        export: format!("/console/contacts/{}/{id}/export", tenant.slug),
        lacks: lacks(w, principal.role, ERASE),
        reasons: REASONS
            .iter()
            .map(|(word, _)| {
                let words = w.t(&format!("erase.reason.{word}")).to_owned();
                (*word, words, *word == chosen)
            })
            .collect(),
        wrong_reason: words(not.reason),
        wrong_sure: words(not.sure),
        trouble: words(not.trouble),
        f: f.titled(w.t("erase.title")),
        w,
        id,
    }
}

/// A kind of rows in words; its own name where there are none.
fn kind_words(w: Words, kind: &str) -> String {
    let key = format!("erase.kind.{kind}");
    let words = w.t(&format!("erase.kind.{kind}")).to_owned();
    if words == key { kind.to_owned() } else { words }
}

fn deadline(w: Words, d: &Deadline) -> (String, String) {
    let request = w.t(&format!("erase.deadline.{}", d.request)).to_owned();
    let term = w
        .t(&format!("erase.unit.{}", d.unit))
        .replace("{n}", &d.term.to_string());
    let from = d.from.as_deref().map(|day| {
        let words = w.t("erase.deadline.from").replace("{day}", day);
        format!(" ({words})")
    });
    let from = from.unwrap_or_default();
    (
        format!("{request} · {}", d.country),
        format!("{term}{from} · {}", d.law),
    )
}
