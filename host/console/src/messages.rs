//! `GET /messages`: a shop's messages by where they stand: what each number of the first page leads to.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::step::Step;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::messages::{self, MessageQuery, MessageView};
use serde::Deserialize;

use crate::ConsoleState;
use crate::fate::Fate;
use crate::frame::{Frame, Link, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{given, rule, time};
use crate::strings::Words;

/// Messages on one page.
const LIMIT: usize = 50;

/// Query of the page.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
    #[serde(default)]
    step: Option<String>,
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    after: Option<String>,
}

struct Choice {
    key: &'static str,
    name: &'static str,
    current: bool,
}

struct Row {
    fate: &'static str,
    tone: &'static str,
    what: String,
    words: String,
    /// Why it was put off, held or refused.
    rule: String,
    error: String,
    at: String,
    verdict: String,
    person: String,
}

#[derive(Template)]
#[template(path = "messages.html")]
struct Page {
    f: Frame,
    w: Words,
    lang: &'static str,
    shop: String,
    steps: Vec<Choice>,
    since: String,
    until: String,
    /// Which filter makes no sense; empty: none.
    wrong: &'static str,
    trouble: &'static str,
    /// What is listed, where its name alone does not say it.
    note: &'static str,
    rows: Vec<Row>,
    next: Option<String>,
}

/// The words of a step: those of its number on the first page.
pub(crate) const fn named(step: Step) -> &'static str {
    match step {
        Step::Proposed => "home.step.proposed",
        Step::Allowed => "home.step.allowed",
        Step::Sent => "home.step.sent",
        Step::Delivered => "home.step.delivered",
        Step::Read => "home.step.read",
        Step::Answered => "home.step.answered",
        Step::Denied => "home.beside.denied",
        Step::Deferred => "home.beside.deferred",
        Step::InReview => "home.beside.in_review",
        Step::Withdrawn => "home.beside.withdrawn",
        Step::Lost => "home.beside.lost",
        Step::Unknown => "home.beside.unknown",
    }
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
        entry: "/messages",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    let mut f = visit.of_a_shop().await?;
    let w = f.w;
    f.back = Some(Link {
        href: f.address("/home"),
        name: w.t("home.title").to_owned(),
        current: false,
    });
    let step = given(asked.step).unwrap_or_default();
    let mut page = Page {
        w,
        lang: f.lang,
        shop: f.shop_slug().to_owned(),
        steps: Step::ALL
            .into_iter()
            .map(|s| Choice {
                key: s.as_str(),
                name: w.t(named(s)),
                current: s.as_str() == step,
            })
            .collect(),
        since: given(asked.since).unwrap_or_default(),
        until: given(asked.until).unwrap_or_default(),
        wrong: "",
        trouble: "",
        note: match Step::parse(&step) {
            Some(Step::Answered) => w.t("messages.answered"),
            _ => "",
        },
        rows: Vec::new(),
        next: None,
        f: f.titled(w.t("messages.title")),
    };
    let kept = [
        ("step", step.clone()),
        ("since", page.since.clone()),
        ("until", page.until.clone()),
    ];
    let kept = kept
        .each_ref()
        .map(|(field, value)| (*field, value.as_str()));
    if let Some(shop) = page.f.shop.clone() {
        let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
        let asks = MessageQuery {
            step: some(&step),
            since: some(&page.since),
            until: some(&page.until),
            after: given(asked.after),
            ..MessageQuery::newest(LIMIT)
        };
        match messages::list(&state.ctx, shop.id, &asks).await {
            Ok(found) => {
                page.next = found.next_cursor.map(|cursor| {
                    let mut fields = vec![("lang", page.lang), ("shop", shop.slug.as_str())];
                    fields.extend(kept);
                    fields.push(("after", &cursor));
                    query("", &fields)
                });
                let shown = |view| row(w, page.lang, &shop.slug, &shop.timezone, view);
                page.rows = found.items.into_iter().map(shown).collect();
            }
            // What somebody typed and does not read is said beside its field, not instead of the page.
            Err(FlowError::BadInput { field, .. }) => {
                (page.wrong, page.trouble) = match field.as_str() {
                    "step" => ("step", w.t("messages.wrong.step")),
                    "since" if page.since.is_empty() => ("since", w.t("messages.wrong.answered")),
                    "since" => ("since", w.t("explore.wrong.since")),
                    "until" => ("until", w.t("explore.wrong.until")),
                    _ => ("after", w.t("explore.wrong.after")),
                };
            }
            Err(error) => return Err(error.into()),
        }
    }
    page.f = page.f.here("/messages", &kept);
    Ok(render(&page))
}

fn row(w: Words, lang: &str, shop: &str, zone: &str, view: MessageView) -> Row {
    let fate = Fate::of(&view.state, view.status.as_deref());
    let words = messages::words(&view);
    let below = |page: &str, id: String| query(&format!("/{page}/{shop}/{id}"), &[("lang", lang)]);
    let mut what = vec![w.t(&format!("purpose.{}", view.purpose)).to_owned()];
    what.extend(view.topic);
    Row {
        fate: w.t(fate.key()),
        tone: fate.tone(),
        what: what.join(" · "),
        words,
        rule: view.rule.map(|id| rule(w, &id)).unwrap_or_default(),
        error: view.error.unwrap_or_default(),
        at: time(Some(&view.created_at), zone),
        verdict: below("verdicts", view.verdict.to_string()),
        person: below("contacts", view.contact.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use portero_domain::language::Language;

    use super::*;

    #[test]
    fn every_step_has_a_name_of_its_own_in_every_language() {
        for language in Language::ALL {
            let w = Words(language);
            let mut names: Vec<&str> = Step::ALL.into_iter().map(|s| w.t(named(s))).collect();
            assert!(names.iter().all(|n| !n.starts_with("home.")), "{names:?}");
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), Step::ALL.len(), "{names:?}");
        }
    }
}
