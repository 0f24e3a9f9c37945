//! `sticker` (§1.2): no caption.

use super::field::Obj;
use super::media;
use crate::errors::GraphError;

pub(super) fn check(sticker: &Obj<'_>) -> Result<(), GraphError> {
    media::check(sticker, &[])
}
