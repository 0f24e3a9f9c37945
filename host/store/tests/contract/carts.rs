//! What waits to be said of a cart, and orders that contradict it.

use portero_domain::clock::Ts;
use portero_domain::ids::OutboxId;
use portero_domain::proposal::{Class, OutboxState};
use portero_store::model::{AboutCart, CART_EMPTIED, CART_ORDERED};

use crate::world::{T0, World, at, put_in};

crate::tests![
    an_order_takes_back_what_it_contradicts,
    what_is_proposed_after_the_order_is_taken_back,
    whoever_proposes_meanwhile_waits_for_the_order,
    another_tenant_takes_nothing_back,
    emptying_takes_back_what_is_not_younger,
];

fn about(cart: &str, at: Ts) -> AboutCart {
    AboutCart {
        cart: cart.to_owned(),
        at,
    }
}

/// A message about a cart, in some state.
async fn speaks(w: &World, cart: &str, of: Ts, state: OutboxState) -> OutboxId {
    let id = w.put(&w.proposal(Class::Campaign, T0), state).await;
    let mut tx = w.write().await;
    let taken = tx
        .tenant(w.a.id)
        .speaks_of_cart(w.a.ana, id, &about(cart, of), T0)
        .await
        .unwrap();
    assert!(!taken);
    tx.commit().await.unwrap();
    id
}

async fn order(w: &World, cart: &str, ordered: Ts, told: Ts) -> u64 {
    let mut tx = w.write().await;
    let taken = tx
        .tenant(w.a.id)
        .cart_ordered(w.a.ana, cart, ordered, told)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    taken
}

async fn state(w: &World, id: OutboxId) -> OutboxState {
    let mut tx = w.store.read().await.unwrap();
    let row = tx.tenant(w.a.id).outbox(id).await.unwrap().unwrap();
    if row.state == OutboxState::Cancelled {
        let rules = [Some(CART_ORDERED), Some(CART_EMPTIED)];
        assert!(rules.contains(&row.rule.as_deref()));
        assert!(row.settled_at.is_some());
    }
    row.state
}

async fn an_order_takes_back_what_it_contradicts(w: World) {
    use OutboxState::{Attempting, Cancelled, Deferred, InReview, Queued};
    let named = speaks(&w, "C-1", at(10), Deferred).await;
    let other = speaks(&w, "C-2", at(10), Queued).await;
    let nameless = speaks(&w, "", at(10), InReview).await;
    let begun = speaks(&w, "C-1", at(10), Attempting).await;
    let silent = w.put(&w.proposal(Class::Reply, T0), Queued).await;
    // Its own cart, even if the news is younger than the order; the nameless one is younger than it.
    assert_eq!(order(&w, "C-1", at(9), at(20)).await, 1);
    for (id, expected) in [
        (named, Cancelled),
        (other, Queued),
        (nameless, InReview),
        (begun, Attempting),
        (silent, Queued),
    ] {
        assert_eq!(state(&w, id).await, expected);
    }
    // An order of no cart, a millisecond too early and in time.
    assert_eq!(order(&w, "", at(9), at(30)).await, 0);
    assert_eq!(order(&w, "", at(10), at(31)).await, 2);
    assert_eq!(state(&w, other).await, Cancelled);
    assert_eq!(state(&w, nameless).await, Cancelled);
    assert_eq!(state(&w, silent).await, Queued);
    // What comes back from the wire is taken back instead of queued.
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    assert!(!a.requeue_outbox(begun, at(40), true, at(40)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(state(&w, begun).await, Cancelled);
}

async fn what_is_proposed_after_the_order_is_taken_back(w: World) {
    order(&w, "C-1", at(10), at(20)).await;
    // An older order told later does not make it forgotten.
    order(&w, "C-1", at(5), at(6)).await;
    for (cart, of, gone) in [
        ("C-1", at(20), true),
        ("C-1", at(21), false),
        ("C-2", at(5), false),
        ("", at(10), true),
        ("", at(11), false),
    ] {
        let p = w.proposal(Class::Campaign, at(50));
        w.put(&p, OutboxState::Queued).await;
        let mut tx = w.write().await;
        let mut a = tx.tenant(w.a.id);
        let taken = a
            .speaks_of_cart(w.a.ana, p.id, &about(cart, of), at(50))
            .await
            .unwrap();
        assert_eq!(taken, gone, "{cart} {of:?}");
        assert_eq!(a.spoken_of(p.id).await.unwrap(), Some(about(cart, of)));
        tx.commit().await.unwrap();
    }
}

async fn whoever_proposes_meanwhile_waits_for_the_order(w: World) {
    let p = w.proposal(Class::Campaign, T0);
    let mut ordering = w.write().await;
    let taken = ordering
        .tenant(w.a.id)
        .cart_ordered(w.a.ana, "C-1", T0, T0)
        .await
        .unwrap();
    assert_eq!(taken, 0);
    let (store, ids, tenant, ana) = (w.store.clone(), w.ids.clone(), w.a.id, w.a.ana);
    let proposing = tokio::spawn(async move {
        let mut tx = store.write().await.unwrap();
        put_in(&mut tx, &ids, &p, OutboxState::Queued, T0).await;
        let taken = tx
            .tenant(tenant)
            .speaks_of_cart(ana, p.id, &about("C-1", T0), T0)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        taken
    });
    crate::facts::waits(&w, &proposing, "the proposal did not wait for the order").await;
    ordering.commit().await.unwrap();
    assert!(proposing.await.unwrap(), "it saw the order");
}

async fn another_tenant_takes_nothing_back(w: World) {
    let id = speaks(&w, "C-1", T0, OutboxState::Queued).await;
    let mut tx = w.write().await;
    let mut b = tx.tenant(w.b.id);
    let taken = b.cart_ordered(w.a.ana, "C-1", T0, T0).await.unwrap();
    assert_eq!(taken, 0);
    assert_eq!(b.spoken_of(id).await.unwrap(), None);
    let other = about("C-9", T0);
    assert!(!b.speaks_of_cart(w.a.ana, id, &other, T0).await.unwrap());
    let mut a = tx.tenant(w.a.id);
    assert_eq!(a.spoken_of(id).await.unwrap(), Some(about("C-1", T0)));
    tx.commit().await.unwrap();
    assert_eq!(order(&w, "C-1", T0, T0).await, 1);
}

async fn empty(w: &World, cart: &str, when: Ts) -> u64 {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let taken = a.cart_emptied(w.a.ana, cart, when, at(90)).await.unwrap();
    tx.commit().await.unwrap();
    taken
}

async fn emptying_takes_back_what_is_not_younger(w: World) {
    use OutboxState::{Attempting, Cancelled, Deferred, InReview, Queued};
    let named = speaks(&w, "C-1", at(10), Deferred).await;
    let queued = speaks(&w, "C-1", at(9), Queued).await;
    let other = speaks(&w, "C-2", at(10), InReview).await;
    let begun = speaks(&w, "C-1", at(10), Attempting).await;
    assert_eq!(empty(&w, "C-1", at(8)).await, 0);
    assert_eq!(empty(&w, "C-1", at(9)).await, 1);
    assert_eq!(state(&w, queued).await, Cancelled);
    assert_eq!(empty(&w, "C-1", at(10)).await, 1);
    // An older one told later does not make it forgotten.
    assert_eq!(empty(&w, "C-1", at(3)).await, 0);
    assert_eq!(state(&w, named).await, Cancelled);
    assert_eq!(state(&w, other).await, InReview);
    // What comes back from the wire, and what is written down late.
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    assert!(!a.requeue_outbox(begun, at(40), true, at(40)).await.unwrap());
    tx.commit().await.unwrap();
    for (cart, of, gone) in [
        ("C-1", at(10), true),
        ("C-1", at(11), false),
        ("", at(10), true),
    ] {
        let p = w.proposal(Class::Campaign, at(50));
        w.put(&p, Queued).await;
        let mut tx = w.write().await;
        let mut a = tx.tenant(w.a.id);
        let about = about(cart, of);
        let taken = a.speaks_of_cart(w.a.ana, p.id, &about, at(50)).await;
        assert_eq!(taken.unwrap(), gone, "{cart} {of:?}");
        tx.commit().await.unwrap();
    }
    // Nobody of another tenant, and of no name all that are older.
    let mut tx = w.write().await;
    let mut b = tx.tenant(w.b.id);
    assert_eq!(
        b.cart_emptied(w.a.ana, "", at(99), at(99)).await.unwrap(),
        0
    );
    tx.commit().await.unwrap();
    assert_eq!(state(&w, other).await, InReview);
    assert_eq!(empty(&w, "", at(10)).await, 1);
    assert_eq!(state(&w, other).await, Cancelled);
}
