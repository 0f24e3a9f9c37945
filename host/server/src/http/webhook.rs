//! Meta's door: verification and deliveries. Raw bytes first, JSON later.

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use portero_flow::receive;

use crate::http::AppState;
use crate::http::api::ApiPath;
use crate::http::codes;
use crate::http::problem::Problem;

/// App whose webhooks come without a name in the path.
pub use portero_flow::desk::numbers::DEFAULT_APP;

type Body = Result<Bytes, BytesRejection>;

/// `/webhooks/whatsapp[/{app}]`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route(
            "/webhooks/whatsapp",
            get(verify_default).post(deliver_default),
        )
        .route("/webhooks/whatsapp/{app}", get(verify).post(deliver))
}

async fn verify_default(state: State<AppState>, query: RawQuery) -> Response {
    verify(state, ApiPath(DEFAULT_APP.to_owned()), query).await
}

async fn verify(
    State(state): State<AppState>,
    ApiPath(app): ApiPath<String>,
    RawQuery(query): RawQuery,
) -> Response {
    match receive::challenge(&state.ctx, &app, query.as_deref().unwrap_or_default()).await {
        Ok(Some(challenge)) => challenge.into_response(),
        Ok(None) => Problem::of(
            codes::WRONG_VERIFY_TOKEN,
            "the verify token in Meta's dashboard is not the one given to `portero app put`",
        )
        .into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

async fn deliver_default(state: State<AppState>, headers: HeaderMap, body: Body) -> Response {
    deliver(state, ApiPath(DEFAULT_APP.to_owned()), headers, body).await
}

async fn deliver(
    State(state): State<AppState>,
    ApiPath(app): ApiPath<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return Problem::from(rejection).into_response(),
    };
    let signature = headers
        .get("x-hub-signature-256")
        .and_then(|v| v.to_str().ok());
    match receive::webhook(&state.ctx, &app, signature, &body).await {
        Ok(_) => StatusCode::OK.into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}
