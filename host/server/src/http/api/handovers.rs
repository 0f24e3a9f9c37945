//! The inbox of people: who waits for a person, answered through the gate and given back.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use portero_flow::desk::handovers::{
    self, AnswerRequest, AnswerWithin, GiveBackRequest, HandoverDetail, HandoverView, Which,
};
use portero_flow::desk::masked;
use portero_flow::desk::messages::ProposedView;
use portero_flow::desk::{Page, limit};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiPath, ApiQuery, key_of};
use crate::http::auth::Caller;
use crate::http::etag::{IfMatch, IfNoneMatch, written};
use crate::http::problem::Problem;

/// Which conversations.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandoverFilter {
    /// `human` (all that a person has; the default) or `needs_you` (nobody answered in time).
    state: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    after: Option<String>,
}

/// Conversations that wait for a person of the shop, longest first. Without `see_personal_data`: masked names, no words.
#[utoipa::path(get, path = "/v1/conversations", params(HandoverFilter), responses(
    (status = 200, body = Page<HandoverView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(q): ApiQuery<HandoverFilter>,
) -> Result<Json<Page<HandoverView>>, Problem> {
    let which = Which::parse(q.state.as_deref())?;
    let page = handovers::list(
        &state.ctx,
        caller.tenant,
        which,
        limit(q.limit),
        q.after.as_deref(),
    )
    .await?;
    Ok(Json(masked::page(caller.principal.role, page)))
}

/// With which number.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithNumber {
    /// May be left out when the tenant has one.
    phone_number_id: Option<String>,
}

/// One conversation: its lines, the window's countdown, what was done with it.
#[utoipa::path(get, path = "/v1/conversations/{who}", params(("who" = String, Path, description = "con_… or a number or BSUID"), WithNumber), responses(
    (status = 200, body = HandoverDetail), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(who): ApiPath<String>,
    ApiQuery(q): ApiQuery<WithNumber>,
) -> Result<Json<HandoverDetail>, Problem> {
    let number = q.phone_number_id.as_deref();
    Ok(Json(
        handovers::get(&state.ctx, caller.tenant, &who, number).await?,
    ))
}

/// Answer as a person of the shop. 202 with the gate's verdict, whatever it is. Needs `Idempotency-Key`.
#[utoipa::path(post, path = "/v1/conversations/{who}/answer", request_body = AnswerRequest,
    params(("who" = String, Path), ("Idempotency-Key" = String, Header, description = "1 to 128 bytes of your own; the same for the same answer")),
    responses((status = 202, body = ProposedView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn answer(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(who): ApiPath<String>,
    headers: HeaderMap,
    ApiJson(request): ApiJson<AnswerRequest>,
) -> Result<(StatusCode, Json<ProposedView>), Problem> {
    let key = key_of(&headers)?;
    let proposed = handovers::answer(
        &state.ctx,
        &caller.principal,
        caller.tenant,
        &who,
        key,
        &request,
    )
    .await?;
    Ok((StatusCode::ACCEPTED, Json(proposed)))
}

/// Give a conversation back to the bot, with a note.
#[utoipa::path(post, path = "/v1/conversations/{who}/give-back", params(("who" = String, Path)), request_body = GiveBackRequest, responses(
    (status = 200, body = HandoverDetail), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn give_back(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(who): ApiPath<String>,
    ApiJson(request): ApiJson<GiveBackRequest>,
) -> Result<Json<HandoverDetail>, Problem> {
    Ok(Json(
        handovers::give_back(&state.ctx, &caller.principal, caller.tenant, &who, &request).await?,
    ))
}

/// How long somebody may wait for a person before the alert.
#[utoipa::path(get, path = "/v1/settings/answer-within", responses(
    (status = 200, body = AnswerWithin), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn answer_within(
    State(state): State<AppState>,
    caller: Caller,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    known.answer(handovers::answer_within(&state.ctx, caller.tenant).await?)
}

/// Set how long somebody may wait for a person before the alert.
#[utoipa::path(put, path = "/v1/settings/answer-within", request_body = AnswerWithin, responses(
    (status = 200, body = AnswerWithin), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn set_answer_within(
    State(state): State<AppState>,
    caller: Caller,
    IfMatch(expected): IfMatch,
    ApiJson(within): ApiJson<AnswerWithin>,
) -> Result<Response, Problem> {
    let expected = expected.as_ref();
    written(handovers::set_answer_within(&state.ctx, caller.tenant, within, expected).await?)
}
