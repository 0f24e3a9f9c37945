//! Timers that plugins set become events when their time comes.

use portero_domain::ids::EventId;
use portero_store::model::NewEvent;
use serde_json::json;

use crate::context::Context;
use crate::error::FlowError;

/// Timers turned into events per step.
const LIMIT: usize = 64;

/// Turns due timers into events. Returns how many.
///
/// # Errors
/// The database.
pub async fn step(ctx: &Context) -> Result<usize, FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let due = tx.system().due_timers(now, LIMIT).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let mut events = Vec::with_capacity(due.len());
    for timer in &due {
        let payload = json!({ "installation": timer.installation, "name": timer.name, "payload": timer.payload,
            "about": timer.about });
        events.push(NewEvent {
            number: Some(timer.number.clone()),
            contact: Some(timer.contact),
            dedupe_key: format!("t:{}", timer.id),
            ..NewEvent::pending(
                EventId::new(&*ctx.ids, now),
                "timer",
                format!("p:{}:{}", timer.number, timer.contact),
                timer.tenant,
                payload.to_string(),
                now,
                ctx.clock.lease_now(),
            )
        });
    }
    tx.system().insert_events(&events).await?;
    for timer in &due {
        tx.system().delete_timer(timer.id).await?;
    }
    tx.commit().await?;
    ctx.wake_inbox.notify_one();
    Ok(due.len())
}
