//! Statuses: once, in any order, never backwards.

use portero_domain::clock::Ts;
use portero_domain::ids::{AttemptId, Wamid};
use portero_domain::proposal::{Class, OutboxState};
use portero_domain::status::MessageStatus;
use portero_domain::update::{PersonRef, StatusUpdate};
use portero_store::model::{AttemptEnd, StatusEffect};

use crate::world::{T0, World, at};

crate::tests![
    every_order_of_statuses_ends_the_same,
    the_attempt_id_settles_what_was_unknown,
    statuses_heard_before_the_answer_count,
    a_status_twice_is_one_status,
    a_message_that_left_is_sent_even_when_it_was_queued_again,
    strangers_and_unknown_words_are_kept,
];

fn update(wamid: &str, status: MessageStatus, t: Ts, attempt: Option<AttemptId>) -> StatusUpdate {
    StatusUpdate {
        wamid: Wamid::new(wamid).unwrap(),
        status: Some(status),
        status_text: status.as_str().to_owned(),
        at: t,
        callback_data: attempt.map(|a| a.to_string()),
        recipient: PersonRef::default(),
        error: (status == MessageStatus::Failed).then(|| (131_026, "Undeliverable".to_owned())),
        pricing: None,
    }
}

fn accepted(wamid: &str) -> AttemptEnd {
    AttemptEnd::Accepted {
        wamid: Wamid::new(wamid).unwrap(),
        status: MessageStatus::Accepted,
    }
}

async fn apply(w: &World, update: &StatusUpdate) -> StatusEffect {
    let mut tx = w.write().await;
    let effect = tx
        .tenant(w.a.id)
        .apply_status(update, at(50))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    effect
}

async fn end(w: &World, attempt: AttemptId, end: &AttemptEnd) -> bool {
    let mut tx = w.write().await;
    let done = tx
        .tenant(w.a.id)
        .end_attempt(attempt, end, at(10))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    done
}

fn orders(items: &[MessageStatus]) -> Vec<Vec<MessageStatus>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (i, first) in items.iter().enumerate() {
        let mut rest = items.to_vec();
        rest.remove(i);
        for mut tail in orders(&rest) {
            tail.insert(0, *first);
            all.push(tail);
        }
    }
    all
}

async fn every_order_of_statuses_ends_the_same(w: World) {
    use MessageStatus::{Delivered, Failed, Read, Sent};
    for (set, last) in [
        (&[Sent, Delivered, Read][..], Read),
        (&[Sent, Failed], Failed),
        (&[Failed, Sent, Delivered], Delivered),
    ] {
        for (n, order) in orders(set).into_iter().enumerate() {
            let (outbox, attempt) = w.on_the_wire(T0).await;
            let wamid = format!("wamid.{last:?}.{n}");
            assert!(end(&w, attempt, &accepted(&wamid)).await);
            let mut highest = MessageStatus::Accepted.rank();
            for status in &order {
                let effect = apply(&w, &update(&wamid, *status, at(status.rank()), None)).await;
                let expected = if status.rank() > highest {
                    StatusEffect::Applied { outbox }
                } else {
                    StatusEffect::Stale { outbox }
                };
                assert_eq!(effect, expected, "{order:?} at {status:?}");
                highest = highest.max(status.rank());
            }
            let mut tx = w.store.read().await.unwrap();
            let row = tx.tenant(w.a.id).outbox(outbox).await.unwrap().unwrap();
            assert_eq!(
                (row.state, row.status),
                (OutboxState::Sent, Some(last)),
                "{order:?}"
            );
            assert_eq!(
                row.error_code,
                (last == Failed).then_some(131_026),
                "{order:?}"
            );
            assert_eq!(
                tx.tenant(w.a.id).statuses(outbox).await.unwrap().len(),
                order.len()
            );
        }
    }
}

async fn the_attempt_id_settles_what_was_unknown(w: World) {
    let (outbox, attempt) = w.on_the_wire(T0).await;
    assert!(end(&w, attempt, &AttemptEnd::Unknown { why: String::new() }).await);
    let news = update(
        "wamid.found",
        MessageStatus::Delivered,
        at(40),
        Some(attempt),
    );
    assert_eq!(apply(&w, &news).await, StatusEffect::Applied { outbox });
    let mut tx = w.store.read().await.unwrap();
    let row = tx.tenant(w.a.id).outbox(outbox).await.unwrap().unwrap();
    assert_eq!(
        (row.state, row.wamid.as_deref()),
        (OutboxState::Sent, Some("wamid.found"))
    );
    assert_eq!(
        (row.status, row.status_at),
        (Some(MessageStatus::Delivered), Some(at(40)))
    );
    drop(tx);
    assert!(
        !end(&w, attempt, &accepted("wamid.found")).await,
        "the status ended the attempt"
    );
}

async fn statuses_heard_before_the_answer_count(w: World) {
    let (outbox, attempt) = w.on_the_wire(T0).await;
    // No attempt id echoed: nobody knows yet whose it is.
    let early = update("wamid.1", MessageStatus::Delivered, at(5), None);
    assert_eq!(apply(&w, &early).await, StatusEffect::NoSuchMessage);
    assert!(end(&w, attempt, &accepted("wamid.1")).await);
    let mut tx = w.store.read().await.unwrap();
    let row = tx.tenant(w.a.id).outbox(outbox).await.unwrap().unwrap();
    assert_eq!(
        (row.status, row.status_at),
        (Some(MessageStatus::Delivered), Some(at(5)))
    );
}

async fn a_status_twice_is_one_status(w: World) {
    let (outbox, attempt) = w.on_the_wire(T0).await;
    let news = update("wamid.1", MessageStatus::Sent, at(5), Some(attempt));
    assert_eq!(apply(&w, &news).await, StatusEffect::Applied { outbox });
    assert_eq!(apply(&w, &news).await, StatusEffect::Stale { outbox });
    let mut tx = w.store.read().await.unwrap();
    assert_eq!(tx.tenant(w.a.id).statuses(outbox).await.unwrap().len(), 1);
    let attempt = tx.tenant(w.a.id).attempt(attempt).await.unwrap().unwrap();
    assert_eq!(
        (attempt.state.as_str(), attempt.wamid.as_deref()),
        ("accepted", Some("wamid.1"))
    );
}

async fn a_message_that_left_is_sent_even_when_it_was_queued_again(w: World) {
    let (outbox, attempt) = w.on_the_wire(T0).await;
    assert!(end(&w, attempt, &AttemptEnd::Unknown { why: String::new() }).await);
    let mut tx = w.write().await;
    assert!(
        tx.tenant(w.a.id)
            .requeue_outbox(outbox, at(100), T0)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    let news = update("wamid.1", MessageStatus::Sent, at(5), Some(attempt));
    assert_eq!(apply(&w, &news).await, StatusEffect::Applied { outbox });
    let mut tx = w.write().await;
    assert_eq!(
        tx.tenant(w.a.id)
            .outbox(outbox)
            .await
            .unwrap()
            .unwrap()
            .state,
        OutboxState::Sent
    );
    assert!(
        tx.system()
            .claim_lanes("h", at(200), at(200), at(300), 8)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        !tx.tenant(w.a.id)
            .requeue_outbox(outbox, T0, T0)
            .await
            .unwrap()
    );
}

async fn strangers_and_unknown_words_are_kept(w: World) {
    let stranger = update("wamid.nobody", MessageStatus::Read, at(1), None);
    assert_eq!(apply(&w, &stranger).await, StatusEffect::NoSuchMessage);
    let rubbish = StatusUpdate {
        callback_data: Some("att_not-an-id".to_owned()),
        ..stranger
    };
    assert_eq!(apply(&w, &rubbish).await, StatusEffect::NoSuchMessage);
    let outbox = w.queued(Class::Reply, T0).await;
    let attempt = w.begin(outbox, T0).await;
    assert!(end(&w, attempt, &accepted("wamid.1")).await);
    let mut word = update("wamid.1", MessageStatus::Read, at(3), None);
    word.status = None;
    word.status_text = "warming".to_owned();
    assert_eq!(apply(&w, &word).await, StatusEffect::Stale { outbox });
    let mut tx = w.store.read().await.unwrap();
    let heard = tx.tenant(w.a.id).statuses(outbox).await.unwrap();
    assert_eq!(
        heard.iter().map(|s| s.status.as_str()).collect::<Vec<_>>(),
        ["warming"]
    );
}
