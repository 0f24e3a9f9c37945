//! Links that show one verdict to somebody without a login.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use portero_flow::desk::Page;
use portero_flow::desk::proofs::{self, NewProofLinkView, ProofLinkRequest, ProofLinkView};

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiPath, parse_id};
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// Make a link that shows this verdict, and nothing else, without a login. Its path holds a secret and is told once.
#[utoipa::path(post, path = "/v1/verdicts/{id}/links", operation_id = "verdict_link", params(("id" = String, Path, description = "dec_…")), request_body = ProofLinkRequest, responses(
    (status = 200, body = NewProofLinkView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn link(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiJson(request): ApiJson<ProofLinkRequest>,
) -> Result<Json<NewProofLinkView>, Problem> {
    let verdict = parse_id(&id)?;
    let made = proofs::link(
        &state.ctx,
        &caller.principal,
        caller.tenant,
        verdict,
        &request,
    );
    Ok(Json(made.await?))
}

/// Links to a verdict, newest first; the last fifty, those that ended too.
#[utoipa::path(get, path = "/v1/verdicts/{id}/links", operation_id = "verdict_links", params(("id" = String, Path, description = "dec_…")), responses(
    (status = 200, body = Page<ProofLinkView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn links(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Page<ProofLinkView>>, Problem> {
    let items = proofs::links(&state.ctx, caller.tenant, parse_id(&id)?).await?;
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// End a link: from now on it shows nothing.
#[utoipa::path(delete, path = "/v1/proof-links/{id}", operation_id = "verdict_unlink", params(("id" = String, Path, description = "plk_…")), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn unlink(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, Problem> {
    proofs::unlink(&state.ctx, caller.tenant, parse_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
