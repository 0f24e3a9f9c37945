//! Every route, in one readable list, grouped by who calls it.

mod answers;
pub mod api;
mod audit;
pub mod auth;
mod code_words;
pub mod codes;
pub mod doors;
mod etag;
pub mod health;
pub mod limits;
pub(crate) mod lines;
mod login;
pub mod metrics;
mod page;
pub mod problem;
mod proof;
mod visitor;
pub mod webhook;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use portero_console::ConsoleState;
use portero_domain::clock::JumpClock;
use portero_domain::ids::TenantId;
use portero_flow::Context;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use utoipa_axum::router::OpenApiRouter;

use crate::http::limits::{Limits, Rates};
use crate::http::problem::Problem;
use crate::sim_control::HttpControl;

pub use page::api_page;
pub use visitor::Front;

/// What handlers share.
#[derive(Clone)]
pub struct AppState {
    /// The corridor.
    pub ctx: Arc<Context>,
    /// The clock, when it may be moved.
    pub jump: Option<JumpClock>,
    /// The simulator, in the demo.
    pub simulator: Option<HttpControl>,
    /// The simulator that the outside world is, in the demo and where the Graph API is one on this machine.
    pub outside: Option<HttpControl>,
    /// What stands in front of this host.
    pub front: Front,
    /// How often may be asked.
    pub limits: Arc<Limits>,
    /// Login codes that were not used yet, with the tenant they open.
    codes: Arc<Mutex<HashMap<String, Option<TenantId>>>>,
}

impl AppState {
    /// Puts it together.
    #[must_use]
    pub fn new(
        ctx: Arc<Context>,
        jump: Option<JumpClock>,
        simulator: Option<HttpControl>,
        outside: Option<HttpControl>,
        front: Front,
        rates: &Rates,
    ) -> AppState {
        AppState {
            limits: Arc::new(Limits::new(rates, &ctx.clock)),
            ctx,
            jump,
            simulator,
            outside,
            front,
            codes: Arc::default(),
        }
    }

    /// A code that opens the pages once.
    #[must_use]
    pub fn one_time_code(&self, tenant: Option<TenantId>) -> String {
        let mut bytes = [0_u8; 16];
        self.ctx.ids.random(&mut bytes);
        let code = hex::encode(bytes);
        self.codes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(code.clone(), tenant);
        code
    }

    /// Uses a code up.
    pub(crate) fn redeem(&self, code: &str) -> Option<Option<TenantId>> {
        self.codes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(code)
    }
}

/// What `POST /v1/trigger` can make happen, each with what it needs.
#[must_use]
pub fn trigger_events() -> &'static [(&'static str, &'static str)] {
    api::trigger::EVENTS
}

/// The whole HTTP surface.
pub fn router(state: AppState) -> Router {
    let (api, doors) = documented();
    let (api, document) = api.split_for_parts();
    let document = axum::body::Bytes::from(answers::complete(&document).to_string());
    let api = api.route_layer(axum::middleware::from_fn_with_state(
        (state.clone(), Arc::new(doors)),
        auth::operations,
    ));
    let console = ConsoleState {
        ctx: Arc::clone(&state.ctx),
        simulator: state
            .simulator
            .clone()
            .map(|c| Arc::new(c) as Arc<dyn portero_console::SimulatorControl>),
    };
    let pages = portero_console::router(console)
        .route_layer(axum::middleware::from_fn_with_state(
            (state.clone(), Arc::new(doors::Doors::of_pages())),
            auth::pages,
        ))
        .merge(portero_console::assets());
    // A form of another site does nothing here, neither in the pages nor at their door.
    let own_site = own_site(&state.front);
    let pages = pages.layer(own_site.clone());
    let doors = login::routes().layer(own_site);
    Router::new()
        // Meta
        .merge(webhook::routes())
        // programs
        .merge(api)
        .route(
            "/openapi.json",
            get(move || async move { ([(header::CONTENT_TYPE, "application/json")], document) }),
        )
        // operators' tools
        .merge(health::routes())
        .merge(metrics::routes())
        // people
        .merge(doors)
        .merge(proof::routes())
        .with_state(state)
        .merge(pages)
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(DefaultBodyLimit::max(
            portero_flow::receive::BODY_LIMIT_BYTES,
        ))
        .layer(CatchPanicLayer::custom(problem::panicked))
}

/// Lets through what browsers say comes from these pages, and what no browser sent.
fn own_site(
    front: &Front,
) -> CsrfLayer<impl FnMut(ProtectionError) -> Response<Body> + Clone + Send + Sync + 'static> {
    let layer = CsrfLayer::new();
    let layer = match front.origin() {
        // A proxy may have put another `Host` in the place of the public one.
        Some(origin) => match layer.clone().add_trusted_origin(origin) {
            Ok(trusting) => trusting,
            Err(error) => {
                tracing::warn!(%error, "public_url is no address of a site; forms compare with `Host` alone");
                layer
            }
        },
        None => layer,
    };
    layer.with_rejection_response(|_| {
        Problem::of(
            codes::CROSS_SITE,
            "pages of this host only take requests from themselves",
        )
        .into_response()
    })
}

/// The document that `/openapi.json` shows.
#[must_use]
pub fn openapi() -> serde_json::Value {
    let (api, _) = documented();
    answers::complete(&api.split_for_parts().1)
}

/// The documented API with its OpenAPI document, and what each operation needs.
#[must_use]
pub fn documented() -> (OpenApiRouter<AppState>, doors::Doors) {
    api::routes()
}
