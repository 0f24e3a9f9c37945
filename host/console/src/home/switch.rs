//! The stop switch of the first page: everything, a shop, or one number; and lifting it.

use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use portero_domain::ids::PhoneNumberId;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::tenants::{self, Reach, TenantView};
use serde::Deserialize;

use crate::frame::query;
use crate::problem::Problem;
use crate::{ConsoleState, reach};

/// Longest reason of a stop, in characters.
const REASON_MAX: usize = 500;

/// A form of the stop switch.
#[derive(Deserialize)]
pub(crate) struct Switch {
    #[serde(default)]
    lang: Option<String>,
    /// `all`, `shop` or the id of a number.
    #[serde(default)]
    scope: String,
    #[serde(default)]
    reason: String,
}

/// Nothing begins any more.
pub(crate) async fn stop(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(shop): Path<String>,
    Form(form): Form<Switch>,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let reason: String = form.reason.trim().chars().take(REASON_MAX).collect();
    let said = match scope(&principal, &tenant, &form.scope) {
        _ if reason.is_empty() => "no_reason",
        None => "no_scope",
        Some(reach) => turn(&state, &reach, Some(&reason), "stopped").await?,
    };
    Ok(back(&tenant, &form, said))
}

/// Sending goes on.
pub(crate) async fn resume(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(shop): Path<String>,
    Form(form): Form<Switch>,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let said = match scope(&principal, &tenant, &form.scope) {
        None => "no_scope",
        Some(reach) => turn(&state, &reach, None, "resumed").await?,
    };
    Ok(back(&tenant, &form, said))
}

async fn turn(
    state: &ConsoleState,
    reach: &Reach,
    reason: Option<&str>,
    done: &'static str,
) -> Result<&'static str, Problem> {
    match tenants::set_stop(&state.ctx, reach, reason).await {
        Ok(()) => Ok(done),
        // A number that is not this shop's is none.
        Err(FlowError::NotFound { .. }) => Ok("no_scope"),
        Err(error) => Err(error.into()),
    }
}

fn back(tenant: &TenantView, form: &Switch, said: &str) -> Response {
    let lang = form.lang.as_deref().unwrap_or_default();
    let fields = [
        ("lang", lang),
        ("shop", tenant.slug.as_str()),
        ("said", said),
    ];
    Redirect::to(&format!("{}#sending", query("/home", &fields))).into_response()
}

/// How far a form reaches; everything is the operator's alone.
fn scope(principal: &Principal, tenant: &TenantView, named: &str) -> Option<Reach> {
    match named {
        "all" => principal.tenant.is_none().then_some(Reach::All),
        "shop" => Some(Reach::Tenant(tenant.id)),
        number => PhoneNumberId::new(number).map(|n| Reach::Number(tenant.id, n)),
    }
}
