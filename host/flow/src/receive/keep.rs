//! Deliveries made durable: one, or many that hold nothing but statuses, in one transaction.

use std::collections::BTreeMap;

use portero_domain::clock::Ts;
use portero_domain::ids::{DeliveryId, EventId, TenantId};
use portero_domain::update::{StatusUpdate, UpdateKind};
use portero_meta::translate::{BadPayload, Translated};
use portero_store::Tx;
use portero_store::model::{EventState, NewDelivery, NewEvent};

use super::Received;
use super::event::{broken, event};
use super::obey::{Seen, obey, recognise};
use super::veil::{Veil, Veiled};
use crate::context::{Context, Point};
use crate::error::FlowError;
use crate::route::Routes;
use crate::track::statuses;

/// [`UpdateKind::as_str`] of a status.
const STATUS: &str = "status";
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

    /// Whether it says what became of a message, whatever else it says.
    fn tells_of_messages(&self) -> bool {
        self.read.as_ref().is_ok_and(|updates| {
            updates
                .iter()
                .any(|one| matches!(one.update.what, UpdateKind::Status(_)))
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
    let mut at_once = deliveries.iter().any(Delivery::tells_of_messages);
    loop {
        match write(ctx, deliveries, at_once).await {
            Err(FlowError::Store(e)) if e.is_transient() && tries < TRIES => tries += 1,
            // A status that cannot be applied is kept all the same, and applied later, or given up with
            // its reason, by whoever works on what is kept.
            Err(error) if at_once => {
                tracing::warn!(error.chain = %error.chain(), "statuses are kept before they are applied");
                (tries, at_once) = (0, false);
            }
            other => return other,
        }
    }
}

async fn write(
    ctx: &Context,
    deliveries: &[Delivery],
    at_once: bool,
) -> Result<Vec<Received>, FlowError> {
    let now = ctx.now();
    let lease_now = ctx.clock.lease_now();
    let mut tx = ctx.store.write().await?;
    let mut rows: Vec<NewDelivery> = deliveries
        .iter()
        .map(|delivery| NewDelivery {
            id: DeliveryId::new(&*ctx.ids, now),
            app: delivery.app.clone(),
            body: delivery.raw.clone(),
            received_at: now,
            updates: delivery.updates(),
        })
        .collect();
    let (mut events, mut people, mut heard) = (Vec::new(), Vec::new(), Vec::new());
    let mut kept = Vec::with_capacity(deliveries.len());
    let mut routes: BTreeMap<&str, Routes<'_>> = BTreeMap::new();
    let mut veil = Veil::default();
    for (delivery, row) in deliveries.iter().zip(&mut rows) {
        let before = events.len();
        match &delivery.read {
            Err(bad) => {
                events.push(broken(ctx, row.id, &bad.to_string(), now, lease_now));
                people.push(None);
                heard.push(None);
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
                        let veiled = veil.over(&mut tx, to.tenant, one).await?;
                        let one = match &veiled {
                            Veiled::AsItIs => one,
                            Veiled::Without(veiled) => {
                                row.body.clear();
                                veiled
                            }
                            Veiled::Nothing => {
                                row.body.clear();
                                continue;
                            }
                        };
                        let id = EventId::new(&*ctx.ids, now);
                        let seen_by = seen.as_ref();
                        events.push(event(id, row.id, &to, one, seen_by, now, lease_now));
                        people.push(seen);
                        heard.push(match &one.update.what {
                            UpdateKind::Status(status) if at_once => Some(status.clone()),
                            _ => None,
                        });
                    }
                }
            }
        }
        kept.push(events.len() - before);
    }
    tx.system().insert_deliveries(&rows).await?;
    move_on(ctx, &mut tx, &mut events, &heard, now).await?;
    let fresh = tx.system().insert_events(&events).await?;
    // What was told before stands with its first telling: an erasure finds a body by its events only.
    let repeated: Vec<DeliveryId> = events
        .iter()
        .zip(&fresh)
        .filter_map(|(event, fresh)| event.delivery.filter(|_| !fresh))
        .collect();
    tx.system().forget_bodies(&repeated).await?;
    for ((event, seen), fresh) in events.iter().zip(&people).zip(&fresh) {
        if let (true, Some(seen)) = (*fresh, seen)
            && let Some(tenant) = event.tenant
        {
            obey(ctx, &mut tx, tenant, event, seen, now).await?;
        }
    }
    ctx.probe.at(Point::BeforeReceiveCommit);
    tx.commit().await?;
    wake(ctx, &events);
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

/// Applies the statuses that do nothing but move messages on: their events come to their end as they are
/// kept. What a status says is true however often it is said, so that one that was heard before is no
/// exception; whatever else follows from one (a failure) is worked on later, once.
async fn move_on(
    ctx: &Context,
    tx: &mut Tx,
    events: &mut [NewEvent],
    heard: &[Option<StatusUpdate>],
    now: Ts,
) -> Result<(), FlowError> {
    let mut tenants: BTreeMap<TenantId, (Vec<&mut NewEvent>, Vec<&StatusUpdate>)> = BTreeMap::new();
    for (event, status) in events.iter_mut().zip(heard) {
        if let (EventState::Pending, Some(tenant), Some(status)) =
            (event.state, event.tenant, status)
            && status.moves_on().is_some()
        {
            let (events, statuses) = tenants.entry(tenant).or_default();
            events.push(event);
            statuses.push(status);
        }
    }
    for (tenant, (events, all)) in tenants {
        let said = statuses::apply(ctx, tx, tenant, &all, now).await?;
        for (event, said) in events.into_iter().zip(said) {
            event.state = EventState::Done;
            event.interpretation = said;
        }
    }
    Ok(())
}

/// Wakes whoever has work now. A message that a status settled lets the next one to its person go.
fn wake(ctx: &Context, events: &[NewEvent]) {
    let (mut statuses, mut others, mut moved) = (false, false, false);
    for event in events {
        let pending = event.state == EventState::Pending;
        match (event.kind.as_str(), pending) {
            (STATUS, true) => statuses = true,
            (STATUS, false) => moved = true,
            _ => others = true,
        }
    }
    if statuses {
        ctx.wake_statuses.notify_one();
    }
    if others {
        ctx.wake_inbox.notify_one();
    }
    if others || moved {
        ctx.wake_outbox.notify_one();
    }
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
