//! Keys of plugins' authors that a tenant trusts.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use portero_flow::desk::plugins::{self, PluginKeyView, RotateRequest, TrustRequest};

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiPath};
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// Keys of plugins' authors that the tenant trusts, the oldest first.
#[utoipa::path(get, path = "/v1/plugin-keys", operation_id = "plugin_keys", responses(
    (status = 200, body = Vec<PluginKeyView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<PluginKeyView>>, Problem> {
    Ok(Json(plugins::plugin_keys(&state.ctx, caller.tenant).await?))
}

/// Trust a key for plugins of some ids, or change name and ids of one that is trusted.
#[utoipa::path(put, path = "/v1/plugin-keys/{key}", operation_id = "trust_plugin_key", params(
    ("key" = String, Path, description = "The key's id as minisign shows it: 16 hex digits")),
    request_body = TrustRequest, responses(
    (status = 200, body = PluginKeyView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn trust(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(key): ApiPath<String>,
    ApiJson(request): ApiJson<TrustRequest>,
) -> Result<Json<PluginKeyView>, Problem> {
    let trusted = plugins::trust(&state.ctx, &caller.principal, caller.tenant, &key, &request);
    Ok(Json(trusted.await?))
}

/// Let a new key take the place of a trusted one, for the same ids: the old one signed the new one's file. What the old
/// one signs from then on is refused.
#[utoipa::path(post, path = "/v1/plugin-keys/{key}/successor", operation_id = "rotate_plugin_key", params(
    ("key" = String, Path, description = "Id of the old key")),
    request_body = RotateRequest, responses(
    (status = 200, body = PluginKeyView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn rotate(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(key): ApiPath<String>,
    ApiJson(request): ApiJson<RotateRequest>,
) -> Result<Json<PluginKeyView>, Problem> {
    let new = plugins::rotate(&state.ctx, &caller.principal, caller.tenant, &key, &request);
    Ok(Json(new.await?))
}

/// Trust a key no more. What it signed and runs goes on; nothing new of it is taken.
#[utoipa::path(delete, path = "/v1/plugin-keys/{key}", operation_id = "distrust_plugin_key", params(
    ("key" = String, Path, description = "The key's id")), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn distrust(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(key): ApiPath<String>,
) -> Result<StatusCode, Problem> {
    plugins::distrust(&state.ctx, caller.tenant, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}
