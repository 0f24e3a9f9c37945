//! `GET /sandbox`: whom a shop in sandbox mode may write to: invited with a code, answered, taken off again.

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use portero_domain::access::Right::{Edit, Read, SeePersonalData};
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::numbers;
use portero_flow::desk::sandbox::{self as desk, MOST, SandboxPerson};
use portero_flow::desk::tenants::TenantView;
use serde::Deserialize;

use crate::doors::Pages;
use crate::frame::{Frame, Visit, render};
use crate::problem::{Asks, Problem};
use crate::shown::{lacks, time, to};
use crate::strings::Words;
use crate::{ConsoleState, reach};

const PAGE: &str = "/sandbox";
const ADD: &str = "/console/sandbox/{tenant}/add";
const REMOVE: &str = "/console/sandbox/{tenant}/{address}/remove";

/// The pages and their rights.
pub(crate) fn pages(pages: Pages) -> Pages {
    pages
        .get(PAGE, &[Read, SeePersonalData], page)
        .post(ADD, &[Edit, SeePersonalData], add)
        .post(REMOVE, &[Edit, SeePersonalData], remove)
}

/// Query of the page.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
    #[serde(default)]
    did: Option<String>,
}

/// What the forms send.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    lang: String,
    address: String,
}

struct Row {
    address: String,
    confirmed: bool,
    since: String,
    remove: String,
}

#[derive(Template)]
#[template(path = "sandbox.html")]
struct List {
    f: Frame,
    w: Words,
    lang: &'static str,
    about: String,
    other_mode: bool,
    removed: bool,
    /// Who was invited a moment ago: (heading, code, what to do with it); without a code where none is needed.
    invited: Option<(String, String, String)>,
    /// What is wrong with what was typed.
    trouble: String,
    typed: String,
    rows: Vec<Row>,
    add: String,
    lacks: String,
}

/// What came of an act.
#[derive(Default)]
struct Said {
    removed: bool,
    invited: Option<SandboxPerson>,
    /// Whether the address, and not the list, was the trouble.
    not: Option<bool>,
    typed: String,
}

/// The list.
pub(crate) async fn page(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/checklist",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    let said = Said {
        removed: asked.did.is_some(),
        ..Said::default()
    };
    show(visit, said).await
}

async fn show(visit: Visit<'_>, said: Said) -> Result<Response, Problem> {
    let f = visit.aside(PAGE).await?;
    let (w, lang, role) = (f.w, f.lang, visit.principal.role);
    let (mut people, mut number) = (Vec::new(), String::new());
    if let Some(shop) = &f.shop {
        people = desk::list(&visit.state.ctx, shop.id).await?;
        number = write_to(visit.state, w, shop).await?;
    }
    let full = w
        .t("sandbox.trouble.full")
        .replace("{max}", &MOST.to_string());
    let zone = f.shop.as_ref().map_or("UTC", |s| s.timezone.as_str());
    let about = w.t("sandbox.about");
    let about = about.replace("{n}", &people.len().to_string());
    Ok(render(&List {
        about: about.replace("{max}", &MOST.to_string()),
        other_mode: f.shop.as_ref().is_some_and(|s| word(s) != "sandbox"),
        removed: said.removed,
        invited: said.invited.map(|p| invited(w, p, &number)),
        trouble: match said.not {
            None => String::new(),
            Some(true) => w.t("sandbox.trouble.address").to_owned(),
            Some(false) => full,
        },
        typed: said.typed,
        rows: people
            .into_iter()
            .map(|p| row(f.shop_slug(), zone, p))
            .collect(),
        add: ADD.replace("{tenant}", f.shop_slug()),
        lacks: lacks(w, role, ADD),
        f: f.titled(w.t("sandbox.title")),
        w,
        lang,
    }))
}

/// A shop's mode as it stands in JSON.
fn word(shop: &TenantView) -> String {
    crate::contacts::word(shop.mode)
}

/// Where a code has to be written to.
async fn write_to(state: &ConsoleState, w: Words, shop: &TenantView) -> Result<String, Problem> {
    let all = numbers::list(&state.ctx, shop.id).await?;
    let shown: Vec<String> = all.into_iter().map(|n| n.display).collect();
    Ok(match shown.is_empty() {
        true => w.t("sandbox.number").to_owned(),
        false => shown.join(" / "),
    })
}

fn invited(w: Words, person: SandboxPerson, number: &str) -> (String, String, String) {
    let who = |key: &str| key.replace("{who}", &person.address);
    match &person.code {
        Some(code) => {
            let once = w.t("sandbox.once").replace("{number}", number);
            (who(w.t("sandbox.code")), code.clone(), once)
        }
        None => (who(w.t("sandbox.already")), String::new(), String::new()),
    }
}

fn row(shop: &str, zone: &str, person: SandboxPerson) -> Row {
    Row {
        remove: REMOVE
            .replace("{tenant}", shop)
            .replace("{address}", &person.address),
        confirmed: person.confirmed_at.is_some(),
        since: time(person.confirmed_at.as_deref(), zone),
        address: person.address,
    }
}

fn read(form: Result<Form<Sent>, FormRejection>) -> Result<Sent, Problem> {
    form.map(|Form(sent)| sent)
        .map_err(|wrong| Problem::BadInput(wrong.body_text()))
}

/// `POST …/add`: invites somebody, or gives another code; shown once, on this very page.
pub(crate) async fn add(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(shop): Path<String>,
    headers: HeaderMap,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Problem> {
    let sent = read(form)?;
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/checklist",
        lang: Some(&sent.lang),
        shop: Some(&tenant.slug),
    };
    match desk::put(&state.ctx, tenant.id, sent.address.trim()).await {
        Ok(person) => {
            let said = Said {
                invited: Some(person),
                ..Said::default()
            };
            show(visit, said).await
        }
        Err(FlowError::BadInput { .. }) => {
            let all = desk::list(&state.ctx, tenant.id).await?;
            let said = Said {
                not: Some(u32::try_from(all.len()).is_ok_and(|n| n < MOST)),
                typed: sent.address.clone(),
                ..Said::default()
            };
            let mut response = show(visit, said).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST …/remove`: takes somebody off.
pub(crate) async fn remove(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, address)): Path<(String, String)>,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Problem> {
    let sent = read(form)?;
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    match desk::remove(&state.ctx, tenant.id, &address).await {
        Ok(()) => {}
        Err(FlowError::BadInput { .. }) => return Err(Problem::NotFound { what: "contact" }),
        Err(error) => return Err(error.into()),
    }
    let fields = [
        ("lang", sent.lang.as_str()),
        ("shop", tenant.slug.as_str()),
        ("did", "1"),
    ];
    Ok(to(PAGE, &fields))
}
