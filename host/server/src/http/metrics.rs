//! `/metrics` in Prometheus' text format, for this machine or for an operator's token.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use portero_flow::desk::{access, account};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::http::AppState;
use crate::http::problem::Problem;

/// `/metrics`.
pub fn routes() -> Router<AppState> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(
    State(state): State<AppState>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "));
    let operator = match token {
        Some(token) => access::authenticate(&state.ctx, token)
            .await?
            .is_some_and(|p| p.tenant.is_none()),
        None => false,
    };
    if !operator && !peer.is_some_and(|Extension(ConnectInfo(a))| a.ip().is_loopback()) {
        return Err(Problem::unauthorized(
            "/metrics answers this machine, or an operator's access token",
        ));
    }
    let by_state = account::states(&state.ctx).await?;
    let idle = account::idle(&state.ctx).await?;
    let mut registry = Registry::with_prefix("portero");
    for (name, value) in state.ctx.counters.all() {
        let counter: Counter = Counter::default();
        counter.inc_by(value);
        registry.register(name, "see the list of counters", counter);
    }
    let states: Family<Vec<(String, String)>, Gauge> = Family::default();
    for (name, count) in by_state {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        states
            .get_or_create(&vec![("state".to_owned(), name.as_str().to_owned())])
            .set(count);
    }
    registry.register("outbox_messages", "proposals by state", states);
    let let_go: Family<Vec<(String, String)>, Counter> = Family::default();
    for (kind, rows) in state.ctx.let_go.all() {
        let labels = vec![("kind".to_owned(), kind.as_str().to_owned())];
        let_go.get_or_create(&labels).inc_by(rows);
    }
    registry.register(
        "retention_rows",
        "let go of at the end of their term",
        let_go,
    );
    for (name, value) in [
        ("inbox_waiting", idle.events),
        ("lanes_waiting", idle.lanes),
        ("attempts_in_flight", idle.attempts),
    ] {
        let gauge: Gauge = Gauge::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register(name, "right now", gauge);
    }
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|e| Problem::bad(e.to_string()))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
