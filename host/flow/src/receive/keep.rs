//! Deliveries made durable: one, or many that hold nothing but statuses, in one transaction.

use std::collections::HashMap;

use portero_domain::ids::{DeliveryId, EventId, TenantId, WabaId};
use portero_domain::update::{Update, UpdateKind};
use portero_meta::translate::{BadPayload, Translated};
use portero_store::model::{EventState, NewDelivery, NewEvent};
use portero_store::{StoreError, Tx};

use super::Received;
use super::event::{broken, event};
use super::obey::{Seen, obey, recognise};
use crate::context::{Context, Point};
use crate::error::FlowError;

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
    let mut routes = Routes::default();
    for (delivery, row) in deliveries.iter().zip(&rows) {
        match &delivery.read {
            Err(bad) => {
                events.push(broken(ctx, row.id, &bad.to_string(), now, lease_now));
                people.push(None);
                ctx.counters.webhooks_broken.one();
            }
            Ok(updates) => {
                for one in updates {
                    let tenant = routes.tenant(&mut tx, &one.update).await?;
                    let seen: Option<Seen> = match tenant {
                        Some(tenant) => recognise(ctx, &mut tx, tenant, &one.update).await?,
                        None => None,
                    };
                    let id = EventId::new(&*ctx.ids, now);
                    let seen_by = seen.as_ref();
                    events.push(event(id, row.id, tenant, one, seen_by, now, lease_now));
                    people.push(seen);
                }
            }
        }
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
    Ok(deliveries
        .iter()
        .map(|delivery| {
            let updates = delivery.updates();
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

/// Numbers and accounts looked up once per transaction.
#[derive(Default)]
struct Routes {
    numbers: HashMap<String, Option<TenantId>>,
    wabas: HashMap<String, Option<TenantId>>,
}

impl Routes {
    async fn tenant(
        &mut self,
        tx: &mut Tx,
        update: &Update,
    ) -> Result<Option<TenantId>, StoreError> {
        if let Some(number) = &update.number {
            if let Some(known) = self.numbers.get(number.as_str()) {
                return Ok(*known);
            }
            let tenant = tx.system().route_number(number).await?.map(|r| r.tenant);
            self.numbers.insert(number.as_str().to_owned(), tenant);
            return Ok(tenant);
        }
        let Some(waba) = &update.waba else {
            return Ok(None);
        };
        if let Some(known) = self.wabas.get(waba.as_str()) {
            return Ok(*known);
        }
        let tenant = tx.system().route_waba(waba).await?;
        self.wabas.insert(WabaId::as_str(waba).to_owned(), tenant);
        Ok(tenant)
    }
}
