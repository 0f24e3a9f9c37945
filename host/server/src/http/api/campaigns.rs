//! Campaigns: plan, approve, run.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use portero_domain::access::Right;
use portero_domain::ids::CampaignId;
use portero_flow::FlowError;
use portero_flow::desk::campaigns::{
    self, ApproveRequest, CampaignReason, CampaignRequest, CampaignView, PeopleQuery, PersonView,
    PlanView,
};
use portero_flow::desk::{Page, limit};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiOnce, ApiPath, ApiQuery, parse_id};
use crate::http::auth::Caller;
use crate::http::lines::{self, Told};
use crate::http::problem::Problem;

/// Rows read at a time for an export.
const EXPORT_PAGE: usize = 5_000;

/// Which campaigns.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listing {
    /// `draft`, `planned`, `approved`, `running`, `paused`, `stopped`, `done`.
    state: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    after: Option<String>,
}

/// Which people of a campaign.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Who {
    /// `waiting`, `left_out`, `withdrawn`, or the state of a message (`sent`, `denied`, …).
    state: Option<String>,
    /// Slice of the plan: `now`, `later`, `review`, `never`.
    planned: Option<String>,
    /// The rule that decided.
    rule: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    after: Option<String>,
}

/// Campaigns, newest first.
#[utoipa::path(get, path = "/v1/campaigns", operation_id = "campaigns", params(Listing), responses(
    (status = 200, body = Page<CampaignView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(q): ApiQuery<Listing>,
) -> Result<Json<Page<CampaignView>>, Problem> {
    let page = campaigns::list(
        &state.ctx,
        caller.tenant,
        q.state.as_deref(),
        limit(q.limit),
        q.after.as_deref(),
    );
    Ok(Json(page.await?))
}

/// Write a campaign down. Nobody is counted and nothing is sent yet.
#[utoipa::path(post, path = "/v1/campaigns", operation_id = "campaign_create", request_body = CampaignRequest, params(("Idempotency-Key" = Option<String>, Header, description = "1 to 128 bytes of your own; the same for the same request, which is done once")), responses(
    (status = 200, body = CampaignView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    ApiOnce(request, once): ApiOnce<CampaignRequest>,
) -> Result<Json<CampaignView>, Problem> {
    let (who, once) = (&caller.principal, once.as_ref());
    let made = campaigns::create(&state.ctx, who, caller.tenant, request, once);
    Ok(Json(made.await?))
}

/// One campaign with its progress; the counts add up to the people of its audience.
#[utoipa::path(get, path = "/v1/campaigns/{id}", operation_id = "campaign", params(("id" = String, Path)), responses(
    (status = 200, body = CampaignView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<CampaignView>, Problem> {
    let id: CampaignId = parse_id(&id)?;
    Ok(Json(campaigns::get(&state.ctx, caller.tenant, id).await?))
}

/// Fix the audience and judge everybody in it as of the start; nobody is written to. Previews need `see_personal_data`.
/// With `Accept: application/x-ndjson`, lines with `progress` come first and the last one has the `result` (or the
/// `problem`). Closing the connection ends it.
#[utoipa::path(post, path = "/v1/campaigns/{id}/plan", operation_id = "campaign_plan", params(("id" = String, Path)), responses(
    (status = 200, body = PlanView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn plan(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(id): ApiPath<String>,
) -> Result<Response, Problem> {
    let id: CampaignId = parse_id(&id)?;
    let work = |told: Told<Value>| async move {
        let say = |done: u64, people: u64| told.say(json!({ "done": done, "people": people }));
        let plan = campaigns::plan_told(&state.ctx, caller.tenant, id, &say).await?;
        Ok::<_, FlowError>(within_rights(&caller, plan))
    };
    lines::answer(&headers, work).await
}

/// Texts as people would read them hold what is known of these people.
fn within_rights(caller: &Caller, mut plan: PlanView) -> PlanView {
    if !caller.principal.role.has(Right::SeePersonalData) {
        plan.previews.clear();
    }
    plan
}

/// The latest plan. Previews need `see_personal_data`.
#[utoipa::path(get, path = "/v1/campaigns/{id}/plan", operation_id = "campaign_plan_show", params(("id" = String, Path)), responses(
    (status = 200, body = PlanView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn show_plan(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<PlanView>, Problem> {
    let id: CampaignId = parse_id(&id)?;
    let plan = campaigns::show_plan(&state.ctx, caller.tenant, id).await?;
    Ok(Json(within_rights(&caller, plan)))
}

/// Approve the plan with this hash; the approval runs out.
#[utoipa::path(post, path = "/v1/campaigns/{id}/approve", operation_id = "campaign_approve", params(("id" = String, Path)), request_body = ApproveRequest, responses(
    (status = 200, body = CampaignView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn approve(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiJson(request): ApiJson<ApproveRequest>,
) -> Result<Json<CampaignView>, Problem> {
    let id: CampaignId = parse_id(&id)?;
    let done = campaigns::approve(
        &state.ctx,
        &caller.principal,
        caller.tenant,
        id,
        &request.plan_hash,
    );
    Ok(Json(done.await?))
}

/// Start an approved campaign.
#[utoipa::path(post, path = "/v1/campaigns/{id}/run", operation_id = "campaign_run", params(("id" = String, Path)), responses(
    (status = 200, body = CampaignView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn run(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<CampaignView>, Problem> {
    let id: CampaignId = parse_id(&id)?;
    Ok(Json(campaigns::run(&state.ctx, caller.tenant, id).await?))
}

/// Put a running campaign to rest. No attempt begins after this is answered but those on the wire.
#[utoipa::path(post, path = "/v1/campaigns/{id}/pause", operation_id = "campaign_pause", params(("id" = String, Path)), request_body = CampaignReason, responses(
    (status = 200, body = CampaignView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn pause(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiJson(request): ApiJson<CampaignReason>,
) -> Result<Json<CampaignView>, Problem> {
    let id: CampaignId = parse_id(&id)?;
    let done = campaigns::pause(&state.ctx, caller.tenant, id, request.reason.as_deref());
    Ok(Json(done.await?))
}

/// Go on with a paused campaign.
#[utoipa::path(post, path = "/v1/campaigns/{id}/resume", operation_id = "campaign_resume", params(("id" = String, Path)), responses(
    (status = 200, body = CampaignView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn resume(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<CampaignView>, Problem> {
    let id: CampaignId = parse_id(&id)?;
    Ok(Json(
        campaigns::resume(&state.ctx, caller.tenant, id).await?,
    ))
}

/// End a campaign: what has not begun is cancelled.
#[utoipa::path(post, path = "/v1/campaigns/{id}/stop", operation_id = "campaign_stop", params(("id" = String, Path)), request_body = CampaignReason, responses(
    (status = 200, body = CampaignView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn stop(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiJson(request): ApiJson<CampaignReason>,
) -> Result<Json<CampaignView>, Problem> {
    let id: CampaignId = parse_id(&id)?;
    let done = campaigns::stop(&state.ctx, caller.tenant, id, request.reason.as_deref());
    Ok(Json(done.await?))
}

/// People of a campaign, with what the plan said and what became of each.
#[utoipa::path(get, path = "/v1/campaigns/{id}/people", operation_id = "campaign_people", params(("id" = String, Path), Who), responses(
    (status = 200, body = Page<PersonView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn people(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiQuery(q): ApiQuery<Who>,
) -> Result<Json<Page<PersonView>>, Problem> {
    let id: CampaignId = parse_id(&id)?;
    let query = PeopleQuery {
        state: q.state,
        planned: q.planned,
        rule: q.rule,
        limit: limit(q.limit),
        after: q.after,
    };
    Ok(Json(
        campaigns::people(&state.ctx, caller.tenant, id, &query).await?,
    ))
}

/// Everybody of a campaign as CSV, one line each.
#[utoipa::path(get, path = "/v1/campaigns/{id}/export", operation_id = "campaign_export", params(("id" = String, Path)), responses(
    (status = 200, body = String, content_type = "text/csv"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn export(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Response, Problem> {
    let id: CampaignId = parse_id(&id)?;
    campaigns::get(&state.ctx, caller.tenant, id).await?;
    let begin = (
        Some(PeopleQuery {
            limit: EXPORT_PAGE,
            ..PeopleQuery::default()
        }),
        format!("{}\n", PersonView::CSV_HEAD),
    );
    let ctx = std::sync::Arc::clone(&state.ctx);
    let tenant = caller.tenant;
    let lines = futures_util::stream::try_unfold(begin, move |(query, mut text)| {
        let ctx = std::sync::Arc::clone(&ctx);
        async move {
            let Some(query) = query else {
                return Ok::<_, portero_flow::FlowError>(None);
            };
            let page = campaigns::people(&ctx, tenant, id, &query).await?;
            for person in &page.items {
                text.push_str(&person.csv());
                text.push('\n');
            }
            let next = page.next_cursor.map(|after| PeopleQuery {
                after: Some(after),
                limit: EXPORT_PAGE,
                ..PeopleQuery::default()
            });
            Ok(Some((text, (next, String::new()))))
        }
    });
    let head = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{id}.csv\""),
        ),
    ];
    Ok((head, Body::from_stream(lines)).into_response())
}
