//! Segments of people.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use portero_flow::desk::segments::{self, MemberView, RebuildRequest, SegmentationView};
use portero_flow::desk::{Page, limit};

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiPath, ApiQuery, Paging};
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// Segments by plugin, with the number of people in each, the progress of a pass over everybody and
/// what the plugin stumbled over.
#[utoipa::path(get, path = "/v1/segments", responses(
    (status = 200, body = Vec<SegmentationView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<SegmentationView>>, Problem> {
    Ok(Json(segments::list(&state.ctx, caller.tenant).await?))
}

/// People of a segment, each with the reason, by id.
#[utoipa::path(get, path = "/v1/segments/{id}/members",
    params(("id" = String, Path, description = "`active`, or `plugin:active` where two plugins offer one of that name"), Paging), responses(
    (status = 200, body = Page<MemberView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn members(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<MemberView>>, Problem> {
    let page = segments::members(
        &state.ctx,
        caller.tenant,
        &id,
        limit(q.limit),
        q.after.as_deref(),
    );
    Ok(Json(page.await?))
}

/// Have plugins look at everybody again; progress is in `GET /v1/segments`.
#[utoipa::path(post, path = "/v1/segments/rebuild", request_body = RebuildRequest, responses(
    (status = 202, body = Vec<SegmentationView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn rebuild(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(request): ApiJson<RebuildRequest>,
) -> Result<(StatusCode, Json<Vec<SegmentationView>>), Problem> {
    Ok((
        StatusCode::ACCEPTED,
        Json(segments::rebuild(&state.ctx, caller.tenant, &request).await?),
    ))
}
