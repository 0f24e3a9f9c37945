//! A month's money and free-form messages.

use crate::world::{T0, World, at};

crate::tests![months_are_added_up_apart_and_by_tenant];

async fn months_are_added_up_apart_and_by_tenant(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    assert_eq!(a.month_spend(T0).await.unwrap(), 0);
    // The first of a month opens it with what the messages say: there are none here.
    a.add_spend(5, T0).await.unwrap();
    a.add_spend(7, T0).await.unwrap();
    a.add_spend(12_500, at(1)).await.unwrap();
    assert_eq!(a.month_spend(T0).await.unwrap(), 12_507);
    let next = T0 + portero_domain::clock::Millis::days(40);
    assert_eq!(a.month_spend(next).await.unwrap(), 0);
    for n in [1, 2] {
        a.add_service(&w.a.number, "2026-11", n).await.unwrap();
    }
    a.add_service(&w.a.number, "2026-12", 9).await.unwrap();
    assert_eq!(a.service_used(&w.a.number, "2026-11").await.unwrap(), 3);
    assert_eq!(tx.tenant(w.b.id).month_spend(T0).await.unwrap(), 0);
    let theirs = tx.tenant(w.b.id).service_used(&w.a.number, "2026-11").await;
    assert_eq!(theirs.unwrap(), 0);
    tx.commit().await.unwrap();
}
