//! News of messages we sent (`whatsapp-platform` 2.4).

use portero_domain::ids::Wamid;
use portero_domain::status::MessageStatus;
use portero_domain::update::{PersonRef, StatusUpdate};
use serde_json::value::RawValue;

use super::first_error;
use super::person::People;
use crate::wire::json::Obj;
use crate::wire::webhook::timestamp;

/// Longest `status` accepted, in characters: it is part of a key.
const STATUS_MAX: usize = 64;

/// Reads one element of `statuses[]` and, in groups, whose delivery it tells of; the error says
/// why it rests.
pub(super) fn read(
    raw: &RawValue,
    people: &People,
) -> Result<(StatusUpdate, Option<String>), String> {
    let bad = |what: &str| format!("unknown status shape: {what}");
    let s = Obj::read(raw).ok_or_else(|| bad("no object"))?;
    let wamid = s
        .text("id")
        .and_then(Wamid::new)
        .ok_or_else(|| bad("no id"))?;
    let status_text = s
        .filled("status")
        .filter(|t| t.chars().count() <= STATUS_MAX)
        .ok_or_else(|| bad("no status"))?;
    let at = timestamp(&s).ok_or_else(|| bad("no timestamp"))?;
    let group = s.text("recipient_type").as_deref() == Some("group");
    let participant = s
        .filled("recipient_participant_id")
        .or_else(|| s.filled("recipient_participant_user_id"));
    // In a group `recipient_id` is the group, which is no person.
    let recipient = if group {
        PersonRef {
            wa_id: s.filled("recipient_participant_id"),
            user_id: s.filled("recipient_participant_user_id"),
            ..PersonRef::default()
        }
    } else {
        people.complete(PersonRef {
            wa_id: s.filled("recipient_id"),
            user_id: s.filled("recipient_user_id"),
            parent_user_id: s.filled("recipient_parent_user_id"),
            ..PersonRef::default()
        })
    };
    let pricing = s
        .obj("pricing")
        .and_then(|p| Some((p.text("category")?, p.text("type"))));
    let update = StatusUpdate {
        wamid,
        status: MessageStatus::from_meta(&status_text),
        status_text,
        at,
        callback_data: s.filled("biz_opaque_callback_data"),
        recipient,
        error: first_error(&s),
        pricing: pricing.map(|(category, kind)| (category, kind.unwrap_or_default())),
    };
    Ok((update, participant))
}
