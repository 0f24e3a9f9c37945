//! `GET /retention`: how long each kind of a shop's data is kept, what a change would remove, setting it with a reason,
//! and back to the host's terms. Three plain forms, as `/policy`.

mod fields;

use std::collections::BTreeMap;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use portero_domain::access::Right::{ChangePolicy, Read};
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::retention::{self as desk, REASON, RetentionView, Setting};
use portero_flow::desk::tenants::TenantView;
use serde::Deserialize;

use self::fields::{Row, Sent, Terms, rows, terms};
use crate::doors::Pages;
use crate::frame::{Frame, Visit, render};
use crate::problem::{Asks, Problem};
use crate::shown::{lacks, number, time, to};
use crate::strings::Words;
use crate::{ConsoleState, reach};

const SAVE: &str = "/console/retention/{tenant}/save";

/// The pages and their rights.
pub(crate) fn pages(pages: Pages) -> Pages {
    pages
        .get("/retention", &[Read], page)
        .post("/console/retention/{tenant}/preview", &[Read], preview)
        .post(SAVE, &[Read, ChangePolicy], save)
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

/// What would go of one kind.
struct Gone {
    title: String,
    days: String,
    goes: String,
    stays: String,
}

/// The second step: what would go, and saving.
struct Proposed {
    rows: Vec<Gone>,
    said: String,
    tone: &'static str,
    /// (name, value) that the next form sends along.
    hidden: Vec<(String, String)>,
    reason: String,
    reason_trouble: String,
    lacks: String,
}

/// Terms as somebody set them once.
struct Change {
    at: String,
    by: String,
    reason: String,
    own: Vec<String>,
}

#[derive(Template)]
#[template(path = "retention.html")]
struct Page {
    f: Frame,
    w: Words,
    lang: &'static str,
    slug: String,
    did: String,
    troubles: Vec<String>,
    rows: Vec<Row>,
    proposed: Option<Proposed>,
    history: Vec<Change>,
}

/// What the page says beside what holds.
#[derive(Default)]
struct Says {
    did: &'static str,
    troubles: Vec<String>,
    sent: Sent,
    proposed: Option<Proposed>,
}

/// Who looks.
struct Looks<'a> {
    state: &'a ConsoleState,
    principal: &'a Principal,
    headers: &'a HeaderMap,
    lang: Option<&'a str>,
    shop: Option<&'a str>,
}

impl Looks<'_> {
    async fn frame(&self) -> Result<Frame, Problem> {
        let visit = Visit {
            state: self.state,
            principal: self.principal,
            headers: self.headers,
            entry: "/retention",
            lang: self.lang,
            shop: self.shop,
        };
        visit.of_a_shop().await
    }

    async fn show(&self, status: StatusCode, f: Frame, says: Says) -> Result<Response, Problem> {
        let w = f.w;
        let mut page = Page {
            lang: f.lang,
            slug: f.shop_slug().to_owned(),
            did: match says.did {
                "" => String::new(),
                key => w.t(key).to_owned(),
            },
            troubles: says.troubles,
            rows: Vec::new(),
            proposed: says.proposed,
            history: Vec::new(),
            w,
            f,
        };
        if let Some(shop) = page.f.shop.clone() {
            let holds = desk::show(&self.state.ctx, shop.id).await?;
            page.rows = rows(w, &shop.timezone, &holds, &says.sent);
            page.history = self.history(w, &shop, &holds);
        }
        let mut response = render(&page);
        if response.status() == StatusCode::OK {
            *response.status_mut() = status;
        }
        Ok(response)
    }

    fn history(&self, w: Words, shop: &TenantView, holds: &RetentionView) -> Vec<Change> {
        let change = |c: &desk::TermsChangeView| Change {
            at: time(Some(&c.at), &shop.timezone),
            by: match c.author == self.principal.author() {
                true => format!("{} ({})", w.t("policy.you"), c.author),
                false => c.author.clone(),
            },
            reason: match c.reason.as_str() {
                "" => w.t("retention.no_reason").to_owned(),
                reason => reason.to_owned(),
            },
            own: match c.own.is_empty() {
                true => vec![w.t("retention.all_host").to_owned()],
                false => c
                    .own
                    .iter()
                    .map(|(kind, days)| {
                        let days = w.t("retention.days").replace("{n}", &days.to_string());
                        format!("{}: {days}", fields::title(w, kind))
                    })
                    .collect(),
            },
        };
        holds.changes.iter().map(change).collect()
    }
}

/// The terms of a shop.
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
        shop: asked.shop.as_deref(),
    };
    let f = looks.frame().await?;
    let says = Says {
        did: match asked.did.as_deref() {
            Some("saved") => "retention.did.saved",
            _ => "",
        },
        ..Says::default()
    };
    looks.show(StatusCode::OK, f, says).await
}

type Sending = Result<Form<BTreeMap<String, String>>, FormRejection>;

/// `POST …/preview`: what would go. Changes nothing.
pub(crate) async fn preview(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    form: Sending,
) -> Result<Response, Problem> {
    step(&state, &principal, &tenant, &headers, form, false).await
}

/// `POST …/save`: sets them, with a reason.
pub(crate) async fn save(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    form: Sending,
) -> Result<Response, Problem> {
    step(&state, &principal, &tenant, &headers, form, true).await
}

async fn step(
    state: &ConsoleState,
    principal: &Principal,
    tenant: &str,
    headers: &HeaderMap,
    form: Sending,
    saves: bool,
) -> Result<Response, Problem> {
    let Form(mut sent) = form.map_err(|wrong| Problem::BadInput(wrong.body_text()))?;
    let tenant = reach::tenant(state, principal, tenant).await?;
    let lang = sent.get("lang").cloned().unwrap_or_default();
    let looks = Looks {
        state,
        principal,
        headers,
        lang: Some(&lang),
        shop: Some(&tenant.slug),
    };
    let f = looks.frame().await?;
    let w = f.w;
    if sent.contains_key("host") {
        sent.retain(|name, _| !name.starts_with("d."));
    }
    let holds = desk::show(&state.ctx, tenant.id).await?;
    let refused = async |f: Frame, sent: Sent, troubles: Vec<String>, status| {
        let says = Says {
            troubles,
            sent,
            ..Says::default()
        };
        looks.show(status, f, says).await
    };
    if sent.contains_key("edit") {
        return refused(f, sent, Vec::new(), StatusCode::OK).await;
    }
    let terms = match terms(w, &holds, &sent) {
        Ok(terms) => terms,
        Err(troubles) => return refused(f, sent, troubles, StatusCode::UNPROCESSABLE_ENTITY).await,
    };
    // Whoever looked at other terms than those that hold decides again.
    let now = newest(&holds);
    if saves && sent.get("from").is_some_and(|from| *from != now) {
        let moved = vec![w.t("retention.moved").to_owned()];
        return refused(f, sent, moved, StatusCode::CONFLICT).await;
    }
    let reason = sent.get("reason").map(|r| r.trim().to_owned());
    let reason = reason.unwrap_or_default();
    let good = !reason.is_empty() && reason.chars().count() <= REASON;
    if saves && good {
        let author = principal.author();
        let setting = Setting {
            author: &author,
            reason: &reason,
        };
        return match desk::set(&state.ctx, tenant.id, &terms.own, setting, None).await {
            Ok(_) => Ok(to(
                "/retention",
                &[("lang", &lang), ("shop", &tenant.slug), ("did", "saved")],
            )),
            Err(error @ FlowError::BadInput { .. }) => {
                let said = vec![error.to_string()];
                refused(f, sent, said, StatusCode::UNPROCESSABLE_ENTITY).await
            }
            Err(error) => Err(error.into()),
        };
    }
    let trouble = match saves {
        true => w.t("policy.reason.missing").to_owned(),
        false => String::new(),
    };
    let status = match saves {
        true => StatusCode::UNPROCESSABLE_ENTITY,
        false => StatusCode::OK,
    };
    let mut proposed = proposed(&looks, w, &tenant, &terms).await?;
    proposed.hidden.push(("from".to_owned(), now));
    proposed.reason = reason;
    proposed.reason_trouble = trouble;
    let says = Says {
        proposed: Some(proposed),
        ..Says::default()
    };
    looks.show(status, f, says).await
}

/// When terms were set for the last time: what somebody decided upon.
fn newest(holds: &RetentionView) -> String {
    holds
        .changes
        .first()
        .map_or_else(String::new, |c| c.at.clone())
}

async fn proposed(
    looks: &Looks<'_>,
    w: Words,
    tenant: &TenantView,
    terms: &Terms,
) -> Result<Proposed, Problem> {
    let past = desk::preview(&looks.state.ctx, tenant.id, &terms.all).await?;
    let gone = |k: &desk::PastView| Gone {
        title: fields::title(w, &k.kind),
        days: w.t("retention.days").replace("{n}", &number(k.days.into())),
        goes: match k.rows {
            0 => w.t("retention.goes.none").to_owned(),
            n => w
                .t("retention.goes.rows")
                .replace("{n}", &number(n))
                .replace("{before}", &time(Some(&k.before), &tenant.timezone))
                .replace("{oldest}", &time(k.oldest.as_deref(), &tenant.timezone)),
        },
        stays: match k.resting {
            0 => String::new(),
            n => w.t("retention.resting").replace("{n}", &number(n)),
        },
    };
    let hidden = terms.own.iter();
    Ok(Proposed {
        rows: past.kinds.iter().map(gone).collect(),
        said: match past.rows {
            0 => w.t("retention.said.none").to_owned(),
            n => w.t("retention.said.rows").replace("{n}", &number(n)),
        },
        tone: match past.rows {
            0 => "ok",
            _ => "hold",
        },
        hidden: hidden
            .map(|(kind, days)| (format!("d.{kind}"), days.to_string()))
            .collect(),
        reason: String::new(),
        reason_trouble: String::new(),
        lacks: lacks(w, looks.principal.role, SAVE),
    })
}
