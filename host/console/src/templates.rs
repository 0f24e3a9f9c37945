//! `GET /templates`: what Meta knows of a shop's templates; and one with its slots, its history and who depends on it.

mod one;

pub(crate) use one::slot_kind;

use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::access::Right::{Edit, Read};
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::templates as desk;
use serde::Deserialize;

use crate::doors::Pages;
use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{Act, Came, came, lacks, time, to};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// The pages and their rights.
pub(crate) fn pages(pages: Pages) -> Pages {
    pages
        .get("/templates", &[Read], list)
        .get(
            "/templates/{tenant}/{waba}/{name}/{language}",
            &[Read],
            one::one,
        )
        .post("/console/templates/{tenant}/sync", &[Edit], sync)
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

/// What the form sends.
#[derive(Default, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    lang: Option<String>,
}

struct Row {
    href: String,
    name: String,
    language: String,
    category: String,
    status: Chip,
    quality: Chip,
    paused: String,
    synced: String,
    body: String,
}

/// A word with its tone.
pub(super) struct Chip {
    pub(super) words: String,
    pub(super) tone: &'static str,
}

/// Meta's status in words, with Meta's own beside where we have none.
pub(super) fn status(w: Words, status: &str) -> Chip {
    let key = format!("template.status.{status}");
    let words = w.t(&format!("template.status.{status}")).to_owned();
    Chip {
        words: if words == key {
            status.to_owned()
        } else {
            words
        },
        tone: match status {
            "APPROVED" => "ok",
            "PENDING" | "IN_APPEAL" => "wait",
            "PAUSED" => "hold",
            "REJECTED" | "DISABLED" => "bad",
            _ => "",
        },
    }
}

pub(super) fn quality(w: Words, quality: &str) -> Chip {
    let key = format!("template.quality.{quality}");
    let words = w.t(&format!("template.quality.{quality}")).to_owned();
    Chip {
        words: if words == key {
            quality.to_owned()
        } else {
            words
        },
        tone: match quality {
            "GREEN" => "ok",
            "YELLOW" => "wait",
            "RED" => "bad",
            _ => "",
        },
    }
}

pub(super) fn category(w: Words, category: &str) -> String {
    w.t(&format!("template.category.{category}")).to_owned()
}

#[derive(Template)]
#[template(path = "templates.html")]
struct List {
    f: Frame,
    w: Words,
    lang: &'static str,
    did: String,
    trouble: String,
    acts: Vec<Act>,
    rows: Vec<Row>,
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
        entry: "/templates",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    let did = asked.did.and_then(|n| n.parse::<u64>().ok());
    show(visit, did, None).await
}

async fn show(
    visit: Visit<'_>,
    did: Option<u64>,
    not: Option<FlowError>,
) -> Result<Response, Problem> {
    let f = visit.of_a_shop().await?;
    let (w, lang) = (f.w, f.lang);
    let (mut rows, mut acts) = (Vec::new(), Vec::new());
    if let Some(shop) = &f.shop {
        let known = desk::list(&visit.state.ctx, shop.id).await?;
        rows = known
            .into_iter()
            .map(|t| {
                let path = format!(
                    "/templates/{}/{}/{}/{}",
                    shop.slug, t.waba_id, t.name, t.language
                );
                Row {
                    href: query(&path, &[("lang", lang)]),
                    category: category(w, &t.category),
                    status: status(w, &t.status),
                    quality: quality(w, &t.quality),
                    paused: time(t.paused_until.as_deref(), &shop.timezone),
                    synced: time(Some(&t.synced_at), &shop.timezone),
                    body: t.body,
                    name: t.name,
                    language: t.language,
                }
            })
            .collect();
        acts.push(Act {
            name: "sync",
            action: format!("/console/templates/{}/sync", shop.slug),
            label: w.t("template.sync").to_owned(),
            effect: w.t("template.sync.what").to_owned(),
            lacks: lacks(w, visit.principal.role, "/console/templates/{tenant}/sync"),
            grave: false,
            fields: Vec::new(),
            note: None,
        });
    }
    Ok(render(&List {
        w,
        lang,
        did: did.map_or_else(String::new, |n| {
            w.t("template.synced").replace("{n}", &n.to_string())
        }),
        trouble: not.map(|e| e.to_string()).unwrap_or_default(),
        acts,
        rows,
        f,
    }))
}

/// `POST …/sync`: asks Meta for every template of the shop's accounts.
pub(crate) async fn sync(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(shop): Path<String>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let lang = sent.lang.as_deref().unwrap_or_default();
    let done = desk::sync(&state.ctx, tenant.id).await;
    let n = done.as_ref().map_or(0, |d| d.templates).to_string();
    let fields = [("lang", lang), ("shop", tenant.slug.as_str()), ("did", &n)];
    match came(done, to("/templates", &fields))? {
        Came::Done(response) => Ok(response),
        Came::Not(status, error) => {
            let visit = Visit {
                state: &state,
                principal: &principal,
                headers: &headers,
                entry: "/templates",
                lang: sent.lang.as_deref(),
                shop: Some(&tenant.slug),
            };
            let mut response = show(visit, None, Some(error)).await?;
            *response.status_mut() = status;
            Ok(response)
        }
    }
}
