//! `GET /phone/dials`: trouble on demand in the pretend Meta: webhooks doubled, shuffled, late or held, answers lost,
//! errors for the next messages, ratings of numbers and templates. Plain forms over the simulator's own control.

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use portero_domain::access::Right::{Edit, Read};
use portero_flow::desk::access::Principal;
use portero_flow::desk::tenants::TenantView;
use portero_flow::desk::{numbers, templates};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::doors::Pages;
use crate::frame::{Frame, Link, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{lacks, to};
use crate::strings::Words;
use crate::{ConsoleState, reach, simulated};

const PAGE: &str = "/phone/dials";
const WEBHOOKS: &str = "/console/phone/{tenant}/dials/webhooks";
const ERRORS: &str = "/console/phone/{tenant}/dials/errors";
const NUMBER: &str = "/console/phone/{tenant}/dials/number";
const TEMPLATE: &str = "/console/phone/{tenant}/dials/template";
/// Meta's ratings.
const QUALITIES: [&str; 3] = ["GREEN", "YELLOW", "RED"];
/// What Meta may do to a template.
const STATUSES: [&str; 5] = ["APPROVED", "PAUSED", "REJECTED", "PENDING", "DISABLED"];
/// Error codes worth trying, each with what it means to the house.
const CODES: [i64; 8] = [
    131_026, 131_047, 131_049, 131_056, 130_429, 131_016, 131_031, 132_001,
];

/// The page and its acts. What turns a dial for every shop is the operator's: asked inside.
pub(crate) fn pages(pages: Pages) -> Pages {
    pages
        .get(PAGE, &[Read], page)
        .post(WEBHOOKS, &[Edit], webhooks)
        .post(ERRORS, &[Edit], errors)
        .post(NUMBER, &[Edit], number)
        .post(TEMPLATE, &[Edit], template)
}

/// Query of the page.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
    #[serde(default)]
    did: Option<String>,
}

/// What the forms send.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    lang: Option<String>,
    duplicate: String,
    reorder: String,
    delay: String,
    hold: String,
    drop: String,
    forge: String,
    code: String,
    times: String,
    mode: String,
    which: String,
    quality: String,
    status: String,
}

struct Choice {
    value: String,
    name: String,
}

#[derive(Default)]
struct Dials {
    duplicate: i64,
    reorder: bool,
    /// Seconds.
    delay: i64,
    hold: bool,
    drop: i64,
    forge: i64,
    /// Errors that wait for their message, in words.
    waiting: Vec<String>,
}

#[derive(Template)]
#[template(path = "dials.html")]
struct Page {
    f: Frame,
    w: Words,
    lang: &'static str,
    shop: String,
    did: bool,
    trouble: String,
    /// Why there are no dials; empty where there are.
    none: &'static str,
    /// Why this caller turns none; empty where they may.
    lacks: String,
    /// Whether the dials of every shop are this caller's.
    all: bool,
    d: Dials,
    codes: [i64; 8],
    numbers: Vec<Choice>,
    templates: Vec<Choice>,
    qualities: [&'static str; 3],
    statuses: [&'static str; 5],
}

/// The page.
pub(crate) async fn page(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/phone",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    show(visit, asked.did.is_some(), String::new()).await
}

async fn show(visit: Visit<'_>, did: bool, trouble: String) -> Result<Response, Problem> {
    let (state, principal) = (visit.state, visit.principal);
    let shop = visit.of_a_shop().await?.shop;
    let shop = shop.ok_or(Problem::NotFound { what: "shop" })?;
    let slug = shop.slug.clone();
    let mut f = visit
        .below(shop.clone())
        .here(PAGE, &[("shop", slug.as_str())]);
    let w = f.w;
    f.back = Some(Link {
        href: query("/phone", &[("lang", f.lang), ("shop", &slug)]),
        name: w.t("page.title").to_owned(),
        current: false,
    });
    let mut said = trouble;
    let (none, d) = match &state.simulator {
        None => ("error.no_simulator.what", Dials::default()),
        Some(simulator) => match simulator.get("/_sim/faults").await {
            Ok(faults) => ("", dials(w, &faults)),
            Err(why) => {
                said = why;
                ("error.simulator.what", Dials::default())
            }
        },
    };
    let known = numbers::list(&state.ctx, shop.id).await?.into_iter();
    let numbers = known.map(|n| Choice {
        name: format!("{} · {}", n.display, n.quality),
        value: n.phone_number_id,
    });
    let known = templates::list(&state.ctx, shop.id).await?.into_iter();
    let templates = known.map(|t| Choice {
        value: format!("{}/{}/{}", t.waba_id, t.name, t.language),
        name: format!("{} ({}) · {} · {}", t.name, t.language, t.status, t.quality),
    });
    Ok(render(&Page {
        lang: f.lang,
        did,
        trouble: said,
        none: match none {
            "" => "",
            key => w.t(key),
        },
        lacks: lacks(w, principal.role, WEBHOOKS),
        all: principal.tenant.is_none(),
        d,
        codes: CODES,
        numbers: numbers.collect(),
        templates: templates.collect(),
        qualities: QUALITIES,
        statuses: STATUSES,
        shop: slug,
        w,
        f: f.titled(w.t("dials.title")),
    }))
}

fn dials(w: Words, faults: &Value) -> Dials {
    let n = |field: &str| {
        faults
            .get(field)
            .and_then(Value::as_i64)
            .unwrap_or_default()
    };
    let is = |field: &str| {
        faults
            .get(field)
            .and_then(Value::as_bool)
            .unwrap_or_default()
    };
    let waiting = faults.get("next").and_then(Value::as_array);
    let times = |error: &Value| error.get("times").and_then(Value::as_i64);
    // What was used up stands there until the next message asks.
    let left = |error: &&Value| times(error).is_some_and(|n| n > 0);
    let waiting = waiting.into_iter().flatten().filter(left).map(|error| {
        let n = |field: &str| error.get(field).and_then(Value::as_i64).unwrap_or_default();
        w.t("dials.waits")
            .replace("{code}", &n("code").to_string())
            .replace("{n}", &n("times").to_string())
    });
    Dials {
        duplicate: n("duplicate_percent"),
        reorder: is("reorder"),
        delay: n("delay_ms") / 1_000,
        hold: is("pause_webhooks"),
        drop: n("drop_answer_next"),
        forge: n("bad_signature_next"),
        waiting: waiting.collect(),
    }
}

/// What every act is given.
struct Act {
    state: ConsoleState,
    principal: Principal,
    headers: HeaderMap,
    tenant: TenantView,
    sent: Sent,
}

type Form_ = Result<Form<Sent>, FormRejection>;

impl Act {
    async fn of(
        State(state): State<ConsoleState>,
        Extension(principal): Extension<Principal>,
        Path(shop): Path<String>,
        headers: HeaderMap,
        form: Form_,
    ) -> Result<Act, Problem> {
        let Form(sent) = form.map_err(|wrong| Problem::BadInput(wrong.body_text()))?;
        Ok(Act {
            tenant: reach::tenant(&state, &principal, &shop).await?,
            state,
            principal,
            headers,
            sent,
        })
    }

    /// What turns for every shop at once is the operator's.
    fn for_all(self) -> Result<Act, Problem> {
        match self.principal.tenant {
            Some(_) => Err(Problem::OperatorOnly),
            None => Ok(self),
        }
    }

    /// Turns a dial and goes back to the page; what the simulator refuses is said there.
    async fn turn(self, path: &str, body: Value) -> Result<Response, Problem> {
        let lang = self.sent.lang.clone().unwrap_or_default();
        let slug = self.tenant.slug.clone();
        match simulated::post(reach::simulator(&self.state)?, path, body).await {
            Ok(_) => {
                self.state.ctx.touched();
                Ok(to(
                    PAGE,
                    &[("lang", &lang), ("shop", &slug), ("did", "turned")],
                ))
            }
            Err(Problem::Simulator(why)) => {
                let visit = Visit {
                    state: &self.state,
                    principal: &self.principal,
                    headers: &self.headers,
                    entry: "/phone",
                    lang: Some(&lang),
                    shop: Some(&slug),
                };
                let mut page = show(visit, false, why).await?;
                *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
                Ok(page)
            }
            Err(other) => Err(other),
        }
    }
}

/// A whole number of a field; what is none is left to the simulator to refuse.
fn whole(text: &str) -> Value {
    match text.trim() {
        "" => json!(0),
        text => text
            .parse::<i64>()
            .map_or_else(|_| json!(text), Value::from),
    }
}

/// `POST …/webhooks`: how webhooks and answers come.
pub(crate) async fn webhooks(
    state: State<ConsoleState>,
    principal: Extension<Principal>,
    path: Path<String>,
    headers: HeaderMap,
    form: Form_,
) -> Result<Response, Problem> {
    let act = Act::of(state, principal, path, headers, form)
        .await?
        .for_all()?;
    let sent = &act.sent;
    let delay = match whole(&sent.delay).as_i64() {
        Some(seconds) => json!(seconds.saturating_mul(1_000)),
        None => json!(sent.delay),
    };
    let body = json!({
        "duplicate_percent": whole(&sent.duplicate), "reorder": sent.reorder == "yes", "delay_ms": delay,
        "pause_webhooks": sent.hold == "yes", "drop_answer_next": whole(&sent.drop), "bad_signature_next": whole(&sent.forge),
    });
    act.turn("/_sim/faults", body).await
}

/// `POST …/errors`: what the next messages are answered.
pub(crate) async fn errors(
    state: State<ConsoleState>,
    principal: Extension<Principal>,
    path: Path<String>,
    headers: HeaderMap,
    form: Form_,
) -> Result<Response, Problem> {
    let act = Act::of(state, principal, path, headers, form)
        .await?
        .for_all()?;
    let sent = &act.sent;
    let next = match sent.code.trim() {
        "" => json!([]),
        code => json!([{ "code": whole(code), "times": whole(&sent.times), "mode": sent.mode }]),
    };
    act.turn("/_sim/faults", json!({ "next": next })).await
}

/// `POST …/number`: Meta rates a number of the shop.
pub(crate) async fn number(
    state: State<ConsoleState>,
    principal: Extension<Principal>,
    path: Path<String>,
    headers: HeaderMap,
    form: Form_,
) -> Result<Response, Problem> {
    let act = Act::of(state, principal, path, headers, form).await?;
    let number = reach::number(&act.state, act.tenant.id, Some(&act.sent.which)).await?;
    let path = format!("/_sim/numbers/{}", number.phone_number_id);
    let body = json!({ "quality": act.sent.quality });
    act.turn(&path, body).await
}

/// `POST …/template`: Meta rates or pauses a template of the shop.
pub(crate) async fn template(
    state: State<ConsoleState>,
    principal: Extension<Principal>,
    path: Path<String>,
    headers: HeaderMap,
    form: Form_,
) -> Result<Response, Problem> {
    let act = Act::of(state, principal, path, headers, form).await?;
    let known = templates::list(&act.state.ctx, act.tenant.id).await?;
    let named = |t: &templates::TemplateView| format!("{}/{}/{}", t.waba_id, t.name, t.language);
    let found = known.iter().find(|t| named(t) == act.sent.which);
    let found = found.ok_or(Problem::NotFound { what: "template" })?;
    let path = format!("/_sim/templates/{}", named(found));
    let mut body = serde_json::Map::new();
    for (field, value) in [("quality", &act.sent.quality), ("status", &act.sent.status)] {
        if !value.is_empty() {
            body.insert(field.to_owned(), json!(value));
        }
    }
    act.turn(&path, Value::Object(body)).await
}
