//! Plugins and templates of a tenant.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use portero_domain::ids::InstallationId;
use portero_flow::desk::plugins::{self, InstallRequest, InstallationView, PluginDetail};
use portero_flow::desk::templates::{self, SyncView, TemplateView};
use portero_flow::desk::{Page, limit};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::{ApiPath, ApiQuery, Paging, parse_id, whole_text};
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

/// One plugin: how it does, what it may in words, how its newest calls ended, and what the gate said of its
/// newest proposals.
#[utoipa::path(get, path = "/v1/plugins/{id}", operation_id = "plugin", params(("id" = String, Path, description = "ins_…")), responses(
    (status = 200, body = PluginDetail), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<PluginDetail>, Problem> {
    let id: InstallationId = parse_id(&id)?;
    Ok(Json(plugins::detail(&state.ctx, caller.tenant, id).await?))
}

/// Have a plugin asked again, from the next message on.
#[utoipa::path(post, path = "/v1/plugins/{id}/enable", operation_id = "plugin_enable", params(("id" = String, Path, description = "ins_…")), responses(
    (status = 200, body = PluginDetail), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn enable(
    state: State<AppState>,
    caller: Caller,
    path: ApiPath<String>,
) -> Result<Json<PluginDetail>, Problem> {
    switch(state, caller, path, true).await
}

/// Have a plugin asked no more. What it keeps, its figures and its segments stay as they are.
#[utoipa::path(post, path = "/v1/plugins/{id}/disable", operation_id = "plugin_disable", params(("id" = String, Path, description = "ins_…")), responses(
    (status = 200, body = PluginDetail), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn disable(
    state: State<AppState>,
    caller: Caller,
    path: ApiPath<String>,
) -> Result<Json<PluginDetail>, Problem> {
    switch(state, caller, path, false).await
}

async fn switch(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    enabled: bool,
) -> Result<Json<PluginDetail>, Problem> {
    let id: InstallationId = parse_id(&id)?;
    plugins::set_enabled(&state.ctx, caller.tenant, id, enabled).await?;
    Ok(Json(plugins::detail(&state.ctx, caller.tenant, id).await?))
}

/// The template registry of the tenant, by account, name and language.
#[utoipa::path(get, path = "/v1/templates", params(Paging), responses(
    (status = 200, body = Page<TemplateView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn templates(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<TemplateView>>, Problem> {
    let (limit, after) = (limit(q.limit), q.after.as_deref());
    Ok(Json(
        templates::page(&state.ctx, caller.tenant, limit, after).await?,
    ))
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
