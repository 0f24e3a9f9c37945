//! `POST /v1/trigger`: what the outside world does, on demand, where the outside world is a simulator.
//!
//! Everything goes through the simulator's control door and comes back as a signed webhook: nothing is
//! put into the host past its own front door. A host that talks to the real Meta refuses.

use axum::Json;
use axum::extract::State;
use portero_domain::ids::TenantId;
use portero_flow::desk::messages::{self, MessageQuery};
use portero_flow::desk::{numbers, templates};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::http::AppState;
use crate::http::api::{ApiJson, parse_id};
use crate::http::auth::Caller;
use crate::http::codes;
use crate::http::problem::Problem;
use crate::sim_control::HttpControl;

/// What can be triggered, with what it needs.
pub(crate) const EVENTS: &[(&str, &str)] = &[
    ("text", "a person writes: --text"),
    (
        "button",
        "a person taps a button of --message (the newest one sent): --button, else its first",
    ),
    (
        "status-failed",
        "the number's next message is accepted and fails afterwards: --code",
    ),
    ("template-paused", "Meta pauses --template"),
    ("template-approved", "Meta approves --template again"),
    (
        "quality",
        "the number's quality becomes --quality: GREEN, YELLOW or RED",
    ),
    ("block", "a person blocks the number"),
    (
        "stop-marketing",
        "a person stops marketing in WhatsApp's own settings",
    ),
];

/// What is to happen.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TriggerRequest {
    /// `text`, `button`, `status-failed`, `template-paused`, `template-approved`, `quality`, `block` or `stop-marketing`.
    event: String,
    /// Meta's id of a number of the tenant; may be absent when there is one.
    number: Option<String>,
    /// Number or user id of a pretend person; the first of the number's country when absent.
    person: Option<String>,
    /// What they write.
    text: Option<String>,
    /// `out_…`; the newest message that was sent when absent.
    message: Option<String>,
    /// Id of the button; the first when absent.
    button: Option<String>,
    /// One of Meta's error codes; 131026 when absent.
    code: Option<i64>,
    /// Name of a template.
    template: Option<String>,
    /// Its language; may be absent when there is one.
    language: Option<String>,
    /// `GREEN`, `YELLOW` or `RED`.
    quality: Option<String>,
}

/// What was done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct TriggerView {
    /// The event.
    event: String,
    /// In one sentence.
    did: String,
    /// What the simulator said.
    #[schema(value_type = Object)]
    simulator: Value,
}

/// Make the simulated outside world do something; refused (409 `not_simulated`) where it is real.
#[utoipa::path(post, path = "/v1/trigger", request_body = TriggerRequest, responses(
    (status = 200, body = TriggerView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn trigger(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(request): ApiJson<TriggerRequest>,
) -> Result<Json<TriggerView>, Problem> {
    let Some(control) = state.outside.clone() else {
        return Err(Problem::of(
            codes::NOT_SIMULATED,
            "this host talks to Meta itself; try it on `portero demo`, or on a host whose graph_url is a \
             `portero simulator` on this machine",
        ));
    };
    let act = Act {
        state: &state,
        control: &control,
        tenant: caller.tenant,
        request: &request,
    };
    let (did, path, body) = act.plan().await?;
    let simulator = control.post(&path, &body).await.map_err(simulator)?;
    Ok(Json(TriggerView {
        event: request.event.clone(),
        did,
        simulator,
    }))
}

fn simulator(why: String) -> Problem {
    Problem::of(codes::SIMULATOR, why)
}

struct Act<'a> {
    state: &'a AppState,
    control: &'a HttpControl,
    tenant: TenantId,
    request: &'a TriggerRequest,
}

/// What it is in words, the simulator's path and what it is told.
type Plan = (String, String, Value);

impl Act<'_> {
    async fn plan(&self) -> Result<Plan, Problem> {
        match self.request.event.as_str() {
            "text" => self.text().await,
            "button" => self.button().await,
            "status-failed" => self.failed().await,
            "template-paused" => self.template("PAUSED").await,
            "template-approved" => self.template("APPROVED").await,
            "quality" => self.quality().await,
            "block" => {
                let (number, person) = self.pair().await?;
                let said = format!("{person} blocks {number}");
                let body = json!({ "number": number, "value": true });
                Ok((said, format!("/_sim/people/{person}/block"), body))
            }
            "stop-marketing" => {
                let (number, person) = self.pair().await?;
                let said = format!("{person} stops marketing of {number}");
                let body = json!({ "number": number, "value": "stop" });
                Ok((said, format!("/_sim/people/{person}/preference"), body))
            }
            other => {
                let known: Vec<&str> = EVENTS.iter().map(|(event, _)| *event).collect();
                Err(Problem::bad(format!(
                    "event: `{other}` is none of {}",
                    known.join(", ")
                )))
            }
        }
    }

    async fn text(&self) -> Result<Plan, Problem> {
        let (number, person) = self.pair().await?;
        let text = self.request.text.as_deref().unwrap_or("hola");
        let body = json!({ "number": number, "type": "text", "text": text });
        let said = format!("{person} writes to {number}");
        Ok((said, format!("/_sim/people/{person}/say"), body))
    }

    async fn button(&self) -> Result<Plan, Problem> {
        let (wamid, number, person) = self.message().await?;
        let mut body = json!({ "number": number, "message": wamid });
        if let Some(fields) = body.as_object_mut() {
            match &self.request.button {
                Some(id) => fields.insert("id".to_owned(), json!(id)),
                None => fields.insert("index".to_owned(), json!(0)),
            };
        }
        let said = format!("{person} taps a button");
        Ok((said, format!("/_sim/people/{person}/tap"), body))
    }

    /// A message that arrived stays arrived: the next one fails.
    async fn failed(&self) -> Result<Plan, Problem> {
        let number = self.number().await?.phone_number_id;
        let code = self.request.code.unwrap_or(131_026);
        let said = format!("the next message of {number} is accepted and fails with {code}");
        let path = format!("/_sim/numbers/{number}/fail");
        Ok((said, path, json!({ "code": code })))
    }

    async fn template(&self, status: &str) -> Result<Plan, Problem> {
        let Some(name) = self.request.template.as_deref() else {
            return Err(Problem::bad(
                "template: name one of `portero template list`",
            ));
        };
        let all = templates::list(&self.state.ctx, self.tenant).await?;
        let language = self.request.language.as_deref();
        let fits: Vec<_> = all
            .iter()
            .filter(|t| t.name == name && language.is_none_or(|l| l == t.language))
            .collect();
        match fits.as_slice() {
            [] => Err(Problem::bad(format!(
                "template: there is no `{name}`; `portero template list` shows what there is"
            ))),
            [one] => {
                let path = format!(
                    "/_sim/templates/{}/{}/{}",
                    one.waba_id, one.name, one.language
                );
                let said = format!("{name} ({}) is {status}", one.language);
                Ok((said, path, json!({ "status": status })))
            }
            several => {
                let languages: Vec<&str> = several.iter().map(|t| t.language.as_str()).collect();
                Err(Problem::bad(format!(
                    "language: `{name}` has {}; choose one",
                    languages.join(", ")
                )))
            }
        }
    }

    async fn quality(&self) -> Result<Plan, Problem> {
        let number = self.number().await?;
        let Some(quality) = self.request.quality.as_deref() else {
            return Err(Problem::bad("quality: GREEN, YELLOW or RED"));
        };
        let said = format!(
            "the quality of {} becomes {quality}",
            number.phone_number_id
        );
        let path = format!("/_sim/numbers/{}", number.phone_number_id);
        Ok((said, path, json!({ "quality": quality })))
    }

    /// A number of the tenant: another tenant's is none.
    async fn number(&self) -> Result<numbers::NumberView, Problem> {
        let mut all = numbers::list(&self.state.ctx, self.tenant).await?;
        if let Some(wanted) = &self.request.number {
            all.retain(|n| &n.phone_number_id == wanted);
        }
        match (all.len(), all.pop()) {
            (1, Some(one)) => Ok(one),
            (0, _) => Err(Problem::bad(
                "number: the tenant has none like that; `portero number list`",
            )),
            _ => Err(Problem::bad(
                "number: the tenant has several; name one of `portero number list`",
            )),
        }
    }

    /// A number of the tenant and a person who may write to it.
    async fn pair(&self) -> Result<(String, String), Problem> {
        let number = self.number().await?;
        let person = match &self.request.person {
            Some(person) => safe(person)?,
            None => self.somebody(&number.display).await?,
        };
        Ok((number.phone_number_id, person))
    }

    async fn somebody(&self, display: &str) -> Result<String, Problem> {
        let world = self.control.get("/_sim/people").await.map_err(simulator)?;
        let people = world.get("people").and_then(Value::as_array);
        let ids: Vec<&str> = people
            .into_iter()
            .flatten()
            .filter_map(|p| p.get("wa_id").and_then(Value::as_str))
            .collect();
        let country = display.trim_start_matches('+').get(..2).unwrap_or_default();
        let near = ids.iter().find(|id| id.starts_with(country));
        near.or(ids.first())
            .map(|id| (*id).to_owned())
            .ok_or_else(|| Problem::bad("person: the simulator has nobody yet; name one"))
    }

    /// A message of the tenant that Meta took: its wamid, number and person.
    async fn message(&self) -> Result<(String, String, String), Problem> {
        let ctx = &self.state.ctx;
        let view = match self.request.message.as_deref() {
            Some(id) => Some(messages::get(ctx, self.tenant, parse_id(id)?).await?),
            None => {
                let sent = MessageQuery {
                    state: Some("sent".to_owned()),
                    ..MessageQuery::newest(1)
                };
                messages::list(ctx, self.tenant, &sent).await?.items.pop()
            }
        };
        let Some(wamid) = view.as_ref().and_then(|v| v.wamid.clone()) else {
            return Err(Problem::bad(
                "message: none that Meta took; name one of `portero why`",
            ));
        };
        let path = format!("/_sim/messages/{wamid}");
        let sent = self.control.get(&path).await.map_err(simulator)?;
        let field = |name: &str| sent.get(name).and_then(Value::as_str).map(str::to_owned);
        let person = field("wa_id").or_else(|| field("user_id"));
        let (number, person) = field("number")
            .zip(person)
            .ok_or_else(|| simulator("its answer does not read".to_owned()))?;
        Ok((wamid, number, person))
    }
}

/// A person's key goes into a path: digits or a user id, nothing else.
fn safe(person: &str) -> Result<String, Problem> {
    let key = person.trim_start_matches('+');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !key.is_empty() && key.len() <= 128 && key.chars().all(plain) && key != "." && key != ".." {
        Ok(key.to_owned())
    } else {
        Err(Problem::bad("person: a number or user id of the simulator"))
    }
}
