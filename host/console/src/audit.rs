//! `GET /audit`: who did what, newest first.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use portero_flow::desk::access::Principal;
use portero_flow::desk::audit::{self, AuditQuery, AuditView};
use portero_flow::desk::tenants;
use serde::Deserialize;

use crate::languages::{self, NAMES};
use crate::problem::{Asks, Problem};
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
    w: Words,
    lang: &'static str,
    languages: Vec<(&'static str, &'static str, bool)>,
    who: String,
    operation: String,
    since: String,
    until: String,
    shop: String,
    /// What is asked for, for links: begins with `&`.
    query: String,
    trouble: String,
    rows: Vec<Row>,
    next: Option<String>,
}

/// The log within the caller's reach.
pub(crate) async fn page(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let accepts = headers.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let language = languages::choose(asked.lang.as_deref(), accepts);
    let shops = tenants::list(&state.ctx, principal.tenant).await?;
    let chosen = match asked.shop.as_deref().filter(|s| !s.is_empty()) {
        Some(name) => Some(reach::tenant(&state, &principal, name).await?),
        None => None,
    };
    let within = chosen.as_ref().map(|t| t.id).or(principal.tenant);
    let query = AuditQuery {
        who: asked.who.clone(),
        operation: asked.operation.clone(),
        since: asked.since.clone(),
        until: asked.until.clone(),
        limit: LIMIT,
        after: asked.after,
    };
    // What somebody typed into the form and does not read is said on the page, not instead of it.
    let (items, next, trouble) = match audit::list(&state.ctx, within, &query).await {
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
    let rows = items.iter().map(|row| shown(row, name(row))).collect();
    let shop = chosen.map(|t| t.slug).unwrap_or_default();
    let fields = [
        ("who", &asked.who),
        ("operation", &asked.operation),
        ("since", &asked.since),
        ("until", &asked.until),
    ];
    let mut query = format!("&shop={shop}");
    for (field, value) in fields {
        if let Some(value) = value.as_deref().filter(|v| !v.is_empty()) {
            query.push_str(&format!("&{field}={}", escaped(value)));
        }
    }
    let page = Page {
        w: Words(language),
        lang: language.code(),
        languages: NAMES
            .iter()
            .map(|(l, name)| (l.code(), *name, *l == language))
            .collect(),
        who: asked.who.unwrap_or_default(),
        operation: asked.operation.unwrap_or_default(),
        since: asked.since.unwrap_or_default(),
        until: asked.until.unwrap_or_default(),
        shop,
        query,
        trouble,
        rows,
        next,
    };
    Ok(match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "the page of the log did not render");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    })
}

fn shown(row: &AuditView, shop: String) -> Row {
    Row {
        // Seconds are enough to read; the API has the rest.
        at: row.at.get(..19).unwrap_or(&row.at).replace('T', " "),
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

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
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
            w: Words(Language::Es),
            lang: "es",
            languages: Vec::new(),
            who: "\"><script>".to_owned(),
            operation: String::new(),
            since: String::new(),
            until: String::new(),
            shop: String::new(),
            query: format!("&who={}", escaped("\"><script>&x=1")),
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
            next: Some("aud_1".to_owned()),
        };
        let html = page.render().unwrap();
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("3×") && html.contains("POST /v1/messages"));
        for word in ["style=", "onclick", "<style", "javascript:"] {
            assert!(!html.contains(word), "{word}");
        }
    }
}
