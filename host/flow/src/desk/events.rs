//! Events of the shop's own system: orders, carts, anything; idempotent by the caller's id.

use portero_domain::clock::Ts;
use portero_domain::ids::{EventId, TenantId};
use portero_store::model::NewEvent;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::context::Context;
use crate::desk::messages::living_addressee;
use crate::desk::numbers;
use crate::desk::trade::{self, End};
use crate::error::FlowError;

/// Largest `data`, in bytes of JSON.
pub const DATA_LIMIT_BYTES: usize = 16 * 1024;

/// An event of the shop's own system.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessEvent {
    /// The caller's id: the same id takes effect once.
    pub id: String,
    /// `cart.updated`, `order.placed`, `order.shipped`, anything of your own.
    pub name: String,
    /// Whom it is about: contact id or address.
    pub contact: String,
    /// Number to write from, should a plugin write; may be left out when the tenant has one.
    #[serde(default)]
    pub phone_number_id: Option<String>,
    /// When it happened, RFC 3339; now when absent. News that came late is told apart by it.
    #[serde(default)]
    pub at: Option<String>,
    /// Anything, at most 16 KiB. For `order.*`, `order` is the reference; for `cart.*` (and the order
    /// made of it), `cart` is; `total` and `currency` say what either is worth. `order.placed` and
    /// `order.paid` end the person's cart, `cart.emptied` (or no `items`) empties it: both take back what
    /// waits to be said of it; `order.cancelled` takes the purchase back.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
}

/// What became of it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct EventAccepted {
    /// Our id of it; for a repeat, of this attempt to tell us.
    #[schema(value_type = String)]
    pub id: EventId,
    /// `false` when it was told before.
    pub new: bool,
}

/// What plugins read: with the time it happened, where the shop told it beside the data.
fn dated(event: &BusinessEvent, at: Ts) -> serde_json::Value {
    let mut data = event.data.clone();
    if event.at.is_some()
        && let Some(fields) = data.as_object_mut()
    {
        fields.entry("at_ms").or_insert_with(|| json!(at.ms()));
    }
    data
}

/// Stores an event for the plugins that subscribe to it.
///
/// # Errors
/// Bad input or the database.
pub async fn accept(
    ctx: &Context,
    tenant: TenantId,
    event: &BusinessEvent,
) -> Result<EventAccepted, FlowError> {
    let name_ok = !event.name.is_empty()
        && event.name.len() <= 64
        && event
            .name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    if !name_ok {
        return Err(FlowError::bad("name", "1 to 64 of a-z 0-9 . _ -"));
    }
    if event.id.is_empty() || event.id.len() > 128 {
        return Err(FlowError::bad(
            "id",
            "1 to 128 bytes of your own, the same for the same event",
        ));
    }
    let data = event.data.to_string();
    if data.len() > DATA_LIMIT_BYTES {
        return Err(FlowError::bad(
            "data",
            format!("{} bytes; at most {DATA_LIMIT_BYTES}", data.len()),
        ));
    }
    let deed = trade::read(&event.name, &event.data)?;
    let now = ctx.now();
    let at = match &event.at {
        None => now,
        Some(text) => {
            Ts::parse_rfc3339(text).map_err(|_| FlowError::bad("at", "not an RFC 3339 instant"))?
        }
    };
    if at > now {
        return Err(FlowError::bad("at", "lies in the future"));
    }
    let about = trade::news(&event.name, &event.data, at);
    let payload = json!({ "name": event.name, "data": dated(event, at), "about": about });
    let mut tx = ctx.store.write().await?;
    let contact = living_addressee(&mut tx, tenant, "contact", &event.contact).await?;
    let number = numbers::choose(&mut tx, tenant, event.phone_number_id.as_deref()).await?;
    let id = EventId::new(&*ctx.ids, now);
    let row = NewEvent {
        source: "api".to_owned(),
        number: Some(number.clone()),
        contact: Some(contact),
        dedupe_key: format!("api:{tenant}:{}", event.id),
        ..NewEvent::pending(
            id,
            "business",
            format!("p:{number}:{contact}"),
            tenant,
            payload.to_string(),
            now,
            ctx.clock.lease_now(),
        )
    };
    let new = tx
        .system()
        .insert_events(std::slice::from_ref(&row))
        .await?
        .first()
        .copied()
        .unwrap_or(false);
    if new {
        trade::apply(&mut tx, tenant, contact, deed, &data, at).await?;
        tx.tenant(tenant).mark_due(&[contact], now).await?;
        if let Some(end) = trade::ended(&event.name, &event.data) {
            let mut of = tx.tenant(tenant);
            let taken = match end {
                End::Ordered(cart) => of.cart_ordered(contact, &cart, at, now).await?,
                End::Emptied(cart) => of.cart_emptied(contact, &cart, at, now).await?,
            };
            if taken > 0 {
                tracing::info!(event.id = %id, messages = taken, "the cart ended: taken back");
            }
        }
    }
    if new && event.name.starts_with("order.") {
        let reference = event.data.get("order").and_then(|o| o.as_str());
        if let Some(reference) = reference {
            let state = event.name.trim_start_matches("order.");
            tx.tenant(tenant)
                .open_transaction(reference, contact, state, &data, now)
                .await?;
            // News of a delivery or a cancellation still belongs to the order; `order.closed` ends it.
            if state == "closed" {
                tx.tenant(tenant).close_transaction(reference, now).await?;
            }
        }
    }
    tx.commit().await?;
    ctx.wake_inbox.notify_one();
    ctx.touched();
    Ok(EventAccepted { id, new })
}
