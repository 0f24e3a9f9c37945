//! Who did what.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use portero_flow::desk::audit::{self, AuditQuery, AuditView};
use portero_flow::desk::{Page, limit};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::ApiQuery;
use crate::http::auth::{Anyone, Caller, TENANT_HEADER};
use crate::http::problem::Problem;

/// Filters of the log.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditFilter {
    /// Only by this user (name or `usr_…`) or token (`tok_…`).
    who: Option<String>,
    /// Only this operation: method and path with its parameters in braces, `POST /v1/messages`.
    operation: Option<String>,
    /// From this instant (RFC 3339) or day (in UTC) …
    since: Option<String>,
    /// … to before this one.
    until: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    after: Option<String>,
}

/// Who did what, newest first: every change, and every look at a person. For the operator of the server that
/// names no tenant: all.
#[utoipa::path(get, path = "/v1/audit", operation_id = "audit", params(AuditFilter), responses(
    (status = 200, body = Page<AuditView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    caller: Result<Caller, Problem>,
    headers: HeaderMap,
    ApiQuery(q): ApiQuery<AuditFilter>,
) -> Result<Json<Page<AuditView>>, Problem> {
    let tenant = if principal.tenant.is_none() && !headers.contains_key(TENANT_HEADER) {
        None
    } else {
        Some(caller?.tenant)
    };
    let query = AuditQuery {
        who: q.who,
        operation: q.operation,
        since: q.since,
        until: q.until,
        limit: limit(q.limit),
        after: q.after,
    };
    Ok(Json(audit::list(&state.ctx, tenant, &query).await?))
}
