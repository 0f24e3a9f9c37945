//! `/v1`: the documented API. Router and OpenAPI document come from one list.

mod campaigns;
mod contacts;
mod events;
mod handovers;
mod imports;
mod messages;
mod operator;
mod plugins;
mod reports;
mod sandbox;
mod segments;
mod sending;
pub(crate) mod trigger;
mod webhooks;

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::http::AppState;
use crate::http::problem::Problem;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Portero",
        description = "WhatsApp Business messaging where bots propose, the gate judges, and only what it clears leaves. \
                       A refusal is an answer, not an error: look at `verdict`."
    ),
    components(schemas(Problem)),
    modifiers(&Bearer)
)]
struct Document;

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{
            Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
        };
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme(
            "bearer",
            SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
        );
        document.security = Some(vec![SecurityRequirement::new(
            "bearer",
            Vec::<String>::new(),
        )]);
    }
}

/// Routes of `/v1` with their document.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(messages::list, messages::propose))
        .routes(routes!(messages::get))
        .routes(routes!(messages::verdicts))
        .routes(routes!(messages::verdict))
        .routes(routes!(messages::why))
        .routes(routes!(events::inbox))
        .routes(routes!(events::inbox_counts))
        .routes(routes!(events::inbox_one))
        .routes(routes!(events::accept))
        .routes(routes!(contacts::list, contacts::put))
        .routes(routes!(contacts::get, contacts::put_one))
        .routes(routes!(contacts::consent))
        .routes(routes!(contacts::consents))
        .routes(routes!(contacts::block))
        .routes(routes!(contacts::hand_over))
        .routes(routes!(contacts::give_back))
        .routes(routes!(handovers::list))
        .routes(routes!(handovers::get))
        .routes(routes!(handovers::answer))
        .routes(routes!(handovers::give_back))
        .routes(routes!(
            handovers::answer_within,
            handovers::set_answer_within
        ))
        // A component may be 32 MiB; one byte more is told apart from one that is merely cut off.
        .routes(
            routes!(plugins::list, plugins::install).layer(DefaultBodyLimit::max(33 * 1024 * 1024)),
        )
        .routes(routes!(imports::export))
        .routes(routes!(imports::list, imports::create))
        .routes(routes!(imports::get))
        .routes(routes!(imports::faults))
        // A file is read as it comes in: it may be of any size.
        .routes(routes!(imports::rows).layer(DefaultBodyLimit::disable()))
        .routes(routes!(segments::list))
        .routes(routes!(segments::rebuild))
        .routes(routes!(segments::members))
        .routes(routes!(campaigns::list, campaigns::create))
        .routes(routes!(campaigns::get))
        .routes(routes!(campaigns::plan, campaigns::show_plan))
        .routes(routes!(campaigns::approve))
        .routes(routes!(campaigns::run))
        .routes(routes!(campaigns::pause))
        .routes(routes!(campaigns::resume))
        .routes(routes!(campaigns::stop))
        .routes(routes!(campaigns::people))
        .routes(routes!(campaigns::export))
        .routes(routes!(plugins::templates))
        .routes(routes!(plugins::sync_templates))
        .routes(routes!(plugins::wording))
        .routes(routes!(reports::list))
        .routes(routes!(reports::show))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::kinds))
        .routes(routes!(webhooks::get, webhooks::remove))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::enable))
        .routes(routes!(webhooks::replay))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::delivery))
        .routes(routes!(sending::account))
        .routes(routes!(sending::idle))
        .routes(routes!(sending::stop))
        .routes(routes!(sending::resume))
        .routes(routes!(sending::jump))
        .routes(routes!(trigger::trigger))
        .routes(routes!(operator::tenants, operator::create_tenant))
        .routes(routes!(operator::policy, operator::set_policy))
        .routes(routes!(operator::numbers, operator::put_number))
        .routes(routes!(operator::number))
        .routes(routes!(operator::history))
        .routes(routes!(operator::sync_numbers))
        .routes(routes!(operator::put_app))
        .routes(routes!(sandbox::list))
        .routes(routes!(sandbox::put, sandbox::remove))
        .routes(routes!(operator::create_token))
        .routes(routes!(operator::revoke_token))
}

/// A JSON body whose faults are problem details too.
pub(crate) struct ApiJson<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for ApiJson<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let Json(value) = Json::<T>::from_request(request, state).await?;
        Ok(ApiJson(value))
    }
}

/// A path parameter whose faults are problem details too.
pub(crate) struct ApiPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for ApiPath<T> {
    type Rejection = Problem;
    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &AppState,
    ) -> Result<Self, Problem> {
        let axum::extract::Path(value) =
            axum::extract::Path::<T>::from_request_parts(parts, state).await?;
        Ok(ApiPath(value))
    }
}

/// A query string whose faults are problem details too.
pub(crate) struct ApiQuery<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for ApiQuery<T> {
    type Rejection = Problem;
    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &AppState,
    ) -> Result<Self, Problem> {
        let axum::extract::Query(value) =
            axum::extract::Query::<T>::from_request_parts(parts, state).await?;
        Ok(ApiQuery(value))
    }
}

/// Where a list begins and how long it may be.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// Rows, 1 to 200; 50 when absent.
    pub(crate) limit: Option<usize>,
    /// `next_cursor` of the page before.
    pub(crate) after: Option<String>,
}

pub(crate) fn parse_id<T: std::str::FromStr>(text: &str) -> Result<T, Problem>
where
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|e: T::Err| Problem::bad(e.to_string()))
}
