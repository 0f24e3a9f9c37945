//! Statuses: once, in any order, never backwards.

use portero_domain::clock::Ts;
use portero_domain::ids::{AttemptId, Wamid};
use portero_domain::proposal::{Class, OutboxState};
use portero_domain::status::MessageStatus;
use portero_domain::update::{PersonRef, StatusUpdate};
use portero_store::model::{AttemptEnd, EventState, FinishedEvent, StatusEffect};

use crate::world::{T0, World, at};

crate::tests![
    every_order_of_statuses_ends_the_same,
    the_attempt_id_settles_what_was_unknown,
    statuses_heard_before_the_answer_count,
    a_status_twice_is_one_status,
    a_message_that_left_is_sent_even_when_it_was_queued_again,
    strangers_and_unknown_words_are_kept,
    statuses_together_do_what_they_do_one_by_one,
    statuses_are_claimed_apart_from_everything_else,
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
            .requeue_outbox(outbox, at(100), true, T0)
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
            .requeue_outbox(outbox, T0, true, T0)
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

/// The same statuses of the same messages, in one batch and one by one: rows, effects and ledger agree.
async fn statuses_together_do_what_they_do_one_by_one(w: World) {
    use MessageStatus::{Accepted, Delivered, Failed, Held, Played, Read, Sent};
    let words = [Accepted, Held, Sent, Failed, Delivered, Read, Played];
    let ends = |wamid: &str| {
        [
            None,
            Some(accepted(wamid)),
            Some(AttemptEnd::Unknown { why: String::new() }),
            Some(AttemptEnd::NotSent { why: String::new() }),
            Some(AttemptEnd::Refused {
                code: 131_000,
                title: "no".to_owned(),
                http: 500,
            }),
        ]
    };
    // A linear congruence: the same choices for both halves, another one in each round.
    let mut state = 20_261_128_u64;
    let mut next = move |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % n
    };
    for round in 0..25 {
        let mut halves = Vec::new();
        for half in ["one", "all"] {
            let mut messages = Vec::new();
            for n in 0..3 {
                let (outbox, attempt) = w.on_the_wire(T0).await;
                let wamid = format!("wamid.{half}.{round}.{n}");
                let ending = (round + n) % 5;
                if let Some(how) = &ends(&wamid)[ending] {
                    assert!(end(&w, attempt, how).await);
                } else {
                    // Nobody else may be on the wire to the same person.
                    assert!(end(&w, attempt, &AttemptEnd::Unknown { why: String::new() }).await);
                }
                messages.push((outbox, attempt, wamid));
            }
            halves.push(messages);
        }
        let mut updates: [Vec<StatusUpdate>; 2] = [Vec::new(), Vec::new()];
        for _ in 0..8 {
            let (n, word, t, named) = (next(4), words[next(7)], next(1_000), next(2) == 0);
            for (half, messages) in updates.iter_mut().zip(&halves) {
                let t = at(i64::try_from(t).unwrap());
                half.push(match messages.get(n) {
                    Some((_, attempt, wamid)) => update(wamid, word, t, named.then_some(*attempt)),
                    None => update(&format!("wamid.nobody.{round}"), word, t, None),
                });
            }
        }
        let mut singly = Vec::new();
        for update in &updates[0] {
            singly.push(apply(&w, update).await);
        }
        let mut tx = w.write().await;
        let all: Vec<&StatusUpdate> = updates[1].iter().collect();
        let together = tx
            .tenant(w.a.id)
            .apply_statuses(&all, at(50))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(together.len(), all.len());
        let mut tx = w.store.read().await.unwrap();
        for ((one, ..), (other, ..)) in halves[0].iter().zip(&halves[1]) {
            let mut rows = Vec::new();
            let mut ledgers = Vec::new();
            for id in [one, other] {
                let row = tx.tenant(w.a.id).outbox(*id).await.unwrap().unwrap();
                rows.push((row.state, row.status, row.error_code));
                let heard = tx.tenant(w.a.id).statuses(*id).await.unwrap();
                let mut heard: Vec<String> = heard.into_iter().map(|s| s.status).collect();
                heard.sort();
                ledgers.push(heard);
            }
            assert_eq!(rows[0], rows[1], "round {round}: {:?}", updates[0]);
            assert_eq!(ledgers[0], ledgers[1], "round {round}");
            // Whoever was moved on by one was moved on by the other.
            let moved = |effects: &[StatusEffect], id| {
                effects.contains(&StatusEffect::Applied { outbox: id })
            };
            assert_eq!(
                moved(&singly, *one),
                moved(&together, *other),
                "round {round}"
            );
        }
    }
}

async fn statuses_are_claimed_apart_from_everything_else(w: World) {
    let status = |lane: &str| portero_store::model::NewEvent {
        kind: "status".to_owned(),
        ..w.event(lane, T0)
    };
    // Three of one lane: they go together, and a message does not wait for them.
    let events = [
        status("s:1"),
        status("s:1"),
        status("s:1"),
        w.event("c:1", T0),
    ];
    let mut tx = w.write().await;
    tx.system().insert_events(&events).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = w.write().await;
    let mut system = tx.system();
    let others = system.claim_events("h", T0, at(100), 8).await.unwrap();
    let statuses = system.claim_statuses("h", T0, at(100), 8).await.unwrap();
    let again = system
        .claim_statuses("h", at(99), at(200), 8)
        .await
        .unwrap();
    let others: Vec<_> = others.iter().map(|e| e.id).collect();
    assert_eq!(others, [events[3].id]);
    let ids: Vec<_> = statuses.iter().map(|e| e.id).collect();
    assert_eq!(ids, [events[0].id, events[1].id, events[2].id]);
    assert!(again.is_empty(), "leased until {:?}", at(100));
    let end = |e: &portero_store::model::ClaimedEvent, fence| FinishedEvent {
        id: e.id,
        fence,
        state: EventState::Done,
        interpretation: format!("{}", e.id),
    };
    let all = [
        end(&statuses[0], statuses[0].fence),
        end(&statuses[1], statuses[1].fence - 1),
        end(&statuses[2], statuses[2].fence),
    ];
    assert_eq!(system.finish_events(&all, at(5)).await.unwrap(), 2);
    let left = system
        .claim_statuses("h", at(100), at(200), 8)
        .await
        .unwrap();
    assert_eq!(left.len(), 1, "the lease of an older claim ends nothing");
    assert_eq!(left[0].id, events[1].id);
    tx.commit().await.unwrap();
}
