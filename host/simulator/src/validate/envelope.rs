//! The body of `POST /{phone_number_id}/messages` around its content (§1.1, §1.10).

use portero_domain::address::AddressKey;
use serde_json::{Map, Value};

use super::field::{Obj, invalid, missing, unacceptable};
use super::{
    audio, contacts, document, image, interactive, location, reaction, sticker, template, text,
    video,
};
use crate::errors::GraphError;

/// What the body asks for.
pub(crate) enum Form {
    Send(Send),
    MarkRead(MarkRead),
}

/// A message whose shape is right.
pub(crate) struct Send {
    /// `to`, or else `recipient`, as it was written.
    pub(crate) input: String,
    pub(crate) recipient: AddressKey,
    pub(crate) kind: String,
    /// The object named after `type`, and `context`.
    pub(crate) content: Map<String, Value>,
    pub(crate) opaque: Option<String>,
}

/// The mark-as-read form.
pub(crate) struct MarkRead {
    pub(crate) message_id: String,
    pub(crate) typing: bool,
}

const KINDS: &[&str] = &[
    "text",
    "image",
    "audio",
    "video",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "interactive",
    "template",
];

/// Deeper than serde_json goes, and wider than any message.
const MAX_BODY: usize = 1024 * 1024;

/// Judges the fields of a body that was so many bytes long.
pub(crate) fn read_body(length: usize, body: &Map<String, Value>) -> Result<Form, GraphError> {
    if length > MAX_BODY {
        return Err(GraphError::new(100, "the request body is too large"));
    }
    let body = Obj::root(body);
    match body.get("messaging_product") {
        None => {
            return Err(GraphError::parameter(
                "The parameter messaging_product is required.",
            ));
        }
        Some(Value::String(product)) if product == "whatsapp" => {}
        Some(_) => {
            return Err(unacceptable("messaging_product", "must be \"whatsapp\""));
        }
    }
    if body.get("status").is_some() {
        return mark_read(&body).map(Form::MarkRead);
    }
    send(&body).map(Form::Send)
}

fn mark_read(body: &Obj<'_>) -> Result<MarkRead, GraphError> {
    body.only(&[
        "messaging_product",
        "status",
        "message_id",
        "typing_indicator",
        "recipient_type",
        "to",
    ])?;
    if body.text("status", 32)? != "read" {
        return Err(unacceptable("status", "must be \"read\""));
    }
    let message_id = body.text("message_id", 512)?.to_owned();
    let typing = match body.maybe_object("typing_indicator")? {
        None => false,
        Some(indicator) => {
            indicator.only(&["type"])?;
            if indicator.text("type", 32)? != "text" {
                return Err(unacceptable("typing_indicator.type", "must be \"text\""));
            }
            true
        }
    };
    Ok(MarkRead { message_id, typing })
}

fn send(body: &Obj<'_>) -> Result<Send, GraphError> {
    let mut known = vec![
        "messaging_product",
        "recipient_type",
        "to",
        "recipient",
        "type",
        "context",
        "biz_opaque_callback_data",
        "recipient_identity_key_hash",
        "paid_messaging_account_id",
        "category",
    ];
    known.extend(KINDS);
    body.only(&known)?;
    match body.maybe_text("recipient_type", 32)? {
        None | Some("individual") => {}
        Some("group") => {
            return Err(GraphError::new(
                131_000,
                "recipient_type \"group\": groups are not enabled for this number",
            ));
        }
        Some(_) => {
            return Err(unacceptable(
                "recipient_type",
                "must be \"individual\" or \"group\"",
            ));
        }
    }
    if body.get("category").is_some() {
        return Err(unacceptable(
            "category",
            "belongs to Direct Send, which is not enabled for this account",
        ));
    }
    body.maybe_text("recipient_identity_key_hash", 256)?;
    let (input, recipient) = recipient(body)?;
    let opaque = body
        .maybe_text("biz_opaque_callback_data", 512)?
        .map(str::to_owned);
    let kind = match body.maybe_text("type", 64)? {
        // Meta's own default: without a type the body is a text.
        None => "text",
        Some(kind) => kind,
    };
    if !KINDS.contains(&kind) {
        return Err(unacceptable("type", "is not a supported message type"));
    }
    let mut content = Map::new();
    if let Some(context) = body.maybe_object("context")? {
        if kind == "reaction" {
            return Err(unacceptable("context", "is not available for reactions"));
        }
        context.only(&["message_id"])?;
        context.text("message_id", 512)?;
        content.insert("context".to_owned(), context.map.clone().into());
    }
    check_content(body, kind)?;
    if let Some(object) = body.get(kind) {
        content.insert(kind.to_owned(), object.clone());
    }
    Ok(Send {
        input,
        recipient,
        kind: kind.to_owned(),
        content,
        opaque,
    })
}

fn check_content(body: &Obj<'_>, kind: &str) -> Result<(), GraphError> {
    match kind {
        "text" => text::check(&body.object(kind)?),
        "image" => image::check(&body.object(kind)?),
        "audio" => audio::check(&body.object(kind)?),
        "video" => video::check(&body.object(kind)?),
        "document" => document::check(&body.object(kind)?),
        "sticker" => sticker::check(&body.object(kind)?),
        "location" => location::check(&body.object(kind)?),
        "contacts" => contacts::check(body),
        "reaction" => reaction::check(&body.object(kind)?),
        "interactive" => interactive::check(&body.object(kind)?),
        "template" => template::check(&body.object(kind)?),
        _ => Err(missing(kind)),
    }
}

/// The phone wins over the user id when both are there (§1.1).
fn recipient(body: &Obj<'_>) -> Result<(String, AddressKey), GraphError> {
    let to = body.maybe_text("to", 256)?.filter(|text| !text.is_empty());
    let user = body
        .maybe_text("recipient", 256)?
        .filter(|text| !text.is_empty());
    let (field, input) = match (to, user) {
        (Some(to), _) => ("to", to),
        (None, Some(user)) => ("recipient", user),
        (None, None) => return Err(unacceptable("to", "or recipient is required")),
    };
    let key = AddressKey::parse(input)
        .map_err(|_| invalid(field, "is neither a phone number nor a user id"))?;
    match (field, key.is_bsuid()) {
        ("to", true) => Err(invalid(
            "to",
            "must be a phone number; a user id goes into recipient",
        )),
        ("recipient", false) => Err(invalid(
            "recipient",
            "must be a user id; a phone number goes into to",
        )),
        _ => Ok((input.to_owned(), key)),
    }
}
