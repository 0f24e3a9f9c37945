//! Purchases, carts, last interactions, segments.

use std::collections::BTreeMap;

use portero_domain::address::AddressKey;
use portero_domain::ids::{ContactId, InstallationId};
use portero_domain::plugin::PluginKind;
use portero_store::model::{
    CartRow, CartState, Interaction, MemberChanges, NewContact, NewMember, PurchaseRow,
};

use crate::world::{T0, World, at};

crate::tests![
    a_purchase_told_twice_is_one_and_may_be_corrected,
    a_late_cart_does_not_undo_an_order,
    members_are_read_page_by_page_and_keep_their_since,
    setting_members_of_some_people_leaves_the_others_alone,
    a_segment_no_longer_offered_ends_its_memberships,
    who_is_due_is_claimed_once_and_a_mark_in_between_survives,
    another_tenants_people_get_into_no_segment,
];

fn purchase(contact: ContactId, reference: &str, t: i64, amount_milli: i64) -> PurchaseRow {
    PurchaseRow {
        contact,
        reference: reference.to_owned(),
        at: at(t),
        amount_milli,
        currency: "COP".to_owned(),
    }
}

async fn people(w: &World, n: usize) -> Vec<ContactId> {
    let mut tx = w.write().await;
    let mut out = Vec::new();
    for i in 0..n {
        let id = ContactId::new(&*w.ids, T0);
        let key = AddressKey::parse(&format!("+57310000{i:04}")).unwrap();
        tx.tenant(w.a.id)
            .create_contact(
                id,
                &NewContact::default(),
                &[(key.clone(), key.to_string())],
                T0,
            )
            .await
            .unwrap();
        out.push(id);
    }
    tx.commit().await.unwrap();
    out
}

fn member(contact: ContactId, segment: &str, reason: &str) -> NewMember {
    NewMember {
        contact,
        segment: segment.to_owned(),
        reason: reason.to_owned(),
    }
}

async fn offer(w: &World, installation: InstallationId, names: &[&str]) {
    let offered: Vec<(String, BTreeMap<String, String>)> = names
        .iter()
        .map(|n| {
            (
                (*n).to_owned(),
                BTreeMap::from([("es".to_owned(), format!("Los {n}"))]),
            )
        })
        .collect();
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .put_segments(installation, &offered)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn a_purchase_told_twice_is_one_and_may_be_corrected(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let twice = [
        purchase(w.a.ana, "P-1", 0, 1_000),
        purchase(w.a.ana, "P-2", 5, 7_000),
        purchase(w.a.ana, "P-1", 0, 2_000),
    ];
    assert_eq!(a.put_purchases(&twice).await.unwrap(), 2);
    assert_eq!(a.put_purchases(&[]).await.unwrap(), 0);
    a.put_purchases(&[purchase(w.a.ana, "P-2", 5, 9_000)])
        .await
        .unwrap();
    // A stranger's purchase is not kept, nor does a reference move to another person.
    assert_eq!(
        a.put_purchases(&[
            purchase(w.b.ana, "P-9", 5, 1),
            purchase(w.b.ana, "P-1", 5, 1)
        ])
        .await
        .unwrap(),
        0
    );
    let all = a.purchases(w.a.ana, 10).await.unwrap();
    assert_eq!(
        all,
        [
            purchase(w.a.ana, "P-2", 5, 9_000),
            purchase(w.a.ana, "P-1", 0, 2_000)
        ]
    );
    assert!(a.remove_purchase("P-2").await.unwrap());
    assert!(!a.remove_purchase("P-2").await.unwrap());
    let mut b = tx.tenant(w.b.id);
    assert!(b.purchases(w.a.ana, 10).await.unwrap().is_empty());
    assert!(!b.remove_purchase("P-1").await.unwrap());
}

async fn a_late_cart_does_not_undo_an_order(w: World) {
    let cart = |state, t| CartRow {
        contact: w.a.ana,
        reference: "C-1".to_owned(),
        state,
        amount_milli: Some(45_000),
        currency: Some("COP".to_owned()),
        data: "{}".to_owned(),
        updated_at: at(t),
    };
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    assert_eq!(a.cart(w.a.ana).await.unwrap(), None);
    assert!(a.put_cart(&cart(CartState::Open, 10)).await.unwrap());
    assert!(a.put_cart(&cart(CartState::Ordered, 20)).await.unwrap());
    // Older, and of the same instant: the order stands.
    assert!(!a.put_cart(&cart(CartState::Open, 19)).await.unwrap());
    assert!(!a.put_cart(&cart(CartState::Open, 20)).await.unwrap());
    assert_eq!(
        a.cart(w.a.ana).await.unwrap(),
        Some(cart(CartState::Ordered, 20))
    );
    assert!(a.put_cart(&cart(CartState::Open, 21)).await.unwrap());
    // At one instant the order wins over the cart, whichever came first.
    assert!(a.put_cart(&cart(CartState::Ordered, 21)).await.unwrap());
    let mut b = tx.tenant(w.b.id);
    assert_eq!(b.cart(w.a.ana).await.unwrap(), None);
    assert!(b.put_cart(&cart(CartState::Open, 99)).await.is_err());
}

async fn members_are_read_page_by_page_and_keep_their_since(w: World) {
    let installation = w.install().await;
    offer(&w, installation, &["active", "new"]).await;
    let all = people(&w, 7).await;
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let first: Vec<NewMember> = all.iter().map(|c| member(*c, "active", "wrote")).collect();
    let changes = a
        .set_members(installation, &all, &first, at(1))
        .await
        .unwrap();
    assert_eq!((changes.joined, changes.left, changes.reworded), (7, 0, 0));
    // The same again changes nothing; another reason keeps the since; one leaves, one joins more.
    let mut second = first.clone();
    assert_eq!(
        a.set_members(installation, &all, &second, at(2))
            .await
            .unwrap(),
        MemberChanges::default()
    );
    second.pop();
    second[0].reason = "bought".to_owned();
    second.push(member(all[1], "new", "first seen today"));
    let changes = a
        .set_members(installation, &all, &second, at(3))
        .await
        .unwrap();
    assert_eq!((changes.joined, changes.left, changes.reworded), (1, 1, 1));

    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = a.members(installation, "active", after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.contact);
        seen.extend(page);
    }
    let mut expected = all[..6].to_vec();
    expected.sort_unstable();
    assert_eq!(seen.iter().map(|m| m.contact).collect::<Vec<_>>(), expected);
    assert!(seen.iter().all(|m| m.since_at == at(1)));
    assert!(
        seen.iter()
            .any(|m| m.contact == all[0] && m.reason == "bought")
    );
    assert_eq!(a.member_count(installation, "active").await.unwrap(), 6);
    let counts: Vec<(String, u64)> = a
        .segments()
        .await
        .unwrap()
        .into_iter()
        .map(|s| (s.segment, s.members))
        .collect();
    assert_eq!(counts, [("active".to_owned(), 6), ("new".to_owned(), 1)]);
    let hers = a.memberships(all[1]).await.unwrap();
    assert_eq!(
        hers.iter().map(|m| m.segment.as_str()).collect::<Vec<_>>(),
        ["active", "new"]
    );
}

async fn setting_members_of_some_people_leaves_the_others_alone(w: World) {
    let installation = w.install().await;
    offer(&w, installation, &["active"]).await;
    let all = people(&w, 4).await;
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let members: Vec<NewMember> = all.iter().map(|c| member(*c, "active", "r")).collect();
    a.set_members(installation, &all, &members, T0)
        .await
        .unwrap();
    // Only the first two are looked at; a membership of somebody not looked at is not written.
    let changes = a
        .set_members(
            installation,
            &all[..2],
            &[member(all[3], "active", "elsewhere")],
            T0,
        )
        .await
        .unwrap();
    assert_eq!((changes.joined, changes.left, changes.reworded), (0, 2, 0));
    let left = a.members(installation, "active", None, 10).await.unwrap();
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|m| m.reason == "r"));
}

async fn a_segment_no_longer_offered_ends_its_memberships(w: World) {
    let installation = w.install().await;
    offer(&w, installation, &["active", "old"]).await;
    let all = people(&w, 2).await;
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .set_members(
            installation,
            &all,
            &[member(all[0], "active", "r"), member(all[1], "old", "r")],
            T0,
        )
        .await
        .unwrap();
    tx.commit().await.unwrap();
    offer(&w, installation, &["active", "fresh"]).await;
    let mut tx = w.store.read().await.unwrap();
    let mut a = tx.tenant(w.a.id);
    assert_eq!(a.member_count(installation, "old").await.unwrap(), 0);
    assert_eq!(a.member_count(installation, "active").await.unwrap(), 1);
    let segments = a.segments().await.unwrap();
    assert_eq!(
        segments
            .iter()
            .map(|s| s.segment.as_str())
            .collect::<Vec<_>>(),
        ["active", "fresh"]
    );
    assert_eq!(segments[0].titles["es"], "Los active");
    assert!(tx.tenant(w.b.id).segments().await.unwrap().is_empty());
}

async fn who_is_due_is_claimed_once_and_a_mark_in_between_survives(w: World) {
    let all = people(&w, 3).await;
    let mut tx = w.write().await;
    // Nobody would look: nobody is due.
    assert_eq!(tx.tenant(w.a.id).mark_due(&all, at(0)).await.unwrap(), 0);
    crate::world::install_kind(
        &mut tx,
        &w.ids,
        w.a.id,
        "com.example.seg",
        PluginKind::Segmentation,
    )
    .await;
    assert_eq!(tx.tenant(w.a.id).mark_due(&all, at(0)).await.unwrap(), 3);
    assert_eq!(tx.tenant(w.b.id).mark_due(&all, at(0)).await.unwrap(), 0);
    assert_eq!(tx.system().tenant_due(at(-1)).await.unwrap(), None);
    assert_eq!(tx.system().tenant_due(at(0)).await.unwrap(), Some(w.a.id));
    assert_eq!(tx.system().people_due(at(0)).await.unwrap(), 3);
    let claimed = tx
        .tenant(w.a.id)
        .claim_due(at(0), at(1_000), 10)
        .await
        .unwrap();
    assert_eq!(claimed.len(), 3);
    assert!(
        tx.tenant(w.a.id)
            .claim_due(at(999), at(2_000), 10)
            .await
            .unwrap()
            .is_empty()
    );
    // She writes while her batch is being looked at.
    tx.tenant(w.a.id)
        .note_interactions(all[1], &[(Interaction::Inbound, at(5))], at(5))
        .await
        .unwrap();
    tx.tenant(w.a.id)
        .done_due(&all[..2], at(1_000), None)
        .await
        .unwrap();
    tx.tenant(w.a.id)
        .done_due(&all[2..], at(1_000), Some(at(50)))
        .await
        .unwrap();
    assert_eq!(
        tx.tenant(w.a.id)
            .claim_due(at(49), at(3_000), 10)
            .await
            .unwrap(),
        [all[1]]
    );
    assert_eq!(
        tx.tenant(w.a.id)
            .claim_due(at(50), at(3_000), 10)
            .await
            .unwrap(),
        [all[2]]
    );
    // Whoever never says "done" leaves them due again.
    assert_eq!(
        tx.tenant(w.a.id)
            .claim_due(at(3_000), at(4_000), 10)
            .await
            .unwrap()
            .len(),
        2
    );
}

async fn another_tenants_people_get_into_no_segment(w: World) {
    let installation = w.install().await;
    offer(&w, installation, &["active"]).await;
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .set_members(
            installation,
            &[w.b.ana],
            &[member(w.b.ana, "active", "r")],
            T0,
        )
        .await
        .unwrap();
    assert_eq!(
        tx.tenant(w.a.id)
            .member_count(installation, "active")
            .await
            .unwrap(),
        0
    );
    // Nor does another tenant write into this one's installation.
    tx.tenant(w.b.id)
        .set_members(
            installation,
            &[w.b.ana],
            &[member(w.b.ana, "active", "r")],
            T0,
        )
        .await
        .unwrap();
    assert!(
        tx.tenant(w.b.id)
            .members(installation, "active", None, 10)
            .await
            .unwrap()
            .is_empty()
    );
}
