//! `GET /webhooks`: where a shop's own systems are told what happens; made, changed and looked into here.

mod one;

use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::access::Right::{Edit, Read};
use portero_flow::desk::access::Principal;
use portero_flow::desk::audit::Made;
use portero_flow::desk::webhooks::{self as desk, NewWebhookView, WebhookRequest, WebhookView};
use serde::Deserialize;

use crate::doors::Pages;
use crate::frame::{Frame, Visit, may_open, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{Came, came, lacks, number, time};
use crate::strings::Words;
use crate::{ConsoleState, reach};

const NEW: &str = "/console/webhooks/{tenant}";

/// The pages and their rights.
pub(crate) fn pages(pages: Pages) -> Pages {
    one::acts(
        pages
            .get("/webhooks", &[Read], list)
            .get("/webhooks/{tenant}/{id}", &[Read], one::one)
            .post(NEW, &[Edit], create),
    )
}

/// Query of the list.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
    #[serde(default)]
    did: Option<String>,
}

/// An endpoint to be made.
#[derive(Default, Deserialize)]
pub(crate) struct New {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    url: String,
    #[serde(default)]
    about: String,
    /// Kinds, separated by spaces or commas; empty: everything.
    #[serde(default)]
    events: String,
}

struct Row {
    href: String,
    url: String,
    about: String,
    state: String,
    tone: &'static str,
    events: String,
    waiting: String,
    last: String,
}

#[derive(Template)]
#[template(path = "webhooks.html")]
struct List {
    f: Frame,
    w: Words,
    lang: &'static str,
    removed: bool,
    /// (address, secret) of what was made a moment ago.
    made: Option<(String, String)>,
    trouble: String,
    rows: Vec<Row>,
    action: String,
    lacks: String,
    /// What was typed.
    typed: New,
    kinds: Vec<&'static str>,
    tokens: Option<String>,
}

pub(super) fn tone(state: &str) -> &'static str {
    match state {
        "ok" => "ok",
        "failing" => "wait",
        "disabled" => "bad",
        _ => "",
    }
}

fn row(w: Words, lang: &str, shop: &str, zone: &str, view: WebhookView) -> Row {
    let path = format!("/webhooks/{shop}/{}", view.id);
    Row {
        href: query(&path, &[("lang", lang)]),
        state: w.t(&format!("webhook.state.{}", view.state)).to_owned(),
        tone: tone(view.state),
        events: if view.events.is_empty() {
            w.t("webhook.everything").to_owned()
        } else {
            view.events.join(", ")
        },
        waiting: if view.waiting > 0 {
            w.t("webhook.waiting").replace("{n}", &number(view.waiting))
        } else {
            String::new()
        },
        last: time(view.delivered_at.as_deref(), zone),
        url: view.url,
        about: view.about,
    }
}

/// The list.
pub(crate) async fn list(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/webhooks",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    let said = Said {
        removed: asked.did.is_some(),
        ..Said::default()
    };
    show(visit, said).await
}

/// What came of an act.
#[derive(Default)]
struct Said {
    removed: bool,
    made: Option<(String, String)>,
    trouble: String,
    typed: New,
}

async fn show(visit: Visit<'_>, said: Said) -> Result<Response, Problem> {
    let f = visit.of_a_shop().await?;
    let (w, lang, role) = (f.w, f.lang, visit.principal.role);
    let mut rows = Vec::new();
    if let Some(shop) = &f.shop {
        let all = desk::list(&visit.state.ctx, shop.id).await?;
        rows = all
            .into_iter()
            .map(|v| row(w, lang, &shop.slug, &shop.timezone, v))
            .collect();
    }
    Ok(render(&List {
        w,
        lang,
        removed: said.removed,
        made: said.made,
        trouble: said.trouble,
        rows,
        action: format!("/console/webhooks/{}", f.shop_slug()),
        lacks: lacks(w, role, NEW),
        typed: said.typed,
        kinds: desk::kinds().iter().map(|k| k.event).collect(),
        tokens: may_open(role, "/access").then(|| query("/access", &[("lang", lang)])),
        f,
    }))
}

/// `POST …`: makes an endpoint; its secret is shown once, on this very page.
pub(crate) async fn create(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(shop): Path<String>,
    headers: HeaderMap,
    Form(new): Form<New>,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let words = new.events.split([' ', ',', '\n']);
    let request = WebhookRequest {
        url: new.url.trim().to_owned(),
        about: new.about.trim().to_owned(),
        events: words
            .map(str::trim)
            .filter(|e| !e.is_empty())
            .map(str::to_owned)
            .collect(),
        fetch_within_s: None,
    };
    let lang = new.lang.clone();
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/webhooks",
        lang: lang.as_deref(),
        shop: Some(&tenant.slug),
    };
    match desk::create(&state.ctx, tenant.id, &request, None).await {
        Ok(NewWebhookView { webhook, secret }) => {
            let said = Said {
                made: Some((webhook.url, secret.unwrap_or_default())),
                ..Said::default()
            };
            let mut response = show(visit, said).await?;
            response.extensions_mut().insert(Made {
                id: webhook.id.to_string(),
                tenant: Some(tenant.id),
            });
            Ok(response)
        }
        Err(error) => match came::<()>(Err(error), Response::default())? {
            Came::Done(response) => Ok(response),
            Came::Not(status, error) => {
                let said = Said {
                    trouble: error.to_string(),
                    typed: new,
                    ..Said::default()
                };
                let mut response = show(visit, said).await?;
                *response.status_mut() = status;
                Ok(response)
            }
        },
    }
}
