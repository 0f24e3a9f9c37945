//! Links that show one verdict, the numbers of audiences, and another password for oneself.

use portero_domain::access::Role;
use portero_domain::ids::{ProofLinkId, TokenId, UserId};
use portero_domain::proposal::{Class, OutboxState};
use portero_store::model::{NewProofLink, NewToken, NewUser};

use crate::world::{T0, World, at, sha256};

crate::tests![
    a_link_is_found_by_its_secret_and_kept_within_its_tenant,
    a_verdict_knows_its_place_in_the_chain,
    audiences_are_counted_within_the_tenant,
    another_password_ends_every_session_but_one,
];

fn link(w: &World, decision: portero_domain::ids::DecisionId, secret: &str) -> NewProofLink {
    NewProofLink {
        id: ProofLinkId::new(&*w.ids, T0),
        decision,
        secret_sha256: sha256(secret),
        author: "usr_somebody".to_owned(),
        expires_at: at(1_000),
    }
}

async fn a_link_is_found_by_its_secret_and_kept_within_its_tenant(w: World) {
    let decision = portero_domain::ids::DecisionId::new(&*w.ids, T0);
    let (one, two) = (link(&w, decision, "one"), link(&w, decision, "two"));
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.put_proof_link(&one, at(1)).await.unwrap();
    a.put_proof_link(&two, at(2)).await.unwrap();
    assert_eq!(a.open_proof_links(decision, at(999)).await.unwrap(), 2);
    assert_eq!(a.open_proof_links(decision, at(1_000)).await.unwrap(), 0);
    let found = tx
        .system()
        .proof_link(&sha256("one"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.id, found.tenant, found.decision, found.made_at),
        (one.id, w.a.id, decision, at(1))
    );
    assert_eq!(
        (found.opened, found.opened_at, found.revoked_at),
        (0, None, None)
    );
    assert_eq!(
        tx.system().proof_link(&sha256("three")).await.unwrap(),
        None
    );
    assert_eq!(
        tx.system().proof_link("one").await.unwrap(),
        None,
        "a hash is asked for"
    );
    // Another tenant with the ids in hand sees, opens and ends nothing.
    let mut b = tx.tenant(w.b.id);
    assert!(b.proof_links(decision, 10).await.unwrap().is_empty());
    assert_eq!(b.open_proof_links(decision, T0).await.unwrap(), 0);
    assert!(!b.end_proof_link(one.id, at(5)).await.unwrap());
    b.proof_link_opened(one.id, at(5)).await.unwrap();
    let mut a = tx.tenant(w.a.id);
    a.proof_link_opened(one.id, at(6)).await.unwrap();
    assert!(a.end_proof_link(one.id, at(7)).await.unwrap());
    assert!(
        !a.end_proof_link(one.id, at(8)).await.unwrap(),
        "ended once"
    );
    assert_eq!(a.open_proof_links(decision, at(9)).await.unwrap(), 1);
    let all = a.proof_links(decision, 10).await.unwrap();
    let told: Vec<_> = all.iter().map(|l| (l.id, l.opened, l.revoked_at)).collect();
    assert_eq!(told, [(two.id, 0, None), (one.id, 1, Some(at(7)))]);
    assert_eq!(a.proof_links(decision, 1).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
}

async fn a_verdict_knows_its_place_in_the_chain(w: World) {
    for n in 0..2 {
        w.put(&w.proposal(Class::Reply, at(n)), OutboxState::Denied)
            .await;
    }
    let mut tx = w.write().await;
    let items = tx.system().unsealed(10).await.unwrap();
    let ids: Vec<portero_domain::ids::DecisionId> =
        items.iter().map(|(_, id, _)| id.parse().unwrap()).collect();
    assert_eq!(tx.tenant(w.a.id).seal_of(ids[0]).await.unwrap(), None);
    let mine: Vec<(String, String)> = items
        .iter()
        .map(|(_, id, hash)| (id.clone(), hash.clone()))
        .collect();
    tx.system().seal(w.a.id, &mine, at(5)).await.unwrap();
    let mut a = tx.tenant(w.a.id);
    let first = a.seal_of(ids[0]).await.unwrap().unwrap();
    let second = a.seal_of(ids[1]).await.unwrap().unwrap();
    assert_eq!((first.seq, second.seq, second.sealed_at), (1, 2, at(5)));
    assert_eq!(second.prev_hash, first.hash);
    assert_eq!(
        second.hash,
        sha256(&format!("{}{}", first.hash, items[1].2))
    );
    assert_eq!(tx.tenant(w.b.id).seal_of(ids[0]).await.unwrap(), None);
    tx.commit().await.unwrap();
}

async fn audiences_are_counted_within_the_tenant(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let before = a.audience_of_all().await.unwrap();
    assert!(before > 0);
    assert!(a.audience_of_tags(10).await.unwrap().is_empty());
    a.set_tag(w.a.ana, "vip", true).await.unwrap();
    a.set_tag(w.a.ana, "b", true).await.unwrap();
    let tags = [("b".to_owned(), 1), ("vip".to_owned(), 1)];
    assert_eq!(a.audience_of_tags(10).await.unwrap(), tags);
    assert_eq!(a.audience_of_tags(1).await.unwrap(), tags[..1]);
    assert!(
        tx.tenant(w.b.id)
            .audience_of_tags(10)
            .await
            .unwrap()
            .is_empty()
    );
    tx.commit().await.unwrap();
}

async fn another_password_ends_every_session_but_one(w: World) {
    let rosa = NewUser {
        id: UserId::new(&*w.ids, T0),
        tenant: None,
        name: "rosa".to_owned(),
        role: Role::Owner,
        password_hash: "old".to_owned(),
    };
    let session = |secret: &str, user: Option<UserId>, ends: i64| NewToken {
        id: TokenId::new(&*w.ids, T0),
        tenant: None,
        user,
        label: "session".to_owned(),
        role: Role::Owner,
        expires_at: Some(at(ends)),
        secret_sha256: sha256(secret),
    };
    let (here, there) = (
        session("here", Some(rosa.id), 100),
        session("there", Some(rosa.id), 100),
    );
    let (late, others) = (
        session("late", Some(rosa.id), 10),
        session("others", None, 100),
    );
    let mut tx = w.write().await;
    tx.system().put_user(&rosa, T0).await.unwrap();
    for token in [&here, &there, &late, &others] {
        tx.system().put_token(token, T0).await.unwrap();
    }
    let open = tx.system().sessions(rosa.id, at(10)).await.unwrap();
    let ids: Vec<TokenId> = open.iter().map(|t| t.id).collect();
    assert_eq!(
        ids,
        [there.id, here.id],
        "neither the one that ran out nor a program's"
    );
    let change = ("other", "new");
    let changed = tx
        .system()
        .change_own_password(rosa.id, change, here.id, at(20))
        .await;
    assert!(!changed.unwrap(), "the password was not that one");
    assert_eq!(
        tx.system().sessions(rosa.id, at(20)).await.unwrap().len(),
        2
    );
    let change = ("old", "new");
    let changed = tx
        .system()
        .change_own_password(rosa.id, change, here.id, at(20))
        .await;
    assert!(changed.unwrap());
    let hash = tx.system().user_password(rosa.id).await.unwrap();
    assert_eq!(hash.as_deref(), Some("new"));
    let open = tx.system().sessions(rosa.id, at(20)).await.unwrap();
    assert_eq!(open.iter().map(|t| t.id).collect::<Vec<_>>(), [here.id]);
    let program = tx.system().token(&sha256("others")).await.unwrap().unwrap();
    assert_eq!(program.revoked_at, None);
    tx.commit().await.unwrap();
}
