//! How long a tenant's data is kept.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use portero_flow::desk::retention::{self, Given, RetentionPreview, RetentionView};

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiQuery};
use crate::http::auth::Caller;
use crate::http::etag::{IfMatch, IfNoneMatch, written};
use crate::http::problem::Problem;

/// How long each kind of the tenant's data is kept, within which bounds it may be set, and what went so far.
#[utoipa::path(get, path = "/v1/retention", responses(
    (status = 200, body = RetentionView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    known.answer(retention::show(&state.ctx, caller.tenant).await?)
}

/// Set terms in days, as `{"messages": 365}`: a kind that is not named has the host's term again. What is past its
/// term goes from now on; look first.
#[utoipa::path(put, path = "/v1/retention", request_body(content = Object, description = "Days by kind"),
    responses((status = 200, body = RetentionView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn set(
    State(state): State<AppState>,
    caller: Caller,
    IfMatch(expected): IfMatch,
    ApiJson(given): ApiJson<Given>,
) -> Result<Response, Problem> {
    written(retention::set(&state.ctx, caller.tenant, &given, expected.as_ref()).await?)
}

/// What would go now, by kind, and what stays and why; with parameters such as `?messages=365`, under those terms.
/// Changes nothing.
#[utoipa::path(get, path = "/v1/retention/preview", responses(
    (status = 200, body = RetentionPreview), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn preview(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(given): ApiQuery<Given>,
) -> Result<Json<RetentionPreview>, Problem> {
    Ok(Json(
        retention::preview(&state.ctx, caller.tenant, &given).await?,
    ))
}
