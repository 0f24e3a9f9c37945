//! One's own: whose token this is, the sessions that are open, another password.

use std::convert::Infallible;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use portero_flow::FlowError;
use portero_flow::desk::access::TokenView;
use portero_flow::desk::me::{self, Changed, ComesFrom, MeView, NewOwn};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiPath, parse_id};
use crate::http::auth::Anyone;
use crate::http::codes;
use crate::http::problem::Problem;

/// Whose token this is, what it may do and where.
#[utoipa::path(get, path = "/v1/me", operation_id = "me", responses(
    (status = 200, body = MeView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
) -> Result<Json<MeView>, Problem> {
    Ok(Json(me::me(&state.ctx, &principal).await?))
}

/// Open sessions of the person whose session this is, newest first; none for a program's token.
#[utoipa::path(get, path = "/v1/me/sessions", operation_id = "my_sessions", responses(
    (status = 200, body = Vec<TokenView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn sessions(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
) -> Result<Json<Vec<TokenView>>, Problem> {
    Ok(Json(me::sessions(&state.ctx, &principal).await?))
}

/// End a session of one's own at once; also the one this is.
#[utoipa::path(delete, path = "/v1/me/sessions/{id}", operation_id = "my_session_end",
    params(("id" = String, Path, description = "tok_…")), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn end_session(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, Problem> {
    me::end_session(&state.ctx, &principal, parse_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where a request comes from, past the proxies that are trusted.
pub(crate) struct Where(ComesFrom);

impl FromRequestParts<AppState> for Where {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(Where(ComesFrom(state.front.visitor(parts).address)))
    }
}

/// Another password for oneself.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnPasswordRequest {
    /// The one there is.
    #[schema(value_type = String)]
    current: SecretString,
    /// 12 to 200 characters.
    #[schema(value_type = String)]
    new: SecretString,
}

/// Give oneself another password; every other session ends. Wrong tries count like those of a login.
#[utoipa::path(put, path = "/v1/me/password", operation_id = "my_password", request_body = OwnPasswordRequest, responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn password(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    Where(from): Where,
    ApiJson(request): ApiJson<OwnPasswordRequest>,
) -> Result<Response, Problem> {
    let typed = |secret: &SecretString| secret.expose_secret().to_owned();
    let change = NewOwn::typed(typed(&request.current), typed(&request.new), from);
    match me::change_password(&state.ctx, &principal, change).await? {
        Changed::Done => Ok(StatusCode::NO_CONTENT.into_response()),
        Changed::Wrong => Err(FlowError::BadInput {
            field: "current".to_owned(),
            why: "it is not the password there is".to_owned(),
        }
        .into()),
        Changed::Wait(until) => {
            let ms = until.0.saturating_sub(state.ctx.now().0);
            let seconds = u64::try_from(ms).unwrap_or_default().div_ceil(1_000);
            let why = format!("too many wrong tries: the next counts in {seconds} s");
            let mut wait = Problem::of(codes::RATE_LIMITED, why).into_response();
            let after = HeaderValue::from(seconds);
            wait.headers_mut().insert(header::RETRY_AFTER, after);
            Ok(wait)
        }
    }
}
