//! What comes in: the inbox, and events of the shop's own system.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use portero_domain::ids::TenantId;
use portero_flow::desk::access::Principal;
use portero_flow::desk::events::{self, BusinessEvent, EventAccepted};
use portero_flow::desk::inbox::{self, EventCount, EventDetail, EventView};
use portero_flow::desk::{Page, limit};

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiPath, ApiQuery, Paging, parse_id};
use crate::http::auth::{Anyone, Caller, TENANT_HEADER};
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
    headers: HeaderMap,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<EventView>>, Problem> {
    let tenant = whose(&principal, caller, &headers)?;
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

/// One event. For an operator's token that names no tenant: one that belongs to nobody, with the body of its webhook.
#[utoipa::path(get, path = "/v1/inbox/{id}", params(("id" = String, Path, description = "evt_…")), responses(
    (status = 200, body = EventDetail), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn inbox_one(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    caller: Result<Caller, Problem>,
    headers: HeaderMap,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<EventDetail>, Problem> {
    let tenant = whose(&principal, caller, &headers)?;
    Ok(Json(inbox::get(&state.ctx, tenant, parse_id(&id)?).await?))
}

/// An operator who names no tenant asks for what belongs to nobody, however many tenants there are; a
/// name that is none is told so.
fn whose(
    principal: &Principal,
    caller: Result<Caller, Problem>,
    headers: &HeaderMap,
) -> Result<Option<TenantId>, Problem> {
    if principal.tenant.is_none() && !headers.contains_key(TENANT_HEADER) {
        return Ok(None);
    }
    Ok(Some(caller?.tenant))
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
