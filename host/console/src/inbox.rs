//! `GET /inbox`: conversations that wait for a person, and one of them to answer and give back.
//!
//! Plain pages and forms: they work without the script, which only keeps them fresh.

mod composer;

use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::{Redirect, Response};
use axum::{Extension, extract::rejection::FormRejection};
use portero_domain::ids::TokenId;
use portero_flow::desk::access::Principal;
use portero_flow::desk::handovers::{
    self, AnswerRequest, GiveBackRequest, HandoverDetail, HandoverView, Which,
};
use portero_flow::desk::verdicts;
use portero_flow::desk::{ledger, masked};
use serde::Deserialize;

use crate::fate::Fate;
use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{rule, sees_people, time};
use crate::strings::Words;
use crate::{ConsoleState, reach};

use composer::Offer;
pub(crate) use composer::template;

/// Conversations on one page.
const LIMIT: usize = 50;

/// Query of the pages.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    number: Option<String>,
    /// Verdict on the answer just given.
    #[serde(default)]
    verdict: Option<String>,
    /// Template that was to be sent with a slot left empty.
    #[serde(default)]
    empty: Option<String>,
}

/// A conversation of the list.
struct Row {
    who: String,
    number: String,
    name: String,
    reason: String,
    since: String,
    needs_you: bool,
    window: String,
    open: bool,
    last: String,
}

/// A line of the conversation.
struct Line {
    at: String,
    from: &'static str,
    who: String,
    text: String,
    /// What became of it, where that needs words, and their tone: what was kept back is no fault.
    note: String,
    tone: &'static str,
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct List {
    f: Frame,
    w: Words,
    lang: &'static str,
    shop: String,
    only_needs_you: bool,
    /// Whether the caller sees who they are.
    talks: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "inbox_one.html")]
struct One {
    f: Frame,
    w: Words,
    lang: &'static str,
    shop: String,
    who: String,
    number: String,
    window: String,
    open: bool,
    /// Why and since when a person has it; empty while the bot does.
    reason: String,
    since: String,
    human: bool,
    needs_you: bool,
    lines: Vec<Line>,
    history: Vec<Line>,
    /// What the gate said of the answer just given.
    said: String,
    refused: bool,
    key: String,
    /// The campaign that the person answers: (name, why, where it is).
    caused: Option<(String, String, String)>,
    /// What may be said while the window is closed.
    offers: Vec<Offer>,
    /// Topics that a promotion can be about.
    topics: Vec<String>,
    /// The template that was left with an empty slot.
    empty: String,
}

/// `3 h 05 min`, or that it is closed, in the page's words.
fn left(w: Words, ms: i64) -> String {
    if ms <= 0 {
        return w.t("inbox.window.closed").to_owned();
    }
    let minutes = ms / 60_000;
    w.t("inbox.window.left")
        .replace("{h}", &(minutes / 60).to_string())
        .replace("{m}", &format!("{:02}", minutes % 60))
}

fn row(w: Words, zone: &str, view: HandoverView) -> Row {
    let who = view.contact.to_string();
    Row {
        name: view.name.unwrap_or_else(|| who.clone()),
        who,
        number: view.phone_number_id,
        reason: view.reason,
        since: time(Some(&view.since), zone),
        needs_you: view.needs_you,
        window: left(w, view.window_left_ms),
        open: view.window_left_ms > 0,
        last: view.last.map(|l| l.text).unwrap_or_default(),
    }
}

/// Who waits.
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
        entry: "/inbox",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    let which = Which::parse(asked.state.as_deref())?;
    let f = visit.of_a_shop().await?;
    let w = f.w;
    let page = match &f.shop {
        Some(shop) => {
            Some(handovers::list(&state.ctx, shop.id, which, LIMIT, asked.after.as_deref()).await?)
        }
        None => None,
    };
    let page = page.map(|page| masked::page(principal.role, page));
    let (items, next) = page.map_or((Vec::new(), None), |p| (p.items, p.next_cursor));
    let zone = f
        .shop
        .as_ref()
        .map_or("UTC", |s| s.timezone.as_str())
        .to_owned();
    Ok(render(&List {
        w,
        lang: f.lang,
        shop: f.shop_slug().to_owned(),
        f,
        only_needs_you: which == Which::NeedsYou,
        talks: sees_people(principal.role),
        rows: items.into_iter().map(|v| row(w, &zone, v)).collect(),
        next,
    }))
}

/// One conversation.
pub(crate) async fn one(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, who)): Path<(String, String)>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let detail = handovers::get(&state.ctx, tenant.id, &who, asked.number.as_deref()).await?;
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/inbox",
        lang: asked.lang.as_deref(),
        shop: None,
    };
    let here = format!("/inbox/{}/{}", tenant.slug, detail.contact);
    let f = visit
        .below(tenant.clone())
        .here(&here, &[("number", &detail.phone_number_id)]);
    let (said, refused) = match asked.verdict.as_deref().map(str::parse) {
        Some(Ok(id)) => {
            let verdict = verdicts::get(&state.ctx, tenant.id, id).await?;
            let words = verdict.summary.get(f.lang).cloned();
            (
                words.unwrap_or_default(),
                matches!(verdict.verdict.as_str(), "deny" | "hold"),
            )
        }
        _ => (String::new(), false),
    };
    let key = TokenId::new(&*state.ctx.ids, state.ctx.now()).to_string();
    let (who, number) = (detail.contact, detail.phone_number_id.clone());
    let slug = tenant.slug.clone();
    let mut page = page(f, tenant.slug, &tenant.timezone, detail, said, refused, key);
    let caused = handovers::caused_by(&state.ctx, tenant.id, who, Some(&number)).await?;
    page.caused = caused.map(|c| {
        let href = format!("/campaigns/{slug}/{}", c.campaign);
        (c.name, c.why, query(&href, &[("lang", page.lang)]))
    });
    if !page.open {
        let all = handovers::offered(&state.ctx, tenant.id, Some(&number)).await?;
        page.offers = composer::offers(page.w, all);
        let library = ledger::wordings(&state.ctx, tenant.id).await?;
        page.topics = library.into_iter().map(|v| v.name).collect();
        page.topics.dedup();
        page.empty = asked.empty.unwrap_or_default();
    }
    Ok(render(&page))
}

fn page(
    f: Frame,
    shop: String,
    zone: &str,
    detail: HandoverDetail,
    said: String,
    refused: bool,
    key: String,
) -> One {
    let who = detail.contact.to_string();
    let handover = detail.handover;
    let w = f.w;
    let at = |rfc3339: &str| time(Some(rfc3339), zone);
    One {
        lang: f.lang,
        f: f.titled(detail.name.unwrap_or_else(|| who.clone())),
        w,
        shop,
        number: detail.phone_number_id,
        who,
        window: left(w, detail.window_left_ms),
        open: detail.window_left_ms > 0,
        reason: handover
            .as_ref()
            .map(|h| h.reason.clone())
            .unwrap_or_default(),
        since: handover.as_ref().map(|h| at(&h.since)).unwrap_or_default(),
        human: handover.is_some(),
        needs_you: handover.is_some_and(|h| h.needs_you),
        lines: detail
            .lines
            .into_iter()
            .map(|l| {
                let from = match l.from.as_str() {
                    "person" => "person",
                    "bot" => "bot",
                    "host" => "host",
                    _ => "shop",
                };
                // What went well needs no words.
                let (note, tone) = match (l.state.as_deref(), l.rule) {
                    (None | Some("sent"), _) => (String::new(), "plain"),
                    (Some(state), why) => {
                        let fate = Fate::of(state, None);
                        let why = why.map(|id| format!(" · {}", rule(w, &id)));
                        let tone = match fate {
                            Fate::Failed => "bad",
                            Fate::Blocked | Fate::Withdrawn | Fate::Expired => "guard",
                            _ => "plain",
                        };
                        (w.t(fate.key()).to_owned() + &why.unwrap_or_default(), tone)
                    }
                };
                Line {
                    at: at(&l.at),
                    from,
                    who: w.t(&format!("inbox.from.{from}")).to_owned(),
                    text: l.text,
                    note,
                    tone,
                }
            })
            .collect(),
        history: detail
            .history
            .into_iter()
            .map(|h| Line {
                at: at(&h.at),
                from: "host",
                who: w.t(&format!("inbox.did.{}", h.what)).to_owned(),
                text: h.note,
                note: String::new(),
                tone: "plain",
            })
            .collect(),
        said,
        refused,
        key,
        caused: None,
        offers: Vec::new(),
        topics: Vec::new(),
        empty: String::new(),
    }
}

/// What the answer form sends.
#[derive(Deserialize)]
pub(crate) struct AnswerForm {
    text: String,
    number: String,
    key: String,
    lang: String,
}

/// What the give-back form sends.
#[derive(Deserialize)]
pub(crate) struct GiveBackForm {
    note: String,
    number: String,
    lang: String,
}

fn read<T>(form: Result<Form<T>, FormRejection>) -> Result<T, Problem> {
    form.map(|Form(value)| value)
        .map_err(|rejection| Problem::BadInput(rejection.body_text()))
}

/// Parts of an address of ours come from forms: only what is plain goes into it.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        .collect()
}

/// `POST …/answer`: somebody of the shop answers, and sees what the gate said.
pub(crate) async fn answer(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, who)): Path<(String, String)>,
    form: Result<Form<AnswerForm>, FormRejection>,
) -> Result<Redirect, Problem> {
    let form = read(form)?;
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let request = AnswerRequest {
        text: form.text,
        phone_number_id: Some(form.number.clone()),
    };
    let key = format!("console:{}", form.key);
    let proposed =
        handovers::answer(&state.ctx, &principal, tenant.id, &who, &key, &request).await?;
    Ok(Redirect::to(&format!(
        "/inbox/{}/{}?number={}&lang={}&verdict={}",
        tenant.slug,
        proposed.message.contact,
        plain(&form.number),
        plain(&form.lang),
        proposed.verdict.id
    )))
}

/// `POST …/give-back`: the bot has the conversation again.
pub(crate) async fn give_back(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, who)): Path<(String, String)>,
    form: Result<Form<GiveBackForm>, FormRejection>,
) -> Result<Redirect, Problem> {
    let form = read(form)?;
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let request = GiveBackRequest {
        note: form.note,
        phone_number_id: Some(form.number),
    };
    handovers::give_back(&state.ctx, &principal, tenant.id, &who, &request).await?;
    Ok(Redirect::to(&format!(
        "/inbox?shop={}&lang={}",
        tenant.slug,
        plain(&form.lang)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::access::Role;
    use portero_domain::language::Language;

    fn one_page(language: Language, human: bool) -> String {
        let id = "con_00000000000070008000000000000001";
        let view = |name: &str| HandoverView {
            contact: id.parse().unwrap(),
            name: Some(name.to_owned()),
            phone_number_id: "401".to_owned(),
            since: "2026-11-22T15:04:05.000Z".to_owned(),
            reason: "<b>asks</b>".to_owned(),
            waiting_since: None,
            needs_you: true,
            window_closes_at: None,
            window_left_ms: 3_600_000,
            last: None,
        };
        let detail = HandoverDetail {
            handover: human.then(|| view("Ana <x>")),
            contact: id.parse().unwrap(),
            name: Some("Ana <x>".to_owned()),
            phone_number_id: "401".to_owned(),
            window_closes_at: None,
            window_left_ms: 3_600_000,
            lines: Vec::new(),
            history: Vec::new(),
        };
        page(
            Frame::new(language, Role::Owner, "/inbox", Vec::new(), None),
            "luna".to_owned(),
            "America/Bogota",
            detail,
            String::new(),
            false,
            "k".to_owned(),
        )
        .render()
        .unwrap()
    }

    #[test]
    fn a_conversation_escapes_what_others_wrote_and_offers_to_answer_and_give_back() {
        for language in Language::ALL {
            let html = one_page(language, true);
            assert!(!html.contains("<b>asks</b>") && !html.contains("Ana <x>"));
            assert!(html.contains(&format!("<html lang=\"{}\"", language.code())));
            for act in ["/answer\"", "/give-back\""] {
                assert!(html.contains(act), "{language:?} {act}");
            }
            let bots = one_page(language, false);
            assert!(!bots.contains("/give-back\""), "{language:?}");
        }
    }

    #[test]
    fn the_window_is_told_in_hours_and_minutes() {
        let w = Words(Language::En);
        assert!(left(w, 3_660_000).contains("1 h 01 min"));
        assert_eq!(left(w, 0), w.t("inbox.window.closed"));
        assert_eq!(plain("4/0?1&x"), "401x");
    }
}
