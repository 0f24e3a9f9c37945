//! `GET /plugins`: what runs for a shop, how it does and what the gate says of it; and one of them.

mod keys;
mod one;
mod secrets;
mod versions;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::access::Right::{InstallPlugin, Read};
use portero_flow::desk::access::Principal;
use portero_flow::desk::plugins::{self as desk, Health};
use serde::Deserialize;

use crate::ConsoleState;
use crate::doors::Pages;
use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{number, rule, share};
use crate::strings::Words;

/// The pages and their rights.
pub(crate) fn pages(pages: Pages) -> Pages {
    pages
        .get("/plugins", &[Read], list)
        .get("/plugins/{tenant}/{id}", &[Read], one::one)
        .post(
            "/console/plugins/{tenant}/{id}/on",
            &[InstallPlugin],
            one::on,
        )
        .post(
            "/console/plugins/{tenant}/{id}/off",
            &[InstallPlugin],
            one::off,
        )
        .post(keys::TRUST, &[InstallPlugin], keys::trust)
        .post(keys::REMOVE, &[InstallPlugin], keys::remove)
        .post(secrets::SET, &[InstallPlugin], secrets::set)
        .post(versions::APPROVE, &[InstallPlugin], versions::approve)
        .post(versions::DISCARD, &[InstallPlugin], versions::discard)
        .post(versions::ROLLBACK, &[InstallPlugin], versions::rollback)
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

/// How a plugin does, in words.
pub(super) struct Told {
    pub(super) state: String,
    pub(super) tone: &'static str,
    /// Why it is not asked and how that ends.
    pub(super) why: String,
    pub(super) calls: String,
    pub(super) refused: String,
}

pub(super) fn told(w: Words, health: &Health) -> Told {
    let tone = match health.state {
        "ok" => "ok",
        "degraded" => "wait",
        "stopped" => "bad",
        _ => "",
    };
    let why = w
        .t(&format!("plugin.why.{}", health.state))
        .replace("{n}", &health.failures.to_string())
        .replace("{s}", &(health.stopped_ms / 1_000).to_string());
    let first = health.said.iter().find(|s| s.verdict == "deny");
    let refused = match first.and_then(|s| s.rule.as_deref()) {
        Some(id) => w
            .t("plugin.refused")
            .replace("{share}", &share(health.refused(), health.proposed()))
            .replace("{n}", &number(health.proposed()))
            .replace("{rule}", &rule(w, id)),
        None if health.proposed() > 0 => w
            .t("plugin.refused.none")
            .replace("{n}", &number(health.proposed())),
        None => String::new(),
    };
    Told {
        state: w.t(&format!("plugin.state.{}", health.state)).to_owned(),
        tone,
        why,
        calls: w
            .t("plugin.calls")
            .replace("{n}", &number(health.called()))
            .replace("{faults}", &number(health.faults())),
        refused,
    }
}

struct Card {
    href: String,
    name: String,
    version: String,
    digest: String,
    signed: String,
    unsigned: bool,
    told: Told,
}

struct Group {
    kind: String,
    cards: Vec<Card>,
}

#[derive(Template)]
#[template(path = "plugins.html")]
struct List {
    f: Frame,
    w: Words,
    lang: &'static str,
    did: String,
    wrong: bool,
    groups: Vec<Group>,
    keys: Option<keys::Part>,
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
        entry: "/plugins",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    let f = visit.of_a_shop().await?;
    let w = f.w;
    let mut groups: Vec<Group> = ["replies", "segmentation", "analytics"]
        .into_iter()
        .map(|kind| Group {
            kind: w.t(&format!("plugin.kind.{kind}")).to_owned(),
            cards: Vec::new(),
        })
        .collect();
    let mut trusted = None;
    if let Some(shop) = &f.shop {
        let keys = desk::plugin_keys(&state.ctx, shop.id).await?;
        let zone = shop.timezone.as_str();
        trusted = Some(keys::part(w, principal.role, zone, &shop.slug, keys));
        for view in desk::list(&state.ctx, shop.id).await? {
            let health = desk::health(&state.ctx, shop.id, view.id).await?;
            let kind = w.t(&format!("plugin.kind.{}", view.kind)).to_owned();
            let card = Card {
                href: query(
                    &format!("/plugins/{}/{}", shop.slug, view.id),
                    &[("lang", f.lang)],
                ),
                told: told(w, &health),
                signed: keys::signed(w, view.signed_by.as_ref()),
                unsigned: view.signed_by.is_none(),
                name: view.plugin,
                version: view.version,
                digest: view.digest.chars().take(12).collect(),
            };
            if let Some(group) = groups.iter_mut().find(|g| g.kind == kind) {
                group.cards.push(card);
            }
        }
    }
    groups.retain(|g| !g.cards.is_empty());
    let did = asked.did.filter(|d| keys::DID.contains(&d.as_str()));
    Ok(render(&List {
        w,
        lang: f.lang,
        wrong: did.as_deref() == Some("trust_wrong"),
        did: did.map_or_else(String::new, |d| w.t(&format!("plugin.did.{d}")).to_owned()),
        groups,
        keys: trusted,
        f,
    }))
}
