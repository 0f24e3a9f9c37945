//! Deliveries made durable: one, or many that hold nothing but statuses, in one transaction.

use std::collections::BTreeMap;

use portero_domain::ids::{DeliveryId, EventId};
use portero_domain::update::UpdateKind;
use portero_meta::translate::{BadPayload, Translated};
use portero_store::model::{EventState, NewDelivery, NewEvent};

use super::Received;
use super::event::{broken, event};
use super::obey::{Seen, obey, recognise};
use crate::context::{Context, Point};
use crate::error::FlowError;
use crate::route::Routes;

/// Tries of a transaction that others got in the way of.
const TRIES: u32 = 5;

/// A body whose signature was right.
pub(crate) struct Delivery {
    pub(super) app: String,
    pub(super) raw: Vec<u8>,
    pub(super) read: Result<Vec<Translated>, BadPayload>,
}

impl Delivery {
    /// Whether it says nothing but what became of messages: of these the order does not matter, and
    /// nobody has to be looked up.
    pub(super) fn only_statuses(&self) -> bool {
        self.read.as_ref().is_ok_and(|updates| {
            let status = |one: &Translated| matches!(one.update.what, UpdateKind::Status(_));
            !updates.is_empty() && updates.iter().all(status)
        })
    }

    fn updates(&self) -> usize {
        self.read.as_ref().map_or(1, Vec::len)
    }
}

/// Keeps deliveries; what became of each, in their order.
pub(super) async fn keep(
    ctx: &Context,
    deliveries: &[Delivery],
) -> Result<Vec<Received>, FlowError> {
    let mut tries = 0;
    loop {
        match write(ctx, deliveries).await {
            Err(FlowError::Store(e)) if e.is_transient() && tries < TRIES => tries += 1,
            other => return other,
        }
    }
}

async fn write(ctx: &Context, deliveries: &[Delivery]) -> Result<Vec<Received>, FlowError> {
    let now = ctx.now();
    let lease_now = ctx.clock.lease_now();
    let mut tx = ctx.store.write().await?;
    let rows: Vec<NewDelivery> = deliveries
        .iter()
        .map(|delivery| NewDelivery {
            id: DeliveryId::new(&*ctx.ids, now),
            app: delivery.app.clone(),
            body: delivery.raw.clone(),
            received_at: now,
            updates: delivery.updates(),
        })
        .collect();
    tx.system().insert_deliveries(&rows).await?;
    let (mut events, mut people) = (Vec::new(), Vec::new());
    let mut kept = Vec::with_capacity(deliveries.len());
    let mut routes: BTreeMap<&str, Routes<'_>> = BTreeMap::new();
    for (delivery, row) in deliveries.iter().zip(&rows) {
        let before = events.len();
        match &delivery.read {
            Err(bad) => {
                events.push(broken(ctx, row.id, &bad.to_string(), now, lease_now));
                people.push(None);
                ctx.counters.webhooks_broken.one();
            }
            Ok(updates) => {
                let routes = routes
                    .entry(delivery.app.as_str())
                    .or_insert_with(|| Routes::of(&delivery.app));
                for one in updates {
                    for to in routes.find(&mut tx, &one.update).await? {
                        let seen: Option<Seen> = match to.tenant {
                            Some(tenant) => recognise(ctx, &mut tx, tenant, &one.update).await?,
                            None => None,
                        };
                        let id = EventId::new(&*ctx.ids, now);
                        let seen_by = seen.as_ref();
                        events.push(event(id, row.id, &to, one, seen_by, now, lease_now));
                        people.push(seen);
                    }
                }
            }
        }
        kept.push(events.len() - before);
    }
    let fresh = tx.system().insert_events(&events).await?;
    for ((event, seen), fresh) in events.iter().zip(&people).zip(&fresh) {
        if let (true, Some(seen)) = (*fresh, seen)
            && let Some(tenant) = event.tenant
        {
            obey(ctx, &mut tx, tenant, event, seen, now).await?;
        }
    }
    ctx.probe.at(Point::BeforeReceiveCommit);
    tx.commit().await?;
    count_events(ctx, &events, &fresh);
    let mut fresh = fresh.into_iter();
    Ok(kept
        .into_iter()
        .map(|updates| {
            let new = fresh.by_ref().take(updates).filter(|fresh| *fresh).count();
            Received { updates, new }
        })
        .collect())
}

fn count_events(ctx: &Context, events: &[NewEvent], fresh: &[bool]) {
    for (event, fresh) in events.iter().zip(fresh) {
        if !fresh {
            ctx.counters.events_duplicate.one();
            continue;
        }
        ctx.counters.events_new.one();
        match event.state {
            EventState::Unrouted => ctx.counters.events_unrouted.one(),
            EventState::Unhandled => ctx.counters.events_unhandled.one(),
            _ => {}
        }
    }
}
