//! `interactive` (§1.3): header, body, footer, and one file per action.

mod address;
mod button;
mod calls;
mod carousel;
mod catalog;
mod cta_url;
mod flow;
mod list;
mod requests;

use super::field::{Obj, unacceptable};
use super::media;
use crate::errors::GraphError;

const MAX_HEADER: usize = 60;
const MAX_FOOTER: usize = 60;
const MAX_BODY: usize = 1_024;

/// Which headers a kind may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Header {
    No,
    Text,
    TextNeeded,
    Any,
}

pub(super) fn check(interactive: &Obj<'_>) -> Result<(), GraphError> {
    interactive.only(&["type", "header", "body", "footer", "action"])?;
    match interactive.text("type", 64)? {
        "button" => button::check(interactive),
        "list" => list::check(interactive),
        "cta_url" => cta_url::check(interactive),
        "location_request_message" => requests::location(interactive),
        "request_contact_info" => requests::contact(interactive),
        "flow" => flow::check(interactive),
        "product" => catalog::product(interactive),
        "product_list" => catalog::product_list(interactive),
        "catalog_message" => catalog::catalog_message(interactive),
        "carousel" => carousel::check(interactive),
        "call_permission_request" => calls::permission(interactive),
        "voice_call" => calls::voice(interactive),
        "address_message" => address::check(interactive),
        _ => Err(unacceptable(
            &interactive.path("type"),
            "is not a supported interactive type",
        )),
    }
}

/// Header, body and footer of a kind; `body` is its longest, `None` when the body is optional.
fn frame(
    interactive: &Obj<'_>,
    header: Header,
    body: Option<usize>,
    footer: bool,
) -> Result<(), GraphError> {
    check_header(interactive, header)?;
    match (body, interactive.maybe_object("body")?) {
        (None, None) => {}
        (longest, _) => {
            let text = interactive.object("body")?;
            text.only(&["text"])?;
            text.text("text", longest.unwrap_or(MAX_BODY))?;
        }
    }
    if let Some(text) = interactive.maybe_object("footer")? {
        if !footer {
            return Err(unacceptable(text.here(), "is not allowed here"));
        }
        text.only(&["text"])?;
        text.text("text", MAX_FOOTER)?;
    }
    Ok(())
}

fn check_header(interactive: &Obj<'_>, allowed: Header) -> Result<(), GraphError> {
    let Some(header) = interactive.maybe_object("header")? else {
        return if allowed == Header::TextNeeded {
            Err(super::field::missing(&interactive.path("header")))
        } else {
            Ok(())
        };
    };
    if allowed == Header::No {
        return Err(unacceptable(header.here(), "is not allowed here"));
    }
    let kind = header.text("type", 32)?;
    header.only(&["type", kind])?;
    match kind {
        "text" => header.text("text", MAX_HEADER).map(|_| ()),
        "image" | "video" if allowed == Header::Any => media::check(&header.object(kind)?, &[]),
        "document" if allowed == Header::Any => {
            let document = header.object(kind)?;
            media::check(&document, &["filename"])?;
            document.maybe_text("filename", 240).map(|_| ())
        }
        _ => Err(unacceptable(
            &header.path("type"),
            "is not a header this message may have",
        )),
    }
}
