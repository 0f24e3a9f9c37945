//! One template: what is in it, what would refuse it, its history and who depends on it.

use std::collections::BTreeMap;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::campaign::slot_names;
use portero_domain::template::StopPart;
use portero_flow::desk::access::Principal;
use portero_flow::desk::numbers::HistoryView;
use portero_flow::desk::templates::{self as desk, TemplateDetail, refused_by};
use serde::Deserialize;

use super::{Chip, category, quality, status};
use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{rule, time};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Query of the page.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
}

struct Slot {
    name: String,
    kind: String,
}

struct Entry {
    at: String,
    aspect: String,
    value: String,
    detail: String,
}

struct User {
    href: String,
    name: String,
    state: String,
    rests: bool,
}

/// What is said of it by reading it.
struct Remark {
    code: String,
    fault: bool,
    place: String,
    found: String,
    says: String,
    remedy: String,
}

#[derive(Template)]
#[template(path = "template.html")]
struct One {
    f: Frame,
    w: Words,
    status: Chip,
    quality: Chip,
    facts: Vec<(&'static str, String)>,
    header: String,
    body: String,
    footer: String,
    buttons: Vec<(String, String)>,
    slots: Vec<Slot>,
    refused: Vec<(String, String)>,
    remarks: Vec<Remark>,
    stop: String,
    campaigns: Vec<User>,
    plugins: Vec<String>,
    history: Vec<Entry>,
}

/// The page.
pub(crate) async fn one(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, waba, name, language)): Path<(String, String, String, String)>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let detail = desk::one(&state.ctx, tenant.id, &waba, &name, &language).await?;
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/templates",
        lang: asked.lang.as_deref(),
        shop: None,
    };
    let here = format!("/templates/{}/{waba}/{name}/{language}", tenant.slug);
    let f = visit.below(tenant.clone()).here(&here, &[]);
    let (w, zone, lang) = (f.w, tenant.timezone.as_str(), f.lang);
    let remarks = remarks(w, &detail);
    let (view, t) = (detail.view, detail.template);
    let around = t.slots.around.clone().unwrap_or_default();
    let changed = detail.history.first().map(|h| h.at.clone());
    let refused = refused_by(&t, &view.quality);
    let users = detail
        .campaigns
        .into_iter()
        .map(|c| User {
            href: query(
                &format!("/campaigns/{}/{}", tenant.slug, c.id),
                &[("lang", lang)],
            ),
            state: w
                .t(&format!("campaign.state.{}", c.state.as_str()))
                .to_owned(),
            rests: c.rests_by_template() || !refused.is_empty(),
            name: c.name,
        })
        .collect();
    let facts = [
        (w.t("template.name"), format!("{name} ({language})")),
        (w.t("template.category"), category(w, &view.category)),
        (w.t("template.account"), view.waba_id.clone()),
        (
            w.t("template.paused_until"),
            time(view.paused_until.as_deref(), zone),
        ),
        (w.t("template.changed"), time(changed.as_deref(), zone)),
        (w.t("template.synced_at"), time(Some(&view.synced_at), zone)),
    ];
    let stop = match t.slots.stop {
        Some(StopPart::Button) => "button",
        Some(StopPart::Footer) => "footer",
        Some(StopPart::Body) => "body",
        Some(StopPart::Nowhere) => "nowhere",
        None => "unseen",
    };
    let media = t.slots.header_media.clone().unwrap_or_default();
    Ok(render(&One {
        status: status(w, &view.status),
        quality: quality(w, &view.quality),
        facts: facts.into_iter().filter(|(_, v)| !v.is_empty()).collect(),
        header: match media.as_str() {
            "" => around.header.unwrap_or_default(),
            kind => format!("[{}]", w.t(&format!("template.kind.{kind}"))),
        },
        body: t.body.clone(),
        footer: around.footer.unwrap_or_default(),
        buttons: around
            .buttons
            .into_iter()
            .map(|(name, to)| (name, to.unwrap_or_default()))
            .collect(),
        slots: slot_names(&t.slots)
            .into_iter()
            .map(|name| Slot {
                kind: slot_kind(w, &t.slots, &name),
                name,
            })
            .collect(),
        stop: w.t(&format!("template.stop.{stop}")).to_owned(),
        refused: refused
            .into_iter()
            .map(|id| (rule(w, id), id.to_owned()))
            .collect(),
        remarks,
        campaigns: users,
        plugins: detail.plugins,
        history: detail
            .history
            .into_iter()
            .map(|h| entry(w, zone, h))
            .collect(),
        w,
        f: f.titled(name),
    }))
}

fn remarks(w: Words, detail: &TemplateDetail) -> Vec<Remark> {
    let said =
        |words: &BTreeMap<String, String>| words.get(w.0.code()).cloned().unwrap_or_default();
    let place = |at: &str| match at.split_once('.') {
        Some((_, n)) => {
            let n = n.parse::<usize>().unwrap_or_default() + 1;
            w.t("template.at.button").replace("{n}", &n.to_string())
        }
        None => w.t(&format!("template.at.{at}")).to_owned(),
    };
    let all = detail.lint().into_iter();
    all.map(|r| Remark {
        fault: r.weight == "fault",
        place: place(&r.at),
        says: said(&r.says),
        remedy: said(&r.remedy),
        code: r.code,
        found: r.found,
    })
    .collect()
}

/// What a slot takes.
pub(crate) fn slot_kind(
    w: Words,
    slots: &portero_domain::template::TemplateSlots,
    name: &str,
) -> String {
    let kind = if name == "header.media" {
        slots.header_media.as_deref().unwrap_or("image")
    } else if let Some(at) = name.strip_prefix("button.") {
        let button = slots.buttons.iter().find(|(i, _)| i.to_string() == at);
        button.map_or("text", |(_, kind)| kind.as_str())
    } else {
        "text"
    };
    w.t(&format!("template.kind.{kind}")).to_owned()
}

fn entry(w: Words, zone: &str, view: HistoryView) -> Entry {
    let value = match view.aspect.as_str() {
        "status" => status(w, &view.value).words,
        "quality" => quality(w, &view.value).words,
        "category" => category(w, &view.value),
        _ => view.value,
    };
    let key = format!("template.aspect.{}", view.aspect);
    let aspect = w.t(&format!("template.aspect.{}", view.aspect)).to_owned();
    Entry {
        at: time(Some(&view.at), zone),
        aspect: if aspect == key { view.aspect } else { aspect },
        value,
        detail: view.detail,
    }
}
