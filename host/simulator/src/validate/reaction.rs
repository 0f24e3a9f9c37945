//! `reaction` (§1.2): an empty emoji takes the reaction back.

use super::field::{Obj, missing};
use crate::errors::GraphError;

/// The longest emoji sequences have about ten scalar values.
const MAX_EMOJI: usize = 32;

pub(super) fn check(reaction: &Obj<'_>) -> Result<(), GraphError> {
    reaction.only(&["message_id", "emoji"])?;
    reaction.text("message_id", 512)?;
    match reaction.maybe_text("emoji", MAX_EMOJI)? {
        None => Err(missing(&reaction.path("emoji"))),
        Some(_) => Ok(()),
    }
}
