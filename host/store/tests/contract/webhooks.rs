//! Webhooks out: told once to whom it concerns, taken by one, kept until they arrive.

use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEventKind, ConsentScope};
use portero_domain::ids::{NoticeId, TenantId, WebhookId};
use portero_domain::notice::NoticeKind;
use portero_store::StoreError;
use portero_store::model::{AfterTry, DueDelivery, NOTICES_KEPT, NewWebhook, TryRow, WEBHOOKS_MAX};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::world::{T0, World, at};

crate::tests![
    a_notice_reaches_those_who_asked_and_no_other_tenant,
    a_delivery_is_taken_by_one_and_one_at_a_time_for_each_endpoint,
    a_try_is_written_down_and_the_next_one_waits,
    a_disabled_endpoint_keeps_what_it_missed,
    two_secrets_sign_during_a_rotation,
    what_is_old_is_forgotten_what_waits_is_not,
    what_happens_to_people_is_told_where_it_is_written,
];

pub(crate) fn endpoint(w: &World, secret: &str, kinds: &[NoticeKind]) -> NewWebhook {
    NewWebhook {
        id: WebhookId::new(&*w.ids, T0),
        url: "https://shop.example/hook".into(),
        about: "crm".into(),
        kinds: kinds.to_vec(),
        secret: secret.into(),
        fetched: None,
        term: None,
    }
}

async fn add(w: &World, tenant: TenantId, kinds: &[NoticeKind]) -> WebhookId {
    let new = endpoint(w, "whsec_x", kinds);
    let mut tx = w.write().await;
    tx.tenant(tenant).put_webhook(&new, T0).await.unwrap();
    tx.commit().await.unwrap();
    new.id
}

async fn tell(w: &World, tenant: TenantId, kind: NoticeKind, now: Ts) -> bool {
    let mut tx = w.write().await;
    let told = tx.tenant(tenant).tell(kind, &json!({ "n": 1 }), now).await;
    tx.commit().await.unwrap();
    told.unwrap()
}

async fn claim(w: &World, now: Ts, lease_now: Ts) -> Vec<DueDelivery> {
    let mut tx = w.write().await;
    let until = Ts(lease_now.0 + 60_000);
    let taken = tx
        .system()
        .claim_deliveries(now, lease_now, until, 32)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    taken
}

async fn settle(w: &World, one: &DueDelivery, status: u16, after: AfterTry, now: Ts) -> bool {
    let done = TryRow {
        number: one.tries + 1,
        at: now,
        status: Some(status),
        fault: (status != 200).then(|| format!("answered {status}")),
        took_ms: 3,
    };
    let mut tx = w.write().await;
    let there = tx
        .tenant(one.tenant)
        .settle_delivery(one.webhook, one.notice, &done, after)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    there
}

async fn a_notice_reaches_those_who_asked_and_no_other_tenant(w: World) {
    assert!(
        !tell(&w, w.a.id, NoticeKind::CampaignDone, T0).await,
        "nobody asked"
    );
    let all = add(&w, w.a.id, &[]).await;
    let some = [NoticeKind::CampaignPaused, NoticeKind::ConsentWithdrawn];
    let some = add(&w, w.a.id, &some).await;
    let theirs = add(&w, w.b.id, &[]).await;
    assert!(tell(&w, w.a.id, NoticeKind::CampaignDone, T0).await);
    assert!(tell(&w, w.a.id, NoticeKind::CampaignPaused, at(1)).await);
    let mut tx = w.store.read().await.unwrap();
    let mut a = tx.tenant(w.a.id);
    let kinds = |rows: &[portero_store::model::DeliveryRow]| -> Vec<String> {
        rows.iter().map(|r| r.kind.clone()).collect()
    };
    let newest = a.deliveries(all, None, 10).await.unwrap();
    assert_eq!(kinds(&newest), ["campaign.paused", "campaign.done"]);
    let older = a.deliveries(all, Some(newest[0].notice), 10).await.unwrap();
    assert_eq!(kinds(&older), ["campaign.done"]);
    let asked = a.deliveries(some, None, 10).await.unwrap();
    assert_eq!(kinds(&asked), ["campaign.paused"]);
    assert_eq!(asked[0].notice, newest[0].notice, "one notice, one id");
    let body: serde_json::Value = serde_json::from_str(&newest[0].body).unwrap();
    assert_eq!(body["type"], "campaign.paused");
    assert_eq!(body["timestamp"], at(1).rfc3339());
    assert_eq!(body["data"]["tenant"], w.a.id.to_string());
    assert_eq!(body["data"]["n"], 1);
    // Another tenant sees neither endpoint nor delivery, and can do nothing with them.
    assert!(a.webhook(theirs).await.unwrap().is_none());
    let mut b = tx.tenant(w.b.id);
    assert!(b.deliveries(all, None, 10).await.unwrap().is_empty());
    assert!(b.delivery(all, newest[0].notice).await.unwrap().is_none());
    drop(tx);
    let mut tx = w.write().await;
    let mut b = tx.tenant(w.b.id);
    let not_found = |r: Result<(), StoreError>| matches!(r, Err(StoreError::NotFound { .. }));
    assert!(not_found(b.enable_webhook(all, T0).await));
    assert!(not_found(b.remove_webhook(all).await));
    assert!(not_found(b.rotate_webhook(all, &"y".into(), T0).await));
    assert!(!b.replay_delivery(all, newest[0].notice, T0).await.unwrap());
    assert_eq!(b.replay_given_up(all, T0, T0).await.unwrap(), 0);
    b.disable_webhook(all, "r", T0).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = w.store.read().await.unwrap();
    let row = tx.tenant(w.a.id).webhook(all).await.unwrap().unwrap();
    assert_eq!((row.disabled_at, row.waiting), (None, 2));
}

async fn a_delivery_is_taken_by_one_and_one_at_a_time_for_each_endpoint(w: World) {
    add(&w, w.a.id, &[]).await;
    add(&w, w.a.id, &[]).await;
    for ms in [0, 1] {
        tell(&w, w.a.id, NoticeKind::CampaignDone, at(ms)).await;
    }
    assert!(claim(&w, at(-1), T0).await.is_empty(), "not yet");
    let first = claim(&w, at(5), T0).await;
    assert_eq!(first.len(), 2, "one for each endpoint");
    assert_eq!(first[0].notice, first[1].notice, "the oldest first");
    assert!(claim(&w, at(5), T0).await.is_empty(), "taken");
    // The host that had them died: when the lease is over somebody else takes them.
    let again = claim(&w, at(5), Ts(T0.0 + 60_000)).await;
    assert_eq!(again, first);
    assert!(settle(&w, &again[0], 200, AfterTry::Delivered, at(6)).await);
    assert!(
        !settle(&w, &first[0], 200, AfterTry::Delivered, at(7)).await,
        "written once"
    );
    let next = claim(&w, at(8), Ts(T0.0 + 60_001)).await;
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].webhook, again[0].webhook);
    assert_ne!(next[0].notice, again[0].notice);
    // A host that starts alone ends the leases of the one before.
    let mut tx = w.write().await;
    tx.system().expire_leases(T0).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claim(&w, at(8), Ts(T0.0 + 60_001)).await.len(), 2);
}

async fn a_try_is_written_down_and_the_next_one_waits(w: World) {
    let hook = add(&w, w.a.id, &[]).await;
    tell(&w, w.a.id, NoticeKind::CampaignDone, T0).await;
    let one = claim(&w, T0, T0).await.remove(0);
    settle(&w, &one, 500, AfterTry::Again(at(5_000)), T0).await;
    assert!(claim(&w, at(4_999), T0).await.is_empty());
    let two = claim(&w, at(5_000), T0).await.remove(0);
    assert_eq!((two.tries, two.failing_since), (1, Some(T0)));
    settle(&w, &two, 503, AfterTry::GivenUp, at(5_000)).await;
    assert!(claim(&w, at(1_000_000), T0).await.is_empty());
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let (row, log) = a.delivery(hook, one.notice).await.unwrap().unwrap();
    assert_eq!(
        (row.state.as_str(), row.tries, row.status),
        ("given_up", 2, Some(503))
    );
    assert_eq!(log.len(), 2);
    assert_eq!((log[0].status, log[1].number), (Some(500), 2));
    assert_eq!(
        a.replay_given_up(hook, at(1), at(9)).await.unwrap(),
        0,
        "it was before"
    );
    assert_eq!(a.replay_given_up(hook, T0, at(9)).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let three = claim(&w, at(9), T0).await.remove(0);
    assert_eq!((three.notice, three.tries), (one.notice, 2));
    settle(&w, &three, 200, AfterTry::Delivered, at(10)).await;
    let mut tx = w.store.read().await.unwrap();
    let row = tx.tenant(w.a.id).webhook(hook).await.unwrap().unwrap();
    assert_eq!((row.failing_since, row.delivered_at), (None, Some(at(10))));
    assert_eq!(row.waiting, 0);
}

async fn a_disabled_endpoint_keeps_what_it_missed(w: World) {
    let hook = add(&w, w.a.id, &[]).await;
    tell(&w, w.a.id, NoticeKind::CampaignDone, T0).await;
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .disable_webhook(hook, "410", at(1))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    tell(&w, w.a.id, NoticeKind::CampaignPaused, at(2)).await;
    assert!(claim(&w, at(10), T0).await.is_empty());
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let row = a.webhook(hook).await.unwrap().unwrap();
    assert_eq!((row.disabled_at, row.waiting), (Some(at(1)), 2));
    assert_eq!(row.disabled_reason.as_deref(), Some("410"));
    a.enable_webhook(hook, at(11)).await.unwrap();
    tx.commit().await.unwrap();
    let one = claim(&w, at(11), T0).await.remove(0);
    settle(&w, &one, 200, AfterTry::Delivered, at(11)).await;
    assert_eq!(claim(&w, at(11), T0).await.len(), 1);
}

async fn two_secrets_sign_during_a_rotation(w: World) {
    let new = endpoint(&w, "whsec_old", &[]);
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.put_webhook(&new, T0).await.unwrap();
    a.rotate_webhook(new.id, &"whsec_new".into(), at(100))
        .await
        .unwrap();
    let texts = |all: Vec<secrecy::SecretString>| -> Vec<String> {
        all.iter().map(|s| s.expose_secret().to_owned()).collect()
    };
    let during = a.webhook_secrets(new.id, at(99)).await.unwrap();
    assert_eq!(texts(during), ["whsec_new", "whsec_old"]);
    let after = a.webhook_secrets(new.id, at(100)).await.unwrap();
    assert_eq!(texts(after), ["whsec_new"]);
    for _ in 1..WEBHOOKS_MAX {
        a.put_webhook(&endpoint(&w, "s", &[]), T0).await.unwrap();
    }
    let full = a.put_webhook(&endpoint(&w, "s", &[]), T0).await;
    assert!(matches!(full, Err(StoreError::Limit { .. })));
}

async fn what_is_old_is_forgotten_what_waits_is_not(w: World) {
    let hook = add(&w, w.a.id, &[]).await;
    tell(&w, w.a.id, NoticeKind::CampaignDone, T0).await;
    let one = claim(&w, T0, T0).await.remove(0);
    settle(&w, &one, 200, AfterTry::Delivered, T0).await;
    tell(&w, w.a.id, NoticeKind::CampaignDone, at(1)).await;
    let there = async |id: NoticeId| {
        let mut tx = w.store.read().await.unwrap();
        tx.tenant(w.a.id)
            .delivery(hook, id)
            .await
            .unwrap()
            .is_some()
    };
    let two = claim(&w, at(1), T0).await.remove(0);
    let later = T0 + NOTICES_KEPT;
    tell(&w, w.a.id, NoticeKind::CampaignDone, later).await;
    assert!(there(one.notice).await, "kept to the day");
    tell(&w, w.a.id, NoticeKind::CampaignDone, Ts(later.0 + 2)).await;
    assert!(!there(one.notice).await);
    assert!(there(two.notice).await, "it has not arrived yet");
    let mut tx = w.write().await;
    tx.tenant(w.a.id).remove_webhook(hook).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!settle(&w, &two, 200, AfterTry::Delivered, later).await);
}

async fn what_happens_to_people_is_told_where_it_is_written(w: World) {
    let hook = add(&w, w.a.id, &[]).await;
    let granted = w.consent(ConsentEventKind::Granted, ConsentScope::Promotional, T0);
    let revoked = w.consent(ConsentEventKind::Revoked, ConsentScope::Promotional, at(1));
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    for event in [&granted, &revoked, &revoked] {
        a.append_consent(w.a.ana, event).await.unwrap();
    }
    a.hand_over(&w.a.number, w.a.ana, "a private reason", at(2))
        .await
        .unwrap();
    a.give_back(&w.a.number, w.a.ana, "note", "tok", at(3))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut tx = w.store.read().await.unwrap();
    let rows = tx.tenant(w.a.id).deliveries(hook, None, 10).await.unwrap();
    let kinds: Vec<&str> = rows.iter().map(|r| r.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "conversation.given_back",
            "conversation.handed_over",
            "consent.withdrawn"
        ]
    );
    for row in &rows {
        assert!(row.body.contains(&w.a.ana.to_string()), "{}", row.body);
        for private in ["private", "note", w.a.phone.as_str()] {
            assert!(!row.body.contains(private), "{}", row.body);
        }
    }
}
