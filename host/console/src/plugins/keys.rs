//! Keys of authors that a shop trusts, on the page of its plugins: who may sign what; adding one, removing one.

use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::response::Response;
use portero_domain::access::Role;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::plugins::{self as desk, PluginKeyView, SignerView, TrustRequest};
use serde::Deserialize;

use crate::problem::Problem;
use crate::shown::{lacks, time, to};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Where a key is sent to be trusted, as the route is written.
pub(super) const TRUST: &str = "/console/plugin-keys/{tenant}";
/// Where one is removed.
pub(super) const REMOVE: &str = "/console/plugin-keys/{tenant}/remove";
/// What may have been done, as the page says it.
pub(super) const DID: [&str; 3] = ["trust", "trust_wrong", "distrust"];

/// A key on the page.
pub(super) struct Line {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) prefixes: String,
    pub(super) since: String,
    /// Empty while none took its place.
    pub(super) replaced_by: String,
}

/// The part of the page.
pub(super) struct Part {
    pub(super) lines: Vec<Line>,
    pub(super) at: String,
    /// Why this caller cannot; empty when they can.
    pub(super) lacks: String,
}

/// What the forms send.
#[derive(Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    prefixes: String,
}

pub(super) fn part(w: Words, role: Role, zone: &str, shop: &str, keys: Vec<PluginKeyView>) -> Part {
    Part {
        at: format!("/console/plugin-keys/{shop}"),
        lacks: lacks(w, role, TRUST),
        lines: keys
            .into_iter()
            .map(|key| Line {
                id: key.key_id,
                name: key.name,
                prefixes: key.prefixes.join(", "),
                since: time(Some(&key.added_at), zone),
                replaced_by: key.replaced_by.unwrap_or_default(),
            })
            .collect(),
    }
}

/// Who signed a version, in words.
pub(super) fn signed(w: Words, by: Option<&SignerView>) -> String {
    match by {
        Some(by) if by.name.is_empty() => w.t("plugin.signed.gone").replace("{key}", &by.key_id),
        Some(by) => w.t("plugin.signed.by").replace("{name}", &by.name),
        None => w.t("plugin.signed.not").to_owned(),
    }
}

fn done(shop: &str, lang: &str, did: &str) -> Response {
    let fields = [("lang", lang), ("shop", shop), ("did", did)];
    to("/plugins", &fields)
}

/// `POST …`: trusts a key.
pub(crate) async fn trust(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(shop): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let ids = sent.prefixes.split([',', ' ']).map(str::trim);
    let request = TrustRequest {
        public_key: sent.key.clone(),
        name: sent.name,
        prefixes: ids.filter(|id| !id.is_empty()).map(str::to_owned).collect(),
    };
    // A key that is none has no id, and is refused as the desk refuses it.
    let id = desk::public_key(&sent.key).map(|(_, id)| id);
    let id = id.unwrap_or_default();
    let trusted = desk::trust(&state.ctx, &principal, tenant.id, &id, &request).await;
    let did = match trusted {
        Ok(_) => "trust",
        Err(FlowError::BadInput { .. }) => "trust_wrong",
        Err(other) => return Err(other.into()),
    };
    Ok(done(&tenant.slug, &sent.lang, did))
}

/// `POST …/remove`: trusts it no more.
pub(crate) async fn remove(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(shop): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    desk::distrust(&state.ctx, tenant.id, &sent.key).await?;
    Ok(done(&tenant.slug, &sent.lang, "distrust"))
}
