//! Registries of people who want no advertising, and what is told of changes of standing.

use portero_domain::address::AddressKey;
use portero_domain::clock::{Millis, Ts};
use portero_domain::notice::NoticeKind;
use portero_domain::proposal::Class;
use portero_gate::facts::Listing;
use portero_store::model::{ListedPerson, NewCopy};

use crate::facts::load;
use crate::webhooks::endpoint;
use crate::world::{T0, World, at};

crate::tests![
    a_copy_counts_when_it_is_used_and_the_one_before_is_gone,
    a_tenants_registries_are_its_own,
    a_change_of_standing_is_told_once_and_to_who_asked,
];

fn listed(address: &AddressKey, since: Option<Ts>) -> ListedPerson {
    ListedPerson {
        address: address.clone(),
        listed_at: since,
    }
}

fn copy(edition: &str, as_of: Ts) -> NewCopy<'_> {
    NewCopy {
        registry: "co-rne",
        edition,
        as_of,
        sha256: "ab",
        author: "tok",
    }
}

async fn loads(w: &World, edition: &str, as_of: Ts, people: &[ListedPerson]) -> u64 {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let new = a.put_registry_people("co-rne", edition, people).await;
    let used = a.use_registry(copy(edition, as_of), at(50)).await.unwrap();
    assert_eq!(new.unwrap(), used);
    tx.commit().await.unwrap();
    used
}

/// What a message to Ana is judged with.
async fn listings(w: &World) -> Vec<Listing> {
    let p = w.proposal(Class::Campaign, T0);
    load(w, &p, T0).await.recipient.listings
}

async fn a_copy_counts_when_it_is_used_and_the_one_before_is_gone(w: World) {
    assert_eq!(listings(&w).await, []);
    let other = AddressKey::parse("+573009990001").unwrap();
    // Written beside what counts: nobody sees it yet; the same number twice is one person.
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let people = [listed(&w.a.phone, Some(at(1))), listed(&other, None)];
    assert_eq!(
        a.put_registry_people("co-rne", "e1", &people)
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        a.put_registry_people("co-rne", "e1", &people)
            .await
            .unwrap(),
        0
    );
    assert!(
        a.listed_people(std::slice::from_ref(&other))
            .await
            .unwrap()
            .is_empty()
    );
    tx.commit().await.unwrap();
    assert_eq!(listings(&w).await, []);
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    assert_eq!(a.use_registry(copy("e1", at(9)), at(10)).await.unwrap(), 2);
    tx.commit().await.unwrap();
    let found = listings(&w).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].since(), Some(at(1)));
    assert!(found[0].listed);
    let mut tx = w.write().await;
    let on = tx
        .tenant(w.a.id)
        .listed_people(std::slice::from_ref(&other))
        .await
        .unwrap();
    assert_eq!(on[other.as_str()], [("co-rne".to_owned(), Some(at(9)))]);
    drop(tx);
    // The next copy is the whole list.
    assert_eq!(loads(&w, "e2", at(20), &[listed(&other, None)]).await, 1);
    let found = listings(&w).await;
    assert!(
        !found[0].listed,
        "the person's country has a copy, without them"
    );
    assert_eq!(found[0].as_of, Some(at(20)));
    // One that does not apply says nothing.
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.declare_registry("co-rne", false, "why", "tok", at(30))
        .await
        .unwrap();
    let rows = a.registries().await.unwrap();
    assert_eq!(
        (rows[0].applies, rows[0].people, rows[0].as_of),
        (false, 1, Some(at(20)))
    );
    tx.commit().await.unwrap();
    assert_eq!(listings(&w).await, []);
}

async fn a_tenants_registries_are_its_own(w: World) {
    loads(&w, "e1", at(9), &[listed(&w.a.phone, None)]).await;
    let mut tx = w.write().await;
    let mut b = tx.tenant(w.b.id);
    assert!(b.registries().await.unwrap().is_empty());
    assert!(
        b.listed_people(std::slice::from_ref(&w.a.phone))
            .await
            .unwrap()
            .is_empty()
    );
    b.drop_registry_copy("co-rne", "e1").await.unwrap();
    b.use_registry(copy("e9", at(9)), at(9)).await.unwrap();
    b.declare_registry("co-rne", false, "x", "y", at(9))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert!(listings(&w).await[0].listed);
}

async fn a_change_of_standing_is_told_once_and_to_who_asked(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    // Nobody asked: nothing is written.
    a.set_number_stop(&w.a.number, Some("x"), at(1))
        .await
        .unwrap();
    a.set_number_stop(&w.a.number, None, at(2)).await.unwrap();
    let asked = [NoticeKind::SendingStopped, NoticeKind::NumberQuality];
    let new = endpoint(&w, "whsec_x", &asked);
    let webhook = new.id;
    a.put_webhook(&new, T0).await.unwrap();
    a.set_number_stop(&w.a.number, Some("x"), at(3))
        .await
        .unwrap();
    a.set_number_stop(&w.a.number, Some("y"), at(4))
        .await
        .unwrap();
    a.set_number_stop(&w.a.number, None, at(5)).await.unwrap();
    a.set_number_quality(&w.a.number, "RED", at(6))
        .await
        .unwrap();
    // Said again, and said too late.
    a.set_number_quality(&w.a.number, "RED", at(7))
        .await
        .unwrap();
    a.set_number_quality(&w.a.number, "GREEN", at(6) - Millis(1))
        .await
        .unwrap();
    let told = a.deliveries(webhook, None, 10).await.unwrap();
    tx.commit().await.unwrap();
    let kinds: Vec<String> = told.into_iter().map(|d| d.kind).collect();
    assert_eq!(kinds, ["number.quality", "sending.stopped"]);
}
