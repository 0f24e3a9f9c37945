//! Plugins, templates and wordings of a tenant.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use portero_flow::desk::plugins::{self, InstallRequest, InstallationView};
use portero_flow::desk::templates::{self, SyncView, TemplateView};
use portero_flow::desk::tenants::{self, WordingRequest};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiQuery, whole_text};
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// Installed plugins, in the order they are asked.
#[utoipa::path(get, path = "/v1/plugins", responses(
    (status = 200, body = Vec<InstallationView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<InstallationView>>, Problem> {
    Ok(Json(plugins::list(&state.ctx, caller.tenant).await?))
}

/// How to install.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct InstallQuery {
    /// JSON: `{"config":{…},"grants":{"permissions":[…],"templates":[…],"contact_fields":[…],"hosts":[…]},"position":0}`.
    how: Option<String>,
}

/// Install a component for the tenant; the body is the `.wasm`.
#[utoipa::path(post, path = "/v1/plugins", params(InstallQuery),
    request_body(content = Vec<u8>, content_type = "application/wasm"), responses(
    (status = 201, body = InstallationView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn install(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(q): ApiQuery<InstallQuery>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<(StatusCode, Json<InstallationView>), Problem> {
    let body = body?;
    let request: InstallRequest = match q.how.as_deref() {
        Some(text) => whole_text(text.as_bytes()).and_then(|()| {
            serde_json::from_str(text).map_err(|e| Problem::bad(format!("how: {e}")))
        })?,
        None => InstallRequest::default(),
    };
    let installed = plugins::install(
        &state.ctx,
        &caller.principal,
        caller.tenant,
        &body,
        &request,
    )
    .await?;
    Ok((StatusCode::CREATED, Json(installed)))
}

/// The template registry of the tenant.
#[utoipa::path(get, path = "/v1/templates", responses(
    (status = 200, body = Vec<TemplateView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn templates(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<TemplateView>>, Problem> {
    Ok(Json(templates::list(&state.ctx, caller.tenant).await?))
}

/// Fetch all templates from Meta.
#[utoipa::path(post, path = "/v1/templates/sync", responses(
    (status = 200, body = SyncView), (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 502, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn sync_templates(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<SyncView>, Problem> {
    Ok(Json(templates::sync(&state.ctx, caller.tenant).await?))
}

/// Add a consent question in the host's own words.
#[utoipa::path(put, path = "/v1/wordings", request_body = WordingRequest, responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn wording(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(request): ApiJson<WordingRequest>,
) -> Result<StatusCode, Problem> {
    tenants::put_wording(&state.ctx, caller.tenant, &request).await?;
    Ok(StatusCode::NO_CONTENT)
}
