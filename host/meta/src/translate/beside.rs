//! What happens beside messages: people call, and somebody else than this host answers them.
//!
//! Source: `whatsapp-platform` 2.5. Of handovers only the purpose is documented, so whoever is named in one
//! is taken to be in other hands: a bot too silent costs an answer, a bot too many the conversation.

use portero_domain::update::{PersonRef, UpdateKind};
use serde_json::value::RawValue;

use super::person::People;
use crate::wire::json::Obj;
use crate::wire::webhook::{Change, timestamp};

/// Longest id of a call kept, in characters.
const CALL_MAX: usize = 256;

/// Reads one element of `calls[]`; the error says why it rests.
pub(super) fn call(change: &Change, raw: &RawValue, people: &People) -> Result<UpdateKind, String> {
    let bad = |what: &str| format!("unknown call shape: {what}");
    let c = Obj::read(raw).ok_or_else(|| bad("no object"))?;
    if c.text("direction").as_deref() == Some("BUSINESS_INITIATED") {
        return Err("not acted on: a call of ours".to_owned());
    }
    // The end of a call comes after its begin.
    if c.text("event").as_deref() != Some("connect") {
        return Err("not acted on: the call goes on or ends".to_owned());
    }
    let person = people.complete(PersonRef {
        wa_id: c.filled("from"),
        user_id: c.filled("from_user_id"),
        parent_user_id: c.filled("from_parent_user_id"),
        ..PersonRef::default()
    });
    if person.addresses().next().is_none() {
        return Err(bad("no caller"));
    }
    let at = timestamp(&c)
        .or(change.at())
        .ok_or_else(|| bad("no timestamp"))?;
    let id = c.filled("id").ok_or_else(|| bad("no id"))?;
    Ok(UpdateKind::Call {
        person,
        call: id.chars().take(CALL_MAX).collect(),
        at,
    })
}

/// Reads one element of `messaging_handovers[]`; the error says why it rests.
pub(super) fn handover(
    change: &Change,
    raw: &RawValue,
    people: &People,
) -> Result<UpdateKind, String> {
    let bad = |what: &str| format!("unknown handover shape: {what}");
    let h = Obj::read(raw).ok_or_else(|| bad("no object"))?;
    let either = |a: &str, b: &str| h.filled(a).or_else(|| h.filled(b));
    let person = people.complete(PersonRef {
        wa_id: either("wa_id", "from"),
        user_id: either("user_id", "from_user_id"),
        ..PersonRef::default()
    });
    if person.addresses().next().is_none() {
        return Err(bad("no person"));
    }
    let at = timestamp(&h)
        .or(change.at())
        .ok_or_else(|| bad("no timestamp"))?;
    Ok(UpdateKind::Handover { person, at })
}
