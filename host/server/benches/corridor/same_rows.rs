//! The yardsticks: the rows that an answered message leaves behind, written by the store alone. No
//! HTTP, no plugin, no gate, no facts read.
//!
//! Once in as many transactions as a message takes on its way when nobody else is there, and once
//! for many messages together, each step in one transaction and a few statements: the most this
//! database does with these rows.

use std::sync::Arc;
use std::time::Instant;

use portero::demo::setup::World;
use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::content::{Content, Text};
use portero_domain::ids::{
    AttemptId, ContactId, DecisionId, DeliveryId, EventId, OutboxId, PhoneNumberId, TenantId, Wamid,
};
use portero_domain::proposal::{Class, Origin, OutboxState, Proposal, Purpose};
use portero_domain::status::MessageStatus;
use portero_domain::update::{PersonRef, StatusUpdate};
use portero_flow::context::Context;
use portero_gate::{Stage, Verdict};
use portero_store::model::{
    AcceptedAttempt, Beginning, BulkPerson, DecisionRow, EventState, FinishedEvent, NewAttempt,
    NewDelivery, NewEvent, NewOutbox,
};

/// Messages written.
const MESSAGES: usize = 512;
/// Side by side when each message is alone, as in the flood.
const CALLERS: usize = 64;
/// Messages of one transaction when they go together.
const TOGETHER: usize = 64;
/// Size of a decision record and of a webhook, bytes.
const RECORD: usize = 2_600;
const WEBHOOK: usize = 700;

/// Messages a second, each in transactions of its own.
pub(crate) async fn alone(ctx: &Arc<Context>, world: &World) -> f64 {
    let shop = Shop::of(ctx, world, "alone");
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let shop = shop.clone();
        tasks.spawn(async move {
            for n in (caller..MESSAGES).step_by(CALLERS) {
                shop.messages(&[n]).await;
            }
        });
    }
    tasks.join_all().await;
    rate(began)
}

/// Messages a second, [`TOGETHER`] of them in each transaction.
pub(crate) async fn together(ctx: &Arc<Context>, world: &World) -> f64 {
    let shop = Shop::of(ctx, world, "together");
    let began = Instant::now();
    let all: Vec<usize> = (0..MESSAGES).collect();
    for some in all.chunks(TOGETHER) {
        shop.messages(some).await;
    }
    rate(began)
}

fn rate(began: Instant) -> f64 {
    f64::from(u32::try_from(MESSAGES).unwrap()) / began.elapsed().as_secs_f64()
}

/// Whose rows are written.
#[derive(Clone)]
struct Shop {
    ctx: Arc<Context>,
    tenant: TenantId,
    number: PhoneNumberId,
    /// Keeps the rows of one yardstick apart from those of the other.
    run: &'static str,
}

/// A message on its way through the tables.
struct Message {
    n: usize,
    contact: ContactId,
    proposal: Proposal,
    attempt: NewAttempt,
    decisions: [DecisionRow; 2],
    wamid: Wamid,
    event: EventId,
}

impl Shop {
    fn of(ctx: &Arc<Context>, world: &World, run: &'static str) -> Shop {
        let shop = &world.shops[0];
        Shop {
            ctx: Arc::clone(ctx),
            tenant: shop.id.parse().unwrap(),
            number: PhoneNumberId::new(shop.shop.number).unwrap(),
            run,
        }
    }

    /// Far away, so that the host's own workers leave these rows alone.
    fn far(&self) -> Ts {
        self.ctx.now() + portero_domain::clock::Millis::days(3_000)
    }

    async fn messages(&self, which: &[usize]) {
        let now = self.ctx.now();
        let mut all: Vec<Message> = which.iter().map(|n| self.message(*n, now)).collect();
        self.webhooks(&mut all, now).await;
        self.answers(&all, now).await;
        self.accepted(&all, now).await;
        for (status, text) in [
            (MessageStatus::Sent, "sent"),
            (MessageStatus::Delivered, "delivered"),
            (MessageStatus::Read, "read"),
        ] {
            self.statuses(&all, status, text, now).await;
        }
    }

    fn message(&self, n: usize, now: Ts) -> Message {
        let ctx = &self.ctx;
        let contact = ContactId::new(&*ctx.ids, now);
        let kind = if self.run == "alone" { 1 } else { 2 };
        let proposal = Proposal {
            id: OutboxId::new(&*ctx.ids, now),
            key: format!("rows:{}:{n}", self.run),
            tenant: self.tenant,
            sender: self.number.clone(),
            contact,
            to: AddressKey::parse(&format!("57311{kind}7{n:05}")).unwrap(),
            origin: Origin::Host {
                what: "bench".to_owned(),
            },
            purpose: Purpose::Reply,
            topic: None,
            own_key: None,
            class: Class::Reply,
            answers: None,
            content: Content::Text(Text {
                body: "Horarios de Tienda Sol: lunes a viernes: 9–18 sábado: 9–13".to_owned(),
                preview_url: false,
            }),
            created_at: now,
            expires_at: now,
        };
        let decisions = [Stage::Admission, Stage::Dispatch].map(|stage| DecisionRow {
            id: DecisionId::new(&*ctx.ids, now),
            tenant: self.tenant,
            outbox: proposal.id,
            contact,
            installation: None,
            campaign: None,
            stage,
            verdict: Verdict::Allow,
            rule: None,
            record: format!("\"{}\"", "r".repeat(RECORD)),
            content_hash: proposal.id.to_string(),
            decided_at: now,
        });
        Message {
            n,
            contact,
            attempt: NewAttempt {
                id: AttemptId::new(&*ctx.ids, now),
                outbox: proposal.id,
                number: self.number.clone(),
                contact,
                owner: ctx.host.clone(),
                lease_until: self.far(),
            },
            proposal,
            decisions,
            wamid: Wamid::new(format!("wamid.ROWS-{}-{n}", self.run)).unwrap(),
            event: EventId::new(&*ctx.ids, now),
        }
    }

    /// The webhook with the message: person, window, event.
    async fn webhooks(&self, all: &mut [Message], now: Ts) {
        let mut tx = self.ctx.store.write().await.unwrap();
        let events = self.arrived(&mut tx, all, "in", now).await;
        let people: Vec<BulkPerson> = all
            .iter()
            .map(|m| BulkPerson {
                contact: m.contact,
                address: m.proposal.to.clone(),
                new: true,
                name: Some("Cliente".to_owned()),
                language: None,
                country: Some("CO".to_owned()),
                attributes: Vec::new(),
                tags: Vec::new(),
            })
            .collect();
        let mut mine = tx.tenant(self.tenant);
        mine.put_people(&people, now).await.unwrap();
        for (m, event) in all.iter_mut().zip(events) {
            m.event = event;
            let wamid = format!("wamid.ROWS-in-{}-{}", self.run, m.n);
            mine.open_window(&self.number, m.contact, now, &wamid)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// The answer: proposal, two records, the attempt, the event done.
    async fn answers(&self, all: &[Message], now: Ts) {
        let new: Vec<NewOutbox<'_>> = all
            .iter()
            .map(|m| NewOutbox {
                proposal: &m.proposal,
                content_hash: "h",
                event: Some(m.event),
                installation: None,
                is_promotional: false,
                is_template: false,
                template_name: None,
                state: OutboxState::Queued,
                rule: None,
                not_before: self.far(),
                admission_decision: m.decisions[0].id,
                cost_micro: None,
            })
            .collect();
        let records =
            |k: usize| -> Vec<DecisionRow> { all.iter().map(|m| m.decisions[k].clone()).collect() };
        let beginnings: Vec<Beginning> = all
            .iter()
            .map(|m| Beginning {
                attempt: m.attempt.clone(),
                decision: m.decisions[1].id,
                pair_tat: now,
                cost_micro: Some(0),
            })
            .collect();
        let mut tx = self.ctx.store.write().await.unwrap();
        let mut mine = tx.tenant(self.tenant);
        mine.insert_outbox_many(&new, &records(0), now)
            .await
            .unwrap();
        let begun = mine.begin_attempts(&beginnings, now).await.unwrap();
        assert_eq!(begun.len(), all.len());
        mine.insert_decisions(&records(1)).await.unwrap();
        let events: Vec<EventId> = all.iter().map(|m| m.event).collect();
        self.finished(&mut tx, &events, now).await;
        tx.tenant(self.tenant)
            .spend_number(&self.number, &|_| Some(now))
            .await
            .unwrap();
        let service = i64::try_from(all.len()).unwrap();
        tx.tenant(self.tenant)
            .add_service(&self.number, "2026-11", service)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Meta's answer.
    async fn accepted(&self, all: &[Message], now: Ts) {
        let answers: Vec<AcceptedAttempt> = all
            .iter()
            .map(|m| AcceptedAttempt {
                id: m.attempt.id,
                wamid: m.wamid.clone(),
                status: MessageStatus::Accepted,
            })
            .collect();
        let mut tx = self.ctx.store.write().await.unwrap();
        let mut mine = tx.tenant(self.tenant);
        let ended = mine.accept_attempts(&answers, now).await.unwrap();
        assert_eq!(ended.len(), all.len());
        tx.commit().await.unwrap();
    }

    /// A webhook with a status, and its event done.
    async fn statuses(&self, all: &[Message], status: MessageStatus, text: &str, now: Ts) {
        let mut tx = self.ctx.store.write().await.unwrap();
        let events = self.arrived(&mut tx, all, text, now).await;
        tx.commit().await.unwrap();
        let updates: Vec<StatusUpdate> = all
            .iter()
            .map(|m| StatusUpdate {
                wamid: m.wamid.clone(),
                status: Some(status),
                status_text: text.to_owned(),
                at: now,
                callback_data: None,
                recipient: PersonRef::default(),
                error: None,
                pricing: None,
            })
            .collect();
        let mut tx = self.ctx.store.write().await.unwrap();
        let updates: Vec<&StatusUpdate> = updates.iter().collect();
        tx.tenant(self.tenant)
            .apply_statuses(&updates, now)
            .await
            .unwrap();
        self.finished(&mut tx, &events, now).await;
        tx.commit().await.unwrap();
    }

    async fn arrived(
        &self,
        tx: &mut portero_store::Tx,
        all: &[Message],
        what: &str,
        now: Ts,
    ) -> Vec<EventId> {
        let ctx = &self.ctx;
        let mut events = Vec::with_capacity(all.len());
        for m in all {
            let delivery = NewDelivery {
                id: DeliveryId::new(&*ctx.ids, now),
                app: "default".to_owned(),
                body: vec![b'x'; WEBHOOK],
                received_at: now,
                updates: 1,
            };
            tx.system()
                .insert_deliveries(std::slice::from_ref(&delivery))
                .await
                .unwrap();
            let key = format!("rows:{}:{what}:{}", self.run, m.n);
            events.push(NewEvent {
                delivery: Some(delivery.id),
                dedupe_key: key.clone(),
                ..NewEvent::pending(
                    EventId::new(&*ctx.ids, now),
                    "message",
                    key,
                    self.tenant,
                    "x".repeat(WEBHOOK),
                    now,
                    self.far(),
                )
            });
        }
        tx.system().insert_events(&events).await.unwrap();
        events.iter().map(|e| e.id).collect()
    }

    async fn finished(&self, tx: &mut portero_store::Tx, events: &[EventId], now: Ts) {
        let all: Vec<FinishedEvent> = events
            .iter()
            .map(|id| FinishedEvent {
                id: *id,
                fence: 0,
                state: EventState::Done,
                interpretation: "done".to_owned(),
            })
            .collect();
        let n = tx.system().finish_events(&all, now).await.unwrap();
        assert_eq!(usize::try_from(n).unwrap(), events.len());
    }
}
