//! Calls (§1.3): asking for the permission to call, and a button that calls the business.

use super::super::field::{Obj, invalid, unacceptable};
use super::{Header, MAX_BODY, frame};
use crate::errors::GraphError;

/// Thirty days, the longest a button may be good for.
const MAX_TTL_MINUTES: u64 = 43_200;

pub(super) fn permission(interactive: &Obj<'_>) -> Result<(), GraphError> {
    frame(interactive, Header::No, Some(MAX_BODY), false)?;
    let action = interactive.object("action")?;
    action.only(&["name"])?;
    name(&action, "call_permission_request")
}

pub(super) fn voice(interactive: &Obj<'_>) -> Result<(), GraphError> {
    frame(interactive, Header::No, Some(MAX_BODY), false)?;
    let action = interactive.object("action")?;
    action.only(&["name", "parameters"])?;
    name(&action, "voice_call")?;
    let Some(button) = action.maybe_object("parameters")? else {
        return Ok(());
    };
    button.only(&["display_text", "ttl_minutes", "payload"])?;
    button.maybe_text("display_text", 20)?;
    button.maybe_text("payload", 512)?;
    match button.get("ttl_minutes").map(serde_json::Value::as_u64) {
        None | Some(Some(1..=MAX_TTL_MINUTES)) => Ok(()),
        Some(_) => Err(invalid(
            &button.path("ttl_minutes"),
            "must be 1 to 43200 minutes",
        )),
    }
}

fn name(action: &Obj<'_>, wanted: &str) -> Result<(), GraphError> {
    if action.text("name", 64)? == wanted {
        return Ok(());
    }
    Err(unacceptable(
        &action.path("name"),
        &format!("must be \"{wanted}\""),
    ))
}
