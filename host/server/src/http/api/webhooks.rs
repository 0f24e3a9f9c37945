//! Webhooks out: where a tenant's own systems want to be told.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use portero_flow::desk::webhooks::{
    self, NewWebhookView, NoticeDetail, NoticeKindView, NoticeView, ReplayRequest, ReplayView,
    WebhookRequest, WebhookView,
};
use portero_flow::desk::{Page, limit};

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiOnce, ApiPath, ApiQuery, Paging, parse_id};
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// Endpoints of the tenant, with how they fare.
#[utoipa::path(get, path = "/v1/webhooks", responses(
    (status = 200, body = Vec<WebhookView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<WebhookView>>, Problem> {
    Ok(Json(webhooks::list(&state.ctx, caller.tenant).await?))
}

/// Make an endpoint; its signing secret is shown once. https to a public name, unless the operator
/// named the host in `webhook_private_hosts`.
#[utoipa::path(post, path = "/v1/webhooks", request_body = WebhookRequest, params(("Idempotency-Key" = Option<String>, Header, description = "1 to 128 bytes of your own; the same for the same request, which is done once")), responses(
    (status = 201, body = NewWebhookView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    ApiOnce(request, once): ApiOnce<WebhookRequest>,
) -> Result<(StatusCode, Json<NewWebhookView>), Problem> {
    let made = webhooks::create(&state.ctx, caller.tenant, &request, once.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Kinds of notices there are.
#[utoipa::path(get, path = "/v1/webhooks/events", responses(
    (status = 200, body = Vec<NoticeKindView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn kinds(_: Caller) -> Json<Vec<NoticeKindView>> {
    Json(webhooks::kinds())
}

/// One endpoint.
#[utoipa::path(get, path = "/v1/webhooks/{id}", params(("id" = String, Path, description = "whk_…")), responses(
    (status = 200, body = WebhookView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<WebhookView>, Problem> {
    Ok(Json(
        webhooks::get(&state.ctx, caller.tenant, parse_id(&id)?).await?,
    ))
}

/// Forget an endpoint with its log; what waits for it is not sent.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", params(("id" = String, Path, description = "whk_…")), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, Problem> {
    webhooks::remove(&state.ctx, caller.tenant, parse_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a new secret, shown once; for 24 hours the one before signs beside it.
#[utoipa::path(post, path = "/v1/webhooks/{id}/rotate", params(("id" = String, Path, description = "whk_…")), responses(
    (status = 200, body = NewWebhookView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn rotate(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<NewWebhookView>, Problem> {
    Ok(Json(
        webhooks::rotate(&state.ctx, caller.tenant, parse_id(&id)?).await?,
    ))
}

/// Send a `ping`; ask for the delivery to see how it ended.
#[utoipa::path(post, path = "/v1/webhooks/{id}/test", params(("id" = String, Path, description = "whk_…")), responses(
    (status = 202, body = NoticeDetail), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn test(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<(StatusCode, Json<NoticeDetail>), Problem> {
    let sent = webhooks::test(&state.ctx, caller.tenant, parse_id(&id)?).await?;
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

/// Let a disabled endpoint be tried again; what waited for it goes out now.
#[utoipa::path(post, path = "/v1/webhooks/{id}/enable", params(("id" = String, Path, description = "whk_…")), responses(
    (status = 200, body = WebhookView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn enable(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<WebhookView>, Problem> {
    Ok(Json(
        webhooks::enable(&state.ctx, caller.tenant, parse_id(&id)?).await?,
    ))
}

/// Send again: one notice, or all that were given up.
#[utoipa::path(post, path = "/v1/webhooks/{id}/replay", params(("id" = String, Path, description = "whk_…")),
    request_body = ReplayRequest, responses(
    (status = 202, body = ReplayView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn replay(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiJson(request): ApiJson<ReplayRequest>,
) -> Result<(StatusCode, Json<ReplayView>), Problem> {
    let done = webhooks::replay(&state.ctx, caller.tenant, parse_id(&id)?, &request).await?;
    Ok((StatusCode::ACCEPTED, Json(done)))
}

/// Deliveries to an endpoint, newest first; kept for 30 days.
#[utoipa::path(get, path = "/v1/webhooks/{id}/deliveries", params(("id" = String, Path, description = "whk_…"), Paging), responses(
    (status = 200, body = Page<NoticeView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn deliveries(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<NoticeView>>, Problem> {
    let page = webhooks::deliveries(
        &state.ctx,
        caller.tenant,
        parse_id(&id)?,
        limit(q.limit),
        q.after.as_deref(),
    );
    Ok(Json(page.await?))
}

/// One delivery: its body and every try.
#[utoipa::path(get, path = "/v1/webhooks/{id}/deliveries/{notice}",
    params(("id" = String, Path, description = "whk_…"), ("notice" = String, Path, description = "ntc_…")), responses(
    (status = 200, body = NoticeDetail), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn delivery(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath((id, notice)): ApiPath<(String, String)>,
) -> Result<Json<NoticeDetail>, Problem> {
    let detail = webhooks::delivery(
        &state.ctx,
        caller.tenant,
        parse_id(&id)?,
        parse_id(&notice)?,
    );
    Ok(Json(detail.await?))
}
