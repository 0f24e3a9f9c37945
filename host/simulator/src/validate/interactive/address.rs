//! Asking for a postal address (§1.3): in India only.

use super::super::field::{Obj, invalid, unacceptable};
use super::{Header, MAX_BODY, frame};
use crate::errors::GraphError;

pub(super) fn check(interactive: &Obj<'_>) -> Result<(), GraphError> {
    frame(interactive, Header::Text, Some(MAX_BODY), true)?;
    let action = interactive.object("action")?;
    action.only(&["name", "parameters"])?;
    if action.text("name", 64)? != "address_message" {
        return Err(unacceptable(
            &action.path("name"),
            "must be \"address_message\"",
        ));
    }
    let parameters = action.object("parameters")?;
    parameters.only(&["country", "values", "saved_addresses", "validation_errors"])?;
    if parameters.text("country", 2)? != "IN" {
        return Err(invalid(
            &parameters.path("country"),
            "must be \"IN\": address messages exist in India only",
        ));
    }
    parameters.maybe_object("values")?;
    parameters.maybe_list("saved_addresses")?;
    parameters.maybe_object("validation_errors")?;
    Ok(())
}
