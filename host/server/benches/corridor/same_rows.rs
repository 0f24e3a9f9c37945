//! The yardstick: the rows that one answered message leaves behind, in as many transactions, written
//! by the store alone. No HTTP, no plugin, no gate, no facts read.

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
    AttemptEnd, DecisionRow, EventState, NewAttempt, NewContact, NewDelivery, NewEvent, NewOutbox,
};

/// Messages written.
const MESSAGES: usize = 500;
/// Side by side, as in the flood.
const CALLERS: usize = 64;
/// Size of a decision record and of a webhook, bytes.
const RECORD: usize = 2_600;
const WEBHOOK: usize = 700;

/// Messages a second.
pub(crate) async fn same_rows(ctx: &Arc<Context>, world: &World) -> f64 {
    let shop = &world.shops[0];
    let tenant: TenantId = shop.id.parse().unwrap();
    let number = PhoneNumberId::new(shop.shop.number).unwrap();
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let (ctx, number) = (Arc::clone(ctx), number.clone());
        tasks.spawn(async move {
            for n in (caller..MESSAGES).step_by(CALLERS) {
                message(&ctx, tenant, &number, n).await;
            }
        });
    }
    tasks.join_all().await;
    f64::from(u32::try_from(MESSAGES).unwrap()) / began.elapsed().as_secs_f64()
}

/// Far away, so that the host's own workers leave these rows alone.
fn far(ctx: &Context) -> Ts {
    ctx.now() + portero_domain::clock::Millis::days(3_000)
}

async fn message(ctx: &Context, tenant: TenantId, number: &PhoneNumberId, n: usize) {
    let now = ctx.now();
    let contact = ContactId::new(&*ctx.ids, now);
    let spelled = format!("5731177{n:05}");
    let address = AddressKey::parse(&spelled).unwrap();

    // The webhook.
    let mut tx = ctx.store.write().await.unwrap();
    let event = arrived(ctx, &mut tx, tenant, &format!("in-{n}")).await;
    let mut mine = tx.tenant(tenant);
    let new = NewContact {
        name: Some("Cliente".to_owned()),
        language: None,
        country: Some("CO".to_owned()),
    };
    mine.create_contact(contact, &new, &[(address.clone(), spelled)], now)
        .await
        .unwrap();
    mine.open_window(number, contact, now, &format!("wamid.ROWS-in-{n}"))
        .await
        .unwrap();
    tx.commit().await.unwrap();

    // The answer: proposal, two records, the attempt, the event done.
    let proposal = Proposal {
        id: OutboxId::new(&*ctx.ids, now),
        key: format!("rows:{n}"),
        tenant,
        sender: number.clone(),
        contact,
        to: address,
        origin: Origin::Host {
            what: "bench".to_owned(),
        },
        purpose: Purpose::Reply,
        topic: None,
        class: Class::Reply,
        answers: None,
        content: Content::Text(Text {
            body: "Horarios de Tienda Sol: lunes a viernes: 9–18 sábado: 9–13".to_owned(),
            preview_url: false,
        }),
        created_at: now,
        expires_at: now,
    };
    let [admission, dispatch] = [Stage::Admission, Stage::Dispatch].map(|stage| DecisionRow {
        id: DecisionId::new(&*ctx.ids, now),
        tenant,
        outbox: proposal.id,
        contact,
        stage,
        verdict: Verdict::Allow,
        rule: None,
        record: format!("\"{}\"", "r".repeat(RECORD)),
        content_hash: proposal.id.to_string(),
        decided_at: now,
    });
    let attempt = NewAttempt {
        id: AttemptId::new(&*ctx.ids, now),
        outbox: proposal.id,
        number: number.clone(),
        contact,
        owner: ctx.host.clone(),
        lease_until: far(ctx),
    };
    let mut tx = ctx.store.write().await.unwrap();
    let mut mine = tx.tenant(tenant);
    mine.insert_decision(&admission).await.unwrap();
    let new = NewOutbox {
        proposal: &proposal,
        content_hash: "h",
        event: Some(event),
        installation: None,
        is_promotional: false,
        is_template: false,
        template_name: None,
        state: OutboxState::Queued,
        rule: None,
        not_before: far(ctx),
        admission_decision: admission.id,
        cost_micro: None,
    };
    mine.insert_outbox(&new, now).await.unwrap();
    assert!(
        mine.begin_attempt(&attempt, dispatch.id, now, now)
            .await
            .unwrap()
    );
    mine.insert_decision(&dispatch).await.unwrap();
    finished(ctx, &mut tx, event).await;
    tx.tenant(tenant)
        .spend_number(number, &|_| Some(now))
        .await
        .unwrap();
    tx.commit().await.unwrap();

    // Meta's answer.
    let wamid = Wamid::new(format!("wamid.ROWS-out-{n}")).unwrap();
    let mut tx = ctx.store.write().await.unwrap();
    let end = AttemptEnd::Accepted {
        wamid: wamid.clone(),
        status: MessageStatus::Accepted,
    };
    assert!(
        tx.tenant(tenant)
            .end_attempt(attempt.id, &end, now)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();

    // Sent, delivered, read: each a webhook and an event done.
    for (status, text) in [
        (MessageStatus::Sent, "sent"),
        (MessageStatus::Delivered, "delivered"),
        (MessageStatus::Read, "read"),
    ] {
        let mut tx = ctx.store.write().await.unwrap();
        let event = arrived(ctx, &mut tx, tenant, &format!("{text}-{n}")).await;
        tx.commit().await.unwrap();
        let update = StatusUpdate {
            wamid: wamid.clone(),
            status: Some(status),
            status_text: text.to_owned(),
            at: now,
            callback_data: None,
            recipient: PersonRef::default(),
            error: None,
            pricing: None,
        };
        let mut tx = ctx.store.write().await.unwrap();
        tx.tenant(tenant).apply_status(&update, now).await.unwrap();
        finished(ctx, &mut tx, event).await;
        tx.commit().await.unwrap();
    }
}

async fn arrived(
    ctx: &Context,
    tx: &mut portero_store::Tx,
    tenant: TenantId,
    key: &str,
) -> EventId {
    let now = ctx.now();
    let delivery = NewDelivery {
        id: DeliveryId::new(&*ctx.ids, now),
        app: "default".to_owned(),
        body: vec![b'x'; WEBHOOK],
        received_at: now,
        updates: 1,
    };
    tx.system().insert_delivery(&delivery).await.unwrap();
    let id = EventId::new(&*ctx.ids, now);
    let event = NewEvent {
        delivery: Some(delivery.id),
        dedupe_key: format!("rows:{key}"),
        ..NewEvent::pending(
            id,
            "message",
            format!("rows:{key}"),
            tenant,
            "x".repeat(WEBHOOK),
            now,
            far(ctx),
        )
    };
    tx.system()
        .insert_events(std::slice::from_ref(&event))
        .await
        .unwrap();
    id
}

async fn finished(ctx: &Context, tx: &mut portero_store::Tx, event: EventId) {
    assert!(
        tx.system()
            .finish_event(event, 0, EventState::Done, "done", ctx.now())
            .await
            .unwrap()
    );
}
