//! A button that opens a link (§1.3).

use super::super::field::{Obj, invalid, is_web_url, unacceptable};
use super::{Header, MAX_BODY, frame};
use crate::errors::GraphError;

pub(super) fn check(interactive: &Obj<'_>) -> Result<(), GraphError> {
    frame(interactive, Header::Any, Some(MAX_BODY), true)?;
    action(&interactive.object("action")?)
}

/// The button itself, which a carousel's cards have too.
pub(super) fn action(action: &Obj<'_>) -> Result<(), GraphError> {
    action.only(&["name", "parameters"])?;
    if action.text("name", 64)? != "cta_url" {
        return Err(unacceptable(&action.path("name"), "must be \"cta_url\""));
    }
    let parameters = action.object("parameters")?;
    parameters.only(&["display_text", "url"])?;
    parameters.text("display_text", 20)?;
    if !is_web_url(parameters.text("url", 2_000)?) {
        return Err(invalid(
            &parameters.path("url"),
            "must be a URL that starts with http:// or https://",
        ));
    }
    Ok(())
}
