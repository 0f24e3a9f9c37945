//! Reply buttons (§1.3): one to three.

use std::collections::HashSet;

use super::super::field::{Obj, invalid, unacceptable};
use super::{Header, MAX_BODY, frame};
use crate::errors::GraphError;

pub(super) fn check(interactive: &Obj<'_>) -> Result<(), GraphError> {
    frame(interactive, Header::Any, Some(MAX_BODY), true)?;
    let action = interactive.object("action")?;
    action.only(&["buttons"])?;
    action.list("buttons", 1, 3)?;
    let (mut ids, mut titles) = (HashSet::new(), HashSet::new());
    for button in action.objects("buttons")? {
        button.only(&["type", "reply"])?;
        if button.text("type", 32)? != "reply" {
            return Err(unacceptable(&button.path("type"), "must be \"reply\""));
        }
        let reply = button.object("reply")?;
        reply.only(&["id", "title"])?;
        if !ids.insert(reply.text("id", 256)?) {
            return Err(invalid(&reply.path("id"), "must be unique"));
        }
        if !titles.insert(reply.text("title", 20)?) {
            return Err(invalid(&reply.path("title"), "must be unique"));
        }
    }
    Ok(())
}
