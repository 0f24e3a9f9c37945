//! `GET /consents`: the ledger of consent with its proof and its seals, and the library of wordings.
//!
//! Read only: rows are appended where somebody agrees or withdraws, never changed here.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::language::Language;
use portero_domain::proof::ConsentActor;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::ledger::{
    self, ChainView, KINDS, LedgerQuery, LedgerRowView, SOURCES, WordingView,
};
use portero_flow::desk::verdict_days::local;
use serde::Deserialize;

use crate::ConsoleState;
use crate::contacts::{promise, scope_name, word};
use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::strings::Words;

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
    kind: Option<String>,
    #[serde(default)]
    topic: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    after: Option<String>,
    /// The chain is checked when there.
    #[serde(default)]
    check: Option<String>,
}

struct Choice {
    key: &'static str,
    name: String,
    current: bool,
}

struct Row {
    id: String,
    head: String,
    tone: &'static str,
    contact: String,
    who: String,
    at: String,
    /// (name, value) of the proof.
    facts: Vec<(&'static str, String)>,
    words: String,
    hash: String,
    seal: Option<u64>,
}

struct Text {
    language: &'static str,
    code: String,
    body: String,
    buttons: String,
    thanks: String,
    sha256: String,
}

struct Version {
    name: String,
    version: u32,
    newest: bool,
    promise: String,
    texts: Vec<Text>,
}

#[derive(Template)]
#[template(path = "consents.html")]
struct Page {
    f: Frame,
    w: Words,
    lang: &'static str,
    shop: String,
    kinds: Vec<Choice>,
    sources: Vec<Choice>,
    topic: String,
    since: String,
    until: String,
    filtered: bool,
    trouble: String,
    rows: Vec<Row>,
    next: Option<String>,
    chain: Option<ChainView>,
    versions: Vec<Version>,
}

fn given(field: Option<String>) -> String {
    field.unwrap_or_default().trim().to_owned()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|t| !t.is_empty())
}

/// The page.
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
        entry: "/consents",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    let f = visit.of_a_shop().await?;
    let w = f.w;
    let (kind, source) = (given(asked.kind), given(asked.source));
    let choices = |all: &[&'static str], family: &str, chosen: &str| -> Vec<Choice> {
        all.iter()
            .map(|key| Choice {
                key,
                name: named(w, family, key),
                current: *key == chosen,
            })
            .collect()
    };
    let mut page = Page {
        w,
        lang: f.lang,
        shop: f.shop_slug().to_owned(),
        kinds: choices(&KINDS, "kind", &kind),
        sources: choices(&SOURCES, "source", &source),
        topic: given(asked.topic),
        since: given(asked.since),
        until: given(asked.until),
        filtered: false,
        trouble: String::new(),
        rows: Vec::new(),
        next: None,
        chain: None,
        versions: Vec::new(),
        f,
    };
    let chosen = [
        ("kind", kind.as_str()),
        ("topic", &page.topic),
        ("source", &source),
        ("since", &page.since),
        ("until", &page.until),
    ]
    .map(|(field, value)| (field, value.to_owned()));
    page.filtered = chosen.iter().any(|(_, value)| !value.is_empty());
    if let Some(shop) = page.f.shop.clone() {
        let asks = LedgerQuery {
            kind: some(&kind),
            topic: some(&page.topic),
            source: some(&source),
            since: some(&page.since),
            until: some(&page.until),
            limit: LIMIT,
            after: asked.after,
        };
        match ledger::list(&state.ctx, shop.id, &asks).await {
            Ok(found) => {
                page.next = found.next_cursor.map(|cursor| {
                    let mut fields = vec![("lang", page.lang), ("shop", shop.slug.as_str())];
                    fields.extend(chosen.iter().map(|(f, v)| (*f, v.as_str())));
                    fields.push(("after", &cursor));
                    query("", &fields)
                });
                page.rows = found
                    .items
                    .into_iter()
                    .map(|r| row(w, &shop.timezone, r))
                    .collect();
            }
            // What somebody typed and does not read is said on the page, not instead of it.
            Err(error @ FlowError::BadInput { .. }) => page.trouble = error.to_string(),
            Err(error) => return Err(error.into()),
        }
        if asked.check.is_some() {
            page.chain = Some(ledger::check(&state.ctx, shop.id).await?);
        }
        let library = ledger::wordings(&state.ctx, shop.id).await?;
        page.versions = library.into_iter().map(|v| version(w, v)).collect();
    }
    let kept: Vec<(&str, &str)> = chosen.iter().map(|(f, v)| (*f, v.as_str())).collect();
    page.f = page.f.here("/consents", &kept);
    Ok(render(&page))
}

/// A kind or a source in the page's words.
fn named(w: Words, family: &str, key: &str) -> String {
    match family {
        "kind" => w.t(&format!("ledger.kind.{key}")).to_owned(),
        _ => w.t(&format!("source.{key}")).to_owned(),
    }
}

/// An instant as the shop reads it, and UTC.
fn time(rfc3339: &str, zone: &str) -> String {
    let utc = rfc3339.get(..16).unwrap_or(rfc3339).replace('T', " ");
    format!("{} · {utc} UTC", local(rfc3339, zone))
}

fn actor(w: Words, actor: &ConsentActor) -> String {
    match actor {
        ConsentActor::Contact => w.t("ledger.actor.contact").to_owned(),
        ConsentActor::System => w.t("ledger.actor.system").to_owned(),
        ConsentActor::Operator { name } => format!("{} {name}", w.t("ledger.actor.operator")),
        ConsentActor::Plugin { id, .. } => format!("{} {id}", w.t("ledger.actor.plugin")),
    }
}

fn row(w: Words, zone: &str, view: LedgerRowView) -> Row {
    let (recorded, captured) = ledger::times(&view.event);
    let e = view.event;
    let mut facts = vec![
        (w.t("ledger.captured"), time(&captured, zone)),
        (w.t("ledger.source"), named(w, "source", &word(e.source))),
    ];
    facts.extend(e.promise.map(|p| (w.t("ledger.promise"), promise(w, p))));
    facts.extend(e.wording.clone().map(|name| {
        let language = e.language.map(|l| format!(" ({})", l.code()));
        (w.t("ledger.wording"), name + &language.unwrap_or_default())
    }));
    facts.push((w.t("ledger.evidence"), e.evidence.clone()));
    facts.extend(
        e.proof
            .actor
            .as_ref()
            .map(|a| (w.t("ledger.actor"), actor(w, a))),
    );
    facts.extend(
        e.expires_at
            .map(|at| (w.t("ledger.expires"), time(&at.rfc3339(), zone))),
    );
    facts.push((w.t("ledger.row"), e.id.to_string()));
    Row {
        head: format!(
            "{}: {}",
            named(w, "kind", e.kind.as_str()),
            scope_name(w, &e)
        ),
        tone: match e.kind.as_str() {
            "granted" | "meta_resume" => "ok",
            "requested" => "wait",
            "granted_unconfirmed" => "hold",
            _ => "guard",
        },
        contact: view.contact.to_string(),
        who: view.name.unwrap_or_else(|| view.contact.to_string()),
        at: time(&recorded, zone),
        facts,
        words: view.words.unwrap_or_default(),
        hash: view.hash,
        seal: view.seal,
        id: e.id.to_string(),
    }
}

fn version(w: Words, view: WordingView) -> Version {
    let texts = Language::ALL.into_iter().filter_map(|language| {
        let text = view.texts.get(language.code())?;
        Some(Text {
            language: match language {
                Language::Es => "Español",
                Language::Pt => "Português",
                Language::En => "English",
            },
            code: language.code().to_owned(),
            body: text.body.clone(),
            buttons: format!("[{}] [{}]", text.yes, text.no),
            thanks: text.thanks.clone(),
            sha256: text.sha256.clone(),
        })
    });
    Version {
        texts: texts.collect(),
        promise: promise(w, view.promise),
        name: view.name,
        version: view.version,
        newest: view.newest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_source_has_words_in_every_language() {
        for language in Language::ALL {
            let w = Words(language);
            for (family, all) in [("kind", &KINDS[..]), ("source", &SOURCES[..])] {
                for key in all {
                    let name = named(w, family, key);
                    assert!(!name.ends_with(&format!(".{key}")), "{name} {language:?}");
                }
            }
        }
    }
}
