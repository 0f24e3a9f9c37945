//! Versions of a plugin on its page: one that waits and what it asks for, what ran; granting, dropping, taking back.

use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::response::Response;
use portero_domain::access::Role;
use portero_domain::ids::InstallationId;
use portero_flow::desk::access::Principal;
use portero_flow::desk::plugins::{
    self as desk, ApproveVersionRequest, RollbackRequest, VersionView, VersionsView,
};
use portero_flow::grants::Grants;

use super::keys;
use crate::problem::Problem;
use crate::shown::{lacks, time, to};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Where a version that waits is granted, as the route is written.
pub(super) const APPROVE: &str = "/console/plugins/{tenant}/{id}/approve";
/// Where it is dropped.
pub(super) const DISCARD: &str = "/console/plugins/{tenant}/{id}/discard";
/// Where what ran before is taken back.
pub(super) const ROLLBACK: &str = "/console/plugins/{tenant}/{id}/rollback";

/// Something that the version that waits asks for.
pub(super) struct More {
    /// What kind of thing, in words.
    pub(super) what: String,
    pub(super) name: String,
    pub(super) reason: String,
    /// Name of its box in the form; empty where there is nothing to grant: it comes with the version.
    pub(super) field: &'static str,
}

/// The version that waits.
pub(super) struct Waiting {
    pub(super) title: String,
    pub(super) digest: String,
    pub(super) since: String,
    /// Who signed it, in words.
    pub(super) signed: String,
    pub(super) more: Vec<More>,
}

/// A version that ran.
pub(super) struct Ran {
    pub(super) version: String,
    pub(super) how: String,
    pub(super) since: String,
    pub(super) runs: bool,
    /// Who signed it, in words.
    pub(super) signed: String,
}

/// The part of the page.
pub(super) struct Part {
    pub(super) waiting: Option<Waiting>,
    pub(super) ran: Vec<Ran>,
    /// `/console/plugins/SHOP/ID`.
    pub(super) at: String,
    /// Whether another component ran before.
    pub(super) can_go_back: bool,
    /// Why this caller cannot; empty when they can.
    pub(super) lacks: String,
}

pub(super) fn part(
    w: Words,
    role: Role,
    zone: &str,
    at: (&str, InstallationId),
    all: VersionsView,
) -> Part {
    let (shop, id) = at;
    let running = all.versions.first().map(|v| v.digest.clone());
    Part {
        can_go_back: all
            .versions
            .iter()
            .any(|v| Some(&v.digest) != running.as_ref()),
        at: format!("/console/plugins/{shop}/{id}"),
        lacks: lacks(w, role, ROLLBACK),
        waiting: all.waiting.map(|waiting| Waiting {
            title: w
                .t("plugin.version.waits")
                .replace("{version}", &waiting.version),
            since: time(Some(&waiting.put_at), zone),
            signed: keys::signed(w, waiting.signed_by.as_ref()),
            digest: waiting.digest,
            more: waiting
                .asks_more
                .into_iter()
                .map(|more| More {
                    what: w.t(&format!("plugin.more.{}", more.what)).to_owned(),
                    field: match more.what.as_str() {
                        "permission" => "permission",
                        "field" => "field",
                        "host" => "host",
                        "template" => "template",
                        _ => "",
                    },
                    name: more.name,
                    reason: more.reason.unwrap_or_default(),
                })
                .collect(),
        }),
        ran: all.versions.into_iter().map(|v| ran(w, zone, v)).collect(),
    }
}

fn ran(w: Words, zone: &str, v: VersionView) -> Ran {
    let how = w.t(&format!("plugin.ran.{}", v.why)).to_owned();
    Ran {
        how: if v.author.is_empty() {
            how
        } else {
            format!("{how} · {}", v.author)
        },
        since: time(Some(&v.begun_at), zone),
        signed: keys::signed(w, v.signed_by.as_ref()),
        version: v.version,
        runs: v.runs,
    }
}

/// What the forms send: `lang`, and for granting `digest` and one field for each box that is ticked.
type Sent = Form<Vec<(String, String)>>;

fn one<'a>(sent: &'a Sent, name: &str) -> &'a str {
    let found = sent.0.iter().find(|(n, _)| n == name);
    found.map_or("", |(_, value)| value.as_str())
}

fn ticked(sent: &Sent, name: &str) -> Vec<String> {
    let all = sent.0.iter().filter(|(n, _)| n == name);
    all.map(|(_, value)| value.clone()).collect()
}

fn done(shop: &str, id: InstallationId, sent: &Sent, did: &str) -> Response {
    let path = format!("/plugins/{shop}/{id}");
    to(&path, &[("lang", one(sent, "lang")), ("did", did)])
}

/// `POST …/approve`: the version that waits runs, with what was ticked.
pub(crate) async fn approve(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, installation)): Path<(String, String)>,
    sent: Sent,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let id = super::one::id(&installation)?;
    let request = ApproveVersionRequest {
        digest: Some(one(&sent, "digest").to_owned()),
        add: Grants {
            permissions: ticked(&sent, "permission"),
            templates: ticked(&sent, "template"),
            contact_fields: ticked(&sent, "field"),
            hosts: ticked(&sent, "host"),
        },
    };
    desk::approve(&state.ctx, &principal, tenant.id, id, &request).await?;
    Ok(done(&tenant.slug, id, &sent, "approve"))
}

/// `POST …/discard`: the version that waits goes.
pub(crate) async fn discard(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, installation)): Path<(String, String)>,
    sent: Sent,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let id = super::one::id(&installation)?;
    desk::discard(&state.ctx, tenant.id, id).await?;
    Ok(done(&tenant.slug, id, &sent, "discard"))
}

/// `POST …/rollback`: what ran before runs again.
pub(crate) async fn rollback(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, installation)): Path<(String, String)>,
    sent: Sent,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let id = super::one::id(&installation)?;
    let request = RollbackRequest::default();
    desk::rollback(&state.ctx, &principal, tenant.id, id, &request).await?;
    Ok(done(&tenant.slug, id, &sent, "rollback"))
}
