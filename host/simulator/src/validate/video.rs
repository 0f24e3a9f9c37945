//! `video` (§1.2).

use super::field::Obj;
use super::media::{self, MAX_CAPTION};
use crate::errors::GraphError;

pub(super) fn check(video: &Obj<'_>) -> Result<(), GraphError> {
    media::check(video, &["caption"])?;
    video.maybe_text("caption", MAX_CAPTION)?;
    Ok(())
}
