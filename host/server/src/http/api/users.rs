//! People who log in: of a tenant by its owner, of any by the operator of the server.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use portero_domain::access::Role;
use portero_flow::desk::users::{self, RoleView, UserOrder, UserView};
use portero_flow::desk::{Page, limit};
use secrecy::SecretString;
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::tokens::{bad, reach};
use crate::http::api::{ApiJson, ApiOnce, ApiPath, ApiQuery, Paging};
use crate::http::auth::{Anyone, Caller, TENANT_HEADER};
use crate::http::etag::{IfMatch, IfNoneMatch};
use crate::http::problem::Problem;

/// A user to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserRequest {
    /// An e-mail address or a plain name, unique on this host: `a-z 0-9 . @ _ + -`.
    name: String,
    /// Tenant by slug or id; absent: the caller's own, for the operator of the server the whole server.
    #[serde(default)]
    tenant: Option<String>,
    /// `owner`, `operator`, `approver`, `developer`, `auditor` or `viewer`.
    role: String,
    /// 12 to 200 characters; absent: one is made, and the answer shows it once.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
}

/// Another role.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleRequest {
    /// `owner`, `operator`, `approver`, `developer`, `auditor` or `viewer`.
    role: String,
}

/// Another password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordRequest {
    /// 12 to 200 characters; absent: one is made, and the answer shows it once.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
}

/// Make a user who logs in to the console. A tenant's owner makes those of the tenant.
#[utoipa::path(post, path = "/v1/users", operation_id = "user_add", request_body = UserRequest, params(("Idempotency-Key" = Option<String>, Header, description = "1 to 128 bytes of your own; the same for the same request, which is done once")), responses(
    (status = 201, body = UserView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn add(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    ApiOnce(request, once): ApiOnce<UserRequest>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let order = UserOrder {
        tenant: reach(&state, &principal, request.tenant.as_deref()).await?,
        name: &request.name,
        role: role(&request.role)?,
        password: request.password,
    };
    let made = users::add(&state.ctx, order, once.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Users with role and last login, by name. For the operator of the server that names no tenant: all.
#[utoipa::path(get, path = "/v1/users", operation_id = "users", params(Paging), responses(
    (status = 200, body = Page<UserView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    caller: Result<Caller, Problem>,
    headers: HeaderMap,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<UserView>>, Problem> {
    let tenant = if principal.tenant.is_none() && !headers.contains_key(TENANT_HEADER) {
        None
    } else {
        Some(caller?.tenant)
    };
    let (limit, after) = (limit(q.limit), q.after.as_deref());
    Ok(Json(users::page(&state.ctx, tenant, limit, after).await?))
}

/// Give a user another role; open sessions have it at once.
#[utoipa::path(put, path = "/v1/users/{user}/role", operation_id = "user_role", request_body = RoleRequest,
    params(("user" = String, Path, description = "name or usr_…")), responses(
    (status = 200, body = UserView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn set_role(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    IfMatch(expected): IfMatch,
    ApiPath(user): ApiPath<String>,
    ApiJson(request): ApiJson<RoleRequest>,
) -> Result<Json<UserView>, Problem> {
    let (reach, expected) = (principal.tenant, expected.as_ref());
    let role = role(&request.role)?;
    let set = users::set_role(&state.ctx, reach, &user, role, expected);
    Ok(Json(set.await?))
}

/// The role of a user.
#[utoipa::path(get, path = "/v1/users/{user}/role", operation_id = "user_role_show",
    params(("user" = String, Path, description = "name or usr_…")), responses(
    (status = 200, body = RoleView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get_role(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    known: IfNoneMatch,
    ApiPath(user): ApiPath<String>,
) -> Result<Response, Problem> {
    known.answer(users::role(&state.ctx, principal.tenant, &user).await?)
}

/// Give a user another password; its sessions end.
#[utoipa::path(put, path = "/v1/users/{user}/password", operation_id = "user_password", request_body = PasswordRequest,
    params(("user" = String, Path, description = "name or usr_…")), responses(
    (status = 200, body = UserView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn set_password(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    ApiPath(user): ApiPath<String>,
    ApiJson(request): ApiJson<PasswordRequest>,
) -> Result<Json<UserView>, Problem> {
    Ok(Json(
        users::set_password(&state.ctx, principal.tenant, &user, request.password).await?,
    ))
}

/// Remove a user; its sessions end and its name is free again.
#[utoipa::path(delete, path = "/v1/users/{user}", operation_id = "user_remove",
    params(("user" = String, Path, description = "name or usr_…")), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn remove(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    ApiPath(user): ApiPath<String>,
) -> Result<StatusCode, Problem> {
    users::remove(&state.ctx, principal.tenant, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn role(word: &str) -> Result<Role, Problem> {
    word.parse::<Role>().map_err(|e| bad("role", e.to_string()))
}
