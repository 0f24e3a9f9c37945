//! Outbox and attempts.

use portero_domain::clock::{Millis, Ts};
use portero_domain::content::Content;
use portero_domain::ids::{DecisionId, OutboxId, Wamid};
use portero_domain::proposal::{Class, OutboxState, Purpose};
use portero_domain::status::MessageStatus;
use portero_store::StoreError;
use portero_store::model::{AttemptEnd, ClaimedLane, OutboxFilter};

use crate::world::{T0, World, at, put_in};

crate::tests![
    a_key_is_one_proposal,
    one_attempt_is_in_flight_per_person,
    what_was_withdrawn_does_not_begin,
    an_attempt_ends_once_and_moves_its_proposal,
    lost_attempts_are_found_when_their_lease_ends,
    only_what_has_not_begun_is_cancelled,
    the_account_adds_up,
    idle_means_nothing_is_left,
    buckets_only_move_forward,
    proposals_are_listed_newest_first,
    an_approval_releases_what_waited_for_the_end_of_a_pause,
];

pub(crate) async fn claim(w: &World, now: Ts, limit: usize) -> Vec<ClaimedLane> {
    let mut tx = w.write().await;
    let lanes = tx
        .system()
        .claim_lanes("host-1", now, now, now + Millis(1_000), limit)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    lanes
}

pub(crate) async fn settle(w: &World, id: OutboxId, state: OutboxState) -> bool {
    let mut tx = w.write().await;
    let done = tx
        .tenant(w.a.id)
        .settle_outbox(id, state, Some("test.rule"), None, T0)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    done
}

async fn state(w: &World, id: OutboxId) -> OutboxState {
    let mut tx = w.store.read().await.unwrap();
    tx.tenant(w.a.id).outbox(id).await.unwrap().unwrap().state
}

fn wamid(text: &str) -> Wamid {
    Wamid::new(text).unwrap()
}

fn accepted(text: &str) -> AttemptEnd {
    AttemptEnd::Accepted {
        wamid: wamid(text),
        status: MessageStatus::Accepted,
    }
}

async fn a_key_is_one_proposal(w: World) {
    let first = w.proposal(Class::Reply, T0);
    w.put(&first, OutboxState::Queued).await;
    let mut again = w.proposal(Class::Reply, at(5));
    again.key.clone_from(&first.key);
    let mut tx = w.write().await;
    assert!(!put_in(&mut tx, &w.ids, &again, OutboxState::Queued, at(5)).await);
    let mut a = tx.tenant(w.a.id);
    assert!(a.outbox(again.id).await.unwrap().is_none());
    let row = a.outbox_by_key(&first.key).await.unwrap().unwrap();
    assert_eq!(
        (row.id, &row.proposal, row.content_hash.as_str()),
        (first.id, &first, "hash")
    );
    assert_eq!(
        (row.created_at, row.expires_at, row.tries),
        (first.created_at, first.expires_at, 0)
    );
    assert_eq!(a.outbox_by_key("other").await.unwrap(), None);
}

async fn one_attempt_is_in_flight_per_person(w: World) {
    let (_, first) = w.on_the_wire(T0).await;
    let second = w.queued(Class::Transactional, at(1)).await;
    assert!(
        claim(&w, at(10), 8).await.is_empty(),
        "a person with a message on the wire is left alone"
    );
    let mut tx = w.write().await;
    let decision = DecisionId::new(&*w.ids, T0);
    let attempt = w.attempt(second);
    assert!(
        !tx.tenant(w.a.id)
            .begin_attempt(&attempt, decision, T0, at(9))
            .await
            .unwrap()
    );
    assert!(
        tx.tenant(w.a.id)
            .attempt(attempt.id)
            .await
            .unwrap()
            .is_none()
    );
    let row = tx.tenant(w.a.id).outbox(second).await.unwrap().unwrap();
    assert_eq!((row.state, row.tries), (OutboxState::Queued, 0));
    tx.commit().await.unwrap();
    let mut tx = w.write().await;
    assert!(
        tx.tenant(w.a.id)
            .end_attempt(first, &accepted("wamid.1"), at(20))
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    assert_eq!(claim(&w, at(20), 8).await[0].head.id, second);
    w.begin(second, at(21)).await;
}

async fn what_was_withdrawn_does_not_begin(w: World) {
    let id = w.queued(Class::Reply, T0).await;
    assert!(settle(&w, id, OutboxState::Cancelled).await);
    let mut tx = w.write().await;
    let attempt = w.attempt(id);
    let decision = DecisionId::new(&*w.ids, T0);
    assert!(
        !tx.tenant(w.a.id)
            .begin_attempt(&attempt, decision, T0, T0)
            .await
            .unwrap()
    );
    assert!(tx.tenant(w.a.id).attempts(id).await.unwrap().is_empty());
}

async fn an_attempt_ends_once_and_moves_its_proposal(w: World) {
    let ends = [
        (accepted("wamid.a"), OutboxState::Sent, false),
        (
            AttemptEnd::Refused {
                code: 131_047,
                title: "Re-engagement".to_owned(),
                http: 400,
            },
            OutboxState::Failed,
            true,
        ),
        (
            AttemptEnd::NotSent {
                why: "refused".to_owned(),
            },
            OutboxState::Attempting,
            true,
        ),
        (
            AttemptEnd::Unknown {
                why: "reset".to_owned(),
            },
            OutboxState::Unknown,
            true,
        ),
    ];
    for (n, (end, expected, requeues)) in ends.into_iter().enumerate() {
        let t = at(i64::try_from(n).unwrap() * 100);
        let (outbox, attempt) = w.on_the_wire(t).await;
        let mut tx = w.write().await;
        let mut a = tx.tenant(w.a.id);
        assert!(
            a.end_attempt(attempt, &end, t + Millis(1)).await.unwrap(),
            "{end:?}"
        );
        assert!(
            !a.end_attempt(attempt, &AttemptEnd::NotSent { why: String::new() }, t)
                .await
                .unwrap(),
            "{end:?}"
        );
        let row = a.outbox(outbox).await.unwrap().unwrap();
        assert_eq!(
            (row.state, row.tries, row.begun_at),
            (expected, 1, Some(t)),
            "{end:?}"
        );
        assert_eq!(row.settled_at.is_some(), expected.is_final(), "{end:?}");
        assert_eq!(
            a.requeue_outbox(outbox, t + Millis(50), true, t)
                .await
                .unwrap(),
            requeues,
            "{end:?}"
        );
        if requeues {
            let row = a.outbox(outbox).await.unwrap().unwrap();
            assert_eq!(
                (row.state, row.not_before, row.settled_at),
                (OutboxState::Queued, t + Millis(50), None)
            );
            assert!(
                a.settle_outbox(outbox, OutboxState::Failed, None, None, t)
                    .await
                    .unwrap()
            );
        } else {
            assert_eq!(
                (row.wamid.as_deref(), row.status),
                (Some("wamid.a"), Some(MessageStatus::Accepted))
            );
        }
        tx.commit().await.unwrap();
    }
    // A late answer settles what was unknown, whatever it says.
    let (outbox, attempt) = w.on_the_wire(at(1_000)).await;
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    assert!(
        a.end_attempt(attempt, &AttemptEnd::Unknown { why: String::new() }, T0)
            .await
            .unwrap()
    );
    assert!(
        a.end_attempt(attempt, &accepted("wamid.late"), T0)
            .await
            .unwrap()
    );
    assert_eq!(
        a.outbox(outbox).await.unwrap().unwrap().state,
        OutboxState::Sent
    );
    let row = a.attempt(attempt).await.unwrap().unwrap();
    assert_eq!(
        (row.state.as_str(), row.wamid.as_deref()),
        ("accepted", Some("wamid.late"))
    );
}

async fn lost_attempts_are_found_when_their_lease_ends(w: World) {
    let (_, attempt) = w.on_the_wire(T0).await;
    let mut tx = w.write().await;
    let mut found = Vec::new();
    for ms in [29_999, 30_000] {
        found.push(
            tx.system()
                .expired_attempts(at(ms), 10)
                .await
                .unwrap()
                .len(),
        );
    }
    assert_eq!(found, [0, 1]);
    let row = tx
        .system()
        .expired_attempts(at(30_000), 10)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (row.id, row.tenant, row.number, row.contact),
        (attempt, w.a.id, w.a.number.clone(), w.a.ana)
    );
    tx.tenant(w.a.id)
        .end_attempt(attempt, &AttemptEnd::Unknown { why: String::new() }, T0)
        .await
        .unwrap();
    assert!(
        tx.system()
            .expired_attempts(at(99_000), 10)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn only_what_has_not_begun_is_cancelled(w: World) {
    let (wire, _) = w.on_the_wire(T0).await;
    let mut promotion = w.proposal(Class::Campaign, at(1));
    promotion.purpose = Purpose::Promotional;
    let promotion = w.put(&promotion, OutboxState::Deferred).await;
    let reply = w.queued(Class::Reply, at(2)).await;
    let review = w
        .put(&w.proposal(Class::Reply, at(3)), OutboxState::InReview)
        .await;
    let denied = w
        .put(&w.proposal(Class::Reply, at(4)), OutboxState::Denied)
        .await;
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    assert_eq!(
        a.cancel_queued(w.a.ana, true, "consent.revoked", at(9))
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        a.cancel_queued(w.a.ana, false, "consent.revoked", at(9))
            .await
            .unwrap(),
        2
    );
    let row = a.outbox(promotion).await.unwrap().unwrap();
    assert_eq!(
        (row.state, row.rule.as_deref()),
        (OutboxState::Cancelled, Some("consent.revoked"))
    );
    assert_eq!(row.settled_at, Some(at(9)));
    tx.commit().await.unwrap();
    let mut states = Vec::new();
    for id in [wire, reply, review, denied] {
        states.push(state(&w, id).await);
    }
    use OutboxState::{Attempting, Cancelled, Denied};
    assert_eq!(states, [Attempting, Cancelled, Cancelled, Denied]);
    assert!(claim(&w, at(100), 8).await.is_empty());
}

async fn the_account_adds_up(w: World) {
    for (state, n) in OutboxState::ALL.into_iter().zip(0..) {
        if state != OutboxState::Sent {
            w.put(&w.proposal(Class::Reply, at(n)), state).await;
        }
    }
    let mut tx = w.store.read().await.unwrap();
    let account = tx.system().accounting(Some(w.a.id)).await.unwrap();
    assert_eq!(account.len(), 10);
    assert!(
        account
            .iter()
            .all(|(s, n)| *n == u64::from(*s != OutboxState::Sent)),
        "{account:?}"
    );
    assert_eq!(
        account.iter().map(|(_, n)| n).sum::<u64>(),
        tx.system().proposals(Some(w.a.id)).await.unwrap()
    );
    assert_eq!(tx.system().accounting(None).await.unwrap(), account);
    assert_eq!(tx.tenant(w.a.id).accounting().await.unwrap(), account);
    let none = tx.tenant(w.b.id).accounting().await.unwrap();
    assert_eq!(
        (none.len(), none.iter().map(|(_, n)| n).sum::<u64>()),
        (10, 0)
    );
    assert_eq!(tx.system().proposals(Some(w.b.id)).await.unwrap(), 0);
    assert_eq!(tx.system().proposals(None).await.unwrap(), 9);
}

async fn idle_means_nothing_is_left(w: World) {
    let idle = async |now: Ts| {
        let mut tx = w.store.read().await.unwrap();
        let n = tx.system().counts_idle(now, now).await.unwrap();
        (
            n.events_pending,
            n.lanes_ready,
            n.attempts_begun,
            n.timers_due,
        )
    };
    assert_eq!(idle(T0).await, (0, 0, 0, 0));
    let id = w
        .put_at(
            &w.proposal(Class::Reply, T0),
            OutboxState::Deferred,
            at(5_000),
        )
        .await;
    assert_eq!(
        idle(at(4_999)).await,
        (0, 0, 0, 0),
        "deferred work is not due"
    );
    assert_eq!(idle(at(5_000)).await, (0, 1, 0, 0));
    let attempt = w.begin(id, at(5_000)).await;
    assert_eq!(idle(at(5_000)).await, (0, 1, 1, 0));
    let mut tx = w.write().await;
    assert!(
        tx.tenant(w.a.id)
            .end_attempt(attempt, &accepted("wamid.1"), at(5_001))
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    assert!(claim(&w, at(5_002), 8).await.is_empty());
    assert_eq!(
        idle(at(5_002)).await,
        (0, 0, 0, 0),
        "an empty lane was put to rest"
    );
    let mut tx = w.write().await;
    tx.system()
        .insert_events(&[w.event("l", at(9_000))])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(idle(T0).await, (1, 0, 0, 0));
}

async fn buckets_only_move_forward(w: World) {
    let first = w.queued(Class::Reply, T0).await;
    let mut tx = w.write().await;
    let attempt = w.attempt(first);
    let decision = DecisionId::new(&*w.ids, T0);
    assert!(
        tx.tenant(w.a.id)
            .begin_attempt(&attempt, decision, T0, at(600))
            .await
            .unwrap()
    );
    assert!(
        tx.tenant(w.a.id)
            .end_attempt(attempt.id, &accepted("w1"), T0)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    let second = w.queued(Class::Reply, at(1)).await;
    w.begin(second, at(1)).await;
    let mut tx = w.write().await;
    let row = tx
        .tenant(w.a.id)
        .conversation(&w.a.number, w.a.ana)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((row.pair_tat, row.window_at), (at(600), None));
}

async fn proposals_are_listed_newest_first(w: World) {
    let mut ids = Vec::new();
    for n in 0..5 {
        let state = if n % 2 == 0 {
            OutboxState::Queued
        } else {
            OutboxState::Denied
        };
        ids.push(w.put(&w.proposal(Class::Reply, at(n)), state).await);
    }
    let mut tx = w.store.read().await.unwrap();
    let mut a = tx.tenant(w.a.id);
    let mut list = async |filter: OutboxFilter| {
        a.outbox_list(&filter)
            .await
            .unwrap()
            .into_iter()
            .map(|r| r.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        list(OutboxFilter::default()).await,
        [ids[4], ids[3], ids[2], ids[1], ids[0]]
    );
    let page = OutboxFilter {
        limit: 2,
        after: Some(ids[3]),
        ..OutboxFilter::default()
    };
    assert_eq!(list(page).await, [ids[2], ids[1]]);
    let some = OutboxFilter {
        contact: Some(w.a.ana),
        state: Some(OutboxState::Denied),
        ..OutboxFilter::default()
    };
    assert_eq!(list(some).await, [ids[3], ids[1]]);
    let none = OutboxFilter {
        contact: Some(w.b.ana),
        ..OutboxFilter::default()
    };
    assert_eq!(list(none).await, []);
    // A person of another tenant is refused, not written.
    drop(tx);
    let mut foreign = w.proposal(Class::Reply, at(9));
    foreign.contact = w.b.ana;
    let mut tx = w.write().await;
    let new = portero_store::model::NewOutbox {
        proposal: &foreign,
        content_hash: "h",
        event: None,
        installation: None,
        is_promotional: false,
        is_template: false,
        template_name: None,
        state: OutboxState::Queued,
        rule: None,
        not_before: T0,
        admission_decision: DecisionId::new(&*w.ids, T0),
        cost_micro: None,
    };
    let refused = tx.tenant(w.a.id).insert_outbox(&new, T0).await;
    assert!(
        matches!(refused, Err(StoreError::NotFound { .. })),
        "{refused:?}"
    );
    let refused = tx.tenant(w.b.id).insert_outbox(&new, T0).await;
    assert!(
        matches!(refused, Err(StoreError::NotFound { .. })),
        "{refused:?}"
    );
}

async fn an_approval_releases_what_waited_for_the_end_of_a_pause(w: World) {
    use portero_domain::template::{Template, TemplateCategory, TemplateSlots, TemplateStatus};
    let template = |name: &str, status: TemplateStatus| Template {
        name: name.to_owned(),
        language: "es".to_owned(),
        category: TemplateCategory::Marketing,
        status,
        paused_until: None,
        slots: TemplateSlots::default(),
        body: String::new(),
        synced_at: T0,
    };
    let paused = [
        template("promo", TemplateStatus::Paused),
        template("otra", TemplateStatus::Paused),
    ];
    let later = at(7_200_000);
    let mut waiting = Vec::new();
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .upsert_templates(&w.a.waba, &paused, false, T0)
        .await
        .unwrap();
    for (name, rule) in [
        ("promo", "template.paused"),
        ("promo", "quiet-hours.tenant"),
        ("otra", "template.paused"),
    ] {
        let mut p = w.proposal(Class::Campaign, T0);
        p.content = Content::Template(portero_domain::content::TemplateSend {
            name: name.to_owned(),
            language: "es".to_owned(),
            header: vec![],
            body: vec![],
            buttons: vec![],
        });
        assert!(put_in(&mut tx, &w.ids, &p, OutboxState::Queued, T0).await);
        let decision = DecisionId::new(&*w.ids, T0);
        let mut a = tx.tenant(w.a.id);
        assert!(
            a.defer_outbox(p.id, later, Some(rule), decision)
                .await
                .unwrap()
        );
        waiting.push(p.id);
    }
    tx.commit().await.unwrap();
    let not_before = |n: usize| {
        let (store, tenant, id) = (w.store.clone(), w.a.id, waiting[n]);
        async move {
            let mut tx = store.read().await.unwrap();
            let row = tx.tenant(tenant).outbox(id).await.unwrap().unwrap();
            row.not_before
        }
    };
    // The lane was woken when the rows came; it rests once somebody has looked.
    let lanes = claim(&w, T0, 8).await;
    assert!(lanes.is_empty(), "the head waits");
    let now = at(60_000);
    let mut tx = w.write().await;
    // Another tenant's account of the same name releases nothing here.
    tx.tenant(w.b.id)
        .upsert_templates(
            &w.b.waba,
            &[template("promo", TemplateStatus::Approved)],
            false,
            now,
        )
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(not_before(0).await, later);
    let mut tx = w.write().await;
    let known = tx
        .tenant(w.a.id)
        .set_template_status(
            &w.a.waba,
            "promo",
            "es",
            &TemplateStatus::Approved,
            None,
            now,
        )
        .await
        .unwrap();
    assert!(known);
    tx.commit().await.unwrap();
    assert_eq!(not_before(0).await, now);
    assert_eq!(not_before(1).await, later, "quiet hours are not a pause");
    assert_eq!(not_before(2).await, later, "another template");
    assert!(claim(&w, now.plus_ms(-1), 8).await.is_empty());
    assert_eq!(claim(&w, now, 8).await[0].head.id, waiting[0]);
    // A sync that finds the other approved releases it too.
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .upsert_templates(
            &w.a.waba,
            &[template("otra", TemplateStatus::Approved)],
            false,
            now,
        )
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(not_before(2).await, now);
}
