//! The template registry of a tenant.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use portero_flow::desk::templates::{
    self, SyncProgress, SyncView, TemplateDetailView, TemplateView,
};
use portero_flow::desk::{Page, limit};

use crate::http::AppState;
use crate::http::api::{ApiPath, ApiQuery, Paging};
use crate::http::auth::Caller;
use crate::http::lines::{self, Told};
use crate::http::problem::Problem;

/// The template registry of the tenant, by account, name and language.
#[utoipa::path(get, path = "/v1/templates", operation_id = "templates", params(Paging), responses(
    (status = 200, body = Page<TemplateView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<TemplateView>>, Problem> {
    let (limit, after) = (limit(q.limit), q.after.as_deref());
    Ok(Json(
        templates::page(&state.ctx, caller.tenant, limit, after).await?,
    ))
}

/// Fetch all templates from Meta. With `Accept: application/x-ndjson`, lines with `progress` come first and the last one
/// has the `result` (or the `problem`). Closing the connection ends it.
#[utoipa::path(post, path = "/v1/templates/sync", operation_id = "sync_templates", responses(
    (status = 200, body = SyncView), (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 502, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn sync(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let work = |told: Told<SyncProgress>| async move {
        templates::sync_told(&state.ctx, caller.tenant, &|far| told.say(far)).await
    };
    lines::answer(&headers, work).await
}

/// One template in one language: what is in it, which rules would refuse it, what reading it shows, who depends on it,
/// what Meta said of it.
#[utoipa::path(get, path = "/v1/templates/{waba}/{name}/{language}", operation_id = "template",
    params(("waba" = String, Path, description = "Meta's id of the account"), ("name" = String, Path),
        ("language" = String, Path, description = "Meta's code, such as es_CO")),
    responses((status = 200, body = TemplateDetailView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath((waba, name, language)): ApiPath<(String, String, String)>,
) -> Result<Json<TemplateDetailView>, Problem> {
    let found = templates::detail_view(&state.ctx, caller.tenant, &waba, &name, &language);
    Ok(Json(found.await?))
}
