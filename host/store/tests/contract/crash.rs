//! What is left when a process ends between begin and commit, and after.

use std::sync::Arc;

use portero_domain::consent::{ConsentEventKind, ConsentScope};
use portero_domain::proposal::Class;
use portero_store::Store;

use crate::world::{Ids, KEY, T0, World, at, open};

crate::tests![
    a_process_that_dies_before_commit_leaves_nothing,
    a_dropped_transaction_leaves_nothing,
    reopening_keeps_what_was_committed,
    a_read_sees_one_snapshot_and_writes_nothing,
];

/// Set in the child that is to die.
pub(crate) const CRASH_URL: &str = "PORTERO_CONTRACT_CRASH_URL";

async fn write_much(store: &Store) -> portero_store::Tx {
    let mut tx = store.write().await.unwrap();
    let tenant = tx.system().tenants().await.unwrap().remove(0).id;
    tx.system().set_setting("crash", "half done").await.unwrap();
    let contact = tx
        .tenant(tenant)
        .contacts(1, None)
        .await
        .unwrap()
        .remove(0)
        .id;
    tx.tenant(tenant)
        .set_tag(contact, "half", true)
        .await
        .unwrap();
    tx.tenant(tenant).set_stop(Some("half"), T0).await.unwrap();
    assert_eq!(
        tx.system().setting("crash").await.unwrap().as_deref(),
        Some("half done")
    );
    tx
}

/// The child: writes and dies on the spot, as `kill -9` would have it.
pub(crate) fn die_before_commit(url: &str) -> ! {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = open(url, KEY, Arc::new(Ids::default())).await;
        let _tx = write_much(&store).await;
        println!("written");
        std::process::abort();
    })
}

async fn nothing_is_there(w: &World) {
    let mut tx = w.write().await;
    assert_eq!(tx.system().setting("crash").await.unwrap(), None);
    let mut a = tx.tenant(w.a.id);
    assert_eq!(a.tags(w.a.ana).await.unwrap(), [] as [String; 0]);
    assert_eq!(a.row().await.unwrap().stopped, None);
}

async fn a_process_that_dies_before_commit_leaves_nothing(w: World) {
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .env(CRASH_URL, &w.url)
        .output()
        .unwrap();
    assert!(!child.status.success());
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        said.contains("written"),
        "{said}\n{}",
        String::from_utf8_lossy(&child.stderr)
    );
    nothing_is_there(&w).await;
}

async fn a_dropped_transaction_leaves_nothing(w: World) {
    drop(write_much(&w.store).await);
    nothing_is_there(&w).await;
}

async fn reopening_keeps_what_was_committed(w: World) {
    let outbox = w.queued(Class::Reply, T0).await;
    let consent = w.consent(ConsentEventKind::Granted, ConsentScope::Promotional, at(1));
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .append_consent(w.a.ana, &consent)
        .await
        .unwrap();
    tx.tenant(w.a.id)
        .open_window(&w.a.number, w.a.ana, at(2), "wamid.in")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let before = w
        .store
        .read()
        .await
        .unwrap()
        .tenant(w.a.id)
        .outbox(outbox)
        .await
        .unwrap();
    w.store.close().await;
    let store = open(&w.url, KEY, w.ids.clone()).await;
    assert_eq!(store.pending_migrations().await.unwrap(), 0);
    let mut tx = store.read().await.unwrap();
    let mut a = tx.tenant(w.a.id);
    assert_eq!(a.outbox(outbox).await.unwrap(), before);
    assert!(before.is_some());
    assert_eq!(a.consent_events(w.a.ana).await.unwrap(), [consent]);
    let row = a.conversation(&w.a.number, w.a.ana).await.unwrap().unwrap();
    assert_eq!(
        (row.window_at, row.window_wamid.as_deref()),
        (Some(at(2)), Some("wamid.in"))
    );
}

async fn a_read_sees_one_snapshot_and_writes_nothing(w: World) {
    let mut reading = w.store.read().await.unwrap();
    assert_eq!(reading.system().setting("k").await.unwrap(), None);
    let mut tx = w.write().await;
    tx.system().set_setting("k", "new").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(reading.system().setting("k").await.unwrap(), None);
    drop(reading);
    let mut reading = w.store.read().await.unwrap();
    assert_eq!(
        reading.system().setting("k").await.unwrap().as_deref(),
        Some("new")
    );
    assert!(reading.system().set_setting("k", "other").await.is_err());
}
