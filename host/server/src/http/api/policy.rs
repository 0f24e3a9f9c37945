//! How strict the rules are for a tenant: values, changes with their reason, history, and what another policy would do.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use portero_flow::desk::policy::{
    self, PolicyChange, PolicyView, Progress, RevisionView, WhatIf, WhatIfRequest, WhatIfView,
};
use portero_flow::desk::tenants::{self, PolicyDifference};
use portero_flow::desk::{Page, limit};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiQuery, Paging};
use crate::http::auth::{Caller, Operator};
use crate::http::etag::{IfMatch, IfNoneMatch, written};
use crate::http::lines;
use crate::http::problem::Problem;

/// The tenant's policy: every parameter of the rules with its value, its default and which way it may be set.
#[utoipa::path(get, path = "/v1/policy", responses(
    (status = 200, body = PolicyView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    known.answer(policy::get(&state.ctx, caller.tenant).await?)
}

/// Set the tenant's policy, with a reason: parameters (what is not named goes back to its default), or a revision of
/// the history. Stricter than the default only. With `from`, 409 when another policy holds by now.
#[utoipa::path(put, path = "/v1/policy", request_body = PolicyChange,
    responses((status = 200, body = PolicyView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn set(
    State(state): State<AppState>,
    caller: Caller,
    IfMatch(expected): IfMatch,
    ApiJson(change): ApiJson<PolicyChange>,
) -> Result<Response, Problem> {
    let set = policy::set(
        &state.ctx,
        &caller.principal,
        caller.tenant,
        &change,
        expected.as_ref(),
    );
    written(set.await?)
}

/// Policies that hold and held, newest first: who set each, why, and what differs from the one before.
#[utoipa::path(get, path = "/v1/policy/history", params(Paging), responses(
    (status = 200, body = Page<RevisionView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn history(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<RevisionView>>, Problem> {
    let page = policy::history(
        &state.ctx,
        caller.tenant,
        limit(q.limit),
        q.after.as_deref(),
    );
    Ok(Json(page.await?))
}

/// Two tenants.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Two {
    /// One, by slug or id.
    one: String,
    /// The other, by slug or id.
    other: String,
}

/// In what the policies of two tenants differ (operator).
#[utoipa::path(get, path = "/v1/policy/difference", params(Two), responses(
    (status = 200, body = PolicyDifference), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn difference(
    State(state): State<AppState>,
    _: Operator,
    ApiQuery(q): ApiQuery<Two>,
) -> Result<Json<PolicyDifference>, Problem> {
    let one = tenants::find(&state.ctx, &q.one).await?;
    let other = tenants::find(&state.ctx, &q.other).await?;
    Ok(Json(
        tenants::policy_difference(&state.ctx, one, other).await?,
    ))
}

/// Judge the recorded proposals of the last days under another policy. Sends nothing, changes nothing. Each verdict is
/// judged by its own facts: a message that would not have gone still counts for those after it. With
/// `Accept: application/x-ndjson`, lines with `progress` come first and the last one has the `result` (or the `problem`).
/// Closing the connection ends it.
#[utoipa::path(post, path = "/v1/policy/whatif", request_body = WhatIfRequest, responses(
    (status = 200, body = WhatIfView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn whatif(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(request): ApiJson<WhatIfRequest>,
) -> Result<Response, Problem> {
    let mut whatif = WhatIf::begin(&state.ctx, caller.tenant, &request).await?;
    if !lines::wanted(&headers) {
        while whatif.step().await?.is_some() {}
        return Ok(Json(whatif.end()?).into_response());
    }
    let told_so_far = futures_util::stream::unfold(Some(whatif), |whatif| async {
        let mut whatif = whatif?;
        let (line, next) = match whatif.step().await {
            Ok(Some(progress)) => (told(progress), Some(whatif)),
            Ok(None) => (ended(whatif), None),
            Err(error) => (json!({ "problem": Problem::from(error) }), None),
        };
        Some((Ok::<_, std::io::Error>(format!("{line}\n")), next))
    });
    Ok((
        [(header::CONTENT_TYPE, lines::LINES)],
        Body::from_stream(told_so_far),
    )
        .into_response())
}

fn told(progress: Progress) -> Value {
    json!({ "progress": progress })
}

fn ended(whatif: WhatIf) -> Value {
    match whatif.end() {
        Ok(view) => json!({ "result": view }),
        Err(error) => json!({ "problem": Problem::from(error) }),
    }
}
