//! Registries of people who want no advertising.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures_util::StreamExt;
use portero_flow::desk::registries::{self, Copy, CopyView, DeclareRequest, RegistryView};
use serde::Deserialize;

use super::{ApiJson, ApiPath, ApiQuery};
use crate::http::AppState;
use crate::http::auth::Caller;
use crate::http::etag::{IfMatch, IfNoneMatch, written};
use crate::http::problem::Problem;

/// Every registry this host knows, what the tenant said of it, and how fresh its copy is.
#[utoipa::path(get, path = "/v1/registries", operation_id = "registries_list", responses(
    (status = 200, body = Vec<RegistryView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<RegistryView>>, Problem> {
    Ok(Json(registries::list(&state.ctx, caller.tenant).await?))
}

/// Say whether a registry applies to the tenant. One that applies and has no fresh copy holds
/// promotion in its country.
#[utoipa::path(put, path = "/v1/registries/{id}", operation_id = "registries_declare", params(("id" = String, Path, description = "co-rne, …")),
    request_body = DeclareRequest, responses(
    (status = 200, body = RegistryView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn declare(
    State(state): State<AppState>,
    caller: Caller,
    IfMatch(expected): IfMatch,
    ApiPath(id): ApiPath<String>,
    ApiJson(request): ApiJson<DeclareRequest>,
) -> Result<Response, Problem> {
    let (author, expected) = (caller.principal.author(), expected.as_ref());
    let tenant = caller.tenant;
    let declared = registries::declare(&state.ctx, tenant, &id, &request, &author, expected);
    written(declared.await?)
}

/// One registry: what the tenant said of it, and how fresh its copy is.
#[utoipa::path(get, path = "/v1/registries/{id}", operation_id = "registry", params(("id" = String, Path, description = "co-rne, …")), responses(
    (status = 200, body = RegistryView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    known: IfNoneMatch,
    ApiPath(id): ApiPath<String>,
) -> Result<Response, Problem> {
    known.answer(registries::get(&state.ctx, caller.tenant, &id).await?)
}

/// Of which day a copy is.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct CopyQuery {
    /// `2026-11-20` (in the tenant's zone), or RFC 3339.
    as_of: String,
}

/// Load a copy: a number on each line, and after a comma the day of its listing if it is told. It
/// takes the place of the copy before when its last byte is here.
#[utoipa::path(put, path = "/v1/registries/{id}/copy", operation_id = "registries_load",
    params(("id" = String, Path, description = "co-rne, …"), CopyQuery),
    request_body(content = Vec<u8>, content_type = "text/csv"), responses(
    (status = 200, body = CopyView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn load(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiQuery(q): ApiQuery<CopyQuery>,
    body: Body,
) -> Result<Json<CopyView>, Problem> {
    let ctx = &state.ctx;
    let author = caller.principal.author();
    let mut copy = Copy::begin(ctx, caller.tenant, &id, &q.as_of, &author).await?;
    let mut bytes = body.into_data_stream();
    while let Some(piece) = bytes.next().await {
        let broken = "the file broke off; the copy before stays in force: send it again";
        let piece = piece.map_err(|_| Problem::bad(broken.to_owned()))?;
        copy.push(ctx, &piece).await?;
    }
    Ok(Json(copy.finish(ctx).await?))
}
