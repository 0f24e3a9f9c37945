//! Figures: what analytics plugins counted.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use portero_domain::ids::InstallationId;
use portero_flow::desk::reports::{self, Report, ReportView, ReportsView, Span};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::{ApiPath, ApiQuery, parse_id};
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// Installed analytics plugins, what can be asked of each, and how far its figures are.
#[utoipa::path(get, path = "/v1/reports", responses(
    (status = 200, body = Vec<ReportsView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<ReportsView>>, Problem> {
    Ok(Json(reports::list(&state.ctx, caller.tenant).await?))
}

/// Over which days, in which language, in which form.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportQuery {
    /// First day, `2026-11-01`; 30 days up to `until` when absent. Days are the tenant's own.
    since: Option<String>,
    /// First day that no longer counts; tomorrow when absent.
    until: Option<String>,
    /// `es`, `pt` or `en`; the tenant's when absent.
    lang: Option<String>,
    /// `json` (the default) or `csv`.
    format: Option<String>,
}

/// One report: `cards` as the plugin draws them, `totals` by metric and labels, `days` by metric and day.
///
/// With `format=csv` the same as `text/csv`.
#[utoipa::path(get, path = "/v1/reports/{installation}/{report}", params(
    ("installation" = String, Path, description = "ins_…"),
    ("report" = String, Path, description = "cards, totals or days"), ReportQuery), responses(
    (status = 200, content((ReportView = "application/json"), (String = "text/csv"))), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath((installation, report)): ApiPath<(String, String)>,
    ApiQuery(q): ApiQuery<ReportQuery>,
) -> Result<Response, Problem> {
    let installation: InstallationId = parse_id(&installation)?;
    let report = Report::parse(&report)?;
    let span = Span {
        since: q.since,
        until: q.until,
        language: q.lang,
    };
    let csv = match q.format.as_deref() {
        None | Some("json") => false,
        Some("csv") => true,
        Some(other) => return Err(Problem::bad(format!("format: `{other}`; json or csv"))),
    };
    let view = reports::show(&state.ctx, caller.tenant, installation, report, &span).await?;
    if !csv {
        return Ok(Json(view).into_response());
    }
    let file = format!(
        "attachment; filename=\"{}-{}-{}.csv\"",
        view.report, view.since, view.until
    );
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, file),
    ];
    Ok((headers, reports::csv(&view)).into_response())
}
