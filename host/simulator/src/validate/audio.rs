//! `audio` (§1.2): no caption.

use super::field::Obj;
use super::media;
use crate::errors::GraphError;

pub(super) fn check(audio: &Obj<'_>) -> Result<(), GraphError> {
    media::check(audio, &["voice"])?;
    audio.maybe_bool("voice")?;
    Ok(())
}
