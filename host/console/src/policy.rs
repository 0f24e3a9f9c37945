//! `GET /policy`: how strict the rules are for a shop, in words; changing that in three steps; what it was before.

mod fields;
mod outcome;
mod values;

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use portero_domain::access::Right::{ChangePolicy, Read, SeePersonalData};
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::policy::{
    self as desk, PolicyChange, Progress, RevisionView, WhatIf, WhatIfRequest,
};
use portero_flow::desk::tenants::TenantView;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::fields::{Rows, Troubles};
use self::outcome::{Change, Outcome, changes, outcome};
use self::values::Sent;

pub(crate) use self::fields::{label, value};
use crate::doors::Pages;
use crate::frame::{Frame, Visit, query, render};
use crate::problem::{Asks, Problem};
use crate::shown::{given, lacks, time, to};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Policies of the history on one page.
const HISTORY: usize = 10;
/// Longest reason, characters.
const REASON: usize = 500;
const SAVE: &str = "/console/policy/{tenant}/save";

/// The page and its acts with their rights.
pub(crate) fn pages(pages: Pages) -> Pages {
    pages
        .get("/policy", &[Read, SeePersonalData], page)
        .get(
            "/console/policy/{tenant}/progress",
            // Counts alone; asked for every second, it is no look at anybody.
            &[Read],
            progress,
        )
        .post(
            "/console/policy/{tenant}/preview",
            &[Read, SeePersonalData],
            preview,
        )
        .post(SAVE, &[Read, SeePersonalData, ChangePolicy], save)
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
    /// Where the history goes on.
    #[serde(default)]
    after: Option<String>,
}

/// A policy that holds or held.
struct Revision {
    hash: String,
    short: String,
    current: bool,
    by: String,
    reason: String,
    at: String,
    changes: Vec<Change>,
}

/// Step two and three: what would have been different, and saving.
struct Proposed {
    outcome: Outcome,
    /// What the next form sends along.
    hidden: Vec<(&'static str, String)>,
    /// Whether the values can be gone back to.
    editable: bool,
    reason: String,
    reason_trouble: String,
    lacks: String,
}

#[derive(Template)]
#[template(path = "policy.html")]
struct Page {
    f: Frame,
    w: Words,
    lang: &'static str,
    slug: String,
    did: String,
    trouble: String,
    revision: String,
    short: String,
    groups: Vec<Rows>,
    fixed: Vec<String>,
    proposed: Option<Proposed>,
    history: Vec<Revision>,
    older: String,
}

/// Who looks at which shop.
struct Looks<'a> {
    state: &'a ConsoleState,
    principal: &'a Principal,
    headers: &'a HeaderMap,
    lang: Option<&'a str>,
    shop: Option<&'a str>,
}

/// What the page says beside what holds.
#[derive(Default)]
struct Says {
    did: String,
    trouble: String,
    sent: Sent,
    troubles: Troubles,
    proposed: Option<Proposed>,
    after: Option<String>,
}

fn short(revision: &str) -> String {
    revision.chars().take(12).collect()
}

impl Looks<'_> {
    async fn frame(&self) -> Result<Frame, Problem> {
        let visit = Visit {
            state: self.state,
            principal: self.principal,
            headers: self.headers,
            entry: "/policy",
            lang: self.lang,
            shop: self.shop,
        };
        visit.of_a_shop().await
    }

    async fn show(
        &self,
        status: StatusCode,
        says: impl FnOnce(Words) -> Says,
    ) -> Result<Response, Problem> {
        let f = self.frame().await?;
        let w = f.w;
        let says = says(w);
        let mut page = Page {
            w,
            lang: f.lang,
            slug: f.shop_slug().to_owned(),
            did: says.did,
            trouble: says.trouble,
            revision: String::new(),
            short: String::new(),
            groups: Vec::new(),
            fixed: Vec::new(),
            proposed: says.proposed,
            history: Vec::new(),
            older: String::new(),
            f,
        };
        if let Some(shop) = page.f.shop.clone() {
            let ctx = &self.state.ctx;
            let holds = desk::get(ctx, shop.id).await?;
            page.groups = fields::rows(w, &holds, &says.sent, &says.troubles);
            page.short = short(&holds.revision);
            page.revision = holds.revision;
            let history = desk::history(ctx, shop.id, HISTORY, says.after.as_deref()).await?;
            if let Some(next) = history.next_cursor {
                let asked = [("lang", page.lang), ("shop", &page.slug), ("after", &next)];
                page.older = query("/policy", &asked);
            }
            let row = |r: &RevisionView| self.revision(w, &shop, r);
            page.history = history.items.iter().map(row).collect();
        }
        let hours = portero_gate::case::SERVICE_WINDOW.0 / 3_600_000;
        page.fixed = vec![
            w.t("policy.fixed.window")
                .replace("{n}", &hours.to_string()),
            w.t("policy.fixed.stop").to_owned(),
            w.t("policy.fixed.rules").to_owned(),
        ];
        let mut response = render(&page);
        if response.status() == StatusCode::OK {
            *response.status_mut() = status;
        }
        Ok(response)
    }

    fn revision(&self, w: Words, shop: &TenantView, row: &RevisionView) -> Revision {
        let by = match row.author.as_str() {
            "host" => w.t("policy.host").to_owned(),
            who if who == self.principal.author() => format!("{} ({who})", w.t("policy.you")),
            who => who.to_owned(),
        };
        Revision {
            short: short(&row.revision),
            hash: row.revision.clone(),
            current: row.current,
            by,
            reason: match row.reason.as_str() {
                "" => w.t("policy.history.first").to_owned(),
                reason => reason.to_owned(),
            },
            at: time(Some(&row.set_at), &shop.timezone),
            changes: changes(w, &row.changes),
        }
    }
}

/// The policy of a shop.
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
    let says = |w: Words| Says {
        did: match asked.did.as_deref() {
            Some("saved") => w.t("policy.did.saved").to_owned(),
            _ => String::new(),
        },
        after: given(asked.after.clone()),
        ..Says::default()
    };
    looks.show(StatusCode::OK, says).await
}

type Sending = Result<Form<Vec<(String, String)>>, FormRejection>;

fn sent(form: Sending) -> Result<Sent, Problem> {
    let Form(all) = form.map_err(|wrong| Problem::BadInput(wrong.body_text()))?;
    Ok(all.into_iter().collect())
}

/// The parameters that a form carries along as one field.
fn carried(sent: &Sent) -> Option<Map<String, Value>> {
    serde_json::from_str(sent.get("policy")?).ok()
}

/// How far a preview is.
#[derive(Serialize)]
struct HowFar {
    /// `null` while this host answers none for the shop.
    progress: Option<Progress>,
}

/// `GET …/progress`: for the page that waits for a preview.
async fn progress(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &tenant).await?;
    let progress = desk::how_far(&state.ctx, tenant.id);
    Ok(Json(HowFar { progress }).into_response())
}

/// `POST …/preview`: what would have been different. Saves nothing.
pub(crate) async fn preview(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    form: Sending,
) -> Result<Response, Problem> {
    let sent = sent(form)?;
    let tenant = reach::tenant(&state, &principal, &tenant).await?;
    let looks = Looks {
        state: &state,
        principal: &principal,
        headers: &headers,
        lang: sent.get("lang").map(String::as_str),
        shop: Some(&tenant.slug),
    };
    if sent.contains_key("edit") {
        let sent = fields::written(&carried(&sent).unwrap_or_default());
        let says = |_| Says {
            sent,
            ..Says::default()
        };
        return looks.show(StatusCode::OK, says).await;
    }
    let w = looks.frame().await?.w;
    let mut request = WhatIfRequest {
        days: Some(desk::MAX_DAYS),
        revision: sent.get("revision").cloned(),
        ..WhatIfRequest::default()
    };
    if request.revision.is_none() {
        match fields::read(w, &sent) {
            Ok(fields) => request.policy = Some(fields),
            Err(troubles) => {
                let sent = sent.clone();
                let says = |w: Words| Says {
                    trouble: w.t("policy.trouble").to_owned(),
                    sent,
                    troubles,
                    ..Says::default()
                };
                return looks.show(StatusCode::UNPROCESSABLE_ENTITY, says).await;
            }
        }
    }
    let from = sent.get("from").cloned().unwrap_or_default();
    proposed(&looks, &tenant, request, from, String::new(), String::new()).await
}

/// The second step; what cannot be asked is said on the first one.
async fn proposed(
    looks: &Looks<'_>,
    tenant: &TenantView,
    request: WhatIfRequest,
    from: String,
    reason: String,
    reason_trouble: String,
) -> Result<Response, Problem> {
    let answer = WhatIf::whole(&looks.state.ctx, tenant.id, &request).await;
    let status = match reason_trouble.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    match answer {
        Ok(view) => {
            let role = looks.principal.role;
            let says = |w: Words| {
                let mut hidden = vec![("from", from)];
                let editable = request.policy.is_some();
                if let Some(fields) = request.policy {
                    hidden.push(("policy", Value::Object(fields).to_string()));
                }
                hidden.extend(request.revision.map(|r| ("revision", r)));
                Says {
                    proposed: Some(Proposed {
                        outcome: outcome(w, &tenant.slug, &tenant.timezone, &view),
                        hidden,
                        editable,
                        reason,
                        reason_trouble,
                        lacks: lacks(w, role, SAVE),
                    }),
                    ..Says::default()
                }
            };
            looks.show(status, says).await
        }
        Err(error) => refused(looks, &request.policy.unwrap_or_default(), error).await,
    }
}

/// What the host refuses, said on the first step with the values still there.
async fn refused(
    looks: &Looks<'_>,
    values: &Map<String, Value>,
    error: FlowError,
) -> Result<Response, Problem> {
    let (status, key) = match &error {
        FlowError::WrongState { what, .. } if what == "the policy" => {
            (StatusCode::CONFLICT, "policy.moved")
        }
        FlowError::WrongState { .. } => (StatusCode::CONFLICT, "policy.busy"),
        FlowError::BadInput { .. } | FlowError::NotFound { .. } => {
            (StatusCode::UNPROCESSABLE_ENTITY, "policy.gone")
        }
        _ => return Err(error.into()),
    };
    let words = |w: Words| match key {
        "policy.moved" => w.t("policy.moved").to_owned(),
        "policy.busy" => w.t("policy.busy").to_owned(),
        _ => w.t("policy.gone").to_owned(),
    };
    let says = |w: Words| Says {
        trouble: words(w),
        sent: fields::written(values),
        ..Says::default()
    };
    looks.show(status, says).await
}

/// `POST …/save`: the third step, with a reason.
pub(crate) async fn save(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    form: Sending,
) -> Result<Response, Problem> {
    let sent = sent(form)?;
    let tenant = reach::tenant(&state, &principal, &tenant).await?;
    let lang = sent.get("lang").map(String::as_str);
    let looks = Looks {
        state: &state,
        principal: &principal,
        headers: &headers,
        lang,
        shop: Some(&tenant.slug),
    };
    let reason = sent.get("reason").map(|r| r.trim().to_owned());
    let reason = reason.unwrap_or_default();
    let from = sent.get("from").cloned().unwrap_or_default();
    let revision = sent.get("revision").cloned();
    let policy = match revision {
        None => carried(&sent),
        Some(_) => None,
    };
    if reason.is_empty() || reason.chars().count() > REASON {
        let w = looks.frame().await?.w;
        let words = w.t("policy.reason.missing").to_owned();
        let request = WhatIfRequest {
            days: Some(desk::MAX_DAYS),
            policy,
            revision,
            ..WhatIfRequest::default()
        };
        return proposed(&looks, &tenant, request, from, reason, words).await;
    }
    let values = policy.clone().unwrap_or_default();
    let change = PolicyChange {
        policy,
        revision,
        reason,
        from: Some(from).filter(|f| !f.is_empty()),
    };
    match desk::set(&state.ctx, &principal, tenant.id, &change, None).await {
        Ok(_) => {
            let lang = lang.unwrap_or_default();
            let fields = [("lang", lang), ("shop", &tenant.slug), ("did", "saved")];
            Ok(to("/policy", &fields))
        }
        Err(error) => refused(&looks, &values, error).await,
    }
}
