//! What comes in: the inbox, and events of the shop's own system.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use portero_flow::desk::events::{self, BusinessEvent, EventAccepted};
use portero_flow::desk::inbox::{self, EventCount, EventView};
use portero_flow::desk::{Page, limit};

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiPath, ApiQuery, Paging, parse_id};
use crate::http::auth::{Anyone, Caller};
use crate::http::problem::Problem;

/// What came in for a tenant, newest first, with our reading and its state.
///
/// For an operator's token that names no tenant: what belongs to nobody (unrouted numbers, broken JSON).
#[utoipa::path(get, path = "/v1/inbox", params(Paging), responses(
    (status = 200, body = Page<EventView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn inbox(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    caller: Result<Caller, Problem>,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<EventView>>, Problem> {
    // An operator who names no tenant sees what belongs to nobody.
    let tenant = match (principal.tenant, caller) {
        (None, Err(_)) => None,
        (_, Ok(caller)) => Some(caller.tenant),
        (Some(_), Err(problem)) => return Err(problem),
    };
    Ok(Json(
        inbox::list(&state.ctx, tenant, limit(q.limit), q.after.as_deref()).await?,
    ))
}

/// Events by kind and state; for an operator over the whole server.
#[utoipa::path(get, path = "/v1/inbox/counts", responses(
    (status = 200, body = Vec<EventCount>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn inbox_counts(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
) -> Result<Json<Vec<EventCount>>, Problem> {
    Ok(Json(inbox::counts(&state.ctx, principal.tenant).await?))
}

/// One event.
#[utoipa::path(get, path = "/v1/inbox/{id}", params(("id" = String, Path, description = "evt_…")), responses(
    (status = 200, body = EventView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn inbox_one(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<EventView>, Problem> {
    Ok(Json(
        inbox::get(&state.ctx, caller.tenant, parse_id(&id)?).await?,
    ))
}

/// Tell what happened in the shop (order, cart, anything). The same `id` takes effect once.
#[utoipa::path(post, path = "/v1/events", request_body = BusinessEvent, responses(
    (status = 202, body = EventAccepted), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn accept(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(event): ApiJson<BusinessEvent>,
) -> Result<(StatusCode, Json<EventAccepted>), Problem> {
    Ok((
        StatusCode::ACCEPTED,
        Json(events::accept(&state.ctx, caller.tenant, &event).await?),
    ))
}
