//! Secrets of a plugin's requests.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use portero_flow::desk::plugins::{self, SecretRequest, SecretView};

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiPath, parse_id};
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// Secrets that a plugin asks for in its manifest, by name: whether each is set and where it may go. Never the secret.
#[utoipa::path(get, path = "/v1/plugins/{id}/secrets", operation_id = "plugin_secrets", params(("id" = String, Path, description = "ins_…")), responses(
    (status = 200, body = Vec<SecretView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Vec<SecretView>>, Problem> {
    let id = parse_id(&id)?;
    Ok(Json(plugins::secrets(&state.ctx, caller.tenant, id).await?))
}

/// Set a secret: from now on the host puts it where the plugin's requests name it, at the hosts of the manifest.
#[utoipa::path(put, path = "/v1/plugins/{id}/secrets/{name}", operation_id = "set_plugin_secret", params(
    ("id" = String, Path, description = "ins_…"), ("name" = String, Path, description = "As the manifest calls it")),
    request_body = SecretRequest, responses(
    (status = 200, body = SecretView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn set(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath((id, name)): ApiPath<(String, String)>,
    ApiJson(request): ApiJson<SecretRequest>,
) -> Result<Json<SecretView>, Problem> {
    let id = parse_id(&id)?;
    let set = plugins::set_secret(&state.ctx, caller.tenant, id, &name, request.value);
    Ok(Json(set.await?))
}

/// Forget a secret: requests that name it are denied.
#[utoipa::path(delete, path = "/v1/plugins/{id}/secrets/{name}", operation_id = "remove_plugin_secret", params(
    ("id" = String, Path, description = "ins_…"), ("name" = String, Path, description = "As the manifest calls it")), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath((id, name)): ApiPath<(String, String)>,
) -> Result<StatusCode, Problem> {
    plugins::remove_secret(&state.ctx, caller.tenant, parse_id(&id)?, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
