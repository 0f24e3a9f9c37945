//! Lanes: order, leases, pairs.

use portero_domain::clock::Ts;
use portero_domain::ids::OutboxId;
use portero_domain::proposal::{Class, OutboxState};
use portero_store::model::{ClaimedLane, LaneRelease};

use crate::facts::waits;
use crate::outbox::{claim, settle};
use crate::world::{T0, World, at, put_in};

crate::tests![
    a_lane_gives_its_oldest_first,
    a_reply_goes_before_and_never_waits_for_a_promotion,
    a_lane_rests_until_its_head_is_due,
    a_lane_given_back_rests_when_nothing_waits_in_it,
    who_queues_while_a_lane_is_given_back_wakes_it,
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

/// Lanes that are due or leased.
async fn ready(w: &World, now: Ts) -> u64 {
    let mut tx = w.store.read().await.unwrap();
    let idle = tx.system().counts_idle(now, at(1_000_000)).await.unwrap();
    idle.lanes_ready
}

async fn a_lane_given_back_rests_when_nothing_waits_in_it(w: World) {
    let only = w.queued(Class::Reply, T0).await;
    let lane = claim(&w, T0, 8).await.remove(0);
    assert!(settle(&w, only, OutboxState::Denied).await);
    assert!(release(&w, &lane, Some(at(1))).await);
    assert_eq!(ready(&w, at(60_000)).await, 0, "nobody has to look at it");
    // What comes next wakes it, and what waits behind keeps it awake.
    let next = w.queued(Class::Reply, at(2)).await;
    let last = w.queued(Class::Reply, at(3)).await;
    let lane = claim(&w, at(5), 8).await.remove(0);
    assert_eq!(lane.head.id, next);
    assert!(settle(&w, next, OutboxState::Denied).await);
    assert!(release(&w, &lane, Some(at(6))).await);
    assert_eq!((ready(&w, at(5)).await, ready(&w, at(6)).await), (0, 1));
    assert_eq!(claim(&w, at(6), 8).await[0].head.id, last);
}

async fn who_queues_while_a_lane_is_given_back_wakes_it(w: World) {
    let only = w.queued(Class::Reply, T0).await;
    let lane = claim(&w, T0, 8).await.remove(0);
    assert!(settle(&w, only, OutboxState::Denied).await);
    // Queued and its lane woken, not committed yet: on Postgres nobody else sees the message.
    let next = w.proposal(Class::Reply, at(2));
    let mut queueing = w.write().await;
    assert!(put_in(&mut queueing, &w.ids, &next, OutboxState::Queued, at(2)).await);
    let (store, back) = (w.store.clone(), giving_back(&lane, Some(at(3))));
    let releasing = tokio::spawn(async move {
        let mut tx = store.write().await.unwrap();
        let released = tx.system().release_lanes(&[back]).await.unwrap();
        tx.commit().await.unwrap();
        released
    });
    waits(
        &w,
        &releasing,
        "the lane was given back by who could not see the message",
    )
    .await;
    queueing.commit().await.unwrap();
    assert_eq!(releasing.await.unwrap(), 1);
    assert_eq!(claim(&w, at(3), 8).await[0].head.id, next.id);
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
