//! Sees what a plugin answers: the host tells each call before anything of it is committed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use portero_domain::ids::{ContactId, EventId};
use portero_domain::plugin::Action;
use portero_flow::{Answered, Point, Probe};
use portero_sandbox::Outcome;
use serde_json::json;

use super::compare::Happened;

/// One call: whom it was about, what it answered, what it logged.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) contact: ContactId,
    pub(super) actions: Vec<Happened>,
    pub(super) logs: Vec<String>,
    pub(super) fuel: u64,
    pub(super) memory: u64,
    order: usize,
}

/// Keeps the calls until they are asked for. An event that is worked on twice is one call.
#[derive(Default)]
pub(super) struct Watch {
    calls: Mutex<BTreeMap<EventId, Call>>,
}

impl Watch {
    pub(super) fn new() -> Arc<Watch> {
        Arc::default()
    }

    /// The calls since it was asked last, in their order.
    pub(super) fn take(&self) -> Vec<Call> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<Call> = std::mem::take(&mut *calls).into_values().collect();
        list.sort_by_key(|call| call.order);
        list
    }
}

impl Probe for Watch {
    fn at(&self, _: Point) {}

    fn answered(&self, answered: &Answered<'_>) {
        let report = answered.report;
        let actions = match (&report.value, &report.outcome) {
            (Some(actions), _) => actions.iter().filter_map(seen).collect(),
            (None, outcome) => vec![fault(outcome, &report.backtrace)],
        };
        let logs = report.logs.iter();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let order = calls.len();
        let call = Call {
            contact: answered.contact,
            actions,
            logs: logs
                .map(|(level, line)| format!("{}: {line}", level.as_str()))
                .collect(),
            fuel: report.fuel_used,
            memory: report.peak_memory_bytes,
            order,
        };
        calls.insert(answered.event, call);
    }
}

/// An action by the keys of the format; a message is seen where the gate judged it.
pub(super) fn seen(action: &Action) -> Option<Happened> {
    let value = match action {
        Action::Send(_) => return None,
        Action::AskConsent { wording, topic } => {
            json!({ "action": "ask-consent", "wording": wording, "topic": topic })
        }
        Action::SetAttribute { key, value } => {
            json!({ "action": "set-attribute", "key": key, "value": value })
        }
        Action::Tag { tag, add } => json!({ "action": "tag", "tag": tag, "add": add }),
        Action::SetTimer { name, at, payload } => {
            json!({ "action": "set-timer", "name": name, "at": at.to_string(), "payload": payload })
        }
        Action::CancelTimer { name } => json!({ "action": "cancel-timer", "name": name }),
        Action::HandOver { reason } => json!({ "action": "hand-over", "reason": reason }),
        Action::Metric {
            name,
            value,
            labels,
        } => {
            let labels: serde_json::Map<String, serde_json::Value> =
                labels.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
            json!({ "action": "metric", "name": name, "value": value, "labels": labels })
        }
    };
    value.as_object().cloned()
}

fn fault(outcome: &Outcome, backtrace: &[String]) -> Happened {
    let detail = match outcome {
        Outcome::PluginError { code, message } => format!("{code}: {message}"),
        other => {
            let mut words: Vec<String> = other.detail().map(str::to_owned).into_iter().collect();
            words.extend(backtrace.iter().map(|frame| format!("in {frame}")));
            words.join(", ")
        }
    };
    let value = json!({ "action": "fault", "fault": outcome.as_str(), "detail": detail });
    value.as_object().cloned().unwrap_or_default()
}
