//! The chain of seals.

use portero_domain::consent::{ConsentEventKind, ConsentScope};
use portero_domain::proposal::{Class, OutboxState};
use portero_store::model::{ChainReport, Erased, ErasureOrder};
use serde_json::json;

use crate::schema::raw;
use crate::world::{T0, World, at, sha256};

crate::tests![
    a_sealed_chain_verifies_and_grows,
    a_changed_decision_is_found,
    a_decision_changed_before_its_seal_is_found,
    a_decision_written_past_us_is_found,
    a_changed_consent_event_is_found,
    a_moved_consent_event_is_found,
    a_missing_row_is_found,
    a_missing_seal_is_found,
    a_rewritten_seal_is_found,
    sealing_twice_seals_once,
    an_erasure_leaves_the_chain_whole_also_of_what_older_builds_wrote,
];

/// Three decisions and two consent events.
pub(crate) async fn fill(w: &World) {
    for n in 0..3 {
        w.put(&w.proposal(Class::Reply, at(n)), OutboxState::Denied)
            .await;
    }
    let mut tx = w.write().await;
    for (n, kind) in [ConsentEventKind::Granted, ConsentEventKind::Revoked]
        .into_iter()
        .enumerate()
    {
        let event = w.consent(
            kind,
            ConsentScope::Promotional,
            at(i64::try_from(n).unwrap()),
        );
        tx.tenant(w.a.id)
            .append_consent(w.a.ana, &event)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

pub(crate) async fn seal(w: &World, limit: usize) -> usize {
    let mut tx = w.write().await;
    let items = tx.system().unsealed(limit).await.unwrap();
    assert!(items.iter().all(|(tenant, _, _)| *tenant == w.a.id));
    let pairs: Vec<(String, String)> = items.into_iter().map(|(_, id, hash)| (id, hash)).collect();
    tx.system().seal(w.a.id, &pairs, T0).await.unwrap();
    tx.commit().await.unwrap();
    pairs.len()
}

pub(crate) async fn report(w: &World) -> ChainReport {
    let mut tx = w.store.read().await.unwrap();
    tx.tenant(w.a.id).verify_chain().await.unwrap()
}

async fn sealed(w: &World) {
    fill(w).await;
    assert_eq!(seal(w, 100).await, 5);
    assert_eq!(report(w).await.faults, [] as [String; 0]);
}

async fn faults(w: &World, sql: &'static str, rows: u64, expected: &str) {
    assert_eq!(raw(w, sql).await, rows, "{sql}");
    let faults = report(w).await.faults;
    assert!(faults.iter().any(|f| f.contains(expected)), "{faults:?}");
}

async fn a_sealed_chain_verifies_and_grows(w: World) {
    let empty = report(&w).await;
    assert_eq!((empty.seals, empty.unsealed, empty.faults.len()), (0, 0, 0));
    fill(&w).await;
    assert_eq!(report(&w).await.unsealed, 5);
    assert_eq!(
        (seal(&w, 2).await, seal(&w, 100).await, seal(&w, 100).await),
        (2, 3, 0)
    );
    let first = report(&w).await;
    assert_eq!(
        (first.seals, first.unsealed, first.faults.len()),
        (5, 0, 0),
        "{:?}",
        first.faults
    );
    w.put(&w.proposal(Class::Reply, at(9)), OutboxState::Denied)
        .await;
    assert_eq!(seal(&w, 100).await, 1);
    let second = report(&w).await;
    assert_eq!((second.seals, second.faults.len()), (6, 0));
    assert_ne!(first.head, second.head);
}

async fn a_changed_decision_is_found(w: World) {
    sealed(&w).await;
    let sql = "update decisions set record = '{}' where decision_id = (select min(decision_id) from decisions)";
    faults(&w, sql, 1, "was changed after seal").await;
}

async fn a_decision_changed_before_its_seal_is_found(w: World) {
    fill(&w).await;
    // With the hash that belongs to it: only what was noted beside it tells.
    let sql = format!(
        "update decisions set record = '{{}}', content_hash = '{}'
        where decision_id = (select min(decision_id) from decisions)",
        sha256("{}")
    );
    assert_eq!(raw(&w, sql.leak()).await, 1);
    seal(&w, 100).await;
    let faults = report(&w).await.faults;
    assert!(
        faults.iter().any(|f| f.contains("was changed after seal")),
        "{faults:?}"
    );
}

async fn a_decision_written_past_us_is_found(w: World) {
    sealed(&w).await;
    let sql = "insert into decisions (decision_id, tenant_id, outbox_id, contact_id, stage, verdict, record, content_hash, decided_at)
        select 'dec_0', tenant_id, outbox_id, contact_id, stage, verdict, record, content_hash, decided_at
        from decisions order by decision_id limit 1";
    faults(&w, sql, 1, "dec_0 is not waiting for a seal and has none").await;
}

async fn a_changed_consent_event_is_found(w: World) {
    sealed(&w).await;
    let sql = "update consent_events set event = replace(event, 'revoked', 'granted') where kind = 'revoked'";
    faults(&w, sql, 1, "was changed after seal").await;
}

async fn a_moved_consent_event_is_found(w: World) {
    sealed(&w).await;
    let sql = "update consent_events set contact_id = (select max(contact_id) from contacts) where kind = 'granted'";
    faults(&w, sql, 1, "was changed after seal").await;
}

async fn a_missing_row_is_found(w: World) {
    sealed(&w).await;
    faults(
        &w,
        "delete from consent_events where kind = 'revoked'",
        1,
        "and is gone",
    )
    .await;
}

async fn a_missing_seal_is_found(w: World) {
    sealed(&w).await;
    faults(
        &w,
        "delete from seals where seq = 3",
        1,
        "between 2 and 4 are missing",
    )
    .await;
    faults(
        &w,
        "delete from seals where seq = 5",
        1,
        "is not waiting for a seal and has none",
    )
    .await;
}

async fn a_rewritten_seal_is_found(w: World) {
    sealed(&w).await;
    let sql = "update seals set item_hash = (select hash from seals where seq = 1) where seq = 2";
    faults(&w, sql, 1, "seal 2 does not hold its own hash").await;
    let sql = "update seals set hash = prev_hash where seq = 4";
    faults(&w, sql, 1, "seal 5 does not follow").await;
}

async fn sealing_twice_seals_once(w: World) {
    fill(&w).await;
    let mut tx = w.write().await;
    let items: Vec<(String, String)> = tx
        .system()
        .unsealed(100)
        .await
        .unwrap()
        .into_iter()
        .map(|(_, id, hash)| (id, hash))
        .collect();
    tx.system().seal(w.a.id, &items, T0).await.unwrap();
    // Another process that had read the same items.
    tx.system().seal(w.a.id, &items, T0).await.unwrap();
    tx.commit().await.unwrap();
    let report = report(&w).await;
    assert_eq!((report.seals, report.faults.len()), (5, 0));
}

pub(crate) async fn erase(w: &World) -> Erased {
    let order = ErasureOrder {
        contact: w.a.ana,
        reason: "request",
        author: "test",
        handles: &[],
    };
    let mut tx = w.write().await;
    let done = tx.tenant(w.a.id).erase(&order, at(9)).await.unwrap();
    tx.commit().await.unwrap();
    done
}

/// Rows that hold a text, of one column.
async fn holding(w: &World, column: &str, text: &str) -> u64 {
    let sql = match column {
        "event" => format!("update consent_events set sealed = sealed where event like '%{text}%'"),
        _ => format!("update decisions set sealed = sealed where record like '%{text}%'"),
    };
    raw(w, sql.leak()).await
}

async fn an_erasure_leaves_the_chain_whole_also_of_what_older_builds_wrote(w: World) {
    fill(&w).await;
    // An event as builds before migration 0140 kept it: without salt, its hash over the texts as they are.
    let mut old = w.consent(ConsentEventKind::Granted, ConsentScope::Promotional, at(5));
    old.evidence = "an old form".to_owned();
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .append_consent(w.a.ana, &old)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut whole = json!({ "tenant": w.a.id, "contact": w.a.ana, "event": old });
    whole.sort_all_objects();
    let hash = sha256(&whole.to_string());
    let sql = format!(
        "update consent_events set salt = null, content_hash = '{hash}' where consent_event_id = '{}'",
        old.id
    );
    assert_eq!(raw(&w, sql.leak()).await, 1);
    // And a record of theirs, with an id of Meta's.
    let outbox = w
        .put(&w.proposal(Class::Reply, at(6)), OutboxState::Denied)
        .await;
    let record =
        json!({ "facts": { "window": { "last_inbound_wamid": "wamid.OLD" } } }).to_string();
    let sql = format!(
        "update decisions set record = '{record}', content_hash = '{}' where outbox_id = '{outbox}'",
        sha256(&record)
    );
    assert_eq!(raw(&w, sql.leak()).await, 1);
    let sql = format!(
        "update unsealed_decisions set content_hash = '{}'
        where decision_id = (select decision_id from decisions where outbox_id = '{outbox}')",
        sha256(&record)
    );
    assert_eq!(raw(&w, sql.leak()).await, 1);
    assert_eq!(seal(&w, 100).await, 7);
    assert_eq!(report(&w).await.faults, [] as [String; 0]);

    assert_eq!(holding(&w, "event", "\"evidence\":\"test\"").await, 2);
    let done = erase(&w).await;
    assert_eq!(holding(&w, "event", "\"evidence\":\"test\"").await, 0);
    assert_eq!(done.removed["consent_texts"], 2, "{done:?}");
    let after = report(&w).await;
    assert_eq!((after.seals, after.faults), (7, vec![]));

    // What cannot go is said, and stands.
    assert_eq!(done.kept["consent_texts_of_older_builds"], 1, "{done:?}");
    assert_eq!(done.kept["verdicts_of_older_builds"], 1, "{done:?}");
    assert_eq!(holding(&w, "event", "an old form").await, 1);
    assert_eq!(holding(&w, "record", "wamid.OLD").await, 1);

    // The commitments that took the texts' place are sealed as the texts were.
    let sql = "update consent_events set event = replace(event, 'hmac:', 'hmac:0') where kind = 'revoked'";
    faults(&w, sql, 1, "was changed after seal").await;
}
