//! Who is calling: a bearer token, or the session cookie a one-time login link leaves.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use portero_domain::access::Role;
use portero_domain::clock::Millis;
use portero_domain::ids::TenantId;
use portero_flow::desk::access::{self, Principal, TokenOrder};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::ApiQuery;
use crate::http::doors::Doors;
use crate::http::problem::Problem;

const COOKIE: &str = "portero_session";
/// How long the pages stay open after a login, whatever is done in between. Where time is moved by hand
/// the browser alone counts: a jump of a day is no day of an open page.
const SESSION: Millis = Millis::hours(12);
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

const NO_TOKEN: &str = "send an access token: `Authorization: Bearer ptr_…`";

/// In front of every operation: whose token this is, and whether its role has the rights declared
/// beside the route. Nothing of the request is read before.
pub async fn operations(
    State((state, doors)): State<(AppState, Arc<Doors>)>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let bearer = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "));
    let Some(token) = bearer else {
        return Err(Problem::unauthorized(NO_TOKEN));
    };
    let principal = access::authenticate(&state.ctx, token)
        .await?
        .ok_or_else(|| {
            Problem::unauthorized("this access token is unknown, was revoked or ran out")
        })?;
    let Some(rights) = doors.rights(request.method(), path.as_str()) else {
        tracing::error!(
            path = path.as_str(),
            "an operation declares no right; this is a bug"
        );
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "undeclared",
            "Nobody may do this",
            "this operation declares no right; this is a bug of Portero",
        ));
    };
    if let Some(right) = principal.role.lacks(rights) {
        return Err(Problem::missing_right(principal.role, right));
    }
    request.extensions_mut().insert(principal);
    Ok(next.run(request).await)
}

impl FromRequestParts<AppState> for Anyone {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        Ok(Anyone(principal(parts)?))
    }
}

impl FromRequestParts<AppState> for Operator {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let principal = principal(parts)?;
        if principal.tenant.is_some() {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "operator_only",
                "Only the operator may do this",
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
        let named = parts
            .headers
            .get(TENANT_HEADER)
            .and_then(|v| v.to_str().ok());
        let tenant = match (principal.tenant, named) {
            (Some(own), None) => own,
            (Some(own), Some(named)) => {
                // Another tenant's name answers exactly as a name that does not exist.
                let found = portero_flow::desk::tenants::find(&state.ctx, named)
                    .await
                    .ok();
                if found != Some(own) {
                    let error = portero_flow::FlowError::NotFound {
                        what: "tenant",
                        name: named.to_owned(),
                    };
                    return Err(error.into());
                }
                own
            }
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
        Ok(Caller { principal, tenant })
    }
}

/// Login and logout of the pages.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/login", get(login))
        .route("/", get(|| async { Redirect::to("/phone") }))
}

#[derive(Deserialize)]
struct Login {
    code: String,
}

async fn login(
    State(state): State<AppState>,
    ApiQuery(login): ApiQuery<Login>,
) -> Result<Response, Problem> {
    let Some(tenant) = state.redeem(&login.code) else {
        return Err(Problem::unauthorized(
            "this login link was used or never existed; start the host again for a new one",
        ));
    };
    let order = TokenOrder {
        tenant,
        label: "page session",
        role: Role::Owner,
        lasts: state.jump.is_none().then_some(SESSION),
    };
    let token = access::create_token(&state.ctx, &order).await?.token;
    let seconds = SESSION.0 / 1_000;
    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    // Not a redirect: a Strict cookie set on a cross-site navigation would not follow it.
    let page = "<!doctype html><meta charset=utf-8><meta http-equiv=refresh content=\"0;url=/phone\"><title>Portero</title><a href=/phone>Portero</a>";
    let headers = [
        (header::SET_COOKIE, cookie),
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    Ok((headers, page).into_response())
}

/// In front of every page: the session's principal, and no request from another site.
pub async fn pages(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) && !same_origin(request.headers()) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "cross_site",
            "From another site",
            "pages of this host only take requests from themselves",
        ));
    }
    let token = cookie(request.headers());
    let principal = match token {
        Some(token) => access::authenticate(&state.ctx, &token).await?,
        None => None,
    };
    let Some(principal) = principal else {
        return Err(Problem::unauthorized(
            "open the login link that the host printed when it started (it works once)",
        ));
    };
    request.extensions_mut().insert(principal);
    Ok(next.run(request).await)
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .find_map(|pair| {
            pair.trim()
                .strip_prefix(COOKIE)?
                .strip_prefix('=')
                .map(str::to_owned)
        })
}

/// Browsers say where a request comes from; what does not say so is no browser's form.
fn same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    match (headers.get(header::ORIGIN), headers.get(header::HOST)) {
        (Some(origin), Some(host)) => {
            let origin = origin.to_str().unwrap_or_default();
            let host = host.to_str().unwrap_or_default();
            origin.split_once("://").is_some_and(|(_, o)| o == host)
        }
        (None, _) => true,
        _ => false,
    }
}
