//! `GET /access`: who may come in, people and programs; made, changed and ended here. Secrets are shown once.

use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use portero_domain::access::Role;
use portero_domain::clock::Millis;
use portero_domain::ids::{TenantId, TokenId};
use portero_flow::FlowError;
use portero_flow::desk::access::{self, Principal, TokenOrder, TokenView};
use portero_flow::desk::audit;
use portero_flow::desk::tenants::{self, TenantView};
use portero_flow::desk::users::{self, UserOrder, UserView};
use serde::Deserialize;

use crate::frame::Frame;
use crate::languages;
use crate::problem::{Asks, Problem};
use crate::shown::{clock, time};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Longest life of a token, days.
const LIFE_LIMIT_DAYS: u32 = 3_650;

/// Query of the page.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
}

/// A form that makes a user.
#[derive(Deserialize)]
pub(crate) struct NewUser {
    lang: Option<String>,
    name: String,
    role: String,
    #[serde(default)]
    shop: String,
}

/// A form that makes a token.
#[derive(Deserialize)]
pub(crate) struct NewToken {
    lang: Option<String>,
    label: String,
    role: String,
    #[serde(default)]
    shop: String,
    #[serde(default)]
    days: String,
}

/// A form about one user or token.
#[derive(Deserialize)]
pub(crate) struct One {
    lang: Option<String>,
    #[serde(default)]
    role: String,
}

struct User {
    id: String,
    name: String,
    role: Role,
    shop: String,
    last: String,
}

struct Token {
    id: String,
    label: String,
    role: Role,
    shop: String,
    last: String,
    ends: String,
}

/// What was made a moment ago.
struct Made {
    id: String,
    tenant: Option<TenantId>,
    what: String,
    secret: String,
}

#[derive(Template)]
#[template(path = "access.html")]
struct Page {
    f: Frame,
    w: Words,
    lang: &'static str,
    roles: [Role; 6],
    /// Shops that a new user or token may be of; empty: the caller's own.
    shops: Vec<(String, String)>,
    users: Vec<User>,
    tokens: Vec<Token>,
    made: Option<Made>,
    trouble: String,
}

impl Page {
    /// A role in the words of the page.
    fn role(&self, role: impl std::borrow::Borrow<Role>) -> &'static str {
        self.w.t(match role.borrow() {
            Role::Owner => "role.owner",
            Role::Operator => "role.operator",
            Role::Approver => "role.approver",
            Role::Developer => "role.developer",
            Role::Auditor => "role.auditor",
            Role::Viewer => "role.viewer",
        })
    }
}

/// The page.
pub(crate) async fn page(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let w = words(asked.lang.as_deref(), &headers);
    show(&state, &principal, w, Ok(None)).await
}

/// Makes a user with a password that is shown once.
pub(crate) async fn add_user(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    Form(form): Form<NewUser>,
) -> Result<Response, Problem> {
    let w = words(form.lang.as_deref(), &headers);
    let order = UserOrder {
        tenant: whose(&state, &principal, &form.shop).await?,
        name: &form.name,
        role: role(&form.role)?,
        password: None,
    };
    let made = users::add(&state.ctx, order, None).await.map(once);
    show(&state, &principal, w, made).await
}

/// Makes a token that is shown once.
pub(crate) async fn add_token(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    Form(form): Form<NewToken>,
) -> Result<Response, Problem> {
    let w = words(form.lang.as_deref(), &headers);
    let lasts = match form.days.trim() {
        "" => None,
        days => match days.parse::<u32>() {
            Ok(days) if (1..=LIFE_LIMIT_DAYS).contains(&days) => Some(Millis::days(days.into())),
            _ => return Err(Problem::BadInput(format!("1 to {LIFE_LIMIT_DAYS} days"))),
        },
    };
    let order = TokenOrder {
        tenant: whose(&state, &principal, &form.shop).await?,
        label: &form.label,
        role: role(&form.role)?,
        lasts,
    };
    let made = access::create_token(&state.ctx, &order, None).await;
    let made = made.map(|made| {
        Some(Made {
            id: made.id.to_string(),
            tenant: made.tenant,
            what: made.label,
            secret: made.token.unwrap_or_default(),
        })
    });
    show(&state, &principal, w, made).await
}

/// Gives a user another password, shown once.
pub(crate) async fn new_password(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(user): Path<String>,
    headers: HeaderMap,
    Form(form): Form<One>,
) -> Result<Response, Problem> {
    let w = words(form.lang.as_deref(), &headers);
    let made = users::set_password(&state.ctx, principal.tenant, &user, None).await?;
    show(&state, &principal, w, Ok(once(made))).await
}

/// Gives a user another role.
pub(crate) async fn set_role(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(user): Path<String>,
    Form(form): Form<One>,
) -> Result<Response, Problem> {
    let role = role(&form.role)?;
    users::set_role(&state.ctx, principal.tenant, &user, role, None).await?;
    Ok(back(form.lang.as_deref()))
}

/// Removes a user.
pub(crate) async fn remove_user(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(user): Path<String>,
    Form(form): Form<One>,
) -> Result<Response, Problem> {
    users::remove(&state.ctx, principal.tenant, &user).await?;
    Ok(back(form.lang.as_deref()))
}

/// Ends a token.
pub(crate) async fn end_token(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    Form(form): Form<One>,
) -> Result<Response, Problem> {
    let id: TokenId = id
        .parse()
        .map_err(|_| Problem::NotFound { what: "token" })?;
    access::revoke_token(&state.ctx, principal.tenant, id).await?;
    Ok(back(form.lang.as_deref()))
}

fn once(made: UserView) -> Option<Made> {
    Some(Made {
        id: made.id.to_string(),
        tenant: made.tenant,
        what: made.name,
        secret: made.password.unwrap_or_default(),
    })
}

/// To the page, so that looking at it again does nothing again.
fn back(lang: Option<&str>) -> Response {
    let language = languages::choose(lang, None);
    Redirect::to(&format!("/access?lang={}", language.code())).into_response()
}

fn words(lang: Option<&str>, headers: &HeaderMap) -> Words {
    let accepts = headers.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    Words(languages::choose(lang, accepts))
}

fn role(word: &str) -> Result<Role, Problem> {
    word.parse()
        .map_err(|e: portero_domain::access::NoSuchRole| Problem::BadInput(e.to_string()))
}

/// The caller's own tenant, or the one the operator chose; the whole server when none was.
async fn whose(
    state: &ConsoleState,
    principal: &Principal,
    shop: &str,
) -> Result<Option<TenantId>, Problem> {
    if principal.tenant.is_some() || shop.is_empty() {
        return Ok(principal.tenant);
    }
    Ok(Some(reach::tenant(state, principal, shop).await?.id))
}

/// The page with what was made, or with what kept it from being made.
async fn show(
    state: &ConsoleState,
    principal: &Principal,
    w: Words,
    made: Result<Option<Made>, FlowError>,
) -> Result<Response, Problem> {
    let (made, trouble) = match made {
        Ok(made) => (made, String::new()),
        Err(error @ FlowError::BadInput { .. }) => (None, error.to_string()),
        Err(error) => return Err(error.into()),
    };
    let status = match trouble.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let all = tenants::list(&state.ctx, principal.tenant).await?;
    let users = users::list(&state.ctx, principal.tenant).await?;
    let named = |view: &TokenView| match view.user {
        Some(id) => {
            let user = users.iter().find(|u| u.id == id);
            let name = user.map(|u| u.name.clone()).unwrap_or_default();
            w.t("access.session").replace("{name}", &name)
        }
        None => view.label.clone(),
    };
    let tokens = access::tokens(&state.ctx, principal.tenant).await?;
    let page = Page {
        f: Frame::new(w.0, principal.role, "/access", Vec::new(), None).within(principal),
        w,
        lang: w.0.code(),
        roles: Role::ALL,
        shops: match principal.tenant {
            None => all
                .iter()
                .map(|t| (t.slug.clone(), t.name.clone()))
                .collect(),
            Some(_) => Vec::new(),
        },
        tokens: tokens
            .into_iter()
            .filter(|t| t.state == "good")
            .rev()
            .map(|t| token(named(&t), t, &all))
            .collect(),
        users: users.into_iter().map(|u| user(u, &all)).collect(),
        made,
        trouble,
    };
    let told = page.made.as_ref().map(|made| audit::Made {
        id: made.id.clone(),
        tenant: made.tenant,
    });
    Ok(match page.render() {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            if let Some(told) = told {
                response.extensions_mut().insert(told);
            }
            response
        }
        Err(error) => {
            tracing::error!(%error, "the page of access did not render");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    })
}

fn shop(of: Option<TenantId>, all: &[TenantView]) -> String {
    let found = all.iter().find(|t| of == Some(t.id));
    found.map(|t| t.name.clone()).unwrap_or_default()
}

fn user(view: UserView, all: &[TenantView]) -> User {
    User {
        id: view.id.to_string(),
        shop: shop(view.tenant, all),
        name: view.name,
        role: view.role,
        last: time(view.last_login_at.as_deref(), clock(all, view.tenant)),
    }
}

fn token(label: String, view: TokenView, all: &[TenantView]) -> Token {
    Token {
        id: view.id.to_string(),
        shop: shop(view.tenant, all),
        label,
        role: view.role,
        last: time(view.last_used_at.as_deref(), clock(all, view.tenant)),
        ends: time(view.expires_at.as_deref(), clock(all, view.tenant)),
    }
}
