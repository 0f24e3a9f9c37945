//! `text` (§1.2).

use super::field::Obj;
use crate::errors::GraphError;

pub(super) fn check(text: &Obj<'_>) -> Result<(), GraphError> {
    text.only(&["body", "preview_url"])?;
    text.text("body", 4_096)?;
    text.maybe_bool("preview_url")?;
    Ok(())
}
