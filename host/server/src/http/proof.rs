//! One verdict for somebody without a login: `/proof/{secret}`. The secret opens this page and nothing else.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{header, request::Parts};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use portero_console::proof::{Seen, render};
use portero_domain::clock::Ts;
use portero_domain::ids::{DecisionId, ProofLinkId, TenantId};
use portero_flow::desk::audit::{self, Act};
use portero_flow::desk::proofs::{self, Look, Looked};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::problem::Problem;

/// The page.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/proof/{secret}", get(show))
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    lang: Option<String>,
}

async fn show(
    State(state): State<AppState>,
    Path(secret): Path<String>,
    Query(asked): Query<Asked>,
    parts: Parts,
) -> Response {
    let accepts = parts.headers.get(header::ACCEPT_LANGUAGE);
    let accepts = accepts.and_then(|v| v.to_str().ok());
    let language = portero_console::login::language(asked.lang.as_deref(), accepts);
    let look = Look {
        secret: &secret,
        address: state.front.visitor(&parts).address,
    };
    let looked = match proofs::look(&state.ctx, &look).await {
        Ok(looked) => looked,
        Err(error) => return Problem::from(error).into_response(),
    };
    match looked {
        Looked::Shown(proof) => {
            let seen = (proof.link.id, proof.tenant.id, proof.link.verdict);
            // A look that cannot be written down is not answered.
            match written(&state, seen, 200).await {
                Ok(()) => render(language, Seen::Shown(&proof)),
                Err(problem) => problem.into_response(),
            }
        }
        Looked::Nothing(was) => {
            if let Some(was) = was
                && let Err(problem) = written(&state, was, 404).await
            {
                return problem.into_response();
            }
            render(language, Seen::Nothing)
        }
        Looked::Wait(until) => render(language, Seen::Wait(seconds(state.ctx.now(), until))),
    }
}

fn seconds(now: Ts, until: Ts) -> u64 {
    let ms = u64::try_from(until.0.saturating_sub(now.0)).unwrap_or_default();
    ms.div_ceil(1_000)
}

/// Writes a look down under the link, whoever held it.
async fn written(
    state: &AppState,
    (link, tenant, verdict): (ProofLinkId, TenantId, DecisionId),
    status: u16,
) -> Result<(), Problem> {
    let act = Act {
        who: &link.to_string(),
        token: None,
        tenant: Some(tenant),
        operation: "GET /proof/{secret}",
        targets: vec![verdict.to_string()],
        status,
        look: true,
    };
    Ok(audit::record(&state.ctx, &act).await?)
}
