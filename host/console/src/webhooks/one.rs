//! One endpoint: how it stands, what was delivered and what was not, and its acts.

use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use portero_domain::access::Right::{Edit, Read, SeePersonalData};
use portero_domain::ids::WebhookId;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::tenants::TenantView;
use portero_flow::desk::webhooks::{self as desk, NoticeView, ReplayRequest, WebhookView};
use serde::Deserialize;

use super::tone;
use crate::doors::Pages;
use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{Act, Came, came, given, lacks, number, time, to};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Deliveries on one page.
const LIMIT: usize = 50;

/// The acts and their right.
pub(super) fn acts(pages: Pages) -> Pages {
    pages
        .post("/console/webhooks/{tenant}/{id}/rotate", &[Edit], rotate)
        .post("/console/webhooks/{tenant}/{id}/test", &[Edit], test)
        .post("/console/webhooks/{tenant}/{id}/on", &[Edit], on)
        .post("/console/webhooks/{tenant}/{id}/off", &[Edit], off)
        .post("/console/webhooks/{tenant}/{id}/replay", &[Edit], replay)
        .post("/console/webhooks/{tenant}/{id}/remove", &[Edit], remove)
}

/// Query of the page.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    did: Option<String>,
    #[serde(default)]
    after: Option<String>,
}

/// What the forms send.
#[derive(Default, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    lang: Option<String>,
    /// One delivery; else all that were given up.
    #[serde(default)]
    notice: Option<String>,
}

struct Row {
    id: String,
    event: String,
    at: String,
    state: String,
    tone: &'static str,
    tries: String,
    next: String,
    fault: String,
}

#[derive(Template)]
#[template(path = "webhook.html")]
struct One {
    f: Frame,
    w: Words,
    lang: &'static str,
    shop: String,
    id: String,
    did: String,
    secret: String,
    trouble: String,
    said: String,
    state: String,
    tone: &'static str,
    facts: Vec<(&'static str, String)>,
    acts: Vec<Act>,
    personal: bool,
    may_replay: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

/// What came of an act.
#[derive(Default)]
struct Said {
    did: String,
    secret: String,
    not: Option<FlowError>,
}

/// Who asks about which endpoint.
struct Of {
    state: ConsoleState,
    principal: Principal,
    headers: HeaderMap,
    tenant: TenantView,
    id: WebhookId,
}

impl Of {
    async fn read(
        State(state): State<ConsoleState>,
        Extension(principal): Extension<Principal>,
        Path((shop, id)): Path<(String, String)>,
        headers: HeaderMap,
    ) -> Result<Of, Problem> {
        let tenant = reach::tenant(&state, &principal, &shop).await?;
        let id = id
            .parse()
            .map_err(|_| Problem::NotFound { what: "webhook" })?;
        Ok(Of {
            state,
            principal,
            headers,
            tenant,
            id,
        })
    }

    fn path(&self) -> String {
        format!("/webhooks/{}/{}", self.tenant.slug, self.id)
    }

    /// Back to the page when it was done, else the page with the reason.
    async fn end<T>(
        self,
        sent: &Sent,
        did: &str,
        done: Result<T, FlowError>,
    ) -> Result<Response, Problem> {
        let lang = sent.lang.as_deref().unwrap_or_default();
        let then = to(&self.path(), &[("lang", lang), ("did", did)]);
        match came(done, then)? {
            Came::Done(response) => Ok(response),
            Came::Not(status, error) => {
                let asked = Asked {
                    lang: sent.lang.clone(),
                    ..Asked::default()
                };
                let said = Said {
                    not: Some(error),
                    ..Said::default()
                };
                let mut response = self.show(asked, said).await?;
                *response.status_mut() = status;
                Ok(response)
            }
        }
    }

    async fn show(&self, asked: Asked, said: Said) -> Result<Response, Problem> {
        let (ctx, tenant) = (&self.state.ctx, &self.tenant);
        let view = desk::get(ctx, tenant.id, self.id).await?;
        let role = self.principal.role;
        let personal = role.lacks(&[Read, SeePersonalData]).is_none();
        let after = given(asked.after);
        let (items, cursor) = if personal {
            let page = desk::deliveries(ctx, tenant.id, self.id, LIMIT, after.as_deref()).await?;
            (page.items, page.next_cursor)
        } else {
            (Vec::new(), None)
        };
        let visit = Visit {
            state: &self.state,
            principal: &self.principal,
            headers: &self.headers,
            entry: "/webhooks",
            lang: asked.lang.as_deref(),
            shop: None,
        };
        let here = self.path();
        let f = visit.below(tenant.clone()).here(&here, &[]);
        let (w, zone) = (f.w, tenant.timezone.as_str());
        let title = if view.about.is_empty() {
            view.url.clone()
        } else {
            view.about.clone()
        };
        Ok(render(&One {
            w,
            lang: f.lang,
            shop: tenant.slug.clone(),
            id: view.id.to_string(),
            did: match said.did.as_str() {
                done @ ("test" | "on" | "off" | "replay" | "rotate") => {
                    w.t(&format!("webhook.did.{done}")).to_owned()
                }
                _ => String::new(),
            },
            secret: said.secret,
            trouble: match &said.not {
                Some(_) => w.t("webhook.trouble").to_owned(),
                None => String::new(),
            },
            said: said.not.map(|e| e.to_string()).unwrap_or_default(),
            state: w.t(&format!("webhook.state.{}", view.state)).to_owned(),
            tone: tone(view.state),
            facts: facts(w, zone, &view),
            acts: self.acts(w, &view),
            personal,
            may_replay: lacks(w, role, "/console/webhooks/{tenant}/{id}/replay").is_empty(),
            rows: items.into_iter().map(|n| row(w, zone, n)).collect(),
            next: cursor.map(|after| query(&here, &[("lang", f.lang), ("after", &after)])),
            f: f.titled(title),
        }))
    }

    fn acts(&self, w: Words, view: &WebhookView) -> Vec<Act> {
        let switch = if view.state == "disabled" {
            "on"
        } else {
            "off"
        };
        let names: &[&'static str] = match view.state {
            "fetched" => &["rotate", "remove"],
            "disabled" => &[switch, "rotate", "remove"],
            _ => &["test", "replay", "rotate", switch, "remove"],
        };
        let role = self.principal.role;
        names
            .iter()
            .copied()
            .map(|name| Act {
                name,
                action: format!("/console{}/{name}", self.path()),
                label: w.t(&format!("webhook.act.{name}")).to_owned(),
                effect: w
                    .t(&format!("webhook.effect.{name}"))
                    .replace("{n}", &number(view.waiting)),
                lacks: lacks(w, role, "/console/webhooks/{tenant}/{id}/rotate"),
                grave: name == "remove",
                fields: Vec::new(),
                note: None,
            })
            .collect()
    }
}

fn facts(w: Words, zone: &str, view: &WebhookView) -> Vec<(&'static str, String)> {
    let at = |at: &Option<String>| time(at.as_deref(), zone);
    let events = if view.events.is_empty() {
        w.t("webhook.everything").to_owned()
    } else {
        view.events.join(", ")
    };
    let all = [
        (w.t("webhook.url"), view.url.clone()),
        (w.t("webhook.events"), events),
        (w.t("webhook.delivered"), at(&view.delivered_at)),
        (w.t("webhook.failing_since"), at(&view.failing_since)),
        (w.t("webhook.off_since"), at(&view.disabled_at)),
        (
            w.t("webhook.off_why"),
            view.disabled_reason.clone().unwrap_or_default(),
        ),
        (w.t("webhook.waits"), number(view.waiting)),
        (w.t("webhook.created"), time(Some(&view.created_at), zone)),
    ];
    all.into_iter().filter(|(_, v)| !v.is_empty()).collect()
}

fn row(w: Words, zone: &str, view: NoticeView) -> Row {
    let status = view.status.map(|s| s.to_string()).unwrap_or_default();
    let fault = view.fault.unwrap_or_default();
    Row {
        id: view.id.to_string(),
        event: view.event,
        at: time(Some(&view.at), zone),
        tone: match view.state.as_str() {
            "delivered" => "ok",
            "given_up" => "bad",
            _ => "wait",
        },
        state: w.t(&format!("webhook.notice.{}", view.state)).to_owned(),
        tries: w.t("webhook.tries").replace("{n}", &view.tries.to_string()),
        next: time(view.next_at.as_deref(), zone),
        fault: [status, fault]
            .into_iter()
            .filter(|t| !t.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
    }
}

/// The page.
pub(crate) async fn one(
    state: State<ConsoleState>,
    principal: Extension<Principal>,
    path: Path<(String, String)>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let of = Of::read(state, principal, path, headers).await?;
    let said = Said {
        did: asked.did.clone().unwrap_or_default(),
        ..Said::default()
    };
    of.show(asked, said).await
}

macro_rules! act {
    ($(#[$about:meta])* $name:ident, |$of:ident, $sent:ident| $how:expr) => {
        $(#[$about])*
        async fn $name(
            state: State<ConsoleState>,
            principal: Extension<Principal>,
            path: Path<(String, String)>,
            headers: HeaderMap,
            Form($sent): Form<Sent>,
        ) -> Result<Response, Problem> {
            let $of = Of::read(state, principal, path, headers).await?;
            let done = $how.await;
            $of.end(&$sent, stringify!($name), done).await
        }
    };
}

act!(
    /// `POST …/test`: a `ping`, whatever it asked for.
    test, |of, sent| desk::test(&of.state.ctx, of.tenant.id, of.id)
);
act!(
    /// `POST …/on`: it is tried again, what waited goes out now.
    on, |of, sent| desk::enable(&of.state.ctx, of.tenant.id, of.id)
);
act!(
    /// `POST …/off`: nothing is tried until it is switched on.
    off, |of, sent| desk::disable(&of.state.ctx, of.tenant.id, of.id)
);
act!(
    /// `POST …/replay`: one delivery, or all that were given up.
    replay, |of, sent| async {
        let request = ReplayRequest { id: given(sent.notice.clone()), since: None };
        desk::replay(&of.state.ctx, of.tenant.id, of.id, &request).await
    }
);

/// `POST …/rotate`: a new secret, shown once on this very page; for a day the one before signs beside it.
async fn rotate(
    state: State<ConsoleState>,
    principal: Extension<Principal>,
    path: Path<(String, String)>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let of = Of::read(state, principal, path, headers).await?;
    let made = desk::rotate(&of.state.ctx, of.tenant.id, of.id).await?;
    let asked = Asked {
        lang: sent.lang,
        ..Asked::default()
    };
    let said = Said {
        did: "rotate".to_owned(),
        secret: made.secret.unwrap_or_default(),
        not: None,
    };
    of.show(asked, said).await
}

/// `POST …/remove`: forgets it with its deliveries.
async fn remove(
    state: State<ConsoleState>,
    principal: Extension<Principal>,
    path: Path<(String, String)>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let of = Of::read(state, principal, path, headers).await?;
    desk::remove(&of.state.ctx, of.tenant.id, of.id).await?;
    let lang = sent.lang.as_deref().unwrap_or_default();
    let fields = [
        ("lang", lang),
        ("shop", of.tenant.slug.as_str()),
        ("did", "remove"),
    ];
    Ok(to("/webhooks", &fields))
}
