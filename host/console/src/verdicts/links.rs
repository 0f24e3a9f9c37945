//! Links that show a verdict to somebody without a login: made and ended on the verdict's page.

use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use portero_domain::ids::DecisionId;
use portero_flow::desk::access::Principal;
use portero_flow::desk::audit::Made;
use portero_flow::desk::proofs::{self, ProofLinkRequest};
use serde::Deserialize;

use super::one::{self, Told};
use crate::frame::Visit;
use crate::languages;
use crate::problem::Problem;
use crate::shown::{Came, came, to};
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// What the forms send.
#[derive(Default, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    days: String,
}

/// A verdict's id of a path.
pub(super) fn verdict_id(text: &str) -> Result<DecisionId, Problem> {
    text.parse()
        .map_err(|_| Problem::NotFound { what: "verdict" })
}

/// `POST …/links`: makes one; its address is shown once, on this very page.
pub(crate) async fn make(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, id)): Path<(String, String)>,
    headers: HeaderMap,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(sent) = form.map_err(|wrong| Problem::BadInput(wrong.body_text()))?;
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let verdict = verdict_id(&id)?;
    let accepts = headers.get(header::ACCEPT_LANGUAGE);
    let accepts = accepts.and_then(|v| v.to_str().ok());
    let w = Words(languages::choose(sent.lang.as_deref(), accepts));
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/verdicts",
        lang: sent.lang.as_deref(),
        shop: None,
    };
    let request = ProofLinkRequest {
        // What is no number is out of range like any other.
        days: Some(sent.days.trim().parse().unwrap_or_default()),
    };
    match proofs::link(&state.ctx, &principal, tenant.id, verdict, &request).await {
        Ok(new) => {
            let told = Told {
                made: Some(format!("{}{}", origin(&headers), new.path)),
                ..Told::default()
            };
            let mut page = one::show(visit, &shop, &id, (false, false), told).await?;
            page.extensions_mut().insert(Made {
                id: new.link.id.to_string(),
                tenant: Some(tenant.id),
            });
            Ok(page)
        }
        Err(error) => match came::<()>(Err(error), Response::default())? {
            Came::Done(response) => Ok(response),
            Came::Not(status, _) => {
                let why = match status {
                    StatusCode::CONFLICT => "proof.wrong.many",
                    _ => "proof.wrong.days",
                };
                let told = Told {
                    trouble: w.t(why).to_owned(),
                    days: sent.days,
                    ..Told::default()
                };
                let mut page = one::show(visit, &shop, &id, (false, false), told).await?;
                *page.status_mut() = status;
                Ok(page)
            }
        },
    }
}

/// This host as the browser names it; nothing where it does not say.
fn origin(headers: &HeaderMap) -> &str {
    let said = headers.get(header::ORIGIN).and_then(|v| v.to_str().ok());
    said.filter(|o| o.starts_with("http")).unwrap_or_default()
}

/// `POST …/links/{link}/end`: from now on it shows nothing.
pub(crate) async fn end(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, id, link)): Path<(String, String, String)>,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(sent) = form.map_err(|wrong| Problem::BadInput(wrong.body_text()))?;
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let verdict = verdict_id(&id)?;
    let none = |_| Problem::NotFound { what: "proof link" };
    proofs::unlink(&state.ctx, tenant.id, link.parse().map_err(none)?).await?;
    let path = format!("/verdicts/{}/{verdict}", tenant.slug);
    let lang = sent.lang.as_deref().unwrap_or_default();
    Ok(to(&path, &[("lang", lang), ("did", "end")]))
}
