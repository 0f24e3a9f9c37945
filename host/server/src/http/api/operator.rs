//! What concerns the whole server: tenants, numbers, apps.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use portero_flow::desk::numbers::{self, HistoryView, NumberDetail, NumberRequest, NumberView};
use portero_flow::desk::tenants::{self, AppView, GridView, TenantRequest, TenantView};
use portero_flow::desk::{Page, limit};
use secrecy::SecretString;
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiPath, ApiQuery, Paging};
use crate::http::auth::{Anyone, Caller, Operator};
use crate::http::etag::{IfMatch, IfNoneMatch};
use crate::http::problem::Problem;

/// Tenants this token reaches, oldest first.
#[utoipa::path(get, path = "/v1/tenants", params(Paging), responses(
    (status = 200, body = Page<TenantView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn tenants(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<TenantView>>, Problem> {
    let (limit, after) = (limit(q.limit), q.after.as_deref());
    Ok(Json(
        tenants::page(&state.ctx, principal.tenant, limit, after).await?,
    ))
}

/// Every tenant with its figures, the one that needs somebody most first (operator).
#[utoipa::path(get, path = "/v1/grid", responses(
    (status = 200, body = Vec<GridView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn grid(
    State(state): State<AppState>,
    _: Operator,
) -> Result<Json<Vec<GridView>>, Problem> {
    let rows = tenants::grid(&state.ctx).await?;
    Ok(Json(rows.into_iter().map(GridView::from).collect()))
}

/// Create a tenant (operator).
#[utoipa::path(post, path = "/v1/tenants", request_body = TenantRequest, responses(
    (status = 201, body = TenantView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn create_tenant(
    State(state): State<AppState>,
    _: Operator,
    ApiJson(request): ApiJson<TenantRequest>,
) -> Result<(StatusCode, Json<TenantView>), Problem> {
    Ok((
        StatusCode::CREATED,
        Json(tenants::create(&state.ctx, &request).await?),
    ))
}

/// Numbers of the tenant.
#[utoipa::path(get, path = "/v1/numbers", responses(
    (status = 200, body = Vec<NumberView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn numbers(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<NumberView>>, Problem> {
    Ok(Json(numbers::list(&state.ctx, caller.tenant).await?))
}

/// One number: quality, limit, restriction, and what Meta said of it over time.
#[utoipa::path(get, path = "/v1/numbers/{id}", params(("id" = String, Path, description = "Meta's id of the number")), responses(
    (status = 200, body = NumberDetail), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn number(
    State(state): State<AppState>,
    caller: Caller,
    known: IfNoneMatch,
    ApiPath(id): ApiPath<String>,
) -> Result<Response, Problem> {
    known.answer(numbers::get(&state.ctx, caller.tenant, &id).await?)
}

/// Whose history.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryFilter {
    /// `number`, `account` or `template`; all when absent.
    subject: Option<String>,
    /// Number id, account id, or `name (language)` of a template.
    name: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    after: Option<String>,
}

/// What Meta said of numbers, accounts and templates over time, newest first.
#[utoipa::path(get, path = "/v1/history", params(HistoryFilter), responses(
    (status = 200, body = Page<HistoryView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn history(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(q): ApiQuery<HistoryFilter>,
) -> Result<Json<Page<HistoryView>>, Problem> {
    let history = numbers::history_page(
        &state.ctx,
        caller.tenant,
        q.subject.as_deref(),
        q.name.as_deref(),
        limit(q.limit),
        q.after.as_deref(),
    );
    Ok(Json(history.await?))
}

/// Ask Meta for quality, name and limit of the tenant's numbers.
#[utoipa::path(post, path = "/v1/numbers/sync", responses(
    (status = 200, body = Vec<NumberView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn sync_numbers(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<NumberView>>, Problem> {
    Ok(Json(numbers::sync(&state.ctx, caller.tenant).await?))
}

/// Connect a number to the tenant (operator); its access token is sealed and never read back. `If-Match` takes the `ETag` of
/// `GET /v1/numbers/{id}`.
#[utoipa::path(put, path = "/v1/numbers", request_body = NumberRequest, responses(
    (status = 200, body = NumberView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn put_number(
    State(state): State<AppState>,
    _: Operator,
    caller: Caller,
    IfMatch(expected): IfMatch,
    ApiJson(request): ApiJson<NumberRequest>,
) -> Result<Json<NumberView>, Problem> {
    let put = numbers::put(&state.ctx, caller.tenant, &request, expected.as_ref());
    Ok(Json(put.await?))
}

/// Secrets of a Meta app.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppRequest {
    /// What its webhooks are signed with.
    #[schema(value_type = String)]
    app_secret: SecretString,
    /// What its verification request carries.
    #[schema(value_type = String)]
    verify_token: SecretString,
}

/// Accept webhooks of a Meta app at `/webhooks/whatsapp/{app}` (operator).
#[utoipa::path(put, path = "/v1/apps/{app}", params(("app" = String, Path)), request_body = AppRequest, responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn put_app(
    State(state): State<AppState>,
    _: Operator,
    IfMatch(expected): IfMatch,
    ApiPath(app): ApiPath<String>,
    ApiJson(request): ApiJson<AppRequest>,
) -> Result<StatusCode, Problem> {
    let (secret, verify) = (&request.app_secret, &request.verify_token);
    tenants::put_app(&state.ctx, &app, secret, verify, expected.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A Meta app whose webhooks are accepted; its secrets are never shown (operator).
#[utoipa::path(get, path = "/v1/apps/{app}", operation_id = "app", params(("app" = String, Path)), responses(
    (status = 200, body = AppView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn app(
    State(state): State<AppState>,
    _: Operator,
    known: IfNoneMatch,
    ApiPath(app): ApiPath<String>,
) -> Result<Response, Problem> {
    known.answer(tenants::app(&state.ctx, &app).await?)
}
