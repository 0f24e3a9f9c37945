//! The row of each update: where it is worked on, and what is known of it before that.

use portero_domain::clock::Ts;
use portero_domain::ids::{DeliveryId, EventId};
use portero_domain::update::UpdateKind;
use portero_meta::translate;
use portero_store::model::{EventState, NewEvent};

use super::obey::Seen;
use crate::consent;
use crate::context::Context;
use crate::route::Addressed;

/// A body that could not be read.
pub(super) fn broken(ctx: &Context, delivery: DeliveryId, why: &str, now: Ts, due: Ts) -> NewEvent {
    let id = EventId::new(&*ctx.ids, now);
    NewEvent {
        id,
        delivery: Some(delivery),
        source: "webhook".to_owned(),
        field: String::new(),
        kind: "broken".to_owned(),
        dedupe_key: format!("b:{delivery}"),
        lane_key: format!("b:{delivery}"),
        tenant: None,
        waba: None,
        number: None,
        contact: None,
        payload: "null".to_owned(),
        state: EventState::Broken,
        interpretation: why.to_owned(),
        received_at: now,
        due_at: due,
    }
}

/// One update of a body.
pub(super) fn event(
    id: EventId,
    delivery: DeliveryId,
    to: &Addressed,
    one: &translate::Translated,
    seen: Option<&Seen>,
    now: Ts,
    due: Ts,
) -> NewEvent {
    let update = &one.update;
    let tenant = to.tenant;
    let (state, interpretation) = match (&update.what, tenant, seen) {
        _ if to.refused.is_some() => (EventState::Unrouted, to.refused.clone().unwrap_or_default()),
        (UpdateKind::Unhandled { why }, _, _) => (EventState::Unhandled, why.clone()),
        (_, None, _) => (
            EventState::Unrouted,
            "nobody here owns this number or account".to_owned(),
        ),
        (UpdateKind::Message(m), Some(_), _) if m.group.is_some() => (
            EventState::Unhandled,
            "group message: kept, not answered".to_owned(),
        ),
        (
            UpdateKind::Message(_)
            | UpdateKind::Preference { .. }
            | UpdateKind::Echo { .. }
            | UpdateKind::Call { .. }
            | UpdateKind::Handover { .. },
            Some(_),
            None,
        ) => (
            EventState::Unhandled,
            "no usable address of the person".to_owned(),
        ),
        (_, Some(_), Some(seen)) => (EventState::Pending, consent::label(&seen.recognition)),
        _ => (EventState::Pending, String::new()),
    };
    // Events of one person with one number are worked on in order; everything else stands alone.
    let lane_key = match (&update.what, seen.and_then(|s| s.addresses.first())) {
        (UpdateKind::Message(_) | UpdateKind::Handover { .. }, Some((address, _))) => {
            portero_store::model::message_lane(update.number.as_ref(), address)
        }
        (UpdateKind::Status(s), _) => format!("s:{}", s.wamid),
        (UpdateKind::Account(_), _) => {
            format!("a:{}", update.waba.as_ref().map_or("", |w| w.as_str()))
        }
        (
            UpdateKind::TemplateStatus { name, .. }
            | UpdateKind::TemplateQuality { name, .. }
            | UpdateKind::TemplateContent { name, .. }
            | UpdateKind::TemplateRecategorised { name, .. },
            _,
        ) => format!(
            "t:{}:{name}",
            update.waba.as_ref().map_or("", |w| w.as_str())
        ),
        _ => format!("e:{id}"),
    };
    // What we do not understand keeps its raw text; what we do keeps our reading of it.
    let payload = match &update.what {
        UpdateKind::Unhandled { .. } => one.raw.clone(),
        _ => serde_json::to_string(update).unwrap_or_else(|_| one.raw.clone()),
    };
    NewEvent {
        id,
        delivery: Some(delivery),
        source: "webhook".to_owned(),
        field: update.field.clone(),
        kind: update.what.as_str().to_owned(),
        dedupe_key: to.key.clone(),
        lane_key,
        tenant,
        waba: update.waba.clone(),
        number: update.number.clone(),
        contact: seen.and_then(|s| s.contact),
        payload,
        state,
        interpretation,
        received_at: now,
        due_at: due,
    }
}
