//! The pages: rendered here, filled from JSON endpoints of their own, kept live by events.
//!
//! Who is asking was settled before: the server's middleware puts a
//! [`Principal`](portero_flow::desk::access::Principal) into every request's extensions. The
//! simulator is reached only through [`SimulatorControl`], which the server implements over HTTP.

#![forbid(unsafe_code)]

mod access;
mod acts;
mod assets;
mod audit;
mod bubble;
mod campaigns;
mod checklist;
mod connect;
mod consents;
mod contact_card;
mod contacts;
mod conversation;
mod csv;
mod denied;
mod dials;
mod doors;
mod events;
mod fate;
mod figures;
mod frame;
mod home;
mod imports;
mod inbox;
mod languages;
pub mod login;
mod me;
mod messages;
mod page;
mod people;
mod plugins;
mod policy;
mod posted;
mod problem;
pub mod proof;
mod reach;
mod record;
mod retention;
mod sandbox;
mod segments;
mod shown;
mod simulated;
mod strings;
mod templates;
mod tenants;
mod their_clock;
mod thread;
mod trouble;
mod verdicts;
mod webhooks;
mod wordings;

use std::sync::Arc;

use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{Redirect, Response};
use portero_domain::access::{Door, Right};
use portero_flow::Context;

use crate::doors::Pages;

/// What the pages may do in a browser: load from this server and talk to it, nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
    base-uri 'none'";

/// The simulator's control surface, wherever it runs.
///
/// Errors are one sentence for a person, as the simulator (or its absence) worded it.
#[async_trait::async_trait]
pub trait SimulatorControl: Send + Sync {
    /// `GET path`, answered with JSON.
    async fn get(&self, path: &str) -> Result<serde_json::Value, String>;
    /// `POST path` with a JSON body, answered with JSON.
    async fn post(&self, path: &str, body: serde_json::Value) -> Result<serde_json::Value, String>;
}

/// What the pages need.
#[derive(Clone)]
pub struct ConsoleState {
    /// The corridor, for its application services.
    pub ctx: Arc<Context>,
    /// The pretend Meta; `None` where there is none, and the page says so.
    pub simulator: Option<Arc<dyn SimulatorControl>>,
}

/// Every page and its endpoints: `/home`, `/phone`, `/inbox`, `/verdicts`, `/figures` and `/console/…`.
///
/// The caller must have put a `Principal` into the request's extensions, and must refuse
/// cross-site requests; requests of the page carry `x-portero-console: 1`. Whether the principal's
/// role has the rights of a page is asked here.
pub fn router(state: ConsoleState) -> Router {
    let (router, doors) = pages().finish();
    router
        .route_layer(axum::middleware::from_fn_with_state(
            Arc::new(doors),
            doors::check,
        ))
        .with_state(state)
        .layer(axum::middleware::map_response(guard))
}

/// Styles, scripts and the icon: the same for everybody, and for the login page too.
pub fn assets() -> Router {
    Router::new()
        .route("/console/assets/{name}", axum::routing::get(assets::serve))
        .layer(axum::middleware::map_response(guard))
}

/// Every address of the pages with the rights it needs.
#[must_use]
pub fn doors() -> Vec<Door> {
    pages().finish().1
}

fn pages() -> Pages {
    let managing: [fn(Pages) -> Pages; 13] = [
        campaigns::pages,
        connect::pages,
        dials::pages,
        templates::pages,
        segments::pages,
        plugins::pages,
        webhooks::pages,
        policy::pages,
        retention::pages,
        tenants::pages,
        sandbox::pages,
        imports::pages,
        wordings::pages,
    ];
    managing
        .into_iter()
        .fold(first_pages(), |pages, add| add(pages))
}

fn first_pages() -> Pages {
    use Right::{Edit, ManageAccess, Read, ReadAudit, SeePersonalData, Send, Stop};
    Pages::default()
        .get("/phone", &[Read, SeePersonalData], page::phone)
        .get("/console", &[Read], || async { Redirect::to("/home") })
        .get("/home", &[Read], home::page)
        .post("/console/home/{tenant}/stop", &[Stop], home::stop)
        .post("/console/home/{tenant}/resume", &[Send], home::resume)
        .get("/figures", &[Read], figures::page)
        .get("/checklist", &[Read], checklist::page)
        .get("/checklist/asked", &[Read, Edit], checklist::asked)
        .get("/audit", &[ReadAudit], audit::page)
        // Everybody has an account of their own.
        .get("/me", &[Read], me::page)
        .post("/console/me/password", &[Read], me::password)
        .post("/console/me/sessions/{session}/end", &[Read], me::end)
        .get("/access", &[ManageAccess], access::page)
        .post("/console/access/users", &[ManageAccess], access::add_user)
        .post(
            "/console/access/users/{user}/role",
            &[ManageAccess],
            access::set_role,
        )
        .post(
            "/console/access/users/{user}/password",
            &[ManageAccess],
            access::new_password,
        )
        .post(
            "/console/access/users/{user}/remove",
            &[ManageAccess],
            access::remove_user,
        )
        .post("/console/access/tokens", &[ManageAccess], access::add_token)
        .post(
            "/console/access/tokens/{token}/end",
            &[ManageAccess],
            access::end_token,
        )
        // Masked for whoever may not see people, as `/verdicts` and `/inbox`: see `access::MASKED`.
        .get("/contacts", &[Read], contacts::list)
        .get(
            "/contacts/{tenant}/{who}",
            &[Read, SeePersonalData],
            contacts::one,
        )
        .post(
            "/console/contacts/{tenant}/{who}/withdraw",
            &[Edit, SeePersonalData],
            contacts::withdraw,
        )
        .get(
            "/console/contacts/{tenant}/{who}/export",
            &[Read, SeePersonalData],
            contacts::export,
        )
        .get(
            "/contacts/{tenant}/{who}/erase",
            &[Read, SeePersonalData],
            contacts::erasure,
        )
        .post(
            "/console/contacts/{tenant}/{who}/erase",
            &[Edit, SeePersonalData],
            contacts::erase,
        )
        .post(
            "/console/contacts/{tenant}/{who}/agree",
            &[Edit, SeePersonalData],
            contacts::agree,
        )
        .post(
            "/console/contacts/{tenant}/{who}/ask",
            &[Send, SeePersonalData],
            contacts::ask,
        )
        .post(
            "/console/contacts/{tenant}/{who}/block",
            &[Edit, SeePersonalData],
            contacts::block,
        )
        .post(
            "/console/contacts/{tenant}/{who}/take",
            &[Edit, SeePersonalData],
            contacts::take,
        )
        .post(
            "/console/contacts/{tenant}/{who}/tags",
            &[Edit, SeePersonalData],
            contacts::tags,
        )
        .get(
            "/console/contacts/{tenant}/csv",
            &[Read, SeePersonalData],
            csv::people,
        )
        .get(
            "/console/campaigns/{tenant}/{id}/export",
            &[Read, SeePersonalData],
            csv::campaign,
        )
        .get("/consents", &[Read, SeePersonalData], consents::page)
        .get("/messages", &[Read, SeePersonalData], messages::page)
        .get("/verdicts", &[Read], verdicts::list)
        .get(
            "/verdicts/{tenant}/{id}",
            &[Read, SeePersonalData],
            verdicts::one,
        )
        .post(
            "/console/verdicts/{tenant}/{id}/links",
            &[Read, SeePersonalData],
            verdicts::make_link,
        )
        .post(
            "/console/verdicts/{tenant}/{id}/links/{link}/end",
            &[Read, SeePersonalData],
            verdicts::end_link,
        )
        .get("/inbox", &[Read], inbox::list)
        .get(
            "/inbox/{tenant}/{who}",
            &[Read, SeePersonalData],
            inbox::one,
        )
        .post(
            "/console/inbox/{tenant}/{who}/answer",
            &[Send, SeePersonalData],
            inbox::answer,
        )
        .post(
            "/console/inbox/{tenant}/{who}/template",
            &[Send, SeePersonalData],
            inbox::template,
        )
        .post(
            "/console/inbox/{tenant}/{who}/give-back",
            &[Edit, SeePersonalData],
            inbox::give_back,
        )
        .get("/console/events", &[Read], events::stream)
        .get(
            "/console/phone/{tenant}/people",
            &[Read, SeePersonalData],
            people::list,
        )
        .get(
            "/console/phone/{tenant}/thread",
            &[Read, SeePersonalData],
            thread::get,
        )
        .post(
            "/console/phone/{tenant}/say",
            &[Edit, SeePersonalData],
            acts::say,
        )
        .post(
            "/console/phone/{tenant}/tap",
            &[Edit, SeePersonalData],
            acts::tap,
        )
        .post(
            "/console/phone/{tenant}/preference",
            &[Edit, SeePersonalData],
            acts::preference,
        )
        .post("/console/phone/{tenant}/jump", &[Edit], acts::jump)
        .post(
            "/console/phone/{tenant}/block",
            &[Edit, SeePersonalData],
            acts::block,
        )
        .post(
            "/console/phone/{tenant}/report",
            &[Edit, SeePersonalData],
            acts::report,
        )
        .post(
            "/console/phone/{tenant}/number",
            &[Edit, SeePersonalData],
            acts::number,
        )
        .post(
            "/console/phone/{tenant}/username",
            &[Edit, SeePersonalData],
            acts::username,
        )
        .get(
            "/console/phone/{tenant}/webhooks",
            &[Read, SeePersonalData],
            posted::list,
        )
        .post(
            "/console/phone/{tenant}/give-back",
            &[Edit, SeePersonalData],
            acts::give_back,
        )
}

/// The same protective headers on everything that leaves here.
async fn guard(response: Response) -> Response {
    guarded(response)
}

fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 3] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Assets say their own; what shows people is not kept anywhere.
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
