//! People from files and to files.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, BodyDataStream};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use portero_domain::ids::TenantId;
use portero_flow::desk::export::Export;
use portero_flow::desk::imports::{self, FaultView, Feeder, ImportRequest, ImportView};
use portero_flow::desk::{Page, limit};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::{ApiOnce, ApiPath, ApiQuery, Paging, parse_id};
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// Bytes still read of a file that was refused, so that its sender gets the answer.
const DRAINED_BYTES: usize = 16 * 1024 * 1024;

/// Begin a file of people; send its bytes to `PUT /v1/imports/{id}/rows`.
#[utoipa::path(post, path = "/v1/imports", request_body = ImportRequest, params(("Idempotency-Key" = Option<String>, Header, description = "1 to 128 bytes of your own; the same for the same request, which is done once")), responses(
    (status = 201, body = ImportView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    ApiOnce(request, once): ApiOnce<ImportRequest>,
) -> Result<(StatusCode, Json<ImportView>), Problem> {
    let made = imports::create(&state.ctx, caller.tenant, &request, once.as_ref());
    Ok((StatusCode::CREATED, Json(made.await?)))
}

/// Files, newest first.
#[utoipa::path(get, path = "/v1/imports", params(Paging), responses(
    (status = 200, body = Page<ImportView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<ImportView>>, Problem> {
    let page = imports::list(
        &state.ctx,
        caller.tenant,
        limit(q.limit),
        q.after.as_deref(),
    );
    Ok(Json(page.await?))
}

/// One file: how it was understood, how far it is, what came of it.
#[utoipa::path(get, path = "/v1/imports/{id}", params(("id" = String, Path, description = "imp_…")), responses(
    (status = 200, body = ImportView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<ImportView>, Problem> {
    Ok(Json(
        imports::get(&state.ctx, caller.tenant, parse_id(&id)?).await?,
    ))
}

/// Lines that were not good, with line number and reason.
#[utoipa::path(get, path = "/v1/imports/{id}/faults", params(("id" = String, Path), Paging), responses(
    (status = 200, body = Page<FaultView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn faults(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<FaultView>>, Problem> {
    let page = imports::faults(
        &state.ctx,
        caller.tenant,
        parse_id(&id)?,
        limit(q.limit),
        q.after.as_deref(),
    );
    Ok(Json(page.await?))
}

/// Where in the file the body begins.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowsQuery {
    /// `byte_offset` of the file; 0 when absent.
    #[serde(default)]
    offset: u64,
}

/// Send the file, from `offset` to its end. Every thousand rows are committed with the place in the
/// file: when the connection breaks off, ask for `byte_offset` and send the rest.
#[utoipa::path(put, path = "/v1/imports/{id}/rows", params(("id" = String, Path), RowsQuery),
    request_body(content = Vec<u8>, content_type = "text/csv"), responses(
    (status = 200, body = ImportView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn rows(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiQuery(q): ApiQuery<RowsQuery>,
    body: Body,
) -> Result<Json<ImportView>, Problem> {
    let mut bytes = body.into_data_stream();
    match take(&state, caller.tenant, &id, q.offset, &mut bytes).await {
        Ok(done) => Ok(Json(done)),
        Err(problem) => {
            // Who is still sending does not look for an answer: some more is read and thrown away.
            let mut left = DRAINED_BYTES;
            while let Some(Ok(piece)) = bytes.next().await {
                left = left.saturating_sub(piece.len());
                if left == 0 {
                    break;
                }
            }
            Err(problem)
        }
    }
}

async fn take(
    state: &AppState,
    tenant: TenantId,
    id: &str,
    offset: u64,
    bytes: &mut BodyDataStream,
) -> Result<ImportView, Problem> {
    let ctx = &state.ctx;
    let mut feeder = Feeder::open(ctx, tenant, parse_id(id)?, offset).await?;
    while let Some(piece) = bytes.next().await {
        let piece = piece.map_err(|_| {
            Problem::bad(
                "the file broke off; ask for `byte_offset` and send the rest from there".to_owned(),
            )
        })?;
        feeder.push(ctx, &piece).await?;
    }
    Ok(feeder.finish(ctx).await?)
}

/// All people as CSV, as a stream; it can be read in again.
#[utoipa::path(get, path = "/v1/contacts.csv", responses(
    (status = 200, body = String, content_type = "text/csv"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn export(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Response, Problem> {
    let ctx = Arc::clone(&state.ctx);
    let export = Export::begin(&ctx, caller.tenant).await?;
    let pieces = futures_util::stream::try_unfold((ctx, export), |(ctx, mut export)| async move {
        match export.next(&ctx).await {
            Ok(Some(bytes)) => Ok(Some((bytes, (ctx, export)))),
            Ok(None) => Ok(None),
            // The connection is cut: a file that ends early must not look whole.
            Err(error) => Err(std::io::Error::other(error.to_string())),
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"contacts.csv\"",
        ),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}
