//! People: aliases, consent, windows, lists.

use portero_domain::address::AddressKey;
use portero_domain::consent::{ConsentEventKind, ConsentScope};
use portero_domain::ids::{ContactId, ImportId, InstallationId};
use portero_gate::facts::DoNotContact;
use portero_store::StoreError;
use portero_store::model::{NewContact, NewImport, SANDBOX_MAX};

use crate::world::{T0, World, at};

crate::tests![
    any_address_finds_the_person,
    an_address_belongs_to_one_person,
    two_deliveries_make_one_person,
    attributes_and_tags,
    consent_is_appended_once_and_read_oldest_first,
    the_window_only_moves_forward,
    a_conversation_is_handed_over_and_given_back,
    the_strictest_block_of_any_alias_counts,
    the_sandbox_takes_twenty,
    contacts_are_paged,
    a_dry_run_sees_each_address_once,
];

fn key(text: &str) -> AddressKey {
    AddressKey::parse(text).unwrap()
}

fn spelled(text: &str) -> (AddressKey, String) {
    (key(text), text.to_owned())
}

async fn any_address_finds_the_person(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.add_aliases(
        w.a.ana,
        &[spelled("CO.900112233"), spelled("573001112233")],
        at(1),
    )
    .await
    .unwrap();
    let unknown = key("+573009999999");
    for addresses in [
        vec![key("CO.900112233")],
        vec![unknown.clone(), w.a.phone.clone()],
    ] {
        assert_eq!(
            a.contact_by_addresses(&addresses).await.unwrap(),
            Some(w.a.ana)
        );
    }
    assert_eq!(a.contact_by_addresses(&[unknown]).await.unwrap(), None);
    assert_eq!(a.contact_by_addresses(&[]).await.unwrap(), None);
    let row = a.contact(w.a.ana).await.unwrap().unwrap();
    // As Meta last spelled it, oldest first.
    assert_eq!(
        row.aliases,
        [spelled("573001112233"), spelled("CO.900112233")]
    );
    a.touch_contact_name(w.a.ana, "Ana María").await.unwrap();
    a.set_contact_language(w.a.ana, Some("pt")).await.unwrap();
    let row = a.contact(w.a.ana).await.unwrap().unwrap();
    assert_eq!(
        (row.name.as_deref(), row.language.as_deref()),
        (Some("Ana María"), Some("pt"))
    );
}

async fn an_address_belongs_to_one_person(w: World) {
    let mut tx = w.write().await;
    let luis = ContactId::new(&*w.ids, T0);
    let mut a = tx.tenant(w.a.id);
    a.create_contact(luis, &NewContact::default(), &[spelled("573005556666")], T0)
        .await
        .unwrap();
    a.add_aliases(luis, &[(w.a.phone.clone(), "stolen".to_owned())], at(1))
        .await
        .unwrap();
    assert_eq!(
        a.contact_by_addresses(std::slice::from_ref(&w.a.phone))
            .await
            .unwrap(),
        Some(w.a.ana)
    );
    let ana = a.contact(w.a.ana).await.unwrap().unwrap();
    assert!(ana.aliases.iter().all(|(_, spelled)| spelled != "stolen"));
    // The first known address decides.
    let both = [key("573005556666"), w.a.phone.clone()];
    assert_eq!(a.contact_by_addresses(&both).await.unwrap(), Some(luis));
    let twin = ContactId::new(&*w.ids, T0);
    let refused = a
        .create_contact(twin, &NewContact::default(), &[spelled("573005556666")], T0)
        .await;
    assert!(refused.unwrap_err().is_transient());
    // The same number of another tenant is another person.
    assert_eq!(
        tx.tenant(w.b.id).contact_by_addresses(&both).await.unwrap(),
        None
    );
}

async fn two_deliveries_make_one_person(w: World) {
    let mut workers = Vec::new();
    for _ in 0..4 {
        let (store, tenant, ids) = (w.store.clone(), w.a.id, w.ids.clone());
        workers.push(tokio::spawn(async move {
            loop {
                let mut tx = store.write().await.unwrap();
                let mut a = tx.tenant(tenant);
                if let Some(found) = a
                    .contact_by_addresses(&[key("573007778888")])
                    .await
                    .unwrap()
                {
                    return found;
                }
                let id = ContactId::new(&*ids, T0);
                match a
                    .create_contact(id, &NewContact::default(), &[spelled("573007778888")], T0)
                    .await
                {
                    Err(e) if e.is_transient() => continue,
                    other => other.unwrap(),
                }
                tx.commit().await.unwrap();
                return id;
            }
        }));
    }
    let mut ids = Vec::new();
    for worker in workers {
        ids.push(worker.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let mut tx = w.store.read().await.unwrap();
    assert_eq!(tx.tenant(w.a.id).contacts(10, None).await.unwrap().len(), 2);
}

async fn attributes_and_tags(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    for (k, v) in [
        ("size", Some("M")),
        ("city", Some("Cali")),
        ("size", Some("L")),
        ("gone", Some("x")),
        ("gone", None),
    ] {
        a.set_attribute(w.a.ana, k, v).await.unwrap();
    }
    let expected = [
        ("city".to_owned(), "Cali".to_owned()),
        ("size".to_owned(), "L".to_owned()),
    ];
    assert_eq!(a.attributes(w.a.ana).await.unwrap(), expected);
    for (tag, add) in [
        ("vip", true),
        ("vip", true),
        ("new", true),
        ("new", false),
        ("none", false),
    ] {
        a.set_tag(w.a.ana, tag, add).await.unwrap();
    }
    assert_eq!(a.tags(w.a.ana).await.unwrap(), ["vip"]);
}

async fn consent_is_appended_once_and_read_oldest_first(w: World) {
    let late = w.consent(ConsentEventKind::Revoked, ConsentScope::All, at(20));
    let early = w.consent(
        ConsentEventKind::Granted,
        ConsentScope::Topic("ofertas".to_owned()),
        at(10),
    );
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    for event in [&late, &early, &late] {
        a.append_consent(w.a.ana, event).await.unwrap();
    }
    assert_eq!(
        a.consent_events(w.a.ana).await.unwrap(),
        [early, late.clone()]
    );
    let stranger = ContactId::new(&*w.ids, T0);
    let refused = a.append_consent(stranger, &late).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
}

async fn the_window_only_moves_forward(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    assert_eq!(a.conversation(&w.a.number, w.a.ana).await.unwrap(), None);
    for (t, wamid) in [(5, "second"), (1, "first"), (9, "third"), (9, "again")] {
        a.open_window(&w.a.number, w.a.ana, at(t), wamid)
            .await
            .unwrap();
    }
    let row = a.conversation(&w.a.number, w.a.ana).await.unwrap().unwrap();
    assert_eq!(
        (row.window_at, row.window_wamid.as_deref()),
        (Some(at(9)), Some("third"))
    );
    let foreign = a.open_window(&w.b.number, w.a.ana, at(1), "x").await;
    assert!(matches!(foreign, Err(StoreError::NotFound { .. })));
}

async fn a_conversation_is_handed_over_and_given_back(w: World) {
    let owner = InstallationId::new(&*w.ids, T0);
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.set_owner(&w.a.number, w.a.ana, Some(owner))
        .await
        .unwrap();
    a.hand_over(&w.a.number, w.a.ana, "asks for a person", at(5))
        .await
        .unwrap();
    a.hand_over(&w.a.number, w.a.ana, "plugin trapped", at(8))
        .await
        .unwrap();
    let row = a.conversation(&w.a.number, w.a.ana).await.unwrap().unwrap();
    assert_eq!(
        (row.owner_installation, row.human_since),
        (Some(owner), Some(at(5)))
    );
    let waiting = a.handed_over(9, None, None).await.unwrap();
    assert_eq!(
        (
            waiting.len(),
            waiting[0].contact,
            waiting[0].reason.as_str()
        ),
        (1, w.a.ana, "plugin trapped")
    );
    assert!(
        a.give_back(&w.a.number, w.a.ana, "solved", "op", at(9))
            .await
            .unwrap()
    );
    assert!(
        !a.give_back(&w.a.number, w.a.ana, "solved", "op", at(9))
            .await
            .unwrap()
    );
    assert!(a.handed_over(9, None, None).await.unwrap().is_empty());
    a.set_owner(&w.a.number, w.a.ana, None).await.unwrap();
    let row = a.conversation(&w.a.number, w.a.ana).await.unwrap().unwrap();
    assert_eq!(
        (row.owner_installation, row.human_since, row.handover_reason),
        (None, None, None)
    );
}

async fn the_strictest_block_of_any_alias_counts(w: World) {
    let bsuid = key("CO.900112233");
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.add_aliases(w.a.ana, &[spelled("CO.900112233")], at(1))
        .await
        .unwrap();
    assert_eq!(a.do_not_contact(w.a.ana).await.unwrap(), None);
    a.put_do_not_contact(&w.a.phone, DoNotContact::Promotional, "asked", "op", at(1))
        .await
        .unwrap();
    assert_eq!(
        a.do_not_contact(w.a.ana).await.unwrap(),
        Some(DoNotContact::Promotional)
    );
    a.put_do_not_contact(&bsuid, DoNotContact::AllAndReplies, "lawyer", "op", at(2))
        .await
        .unwrap();
    assert_eq!(
        a.do_not_contact(w.a.ana).await.unwrap(),
        Some(DoNotContact::AllAndReplies)
    );
    a.put_do_not_contact(&bsuid, DoNotContact::All, "lawyer", "op", at(3))
        .await
        .unwrap();
    assert_eq!(
        a.do_not_contact(w.a.ana).await.unwrap(),
        Some(DoNotContact::All)
    );
    assert!(a.remove_do_not_contact(&bsuid).await.unwrap());
    assert!(!a.remove_do_not_contact(&bsuid).await.unwrap());
    assert_eq!(
        a.do_not_contact(w.a.ana).await.unwrap(),
        Some(DoNotContact::Promotional)
    );
}

async fn the_sandbox_takes_twenty(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.put_sandbox_person(&w.a.phone, "000001").await.unwrap();
    assert!(
        !a.sandbox_allowed(w.a.ana).await.unwrap(),
        "not before the code is answered"
    );
    let answered = async |a: &mut portero_store::TenantTx<'_>, code: &str, ms: i64| {
        let done = a.confirm_sandbox_person(w.a.ana, code, at(ms)).await;
        done.unwrap()
    };
    assert!(!answered(&mut a, "000009", 1).await, "another code");
    a.put_sandbox_person(&w.a.phone, "000004").await.unwrap();
    assert!(!answered(&mut a, "000001", 1).await, "an older code");
    assert!(answered(&mut a, "000004", 1).await);
    assert!(!answered(&mut a, "000004", 2).await, "once");
    assert!(a.sandbox_allowed(w.a.ana).await.unwrap());
    for n in 1..SANDBOX_MAX {
        a.put_sandbox_person(&key(&format!("57300222{n:04}")), "000002")
            .await
            .unwrap();
    }
    let full = a
        .put_sandbox_person(&key("573003330000"), "000003")
        .await
        .unwrap_err();
    assert_eq!(
        full.to_string(),
        "no more than 20 people on the sandbox list"
    );
    // Somebody who is on it may be put again, and keeps the answer.
    a.put_sandbox_person(&w.a.phone, "000001").await.unwrap();
    assert!(a.sandbox_allowed(w.a.ana).await.unwrap());
    assert!(a.remove_sandbox_person(&w.a.phone).await.unwrap());
    assert!(!a.sandbox_allowed(w.a.ana).await.unwrap());
    assert_eq!(a.sandbox_people().await.unwrap().len(), 19);
    tx.tenant(w.b.id)
        .put_sandbox_person(&w.b.phone, "000001")
        .await
        .unwrap();
}

async fn contacts_are_paged(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let mut ids = vec![w.a.ana];
    for n in 0..4 {
        let id = ContactId::new(&*w.ids, at(n));
        a.create_contact(
            id,
            &NewContact::default(),
            &[spelled(&format!("57300444000{n}"))],
            at(n),
        )
        .await
        .unwrap();
        ids.push(id);
    }
    ids.sort();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = a.contacts(2, after).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        assert!(page.iter().all(|c| c.aliases.len() == 1));
        seen.extend(page.into_iter().map(|c| c.id));
    }
    assert_eq!(seen, ids);
}

async fn a_dry_run_sees_each_address_once(w: World) {
    let new = |n: u128| NewImport {
        id: ImportId::from_uuid(uuid::Uuid::from_u128(n)),
        label: "people.csv".to_owned(),
        dry_run: true,
        format: "{}".to_owned(),
        attestation: None,
        bytes_total: None,
    };
    let addresses = |from: u32, to: u32| -> Vec<AddressKey> {
        (from..to)
            .map(|n| key(&format!("57300900{n:04}")))
            .collect()
    };
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let (one, other) = (new(1), new(2));
    for import in [&one, &other] {
        a.create_import(import, T0).await.unwrap();
    }
    assert_eq!(a.see_import_people(one.id, &[]).await.unwrap(), 0);
    for (import, from, to, first) in [(&one, 0, 20, 20), (&one, 10, 40, 20), (&other, 0, 20, 20)] {
        let seen = a.see_import_people(import.id, &addresses(from, to)).await;
        assert_eq!(seen.unwrap(), first);
    }
    // Nobody else's file; and once it has ended nothing is left of it.
    let mut b = tx.tenant(w.b.id);
    let theirs = b.see_import_people(one.id, &addresses(50, 60)).await;
    assert_eq!(theirs.unwrap(), 0);
    let mut a = tx.tenant(w.a.id);
    assert!(a.end_import(one.id, None, at(1)).await.unwrap());
    let again = a.see_import_people(one.id, &addresses(0, 20)).await;
    assert_eq!(again.unwrap(), 20);
    let kept = a.see_import_people(other.id, &addresses(0, 20)).await;
    assert_eq!(kept.unwrap(), 0);
}
