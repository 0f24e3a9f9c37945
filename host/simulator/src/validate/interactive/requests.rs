//! Asking for the location or for the phone number (§1.3).

use super::super::field::{Obj, unacceptable};
use super::{Header, MAX_BODY, frame};
use crate::errors::GraphError;

pub(super) fn location(interactive: &Obj<'_>) -> Result<(), GraphError> {
    request(interactive, "send_location")
}

pub(super) fn contact(interactive: &Obj<'_>) -> Result<(), GraphError> {
    request(interactive, "request_contact_info")
}

fn request(interactive: &Obj<'_>, name: &str) -> Result<(), GraphError> {
    frame(interactive, Header::No, Some(MAX_BODY), false)?;
    let action = interactive.object("action")?;
    action.only(&["name"])?;
    if action.text("name", 64)? != name {
        return Err(unacceptable(
            &action.path("name"),
            &format!("must be \"{name}\""),
        ));
    }
    Ok(())
}
