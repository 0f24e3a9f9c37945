//! `/_sim`: what only a simulator can do. JSON in, JSON out, errors as problem details.

mod accounts;
mod beside;
mod chats;
mod clock;
mod faults;
mod look;
mod openapi;
mod people;
pub(crate) mod problem;
mod routes;
mod templates;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;

use self::problem::Problem;
use crate::simulator::Simulator;

/// A whole world with its files, at most.
const LARGEST: usize = 512 * 1024 * 1024;

pub(crate) fn router() -> Router<Arc<Simulator>> {
    routes::all()
        .into_iter()
        .fold(Router::new(), |router, route| {
            router.route(route.path, route.answers)
        })
        .layer(DefaultBodyLimit::max(LARGEST))
        .fallback(nothing)
        .method_not_allowed_fallback(wrong_method)
}

async fn nothing() -> Problem {
    Problem::not_found("there is no such control path; see `/_sim/openapi.json`")
}

async fn wrong_method() -> Problem {
    Problem {
        status: 405,
        title: "Method not allowed",
        detail: "this control path takes another method".to_owned(),
    }
}
