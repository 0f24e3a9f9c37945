//! What Meta is asked again.

use portero_store::model::Ask;

use crate::world::{T0, World, at};

crate::tests![what_is_asked_again_while_meta_answers_stays];

async fn what_is_asked_again_while_meta_answers_stays(w: World) {
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .ask_meta(Ask::Templates, T0)
        .await
        .unwrap();
    tx.tenant(w.a.id)
        .ask_meta(Ask::Templates, T0)
        .await
        .unwrap();
    assert_eq!(tx.system().counts_idle(T0, T0).await.unwrap().asks_due, 1);
    let taken = tx.system().take_asks(T0, T0, at(60_000)).await.unwrap();
    assert_eq!((taken.len(), taken[0].tenant), (1, w.a.id));
    // Taken, and not done: whoever waits for rest waits on.
    assert!(
        tx.system()
            .take_asks(T0, T0, at(60_000))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(tx.system().counts_idle(T0, T0).await.unwrap().asks_due, 1);
    // Its host went away: another takes it when the lease is over.
    assert!(
        tx.system()
            .take_asks(T0, at(59_999), at(90_000))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        tx.system()
            .take_asks(T0, at(60_000), at(90_000))
            .await
            .unwrap()
            .len(),
        1
    );
    // Asked again meanwhile: the answer may be older than the question.
    tx.tenant(w.a.id)
        .ask_meta(Ask::Templates, at(5))
        .await
        .unwrap();
    tx.tenant(w.a.id).end_ask(&taken[0]).await.unwrap();
    let taken = tx
        .system()
        .take_asks(at(5), at(60_001), at(90_000))
        .await
        .unwrap();
    assert_eq!(taken.len(), 1, "it stays, and nobody holds it");
    tx.tenant(w.a.id)
        .retry_ask(&taken[0], at(35))
        .await
        .unwrap();
    assert!(
        tx.system()
            .take_asks(at(34), at(60_001), at(90_000))
            .await
            .unwrap()
            .is_empty()
    );
    let taken = tx
        .system()
        .take_asks(at(35), at(60_001), at(90_000))
        .await
        .unwrap();
    assert_eq!(taken[0].tries, 1);
    tx.tenant(w.b.id).end_ask(&taken[0]).await.unwrap();
    assert_eq!(
        tx.system().counts_idle(at(35), T0).await.unwrap().asks_due,
        1,
        "another tenant's"
    );
    tx.tenant(w.a.id).end_ask(&taken[0]).await.unwrap();
    assert_eq!(
        tx.system().counts_idle(at(35), T0).await.unwrap().asks_due,
        0
    );
    tx.commit().await.unwrap();
}
