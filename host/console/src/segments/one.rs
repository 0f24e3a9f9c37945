//! One segment: how many, since when, made by what from which fields, and some of its people with the reason.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::access::Right;
use portero_flow::desk::access::Principal;
use portero_flow::desk::{plugins, segments as desk};
use serde::Deserialize;

use super::{facts, title};
use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{number, time};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// People shown.
const SAMPLE: usize = 20;

/// Query of the page.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
}

struct Person {
    href: String,
    name: String,
    reason: String,
    since: String,
}

#[derive(Template)]
#[template(path = "segment.html")]
struct One {
    f: Frame,
    w: Words,
    shop: String,
    id: String,
    installation: String,
    people: String,
    facts: Vec<(&'static str, String)>,
    personal: bool,
    sample: Vec<Person>,
}

/// The page.
pub(crate) async fn one(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, installation, segment)): Path<(String, String, String)>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let missing = || Problem::NotFound { what: "segment" };
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let all = desk::list(&state.ctx, tenant.id).await?;
    let of = all
        .into_iter()
        .find(|s| s.installation.to_string() == installation)
        .ok_or_else(missing)?;
    let view = of.segments.iter().find(|s| s.id == segment);
    let view = view.ok_or_else(missing)?;
    let personal = [Right::Read, Right::SeePersonalData];
    let personal = principal.role.lacks(&personal).is_none();
    let members = if personal {
        let name = format!("{installation}:{segment}");
        desk::members(&state.ctx, tenant.id, &name, SAMPLE, None)
            .await?
            .items
    } else {
        Vec::new()
    };
    let installed = plugins::list(&state.ctx, tenant.id).await?;
    let plugin = installed.into_iter().find(|p| p.id == of.installation);
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/segments",
        lang: asked.lang.as_deref(),
        shop: None,
    };
    let here = format!("/segments/{}/{installation}/{segment}", tenant.slug);
    let f = visit.below(tenant.clone()).here(&here, &[]);
    let (w, zone, lang) = (f.w, tenant.timezone.as_str(), f.lang);
    let mut known = facts(w, zone, &of);
    if let Some(p) = plugin {
        let fields = p.grants.contact_fields.join(", ");
        known.extend([
            (w.t("segment.plugin"), format!("{} {}", p.plugin, p.version)),
            (w.t("segment.digest"), p.digest),
            (
                w.t("segment.fields"),
                if fields.is_empty() {
                    w.t("segment.fields.none").to_owned()
                } else {
                    fields
                },
            ),
        ]);
    }
    Ok(render(&One {
        w,
        shop: tenant.slug.clone(),
        people: w.t("segment.people").replace("{n}", &number(view.members)),
        facts: known,
        personal,
        sample: members
            .into_iter()
            .map(|m| {
                let who = m.contact.to_string();
                let fields = [
                    ("lang", lang),
                    ("shop", tenant.slug.as_str()),
                    ("who", &who),
                ];
                Person {
                    href: query("/verdicts", &fields),
                    name: m.name.unwrap_or(who.clone()),
                    reason: m.reason,
                    since: time(Some(&m.since), zone),
                }
            })
            .collect(),
        f: f.titled(title(w, view)),
        id: segment,
        installation,
    }))
}
