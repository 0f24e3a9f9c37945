//! Plugins, installations, what they remember and what they did.

use portero_domain::ids::{EventId, InstallationId, PluginId, TimerId};
use portero_domain::plugin::PluginKind;
use portero_store::StoreError;
use portero_store::model::{
    MetricEvent, NewInstallation, NewPlugin, NewTimer, PluginCall, StoredKvWrite,
};

use crate::world::{T0, World, at};

crate::tests![
    a_component_is_kept_once,
    an_update_keeps_id_and_handles,
    the_breaker_is_kept,
    keys_and_values,
    keys_are_listed_in_byte_order,
    timers_are_replaced_and_fall_due,
    calls_logs_and_metrics,
];

async fn a_component_is_kept_once(w: World) {
    let new = NewPlugin {
        digest: "d9".to_owned(),
        plugin_id: PluginId::new("com.example.bot").unwrap(),
        version: "1.2.3".to_owned(),
        kind: PluginKind::Replies,
        manifest: "toml".to_owned(),
        component: (0..=255).collect(),
        parts: "[]".to_owned(),
        imports: "[]".to_owned(),
    };
    let mut tx = w.write().await;
    assert!(tx.system().put_plugin(&new, T0).await.unwrap());
    assert!(!tx.system().put_plugin(&new, at(1)).await.unwrap());
    let row = tx.system().plugin("d9").await.unwrap().unwrap();
    assert_eq!(
        (row.component, row.version, row.created_at),
        (new.component, new.version, T0)
    );
    let told = tx.system().plugin_parts("d9").await.unwrap();
    assert_eq!(told, ("[]".to_owned(), "[]".to_owned()));
    let nothing = tx.system().plugin_parts("d8").await.unwrap();
    assert_eq!(nothing, (String::new(), String::new()));
    assert!(tx.system().plugin("d8").await.unwrap().is_none());
    assert_eq!(tx.system().plugins().await.unwrap()[0].digest, "d9");
}

async fn an_update_keeps_id_and_handles(w: World) {
    let id = w.install().await;
    let mut tx = w.write().await;
    let first = tx.tenant(w.a.id).installation(id).await.unwrap().unwrap();
    tx.tenant(w.a.id)
        .set_breaker(id, 3, Some(at(9)), 1)
        .await
        .unwrap();
    let update = NewInstallation {
        id: InstallationId::new(&*w.ids, at(1)),
        digest: "d1".to_owned(),
        plugin_id: first.plugin_id.clone(),
        kind: PluginKind::Replies,
        position: 5,
        config: "{\"a\":1}".to_owned(),
        grants: "{\"b\":2}".to_owned(),
        handle_key: b"another".to_vec(),
        enabled: true,
    };
    assert_eq!(
        tx.tenant(w.a.id)
            .put_installation(&update, at(1))
            .await
            .unwrap(),
        id
    );
    let second = tx.tenant(w.a.id).installation(id).await.unwrap().unwrap();
    assert_eq!(
        (&second.handle_key, second.created_at),
        (&first.handle_key, first.created_at)
    );
    assert_eq!(
        (
            second.position,
            second.config.as_str(),
            second.grants.as_str()
        ),
        (5, "{\"a\":1}", "{\"b\":2}")
    );
    assert_eq!(
        (
            second.failures_in_row,
            second.breaker_open_until,
            second.breaker_opened
        ),
        (0, None, 0)
    );
    assert_eq!(
        tx.system().enabled_installations().await.unwrap(),
        [(w.a.id, second)]
    );
    tx.tenant(w.a.id).set_enabled(id, false).await.unwrap();
    assert!(
        tx.system()
            .enabled_installations()
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(tx.tenant(w.a.id).installations().await.unwrap().len(), 1);
    let missing = NewInstallation {
        digest: "nowhere".to_owned(),
        ..update
    };
    let refused = tx.tenant(w.a.id).put_installation(&missing, T0).await;
    assert!(
        matches!(refused, Err(StoreError::Constraint { .. })),
        "{refused:?}"
    );
}

async fn the_breaker_is_kept(w: World) {
    let id = w.install().await;
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .set_breaker(id, 3, Some(at(9)), 2)
        .await
        .unwrap();
    let row = tx.tenant(w.a.id).installations().await.unwrap().remove(0);
    assert_eq!(
        (
            row.failures_in_row,
            row.breaker_open_until,
            row.breaker_opened
        ),
        (3, Some(at(9)), 2)
    );
}

fn write(key: &str, value: Option<&[u8]>, expires_ms: Option<i64>) -> StoredKvWrite {
    StoredKvWrite {
        key: key.to_owned(),
        value: value.map(<[u8]>::to_vec),
        expires_at: expires_ms.map(at),
    }
}

async fn keys_and_values(w: World) {
    let id = w.install().await;
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let all: Vec<u8> = (0..=255).collect();
    a.kv_apply(
        id,
        &[
            write("a", Some(&all), None),
            write("b", Some(b"x"), Some(100)),
            write("e", Some(b""), None),
        ],
    )
    .await
    .unwrap();
    assert_eq!(a.kv_get(id, "a", T0).await.unwrap(), Some(all));
    assert_eq!(a.kv_get(id, "e", T0).await.unwrap(), Some(Vec::new()));
    assert_eq!(
        a.kv_get(id, "b", at(99)).await.unwrap().as_deref(),
        Some(&b"x"[..])
    );
    assert_eq!(a.kv_get(id, "b", at(100)).await.unwrap(), None);
    assert_eq!(a.kv_usage(id).await.unwrap(), 1 + 256 + 1 + 1 + 1);
    // The last write to a key counts; deletes and puts go together.
    a.kv_apply(
        id,
        &[
            write("a", None, None),
            write("b", Some(b"1"), None),
            write("b", Some(b"22"), None),
            write("zz", None, None),
        ],
    )
    .await
    .unwrap();
    assert_eq!(a.kv_get(id, "a", T0).await.unwrap(), None);
    assert_eq!(
        a.kv_get(id, "b", at(1_000)).await.unwrap().as_deref(),
        Some(&b"22"[..])
    );
    a.kv_apply(id, &[]).await.unwrap();
    let stranger = InstallationId::new(&*w.ids, T0);
    let refused = a.kv_apply(stranger, &[write("a", Some(b"x"), None)]).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
}

async fn keys_are_listed_in_byte_order(w: World) {
    let id = w.install().await;
    let keys = ["u:B", "u:a", "u:Z", "u:_", "u:ñ", "v:a", "u%"];
    let writes: Vec<StoredKvWrite> = keys.iter().map(|k| write(k, Some(b"1"), None)).collect();
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.kv_apply(id, &writes).await.unwrap();
    a.kv_apply(id, &[write("u:gone", Some(b"1"), Some(10))])
        .await
        .unwrap();
    assert_eq!(
        a.kv_list(id, "u:", None, 10, at(10)).await.unwrap(),
        ["u:B", "u:Z", "u:_", "u:a", "u:ñ"]
    );
    assert_eq!(
        a.kv_list(id, "u:", Some("u:Z"), 2, at(10)).await.unwrap(),
        ["u:_", "u:a"]
    );
    assert_eq!(a.kv_list(id, "", None, 10, at(10)).await.unwrap().len(), 7);
    assert_eq!(a.kv_list(id, "u%", None, 10, at(10)).await.unwrap(), ["u%"]);
}

async fn timers_are_replaced_and_fall_due(w: World) {
    let id = w.install().await;
    let mut timer = NewTimer {
        id: TimerId::new(&*w.ids, T0),
        installation: id,
        contact: w.a.ana,
        number: w.a.number.clone(),
        name: "remind".to_owned(),
        payload: "one".to_owned(),
        due_at: at(100),
        about: None,
    };
    let mut tx = w.write().await;
    tx.tenant(w.a.id).put_timer(&timer).await.unwrap();
    timer.id = TimerId::new(&*w.ids, at(1));
    timer.payload = "two".to_owned();
    timer.due_at = at(200);
    tx.tenant(w.a.id).put_timer(&timer).await.unwrap();
    assert!(
        tx.system()
            .due_timers(at(199), 10)
            .await
            .unwrap()
            .is_empty()
    );
    let due = tx.system().due_timers(at(200), 10).await.unwrap();
    assert_eq!(
        (due.len(), due[0].id, due[0].payload.as_str(), due[0].tenant),
        (1, timer.id, "two", w.a.id)
    );
    assert!(tx.system().delete_timer(timer.id).await.unwrap());
    assert!(!tx.system().delete_timer(timer.id).await.unwrap());
    tx.tenant(w.a.id).put_timer(&timer).await.unwrap();
    assert!(
        tx.tenant(w.a.id)
            .cancel_timer(id, w.a.ana, "remind")
            .await
            .unwrap()
    );
    assert!(
        !tx.tenant(w.a.id)
            .cancel_timer(id, w.a.ana, "remind")
            .await
            .unwrap()
    );
}

async fn calls_logs_and_metrics(w: World) {
    let id = w.install().await;
    let event = EventId::new(&*w.ids, T0);
    let call = PluginCall {
        call_id: format!("{event}:{id}"),
        installation: id,
        event,
        digest: "d1".to_owned(),
        outcome: "ok".to_owned(),
        detail: String::new(),
        actions: 3,
        fuel: u64::MAX,
        peak_memory_bytes: 65_536,
        called_at: T0,
    };
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.record_call(&call).await.unwrap();
    let kept = a.calls(id, 10).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        kept[0],
        PluginCall {
            fuel: u64::try_from(i64::MAX).unwrap(),
            ..call
        }
    );
    let line = |n: u32| ("info".to_owned(), format!("line {n}"));
    a.append_logs(id, event, &[line(0), line(1)], T0)
        .await
        .unwrap();
    a.append_logs(id, event, &[], T0).await.unwrap();
    a.append_logs(id, event, &[line(2)], T0).await.unwrap();
    let lines: Vec<String> = a
        .logs(id, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|l| l.line)
        .collect();
    assert_eq!(lines, ["line 0", "line 1", "line 2"]);
    let metric = |index: u32, value: i64| MetricEvent {
        installation: id,
        event,
        action_index: index,
        name: "orders".to_owned(),
        value,
        labels: vec![("city".to_owned(), "Cali".to_owned())],
        at: T0,
    };
    a.record_metrics(&[metric(0, 2), metric(1, -5)])
        .await
        .unwrap();
    a.record_metrics(&[metric(1, -5)]).await.unwrap();
    let totals = a.metric_totals().await.unwrap();
    assert_eq!(
        totals,
        [("orders".to_owned(), "[[\"city\",\"Cali\"]]".to_owned(), -3)]
    );
}
