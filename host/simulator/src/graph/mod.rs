//! The Graph surface: every path that is not the control API.

mod answer;
mod auth;
mod block;
mod debug_token;
mod media;
mod nodes;
mod page;
mod params;
mod profile;
mod query;
mod read;
pub(crate) mod registration;
mod send;
mod subscriptions;
mod template_edit;
mod templates;
mod uploads;

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Response, header};
use serde_json::Value;

use self::answer::Answer;
use self::query::Query;
use crate::errors::GraphError;
use crate::media::DOWNLOAD;
use crate::media_types;
use crate::simulator::Simulator;
use crate::world::Seen;

/// More than Meta would read; what is longer is refused without being kept.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// An upload: the largest file and what is around it.
const MAX_UPLOAD: usize = media_types::LARGEST + 1024 * 1024;
/// Bodies up to this size are kept in the request log.
const LOGGED_BODY: usize = 64 * 1024;

/// One request, taken apart.
pub(crate) struct Call {
    method: Method,
    /// Path segments behind the version.
    path: Vec<String>,
    /// Major version of the path, when it has one.
    version: Option<u32>,
    query: Query,
    token: Option<String>,
    body: Bytes,
    content_type: Option<String>,
    /// `http://host` of the request, for `paging.next`.
    origin: String,
    /// The path as it came, for `paging.next`.
    raw_path: String,
}

/// Answers any Graph request.
pub(crate) async fn handle(
    State(simulator): State<Arc<Simulator>>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let method = parts.method.clone();
    let limit = if path.ends_with("/media") || path.contains("/upload:") {
        MAX_UPLOAD
    } else {
        MAX_BODY
    };
    let bytes = to_bytes(body, limit).await;
    let call = take_apart(&parts, bytes.as_ref().cloned().unwrap_or_default());
    let answer = match bytes {
        Ok(_) => dispatch(&simulator, &call).await,
        Err(_) => Err(GraphError::new(
            100,
            "the request body cannot be read or is too large",
        )),
    };
    finish(&simulator, &call, &method, &path, answer)
}

fn take_apart(parts: &axum::http::request::Parts, body: Bytes) -> Call {
    let mut path: Vec<String> = parts
        .uri
        .path()
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(query::decode)
        .collect();
    let version = path.first().and_then(|first| major_version(first));
    if version.is_some() {
        path.remove(0);
    }
    let text = |name: header::HeaderName| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let query = Query::parse(parts.uri.query().unwrap_or(""));
    let bearer = text(header::AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        // Resumable uploads are documented with the older scheme.
        ["bearer", "oauth"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
            .then(|| token.trim().to_owned())
    });
    let token = bearer.or_else(|| query.get("access_token").map(str::to_owned));
    let host = text(header::HOST).unwrap_or_else(|| "graph.sim.invalid".to_owned());
    Call {
        method: parts.method.clone(),
        path,
        version,
        query,
        token,
        body,
        content_type: text(header::CONTENT_TYPE),
        origin: format!("http://{host}"),
        raw_path: parts.uri.path().to_owned(),
    }
}

/// `v23.0` is 23.
fn major_version(segment: &str) -> Option<u32> {
    let (major, minor) = segment.strip_prefix('v')?.split_once('.')?;
    minor.parse::<u32>().ok()?;
    major.parse().ok()
}

async fn dispatch(simulator: &Arc<Simulator>, call: &Call) -> Result<Answer, GraphError> {
    {
        let mut world = simulator.world();
        // Where webhooks say that media is found: at the address the client used.
        world.origin.clone_from(&call.origin);
        if let Some(version) = call.version
            && !world.config.graph_version_any
            && !(20..=26).contains(&version)
        {
            return Err(GraphError::new(
                2635,
                "this simulator speaks v20.0 to v26.0",
            ));
        }
    }
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    if let Some(id) = path.first() {
        let now = simulator.clock.now();
        let mut world = simulator.world();
        let limit = world.config.management_calls_per_hour;
        if let Some(waba) = world.by_waba.get(*id).copied() {
            world.wabas[waba].usage.take(limit, now)?;
        }
    }
    match (call.method.as_str(), path.as_slice()) {
        ("POST", [number, "messages"]) => send::messages(simulator, call, number),
        ("POST", [number, "register"]) => registration::register(simulator, call, number),
        ("POST", [number, "deregister"]) => registration::deregister(simulator, call, number),
        ("POST", [number, "marketing_messages"]) => send::marketing(simulator, call, number),
        ("POST", [number, "media"]) => media::upload(simulator, call, number).await,
        ("GET", path) if path == DOWNLOAD => media::download(simulator, call),
        ("DELETE", [id]) => media::delete(simulator, call, id),
        ("GET", [waba, "message_templates"]) => templates::list(simulator, call, waba),
        ("POST", [waba, "message_templates"]) => template_edit::create(simulator, call, waba),
        ("DELETE", [waba, "message_templates"]) => template_edit::delete(simulator, call, waba),
        ("POST", [template, "unpause"]) => template_edit::unpause(simulator, call, template),
        ("GET", [number, "whatsapp_business_profile"]) => profile::get(simulator, call, number),
        ("POST", [number, "whatsapp_business_profile"]) => profile::set(simulator, call, number),
        ("GET", [number, "block_users"]) => block::list(simulator, call, number),
        ("POST", [number, "block_users"]) => block::add(simulator, call, number),
        ("DELETE", [number, "block_users"]) => block::remove(simulator, call, number),
        ("GET", [waba, "phone_numbers"]) => nodes::phone_numbers(simulator, call, waba),
        ("GET", [waba, "subscribed_apps"]) => subscriptions::list(simulator, call, waba),
        ("POST", [waba, "subscribed_apps"]) => subscriptions::add(simulator, call, waba).await,
        ("DELETE", [waba, "subscribed_apps"]) => subscriptions::remove(simulator, call, waba),
        ("GET", ["debug_token"]) => debug_token::show(simulator, call),
        ("GET", [id]) => {
            media::get(simulator, call, id).unwrap_or_else(|| nodes::get(simulator, call, id))
        }
        ("POST", [_, "uploads"]) => uploads::begin(simulator, call),
        ("POST", [id]) if id.starts_with("upload:") => uploads::bytes(simulator, call, id),
        ("POST", [id]) => template_edit::edit(simulator, call, id),
        _ => Err(GraphError::new(
            2500,
            format!("{} is not supported on this path", call.method),
        )),
    }
}

/// Logs and builds the answer.
fn finish(
    simulator: &Simulator,
    call: &Call,
    method: &Method,
    path: &str,
    answer: Result<Answer, GraphError>,
) -> Response<Body> {
    let now = simulator.clock.now();
    let mut world = simulator.world();
    let body = if call.body.len() <= LOGGED_BODY {
        let read = serde_json::from_slice::<Value>(&call.body).ok();
        match call.path.last().map(String::as_str) {
            Some("register") => read.map(registration::without_pin),
            _ => read,
        }
    } else {
        None
    };
    let fbtrace_id = world.chance.fbtrace_id();
    let (status, code, value, file, answered) = match answer {
        Ok(Answer {
            body,
            file,
            status,
            lost,
        }) => (status, None, body, file, !lost),
        Err(error) => (
            error.http(),
            Some(error.code),
            error.body(&fbtrace_id),
            None,
            true,
        ),
    };
    world.log_request(Seen {
        at: now,
        method: method.to_string(),
        path: path.to_owned(),
        status,
        code,
        body,
        answered,
    });
    let usage = answer::usage_of(&world, call, now);
    drop(world);
    // Whatever happened may have queued something.
    simulator.wake();
    if answered {
        answer::respond(status, &value, file, &fbtrace_id, usage, call.version)
    } else {
        answer::hang_up()
    }
}
