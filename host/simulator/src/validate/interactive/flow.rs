//! Flows (§1.3).

use super::super::field::{Obj, missing, unacceptable};
use super::{Header, MAX_BODY, frame};
use crate::errors::GraphError;

pub(super) fn check(interactive: &Obj<'_>) -> Result<(), GraphError> {
    frame(interactive, Header::Any, Some(MAX_BODY), true)?;
    let action = interactive.object("action")?;
    action.only(&["name", "parameters"])?;
    if action.text("name", 64)? != "flow" {
        return Err(unacceptable(&action.path("name"), "must be \"flow\""));
    }
    let flow = action.object("parameters")?;
    flow.only(&[
        "flow_message_version",
        "flow_cta",
        "flow_id",
        "flow_name",
        "flow_token",
        "mode",
        "flow_action",
        "flow_action_payload",
    ])?;
    if flow.text("flow_message_version", 8)? != "3" {
        return Err(unacceptable(
            &flow.path("flow_message_version"),
            "must be \"3\"",
        ));
    }
    flow.text("flow_cta", 30)?;
    flow.maybe_text("flow_token", 1_000)?;
    let by_id = flow.maybe_text("flow_id", 64)?;
    let by_name = flow.maybe_text("flow_name", 256)?;
    match (by_id, by_name) {
        (None, None) => return Err(missing(&flow.path("flow_id"))),
        (Some(_), Some(_)) => {
            return Err(unacceptable(
                flow.here(),
                "must have either flow_id or flow_name, not both",
            ));
        }
        _ => {}
    }
    word(&flow, "mode", &["draft", "published"])?;
    word(&flow, "flow_action", &["navigate", "data_exchange"])?;
    if let Some(payload) = flow.maybe_object("flow_action_payload")? {
        payload.only(&["screen", "data"])?;
        payload.maybe_text("screen", 256)?;
        payload.maybe_object("data")?;
    }
    Ok(())
}

fn word(flow: &Obj<'_>, key: &str, allowed: &[&str]) -> Result<(), GraphError> {
    match flow.maybe_text(key, 32)? {
        Some(word) if !allowed.contains(&word) => Err(unacceptable(
            &flow.path(key),
            &format!("must be one of {}", allowed.join(", ")),
        )),
        _ => Ok(()),
    }
}
