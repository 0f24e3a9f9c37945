//! Calls of a plugin as they were recorded: one to look at, many to be run again.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use portero_flow::desk::plugins::{self, CallReplayView, RecordedCallView, Which};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::{ApiPath, ApiQuery, parse_id};
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// Which calls are run again.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayQuery {
    /// Calls of the last so many hours, 1 to 720; 24 when absent.
    hours: Option<u32>,
    /// At most so many, the newest first, 1 to 10,000; 1,000 when absent.
    last: Option<usize>,
}

/// A recorded call of a replies plugin: what it was told, what it asked the host and heard, what it answered, what the
/// gate said. Kept for the term `plugin_journal`, gone when the person is erased.
#[utoipa::path(get, path = "/v1/plugins/{id}/calls/{event}", operation_id = "plugin_call",
    params(("id" = String, Path, description = "ins_…"), ("event" = String, Path, description = "evt_…, what the call was about")), responses(
    (status = 200, body = RecordedCallView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath((id, event)): ApiPath<(String, String)>,
) -> Result<Json<RecordedCallView>, Problem> {
    let (id, event) = (parse_id(&id)?, parse_id(&event)?);
    let call = plugins::recorded(&state.ctx, caller.tenant, id, event);
    Ok(Json(call.await?))
}

/// Run recorded calls of a replies plugin again, with what the host answered then. Without a body each runs on the
/// component that it was recorded with: nothing may differ. With another version's `.wasm` as the body they run on that
/// one: what differs is told, with what the gate would have said of it. Sends and keeps nothing, asks nobody.
#[utoipa::path(post, path = "/v1/plugins/{id}/replay", operation_id = "replay_plugin", params(("id" = String, Path, description = "ins_…"), ReplayQuery),
    request_body(content = Vec<u8>, content_type = "application/wasm"), responses(
    (status = 200, body = CallReplayView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn replay(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiQuery(q): ApiQuery<ReplayQuery>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<CallReplayView>, Problem> {
    let (body, id) = (body?, parse_id(&id)?);
    let which = Which {
        hours: q.hours.unwrap_or(24),
        last: q.last.unwrap_or(1_000),
    };
    let against = (!body.is_empty()).then_some(body.as_ref());
    let view = plugins::replay(&state.ctx, caller.tenant, id, which, against);
    Ok(Json(view.await?))
}
