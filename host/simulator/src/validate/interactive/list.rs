//! Lists (§1.3): one to ten sections with ten rows in all.

use std::collections::HashSet;

use super::super::field::{Obj, invalid, missing};
use super::{Header, frame};
use crate::errors::GraphError;

/// Longer than in any other interactive message.
const MAX_LIST_BODY: usize = 4_096;
const MAX_ROWS: usize = 10;

pub(super) fn check(interactive: &Obj<'_>) -> Result<(), GraphError> {
    frame(interactive, Header::Text, Some(MAX_LIST_BODY), true)?;
    let action = interactive.object("action")?;
    action.only(&["button", "sections"])?;
    action.text("button", 20)?;
    let many = action.list("sections", 1, 10)?.len() > 1;
    let mut rows = 0;
    let mut ids = HashSet::new();
    for section in action.objects("sections")? {
        section.only(&["title", "rows"])?;
        let title = section.maybe_text("title", 24)?;
        if many && title.is_none_or(str::is_empty) {
            return Err(missing(&format!(
                "{} (with more than one section)",
                section.path("title")
            )));
        }
        rows += section.list("rows", 1, MAX_ROWS)?.len();
        for row in section.objects("rows")? {
            row.only(&["id", "title", "description"])?;
            if !ids.insert(row.text("id", 200)?) {
                return Err(invalid(&row.path("id"), "must be unique"));
            }
            row.text("title", 24)?;
            row.maybe_text("description", 72)?;
        }
    }
    if rows > MAX_ROWS {
        return Err(invalid(
            &action.path("sections"),
            &format!("must have at most {MAX_ROWS} rows in total, got {rows}"),
        ));
    }
    Ok(())
}
