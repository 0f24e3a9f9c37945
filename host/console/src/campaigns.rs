//! `GET /campaigns`: what goes to many, how far it is and what holds it; and one of them with its plan, its acts
//! and its people.

mod acts;
mod new;
mod one;
mod people;
mod plan;
mod run;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::access::Right::{Approve, Edit, Read, SeePersonalData, Send, Stop};
use portero_domain::campaign::CampaignState;
use portero_flow::desk::access::Principal;
use portero_flow::desk::campaigns::{self as desk, CampaignLine};
use serde::Deserialize;

use crate::ConsoleState;
use crate::doors::Pages;
use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{given, lacks, number, part, rule, time};
use crate::strings::Words;

/// Campaigns on one page.
const LIMIT: usize = 50;
/// Width of a bar in units of its drawing.
const BAR: u64 = 1_000;

/// The pages and their rights, each act with its own.
pub(crate) fn pages(pages: Pages) -> Pages {
    pages
        .get("/campaigns", &[Read], list)
        .get(new::NEW, &[Read, Edit], new::form)
        .post(new::CREATE, &[Edit], new::create)
        .get("/campaigns/{tenant}/{id}", &[Read], one::one)
        .get(
            "/campaigns/{tenant}/{id}/people",
            &[Read, SeePersonalData],
            people::people,
        )
        .post("/console/campaigns/{tenant}/{id}/plan", &[Edit], acts::plan)
        .post(
            "/console/campaigns/{tenant}/{id}/approve",
            &[Approve],
            acts::approve,
        )
        .post("/console/campaigns/{tenant}/{id}/run", &[Send], acts::run)
        .post(
            "/console/campaigns/{tenant}/{id}/pause",
            &[Stop],
            acts::pause,
        )
        .post(
            "/console/campaigns/{tenant}/{id}/resume",
            &[Send],
            acts::resume,
        )
        .post("/console/campaigns/{tenant}/{id}/stop", &[Stop], acts::stop)
}

/// Query of the list.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    after: Option<String>,
}

struct Row {
    id: String,
    name: String,
    state: String,
    tone: &'static str,
    template: String,
    figures: String,
    holds: String,
    at: String,
    /// Length of the part that Meta took.
    bar: u64,
    planned: bool,
}

struct Choice {
    name: String,
    href: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "campaigns.html")]
struct List {
    f: Frame,
    w: Words,
    lang: &'static str,
    shop: String,
    states: Vec<Choice>,
    filtered: bool,
    rows: Vec<Row>,
    next: Option<String>,
    /// Why the caller may not write one; empty when they may.
    lacks: String,
    new: String,
}

/// A state in words.
fn state_words(w: Words, state: CampaignState) -> String {
    w.t(&format!("campaign.state.{}", state.as_str()))
        .to_owned()
}

const fn tone(state: CampaignState) -> &'static str {
    match state {
        CampaignState::Draft | CampaignState::Stopped => "",
        CampaignState::Planned => "wait",
        CampaignState::Approved => "guard",
        CampaignState::Running | CampaignState::Done => "ok",
        CampaignState::Paused => "hold",
    }
}

/// What holds a campaign: a word of the host, or a rule.
fn held_words(w: Words, word: &str) -> String {
    let key = format!("campaign.holds.{}", word.replace(' ', "_"));
    let words = w
        .t(&format!("campaign.holds.{}", word.replace(' ', "_")))
        .to_owned();
    if words == key { rule(w, word) } else { words }
}

fn row(w: Words, zone: &str, line: CampaignLine) -> Row {
    let figures = w
        .t("campaign.figures")
        .replace("{sent}", &number(line.sent))
        .replace("{people}", &number(line.people));
    Row {
        id: line.id.to_string(),
        state: state_words(w, line.state),
        tone: tone(line.state),
        template: format!("{} ({})", line.template, line.language),
        figures,
        holds: line.limiter.map(|l| held_words(w, &l)).unwrap_or_default(),
        at: time(Some(&line.at), zone),
        bar: part(line.sent, line.people, BAR),
        planned: line.people > 0,
        name: line.name,
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
        entry: "/campaigns",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    let wanted = given(asked.state).and_then(|word| CampaignState::parse(&word));
    let word = wanted.map_or("", CampaignState::as_str);
    let f = visit
        .of_a_shop()
        .await?
        .here("/campaigns", &[("state", word)]);
    let (w, lang, shop) = (f.w, f.lang, f.shop_slug().to_owned());
    let (mut rows, mut next) = (Vec::new(), None);
    if let Some(of) = &f.shop {
        let after = asked.after.as_deref();
        let (lines, cursor) = desk::lines(&state.ctx, of.id, wanted, LIMIT, after).await?;
        rows = lines.into_iter().map(|l| row(w, &of.timezone, l)).collect();
        next = cursor.map(|after| {
            let fields = [
                ("lang", lang),
                ("shop", &shop),
                ("state", word),
                ("after", &after),
            ];
            query("/campaigns", &fields)
        });
    }
    let choice = |state: Option<CampaignState>| Choice {
        name: state.map_or_else(
            || w.t("campaign.state.any").to_owned(),
            |s| state_words(w, s),
        ),
        href: query(
            "/campaigns",
            &[
                ("lang", lang),
                ("shop", &shop),
                ("state", state.map_or("", CampaignState::as_str)),
            ],
        ),
        current: state == wanted,
    };
    let states = std::iter::once(None).chain(CampaignState::ALL.into_iter().map(Some));
    Ok(render(&List {
        w,
        lang,
        states: states.map(choice).collect(),
        filtered: wanted.is_some(),
        lacks: lacks(w, principal.role, new::CREATE),
        new: query(new::NEW, &[("lang", lang), ("shop", &shop)]),
        shop,
        f,
        rows,
        next,
    }))
}
