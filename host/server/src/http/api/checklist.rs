//! What a tenant needs before it sends for real.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use portero_flow::desk::checklist::{self, ChecklistView};
use portero_flow::desk::registration;
use secrecy::SecretString;
use serde::Deserialize;

use super::{ApiJson, ApiPath};
use crate::http::AppState;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// What the tenant needs before it sends for real, and what of it is there, as far as this host knows.
#[utoipa::path(get, path = "/v1/checklist", operation_id = "checklist", responses(
    (status = 200, body = ChecklistView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn look(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<ChecklistView>, Problem> {
    Ok(Json(
        checklist::look(&state.ctx, caller.tenant, false).await?,
    ))
}

/// The same, with Meta asked whether it takes the tokens, whether the numbers are registered, and where it sends the webhooks.
#[utoipa::path(post, path = "/v1/checklist", operation_id = "checklist_ask", responses(
    (status = 200, body = ChecklistView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn ask(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<ChecklistView>, Problem> {
    Ok(Json(
        checklist::look(&state.ctx, caller.tenant, true).await?,
    ))
}

/// The PIN of a number.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterRequest {
    /// Six digits: the number's PIN of two-step verification; one that had none has this from now on. It goes
    /// to Meta and is kept nowhere.
    #[schema(value_type = String, example = "123456")]
    pin: SecretString,
}

/// Register a number with Meta by its PIN, so that messages leave from it. Again changes nothing; Meta takes ten
/// tries in 72 hours.
#[utoipa::path(post, path = "/v1/numbers/{id}/register", operation_id = "number_register", params(("id" = String, Path, description = "Meta's id of the number")),
    request_body = RegisterRequest, responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn register(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiJson(request): ApiJson<RegisterRequest>,
) -> Result<StatusCode, Problem> {
    registration::register(&state.ctx, caller.tenant, &id, &request.pin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have Meta send the webhooks of a number's account to the app that its token belongs to.
#[utoipa::path(post, path = "/v1/numbers/{id}/subscribe", operation_id = "number_subscribe", params(("id" = String, Path, description = "Meta's id of the number")), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn subscribe(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, Problem> {
    checklist::subscribe(&state.ctx, caller.tenant, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
