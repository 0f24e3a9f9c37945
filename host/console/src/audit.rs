//! `GET /audit`: who did what, newest first.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use portero_flow::desk::access::Principal;
use portero_flow::desk::audit::{self, AuditQuery, AuditView};
use portero_flow::desk::tenants;
use serde::Deserialize;

use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{clock, time};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Rows on one page.
const LIMIT: usize = 50;

/// Query of the page.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
    #[serde(default)]
    who: Option<String>,
    #[serde(default)]
    operation: Option<String>,
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    after: Option<String>,
}

struct Row {
    at: String,
    who: String,
    operation: String,
    targets: Vec<String>,
    shop: String,
    outcome: &'static str,
    status: u16,
    times: u64,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Page {
    f: Frame,
    w: Words,
    lang: &'static str,
    who: String,
    operation: String,
    since: String,
    until: String,
    shop: String,
    trouble: String,
    rows: Vec<Row>,
    /// Query of the next page.
    older: Option<String>,
}

/// The log within the caller's reach.
pub(crate) async fn page(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let shops = tenants::list(&state.ctx, principal.tenant).await?;
    let chosen = match asked.shop.as_deref().filter(|s| !s.is_empty()) {
        Some(name) => Some(reach::tenant(&state, &principal, name).await?),
        None => None,
    };
    let within = chosen.as_ref().map(|t| t.id).or(principal.tenant);
    let wanted = AuditQuery {
        who: asked.who.clone(),
        operation: asked.operation.clone(),
        since: asked.since.clone(),
        until: asked.until.clone(),
        limit: LIMIT,
        after: asked.after,
    };
    // What somebody typed into the form and does not read is said on the page, not instead of it.
    let (items, next, trouble) = match audit::list(&state.ctx, within, &wanted).await {
        Ok(found) => (found.items, found.next_cursor, String::new()),
        Err(error @ portero_flow::FlowError::BadInput { .. }) => {
            (Vec::new(), None, error.to_string())
        }
        Err(error) => return Err(error.into()),
    };
    let name = |row: &AuditView| {
        let shop = shops.iter().find(|t| row.tenant == Some(t.id));
        shop.map(|t| t.name.clone()).unwrap_or_default()
    };
    // Minutes are enough to read; the API has the rest.
    let at = |row: &AuditView| time(Some(&row.at), clock(&shops, row.tenant));
    let rows = items
        .iter()
        .map(|row| shown(row, name(row), at(row)))
        .collect();
    let shop = chosen.map(|t| t.slug).unwrap_or_default();
    let fields = [
        ("who", &asked.who),
        ("operation", &asked.operation),
        ("since", &asked.since),
        ("until", &asked.until),
    ];
    let mut kept = vec![("shop", shop.as_str())];
    kept.extend(fields.map(|(field, value)| (field, value.as_deref().unwrap_or_default())));
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/audit",
        lang: asked.lang.as_deref(),
        shop: None,
    };
    let f = visit.of_all().here("/audit", &kept);
    let older = next.map(|cursor| {
        let mut fields = vec![("lang", f.lang), ("after", cursor.as_str())];
        fields.extend(kept.iter().copied());
        query("", &fields)
    });
    Ok(render(&Page {
        w: f.w,
        lang: f.lang,
        f,
        who: asked.who.unwrap_or_default(),
        operation: asked.operation.unwrap_or_default(),
        since: asked.since.unwrap_or_default(),
        until: asked.until.unwrap_or_default(),
        shop,
        trouble,
        rows,
        older,
    }))
}

fn shown(row: &AuditView, shop: String, at: String) -> Row {
    Row {
        at,
        who: row.name.clone().unwrap_or_else(|| row.who.clone()),
        operation: row.operation.clone(),
        targets: row.targets.clone(),
        shop,
        outcome: outcome(row.status),
        status: row.status,
        times: row.times,
    }
}

/// Key of the words for an outcome.
const fn outcome(status: u16) -> &'static str {
    match status {
        0..400 => "audit.outcome.done",
        401 | 403 | 429 => "audit.outcome.refused",
        400..500 => "audit.outcome.not_done",
        _ => "audit.outcome.broke",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::access::Role;
    use portero_domain::language::Language;

    #[test]
    fn every_outcome_has_its_words_in_every_language() {
        for language in Language::ALL {
            for status in [200, 303, 404, 403, 401, 429, 422, 500, 503] {
                let key = outcome(status);
                assert_ne!(Words(language).t(key), key, "{status} {language:?}");
            }
        }
        assert_eq!(outcome(303), "audit.outcome.done");
        assert_eq!(outcome(403), "audit.outcome.refused");
    }

    #[test]
    fn the_page_escapes_what_others_wrote() {
        let page = Page {
            f: Frame::new(Language::Es, Role::Owner, "/audit", Vec::new(), None),
            w: Words(Language::Es),
            lang: "es",
            who: "\"><script>".to_owned(),
            operation: String::new(),
            since: String::new(),
            until: String::new(),
            shop: String::new(),
            trouble: String::new(),
            rows: vec![Row {
                at: "2026-11-29 10:00:00".to_owned(),
                who: "<script>rosa".to_owned(),
                operation: "POST /v1/messages".to_owned(),
                targets: vec!["out_1".to_owned()],
                shop: "Luna <& Sol>".to_owned(),
                outcome: outcome(202),
                status: 202,
                times: 3,
            }],
            older: Some(query("", &[("who", "\"><script>&x=1")])),
        };
        let html = page.render().unwrap();
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("3×") && html.contains("POST /v1/messages"));
        for word in ["style=", "onclick", "<style", "javascript:"] {
            assert!(!html.contains(word), "{word}");
        }
    }
}
