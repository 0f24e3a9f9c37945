//! What every kind of media shares: exactly one of `id` and `link` (§1.2).

use super::field::{Obj, invalid, is_web_url, missing, unacceptable};
use crate::errors::GraphError;

pub(super) const MAX_CAPTION: usize = 1_024;

/// Refuses other keys than `id`, `link` and `extra`, and checks the source.
pub(super) fn check(media: &Obj<'_>, extra: &[&str]) -> Result<(), GraphError> {
    let mut keys = vec!["id", "link"];
    keys.extend(extra);
    media.only(&keys)?;
    source(media)
}

/// Exactly one of `id` (digits, from an upload) and `link` (http or https).
pub(super) fn source(media: &Obj<'_>) -> Result<(), GraphError> {
    let id = media.maybe_text("id", 64)?;
    let link = media.maybe_text("link", 2_048)?;
    match (id, link) {
        (None, None) => Err(missing(&format!(
            "{} or {}",
            media.path("id"),
            media.path("link")
        ))),
        (Some(_), Some(_)) => Err(unacceptable(
            media.here(),
            "must have either id or link, not both",
        )),
        (Some(id), None) if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) => {
            Err(invalid(&media.path("id"), "is not a media id"))
        }
        (None, Some(link)) if !is_web_url(link) => Err(invalid(
            &media.path("link"),
            "must be a URL that starts with http:// or https://",
        )),
        _ => Ok(()),
    }
}
