//! `image` (§1.2).

use super::field::Obj;
use super::media::{self, MAX_CAPTION};
use crate::errors::GraphError;

pub(super) fn check(image: &Obj<'_>) -> Result<(), GraphError> {
    media::check(image, &["caption"])?;
    image.maybe_text("caption", MAX_CAPTION)?;
    Ok(())
}
