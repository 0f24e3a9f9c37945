//! What the first page, the ledger and a search of people read: right, of one tenant alone, and by index.

use portero_domain::consent::{ConsentEventKind, ConsentScope};
use portero_domain::proposal::{Class, OutboxState};
use portero_store::model::{LedgerFilter, MonthCost, folded, home_statements, ledger_statement};

use crate::verdicts::plan;
use crate::world::{T0, World, at};

crate::tests![
    a_days_messages_are_counted_by_where_they_stand,
    the_first_page_reads_by_its_indexes,
    the_ledger_is_filtered_and_goes_on_where_it_stopped,
    somebody_is_found_by_a_part_of_their_name,
    a_months_costs_are_added_up_by_category,
];

async fn a_days_messages_are_counted_by_where_they_stand(w: World) {
    let (day, next) = (at(10_000), at(20_000));
    w.queued(Class::Reply, at(9_999)).await;
    let (sent, _) = w.on_the_wire(day).await;
    w.put(
        &w.proposal(Class::Campaign, at(19_999)),
        OutboxState::Denied,
    )
    .await;
    w.queued(Class::Reply, next).await;
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let mut states: Vec<(String, i64, u64)> = a
        .day_states(day, next)
        .await
        .unwrap()
        .into_iter()
        .map(|s| (s.state, s.rank, s.count))
        .collect();
    states.sort();
    let expected = [("attempting".to_owned(), 0, 1), ("denied".to_owned(), 0, 1)];
    assert_eq!(states, expected);
    assert_eq!(a.in_flight(&w.a.number).await.unwrap(), 1);
    // Nobody answered yet; who writes after a message that was sent did.
    assert_eq!(a.day_answered(day, next).await.unwrap(), 0);
    a.settle_outbox(sent, OutboxState::Sent, None, None, at(10_001))
        .await
        .unwrap();
    a.open_window(&w.a.number, w.a.ana, at(9_000), "w1")
        .await
        .unwrap();
    assert_eq!(a.day_answered(day, next).await.unwrap(), 0, "before it");
    a.open_window(&w.a.number, w.a.ana, at(11_000), "w2")
        .await
        .unwrap();
    assert_eq!(a.day_answered(day, next).await.unwrap(), 1);
    assert_eq!(a.day_answered(next, at(30_000)).await.unwrap(), 0);
    // Another tenant sees none of it.
    let mut b = tx.tenant(w.b.id);
    assert_eq!(b.day_states(T0, at(99_000)).await.unwrap(), []);
    assert_eq!(b.day_answered(day, next).await.unwrap(), 0);
    assert_eq!(b.in_flight(&w.a.number).await.unwrap(), 0);
    tx.commit().await.unwrap();
}

async fn the_first_page_reads_by_its_indexes(w: World) {
    for (sql, index) in home_statements(w.store.engine())
        .into_iter()
        .chain([ledger_statement(w.store.engine())])
    {
        let plan = plan(&w, sql).await;
        // Of tables with nothing in them Postgres may take any index; on SQLite the shape decides.
        if w.is_postgres() {
            assert!(!plan.contains("Seq Scan on outbox"), "{plan}\n{sql}");
        } else {
            assert!(plan.contains(index), "{index}: {plan}\n{sql}");
        }
    }
    if !w.is_postgres() {
        let (day, _) = home_statements(w.store.engine())[0];
        let plan = plan(&w, day).await;
        assert!(plan.contains("COVERING INDEX outbox_by_tenant"), "{plan}");
    }
}

async fn the_ledger_is_filtered_and_goes_on_where_it_stopped(w: World) {
    use ConsentEventKind::{Granted, Requested, Revoked};
    let topic = || ConsentScope::Topic("ofertas".to_owned());
    let all = [
        w.consent(Requested, topic(), at(1_000)),
        w.consent(Granted, topic(), at(2_000)),
        w.consent(Revoked, ConsentScope::All, at(3_000)),
    ];
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    for event in &all {
        a.append_consent(w.a.ana, event).await.unwrap();
    }
    let none = || LedgerFilter {
        limit: 10,
        ..LedgerFilter::default()
    };
    let some = |text: &str| Some(text.to_owned());
    for (filter, expected) in [
        (none(), vec![2, 1, 0]),
        (
            LedgerFilter {
                kind: some("granted"),
                ..none()
            },
            vec![1],
        ),
        (
            LedgerFilter {
                scope: some("topic:ofertas"),
                ..none()
            },
            vec![1, 0],
        ),
        (
            LedgerFilter {
                source: some("seed"),
                ..none()
            },
            vec![2, 1, 0],
        ),
        (
            LedgerFilter {
                source: some("import"),
                ..none()
            },
            vec![],
        ),
        (
            LedgerFilter {
                since: Some(at(2_000)),
                ..none()
            },
            vec![2, 1],
        ),
        (
            LedgerFilter {
                until: Some(at(3_000)),
                ..none()
            },
            vec![1, 0],
        ),
        (
            LedgerFilter {
                after: Some(all[2].id),
                limit: 1,
                ..none()
            },
            vec![1],
        ),
    ] {
        let found = a.ledger(&filter).await.unwrap();
        let expected: Vec<_> = expected.iter().map(|n| all[*n].id).collect();
        let ids: Vec<_> = found.iter().map(|r| r.event.id).collect();
        assert_eq!(ids, expected, "{filter:?}");
        assert!(
            found
                .iter()
                .all(|r| r.seal.is_none() && r.content_hash.len() == 64)
        );
    }
    assert_eq!(tx.tenant(w.b.id).ledger(&none()).await.unwrap(), []);
    let items = tx.system().unsealed(10).await.unwrap();
    let items: Vec<_> = items.into_iter().map(|(_, id, hash)| (id, hash)).collect();
    tx.system().seal(w.a.id, &items, at(4_000)).await.unwrap();
    let sealed = tx.tenant(w.a.id).ledger(&none()).await.unwrap();
    let seals: Vec<_> = sealed.iter().map(|r| r.seal).collect();
    assert_eq!(seals, [Some(3), Some(2), Some(1)]);
    tx.commit().await.unwrap();
}

async fn somebody_is_found_by_a_part_of_their_name(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.touch_contact_name(w.a.ana, "Ana José Muñoz 100%")
        .await
        .unwrap();
    for words in ["jose", "JOSÉ", "munoz", "ana j", "100%"] {
        let found = a.contacts_like(Some(words), 10, None, None).await.unwrap();
        let hit = found.iter().find(|c| c.id == w.a.ana);
        let name = hit.and_then(|c| c.name.clone()).unwrap_or_default();
        assert!(folded(&name).contains(&folded(words)), "{words}: {found:?}");
    }
    let rest = a
        .contacts_like(Some("jose"), 10, Some(w.a.ana), None)
        .await
        .unwrap();
    assert!(rest.iter().all(|c| c.id != w.a.ana), "older ones alone");
    assert!(
        !a.contacts_like(None, 10, None, None)
            .await
            .unwrap()
            .is_empty()
    );
    let all = a.contacts_like(None, 10, None, None).await.unwrap();
    let floor = a.contacts_floor(None, all.len()).await.unwrap();
    assert_eq!(floor, all.last().map(|c| c.id), "the last of so many");
    let second = a.contacts_floor(Some(all[0].id), 1).await.unwrap();
    assert_eq!(second, all.get(1).map(|c| c.id), "after the first");
    assert_eq!(a.contacts_floor(None, all.len() + 1).await.unwrap(), None);
    let newest = a
        .contacts_like(None, 10, None, Some(all[0].id))
        .await
        .unwrap();
    assert_eq!(newest.len(), 1, "nobody older than the floor");
    let theirs = tx
        .tenant(w.b.id)
        .contacts_like(None, 10, None, None)
        .await
        .unwrap();
    assert!(theirs.iter().all(|c| c.id != w.a.ana));
    tx.commit().await.unwrap();
}

async fn a_months_costs_are_added_up_by_category(w: World) {
    let cost = |category: &str, messages, priced, micro| MonthCost {
        category: category.to_owned(),
        messages,
        priced,
        micro,
    };
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.add_month_costs(&[], T0).await.unwrap();
    assert_eq!(a.month_costs(T0).await.unwrap(), []);
    let first = [cost("marketing", 2, 2, 25_000), cost("service", 1, 1, 0)];
    a.add_month_costs(&first, T0).await.unwrap();
    a.add_month_costs(&[cost("marketing", 3, 1, 12_500)], at(1))
        .await
        .unwrap();
    let both = [cost("marketing", 5, 3, 37_500), cost("service", 1, 1, 0)];
    assert_eq!(a.month_costs(T0).await.unwrap(), both);
    let later = T0 + portero_domain::clock::Millis::days(40);
    assert_eq!(a.month_costs(later).await.unwrap(), []);
    assert_eq!(tx.tenant(w.b.id).month_costs(T0).await.unwrap(), []);
    tx.commit().await.unwrap();
}
