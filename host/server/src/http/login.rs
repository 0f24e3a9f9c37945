//! Into the pages and out of them: name and password, the one-time link, logging out.

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts,
};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use portero_console::login::{LoginPage, Trouble};
use portero_domain::access::Role;
use portero_domain::clock::Ts;
use portero_flow::desk::access::{self, Principal, TokenOrder};
use portero_flow::desk::sessions::{self, DEVICE, Knock, Login, SESSION};
use secrecy::SecretString;
use serde::Deserialize;

use crate::http::AppState;
use crate::http::audit;
use crate::http::problem::Problem;
use crate::http::visitor::Visitor;

/// Cookie with the session.
pub(crate) const COOKIE: &str = "portero_session";
/// Cookie with what tells a browser that was here before.
const DEVICE_COOKIE: &str = "portero_device";
/// The first page of somebody who asked for none: every role may see it.
const HOME: &str = "/home";
/// Longest address to go on to after a login.
const NEXT_LIMIT: usize = 2_000;

/// Login and logout of the pages.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/login", get(show).post(enter))
        .route("/logout", post(leave))
        .route("/", get(|| async { Redirect::to(HOME) }))
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    next: Option<String>,
    #[serde(default)]
    lang: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: Option<String>,
    #[serde(default)]
    lang: Option<String>,
}

async fn show(
    State(state): State<AppState>,
    Query(asked): Query<Asked>,
    parts: Parts,
) -> Result<Response, Problem> {
    let next = asked.next.as_deref().and_then(onward);
    let page = page(asked.lang.as_deref(), &parts.headers, next, "");
    let Some(code) = asked.code else {
        // Who is in already is not asked again.
        if session(&state, &parts.headers).await?.is_some() {
            let next = next.unwrap_or(HOME);
            return Ok(see_other(next));
        }
        return Ok(page.render(None));
    };
    let Some(tenant) = state.redeem(&code) else {
        return Ok(page.render(Some(Trouble::LinkUsed)));
    };
    let order = TokenOrder {
        tenant,
        label: "page session",
        role: Role::Owner,
        lasts: state.jump.is_none().then_some(SESSION),
    };
    let token = access::create_token(&state.ctx, &order, None).await?;
    let token = token.token.unwrap_or_default();
    if let Some(principal) = access::authenticate(&state.ctx, &token).await? {
        let who = principal.author();
        audit::at_the_door(&state, &who, Some(&principal), tenant, "GET /login", 303).await;
    }
    let cookie = session_cookie(&token, state.front.visitor(&parts));
    Ok(with_cookies(see_other(next.unwrap_or(HOME)), [cookie]))
}

async fn enter(
    State(state): State<AppState>,
    parts: Parts,
    Form(entry): Form<Entry>,
) -> Result<Response, Problem> {
    let visitor = state.front.visitor(&parts);
    let next = entry.next.as_deref().and_then(onward);
    let device = cookie(&parts.headers, DEVICE_COOKIE);
    let knock = Knock {
        name: &entry.name,
        password: SecretString::from(entry.password),
        address: visitor.address,
        device: device.as_deref(),
        ends: state.jump.is_none(),
    };
    let page = page(entry.lang.as_deref(), &parts.headers, next, &entry.name);
    match sessions::log_in(&state.ctx, &knock).await? {
        Login::In(session) => {
            let principal = &session.principal;
            let (who, tenant) = (principal.author(), principal.tenant);
            audit::at_the_door(&state, &who, Some(principal), tenant, "POST /login", 303).await;
            let next = next.unwrap_or(HOME).to_owned();
            let cookies = [
                session_cookie(&session.token, visitor),
                device_cookie(&session.device, visitor),
            ];
            Ok(with_cookies(see_other(&next), cookies))
        }
        Login::Wrong(user) => {
            // What was typed instead of a name is kept nowhere.
            if let Some((user, tenant)) = user {
                let who = user.to_string();
                audit::at_the_door(&state, &who, None, tenant, "POST /login", 401).await;
            }
            Ok(page.render(Some(Trouble::Wrong)))
        }
        Login::Wait(until) => {
            let seconds = seconds_until(state.ctx.now(), until);
            let mut response = page.render(Some(Trouble::Wait { seconds }));
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            Ok(response)
        }
    }
}

async fn leave(State(state): State<AppState>, parts: Parts) -> Result<Response, Problem> {
    if let Some(principal) = session(&state, &parts.headers).await? {
        // Somebody else may have ended it in this moment.
        match access::revoke_token(&state.ctx, None, principal.token).await {
            Ok(()) | Err(portero_flow::FlowError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let who = principal.author();
        audit::at_the_door(
            &state,
            &who,
            Some(&principal),
            principal.tenant,
            "POST /logout",
            303,
        )
        .await;
    }
    let visitor = state.front.visitor(&parts);
    let gone = format!(
        "{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{}",
        secure(visitor)
    );
    Ok(with_cookies(see_other("/login"), [gone]))
}

/// Whoever the session cookie belongs to.
pub(crate) async fn session(
    state: &AppState,
    headers: &HeaderMap,
) -> Result<Option<Principal>, Problem> {
    Ok(match cookie(headers, COOKIE) {
        Some(token) => access::authenticate(&state.ctx, &token).await?,
        None => None,
    })
}

/// What somebody without a session is answered: a person the login page, a script that it has none.
pub(crate) fn ask_to_log_in(method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    if !accepts.is_some_and(|a| a.contains("text/html")) {
        let what = "open /login in a browser, or the link that the host printed when it started (it works once)";
        return Problem::unauthorized(what).into_response();
    }
    let asked = uri.path_and_query().map_or("/", |p| p.as_str());
    // A form that was sent is not sent again: only what can be looked at is gone on to.
    let next = onward(asked).filter(|_| matches!(*method, Method::GET | Method::HEAD));
    see_other(&match next {
        Some(next) => format!("/login?{}", encoded(next)),
        None => "/login".to_owned(),
    })
}

fn encoded(next: &str) -> String {
    let mut query = String::from("next=");
    for byte in next.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            query.push(char::from(byte));
        } else {
            query.push_str(&format!("%{byte:02X}"));
        }
    }
    query
}

/// An address of this host that a login may go on to; nothing that leads elsewhere or in a circle.
fn onward(next: &str) -> Option<&str> {
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let here = next.starts_with('/') && !next.starts_with("//");
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let circle = matches!(path, "/" | "/login" | "/logout");
    (plain && here && !circle && next.len() <= NEXT_LIMIT).then_some(next)
}

fn page<'a>(
    lang: Option<&str>,
    headers: &HeaderMap,
    next: Option<&'a str>,
    name: &'a str,
) -> LoginPage<'a> {
    let accepts = headers.get(header::ACCEPT_LANGUAGE);
    LoginPage {
        language: portero_console::login::language(lang, accepts.and_then(|v| v.to_str().ok())),
        next: next.unwrap_or_default(),
        name,
    }
}

fn seconds_until(now: Ts, until: Ts) -> u64 {
    u64::try_from(until.0.saturating_sub(now.0))
        .unwrap_or_default()
        .div_ceil(1_000)
}

fn see_other(to: &str) -> Response {
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (headers, Redirect::to(to)).into_response()
}

fn with_cookies<const N: usize>(mut response: Response, cookies: [String; N]) -> Response {
    for cookie in cookies {
        match HeaderValue::from_str(&cookie) {
            Ok(value) => {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
            Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
    response
}

/// A link from elsewhere opens the page it names (Lax); a form from elsewhere is refused by the layer in front.
fn session_cookie(token: &str, visitor: Visitor) -> String {
    let seconds = SESSION.0 / 1_000;
    format!(
        "{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{}",
        secure(visitor)
    )
}

fn device_cookie(device: &str, visitor: Visitor) -> String {
    let seconds = DEVICE.0 / 1_000;
    format!(
        "{DEVICE_COOKIE}={device}; Path=/login; Max-Age={seconds}; HttpOnly; SameSite=Lax{}",
        secure(visitor)
    )
}

const fn secure(visitor: Visitor) -> &'static str {
    if visitor.secure { "; Secure" } else { "" }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(HeaderName::from_static("cookie"))
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .find_map(|pair| {
            pair.trim()
                .strip_prefix(name)?
                .strip_prefix('=')
                .map(str::to_owned)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_goes_on_within_this_host_alone() {
        for good in [
            "/inbox",
            "/inbox/luna/con_1?lang=es&number=4",
            "/phone?next=//evil.example",
        ] {
            assert_eq!(onward(good), Some(good));
        }
        for bad in [
            "",
            "inbox",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "/ \t/evil.example",
            "/\n/evil.example",
            "/login",
            "/login?next=/login",
            "/logout",
            "/",
            "/ñ",
        ] {
            assert_eq!(onward(bad), None, "{bad:?}");
        }
        assert_eq!(onward(&format!("/{}", "a".repeat(NEXT_LIMIT))), None);
    }

    #[test]
    fn the_page_asked_for_survives_its_way_through_the_address() {
        let next = "/inbox/luna/+57?lang=es&shop=a%20b#x";
        let query = format!("/login?{}", encoded(next));
        let asked = Query::<Asked>::try_from_uri(&query.parse().unwrap())
            .unwrap()
            .0;
        assert_eq!(asked.next.as_deref(), Some(next));
    }

    #[test]
    fn one_cookie_is_told_from_another_that_begins_alike() {
        let mut headers = HeaderMap::new();
        headers.append(
            "cookie",
            "portero_session_x=1; portero_session=2".parse().unwrap(),
        );
        assert_eq!(cookie(&headers, COOKIE).as_deref(), Some("2"));
        assert_eq!(cookie(&headers, DEVICE_COOKIE), None);
    }
}
