//! What the doors write down: every change, and every look at a person, with its outcome.
//!
//! This is the one place. A handler says at most which tenant it reached ([`Reached`]).

use std::sync::{Arc, OnceLock};

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use portero_domain::access::{MASKED, Right};
use portero_domain::ids::TenantId;
use portero_flow::desk::access::Principal;
use portero_flow::desk::audit::{self, Act};
use portero_flow::{FlowError, desk};
use serde_json::{Value, json};

use crate::http::AppState;
use crate::http::problem::Problem;

/// Answers longer than this are not looked into for the id of what was made.
const LOOK_INTO: u64 = 64 * 1024;

/// Parameters that are no ids of ours and name no person either.
const PLAIN: &[(&str, &str)] = &[
    ("/v1/numbers/{id}", "id"),
    ("/v1/numbers/{id}/register", "id"),
    ("/v1/numbers/{id}/subscribe", "id"),
    ("/v1/apps/{app}", "app"),
    ("/v1/plugin-keys/{key}", "key"),
    ("/v1/plugin-keys/{key}/successor", "key"),
    ("/v1/registries/{id}", "id"),
    ("/v1/registries/{id}/copy", "id"),
];

/// Which tenant a request turned out to be about; whoever finds out says so.
#[derive(Clone, Default)]
pub(crate) struct Reached(Arc<OnceLock<TenantId>>);

impl Reached {
    pub(crate) fn say(&self, tenant: TenantId) {
        let _ = self.0.set(tenant);
    }
}

/// A request that will be written down.
pub(crate) struct Keeping {
    method: Method,
    path: String,
    /// Parameters of the path, by name.
    named: Vec<(String, String)>,
    /// Ids of ours in the query.
    asked: Vec<String>,
    /// Tenant that a page names, by slug or id.
    shop: Option<String>,
    page: bool,
    reached: Reached,
}

/// Begins to keep a request, if it is one to keep: what changes something, and what shows a person.
pub(crate) async fn begin(
    state: &AppState,
    principal: &Principal,
    request: Request,
    path: &str,
    rights: &[Right],
    page: bool,
) -> (Option<Keeping>, Request) {
    let look = matches!(*request.method(), Method::GET | Method::HEAD);
    let unmasked = MASKED.contains(&path) && principal.role.has(Right::SeePersonalData);
    if look && !rights.contains(&Right::SeePersonalData) && !unmasked {
        return (None, request);
    }
    let (mut parts, body) = request.into_parts();
    let mut keeping = read(&mut parts, path, page).await;
    // Afterwards a user that is removed has no name any more.
    if let Some((_, name)) = keeping.named.iter().find(|(name, _)| name == "user") {
        match audit::user(&state.ctx, principal.tenant, name).await {
            Ok(user) => keeping.asked.extend(user.map(|id| id.to_string())),
            Err(error) => tracing::error!(error.chain = %error.chain(), "a user was not looked up"),
        }
    }
    parts.extensions.insert(keeping.reached.clone());
    (Some(keeping), Request::from_parts(parts, body))
}

async fn read(parts: &mut Parts, path: &str, page: bool) -> Keeping {
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let named: Vec<(String, String)> = params
        .iter()
        .flatten()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let query = parts.uri.query().unwrap_or_default();
    let asked = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut shop = named
        .iter()
        .find(|(name, _)| name == "tenant")
        .map(|(_, value)| value.clone());
    let mut ids = Vec::new();
    for (name, value) in asked {
        if page && name == "shop" && shop.is_none() {
            shop = Some(value.to_owned());
        }
        if audit::is_id(value) && name != "after" {
            ids.push(value.to_owned());
        }
    }
    Keeping {
        // A router answers HEAD with the handler of GET.
        method: match parts.method {
            Method::HEAD => Method::GET,
            ref other => other.clone(),
        },
        path: path.to_owned(),
        named,
        asked: ids,
        shop,
        page,
        reached: Reached::default(),
    }
}

impl Keeping {
    /// Writes the request down with its answer. A look that cannot be written down is not answered.
    pub(crate) async fn end(
        self,
        state: &AppState,
        principal: &Principal,
        response: Response,
    ) -> Response {
        let look = self.method == Method::GET;
        let (response, made) = if look {
            (response, Value::Null)
        } else if let Some(made) = response.extensions().get::<audit::Made>() {
            let made = json!({ "id": made.id, "tenant": made.tenant });
            (response, made)
        } else {
            look_into(response).await
        };
        let status = response.status().as_u16();
        match self.write(state, principal, status, &made, look).await {
            Ok(()) => response,
            Err(error) => {
                tracing::error!(error.chain = %error.chain(), "the log of who did what was not written");
                if look {
                    Problem::from(error).into_response()
                } else {
                    response
                }
            }
        }
    }

    async fn write(
        &self,
        state: &AppState,
        principal: &Principal,
        status: u16,
        made: &Value,
        look: bool,
    ) -> Result<(), FlowError> {
        let tenant = self.tenant(state, principal, made).await?;
        let mut targets: Vec<String> = Vec::new();
        for (name, value) in &self.named {
            let plain = PLAIN.contains(&(self.path.as_str(), name.as_str()));
            let target = match tenant {
                _ if audit::is_id(value) || plain => Some(value.clone()),
                Some(tenant) if name != "tenant" && name != "user" => {
                    audit::person(&state.ctx, tenant, value).await?
                }
                _ => None,
            };
            targets.extend(target);
        }
        targets.extend(self.asked.iter().cloned());
        let made = ["/id", "/message/id", "/message/contact"].map(|place| made.pointer(place));
        let made = made.into_iter().flatten().filter_map(Value::as_str);
        targets.extend(made.filter(|id| audit::is_id(id)).map(str::to_owned));
        targets.retain(|t| !t.starts_with("ten_") || self.path == "/v1/tenants");
        let mut seen = std::collections::HashSet::new();
        targets.retain(|t| seen.insert(t.clone()));
        let act = Act {
            who: &principal.author(),
            token: Some(principal.token),
            tenant,
            operation: &format!("{} {}", self.method, self.path),
            targets,
            status,
            look,
        };
        audit::record(&state.ctx, &act).await
    }

    async fn tenant(
        &self,
        state: &AppState,
        principal: &Principal,
        made: &Value,
    ) -> Result<Option<TenantId>, FlowError> {
        if let Some(tenant) = principal.tenant.or_else(|| self.reached.0.get().copied()) {
            return Ok(Some(tenant));
        }
        if let Some(name) = &self.shop {
            return match desk::tenants::find(&state.ctx, name).await {
                Ok(tenant) => Ok(Some(tenant)),
                Err(FlowError::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            };
        }
        // A page that names no shop shows the first.
        if self.page && self.method == Method::GET {
            return audit::first_tenant(&state.ctx, principal).await;
        }
        Ok(made["tenant"].as_str().and_then(|t| t.parse().ok()))
    }
}

/// The answer, and its JSON when it is short.
async fn look_into(response: Response) -> (Response, Value) {
    let json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/json");
    let short = response.body().size_hint().exact();
    if !json || short.is_none_or(|bytes| bytes > LOOK_INTO) {
        return (response, Value::Null);
    }
    let (parts, body) = response.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(bytes) => {
            let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            (Response::from_parts(parts, Body::from(bytes)), value)
        }
        // A body of our own that was whole a moment ago.
        Err(_) => (Response::from_parts(parts, Body::empty()), Value::Null),
    }
}

/// Writes down a login or logout, which have no principal before.
pub(crate) async fn at_the_door(
    state: &AppState,
    who: &str,
    principal: Option<&Principal>,
    tenant: Option<TenantId>,
    operation: &str,
    status: u16,
) {
    let act = Act {
        who,
        token: principal.map(|p| p.token),
        tenant,
        operation,
        targets: Vec::new(),
        status,
        look: false,
    };
    if let Err(error) = audit::record(&state.ctx, &act).await {
        tracing::error!(error.chain = %error.chain(), "the log of who did what was not written");
    }
}
