//! `/_sim`: what only a simulator can do. JSON in, JSON out, errors as problem details.

mod beside;
mod chats;
mod clock;
mod faults;
mod look;
mod people;
pub(crate) mod problem;
mod templates;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use self::problem::Problem;
use crate::simulator::Simulator;

pub(crate) fn router() -> Router<Arc<Simulator>> {
    Router::new()
        .route("/world", get(look::world))
        .route("/idle", get(look::idle))
        .route("/requests", get(look::requests))
        .route("/messages", get(look::messages))
        .route("/messages/{wamid}", get(chats::one))
        .route("/people", get(people::list).post(people::upsert))
        .route("/people/{person}", get(people::one))
        .route("/people/{person}/say", post(chats::say))
        .route("/people/{person}/tap", post(chats::tap))
        .route("/people/{person}/thread", get(chats::thread))
        .route("/people/{person}/preference", post(people::preference))
        .route("/people/{person}/block", post(people::block))
        .route("/people/{person}/number", post(people::number))
        .route("/people/{person}/call", post(beside::call))
        .route("/people/{person}/agent", post(beside::agent))
        .route("/numbers/{number}", post(beside::quality))
        .route("/numbers/{number}/fail", post(beside::fail))
        .route("/accounts/{waba}", post(beside::news))
        .route("/clock", get(clock::show).post(clock::set))
        .route("/clock/jump", post(clock::jump))
        .route("/faults", get(faults::show).post(faults::set))
        .route(
            "/templates/{waba}/{name}/{language}",
            get(templates::show).post(templates::change),
        )
        .route("/webhooks", get(webhooks::log))
        .route("/webhooks/replay", post(webhooks::replay))
        .route("/webhooks/verify", post(webhooks::verify))
        .route("/callback", post(webhooks::callback))
        .fallback(nothing)
        .method_not_allowed_fallback(wrong_method)
}

async fn nothing() -> Problem {
    Problem::not_found("there is no such control path; see `/_sim/world`")
}

async fn wrong_method() -> Problem {
    Problem {
        status: 405,
        title: "Method not allowed",
        detail: "this control path takes another method".to_owned(),
    }
}
