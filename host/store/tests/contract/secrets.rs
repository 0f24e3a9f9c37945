//! Secrets at rest.

use portero_store::StoreError;
use portero_store::model::{InstallationSecret, NewNumber};
use secrecy::ExposeSecret;

use crate::world::{KEY, T0, World, open};

crate::tests![
    secrets_read_back_with_their_master_key,
    secrets_do_not_open_with_another_master_key,
    no_secret_stands_in_the_database,
    a_sealed_value_copied_elsewhere_does_not_open,
    a_plugins_secret_is_its_tenants_own,
];

async fn fill(w: &World) {
    w.install().await;
    let mut tx = w.write().await;
    tx.system()
        .put_app("main", "app-secret-plain", "verify-token-plain", T0)
        .await
        .unwrap();
    let hook = crate::webhooks::endpoint(w, "whsec_plain", &[]);
    let mut a = tx.tenant(w.a.id);
    a.put_webhook(&hook, T0).await.unwrap();
    let secret = InstallationSecret {
        name: "SHOP_TOKEN".to_owned(),
        hosts: vec![
            "a.shop.example".to_owned(),
            "*.shop.example:8443".to_owned(),
        ],
        value: "shop-token-plain".into(),
    };
    let installation = a.installations().await.unwrap()[0].id;
    a.put_installation_secret(installation, &secret, T0)
        .await
        .unwrap();
    let next = "whsec_plain_too".into();
    a.rotate_webhook(hook.id, &next, T0).await.unwrap();
    tx.commit().await.unwrap();
}

async fn secrets_read_back_with_their_master_key(w: World) {
    fill(&w).await;
    let store = open(&w.url, KEY, w.ids.clone()).await;
    let mut tx = store.read().await.unwrap();
    let app = tx.system().app("main").await.unwrap().unwrap();
    assert_eq!(app.app_secret.expose_secret(), "app-secret-plain");
    assert_eq!(app.verify_token.expose_secret(), "verify-token-plain");
    assert!(tx.system().app("other").await.unwrap().is_none());
    assert_eq!(tx.system().apps().await.unwrap(), ["main"]);
    let token = tx
        .tenant(w.a.id)
        .number_token(&w.a.number)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(token.expose_secret(), "EAAG-token-of-limon");
    assert_eq!(
        tx.tenant(w.a.id).installations().await.unwrap()[0].handle_key,
        b"handle-key-plain"
    );
    assert!(!format!("{app:?} {token:?}").contains("plain"));
    let id = tx.tenant(w.a.id).installations().await.unwrap()[0].id;
    let set = tx.tenant(w.a.id).installation_secrets(id).await.unwrap();
    assert_eq!((set.len(), set[0].name.as_str()), (1, "SHOP_TOKEN"));
    let open = tx.tenant(w.a.id).open_installation_secrets(id).await;
    let open = open.unwrap();
    assert_eq!(open[0].value.expose_secret(), "shop-token-plain");
    assert_eq!(open[0].hosts, ["a.shop.example", "*.shop.example:8443"]);
    assert!(!format!("{open:?}").contains("plain"));
}

async fn a_plugins_secret_is_its_tenants_own(w: World) {
    fill(&w).await;
    let mut tx = w.write().await;
    let id = tx.tenant(w.a.id).installations().await.unwrap()[0].id;
    let theirs = InstallationSecret {
        name: "SHOP_TOKEN".to_owned(),
        hosts: Vec::new(),
        value: "theirs".into(),
    };
    let mut b = tx.tenant(w.b.id);
    assert!(b.installation_secrets(id).await.unwrap().is_empty());
    assert!(b.open_installation_secrets(id).await.unwrap().is_empty());
    for refused in [
        b.put_installation_secret(id, &theirs, T0).await,
        b.remove_installation_secret(id, "SHOP_TOKEN").await,
    ] {
        assert!(
            matches!(refused, Err(StoreError::NotFound { .. })),
            "{refused:?}"
        );
    }
    let mut a = tx.tenant(w.a.id);
    a.put_installation_secret(id, &theirs, T0).await.unwrap();
    assert_eq!(a.installation_secrets(id).await.unwrap().len(), 1);
    a.remove_installation_secret(id, "SHOP_TOKEN")
        .await
        .unwrap();
    let again = a.remove_installation_secret(id, "SHOP_TOKEN").await;
    assert!(
        matches!(again, Err(StoreError::NotFound { .. })),
        "{again:?}"
    );
}

async fn secrets_do_not_open_with_another_master_key(w: World) {
    fill(&w).await;
    let store = open(&w.url, [8; 32], w.ids.clone()).await;
    let mut tx = store.write().await.unwrap();
    let sealed = |e: StoreError| {
        assert!(
            matches!(e, StoreError::Sealed { .. }) && e.hint().is_some(),
            "{e}"
        )
    };
    sealed(tx.system().app("main").await.unwrap_err());
    sealed(
        tx.tenant(w.a.id)
            .number_token(&w.a.number)
            .await
            .unwrap_err(),
    );
    sealed(tx.tenant(w.a.id).installations().await.unwrap_err());
    let id: portero_domain::ids::InstallationId = {
        let store = open(&w.url, KEY, w.ids.clone()).await;
        let mut tx = store.read().await.unwrap();
        tx.tenant(w.a.id).installations().await.unwrap()[0].id
    };
    sealed(
        tx.tenant(w.a.id)
            .open_installation_secrets(id)
            .await
            .unwrap_err(),
    );
    sealed(tx.system().enabled_installations().await.unwrap_err());
    let new = NewNumber {
        app: "default".to_owned(),
        id: w.a.number.clone(),
        waba: w.a.waba.clone(),
        display: String::new(),
        access_token: "x".into(),
        mps: 80,
    };
    sealed(tx.tenant(w.a.id).put_number(&new, T0).await.unwrap_err());
    // What is not secret reads as ever.
    assert_eq!(tx.system().tenants().await.unwrap().len(), 2);
}

async fn no_secret_stands_in_the_database(w: World) {
    use sqlx::Connection;
    fill(&w).await;
    let columns = "select app_secret from apps union all select verify_token from apps
        union all select access_token from numbers union all select handle_key from installations
        union all select data_key from tenants union all select secret from webhooks
        union all select old_secret from webhooks union all select secret from installation_secrets";
    let rows: Vec<(Vec<u8>,)> = if w.is_postgres() {
        let mut conn = sqlx::PgConnection::connect(&w.url).await.unwrap();
        sqlx::query_as(columns).fetch_all(&mut conn).await.unwrap()
    } else {
        let mut conn = sqlx::SqliteConnection::connect(&w.url).await.unwrap();
        sqlx::query_as(columns).fetch_all(&mut conn).await.unwrap()
    };
    assert_eq!(rows.len(), 10);
    for (bytes,) in rows {
        assert_eq!(bytes[0], 1, "version byte");
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("plain") && !text.contains("EAAG"), "{text}");
    }
}

async fn a_sealed_value_copied_elsewhere_does_not_open(w: World) {
    fill(&w).await;
    let sql = "update apps set verify_token = app_secret";
    assert_eq!(crate::schema::raw(&w, sql).await, 1);
    let sql = "update numbers set access_token = (select access_token from numbers where phone_number_id = '105')
        where phone_number_id = '205'";
    assert_eq!(crate::schema::raw(&w, sql).await, 1);
    let sql = "update installation_secrets set name = 'OTHER'";
    assert_eq!(crate::schema::raw(&w, sql).await, 1);
    let mut tx = w.store.read().await.unwrap();
    let id = tx.tenant(w.a.id).installations().await.unwrap()[0].id;
    assert!(matches!(
        tx.tenant(w.a.id).open_installation_secrets(id).await,
        Err(StoreError::Sealed { .. })
    ));
    assert!(matches!(
        tx.system().app("main").await,
        Err(StoreError::Sealed { .. })
    ));
    assert!(matches!(
        tx.tenant(w.b.id).number_token(&w.b.number).await,
        Err(StoreError::Sealed { .. })
    ));
    assert!(tx.tenant(w.a.id).number_token(&w.a.number).await.is_ok());
}
