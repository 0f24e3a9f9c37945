//! The account, the queues, the stop switch, the simulated clock.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use portero_domain::clock::{Clock as _, Millis};
use portero_domain::ids::PhoneNumberId;
use portero_flow::desk::account::{self, AccountView, IdleView};
use portero_flow::desk::clock;
use portero_flow::desk::home::{self, OverviewView};
use portero_flow::desk::tenants::{self, Reach};
use serde::{Deserialize, Serialize};

use crate::http::AppState;
use crate::http::api::ApiJson;
use crate::http::api::tokens::bad;
use crate::http::audit::Reached;
use crate::http::auth::{Anyone, Caller, Operator};
use crate::http::codes;
use crate::http::problem::Problem;

/// The account: proposed = resting + final. Of the tenant; for an operator of the whole server.
#[utoipa::path(get, path = "/v1/account", responses(
    (status = 200, body = AccountView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn account(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
) -> Result<Json<AccountView>, Problem> {
    Ok(Json(account::account(&state.ctx, principal.tenant).await?))
}

/// The tenant at a glance: whether it sends, how its numbers are, what needs somebody, what today came to, what the month costs.
#[utoipa::path(get, path = "/v1/overview", responses(
    (status = 200, body = OverviewView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn overview(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<OverviewView>, Problem> {
    Ok(Json(home::overview(&state.ctx, caller.tenant).await?))
}

/// Whether all queues of this server are empty: scripts wait for this instead of sleeping.
#[utoipa::path(get, path = "/v1/idle", responses(
    (status = 200, body = IdleView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn idle(
    State(state): State<AppState>,
    _: Anyone,
) -> Result<Json<IdleView>, Problem> {
    Ok(Json(account::idle(&state.ctx).await?))
}

/// What to stop or resume.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopRequest {
    /// Every tenant (operator only).
    #[serde(default)]
    all: bool,
    /// Tenant by slug or id; a tenant's token means its own.
    #[serde(default)]
    tenant: Option<String>,
    /// Only this number of the tenant.
    #[serde(default)]
    phone_number_id: Option<String>,
    /// Kept with the stop and shown.
    #[serde(default)]
    reason: Option<String>,
}

/// Stop sending. No attempt begins after this is answered.
#[utoipa::path(post, path = "/v1/stop", request_body = StopRequest, responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn stop(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    reached: Option<Extension<Reached>>,
    ApiJson(request): ApiJson<StopRequest>,
) -> Result<StatusCode, Problem> {
    let reason = request
        .reason
        .clone()
        .unwrap_or_else(|| "stopped through the API".to_owned());
    let reach = reach(&state, principal.tenant, &request).await?;
    tell(reached, &reach);
    tenants::set_stop(&state.ctx, &reach, Some(&reason)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let sending go on.
#[utoipa::path(post, path = "/v1/resume", request_body = StopRequest, responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn resume(
    State(state): State<AppState>,
    Anyone(principal): Anyone,
    reached: Option<Extension<Reached>>,
    ApiJson(request): ApiJson<StopRequest>,
) -> Result<StatusCode, Problem> {
    let reach = reach(&state, principal.tenant, &request).await?;
    tell(reached, &reach);
    tenants::set_stop(&state.ctx, &reach, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The tenant that a body names reads it in its own log.
fn tell(reached: Option<Extension<Reached>>, reach: &Reach) {
    if let (Some(Extension(reached)), Reach::Tenant(tenant) | Reach::Number(tenant, _)) =
        (reached, reach)
    {
        reached.say(*tenant);
    }
}

async fn reach(
    state: &AppState,
    own: Option<portero_domain::ids::TenantId>,
    request: &StopRequest,
) -> Result<Reach, Problem> {
    if request.all {
        return match own {
            None => Ok(Reach::All),
            Some(_) => Err(Problem::of(
                codes::OPERATOR_ONLY,
                "a tenant's token stops its own tenant: leave `all` out",
            )),
        };
    }
    let tenant = match (own, request.tenant.as_deref()) {
        (Some(own), None) => own,
        (Some(own), Some(named)) => {
            let found = tenants::find(&state.ctx, named).await.ok();
            if found != Some(own) {
                return Err(portero_flow::FlowError::NotFound {
                    what: "tenant",
                    name: named.to_owned(),
                }
                .into());
            }
            own
        }
        (None, Some(named)) => tenants::find(&state.ctx, named).await?,
        (None, None) => {
            return Err(Problem::bad(
                "say what: `all`, or `tenant` (and `phone_number_id`)",
            ));
        }
    };
    Ok(match request.phone_number_id.as_deref() {
        Some(text) => {
            let number = PhoneNumberId::new(text)
                .ok_or_else(|| Problem::bad("phone_number_id: 1 to 64 bytes"))?;
            Reach::Number(tenant, number)
        }
        None => Reach::Tenant(tenant),
    })
}

/// Farthest jump of the clock at a time: ten years.
const JUMP_LIMIT: Millis = Millis::days(3_650);

/// How far to move the clock.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JumpRequest {
    /// Milliseconds forward: 0 to ten years.
    ms: i64,
}

/// Where the clock stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct JumpView {
    /// RFC 3339.
    now: String,
}

/// Move the simulated clock (operator, simulation only).
#[utoipa::path(post, path = "/v1/clock/jump", request_body = JumpRequest, responses(
    (status = 200, body = JumpView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn jump(
    State(state): State<AppState>,
    _: Operator,
    ApiJson(request): ApiJson<JumpRequest>,
) -> Result<Json<JumpView>, Problem> {
    let Some(jumping) = &state.jump else {
        return Err(Problem::of(
            codes::REAL_CLOCK,
            "only a host of the demo runs on a simulated clock",
        ));
    };
    if !(0..=JUMP_LIMIT.0).contains(&request.ms) {
        let why = format!("{}; 0 to {} (ten years)", request.ms, JUMP_LIMIT.0);
        return Err(bad("ms", why));
    }
    clock::jump(&state.ctx, jumping, Millis(request.ms)).await;
    Ok(Json(JumpView {
        now: jumping.now().rfc3339(),
    }))
}
