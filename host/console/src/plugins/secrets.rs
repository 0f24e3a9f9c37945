//! Secrets of a plugin's requests on its page: which are set, where each may go; setting one.

use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::response::Response;
use portero_domain::access::Role;
use portero_domain::ids::InstallationId;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::plugins::{self as desk, SecretView};
use secrecy::SecretString;
use serde::Deserialize;

use crate::problem::Problem;
use crate::shown::{lacks, time, to};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Where a secret is sent to be set, as the route is written.
pub(super) const SET: &str = "/console/plugins/{tenant}/{id}/secret";

/// A secret on the page.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) hosts: String,
    /// Where it does not go until it is set again.
    pub(super) new_hosts: String,
    /// Empty while it is not set.
    pub(super) set_at: String,
}

/// The part of the page.
pub(super) struct Part {
    pub(super) lines: Vec<Line>,
    pub(super) action: String,
    /// Why this caller cannot set one; empty when they can.
    pub(super) lacks: String,
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    lang: Option<String>,
    name: String,
    value: SecretString,
}

pub(super) fn part(
    w: Words,
    role: Role,
    zone: &str,
    at: (&str, InstallationId),
    secrets: Vec<SecretView>,
) -> Part {
    let (shop, id) = at;
    Part {
        action: format!("/console/plugins/{shop}/{id}/secret"),
        lacks: lacks(w, role, SET),
        lines: secrets
            .into_iter()
            .map(|s| Line {
                hosts: s.hosts.join(", "),
                new_hosts: s.new_hosts.join(", "),
                set_at: s.set_at.map(|at| time(Some(&at), zone)).unwrap_or_default(),
                name: s.name,
            })
            .collect(),
    }
}

/// `POST …/secret`: sets one. What was typed is never shown again, not even when it is wrong.
pub(crate) async fn set(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, installation)): Path<(String, String)>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let id = super::one::id(&installation)?;
    let set = desk::set_secret(&state.ctx, tenant.id, id, &sent.name, sent.value).await;
    let did = match set {
        Ok(_) => "secret",
        Err(FlowError::BadInput { field, .. }) if field == "value" => "secret_wrong",
        Err(other) => return Err(other.into()),
    };
    let lang = sent.lang.as_deref().unwrap_or_default();
    let path = format!("/plugins/{}/{id}", tenant.slug);
    Ok(to(&path, &[("lang", lang), ("did", did)]))
}
