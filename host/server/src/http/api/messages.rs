//! Messages and their verdicts.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use portero_flow::desk::masked;
use portero_flow::desk::messages::{self, MessageQuery, MessageRequest, MessageView, ProposedView};
use portero_flow::desk::rejudge::{self, RejudgedView};
use portero_flow::desk::verdict_days::{self, ReasonDays};
use portero_flow::desk::verdicts::{self, VerdictQuery, VerdictView, WhyView};
use portero_flow::desk::{Page, limit};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::tokens::bad;
use crate::http::api::{ApiJson, ApiPath, ApiQuery, key_of, parse_id};
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// Filters of the list of messages.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageFilter {
    /// Only of this contact (`con_…`).
    contact: Option<String>,
    /// Only in this state.
    state: Option<String>,
    /// Only at this step of the way, as `/v1/overview` counts it: `proposed`, `allowed`, `sent`, `delivered`, `read`,
    /// `denied`, `deferred`, `in_review`, `withdrawn`, `lost`, `unknown`; `answered` is the newest message of each
    /// conversation after which the person wrote, and needs `since`. Neither with `contact` nor with `state`.
    step: Option<String>,
    /// Only those of which Meta said this last: `accepted`, `held`, `sent`, `failed`, `delivered`, `read`, `played`.
    /// With none of the three above.
    status: Option<String>,
    /// Proposed at this instant (RFC 3339) or day of the tenant's, or later …
    since: Option<String>,
    /// … and before this one.
    until: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    after: Option<String>,
}

/// Messages of a tenant, newest first.
#[utoipa::path(get, path = "/v1/messages", params(MessageFilter), responses(
    (status = 200, body = Page<MessageView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(q): ApiQuery<MessageFilter>,
) -> Result<Json<Page<MessageView>>, Problem> {
    let contact = q.contact.as_deref().map(parse_id).transpose()?;
    let query = MessageQuery {
        contact,
        state: q.state,
        step: q.step,
        status: q.status,
        since: q.since,
        until: q.until,
        limit: limit(q.limit),
        after: q.after,
    };
    Ok(Json(
        messages::list(&state.ctx, caller.tenant, &query).await?,
    ))
}

/// Propose a message. 202 with its verdict, whatever the verdict is. Needs `Idempotency-Key`.
#[utoipa::path(post, path = "/v1/messages", request_body = MessageRequest,
    params(("Idempotency-Key" = String, Header, description = "1 to 128 bytes of your own; the same for the same message")),
    responses((status = 202, body = ProposedView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn propose(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(request): ApiJson<MessageRequest>,
) -> Result<(StatusCode, Json<ProposedView>), Problem> {
    let key = key_of(&headers)?;
    let proposed =
        messages::propose(&state.ctx, &caller.principal, caller.tenant, key, &request).await?;
    Ok((StatusCode::ACCEPTED, Json(proposed)))
}

/// One message.
#[utoipa::path(get, path = "/v1/messages/{id}", params(("id" = String, Path, description = "out_…")), responses(
    (status = 200, body = MessageView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<MessageView>, Problem> {
    Ok(Json(
        messages::get(&state.ctx, caller.tenant, parse_id(&id)?).await?,
    ))
}

/// Filters of the list of verdicts.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerdictFilter {
    /// Only on this message (`out_…`).
    message: Option<String>,
    /// Only about this contact (`con_…`).
    contact: Option<String>,
    /// Only of messages that this plugin proposed: its id, or an installation (`ins_…`).
    plugin: Option<String>,
    /// Only of this campaign (`cam_…`).
    campaign: Option<String>,
    /// Not before: RFC 3339, or a day of the tenant's calendar.
    since: Option<String>,
    /// Before: RFC 3339, or a day of the tenant's calendar.
    until: Option<String>,
    /// Only `allow`, `defer`, `hold` or `deny`.
    verdict: Option<String>,
    /// Only decided by this rule.
    rule: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    after: Option<String>,
}

/// Verdicts of a tenant, newest first, explained in es, pt and en. Without `see_personal_data` the rules by their
/// titles, without what they found.
#[utoipa::path(get, path = "/v1/verdicts", params(VerdictFilter), responses(
    (status = 200, body = Page<VerdictView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn verdicts(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(q): ApiQuery<VerdictFilter>,
) -> Result<Json<Page<VerdictView>>, Problem> {
    let query = VerdictQuery {
        message: q.message.as_deref().map(parse_id).transpose()?,
        contact: q.contact.as_deref().map(parse_id).transpose()?,
        plugin: q.plugin,
        campaign: q.campaign.as_deref().map(parse_id).transpose()?,
        since: q.since,
        until: q.until,
        verdict: q.verdict,
        rule: q.rule,
        limit: limit(q.limit),
        after: q.after,
    };
    let page = verdicts::list(&state.ctx, caller.tenant, &query).await?;
    Ok(Json(masked::page(caller.principal.role, page)))
}

/// One verdict.
#[utoipa::path(get, path = "/v1/verdicts/{id}", params(("id" = String, Path, description = "dec_…")), responses(
    (status = 200, body = VerdictView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn verdict(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<VerdictView>, Problem> {
    Ok(Json(
        verdicts::get(&state.ctx, caller.tenant, parse_id(&id)?).await?,
    ))
}

/// Judge a verdict's message again with what is known now, as if it were proposed this moment. Sends nothing, keeps nothing.
#[utoipa::path(post, path = "/v1/verdicts/{id}/rejudge", params(("id" = String, Path, description = "dec_…")), responses(
    (status = 200, body = RejudgedView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn rejudge(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<RejudgedView>, Problem> {
    Ok(Json(
        rejudge::rejudge(&state.ctx, caller.tenant, parse_id(&id)?).await?,
    ))
}

/// Why? Of a message (`out_…`, wamid), a verdict (`dec_…`) or a person (`con_…`, number).
#[utoipa::path(get, path = "/v1/why/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = WhyView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn why(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<WhyView>, Problem> {
    Ok(Json(verdicts::why(&state.ctx, caller.tenant, &id).await?))
}

/// How many days back.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Days {
    /// Days, 1 to 90, today's included; 30 when absent.
    days: Option<usize>,
}

/// Which rules put off, held or refused how much, by day of the tenant's calendar; the most frequent first.
#[utoipa::path(get, path = "/v1/verdicts/reasons", operation_id = "verdict_reasons", params(Days), responses(
    (status = 200, body = ReasonDays), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn reasons(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(q): ApiQuery<Days>,
) -> Result<Json<ReasonDays>, Problem> {
    let days = match q.days {
        None => 30,
        Some(days) if (1..=90).contains(&days) => days,
        Some(days) => return Err(bad("days", format!("{days}; 1 to 90"))),
    };
    Ok(Json(
        verdict_days::reasons(&state.ctx, caller.tenant, days).await?,
    ))
}
