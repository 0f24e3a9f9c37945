//! The library of consent questions.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use portero_flow::desk::ledger::{self, WordingView};
use portero_flow::desk::tenants::{self, WordingRequest};

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiPath};
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// Consent questions in the host's own words: by name, the newest version first, with their hashes.
#[utoipa::path(get, path = "/v1/wordings", operation_id = "wordings", responses(
    (status = 200, body = Vec<WordingView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<WordingView>>, Problem> {
    Ok(Json(ledger::wordings(&state.ctx, caller.tenant).await?))
}

/// Every version of one of them, the newest first.
#[utoipa::path(get, path = "/v1/wordings/{name}", operation_id = "wording_versions", params(("name" = String, Path)), responses(
    (status = 200, body = Vec<WordingView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(name): ApiPath<String>,
) -> Result<Json<Vec<WordingView>>, Problem> {
    Ok(Json(
        ledger::wording(&state.ctx, caller.tenant, &name).await?,
    ))
}

/// Add a consent question in the host's own words.
#[utoipa::path(put, path = "/v1/wordings", operation_id = "wording", request_body = WordingRequest, responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn put(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(request): ApiJson<WordingRequest>,
) -> Result<StatusCode, Problem> {
    tenants::put_wording(&state.ctx, caller.tenant, &request).await?;
    Ok(StatusCode::NO_CONTENT)
}
