//! Lanes: order, leases, pairs.

use portero_domain::clock::Ts;
use portero_domain::ids::OutboxId;
use portero_domain::proposal::{Class, OutboxState};
use portero_store::model::{ClaimedLane, LaneRelease};

use crate::outbox::{claim, settle};
use crate::world::{T0, World, at};

crate::tests![
    a_lane_gives_its_oldest_first,
    a_reply_goes_before_and_never_waits_for_a_promotion,
    a_lane_rests_until_its_head_is_due,
    lane_leases_and_fences_are_exact,
    no_two_lanes_of_one_pair_are_ever_leased,
    a_claim_not_yet_committed_keeps_the_whole_pair,
];

async fn release(w: &World, lane: &ClaimedLane, ready_at: Option<Ts>) -> bool {
    let mut tx = w.write().await;
    let mut system = tx.system();
    let released = system
        .release_lanes(&[giving_back(lane, ready_at)])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    released == 1
}

fn giving_back(lane: &ClaimedLane, ready_at: Option<Ts>) -> LaneRelease {
    LaneRelease {
        number: lane.number.clone(),
        contact: lane.contact,
        class: lane.class,
        fence: lane.fence,
        ready_at,
    }
}

async fn a_lane_gives_its_oldest_first(w: World) {
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(w.queued(Class::Reply, at(n)).await);
    }
    let mut seen = Vec::new();
    loop {
        let lanes = claim(&w, at(100), 8).await;
        let [lane] = lanes.as_slice() else { break };
        assert_eq!(
            (lane.tenant, lane.contact, lane.class),
            (w.a.id, w.a.ana, Class::Reply)
        );
        let mut tx = w.write().await;
        assert!(tx.tenant(w.a.id).is_lane_head(&lane.head).await.unwrap());
        let newest = tx.tenant(w.a.id).outbox(ids[3]).await.unwrap().unwrap();
        assert_eq!(
            tx.tenant(w.a.id).is_lane_head(&newest).await.unwrap(),
            lane.head.id == ids[3]
        );
        drop(tx);
        seen.push(lane.head.id);
        assert!(settle(&w, lane.head.id, OutboxState::Denied).await);
        assert!(release(&w, lane, Some(at(100))).await);
    }
    assert_eq!(seen, ids);
}

async fn a_reply_goes_before_and_never_waits_for_a_promotion(w: World) {
    let promotion = w.proposal(Class::Campaign, T0);
    w.put_at(&promotion, OutboxState::Deferred, at(3_600_000))
        .await;
    let reply = w.queued(Class::Reply, at(1)).await;
    let lanes = claim(&w, at(10), 8).await;
    assert_eq!(lanes.iter().map(|l| l.head.id).collect::<Vec<_>>(), [reply]);
    // Once the promotion is due too, the reply still goes first, and alone.
    assert!(release(&w, &lanes[0], Some(at(10))).await);
    let lanes = claim(&w, at(3_600_000), 8).await;
    assert_eq!(lanes.iter().map(|l| l.head.id).collect::<Vec<_>>(), [reply]);
    assert!(settle(&w, reply, OutboxState::Denied).await);
    assert!(release(&w, &lanes[0], Some(at(3_600_000))).await);
    let lanes = claim(&w, at(3_600_000), 8).await;
    assert_eq!(
        lanes.iter().map(|l| l.head.id).collect::<Vec<_>>(),
        [promotion.id]
    );
}

async fn a_lane_rests_until_its_head_is_due(w: World) {
    let first = w.proposal(Class::Reply, T0);
    w.put_at(&first, OutboxState::Deferred, at(5_000)).await;
    // A later proposal wakes the lane but does not overtake.
    w.queued(Class::Reply, at(10)).await;
    assert!(claim(&w, at(4_999), 8).await.is_empty());
    assert_eq!(claim(&w, at(5_000), 8).await[0].head.id, first.id);
}

async fn lane_leases_and_fences_are_exact(w: World) {
    let id = w.queued(Class::Reply, T0).await;
    assert!(claim(&w, at(-1), 8).await.is_empty());
    let first = claim(&w, T0, 8).await.remove(0);
    assert!(claim(&w, at(999), 8).await.is_empty());
    let second = claim(&w, at(1_000), 8).await.remove(0);
    assert_eq!((first.fence, second.fence, second.head.id), (1, 2, id));
    assert!(!release(&w, &first, None).await);
    assert!(release(&w, &second, Some(at(7_000))).await);
    assert!(claim(&w, at(6_999), 8).await.is_empty());
    assert_eq!(claim(&w, at(7_000), 8).await.len(), 1);
}

async fn no_two_lanes_of_one_pair_are_ever_leased(w: World) {
    for n in 0..6 {
        for class in [Class::Reply, Class::Transactional, Class::Campaign] {
            w.queued(class, at(n)).await;
        }
    }
    // One claim gives one lane of the pair.
    let mut tx = w.write().await;
    let lanes = tx
        .system()
        .claim_lanes("x", at(100), at(100), at(200), 8)
        .await
        .unwrap();
    assert_eq!(lanes.len(), 1);
    drop(tx);
    let mut workers = Vec::new();
    let leased = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let done = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    for worker in 0..4 {
        let (store, leased, done, tenant) = (w.store.clone(), leased.clone(), done.clone(), w.a.id);
        workers.push(tokio::spawn(async move {
            let mut taken = Vec::new();
            for _ in 0..20_000 {
                if done.load(std::sync::atomic::Ordering::SeqCst) == 18 {
                    break;
                }
                let mut tx = store.write().await.unwrap();
                let owner = format!("host-{worker}");
                let lanes = match tx
                    .system()
                    .claim_lanes(&owner, at(100), at(100), at(60_000), 8)
                    .await
                {
                    Err(e) if e.is_transient() => continue,
                    other => other.unwrap(),
                };
                tx.commit().await.unwrap();
                for lane in lanes {
                    let others = leased.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    assert_eq!(others, 0, "two lanes of one pair are leased");
                    taken.push(lane.head.id);
                    let mut tx = store.write().await.unwrap();
                    let mut a = tx.tenant(tenant);
                    assert!(
                        a.settle_outbox(lane.head.id, OutboxState::Denied, None, None, T0)
                            .await
                            .unwrap()
                    );
                    let mut system = tx.system();
                    leased.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    let back = giving_back(&lane, Some(at(100)));
                    assert_eq!(system.release_lanes(&[back]).await.unwrap(), 1);
                    tx.commit().await.unwrap();
                    done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                }
            }
            taken
        }));
    }
    let mut all: Vec<OutboxId> = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    let total = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), total, "a proposal was taken twice");
    assert_eq!(total, 18, "a proposal was left behind");
}

async fn a_claim_not_yet_committed_keeps_the_whole_pair(w: World) {
    let campaign = w.queued(Class::Campaign, T0).await;
    let mut first = w.write().await;
    let lanes = first
        .system()
        .claim_lanes("host-1", at(10), at(10), at(60_000), 8)
        .await
        .unwrap();
    assert_eq!(
        lanes.iter().map(|l| l.head.id).collect::<Vec<_>>(),
        [campaign]
    );
    if w.is_postgres() {
        // Meanwhile a reply comes up for the same person, and another host looks for work.
        w.queued(Class::Reply, at(1)).await;
        assert!(
            claim(&w, at(10), 8).await.is_empty(),
            "the person is held by a claim under way"
        );
        first.commit().await.unwrap();
    } else {
        // One writer: nobody else can look before the claim is committed.
        first.commit().await.unwrap();
        w.queued(Class::Reply, at(1)).await;
    }
    assert!(claim(&w, at(10), 8).await.is_empty());
    assert!(release(&w, &lanes[0], Some(at(10))).await);
    assert_eq!(claim(&w, at(10), 8).await[0].class, Class::Reply);
}
