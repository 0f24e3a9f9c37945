//! `GET /numbers/new`: connecting a number, the steps of `portero number connect` in one form: app secret, number with
//! its token, Meta asked about it, webhooks, templates. Secrets are never shown again, not even to be corrected.

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use portero_domain::access::Right::ManageAccess;
use portero_flow::desk::access::Principal;
use portero_flow::desk::checklist::{self, StepState};
use portero_flow::desk::numbers::{self, DEFAULT_APP, NumberRequest};
use portero_flow::desk::registration;
use portero_flow::desk::templates;
use portero_flow::desk::tenants::{self, TenantView};
use portero_flow::{Context, FlowError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::doors::Pages;
use crate::frame::{Frame, Link, Visit, render};
use crate::problem::{Asks, Problem};
use crate::strings::Words;
use crate::{ConsoleState, reach};

const PAGE: &str = "/numbers/new";
/// Longest text of a field that is no secret, characters.
const LONGEST: usize = 64;
/// The steps, in the order in which each needs the one before.
const STEPS: [&str; 6] = [
    "app",
    "number",
    "meta",
    "registration",
    "subscription",
    "templates",
];

/// The pages and their rights; inside it is asked for whoever runs the whole server.
pub(crate) fn pages(pages: Pages) -> Pages {
    pages.get(PAGE, &[ManageAccess], page).post(
        "/console/numbers/{tenant}/connect",
        &[ManageAccess],
        connect,
    )
}

/// Query of the page.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
}

/// What the form sends. Without `Debug`: it holds secrets.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    lang: String,
    app: String,
    app_secret: SecretString,
    verify_token: SecretString,
    phone_number_id: String,
    waba: String,
    display: String,
    access_token: SecretString,
    /// Six digits; empty where the number is registered already.
    pin: SecretString,
}

/// A step and what became of it.
struct Step {
    name: &'static str,
    title: String,
    mark: &'static str,
    tone: &'static str,
    state: String,
    /// What to do; empty where nothing is.
    remedy: String,
    /// Meta's words or the host's, in English.
    detail: String,
}

/// A field that is not right.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Wrong(&'static str);

#[derive(Template)]
#[template(path = "connect.html")]
struct Page {
    f: Frame,
    w: Words,
    lang: &'static str,
    slug: String,
    /// Whether the secret of the usual app is kept already.
    known: bool,
    /// Why the caller cannot connect one.
    lacks: String,
    app: String,
    phone_number_id: String,
    waba: String,
    display: String,
    wrong: Vec<Wrong>,
    steps: Vec<Step>,
    all_done: bool,
    callback: String,
    /// Made here and shown once; empty where the caller chose it, or it stays as before.
    verify_token: String,
    checklist: String,
}

impl Page {
    /// What is said beside a field; nothing where it is right.
    fn bad(&self, field: &str) -> &str {
        match self.wrong.iter().any(|w| w.0 == field) {
            true => self.w.t("connect.wrong"),
            false => "",
        }
    }
}

/// The form.
pub(crate) async fn page(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let looks = Looks {
        state: &state,
        principal: &principal,
        headers: &headers,
        lang: asked.lang.as_deref(),
    };
    let page = looks.page(asked.shop.as_deref(), &Sent::default()).await?;
    Ok(render(&page))
}

struct Looks<'a> {
    state: &'a ConsoleState,
    principal: &'a Principal,
    headers: &'a HeaderMap,
    lang: Option<&'a str>,
}

impl Looks<'_> {
    /// The form with what was typed, but for secrets.
    async fn page(&self, shop: Option<&str>, sent: &Sent) -> Result<Page, Problem> {
        let visit = Visit {
            state: self.state,
            principal: self.principal,
            headers: self.headers,
            entry: "/checklist",
            lang: self.lang,
            shop,
        };
        let of = visit.of_a_shop().await?;
        let w = of.w;
        let slug = of.shop_slug().to_owned();
        let known = match &of.shop {
            Some(shop) => secret_is_known(&self.state.ctx, shop).await?,
            None => false,
        };
        let mut f = match of.shop.clone() {
            Some(shop) => visit.below(shop).here(PAGE, &[("shop", &slug)]),
            None => of,
        };
        let checklist = f.address("/checklist");
        f.back = Some(Link {
            href: checklist.clone(),
            name: w.t("checklist.title").to_owned(),
            current: false,
        });
        let app = match sent.app.trim() {
            "" => DEFAULT_APP,
            app => app,
        };
        Ok(Page {
            lang: f.lang,
            slug,
            known,
            lacks: match self.principal.tenant {
                Some(_) => w.t("connect.operator").to_owned(),
                None => String::new(),
            },
            callback: callback(self.headers, app),
            app: app.to_owned(),
            phone_number_id: sent.phone_number_id.trim().to_owned(),
            waba: sent.waba.trim().to_owned(),
            display: sent.display.trim().to_owned(),
            wrong: Vec::new(),
            steps: Vec::new(),
            all_done: false,
            verify_token: String::new(),
            checklist,
            f: f.titled(w.t("connect.title")),
            w,
        })
    }
}

async fn secret_is_known(ctx: &Context, shop: &TenantView) -> Result<bool, Problem> {
    let list = checklist::look(ctx, shop.id, false).await?;
    let mut steps = list.steps.iter();
    Ok(steps.any(|s| s.step == "app_secret" && s.state == StepState::Done))
}

/// The address that Meta is told, at the name this page was asked for by.
fn callback(headers: &HeaderMap, app: &str) -> String {
    let host = headers.get(HOST).and_then(|h| h.to_str().ok());
    let base = format!("https://{}", host.unwrap_or("YOUR-HOST"));
    match app {
        DEFAULT_APP => format!("{base}/webhooks/whatsapp"),
        app => format!("{base}/webhooks/whatsapp/{app}"),
    }
}

/// Fields that are not right. Of secrets only that they are there.
fn wrong(sent: &Sent, known: bool) -> Vec<Wrong> {
    let empty = |secret: &SecretString| secret.expose_secret().trim().is_empty();
    let digits = |text: &str| {
        let text = text.trim();
        !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_digit())
    };
    let app = sent.app.trim();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let fields = [
        ("app", app.len() > LONGEST || !app.bytes().all(plain)),
        ("app_secret", empty(&sent.app_secret) && !known),
        ("phone_number_id", !digits(&sent.phone_number_id)),
        ("waba", !digits(&sent.waba)),
        ("display", {
            let n = sent.display.trim().chars().count();
            n == 0 || n > LONGEST
        }),
        ("access_token", empty(&sent.access_token)),
        ("pin", {
            let pin = sent.pin.expose_secret().trim();
            let six = pin.len() == 6 && pin.bytes().all(|b| b.is_ascii_digit());
            !pin.is_empty() && !six
        }),
    ];
    let wrong = fields.into_iter().filter(|(_, is)| *is);
    wrong.map(|(field, _)| Wrong(field)).collect()
}

/// `POST …/connect`: one step after the other, up to the first that does not do.
pub(crate) async fn connect(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Problem> {
    // What does not read may be quoted by the reader: it may be a secret.
    let Form(sent) = form.map_err(|_| Problem::BadInput("the form does not read".to_owned()))?;
    let tenant = reach::tenant(&state, &principal, &tenant).await?;
    if principal.tenant.is_some() {
        return Err(Problem::OperatorOnly);
    }
    let looks = Looks {
        state: &state,
        principal: &principal,
        headers: &headers,
        lang: Some(&sent.lang),
    };
    let mut page = looks.page(Some(&tenant.slug), &sent).await?;
    page.wrong = wrong(&sent, page.known && page.app == DEFAULT_APP);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if page.wrong.is_empty() {
        let w = page.w;
        let made = match sent.verify_token.expose_secret().trim() {
            "" => Some(made_up(&state.ctx)),
            _ => None,
        };
        let verify = made.as_ref().unwrap_or(&sent.verify_token);
        let (done, failed) = walk(&state.ctx, &tenant, &page.app, &sent, verify).await?;
        let kept = done > 0 && !sent.app_secret.expose_secret().trim().is_empty();
        if let Some(made) = made.filter(|_| kept) {
            page.verify_token = made.expose_secret().to_owned();
        }
        page.all_done = failed.is_none();
        status = match &failed {
            None => StatusCode::OK,
            Some(FlowError::Meta { .. }) => StatusCode::BAD_GATEWAY,
            Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let told = |(place, name)| step(w, place, name, done, failed.as_ref());
        page.steps = STEPS.into_iter().enumerate().map(told).collect();
    }
    let mut response = render(&page);
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    Ok(response)
}

/// How many steps were done, and what kept the next one from it.
async fn walk(
    ctx: &Context,
    tenant: &TenantView,
    app: &str,
    sent: &Sent,
    verify: &SecretString,
) -> Result<(usize, Option<FlowError>), Problem> {
    let number = sent.phone_number_id.trim();
    let trimmed = |secret: &SecretString| SecretString::from(secret.expose_secret().trim());
    for (place, name) in STEPS.into_iter().enumerate() {
        let came = match name {
            "app" if sent.app_secret.expose_secret().trim().is_empty() => Ok(()),
            "app" => {
                tenants::put_app(ctx, app, &trimmed(&sent.app_secret), &trimmed(verify), None).await
            }
            "number" => {
                let request = NumberRequest {
                    phone_number_id: number.to_owned(),
                    waba_id: sent.waba.trim().to_owned(),
                    display: sent.display.trim().to_owned(),
                    access_token: trimmed(&sent.access_token),
                    mps: None,
                    messaging_limit: None,
                    app: Some(app.to_owned()),
                };
                numbers::put(ctx, tenant.id, &request, None).await.map(drop)
            }
            "meta" => numbers::sync(ctx, tenant.id).await.map(drop),
            "registration" if sent.pin.expose_secret().trim().is_empty() => Ok(()),
            "registration" => {
                registration::register(ctx, tenant.id, number, &trimmed(&sent.pin)).await
            }
            "subscription" => checklist::subscribe(ctx, tenant.id, number).await,
            _ => templates::sync(ctx, tenant.id).await.map(drop),
        };
        match came {
            Ok(()) => {}
            Err(
                error @ (FlowError::BadInput { .. }
                | FlowError::WrongState { .. }
                | FlowError::Meta { .. }),
            ) => return Ok((place, Some(error))),
            Err(error) => return Err(error.into()),
        }
    }
    Ok((STEPS.len(), None))
}

/// A step in words.
fn step(
    w: Words,
    place: usize,
    name: &'static str,
    done: usize,
    failed: Option<&FlowError>,
) -> Step {
    let (state, mark, tone) = match place.cmp(&done) {
        std::cmp::Ordering::Less => ("connect.state.done", "✓", "ok"),
        std::cmp::Ordering::Equal => ("connect.state.not", "✗", "hold"),
        std::cmp::Ordering::Greater => ("connect.state.waits", "…", "wait"),
    };
    let here = failed.filter(|_| place == done);
    Step {
        name,
        title: w.t(&format!("connect.step.{name}")).to_owned(),
        mark,
        tone,
        state: w.t(state).to_owned(),
        remedy: match here {
            None => String::new(),
            Some(FlowError::WrongState { .. }) => w.t("connect.remedy.pretend").to_owned(),
            Some(_) => w.t(&format!("connect.remedy.{name}")).to_owned(),
        },
        detail: here.map(ToString::to_string).unwrap_or_default(),
    }
}

/// A word nobody guesses.
fn made_up(ctx: &Context) -> SecretString {
    let mut bytes = [0_u8; 24];
    ctx.ids.random(&mut bytes);
    let text: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    SecretString::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::language::Language;

    fn good() -> Sent {
        Sent {
            app_secret: "s".into(),
            phone_number_id: "401".to_owned(),
            waba: " 201 ".to_owned(),
            display: "+57 601".to_owned(),
            access_token: "EAA".into(),
            ..Sent::default()
        }
    }

    #[test]
    fn what_is_missing_is_named_and_a_known_secret_may_be_left_out() {
        assert!(wrong(&good(), false).is_empty());
        let mut bare = good();
        bare.app_secret = SecretString::default();
        assert!(wrong(&bare, true).is_empty());
        assert!(wrong(&bare, false) == vec![Wrong("app_secret")]);
        let none: Vec<&str> = wrong(&Sent::default(), false).iter().map(|w| w.0).collect();
        assert_eq!(
            none,
            [
                "app_secret",
                "phone_number_id",
                "waba",
                "display",
                "access_token"
            ]
        );
        let mut odd = good();
        odd.app = "../x".to_owned();
        odd.phone_number_id = "+57 601".to_owned();
        odd.pin = "12 34".into();
        let odd: Vec<&str> = wrong(&odd, false).iter().map(|w| w.0).collect();
        assert_eq!(odd, ["app", "phone_number_id", "pin"]);
        let mut registers = good();
        registers.pin = "123456".into();
        assert!(wrong(&registers, false).is_empty());
    }

    #[test]
    fn every_step_has_its_words_in_every_language() {
        for language in Language::ALL {
            for name in STEPS {
                for part in ["step", "remedy"] {
                    let key = format!("connect.{part}.{name}");
                    assert_ne!(Words(language).t(&key), key, "{language:?}");
                }
            }
        }
    }

    #[test]
    fn the_address_for_meta_names_the_app_unless_it_is_the_usual_one() {
        let mut headers = HeaderMap::new();
        assert_eq!(
            callback(&headers, "otra"),
            "https://YOUR-HOST/webhooks/whatsapp/otra"
        );
        headers.insert(HOST, axum::http::HeaderValue::from_static("bots.example"));
        assert_eq!(
            callback(&headers, DEFAULT_APP),
            "https://bots.example/webhooks/whatsapp"
        );
    }
}
