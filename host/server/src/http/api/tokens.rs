//! Access tokens: of a tenant by its owner, of any by the operator of the server.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use portero_domain::access::Role;
use portero_domain::clock::Millis;
use portero_domain::ids::TenantId;
use portero_flow::FlowError;
use portero_flow::desk::access::{self, NewTokenView, Principal, TokenOrder, TokenView};
use portero_flow::desk::tenants;
use portero_flow::desk::{Page, limit};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::{ApiOnce, ApiPath, ApiQuery, Paging, parse_id};
use crate::http::auth::{Anyone, Caller, TENANT_HEADER};
use crate::http::problem::Problem;

/// Longest life of a token that ends by itself: ten years, in days.
const LIFE_LIMIT_DAYS: u32 = 3_650;

/// A token to make.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    /// What it is for.
    label: String,
    /// Tenant by slug or id; absent: the caller's own, for the operator of the server the whole server.
    #[serde(default)]
    tenant: Option<String>,
    /// `owner` (when absent), `operator`, `approver`, `developer`, `auditor` or `viewer`.
    #[serde(default)]
    role: Option<String>,
    /// Days until it ends by itself, 1 to 3650; absent: until it is ended.
    #[serde(default)]
    expires_in_days: Option<u32>,
}

/// Make an access token; it is shown once. A tenant's owner makes those of the tenant.
#[utoipa::path(post, path = "/v1/tokens", operation_id = "token_create", request_body = TokenRequest, params(("Idempotency-Key" = Option<String>, Header, description = "1 to 128 bytes of your own; the same for the same request, which is done once")), responses(
    (status = 201, body = NewTokenView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn create(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    ApiOnce(request, once): ApiOnce<TokenRequest>,
) -> Result<(StatusCode, Json<NewTokenView>), Problem> {
    let tenant = reach(&state, &principal, request.tenant.as_deref()).await?;
    let role = match request.role.as_deref() {
        Some(word) => word
            .parse::<Role>()
            .map_err(|e| bad("role", e.to_string()))?,
        None => Role::Owner,
    };
    let lasts = match request.expires_in_days {
        Some(days) if (1..=LIFE_LIMIT_DAYS).contains(&days) => Some(Millis::days(days.into())),
        Some(days) => {
            let why = format!("{days} days; a token lasts 1 to {LIFE_LIMIT_DAYS}");
            return Err(bad("expires_in_days", why));
        }
        None => None,
    };
    let order = TokenOrder {
        tenant,
        label: &request.label,
        role,
        lasts,
    };
    let made = access::create_token(&state.ctx, &order, once.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Tokens with role, last use and end, oldest first; never their secrets. For the operator of the server
/// that names no tenant: all.
#[utoipa::path(get, path = "/v1/tokens", operation_id = "tokens", params(Paging), responses(
    (status = 200, body = Page<TokenView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    caller: Result<Caller, Problem>,
    headers: HeaderMap,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<TokenView>>, Problem> {
    let tenant = if principal.tenant.is_none() && !headers.contains_key(TENANT_HEADER) {
        None
    } else {
        Some(caller?.tenant)
    };
    let (limit, after) = (limit(q.limit), q.after.as_deref());
    Ok(Json(
        access::tokens_page(&state.ctx, tenant, limit, after).await?,
    ))
}

/// End a token at once.
#[utoipa::path(delete, path = "/v1/tokens/{id}", operation_id = "token_revoke", params(("id" = String, Path, description = "tok_…")), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, Problem> {
    access::revoke_token(&state.ctx, principal.tenant, parse_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose token or user is to be made: a tenant's owner names no other than their own.
pub(crate) async fn reach(
    state: &AppState,
    principal: &Principal,
    named: Option<&str>,
) -> Result<Option<TenantId>, Problem> {
    let Some(named) = named else {
        return Ok(principal.tenant);
    };
    let found = tenants::find(&state.ctx, named).await;
    match principal.tenant {
        None => Ok(Some(found?)),
        Some(own) if found.ok() == Some(own) => Ok(Some(own)),
        Some(_) => Err(FlowError::NotFound {
            what: "tenant",
            name: named.to_owned(),
        }
        .into()),
    }
}

pub(crate) fn bad(field: &str, why: String) -> Problem {
    FlowError::BadInput {
        field: field.to_owned(),
        why,
    }
    .into()
}
