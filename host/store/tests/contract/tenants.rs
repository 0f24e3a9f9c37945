//! Tenants, settings, stops, tokens, numbers, wordings, templates, transactions.

use portero_domain::access::Role;
use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{FrequencyPromise, Period};
use portero_domain::ids::{PhoneNumberId, TenantId, TokenId, WabaId};
use portero_domain::language::Language;
use portero_domain::template::{Template, TemplateCategory, TemplateSlots, TemplateStatus};
use portero_gate::Policy;
use portero_gate::facts::TenantMode;
use portero_store::StoreError;
use portero_store::model::{HOST, NewNumber, NewPolicy, NewTenant, NewToken, Wording, revision_of};

use crate::world::{T0, World, at, sha256};

crate::tests![
    tenants_are_made_found_and_tuned,
    every_policy_is_kept_with_who_set_it_and_why,
    stops_are_thrown_and_released,
    numbers_route_and_never_change_hands,
    tokens_are_found_by_hash_and_end_once,
    the_newest_wording_is_used_and_shown_ones_stay,
    the_registry_follows_meta,
    transactions_open_close_and_reopen,
];

async fn tenants_are_made_found_and_tuned(w: World) {
    let mut tx = w.write().await;
    let row = tx.system().tenant_by_slug("limon").await.unwrap().unwrap();
    assert_eq!(
        (row.id, row.mode, row.language, row.stopped.clone()),
        (w.a.id, TenantMode::Simulator, Language::Es, None)
    );
    assert_eq!(row, tx.tenant(w.a.id).row().await.unwrap());
    assert_eq!(row.policy, Policy::default());
    let policy = Policy {
        pair_gap_ms: Millis::secs(9),
        ..Policy::default()
    };
    let new = NewPolicy {
        policy: &policy,
        from: &row.policy_revision,
        author: "tok_x",
        reason: "slower",
    };
    assert!(tx.tenant(w.a.id).set_policy(new, at(5)).await.unwrap());
    tx.tenant(w.a.id)
        .set_mode(TenantMode::Sandbox)
        .await
        .unwrap();
    let tuned = tx.tenant(w.a.id).row().await.unwrap();
    assert_eq!((tuned.policy, tuned.mode), (policy, TenantMode::Sandbox));
    assert_ne!(tuned.policy_revision, row.policy_revision);
    assert_eq!(tuned.policy_revision.len(), 64);
    assert_eq!(
        tx.tenant(w.b.id).row().await.unwrap().policy_revision,
        row.policy_revision
    );
    let nobody = TenantId::new(&*w.ids, T0);
    assert!(matches!(
        tx.tenant(nobody).row().await,
        Err(StoreError::NotFound { .. })
    ));
    let again = NewTenant {
        id: nobody,
        slug: "limon".to_owned(),
        name: String::new(),
        mode: TenantMode::Simulator,
        language: Language::Pt,
        timezone: "America/Sao_Paulo".to_owned(),
        country: "BR".to_owned(),
        policy: Policy::default(),
    };
    let taken = tx.system().create_tenant(&again, T0).await.unwrap_err();
    assert_eq!(taken.to_string(), "tenant `limon` is taken");
    assert_eq!(tx.system().tenants().await.unwrap().len(), 2);
    assert_eq!(tx.system().setting("x").await.unwrap(), None);
    tx.system().set_setting("x", "1").await.unwrap();
    tx.system().set_setting("x", "2").await.unwrap();
    assert_eq!(
        tx.system().setting("x").await.unwrap().as_deref(),
        Some("2")
    );
}

async fn every_policy_is_kept_with_who_set_it_and_why(w: World) {
    let mut tx = w.write().await;
    let first = tx.tenant(w.a.id).row().await.unwrap();
    let kept = tx.tenant(w.a.id).policies(None, 9).await.unwrap();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!((kept[0].seq, kept[0].author.as_str()), (1, HOST));
    assert_eq!(kept[0].revision, first.policy_revision);
    let stricter = Policy {
        promotional_per_week: 1,
        ..Policy::default()
    };
    let mut holds = first.policy_revision.clone();
    for (n, policy) in [&stricter, &Policy::default(), &stricter]
        .into_iter()
        .enumerate()
    {
        let reason = format!("reason {n}");
        let new = NewPolicy {
            policy,
            from: &holds,
            author: "usr_x",
            reason: &reason,
        };
        let when = at(i64::try_from(n).unwrap() + 1);
        assert!(tx.tenant(w.a.id).set_policy(new, when).await.unwrap());
        // Made from what does not hold any more: nothing is set, nothing kept.
        assert!(!tx.tenant(w.a.id).set_policy(new, when).await.unwrap());
        holds = tx.tenant(w.a.id).row().await.unwrap().policy_revision;
        assert_eq!(holds, revision_of(policy).unwrap());
    }
    let all = tx.tenant(w.a.id).policies(None, 9).await.unwrap();
    let said: Vec<_> = all.iter().map(|p| (p.seq, p.reason.as_str())).collect();
    let expected = [(4, "reason 2"), (3, "reason 1"), (2, "reason 0"), (1, "")];
    assert_eq!(said, expected);
    assert_eq!((&all[0].policy, all[0].set_at), (&stricter, at(3)));
    let older = tx.tenant(w.a.id).policies(Some(3), 1).await.unwrap();
    assert_eq!(older, all[2..3]);
    // Found by the beginning of its hash, at its newest place; nothing and everything name none.
    let found = tx.tenant(w.a.id).policy_of(&holds[..8]).await.unwrap();
    assert_eq!(found, all[0]);
    for none in ["", "00000000", "%"] {
        let found = tx.tenant(w.a.id).policy_of(none).await;
        assert!(matches!(found, Err(StoreError::NotFound { .. })), "{none}");
    }
    // Another tenant has its own.
    let other = tx.tenant(w.b.id).policies(None, 9).await.unwrap();
    assert_eq!(other.len(), 1);
    assert!(tx.tenant(w.b.id).policy_of(&holds).await.is_err());
}

async fn stops_are_thrown_and_released(w: World) {
    let mut tx = w.write().await;
    assert_eq!(tx.system().stop_all().await.unwrap(), None);
    tx.system()
        .set_stop_all(Some(("fire \"drill\"".to_owned(), at(1))))
        .await
        .unwrap();
    let stop = tx.system().stop_all().await.unwrap().unwrap();
    assert_eq!(
        (stop.scope.as_str(), stop.since, stop.reason.as_str()),
        ("all", at(1), "fire \"drill\"")
    );
    tx.system().set_stop_all(None).await.unwrap();
    assert_eq!(tx.system().stop_all().await.unwrap(), None);
    let mut a = tx.tenant(w.a.id);
    a.set_stop(Some("audit"), at(2)).await.unwrap();
    assert_eq!(a.row().await.unwrap().stopped.unwrap().scope, "tenant");
    a.set_stop(None, at(4)).await.unwrap();
    assert_eq!(a.row().await.unwrap().stopped, None);
    a.set_number_stop(&w.a.number, Some("spam"), at(3))
        .await
        .unwrap();
    let stop = a
        .number(&w.a.number)
        .await
        .unwrap()
        .unwrap()
        .stopped
        .unwrap();
    assert_eq!((stop.scope.as_str(), stop.since), ("number", at(3)));
    a.set_number_stop(&w.a.number, None, at(4)).await.unwrap();
    assert_eq!(a.numbers().await.unwrap()[0].stopped, None);
}

async fn numbers_route_and_never_change_hands(w: World) {
    let mut tx = w.write().await;
    let route = tx
        .system()
        .route_number(&w.a.number)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((route.tenant, route.app.as_str()), (w.a.id, "default"));
    let routes = tx.system().routes_waba(&w.b.waba).await.unwrap();
    assert_eq!(
        routes.iter().map(|r| r.tenant).collect::<Vec<_>>(),
        [w.b.id]
    );
    let nobody = PhoneNumberId::new("999").unwrap();
    assert_eq!(tx.system().route_number(&nobody).await.unwrap(), None);
    let nobodys = WabaId::new("999").unwrap();
    assert!(tx.system().routes_waba(&nobodys).await.unwrap().is_empty());
    let new = NewNumber {
        app: "default".to_owned(),
        id: w.a.number.clone(),
        waba: w.b.waba.clone(),
        display: "stolen".to_owned(),
        access_token: "t".into(),
        mps: 1,
    };
    let taken = tx.tenant(w.b.id).put_number(&new, T0).await.unwrap_err();
    assert!(matches!(taken, StoreError::Taken { .. }), "{taken}");
    let update = NewNumber {
        app: "default".to_owned(),
        waba: w.a.waba.clone(),
        mps: 1_000,
        display: "+57 2".to_owned(),
        ..new
    };
    tx.tenant(w.a.id).put_number(&update, T0).await.unwrap();
    let row = tx
        .tenant(w.a.id)
        .number(&w.a.number)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (row.mps, row.display.as_str(), row.waba),
        (1_000, "+57 2", w.a.waba.clone())
    );
}

async fn tokens_are_found_by_hash_and_end_once(w: World) {
    let id = TokenId::new(&*w.ids, T0);
    let new = NewToken {
        id,
        tenant: Some(w.a.id),
        user: None,
        label: "ci".to_owned(),
        role: Role::Auditor,
        expires_at: Some(at(9)),
        secret_sha256: sha256("s"),
    };
    let mut tx = w.write().await;
    tx.system().put_token(&new, T0).await.unwrap();
    let row = tx.system().token(&sha256("s")).await.unwrap().unwrap();
    assert_eq!(
        (row.id, row.tenant, row.label.as_str(), row.revoked_at),
        (id, Some(w.a.id), "ci", None)
    );
    assert_eq!(
        (row.role, row.expires_at, row.last_used_at),
        (Role::Auditor, Some(at(9)), None)
    );
    // Later uses count, earlier ones that come late do not.
    for (used, kept) in [(3, 3), (2, 3), (4, 4)] {
        tx.system().token_used(id, at(used)).await.unwrap();
        let row = tx.system().token(&sha256("s")).await.unwrap().unwrap();
        assert_eq!(row.last_used_at, Some(at(kept)));
    }
    // Another tenant neither sees nor ends it.
    assert_eq!(tx.tenant(w.b.id).tokens().await.unwrap(), []);
    assert!(!tx.tenant(w.b.id).revoke_token(id, at(5)).await.unwrap());
    assert_eq!(tx.tenant(w.a.id).tokens().await.unwrap().len(), 1);
    assert_eq!(tx.system().token(&sha256("t")).await.unwrap(), None);
    assert!(tx.system().revoke_token(id, at(5)).await.unwrap());
    assert!(!tx.system().revoke_token(id, at(6)).await.unwrap());
    assert_eq!(
        tx.system().tokens().await.unwrap()[0].revoked_at,
        Some(at(5))
    );
    tx.commit().await.unwrap();
    let mut tx = w.write().await;
    let twin = NewToken {
        id: TokenId::new(&*w.ids, T0),
        tenant: None,
        ..new
    };
    assert!(matches!(
        tx.system().put_token(&twin, T0).await,
        Err(StoreError::Constraint { .. })
    ));
}

fn wording(version: u32, language: Language, body: &str) -> Wording {
    Wording {
        name: "ofertas".to_owned(),
        version,
        language,
        body: body.to_owned(),
        yes_label: "Sí".to_owned(),
        no_label: "No".to_owned(),
        thanks: "¡Gracias!".to_owned(),
        promise: FrequencyPromise {
            max: 2,
            per: Period::Week,
        },
    }
}

async fn the_newest_wording_is_used_and_shown_ones_stay(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    for (version, body) in [(1, "uno"), (10, "diez"), (2, "dos")] {
        assert!(
            a.put_wording(&wording(version, Language::Es, body), T0)
                .await
                .unwrap()
        );
    }
    assert!(
        !a.put_wording(&wording(10, Language::Es, "otro"), T0)
            .await
            .unwrap()
    );
    assert_eq!(
        a.wording("ofertas", Language::Es).await.unwrap(),
        Some(wording(10, Language::Es, "diez"))
    );
    assert_eq!(a.wording("ofertas", Language::Pt).await.unwrap(), None);
    assert_eq!(
        a.wordings()
            .await
            .unwrap()
            .iter()
            .map(|w| w.version)
            .collect::<Vec<_>>(),
        [10, 2, 1]
    );
}

fn template(name: &str, language: &str, status: TemplateStatus) -> Template {
    Template {
        name: name.to_owned(),
        language: language.to_owned(),
        category: TemplateCategory::Utility,
        status,
        paused_until: None,
        slots: TemplateSlots {
            body: vec!["1".to_owned()],
            ..TemplateSlots::default()
        },
        body: "Hola {{1}}".to_owned(),
        synced_at: Ts::ZERO,
    }
}

async fn the_registry_follows_meta(w: World) {
    use TemplateStatus::{Approved, Paused};
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let list = [
        template("pedido_enviado", "es_CO", Approved),
        template("carrito_olvidado", "es_CO", Approved),
        template("pedido_listo", "es_CO", TemplateStatus::Pending),
    ];
    a.upsert_templates(&w.a.waba, &list, false, at(1))
        .await
        .unwrap();
    let kept = a
        .template(&w.a.waba, "pedido_enviado", "es_CO")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        kept,
        Template {
            synced_at: at(1),
            ..list[0].clone()
        }
    );
    assert_eq!(
        a.template(&w.a.waba, "pedido_enviado", "pt_BR")
            .await
            .unwrap(),
        None
    );
    let closest = a
        .closest_templates(&w.a.waba, "pedido_envido")
        .await
        .unwrap();
    assert_eq!(
        closest.first().map(String::as_str),
        Some("pedido_enviado (es_CO)")
    );
    assert_eq!(closest.len(), 3);

    assert!(
        a.set_template_quality(&w.a.waba, "pedido_listo", "es_CO", "RED", at(2))
            .await
            .unwrap()
    );
    assert!(
        a.set_template_status(
            &w.a.waba,
            "pedido_listo",
            "es_CO",
            &Paused,
            Some(at(9)),
            at(2)
        )
        .await
        .unwrap()
    );
    let marketing = TemplateCategory::Marketing;
    assert!(
        a.set_template_category(&w.a.waba, "pedido_listo", "es_CO", marketing, at(2))
            .await
            .unwrap()
    );
    assert!(
        !a.set_template_category(&w.a.waba, "ninguna", "es_CO", marketing, at(2))
            .await
            .unwrap()
    );
    let kept = a
        .template(&w.a.waba, "pedido_listo", "es_CO")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (kept.status, kept.category, kept.paused_until),
        (Paused, marketing, Some(at(9)))
    );

    // A full sync: what is gone there is marked here, quality stays, other accounts stay.
    tx.tenant(w.b.id)
        .upsert_templates(&w.b.waba, &list[..1], true, at(3))
        .await
        .unwrap();
    let mut a = tx.tenant(w.a.id);
    a.upsert_templates(&w.a.waba, &list[2..], true, at(3))
        .await
        .unwrap();
    let all = a.templates().await.unwrap();
    let seen: Vec<(&str, &str, &str)> = all
        .iter()
        .map(|(_, t, q)| (t.name.as_str(), t.status.as_str(), q.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            ("carrito_olvidado", "DELETED", "UNKNOWN"),
            ("pedido_enviado", "DELETED", "UNKNOWN"),
            ("pedido_listo", "PENDING", "RED"),
        ]
    );
    assert_eq!(
        a.closest_templates(&w.a.waba, "x").await.unwrap(),
        ["pedido_listo (es_CO)"]
    );
    let b = tx.tenant(w.b.id).templates().await.unwrap();
    assert_eq!(b[0].1.status, Approved);
    // Another tenant's account is refused.
    let taken = tx
        .tenant(w.b.id)
        .upsert_templates(&w.a.waba, &list, false, at(4))
        .await;
    assert!(matches!(taken, Err(StoreError::Taken { .. })), "{taken:?}");
}

async fn transactions_open_close_and_reopen(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.open_transaction("P-1", w.a.ana, "paid", "{\"n\":1}", at(1))
        .await
        .unwrap();
    assert!(a.close_transaction("P-1", at(2)).await.unwrap());
    assert!(!a.close_transaction("P-1", at(3)).await.unwrap());
    assert_eq!(
        a.transaction("P-1").await.unwrap().unwrap().closed_at,
        Some(at(2))
    );
    a.open_transaction("P-1", w.a.ana, "returned", "{}", at(4))
        .await
        .unwrap();
    let row = a.transaction("P-1").await.unwrap().unwrap();
    assert_eq!(
        (row.state.as_str(), row.opened_at, row.closed_at),
        ("returned", at(1), None)
    );
    assert_eq!(a.transactions(w.a.ana).await.unwrap(), [row]);
    let refused = a
        .open_transaction("P-2", w.b.ana, "paid", "{}", at(1))
        .await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
}
