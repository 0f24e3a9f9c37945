//! Users, their sessions, counts of failed logins, known browsers.

use portero_domain::access::Role;
use portero_domain::clock::Ts;
use portero_domain::ids::{TenantId, TokenId, UserId};
use portero_store::StoreError;
use portero_store::model::{LoginCount, NewToken, NewUser};

use crate::world::{T0, World, at, sha256};

crate::tests![
    users_are_named_once_and_kept_within_reach,
    sessions_follow_their_user_and_end_with_it,
    a_login_that_meets_a_new_password_makes_no_session,
    counts_of_failed_logins_stay_apart,
    browsers_are_known_to_one_user_alone,
];

fn user(w: &World, tenant: Option<TenantId>, name: &str) -> NewUser {
    NewUser {
        id: UserId::new(&*w.ids, T0),
        tenant,
        name: name.to_owned(),
        role: Role::Operator,
        password_hash: format!("hash of {name}"),
    }
}

fn session(w: &World, user: &NewUser, secret: &str) -> NewToken {
    NewToken {
        id: TokenId::new(&*w.ids, T0),
        tenant: user.tenant,
        user: Some(user.id),
        label: "session".to_owned(),
        role: user.role,
        expires_at: None,
        secret_sha256: sha256(secret),
    }
}

async fn users_are_named_once_and_kept_within_reach(w: World) {
    let (rosa, luna) = (user(&w, Some(w.a.id), "rosa"), user(&w, None, "luna"));
    let mut tx = w.write().await;
    tx.system().put_user(&rosa, at(1)).await.unwrap();
    tx.system().put_user(&luna, at(2)).await.unwrap();
    let row = tx.system().user(None, "rosa").await.unwrap().unwrap();
    assert_eq!(
        (
            row.id,
            row.tenant,
            row.role,
            row.created_at,
            row.password_at,
            row.last_login_at
        ),
        (rosa.id, Some(w.a.id), Role::Operator, at(1), at(1), None)
    );
    let by_id = tx.system().user(Some(w.a.id), &rosa.id.to_string()).await;
    assert_eq!(by_id.unwrap(), Some(row.clone()));
    // Those of one tenant are not seen from another, nor those of the whole server from any.
    for who in ["rosa", "luna"] {
        assert_eq!(tx.system().user(Some(w.b.id), who).await.unwrap(), None);
    }
    assert_eq!(tx.system().users(Some(w.b.id)).await.unwrap(), []);
    assert_eq!(tx.system().users(Some(w.a.id)).await.unwrap(), [row]);
    let all = tx.system().users(None).await.unwrap();
    assert_eq!(
        all.iter().map(|u| u.name.as_str()).collect::<Vec<_>>(),
        ["luna", "rosa"]
    );
    assert!(tx.system().remove_user(rosa.id, at(3)).await.unwrap());
    assert!(!tx.system().remove_user(rosa.id, at(4)).await.unwrap());
    assert!(
        !tx.system()
            .set_user_role(rosa.id, Role::Owner)
            .await
            .unwrap()
    );
    assert!(
        !tx.system()
            .set_user_password(rosa.id, "x", at(4))
            .await
            .unwrap()
    );
    assert_eq!(tx.system().user_password(rosa.id).await.unwrap(), None);
    // The name is free again, and taken once more.
    let again = user(&w, Some(w.b.id), "rosa");
    tx.system().put_user(&again, at(5)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = w.write().await;
    let twin = user(&w, None, "rosa");
    assert!(matches!(
        tx.system().put_user(&twin, at(6)).await,
        Err(StoreError::Constraint { .. })
    ));
}

async fn sessions_follow_their_user_and_end_with_it(w: World) {
    let (rosa, luna) = (user(&w, Some(w.a.id), "rosa"), user(&w, None, "luna"));
    let mut tx = w.write().await;
    for (user, secret) in [(&rosa, "r"), (&luna, "l")] {
        tx.system().put_user(user, T0).await.unwrap();
        let session = session(&w, user, secret);
        tx.system().put_token(&session, T0).await.unwrap();
    }
    assert!(
        tx.system()
            .set_user_role(rosa.id, Role::Viewer)
            .await
            .unwrap()
    );
    let row = tx.system().token(&sha256("r")).await.unwrap().unwrap();
    assert_eq!(
        (row.user, row.role, row.revoked_at),
        (Some(rosa.id), Role::Viewer, None)
    );
    let other = tx.system().token(&sha256("l")).await.unwrap().unwrap();
    assert_eq!((other.role, other.revoked_at), (Role::Operator, None));
    assert!(
        tx.system()
            .set_user_password(rosa.id, "new", at(7))
            .await
            .unwrap()
    );
    let row = tx.system().token(&sha256("r")).await.unwrap().unwrap();
    assert_eq!(row.revoked_at, Some(at(7)));
    assert_eq!(
        tx.system().user_password(rosa.id).await.unwrap().as_deref(),
        Some("new")
    );
    assert!(tx.system().remove_user(luna.id, at(8)).await.unwrap());
    let row = tx.system().token(&sha256("l")).await.unwrap().unwrap();
    assert_eq!(row.revoked_at, Some(at(8)));
    tx.commit().await.unwrap();
}

async fn a_login_that_meets_a_new_password_makes_no_session(w: World) {
    let rosa = user(&w, None, "rosa");
    let mut tx = w.write().await;
    tx.system().put_user(&rosa, T0).await.unwrap();
    let old = rosa.password_hash.as_str();
    assert!(
        tx.system()
            .user_logged_in(rosa.id, old, at(3))
            .await
            .unwrap()
    );
    let row = tx.system().user(None, "rosa").await.unwrap().unwrap();
    assert_eq!(row.last_login_at, Some(at(3)));
    tx.system()
        .set_user_password(rosa.id, "new", at(4))
        .await
        .unwrap();
    assert!(
        !tx.system()
            .user_logged_in(rosa.id, old, at(5))
            .await
            .unwrap()
    );
    tx.system().remove_user(rosa.id, at(6)).await.unwrap();
    assert!(
        !tx.system()
            .user_logged_in(rosa.id, "new", at(7))
            .await
            .unwrap()
    );
    assert!(
        !tx.system()
            .user_logged_in(rosa.id, "", at(7))
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
}

async fn counts_of_failed_logins_stay_apart(w: World) {
    let mut tx = w.write().await;
    assert_eq!(
        tx.system().login_count("name", 7).await.unwrap(),
        LoginCount::default()
    );
    let count = LoginCount {
        failures: 3,
        last_at: at(1),
    };
    tx.system().set_login_count("name", 7, count).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = w.write().await;
    assert_eq!(tx.system().login_count("name", 7).await.unwrap(), count);
    for (kind, bucket) in [("name", 8), ("pair", 7)] {
        assert_eq!(
            tx.system()
                .login_count(kind, bucket)
                .await
                .unwrap()
                .failures,
            0
        );
    }
}

async fn browsers_are_known_to_one_user_alone(w: World) {
    let (rosa, luna) = (user(&w, None, "rosa"), user(&w, None, "luna"));
    let (one, two) = (sha256("one"), sha256("two"));
    let never = Ts(0);
    let mut tx = w.write().await;
    for user in [&rosa, &luna] {
        tx.system().put_user(user, T0).await.unwrap();
    }
    tx.system()
        .login_device_seen(rosa.id, &one, at(1), never)
        .await
        .unwrap();
    tx.system().login_device_failed(&one).await.unwrap();
    assert_eq!(
        tx.system().login_device(&one).await.unwrap(),
        Some((rosa.id, 1))
    );
    // Somebody else's login from it takes nothing over.
    tx.system()
        .login_device_seen(luna.id, &one, at(2), never)
        .await
        .unwrap();
    assert_eq!(
        tx.system().login_device(&one).await.unwrap(),
        Some((rosa.id, 1))
    );
    tx.system()
        .login_device_seen(rosa.id, &one, at(3), never)
        .await
        .unwrap();
    assert_eq!(
        tx.system().login_device(&one).await.unwrap(),
        Some((rosa.id, 0))
    );
    // What was not seen for long goes with the next login.
    tx.system()
        .login_device_seen(rosa.id, &two, at(9), at(5))
        .await
        .unwrap();
    assert_eq!(tx.system().login_device(&one).await.unwrap(), None);
    assert_eq!(
        tx.system().login_device(&two).await.unwrap(),
        Some((rosa.id, 0))
    );
    tx.system()
        .set_user_password(rosa.id, "new", at(10))
        .await
        .unwrap();
    assert_eq!(tx.system().login_device(&two).await.unwrap(), None);
    tx.commit().await.unwrap();
}
