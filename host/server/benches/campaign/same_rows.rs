//! The yardstick of a campaign: the rows that its messages leave behind, written once more by the store alone,
//! in sets as large as a campaign's and with a commit for each. No HTTP, no facts read, no gate, no simulator.

use std::time::Instant;

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{
    AttemptId, DecisionId, DeliveryId, EventId, OutboxId, PhoneNumberId, TenantId, Wamid,
};
use portero_domain::proposal::{OutboxState, Proposal};
use portero_domain::status::MessageStatus;
use portero_domain::update::{PersonRef, StatusUpdate};
use portero_flow::context::Context;
use portero_store::model::{
    AcceptedAttempt, Beginning, DecisionFilter, DecisionRow, EventState, LaneRelease, NewAttempt,
    NewDelivery, NewEvent, NewOutbox, OutboxFilter,
};
use serde_json::json;

/// Messages written; fewer where the campaign had fewer.
const MESSAGES: usize = 2_048;
/// People of a chunk of turns; messages of a claim; answers, and statuses, of one transaction.
const CHUNK: usize = 250;
const CLAIM: usize = 32;
const TOGETHER: usize = 64;
/// Records of one transaction of the sealer.
const SEALED: usize = 500;

/// A message to be written.
struct Message {
    proposal: Proposal,
    attempt: AttemptId,
    records: [DecisionRow; 2],
    wamid: Wamid,
}

/// How many messages were written and how many a second, one transaction after the other.
pub(crate) async fn written(ctx: &Context, tenant: TenantId) -> (f64, f64) {
    let all = messages(ctx, tenant).await;
    let began = Instant::now();
    for some in all.chunks(CHUNK) {
        admitted(ctx, tenant, some).await;
    }
    for some in all.chunks(CLAIM) {
        begun(ctx, tenant, some).await;
    }
    for some in all.chunks(TOGETHER) {
        answered(ctx, tenant, some).await;
    }
    for (status, text) in [
        (MessageStatus::Sent, "sent"),
        (MessageStatus::Delivered, "delivered"),
        (MessageStatus::Read, "read"),
    ] {
        for some in all.chunks(TOGETHER) {
            told(ctx, tenant, some, status, text).await;
        }
    }
    sealed(ctx, tenant).await;
    let written = f64::from(u32::try_from(all.len()).unwrap());
    (written, written / began.elapsed().as_secs_f64())
}

/// Messages like those of the campaign that just went, to the same people.
async fn messages(ctx: &Context, tenant: TenantId) -> Vec<Message> {
    let now = ctx.now();
    let mut tx = ctx.store.read().await.unwrap();
    let mut mine = tx.tenant(tenant);
    let sent = OutboxFilter {
        state: Some(OutboxState::Sent),
        limit: MESSAGES,
        ..OutboxFilter::default()
    };
    let sent = mine.outbox_list(&sent).await.unwrap();
    let mut all = Vec::with_capacity(sent.len());
    for row in sent {
        let like = DecisionFilter {
            outbox: Some(row.id),
            ..DecisionFilter::default()
        };
        let mut records = mine.decisions(&like).await.unwrap();
        // Those that their number's pace did not put off.
        if records.len() != 2 {
            continue;
        }
        let proposal = Proposal {
            id: OutboxId::new(&*ctx.ids, now),
            key: format!("rows:{}", row.id),
            ..row.proposal
        };
        for record in &mut records {
            record.id = DecisionId::new(&*ctx.ids, now);
            record.outbox = proposal.id;
        }
        records.reverse();
        all.push(Message {
            attempt: AttemptId::new(&*ctx.ids, now),
            records: <[DecisionRow; 2]>::try_from(records).unwrap(),
            wamid: Wamid::new(format!("wamid.ROWS{}", proposal.id)).unwrap(),
            proposal,
        });
    }
    all
}

/// So late that the host's own loops leave these rows alone.
fn far(ctx: &Context) -> Ts {
    ctx.now() + Millis::days(3_000)
}

/// Proposals, first records, lanes.
async fn admitted(ctx: &Context, tenant: TenantId, some: &[Message]) {
    let rows: Vec<NewOutbox<'_>> = some
        .iter()
        .map(|m| NewOutbox {
            proposal: &m.proposal,
            content_hash: &m.records[0].content_hash,
            event: None,
            installation: None,
            is_promotional: true,
            is_template: true,
            template_name: Some("promo_semana".to_owned()),
            state: OutboxState::Queued,
            rule: None,
            not_before: far(ctx),
            admission_decision: m.records[0].id,
            cost_micro: Some(12_500),
        })
        .collect();
    let records: Vec<DecisionRow> = some.iter().map(|m| m.records[0].clone()).collect();
    let mut tx = ctx.store.write().await.unwrap();
    let mut mine = tx.tenant(tenant);
    let new = mine.insert_outbox_many(&rows, &records, ctx.now()).await;
    assert_eq!(usize::try_from(new.unwrap()).unwrap(), some.len());
    tx.commit().await.unwrap();
}

/// Attempts, second records, who was written to first, the number's bucket.
async fn begun(ctx: &Context, tenant: TenantId, some: &[Message]) {
    let now = ctx.now();
    let beginnings: Vec<Beginning> = some
        .iter()
        .map(|m| Beginning {
            attempt: NewAttempt {
                id: m.attempt,
                outbox: m.proposal.id,
                number: m.proposal.sender.clone(),
                contact: m.proposal.contact,
                owner: ctx.host.clone(),
                lease_until: far(ctx),
            },
            decision: m.records[1].id,
            pair_tat: now,
            cost_micro: Some(12_500),
        })
        .collect();
    let records: Vec<DecisionRow> = some.iter().map(|m| m.records[1].clone()).collect();
    let people: Vec<_> = some.iter().map(|m| m.proposal.contact).collect();
    let number: &PhoneNumberId = &some[0].proposal.sender;
    let mut tx = ctx.store.write().await.unwrap();
    let mut mine = tx.tenant(tenant);
    let begun = mine.begin_attempts(&beginnings, now).await.unwrap();
    assert_eq!(begun.len(), some.len());
    mine.count_tier_recipients(&people, now).await.unwrap();
    mine.insert_decisions(&records).await.unwrap();
    mine.spend_number(number, &|_| Some(now)).await.unwrap();
    tx.commit().await.unwrap();
}

/// Meta's answers, and the lanes given back.
async fn answered(ctx: &Context, tenant: TenantId, some: &[Message]) {
    let answers: Vec<AcceptedAttempt> = some
        .iter()
        .map(|m| AcceptedAttempt {
            id: m.attempt,
            wamid: m.wamid.clone(),
            status: MessageStatus::Accepted,
        })
        .collect();
    let lanes: Vec<LaneRelease> = some
        .iter()
        .map(|m| LaneRelease {
            number: m.proposal.sender.clone(),
            contact: m.proposal.contact,
            class: m.proposal.class,
            fence: 1,
            ready_at: Some(ctx.now()),
        })
        .collect();
    let mut tx = ctx.store.write().await.unwrap();
    let mut mine = tx.tenant(tenant);
    let ended = mine.accept_attempts(&answers, ctx.now()).await.unwrap();
    assert_eq!(ended.len(), some.len());
    tx.system().release_lanes(&lanes).await.unwrap();
    tx.commit().await.unwrap();
}

/// Webhooks with a status each.
async fn told(
    ctx: &Context,
    tenant: TenantId,
    some: &[Message],
    status: MessageStatus,
    text: &str,
) {
    let now = ctx.now();
    let (mut deliveries, mut events, mut updates) = (Vec::new(), Vec::new(), Vec::new());
    for m in some {
        let said = json!({
            "id": m.wamid, "status": text, "timestamp": now, "recipient_id": m.proposal.to,
            "biz_opaque_callback_data": m.attempt,
            "pricing": { "billable": true, "category": "marketing", "pricing_model": "PMP", "type": "regular" },
        });
        let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "100000000000001", "changes": [{
            "field": "messages", "value": { "messaging_product": "whatsapp", "metadata": {
                "display_phone_number": "573001112233", "phone_number_id": m.proposal.sender },
                "statuses": [said] } }] }] });
        let delivery = NewDelivery {
            id: DeliveryId::new(&*ctx.ids, now),
            app: "default".to_owned(),
            body: body.to_string().into_bytes(),
            received_at: now,
            updates: 1,
        };
        let key = format!("s:{}:{text}", m.wamid.as_str());
        events.push(NewEvent {
            delivery: Some(delivery.id),
            dedupe_key: key.clone(),
            state: EventState::Done,
            interpretation: format!("{text} on {}", m.proposal.id),
            ..NewEvent::pending(
                EventId::new(&*ctx.ids, now),
                "status",
                key,
                tenant,
                said.to_string(),
                now,
                now,
            )
        });
        deliveries.push(delivery);
        updates.push(StatusUpdate {
            wamid: m.wamid.clone(),
            status: Some(status),
            status_text: text.to_owned(),
            at: now,
            callback_data: Some(m.attempt.to_string()),
            recipient: PersonRef::default(),
            error: None,
            pricing: Some(("marketing".to_owned(), "regular".to_owned())),
        });
    }
    let receipts: Vec<(OutboxId, bool, Ts)> = some
        .iter()
        .filter(|_| status != MessageStatus::Sent)
        .map(|m| (m.proposal.id, status == MessageStatus::Read, now))
        .collect();
    let updates: Vec<&StatusUpdate> = updates.iter().collect();
    let mut tx = ctx.store.write().await.unwrap();
    tx.system().insert_deliveries(&deliveries).await.unwrap();
    let mut mine = tx.tenant(tenant);
    mine.apply_statuses(&updates, now).await.unwrap();
    mine.note_receipts(&receipts).await.unwrap();
    tx.system().insert_events(&events).await.unwrap();
    tx.commit().await.unwrap();
}

/// What the host's own sealer has not sealed meanwhile.
async fn sealed(ctx: &Context, tenant: TenantId) {
    loop {
        let mut tx = ctx.store.write().await.unwrap();
        let items = tx.system().unsealed(SEALED).await.unwrap();
        let mine: Vec<(String, String)> = items
            .into_iter()
            .filter(|(of, ..)| *of == tenant)
            .map(|(_, id, hash)| (id, hash))
            .collect();
        if mine.is_empty() {
            return;
        }
        tx.system().seal(tenant, &mine, ctx.now()).await.unwrap();
        tx.commit().await.unwrap();
    }
}
