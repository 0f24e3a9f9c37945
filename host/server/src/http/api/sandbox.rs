//! The people a tenant in `sandbox` mode may write to.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use portero_flow::desk::sandbox::{self, SandboxPerson};

use super::ApiPath;
use crate::http::AppState;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// Who is on the list, and who answered the code.
#[utoipa::path(get, path = "/v1/sandbox", operation_id = "sandbox_list", responses(
    (status = 200, body = Vec<SandboxPerson>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<SandboxPerson>>, Problem> {
    Ok(Json(sandbox::list(&state.ctx, caller.tenant).await?))
}

/// Invite somebody: tell them the code, they write it to the tenant's number. Again gives another code.
#[utoipa::path(put, path = "/v1/sandbox/{address}", operation_id = "sandbox_put", params(("address" = String, Path)), responses(
    (status = 200, body = SandboxPerson), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn put(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(address): ApiPath<String>,
) -> Result<Json<SandboxPerson>, Problem> {
    Ok(Json(
        sandbox::put(&state.ctx, caller.tenant, &address).await?,
    ))
}

/// Take somebody off the list.
#[utoipa::path(delete, path = "/v1/sandbox/{address}", operation_id = "sandbox_remove", params(("address" = String, Path)), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(address): ApiPath<String>,
) -> Result<StatusCode, Problem> {
    sandbox::remove(&state.ctx, caller.tenant, &address).await?;
    Ok(StatusCode::NO_CONTENT)
}
