//! Calls of a plugin and what it logged.

use axum::Json;
use axum::extract::State;
use portero_flow::desk::plugins::{self, CallView};
use portero_flow::desk::{Page, limit};

use crate::http::AppState;
use crate::http::api::{ApiPath, ApiQuery, Paging, parse_id};
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// Calls of a plugin, newest first: how each ended, what it used, what it logged. Its lines are the plugin's own words.
#[utoipa::path(get, path = "/v1/plugins/{id}/calls", operation_id = "plugin_calls", params(("id" = String, Path, description = "ins_…"), Paging), responses(
    (status = 200, body = Page<CallView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<CallView>>, Problem> {
    let (id, after) = (parse_id(&id)?, q.after.as_deref());
    let page = plugins::calls(&state.ctx, caller.tenant, id, after, limit(q.limit));
    Ok(Json(page.await?))
}
