//! Is this body a message Meta would take? From raw JSON, one file per kind of content.
//!
//! Nothing here knows people, windows or limits; those come after.

mod audio;
mod contacts;
mod document;
mod envelope;
pub(crate) mod field;
mod image;
mod interactive;
mod location;
pub(crate) mod marketing;
mod media;
mod reaction;
mod sticker;
mod template;
pub(crate) mod template_match;
mod text;
mod video;

pub(crate) use envelope::{Form, MarkRead, Send, read_body};
