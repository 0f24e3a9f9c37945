//! Who is calling: a bearer token, or the cookie of a session of the console.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use portero_domain::ids::TenantId;
use portero_flow::desk::access::{self, Principal};
use portero_flow::desk::me::ComesFrom;

use crate::http::AppState;
use crate::http::audit::{self, Reached};
use crate::http::codes;
use crate::http::doors::Doors;
use crate::http::login;
use crate::http::problem::Problem;

/// Names the tenant a request is about; an operator's token reaches several.
pub const TENANT_HEADER: &str = "x-portero-tenant";

/// A caller that reaches one tenant.
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// Which tenant this request is about.
    pub tenant: TenantId,
}

/// A caller that may do what concerns the whole server.
pub struct Operator(pub Principal);

/// A caller, whatever it reaches.
pub struct Anyone(pub Principal);

/// Who the layer in front of the operations let in.
///
/// A route without that layer lets nobody in.
fn principal(parts: &Parts) -> Result<Principal, Problem> {
    parts
        .extensions
        .get::<Principal>()
        .cloned()
        .ok_or_else(|| Problem::unauthorized(NO_TOKEN))
}

const BAD_TOKEN: &str = "this access token is unknown, was revoked or ran out";
const NO_TOKEN: &str = "send an access token: `Authorization: Bearer ptr_…`";

/// In front of every operation: whose token this is, and whether its role has the rights declared
/// beside the route. Nothing of the request is read before.
pub async fn operations(
    State((state, doors)): State<(AppState, Arc<Doors>)>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let bearer = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "));
    let principal = match bearer {
        Some(token) => access::authenticate(&state.ctx, token).await?,
        None => None,
    };
    let Some(principal) = principal else {
        let visitor = state.front.who(request.extensions(), request.headers());
        let why = bearer.map_or(NO_TOKEN, |_| BAD_TOKEN);
        let taken = state.limits.stranger(visitor.address);
        return Ok(taken
            .refused()
            .unwrap_or_else(|| Problem::unauthorized(why).into_response()));
    };
    let taken = state.limits.caller(&principal);
    if let Some(wait) = taken.refused() {
        return Ok(wait);
    }
    let Some(rights) = doors.rights(request.method(), path.as_str()) else {
        tracing::error!(
            path = path.as_str(),
            "an operation declares no right; this is a bug"
        );
        return Err(Problem::of(
            codes::UNDECLARED,
            "this operation declares no right; this is a bug of Portero",
        ));
    };
    let (keeping, mut request) =
        audit::begin(&state, &principal, request, path.as_str(), rights, false).await;
    let response = match principal.role.lacks(rights) {
        Some(right) => Problem::missing_right(principal.role, right).into_response(),
        None => {
            request.extensions_mut().insert(principal.clone());
            next.run(request).await
        }
    };
    let mut response = match keeping {
        Some(keeping) => keeping.end(&state, &principal, response).await,
        None => response,
    };
    taken.say(response.headers_mut());
    Ok(response)
}

/// The tenant of a caller that has one. Another tenant's name in the header answers exactly as a name that does not
/// exist: what is asked of somebody else is never done to the caller's own.
async fn own(state: &AppState, own: TenantId, named: Option<&str>) -> Result<TenantId, Problem> {
    let Some(named) = named else { return Ok(own) };
    let found = portero_flow::desk::tenants::find(&state.ctx, named).await;
    if found.ok() == Some(own) {
        return Ok(own);
    }
    let error = portero_flow::FlowError::NotFound {
        what: "tenant",
        name: named.to_owned(),
    };
    Err(error.into())
}

/// The tenant that a request names.
fn named(parts: &Parts) -> Option<&str> {
    let name = parts.headers.get(TENANT_HEADER);
    name.and_then(|v| v.to_str().ok())
}

impl FromRequestParts<AppState> for Anyone {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let principal = principal(parts)?;
        if let Some(tenant) = principal.tenant {
            own(state, tenant, named(parts)).await?;
        }
        Ok(Anyone(principal))
    }
}

impl FromRequestParts<AppState> for Operator {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let principal = principal(parts)?;
        if principal.tenant.is_some() {
            return Err(Problem::of(
                codes::OPERATOR_ONLY,
                "this access token belongs to one tenant",
            ));
        }
        Ok(Operator(principal))
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let principal = principal(parts)?;
        let tenant = match (principal.tenant, named(parts)) {
            (Some(tenant), named) => own(state, tenant, named).await?,
            (None, Some(named)) => portero_flow::desk::tenants::find(&state.ctx, named).await?,
            (None, None) => {
                let all = portero_flow::desk::tenants::list(&state.ctx, None).await?;
                match all.as_slice() {
                    [only] => only.id,
                    _ => {
                        return Err(Problem::bad(
                            "an operator's token reaches several tenants: name one with `X-Portero-Tenant` \
                             (its slug or id; on the command line --tenant)",
                        ));
                    }
                }
            }
        };
        if let Some(reached) = parts.extensions.get::<Reached>() {
            reached.say(tenant);
        }
        Ok(Caller { principal, tenant })
    }
}

/// In front of every page: the session's principal, or the way to the login page.
pub async fn pages(
    State((state, doors)): State<(AppState, Arc<Doors>)>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(principal) = login::session(&state, request.headers()).await? else {
        return Ok(login::ask_to_log_in(
            request.method(),
            request.uri(),
            request.headers(),
        ));
    };
    let (parts, body) = request.into_parts();
    let from = ComesFrom(state.front.visitor(&parts).address);
    let request = Request::from_parts(parts, body);
    // Whether the role has the rights of the page is asked behind this; the refusal is written down too.
    let rights = doors.rights(request.method(), path.as_str());
    let (keeping, mut request) = audit::begin(
        &state,
        &principal,
        request,
        path.as_str(),
        rights.unwrap_or_default(),
        true,
    )
    .await;
    request.extensions_mut().insert(principal.clone());
    request.extensions_mut().insert(from);
    let response = next.run(request).await;
    Ok(match keeping {
        Some(keeping) => keeping.end(&state, &principal, response).await,
        None => response,
    })
}
