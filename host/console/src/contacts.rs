//! `GET /contacts`: people found by what is known of them; and one person with everything that happened.

mod acts;
mod leave;
mod one;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::masked;
use portero_flow::desk::person::{self, FoundView};
use serde::Deserialize;

use crate::ConsoleState;
use crate::frame::{Frame, Visit, may_open, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{only_for_who_sees, sees_people, time};
use crate::strings::Words;

pub(crate) use acts::{agree, ask, block, tags, take};
pub(crate) use leave::{erase, export, preview as erasure};
pub(crate) use one::{one, promise, scope_name, withdraw, word};

/// People on one page.
const LIMIT: usize = 50;

/// Query of the list.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
    #[serde(default)]
    q: Option<String>,
    #[serde(default)]
    after: Option<String>,
}

struct Row {
    id: String,
    name: String,
    addresses: Vec<String>,
    country: String,
    since: String,
}

#[derive(Template)]
#[template(path = "contacts.html")]
struct List {
    f: Frame,
    w: Words,
    lang: &'static str,
    shop: String,
    q: String,
    trouble: bool,
    /// Whether the caller sees who they are.
    open: bool,
    /// Whether the caller may look at files of people, and take everybody along.
    imports: bool,
    exports: bool,
    rows: Vec<Row>,
    /// The query of the next page.
    next: Option<String>,
}

fn row(zone: &str, found: FoundView) -> Row {
    Row {
        id: found.id.to_string(),
        name: found.name.unwrap_or_default(),
        addresses: found.addresses,
        country: found.country.unwrap_or_default(),
        since: time(Some(&found.since), zone),
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
    let f = visit.of_a_shop().await?;
    let q = asked.q.unwrap_or_default().trim().to_owned();
    only_for_who_sees(principal.role, &q)?;
    let (mut rows, mut next, mut trouble) = (Vec::new(), None, false);
    if let Some(shop) = &f.shop {
        let after = asked.after.as_deref();
        match person::find(&state.ctx, shop.id, &q, LIMIT, after).await {
            Ok(page) => {
                let page = masked::page(principal.role, page);
                next = page.next_cursor;
                rows = page
                    .items
                    .into_iter()
                    .map(|found| row(&shop.timezone, found))
                    .collect();
            }
            Err(FlowError::BadInput { .. }) => trouble = true,
            Err(error) => return Err(error.into()),
        }
    }
    let next = next.map(|cursor| {
        let fields = [
            ("lang", f.lang),
            ("shop", f.shop_slug()),
            ("q", q.as_str()),
            ("after", cursor.as_str()),
        ];
        query("", &fields)
    });
    let shop = f.shop_slug().to_owned();
    Ok(render(&List {
        w: f.w,
        lang: f.lang,
        f: f.here("/contacts", &[("q", &q)]),
        shop,
        q,
        trouble,
        open: sees_people(principal.role),
        imports: may_open(principal.role, "/imports"),
        exports: may_open(principal.role, "/console/contacts/{tenant}/csv"),
        rows,
        next,
    }))
}
