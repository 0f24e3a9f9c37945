//! `GET /me`: one's own account: another password, and the sessions that are open.

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use portero_flow::FlowError;
use portero_flow::desk::access::{Principal, TokenView};
use portero_flow::desk::me::{self as desk, Changed, ComesFrom, NewOwn};
use portero_flow::desk::tenants;
use serde::Deserialize;

use crate::ConsoleState;
use crate::frame::{Frame, Visit, render};
use crate::problem::{Asks, Problem};
use crate::shown::{clock, time, to};
use crate::strings::Words;

/// Query of the page.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    did: Option<String>,
}

/// What the forms send. Without `Debug`: it may hold passwords.
#[derive(Default, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    current: String,
    #[serde(default)]
    new: String,
    #[serde(default)]
    again: String,
}

struct Session {
    id: String,
    this: bool,
    began: String,
    used: String,
    ends: String,
}

/// What is wrong, beside which field.
#[derive(Clone, Copy, Default)]
struct Wrong {
    current: &'static str,
    new: &'static str,
    again: &'static str,
}

#[derive(Template)]
#[template(path = "me.html")]
struct Page {
    f: Frame,
    w: Words,
    lang: &'static str,
    did: String,
    /// Empty for who has no password.
    name: String,
    role: String,
    changed: String,
    current: String,
    new: String,
    again: String,
    sessions: Vec<Session>,
}

/// The page.
pub(crate) async fn page(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let visit = visit(&state, &principal, &headers, asked.lang.as_deref());
    let did = match asked.did.as_deref() {
        Some("password") => "me.did.password",
        Some("end") => "me.did.end",
        _ => "",
    };
    show(visit, did, Wrong::default(), 0).await
}

fn visit<'a>(
    state: &'a ConsoleState,
    principal: &'a Principal,
    headers: &'a HeaderMap,
    lang: Option<&'a str>,
) -> Visit<'a> {
    Visit {
        state,
        principal,
        headers,
        entry: "/me",
        lang,
        shop: None,
    }
}

async fn show(
    visit: Visit<'_>,
    did: &'static str,
    wrong: Wrong,
    seconds: u64,
) -> Result<Response, Problem> {
    let (ctx, principal) = (&visit.state.ctx, visit.principal);
    let account = desk::account(ctx, principal).await?;
    let all = desk::sessions(ctx, principal).await?;
    let f = visit.of_all();
    let w = f.w;
    let words = |key: &'static str| match key {
        "" => String::new(),
        key => w.t(key).replace("{n}", &seconds.to_string()),
    };
    let shops = tenants::list(ctx, principal.tenant).await?;
    let zone = clock(&shops, principal.tenant);
    let session = |s: TokenView| Session {
        this: s.id == principal.token,
        id: s.id.to_string(),
        began: time(Some(&s.created_at), zone),
        used: time(s.last_used_at.as_deref(), zone),
        ends: time(s.expires_at.as_deref(), zone),
    };
    let role = w.t(&format!("role.{}", principal.role)).to_owned();
    Ok(render(&Page {
        lang: f.lang,
        did: words(did),
        changed: account
            .as_ref()
            .map(|a| time(Some(&a.password_at), zone))
            .unwrap_or_default(),
        name: account.map(|a| a.name).unwrap_or_default(),
        role,
        current: words(wrong.current),
        new: words(wrong.new),
        again: words(wrong.again),
        sessions: all.into_iter().map(session).collect(),
        w,
        f,
    }))
}

/// `POST …/password`: another password; every other session ends.
pub(crate) async fn password(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<ComesFrom>,
    headers: HeaderMap,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(sent) = form.map_err(|wrong| Problem::BadInput(wrong.body_text()))?;
    let lang = sent.lang.clone().unwrap_or_default();
    let visit = visit(&state, &principal, &headers, Some(&lang));
    let mut wrong = Wrong::default();
    if sent.new != sent.again {
        wrong.again = "me.wrong.again";
        return refused(visit, StatusCode::UNPROCESSABLE_ENTITY, wrong, 0).await;
    }
    let change = NewOwn::typed(sent.current, sent.new, from);
    match desk::change_password(&state.ctx, &principal, change).await {
        Ok(Changed::Done) => Ok(to("/me", &[("lang", &lang), ("did", "password")])),
        Ok(Changed::Wrong) => {
            wrong.current = "me.wrong.current";
            refused(visit, StatusCode::FORBIDDEN, wrong, 0).await
        }
        Ok(Changed::Wait(until)) => {
            let ms = until.0.saturating_sub(state.ctx.now().0);
            let seconds = u64::try_from(ms).unwrap_or_default().div_ceil(1_000);
            wrong.current = "me.wrong.wait";
            let mut page = refused(visit, StatusCode::TOO_MANY_REQUESTS, wrong, seconds).await?;
            page.headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
            Ok(page)
        }
        Err(FlowError::BadInput { field, .. }) if field == "password" => {
            wrong.new = "me.wrong.new";
            refused(visit, StatusCode::UNPROCESSABLE_ENTITY, wrong, 0).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn refused(
    visit: Visit<'_>,
    status: StatusCode,
    wrong: Wrong,
    seconds: u64,
) -> Result<Response, Problem> {
    let mut page = show(visit, "", wrong, seconds).await?;
    *page.status_mut() = status;
    Ok(page)
}

/// `POST …/end`: ends a session of one's own; the one this is, too.
pub(crate) async fn end(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(session): Path<String>,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(sent) = form.map_err(|wrong| Problem::BadInput(wrong.body_text()))?;
    let none = |_| Problem::NotFound { what: "session" };
    desk::end_session(&state.ctx, &principal, session.parse().map_err(none)?).await?;
    let lang = sent.lang.unwrap_or_default();
    Ok(to("/me", &[("lang", &lang), ("did", "end")]))
}
