//! Versions of an installed plugin: upgrade, approve, discard, roll back.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use portero_flow::desk::plugins::{
    self, ApproveVersionRequest, FetchRequest, InstallationView, RollbackRequest, UpgradeRequest,
    UpgradeView, VersionsView,
};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::plugins::how;
use crate::http::api::{ApiJson, ApiPath, ApiQuery, parse_id};
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// What ran for an installed plugin, newest first, and the version that waits to be granted what it asks for.
#[utoipa::path(get, path = "/v1/plugins/{id}/versions", operation_id = "plugin_versions", params(("id" = String, Path, description = "ins_…")), responses(
    (status = 200, body = VersionsView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<VersionsView>, Problem> {
    let id = parse_id(&id)?;
    Ok(Json(
        plugins::versions(&state.ctx, caller.tenant, id).await?,
    ))
}

/// What comes beside another version.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpgradeQuery {
    /// JSON: `{"signature":"…"}` with the text of the `.minisig` file, and `"digest"` where it is known.
    how: Option<String>,
}

/// Bring another version in; the body is the `.wasm`. Settings and grants stay. It runs at once, unless it asks for more
/// than the one that runs: then it waits, and the old one goes on. Once a version was signed, the next has to be by the
/// same key or by the one that took its place.
#[utoipa::path(post, path = "/v1/plugins/{id}/upgrade", operation_id = "upgrade_plugin", params(("id" = String, Path, description = "ins_…"), UpgradeQuery),
    request_body(content = Vec<u8>, content_type = "application/wasm"), responses(
    (status = 200, body = UpgradeView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn upgrade(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiQuery(q): ApiQuery<UpgradeQuery>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<UpgradeView>, Problem> {
    let (body, id) = (body?, parse_id(&id)?);
    let beside: UpgradeRequest = how(q.how.as_deref())?;
    let (ctx, tenant) = (&state.ctx, caller.tenant);
    let came = plugins::upgrade(ctx, &caller.principal, tenant, id, &body, &beside);
    Ok(Json(came.await?))
}

/// Fetch another version from where its author publishes it and bring it in, as the file would be. It has to have the
/// digest that is named and the signature beside it (`.minisig`).
#[utoipa::path(post, path = "/v1/plugins/{id}/upgrade/fetch", operation_id = "fetch_plugin_version", params(("id" = String, Path, description = "ins_…")),
    request_body = FetchRequest, responses(
    (status = 200, body = UpgradeView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn fetch(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiJson(from): ApiJson<FetchRequest>,
) -> Result<Json<UpgradeView>, Problem> {
    let id = parse_id(&id)?;
    let came = plugins::upgrade_fetched(&state.ctx, &caller.principal, caller.tenant, id, &from);
    Ok(Json(came.await?))
}

/// Let the version that waits run, with what is granted in addition; what was granted before stays.
#[utoipa::path(post, path = "/v1/plugins/{id}/approve", operation_id = "approve_plugin", params(("id" = String, Path, description = "ins_…")),
    request_body = ApproveVersionRequest, responses(
    (status = 200, body = InstallationView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn approve(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiJson(request): ApiJson<ApproveVersionRequest>,
) -> Result<Json<InstallationView>, Problem> {
    let id = parse_id(&id)?;
    let runs = plugins::approve(&state.ctx, &caller.principal, caller.tenant, id, &request);
    Ok(Json(runs.await?))
}

/// Let the version that waits go.
#[utoipa::path(delete, path = "/v1/plugins/{id}/waiting", operation_id = "discard_plugin_version", params(("id" = String, Path, description = "ins_…")), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn discard(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, Problem> {
    plugins::discard(&state.ctx, caller.tenant, parse_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Run what ran before, with its settings and grants; what the plugin remembers stays.
#[utoipa::path(post, path = "/v1/plugins/{id}/rollback", operation_id = "rollback_plugin", params(("id" = String, Path, description = "ins_…")),
    request_body = RollbackRequest, responses(
    (status = 200, body = InstallationView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn rollback(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiJson(request): ApiJson<RollbackRequest>,
) -> Result<Json<InstallationView>, Problem> {
    let id = parse_id(&id)?;
    let runs = plugins::rollback(&state.ctx, &caller.principal, caller.tenant, id, &request);
    Ok(Json(runs.await?))
}
