//! `GET /imports`: people from a file, checked first and then brought in; and one file with how it was understood,
//! what came of it, and its bad rows.

mod attest;
mod one;
mod upload;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::access::Right::{Edit, Read, SeePersonalData};
use portero_flow::desk::access::Principal;
use portero_flow::desk::imports::{self as desk, ImportView};
use serde::Deserialize;

use crate::ConsoleState;
use crate::doors::Pages;
use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{lacks, number, share, time};
use crate::strings::Words;

use attest::Sheet;

const PAGE: &str = "/imports";
const UPLOAD: &str = "/console/imports/{tenant}";
/// Files on one page.
const LIMIT: usize = 30;

/// The pages and their rights.
pub(crate) fn pages(pages: Pages) -> Pages {
    pages
        .get(PAGE, &[Read, SeePersonalData], list)
        .get("/imports/{tenant}/{id}", &[Read, SeePersonalData], one::one)
        .post(UPLOAD, &[Edit, SeePersonalData], upload::upload)
}

/// Query of the list.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
    #[serde(default)]
    after: Option<String>,
}

struct Row {
    href: String,
    label: String,
    state: Stands,
    counts: String,
    at: String,
}

/// How a file stands, in words and tone.
struct Stands {
    words: String,
    tone: &'static str,
}

#[derive(Template)]
#[template(path = "imports.html")]
struct List {
    f: Frame,
    w: Words,
    rows: Vec<Row>,
    next: Option<String>,
    sheet: Sheet,
}

/// How a file stands.
fn stands(w: Words, view: &ImportView) -> Stands {
    let (key, tone) = match (view.state.as_str(), view.dry_run) {
        ("open", _) => ("import.state.open", "wait"),
        ("done", true) => ("import.state.checked", "guard"),
        ("done", false) => ("import.state.done", "ok"),
        _ => ("import.state.failed", "hold"),
    };
    Stands {
        words: w.t(key).to_owned(),
        tone,
    }
}

/// What came of it so far, in one line.
fn counts(w: Words, view: &ImportView) -> String {
    w.t("import.counts")
        .replace("{rows}", &number(view.rows))
        .replace("{new}", &number(view.new))
        .replace("{updated}", &number(view.updated))
        .replace("{bad}", &number(view.bad))
}

/// How far a file is, of its bytes where their number was told.
fn progress(w: Words, view: &ImportView) -> String {
    let rows = w.t("import.so_far").replace("{n}", &number(view.rows));
    match view.bytes_total {
        Some(total) if total > 0 => format!("{rows} · {}", share(view.byte_offset, total)),
        _ => rows,
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
        entry: "/contacts",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    show(visit, asked.after.as_deref(), Sheet::default()).await
}

async fn show(visit: Visit<'_>, after: Option<&str>, sheet: Sheet) -> Result<Response, Problem> {
    let f = visit.aside(PAGE).await?;
    let (w, lang) = (f.w, f.lang);
    let (mut rows, mut next) = (Vec::new(), None);
    if let Some(shop) = &f.shop {
        let page = desk::list(&visit.state.ctx, shop.id, LIMIT, after).await?;
        next = page.next_cursor.map(|cursor| {
            let fields = [("lang", lang), ("shop", &shop.slug), ("after", &cursor)];
            query(PAGE, &fields)
        });
        let row = |view: ImportView| Row {
            href: query(
                &format!("/imports/{}/{}", shop.slug, view.id),
                &[("lang", lang)],
            ),
            state: stands(w, &view),
            counts: match view.state.as_str() {
                "open" => progress(w, &view),
                _ => counts(w, &view),
            },
            at: time(Some(&view.created_at), &shop.timezone),
            label: match view.label.as_str() {
                "" => view.id.to_string(),
                _ => view.label,
            },
        };
        rows = page.items.into_iter().map(row).collect();
    }
    Ok(render(&List {
        w,
        rows,
        next,
        sheet: sheet.at(
            w,
            lang,
            f.shop_slug(),
            lacks(w, visit.principal.role, UPLOAD),
        ),
        f: f.titled(w.t("import.title")),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::language::Language;

    #[test]
    fn every_reason_for_a_bad_row_has_words() {
        for language in Language::ALL {
            for reason in one::REASONS {
                let key = format!("import.reason.{reason}");
                assert_ne!(Words(language).t(&key), key, "{language:?}");
            }
        }
    }
}
