//! One plugin: its state and how to lift it, what it may, how its calls ended, what the gate said; on and off.

use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::ids::InstallationId;
use portero_flow::desk::access::Principal;
use portero_flow::desk::plugins as desk;
use serde::Deserialize;

use super::{Told, keys, secrets, told, versions};
use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{Act, lacks, number, share, time, to};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// What may have been done, as the page says it.
const DID: [&str; 7] = [
    "on",
    "off",
    "secret",
    "secret_wrong",
    "approve",
    "discard",
    "rollback",
];

/// Query of the page.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    did: Option<String>,
}

/// What the forms send.
#[derive(Default, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    lang: Option<String>,
}

struct Permission {
    name: String,
    id: String,
    about: String,
    reason: String,
    granted: bool,
    /// That it is granted and not used; empty otherwise.
    unused: String,
}

struct Said {
    href: String,
    words: String,
    rule: String,
    n: String,
    share: String,
}

#[derive(Template)]
#[template(path = "plugin.html")]
struct One {
    f: Frame,
    w: Words,
    lang: &'static str,
    did: String,
    description: String,
    told: Told,
    acts: Vec<Act>,
    facts: Vec<(&'static str, String)>,
    permissions: Vec<Permission>,
    ended: Vec<(String, String)>,
    said: Vec<Said>,
    faults: Vec<(String, String)>,
    secrets: secrets::Part,
    versions: versions::Part,
    wrong: bool,
    /// The crates in it, each with its version; `None`: the file does not tell.
    parts: Option<Vec<String>>,
}

pub(super) fn id(text: &str) -> Result<InstallationId, Problem> {
    text.parse()
        .map_err(|_| Problem::NotFound { what: "plugin" })
}

/// How a call ended, in words where we have some.
fn ending(w: Words, outcome: &str) -> String {
    let word: String = outcome
        .split([':', ' '])
        .next()
        .unwrap_or_default()
        .replace('-', "_");
    let key = format!("plugin.ended.{word}");
    let words = w.t(&format!("plugin.ended.{word}")).to_owned();
    if words == key {
        outcome.to_owned()
    } else {
        words
    }
}

/// The page.
pub(crate) async fn one(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, installation)): Path<(String, String)>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let detail = desk::detail(&state.ctx, tenant.id, id(&installation)?).await?;
    let secrets = desk::secrets(&state.ctx, tenant.id, detail.view.id).await?;
    let ran = desk::versions(&state.ctx, tenant.id, detail.view.id).await?;
    let parts = desk::parts(&state.ctx, tenant.id, detail.view.id)
        .await?
        .parts;
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/plugins",
        lang: asked.lang.as_deref(),
        shop: None,
    };
    let here = format!("/plugins/{}/{}", tenant.slug, detail.view.id);
    let f = visit.below(tenant.clone()).here(&here, &[]);
    let (w, zone, lang) = (f.w, tenant.timezone.as_str(), f.lang);
    let (view, health) = (&detail.view, &detail.health);
    let switch = if view.enabled { "off" } else { "on" };
    let act = Act {
        name: switch,
        action: format!("/console/plugins/{}/{}/{switch}", tenant.slug, view.id),
        label: w.t(&format!("plugin.act.{switch}")).to_owned(),
        effect: w.t(&format!("plugin.effect.{switch}")).to_owned(),
        lacks: lacks(w, principal.role, "/console/plugins/{tenant}/{id}/on"),
        grave: view.enabled,
        fields: Vec::new(),
        note: None,
    };
    let all = [
        (
            w.t("plugin.kind"),
            w.t(&format!("plugin.kind.{}", view.kind)).to_owned(),
        ),
        (w.t("plugin.version"), view.version.clone()),
        (w.t("segment.digest"), view.digest.clone()),
        (
            w.t("plugin.signed"),
            keys::signed(w, view.signed_by.as_ref()),
        ),
        (
            w.t("plugin.source"),
            view.source.clone().unwrap_or_default(),
        ),
        (w.t("plugin.place"), view.position.to_string()),
        (w.t("plugin.templates"), view.grants.templates.join(", ")),
        (
            w.t("plugin.peaks"),
            if health.called() > 0 {
                let kib = number(health.peak_memory / 1_024);
                format!("{kib} KiB · {} fuel", number(health.peak_fuel))
            } else {
                String::new()
            },
        ),
    ];
    let known = |d: &String| DID.contains(&d.as_str());
    let did = asked.did.filter(known);
    let at = (tenant.slug.as_str(), view.id);
    Ok(render(&One {
        parts: parts.map(|all| {
            let inside = all.into_iter().filter(|part| !part.build_only);
            inside
                .map(|part| format!("{} {}", part.name, part.version))
                .collect()
        }),
        wrong: did.as_deref() == Some("secret_wrong"),
        secrets: secrets::part(w, principal.role, zone, at, secrets),
        versions: versions::part(w, principal.role, zone, at, ran),
        w,
        lang,
        did: did.map_or_else(String::new, |d| w.t(&format!("plugin.did.{d}")).to_owned()),
        description: detail.description.clone(),
        told: told(w, health),
        acts: vec![act],
        facts: all.into_iter().filter(|(_, v)| !v.is_empty()).collect(),
        permissions: detail
            .permissions
            .iter()
            .map(|p| Permission {
                name: p.means.get(lang).unwrap_or(&p.id).clone(),
                id: p.id.clone(),
                about: p.about.join(", "),
                reason: p.reason.clone(),
                granted: p.granted,
                unused: match p.used {
                    Some(used @ ("never" | "not_seen")) => {
                        w.t(&format!("plugin.unused.{used}")).to_owned()
                    }
                    _ => String::new(),
                },
            })
            .collect(),
        ended: health
            .calls
            .iter()
            .map(|e| (ending(w, &e.outcome), number(e.calls)))
            .collect(),
        said: health
            .said
            .iter()
            .map(|s| {
                let id = s.rule.clone().unwrap_or_default();
                let result = w.t(&format!("explore.result.{}", s.verdict)).to_owned();
                let title = s.title.get(lang).cloned().unwrap_or_else(|| id.clone());
                let plugin = view.id.to_string();
                let fields = [
                    ("lang", lang),
                    ("shop", tenant.slug.as_str()),
                    ("plugin", &plugin),
                    ("verdict", &s.verdict),
                    ("rule", &id),
                ];
                Said {
                    href: query("/verdicts", &fields),
                    words: if title.is_empty() {
                        result
                    } else {
                        format!("{result}: {title}")
                    },
                    n: number(s.proposals),
                    share: share(s.proposals, health.proposed()),
                    rule: id,
                }
            })
            .collect(),
        faults: detail
            .faults
            .iter()
            .map(|f| (time(Some(&f.at), zone), ending(w, &f.outcome)))
            .collect(),
        f: f.titled(if detail.title.is_empty() {
            view.plugin.clone()
        } else {
            detail.title.clone()
        }),
    }))
}

/// `POST …/on`: it is asked again.
pub(crate) async fn on(
    state: State<ConsoleState>,
    principal: Extension<Principal>,
    path: Path<(String, String)>,
    form: Form<Sent>,
) -> Result<Response, Problem> {
    switch(state, principal, path, form, true).await
}

/// `POST …/off`: it is not asked any more.
pub(crate) async fn off(
    state: State<ConsoleState>,
    principal: Extension<Principal>,
    path: Path<(String, String)>,
    form: Form<Sent>,
) -> Result<Response, Problem> {
    switch(state, principal, path, form, false).await
}

async fn switch(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, installation)): Path<(String, String)>,
    Form(sent): Form<Sent>,
    enabled: bool,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let id = id(&installation)?;
    desk::set_enabled(&state.ctx, tenant.id, id, enabled).await?;
    let lang = sent.lang.as_deref().unwrap_or_default();
    let did = if enabled { "on" } else { "off" };
    let path = format!("/plugins/{}/{id}", tenant.slug);
    Ok(to(&path, &[("lang", lang), ("did", did)]))
}
