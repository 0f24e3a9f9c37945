//! One verdict as somebody without a login sees it: to be read and printed, with nothing to go on to.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER};
use axum::response::{Html, IntoResponse, Response};
use portero_domain::language::Language;
use portero_flow::desk::proofs::Proof;

use crate::languages;
use crate::strings::Words;
use crate::verdicts::{Finding, facts, finding, result, twice};

/// What a look through a link came to.
#[derive(Clone, Copy)]
pub enum Seen<'a> {
    /// The verdict.
    Shown(&'a Proof),
    /// Nothing, and not why.
    Nothing,
    /// Too many looks; the next in so many seconds.
    Wait(u64),
}

/// Place in the chain.
struct Seal {
    seq: u64,
    prev: String,
    hash: String,
    at: String,
}

struct Shown {
    shop: String,
    id: String,
    verdict: String,
    result: String,
    summary: String,
    until: String,
    findings: Vec<Finding>,
    facts: Vec<(&'static str, String)>,
    record: String,
    seal: Option<Seal>,
    good_until: String,
    by: String,
}

#[derive(Template)]
#[template(path = "proof.html")]
struct Page {
    w: Words,
    lang: &'static str,
    languages: Vec<(&'static str, &'static str, bool)>,
    shown: Option<Shown>,
    wait: String,
}

/// The page in a language: 200, or 404 or 429 with a sentence. Nobody keeps it, finds it or is told where it was.
#[must_use]
pub fn render(language: Language, seen: Seen<'_>) -> Response {
    let w = Words(language);
    let status = match seen {
        Seen::Shown(_) => StatusCode::OK,
        Seen::Nothing => StatusCode::NOT_FOUND,
        Seen::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
    };
    let page = Page {
        w,
        lang: language.code(),
        languages: languages::NAMES
            .iter()
            .map(|(l, name)| (l.code(), *name, *l == language))
            .collect(),
        shown: match seen {
            Seen::Shown(proof) => Some(shown(w, proof)),
            _ => None,
        },
        wait: match seen {
            Seen::Wait(seconds) => w.t("proof.wait").replace("{n}", &seconds.to_string()),
            _ => String::new(),
        },
    };
    let mut response = match page.render() {
        Ok(html) => crate::guarded((status, Html(html)).into_response()),
        Err(error) => {
            tracing::error!(%error, "the page of a proof did not render");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let headers = response.headers_mut();
    let fixed = [
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Seen::Wait(seconds) = seen {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn shown(w: Words, proof: &Proof) -> Shown {
    let zone = proof.tenant.timezone.as_str();
    let view = &proof.verdict;
    let code = w.0.code();
    let found = view.findings.get(code).cloned().unwrap_or_default();
    Shown {
        shop: proof.tenant.name.clone(),
        id: view.id.to_string(),
        verdict: view.verdict.clone(),
        result: result(w, &view.verdict),
        summary: view.summary.get(code).cloned().unwrap_or_default(),
        until: view
            .until
            .as_deref()
            .map(|at| twice(at, zone))
            .unwrap_or_default(),
        findings: found.into_iter().map(|f| finding(w, f)).collect(),
        facts: facts(w, zone, view),
        record: view.record_hash.clone(),
        seal: proof.seal.as_ref().map(|seal| Seal {
            seq: seal.seq,
            prev: seal.prev_hash.clone(),
            hash: seal.hash.clone(),
            at: twice(&seal.sealed_at.rfc3339(), zone),
        }),
        good_until: twice(&proof.link.expires_at, zone),
        by: format!("{} · {}", proof.link.author, proof.link.id),
    }
}
