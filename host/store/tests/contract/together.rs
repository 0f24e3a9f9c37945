//! Transactions side by side: each stands or falls alone, whoever shares its commit.

use std::sync::Arc;

use portero_store::Store;
use tokio::sync::Barrier;

use crate::world::World;

crate::tests![
    transactions_side_by_side_stand_or_fall_alone,
    a_caller_that_goes_away_takes_nobody_with_it,
];

const MANY: usize = 48;

async fn set(store: &Store, key: &str) -> portero_store::Tx {
    let mut tx = store.write().await.unwrap();
    tx.system().set_setting(key, "kept").await.unwrap();
    tx
}

async fn is_set(store: &Store, key: &str) -> bool {
    let mut tx = store.read().await.unwrap();
    tx.system().setting(key).await.unwrap().is_some()
}

async fn transactions_side_by_side_stand_or_fall_alone(w: World) {
    let start = Arc::new(Barrier::new(MANY));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..MANY {
        let (store, start) = (w.store.clone(), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            let key = format!("together:{n}");
            let tx = set(&store, &key).await;
            if n % 3 == 0 {
                drop(tx);
                return;
            }
            tx.commit().await.unwrap();
            assert!(
                is_set(&store, &key).await,
                "{n} was told it stands, and it does not"
            );
        });
    }
    tasks.join_all().await;
    for n in 0..MANY {
        assert_eq!(
            is_set(&w.store, &format!("together:{n}")).await,
            n % 3 != 0,
            "{n}"
        );
    }
}

async fn a_caller_that_goes_away_takes_nobody_with_it(w: World) {
    // Each third is cut off wherever it is: waiting for its turn, writing or committing.
    let mut tasks = Vec::new();
    for n in 0..MANY {
        let store = w.store.clone();
        tasks.push(tokio::spawn(async move {
            let tx = set(&store, &format!("away:{n}")).await;
            tx.commit().await.unwrap();
        }));
        if n % 8 == 7 {
            tokio::task::yield_now().await;
        }
    }
    for task in tasks.iter().step_by(3) {
        tokio::task::yield_now().await;
        task.abort();
    }
    for (n, task) in tasks.into_iter().enumerate() {
        let ended = task.await;
        if ended.is_ok() {
            assert!(is_set(&w.store, &format!("away:{n}")).await, "{n}");
        } else {
            assert_eq!(n % 3, 0, "{n} was not cut off and ended badly");
        }
    }
    // The store goes on.
    set(&w.store, "after").await.commit().await.unwrap();
    assert!(is_set(&w.store, "after").await);
}
