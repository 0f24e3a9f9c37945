//! A webhook's raw bytes become updates, one per message, status or change. Total: whatever Meta
//! sends inside its frame comes out as something, because a refused delivery returns for 7 days.
//!
//! Only what is not JSON, not an object or not WhatsApp's is an error. What we cannot read becomes
//! [`UpdateKind::Unhandled`] beside its original text.

mod account;
mod beside;
mod message;
mod person;
mod standing;
mod status;

use portero_domain::ids::WabaId;
use portero_domain::update::{STANDBY, Update, UpdateKind};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::wire::json::{self, MAX_DEPTH, Obj, canonical, too_deep};
use crate::wire::webhook::{Change, KNOWN_NOT_ACTED_ON, OBJECT, number};
use person::People;

/// Longest field name kept, in characters.
const FIELD_MAX: usize = 128;

/// One update with the text it was read from.
#[derive(Clone, PartialEq, Eq)]
pub struct Translated {
    /// What was said.
    pub update: Update,
    /// Meta's own JSON of it: the message, status or preference, else the change's value.
    pub raw: String,
}

/// Without the text: it holds numbers and words of people.
impl std::fmt::Debug for Translated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Translated")
            .field("field", &self.update.field)
            .field("kind", &self.update.what.as_str())
            .field("raw_bytes", &self.raw.len())
            .finish()
    }
}

/// Why a body is no webhook of WhatsApp's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPayload {
    /// Bytes that are no UTF-8.
    #[error("the body is not UTF-8 (byte {at})")]
    NotUtf8 {
        /// First offending byte, from 0.
        at: usize,
    },
    /// Brackets nested deeper than anything Meta sends.
    #[error("the body nests deeper than {limit} levels")]
    TooDeep {
        /// What is accepted.
        limit: usize,
    },
    /// A syntax error.
    #[error("the body is not JSON (line {line}, column {column})")]
    NotJson {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// JSON, but no object.
    #[error("the body is not a JSON object")]
    NotObject,
    /// Another product's webhook, or none.
    #[error(
        "`object` is `{object}` and not `whatsapp_business_account`: subscribe the app to WhatsApp"
    )]
    WrongObject {
        /// What it says, cut to 64 characters; empty when absent.
        object: String,
    },
}

/// Reads a whole body. The caller has checked its signature and its size.
///
/// A body of the right frame yields at least one update.
///
/// # Errors
/// [`BadPayload`] when the frame is not one of WhatsApp's.
pub fn translate(raw: &[u8]) -> Result<Vec<Translated>, BadPayload> {
    let text = std::str::from_utf8(raw).map_err(|e| BadPayload::NotUtf8 {
        at: e.valid_up_to(),
    })?;
    if too_deep(raw) {
        return Err(BadPayload::TooDeep { limit: MAX_DEPTH });
    }
    let whole: &RawValue = serde_json::from_str(text).map_err(|e| BadPayload::NotJson {
        line: e.line(),
        column: e.column(),
    })?;
    let root = Obj::read(whole).ok_or(BadPayload::NotObject)?;
    let object = root.text("object").unwrap_or_default();
    if object != OBJECT {
        return Err(BadPayload::WrongObject {
            object: object.chars().take(64).collect(),
        });
    }
    let mut out = Out(Vec::new());
    match root.list("entry") {
        Some(entries) if !entries.is_empty() => {
            for entry in entries {
                read_entry(entry, &mut out);
            }
        }
        _ => out.unhandled(&Change::unknown(), whole, "unknown payload shape: no entry"),
    }
    Ok(out.0)
}

fn read_entry(raw: &RawValue, out: &mut Out) {
    let mut change = Change::unknown();
    let Some(entry) = Obj::read(raw) else {
        return out.unhandled(&change, raw, "unknown payload shape: entry is no object");
    };
    change.waba = entry.text("id").and_then(WabaId::new);
    change.time = entry.int("time");
    match entry.list("changes") {
        Some(changes) if !changes.is_empty() => {
            for one in changes {
                read_change(change.clone(), one, out);
            }
        }
        _ => out.unhandled(&change, raw, "unknown payload shape: no changes"),
    }
}

fn read_change(mut change: Change, raw: &RawValue, out: &mut Out) {
    let Some(one) = Obj::read(raw) else {
        return out.unhandled(&change, raw, "unknown payload shape: change is no object");
    };
    change.field = one
        .text("field")
        .unwrap_or_default()
        .chars()
        .take(FIELD_MAX)
        .collect();
    let Some((whole, value)) = one.get("value").and_then(|v| Some((v, Obj::read(v)?))) else {
        return out.unhandled(&change, raw, "unknown payload shape: no value");
    };
    change.number = number(&value);
    match change.field.as_str() {
        "messages" | STANDBY => read_messages(&change, whole, &value, out),
        "user_preferences" => read_preferences(&change, whole, &value, out),
        "message_template_status_update"
        | "message_template_quality_update"
        | "message_template_components_update"
        | "template_category_update" => match account::template(&change, &value) {
            Ok(what) => out.push(&change, hashed(&change, whole), what, whole),
            Err(why) => out.unhandled(&change, whole, &why),
        },
        "smb_message_echoes" => read_echoes(&change, whole, &value, out),
        "calls" => read_each(&change, whole, &value, beside::call, out),
        "messaging_handovers" => read_each(&change, whole, &value, beside::handover, out),
        field if standing::FIELDS.contains(&field) => match standing::account(&change, &value) {
            Ok(what) => out.push(&change, hashed(&change, whole), what, whole),
            Err(why) => out.unhandled(&change, whole, &why),
        },
        field if KNOWN_NOT_ACTED_ON.contains(&field) => {
            out.unhandled(&change, whole, "not acted on");
        }
        _ => out.unhandled(&change, whole, "unknown field"),
    }
}

/// Field `messages`: people's messages, news of ours, errors and clicks, in any mixture.
fn read_messages(change: &Change, whole: &RawValue, value: &Obj<'_>, out: &mut Out) {
    let before = out.0.len();
    let number = change.number.as_ref().map_or("", |n| n.as_str());
    let messages = value.list("messages").unwrap_or_default();
    let people = People::read(value, messages.len());
    for raw in messages {
        match message::read(raw, &people) {
            Ok(message) => {
                let key = format!("m:{number}:{}", message.wamid);
                out.push(change, key, UpdateKind::Message(message), raw);
            }
            Err(why) => out.unhandled(change, raw, &why),
        }
    }
    // Of what somebody else sends only the person's side concerns us.
    let passive = change.field == STANDBY;
    let statuses = value.list("statuses").unwrap_or_default();
    let people = People::read(value, statuses.len());
    for raw in statuses {
        if passive {
            out.unhandled(
                change,
                raw,
                "not acted on: a status of somebody else's message",
            );
            continue;
        }
        match status::read(raw, &people) {
            Ok((status, participant)) => {
                let mut key = format!("s:{number}:{}:{}", status.wamid, status.status_text);
                if let Some(participant) = participant {
                    key.push(':');
                    key.push_str(&participant);
                }
                out.push(change, key, UpdateKind::Status(status), raw);
            }
            Err(why) => out.unhandled(change, raw, &why),
        }
    }
    for raw in value.list("errors").unwrap_or_default() {
        let code = Obj::read(raw).and_then(|e| e.int("code"));
        let why = code.map_or_else(
            || "not acted on: an error without a code".to_owned(),
            |code| format!("not acted on: error {code}"),
        );
        out.unhandled(change, raw, &why);
    }
    for raw in value.list("user_actions").unwrap_or_default() {
        out.unhandled(change, raw, "not acted on: user action");
    }
    if out.0.len() == before {
        out.unhandled(change, whole, "unknown message shape: nothing known inside");
    }
}

fn read_preferences(change: &Change, whole: &RawValue, value: &Obj<'_>, out: &mut Out) {
    let preferences = value.list("user_preferences").unwrap_or_default();
    if preferences.is_empty() {
        return out.unhandled(change, whole, "unknown preference shape: nothing inside");
    }
    let people = People::read(value, preferences.len());
    for raw in preferences {
        match account::preference(change, raw, &people) {
            Ok(what) => out.push(change, hashed(change, raw), what, raw),
            Err(why) => out.unhandled(change, raw, &why),
        }
    }
}

type Read = fn(&Change, &RawValue, &People) -> Result<UpdateKind, String>;

/// Fields whose value lists what happened under the field's own name.
fn read_each(change: &Change, whole: &RawValue, value: &Obj<'_>, read: Read, out: &mut Out) {
    let all = value.list(&change.field).unwrap_or_default();
    if all.is_empty() {
        return out.unhandled(change, whole, "not acted on: it names nobody");
    }
    let people = People::read(value, all.len());
    for raw in all {
        match read(change, raw, &people) {
            Ok(what) => out.push(change, hashed(change, raw), what, raw),
            Err(why) => out.unhandled(change, raw, &why),
        }
    }
}

/// Field `smb_message_echoes`: what people of the shop wrote from the WhatsApp Business app.
fn read_echoes(change: &Change, whole: &RawValue, value: &Obj<'_>, out: &mut Out) {
    let echoes = value.list("message_echoes").unwrap_or_default();
    if echoes.is_empty() {
        return out.unhandled(change, whole, "unknown echo shape: nothing inside");
    }
    for raw in echoes {
        match standing::echo(raw) {
            Ok(what) => out.push(change, hashed(change, raw), what, raw),
            Err(why) => out.unhandled(change, raw, &why),
        }
    }
}

impl Change {
    fn unknown() -> Change {
        Change {
            field: String::new(),
            waba: None,
            number: None,
            time: None,
        }
    }
}

/// What has been read so far.
struct Out(Vec<Translated>);

impl Out {
    fn push(&mut self, change: &Change, dedupe_key: String, what: UpdateKind, raw: &RawValue) {
        self.0.push(Translated {
            update: Update {
                field: change.field.clone(),
                waba: change.waba.clone(),
                number: change.number.clone(),
                dedupe_key,
                what,
            },
            raw: raw.get().to_owned(),
        });
    }

    fn unhandled(&mut self, change: &Change, raw: &RawValue, why: &str) {
        let what = UpdateKind::Unhandled {
            why: why.to_owned(),
        };
        self.push(change, hashed(change, raw), what, raw);
    }
}

/// Key of whatever has no id of its own. The same thing spelled with other escapes, white space or
/// key order has the same key.
fn hashed(change: &Change, raw: &RawValue) -> String {
    let mut text = String::with_capacity(raw.get().len() + 64);
    for part in [
        Some(change.field.as_str()),
        change.waba.as_ref().map(WabaId::as_str),
        change.number.as_ref().map(|n| n.as_str()),
        change.time.map(|t| t.to_string()).as_deref(),
    ] {
        text.push_str(part.unwrap_or_default());
        text.push('\n');
    }
    canonical(raw, &mut text);
    format!("x:{}", hex::encode(Sha256::digest(text.as_bytes())))
}

/// First error of an item: code and title.
fn first_error(item: &Obj<'_>) -> Option<(i64, String)> {
    let raw = *item.list("errors")?.first()?;
    let error: json::Obj<'_> = Obj::read(raw)?;
    let title = error
        .filled("title")
        .or_else(|| error.filled("message"))
        .unwrap_or_default();
    Some((error.int("code")?, title))
}

#[cfg(test)]
mod tests;
