//! Deliveries and events: dedupe, order, leases, fences.

use portero_domain::clock::Ts;
use portero_domain::ids::{DeliveryId, EventId, Wamid};
use portero_store::model::{EventState, NewDelivery, NewEvent};

use crate::schema::raw;
use crate::world::{T0, World, at};

crate::tests![
    the_same_event_is_kept_once,
    what_an_older_build_kept_under_a_plain_key_is_no_news,
    a_delivery_is_kept_byte_for_byte,
    only_the_head_of_a_lane_is_claimed,
    due_and_lease_are_exact_to_the_millisecond,
    an_old_fence_finishes_nothing,
    claimers_side_by_side_never_share_an_event,
    what_is_nobodys_is_listed_for_the_operator,
    texts_with_nul_are_kept_on_both_engines_alike,
];

async fn insert(w: &World, events: &[NewEvent]) -> Vec<bool> {
    let mut tx = w.write().await;
    let fresh = tx.system().insert_events(events).await.unwrap();
    tx.commit().await.unwrap();
    fresh
}

async fn claim(w: &World, now: Ts, limit: usize) -> Vec<(EventId, i64)> {
    let mut tx = w.write().await;
    let claimed = tx
        .system()
        .claim_events("host-1", now, at(now.0 - T0.0 + 1_000), limit)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    claimed.into_iter().map(|e| (e.id, e.fence)).collect()
}

async fn finish(w: &World, id: EventId, fence: i64) -> bool {
    let mut tx = w.write().await;
    let done = tx
        .system()
        .finish_event(id, fence, EventState::Done, "ok", T0)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    done
}

async fn the_same_event_is_kept_once(w: World) {
    let mut one = w.event("l", T0);
    one.dedupe_key = "wamid.X".to_owned();
    let mut again = w.event("l", T0);
    again.dedupe_key = "wamid.X".to_owned();
    let other = w.event("l", T0);
    assert_eq!(
        insert(&w, &[one.clone(), again.clone(), other.clone()]).await,
        [true, false, true]
    );
    assert_eq!(insert(&w, &[again, other]).await, [false, false]);
    assert_eq!(insert(&w, &[]).await, [] as [bool; 0]);
    let mut tx = w.store.read().await.unwrap();
    let counts = tx.system().event_counts(Some(w.a.id)).await.unwrap();
    assert_eq!(counts, [("business".to_owned(), "pending".to_owned(), 2)]);
    let kept = tx.tenant(w.a.id).event(one.id).await.unwrap().unwrap();
    assert_eq!(
        (kept.payload, kept.dedupe_key, kept.attempts),
        ("{}".to_owned(), "wamid.X".to_owned(), 0)
    );
}

async fn what_an_older_build_kept_under_a_plain_key_is_no_news(w: World) {
    let wamid = Wamid::new("wamid.OLD").unwrap();
    let key = format!("m:{}:{wamid}", w.a.number);
    let mut one = w.event("l", T0);
    one.dedupe_key.clone_from(&key);
    assert_eq!(insert(&w, &[one.clone()]).await, [true]);
    let found = async || {
        let mut tx = w.store.read().await.unwrap();
        let found = tx.tenant(w.a.id).event_by_wamid(&wamid).await.unwrap();
        found.map(|row| (row.id, row.dedupe_key))
    };
    let (id, kept) = found().await.unwrap();
    assert_eq!(id, one.id);
    assert!(!kept.contains("wamid"), "an id of Meta's in a key: {kept}");
    let mut again = w.event("l", T0);
    again.dedupe_key.clone_from(&key);
    assert_eq!(insert(&w, &[again.clone()]).await, [false]);

    // As builds before migration 0140 kept it.
    let sql = format!("update inbox set dedupe_key = '{key}' where event_id = '{id}'");
    assert_eq!(raw(&w, sql.leak()).await, 1);
    assert_eq!(found().await, Some((id, key)));
    assert_eq!(insert(&w, &[again, w.event("l", T0)]).await, [false, true]);
}

async fn a_delivery_is_kept_byte_for_byte(w: World) {
    let id = DeliveryId::new(&*w.ids, T0);
    let body: Vec<u8> = (0..=255).collect();
    let mut tx = w.write().await;
    let new = NewDelivery {
        id,
        app: "main".to_owned(),
        body,
        received_at: T0,
        updates: 3,
    };
    let empty = NewDelivery {
        id: DeliveryId::new(&*w.ids, T0),
        body: Vec::new(),
        ..new.clone()
    };
    let both = [new, empty];
    tx.system().insert_deliveries(&both).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = w.store.read().await.unwrap();
    for kept in both {
        let found = tx.system().delivery_body(kept.id).await.unwrap();
        assert_eq!(found, Some(kept.body));
    }
}

async fn only_the_head_of_a_lane_is_claimed(w: World) {
    let events: Vec<NewEvent> = ["a", "a", "b", "a", "b"]
        .iter()
        .zip(0..)
        .map(|(lane, n)| w.event(lane, at(n)))
        .collect();
    insert(&w, &events).await;
    let mut order = Vec::new();
    for _ in 0..3 {
        for (id, fence) in claim(&w, at(10), 10).await {
            order.push(events.iter().position(|e| e.id == id).unwrap());
            assert!(finish(&w, id, fence).await);
        }
    }
    assert_eq!(order, [0, 2, 1, 4, 3]);
    assert!(claim(&w, at(10), 10).await.is_empty());
}

async fn due_and_lease_are_exact_to_the_millisecond(w: World) {
    let event = w.event("l", at(1_000));
    insert(&w, std::slice::from_ref(&event)).await;
    assert!(claim(&w, at(999), 10).await.is_empty());
    assert_eq!(claim(&w, at(1_000), 10).await, [(event.id, 1)]);
    // The lease runs until 2,000 and not longer.
    assert!(claim(&w, at(1_999), 10).await.is_empty());
    assert_eq!(claim(&w, at(2_000), 10).await, [(event.id, 2)]);
    let mut tx = w.write().await;
    assert!(
        !tx.system()
            .retry_event(event.id, 1, at(5_000), "old")
            .await
            .unwrap()
    );
    assert!(
        tx.system()
            .retry_event(event.id, 2, at(5_000), "busy")
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    assert!(claim(&w, at(4_999), 10).await.is_empty());
    let mut tx = w.write().await;
    let again = tx
        .system()
        .claim_events("host-2", at(5_000), at(6_000), 10)
        .await
        .unwrap();
    assert_eq!(
        (
            again[0].attempts,
            again[0].fence,
            again[0].interpretation.as_str()
        ),
        (3, 3, "busy")
    );
}

async fn an_old_fence_finishes_nothing(w: World) {
    let event = w.event("l", T0);
    insert(&w, std::slice::from_ref(&event)).await;
    let first = claim(&w, T0, 1).await[0];
    let second = claim(&w, at(1_000), 1).await[0];
    assert!(!finish(&w, first.0, first.1).await);
    assert!(finish(&w, second.0, second.1).await);
    assert!(!finish(&w, second.0, second.1).await, "an event ends once");
}

async fn claimers_side_by_side_never_share_an_event(w: World) {
    let events: Vec<NewEvent> = (0..60)
        .map(|n| w.event(&format!("l{}", n % 20), at(n)))
        .collect();
    insert(&w, &events).await;
    let mut workers = Vec::new();
    for worker in 0..4 {
        let store = w.store.clone();
        workers.push(tokio::spawn(async move {
            let mut taken = Vec::new();
            loop {
                let mut tx = store.write().await.unwrap();
                let owner = format!("host-{worker}");
                let claimed = match tx
                    .system()
                    .claim_events(&owner, at(100), at(60_000), 3)
                    .await
                {
                    Err(e) if e.is_transient() => continue,
                    other => other.unwrap(),
                };
                tx.commit().await.unwrap();
                if claimed.is_empty() {
                    return taken;
                }
                for event in claimed {
                    taken.push((event.lane_key.clone(), event.id));
                    let mut tx = store.write().await.unwrap();
                    assert!(
                        tx.system()
                            .finish_event(event.id, event.fence, EventState::Done, "", T0)
                            .await
                            .unwrap()
                    );
                    tx.commit().await.unwrap();
                }
            }
        }));
    }
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    // A worker may stop while another still holds the head of a lane; nothing is taken twice.
    let mut ids: Vec<EventId> = all.iter().map(|(_, id)| *id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all.len(), "an event was taken twice");
    ids.extend(rest(&w).await);
    assert_eq!(ids.len(), events.len(), "an event was lost");
}

/// Works off what is left.
async fn rest(w: &World) -> Vec<EventId> {
    let mut all = Vec::new();
    loop {
        let some = claim(w, at(200), 100).await;
        if some.is_empty() {
            return all;
        }
        for (id, fence) in some {
            assert!(finish(w, id, fence).await);
            all.push(id);
        }
    }
}

async fn what_is_nobodys_is_listed_for_the_operator(w: World) {
    let mut lost = w.event("x", at(1));
    lost.tenant = None;
    lost.state = EventState::Unrouted;
    let mut broken = w.event("y", at(2));
    broken.tenant = None;
    broken.state = EventState::Broken;
    let mine = w.event("z", at(3));
    insert(&w, &[lost.clone(), broken.clone(), mine.clone()]).await;
    let mut tx = w.store.read().await.unwrap();
    let ids = |rows: Vec<portero_store::model::EventRow>| {
        rows.into_iter().map(|r| r.id).collect::<Vec<_>>()
    };
    assert_eq!(
        ids(tx.system().list_unrouted_events(10, None).await.unwrap()),
        [broken.id, lost.id]
    );
    assert_eq!(
        ids(tx
            .system()
            .list_unrouted_events(10, Some(broken.id))
            .await
            .unwrap()),
        [lost.id]
    );
    assert_eq!(
        ids(tx.tenant(w.a.id).events(10, None).await.unwrap()),
        [mine.id]
    );
    assert_eq!(tx.system().event_counts(None).await.unwrap().len(), 3);
    assert!(
        claim(&w, at(9), 10)
            .await
            .iter()
            .all(|(id, _)| *id == mine.id)
    );
}

async fn texts_with_nul_are_kept_on_both_engines_alike(w: World) {
    let mut event = w.event("l", T0);
    event.interpretation = "a\0b".to_owned();
    event.payload = r#"{"text":"a\u0000b"}"#.to_owned();
    insert(&w, std::slice::from_ref(&event)).await;
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .set_attribute(w.a.ana, "k", Some("x\0y"))
        .await
        .unwrap();
    let kept = tx.tenant(w.a.id).event(event.id).await.unwrap().unwrap();
    assert_eq!(
        (kept.interpretation.as_str(), kept.payload),
        ("a\u{fffd}b", event.payload)
    );
    let attributes = tx.tenant(w.a.id).attributes(w.a.ana).await.unwrap();
    assert_eq!(attributes, [("k".to_owned(), "x\u{fffd}y".to_owned())]);
}
