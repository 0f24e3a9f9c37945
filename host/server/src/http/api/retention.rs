//! How long a tenant's data is kept.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use portero_flow::desk::retention::{self, Given, RetentionPreview, RetentionView, Setting};
use serde::Deserialize;

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

/// Why terms are set.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    /// Kept with the change and shown: 500 characters at most.
    reason: Option<String>,
}

/// Set terms in days, as `{"messages": 365}`: a kind that is not named has the host's term again. What is past its
/// term goes from now on; look first.
#[utoipa::path(put, path = "/v1/retention", params(Why), request_body(content = Object, description = "Days by kind"),
    responses((status = 200, body = RetentionView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn set(
    State(state): State<AppState>,
    caller: Caller,
    IfMatch(expected): IfMatch,
    ApiQuery(why): ApiQuery<Why>,
    ApiJson(given): ApiJson<Given>,
) -> Result<Response, Problem> {
    let author = caller.principal.author();
    let setting = Setting {
        author: &author,
        reason: why.reason.as_deref().unwrap_or_default(),
    };
    written(
        retention::set(
            &state.ctx,
            caller.tenant,
            &given,
            setting,
            expected.as_ref(),
        )
        .await?,
    )
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
