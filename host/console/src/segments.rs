//! `GET /segments`: groups of people that plugins put together; and one with a sample and why each is in it.

mod one;

use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::access::Right::{Edit, Read};
use portero_domain::clock::Ts;
use portero_flow::desk::access::Principal;
use portero_flow::desk::segments::{
    self as desk, RebuildRequest, RunView, SegmentView, SegmentationView,
};
use serde::Deserialize;

use crate::doors::Pages;
use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{Act, lacks, number, time, to};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// The pages and their rights.
pub(crate) fn pages(pages: Pages) -> Pages {
    pages
        .get("/segments", &[Read], list)
        .get(
            "/segments/{tenant}/{installation}/{segment}",
            &[Read],
            one::one,
        )
        .post("/console/segments/{tenant}/rebuild", &[Edit], rebuild)
}

/// Query of the list.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
    #[serde(default)]
    did: Option<String>,
}

/// What the form sends.
#[derive(Default, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    plugin: String,
}

struct Row {
    href: String,
    title: String,
    id: String,
    people: String,
}

struct Group {
    plugin: String,
    segments: Vec<Row>,
    facts: Vec<(&'static str, String)>,
    stuck: String,
    acts: Vec<Act>,
}

#[derive(Template)]
#[template(path = "segments.html")]
struct List {
    f: Frame,
    w: Words,
    lang: &'static str,
    did: bool,
    groups: Vec<Group>,
}

/// A segment's title in the language of the page.
pub(super) fn title(w: Words, view: &SegmentView) -> String {
    let mut titles = [w.0.code(), "es"].into_iter();
    let title = titles.find_map(|l| view.titles.get(l));
    title.unwrap_or(&view.id).clone()
}

/// The last pass in words: (how it stands, how long it took).
pub(super) fn pass(w: Words, run: &RunView) -> (String, String) {
    let state = w
        .t(&format!("segment.run.{}", run.state))
        .replace("{done}", &number(run.done))
        .replace("{total}", &number(run.total))
        .replace("{changed}", &number(run.changed));
    let why = w.t(&format!("segment.began.{}", run.why)).to_owned();
    let read = |at: &str| Ts::parse_rfc3339(at).ok();
    let end = run.finished_at.as_deref().and_then(read);
    let took = match (read(&run.started_at), end) {
        (Some(from), Some(to)) => duration(to.since(from)),
        _ => String::new(),
    };
    (format!("{state} ({why})"), took)
}

/// Milliseconds for people.
fn duration(ms: i64) -> String {
    match ms {
        ..1_000 => format!("{} ms", ms.max(0)),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// What is known of a plugin's passes.
pub(super) fn facts(w: Words, zone: &str, view: &SegmentationView) -> Vec<(&'static str, String)> {
    let full = time(view.full_at.as_deref(), zone);
    let mut facts = vec![
        (
            w.t("segment.full_at"),
            if full.is_empty() {
                w.t("segment.never").to_owned()
            } else {
                full
            },
        ),
        (
            w.t("segment.counted_at"),
            time(view.counted_at.as_deref(), zone),
        ),
    ];
    if let Some(run) = &view.run {
        let (state, took) = pass(w, run);
        facts.push((w.t("segment.run"), state));
        facts.push((w.t("segment.took"), took));
    }
    if let Some(fault) = &view.last_fault {
        let at = time(view.last_fault_at.as_deref(), zone);
        facts.push((w.t("segment.last_fault"), format!("{fault} · {at}")));
    }
    facts.retain(|(_, value)| !value.is_empty());
    facts
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
        entry: "/segments",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    let f = visit.of_a_shop().await?;
    let (w, lang) = (f.w, f.lang);
    let mut groups = Vec::new();
    if let Some(shop) = &f.shop {
        for view in desk::list(&state.ctx, shop.id).await? {
            let facts = facts(w, &shop.timezone, &view);
            let segments = view.segments.iter().map(|s| Row {
                href: query(
                    &format!("/segments/{}/{}/{}", shop.slug, view.installation, s.id),
                    &[("lang", lang)],
                ),
                title: title(w, s),
                id: s.id.clone(),
                people: w.t("segment.people").replace("{n}", &number(s.members)),
            });
            groups.push(Group {
                segments: segments.collect(),
                facts,
                stuck: if view.stuck > 0 {
                    w.t("segment.stuck").replace("{n}", &number(view.stuck))
                } else {
                    String::new()
                },
                acts: vec![Act {
                    name: "rebuild",
                    action: format!("/console/segments/{}/rebuild", shop.slug),
                    label: w.t("segment.rebuild").to_owned(),
                    effect: w.t("segment.rebuild.what").to_owned(),
                    lacks: lacks(w, principal.role, "/console/segments/{tenant}/rebuild"),
                    grave: false,
                    fields: vec![("plugin", view.installation.to_string())],
                    note: None,
                }],
                plugin: view.plugin,
            });
        }
    }
    Ok(render(&List {
        w,
        lang,
        did: asked.did.is_some(),
        groups,
        f,
    }))
}

/// `POST …/rebuild`: begins a pass over everybody.
pub(crate) async fn rebuild(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(shop): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let request = RebuildRequest {
        plugin: Some(sent.plugin),
    };
    desk::rebuild(&state.ctx, tenant.id, &request).await?;
    let lang = sent.lang.as_deref().unwrap_or_default();
    let fields = [("lang", lang), ("shop", tenant.slug.as_str()), ("did", "1")];
    Ok(to("/segments", &fields))
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_read_at_a_glance() {
        assert_eq!(duration(-3), "0 ms");
        assert_eq!(duration(999), "999 ms");
        assert_eq!(duration(1_250), "1.2 s");
        assert_eq!(duration(61_000), "1 min 1 s");
    }
}
