//! `document` (§1.2).

use super::field::Obj;
use super::media::{self, MAX_CAPTION};
use crate::errors::GraphError;

/// Not stated by Meta; what file systems take.
const MAX_FILENAME: usize = 240;

pub(super) fn check(document: &Obj<'_>) -> Result<(), GraphError> {
    media::check(document, &["caption", "filename"])?;
    document.maybe_text("caption", MAX_CAPTION)?;
    document.maybe_text("filename", MAX_FILENAME)?;
    Ok(())
}
