//! Probes: alive, and ready to work.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use portero_store::StoreError;
use serde_json::json;

use crate::http::AppState;
use crate::http::codes;
use crate::http::problem::Problem;

/// `/healthz`, `/readyz`, `/version`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route(
            "/healthz",
            get(|| async { Json(json!({ "status": "ok" })) }),
        )
        .route("/readyz", get(ready))
        .route(
            "/version",
            get(|| async { Json(json!({ "version": env!("CARGO_PKG_VERSION") })) }),
        )
}

async fn ready(State(state): State<AppState>) -> Response {
    let ctx = &state.ctx;
    if let Err(error) = ctx.store.ping().await {
        tracing::warn!(%error, "not ready");
        return Problem::of(codes::DATABASE, "the database does not answer").into_response();
    }
    match ctx.store.pending_migrations().await {
        Ok(0) => {
            Json(json!({ "status": "ready", "allocator": ctx.sandbox.allocator_in_use().as_str() }))
                .into_response()
        }
        Err(StoreError::NewerSchema { .. }) => Problem::of(
            codes::SCHEMA,
            "the schema was migrated by a newer version; start that one",
        )
        .into_response(),
        _ => Problem::of(
            codes::SCHEMA,
            "the schema is not up to date; run `portero migrate`",
        )
        .into_response(),
    }
}
