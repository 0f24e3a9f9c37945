//! A tenant with another tenant's ids in hand sees nothing and changes nothing.

use portero_domain::address::AddressKey;
use portero_domain::consent::{ConsentEventKind, ConsentScope};
use portero_domain::ids::{DecisionId, EventId, TimerId, Wamid};
use portero_domain::language::Language;
use portero_domain::proposal::{Class, OutboxState};
use portero_domain::status::MessageStatus;
use portero_domain::template::{Template, TemplateCategory, TemplateSlots, TemplateStatus};
use portero_domain::update::{PersonRef, StatusUpdate};
use portero_gate::facts::DoNotContact;
use portero_store::model::{
    AttemptEnd, DecisionFilter, JournalKey, MetricEvent, NewRecording, NewTimer, OutboxFilter,
    PluginCall, StatusEffect, StoredKvWrite, Wording,
};

use crate::world::{T0, World, at};

crate::tests![
    nothing_of_another_tenant_is_seen,
    nothing_of_another_tenant_is_changed
];

/// Something of everything, all of shop `a`.
struct Belongings {
    installation: portero_domain::ids::InstallationId,
    journal_key: JournalKey,
    outbox: portero_domain::ids::OutboxId,
    attempt: portero_domain::ids::AttemptId,
    event: EventId,
    decision: DecisionId,
    key: String,
}

async fn fill(w: &World) -> Belongings {
    let installation = w.install().await;
    let (outbox, attempt) = w.on_the_wire(T0).await;
    let event = w.event("l", T0);
    let mut tx = w.write().await;
    tx.system()
        .insert_events(std::slice::from_ref(&event))
        .await
        .unwrap();
    let consent = w.consent(ConsentEventKind::Granted, ConsentScope::Promotional, T0);
    let mut a = tx.tenant(w.a.id);
    a.append_consent(w.a.ana, &consent).await.unwrap();
    a.set_attribute(w.a.ana, "city", Some("Cali"))
        .await
        .unwrap();
    a.set_tag(w.a.ana, "vip", true).await.unwrap();
    a.open_transaction("P-1", w.a.ana, "paid", "{}", T0)
        .await
        .unwrap();
    a.open_window(&w.a.number, w.a.ana, T0, "wamid.in")
        .await
        .unwrap();
    a.hand_over(&w.a.number, w.a.ana, "asks", T0).await.unwrap();
    a.put_do_not_contact(&w.a.phone, DoNotContact::All, "r", "op", T0)
        .await
        .unwrap();
    a.put_sandbox_person(&w.a.phone, "000001").await.unwrap();
    a.confirm_sandbox_person(w.a.ana, "000001", T0)
        .await
        .unwrap();
    let wording = Wording {
        name: "ofertas".to_owned(),
        version: 1,
        language: Language::Es,
        body: "¿?".to_owned(),
        yes_label: "Sí".to_owned(),
        no_label: "No".to_owned(),
        thanks: "Gracias".to_owned(),
        promise: portero_gate::Policy::default().default_promise,
    };
    a.put_wording(&wording, T0).await.unwrap();
    a.upsert_templates(&w.a.waba, &[template()], true, T0)
        .await
        .unwrap();
    let write = StoredKvWrite {
        key: "k".to_owned(),
        value: Some(b"v".to_vec()),
        expires_at: None,
    };
    a.kv_apply(installation, &[write]).await.unwrap();
    a.put_timer(&timer(w, installation)).await.unwrap();
    a.record_call(&call(installation, event.id)).await.unwrap();
    let journal_key = a.installations().await.unwrap()[0].journal_key.clone();
    let new = NewRecording {
        call_id: &format!("{}:{installation}", event.id),
        installation,
        contact: w.a.ana,
        called_at: T0,
        recording: b"what ana wrote",
    };
    a.put_recording(new, &journal_key).await.unwrap();
    a.append_logs(
        installation,
        event.id,
        &[("info".to_owned(), "hi".to_owned())],
        T0,
    )
    .await
    .unwrap();
    a.record_metrics(&[metric(installation, event.id)])
        .await
        .unwrap();
    a.apply_status(&status("wamid.s"), T0).await.unwrap();
    let row = a.outbox(outbox).await.unwrap().unwrap();
    let decision = row.admission_decision;
    tx.commit().await.unwrap();
    Belongings {
        installation,
        journal_key,
        outbox,
        attempt,
        event: event.id,
        decision,
        key: row.key,
    }
}

fn template() -> Template {
    Template {
        name: "carrito".to_owned(),
        language: "es_CO".to_owned(),
        category: TemplateCategory::Marketing,
        status: TemplateStatus::Approved,
        paused_until: None,
        slots: TemplateSlots::default(),
        body: String::new(),
        synced_at: T0,
    }
}

fn timer(w: &World, installation: portero_domain::ids::InstallationId) -> NewTimer {
    NewTimer {
        id: TimerId::new(&*w.ids, T0),
        installation,
        contact: w.a.ana,
        number: w.a.number.clone(),
        name: "t".to_owned(),
        payload: String::new(),
        due_at: T0,
        about: None,
    }
}

fn call(installation: portero_domain::ids::InstallationId, event: EventId) -> PluginCall {
    PluginCall {
        call_id: format!("{event}:{installation}"),
        installation,
        event,
        digest: "d1".to_owned(),
        outcome: "ok".to_owned(),
        detail: String::new(),
        actions: 0,
        fuel: 1,
        peak_memory_bytes: 1,
        called_at: T0,
    }
}

fn metric(installation: portero_domain::ids::InstallationId, event: EventId) -> MetricEvent {
    MetricEvent {
        installation,
        event,
        action_index: 0,
        name: "m".to_owned(),
        value: 1,
        labels: Vec::new(),
        at: T0,
    }
}

fn status(wamid: &str) -> StatusUpdate {
    StatusUpdate {
        wamid: Wamid::new(wamid).unwrap(),
        status: Some(MessageStatus::Read),
        status_text: "read".to_owned(),
        at: T0,
        callback_data: None,
        recipient: PersonRef::default(),
        error: None,
        pricing: None,
    }
}

async fn nothing_of_another_tenant_is_seen(w: World) {
    let its = fill(&w).await;
    let mut tx = w.store.read().await.unwrap();
    let mut b = tx.tenant(w.b.id);
    let (ana, number, waba) = (w.a.ana, &w.a.number, &w.a.waba);
    assert_eq!(
        b.contact_by_addresses(std::slice::from_ref(&w.a.phone))
            .await
            .unwrap(),
        None
    );
    assert_eq!(b.contact(ana).await.unwrap(), None);
    assert_eq!(
        b.contacts(10, None)
            .await
            .unwrap()
            .iter()
            .map(|c| c.id)
            .collect::<Vec<_>>(),
        [w.b.ana]
    );
    assert!(b.attributes(ana).await.unwrap().is_empty());
    assert!(b.tags(ana).await.unwrap().is_empty());
    assert!(b.transaction("P-1").await.unwrap().is_none());
    assert!(b.transactions(ana).await.unwrap().is_empty());
    assert!(b.consent_events(ana).await.unwrap().is_empty());
    assert_eq!(b.do_not_contact(ana).await.unwrap(), None);
    assert!(!b.sandbox_allowed(ana).await.unwrap());
    assert!(b.sandbox_people().await.unwrap().is_empty());
    assert!(b.wordings().await.unwrap().is_empty());
    assert!(b.wording("ofertas", Language::Es).await.unwrap().is_none());
    assert!(b.templates().await.unwrap().is_empty());
    assert!(
        b.template(waba, "carrito", "es_CO")
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        b.closest_templates(waba, "carrito")
            .await
            .unwrap()
            .is_empty()
    );
    assert!(b.conversation(number, ana).await.unwrap().is_none());
    assert!(b.handed_over(9, None, None).await.unwrap().is_empty());
    assert!(b.handover_events(ana, 9).await.unwrap().is_empty());
    let phone = std::slice::from_ref(&w.a.phone);
    let messages = b.messages_of(number, phone, 9, None).await.unwrap();
    assert!(messages.is_empty());
    assert!(b.number(number).await.unwrap().is_none());
    assert!(b.number_token(number).await.unwrap().is_none());
    assert_eq!(b.numbers().await.unwrap().len(), 1);
    assert!(b.events(10, None).await.unwrap().is_empty());
    assert!(b.event(its.event).await.unwrap().is_none());
    assert!(b.installations().await.unwrap().is_empty());
    assert!(b.installation(its.installation).await.unwrap().is_none());
    assert_eq!(b.kv_get(its.installation, "k", T0).await.unwrap(), None);
    assert!(
        b.kv_list(its.installation, "", None, 10, T0)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(b.kv_usage(its.installation).await.unwrap(), 0);
    assert!(b.calls(its.installation, 10).await.unwrap().is_empty());
    assert!(b.logs(its.installation, 10).await.unwrap().is_empty());
    let key = &its.journal_key;
    let recorded = b.recordings(its.installation, key, T0, None, 10).await;
    assert!(recorded.unwrap().is_empty());
    let recorded = b.recording(its.installation, key, its.event).await;
    assert!(recorded.unwrap().is_none());
    let said = b.verdicts_of_keys(std::slice::from_ref(&its.key)).await;
    assert!(said.unwrap().is_empty());
    assert!(b.metric_totals().await.unwrap().is_empty());
    assert!(b.outbox(its.outbox).await.unwrap().is_none());
    assert!(b.outbox_by_key(&its.key).await.unwrap().is_none());
    assert!(
        b.outbox_list(&OutboxFilter::default())
            .await
            .unwrap()
            .is_empty()
    );
    let of_ana = OutboxFilter {
        contact: Some(ana),
        ..OutboxFilter::default()
    };
    assert!(b.outbox_list(&of_ana).await.unwrap().is_empty());
    assert!(b.attempt(its.attempt).await.unwrap().is_none());
    assert!(b.attempts(its.outbox).await.unwrap().is_empty());
    assert!(b.statuses(its.outbox).await.unwrap().is_empty());
    assert!(b.decision(its.decision).await.unwrap().is_none());
    assert!(
        b.decisions(&DecisionFilter::default())
            .await
            .unwrap()
            .is_empty()
    );
    let of_outbox = DecisionFilter {
        outbox: Some(its.outbox),
        ..DecisionFilter::default()
    };
    assert!(b.decisions(&of_outbox).await.unwrap().is_empty());
    assert_eq!(
        b.accounting()
            .await
            .unwrap()
            .iter()
            .map(|(_, n)| n)
            .sum::<u64>(),
        0
    );
    let chain = b.verify_chain().await.unwrap();
    assert_eq!((chain.seals, chain.unsealed), (0, 0));
    assert_eq!(
        tx.system().event_counts(Some(w.b.id)).await.unwrap().len(),
        0
    );
    // The owner sees all of it, so nothing above was empty by accident.
    let mut a = tx.tenant(w.a.id);
    assert_eq!(
        a.decisions(&DecisionFilter::default()).await.unwrap().len(),
        1
    );
    assert_eq!(a.kv_usage(its.installation).await.unwrap(), 2);
    let key = &its.journal_key;
    let kept = a.recordings(its.installation, key, T0, None, 10).await;
    let kept = kept.unwrap();
    assert_eq!(kept[0].recording, b"what ana wrote");
    let one = a.recording(its.installation, key, its.event).await.unwrap();
    assert_eq!(one.as_ref(), kept.first());
    let before = a.recordings(its.installation, key, T0, Some(&kept[0].call_id), 10);
    assert!(before.await.unwrap().is_empty());
    let said = a.verdicts_of_keys(std::slice::from_ref(&its.key)).await;
    assert_eq!(said.unwrap().len(), 1);
    assert_eq!(a.metric_totals().await.unwrap().len(), 1);
    assert_eq!(a.handed_over(9, None, None).await.unwrap().len(), 1);
    assert_eq!(a.verify_chain().await.unwrap().unsealed, 2);
}

/// Every row of every table, as text.
async fn everything(w: &World) -> Vec<String> {
    use sqlx::{Connection, Row};
    let mut all = Vec::new();
    if w.is_postgres() {
        let mut conn = sqlx::PgConnection::connect(&w.url).await.unwrap();
        let tables = "select table_name::text from information_schema.tables where table_schema = 'public' order by 1";
        for table in sqlx::query(tables).fetch_all(&mut conn).await.unwrap() {
            let table: String = table.get(0);
            let sql = sqlx::AssertSqlSafe(format!("select t::text from {table} t order by 1"));
            for row in sqlx::query(sql).fetch_all(&mut conn).await.unwrap() {
                all.push(format!("{table}: {}", row.get::<String, _>(0)));
            }
        }
    } else {
        let mut conn = sqlx::SqliteConnection::connect(&w.url).await.unwrap();
        let tables = "select name from sqlite_master where type = 'table' order by 1";
        for table in sqlx::query(tables).fetch_all(&mut conn).await.unwrap() {
            let table: String = table.get(0);
            let columns = sqlx::AssertSqlSafe(format!(
                "select group_concat('quote(' || name || ')', '||'',''||') from pragma_table_info('{table}')"
            ));
            let columns: String = sqlx::query(columns)
                .fetch_one(&mut conn)
                .await
                .unwrap()
                .get(0);
            let sql = sqlx::AssertSqlSafe(format!("select {columns} from {table} order by 1"));
            for row in sqlx::query(sql).fetch_all(&mut conn).await.unwrap() {
                all.push(format!("{table}: {}", row.get::<String, _>(0)));
            }
        }
    }
    all
}

async fn nothing_of_another_tenant_is_changed(w: World) {
    let its = fill(&w).await;
    let before = everything(&w).await;
    assert!(before.len() > 25, "{}", before.len());
    let (ana, number, waba) = (w.a.ana, &w.a.number, &w.a.waba);
    let consent = w.consent(ConsentEventKind::Revoked, ConsentScope::All, at(5));
    let mut tx = w.write().await;
    let mut b = tx.tenant(w.b.id);
    // Refused or without effect, either is fine; what counts is that no row of `a` differs after.
    assert_eq!(b.halt_numbers(number, true, "x", T0).await.unwrap(), 0);
    let _ = b.set_number_stop(number, Some("x"), T0).await;
    let alias = AddressKey::parse("+573000000001").unwrap();
    b.add_aliases(ana, &[(alias.clone(), alias.to_string())], T0)
        .await
        .unwrap();
    b.touch_contact_name(ana, "Eve").await.unwrap();
    let _ = b.set_contact_language(ana, Some("en")).await;
    let _ = b.set_attribute(ana, "city", Some("Quito")).await;
    b.set_attribute(ana, "city", None).await.unwrap();
    b.set_tag(ana, "eve", true).await.unwrap();
    b.set_tag(ana, "vip", false).await.unwrap();
    let _ = b.open_transaction("P-1", ana, "x", "{}", T0).await;
    assert!(!b.close_transaction("P-1", T0).await.unwrap());
    assert!(b.append_consent(ana, &consent).await.is_err());
    assert!(!b.remove_do_not_contact(&w.a.phone).await.unwrap());
    assert!(
        !b.confirm_sandbox_person(w.a.ana, "000001", at(9))
            .await
            .unwrap()
    );
    assert!(!b.remove_sandbox_person(&w.a.phone).await.unwrap());
    assert!(
        b.upsert_templates(waba, &[template()], false, at(9))
            .await
            .is_err()
    );
    b.upsert_templates(waba, &[], true, at(9)).await.unwrap();
    let paused = TemplateStatus::Paused;
    assert!(
        !b.set_template_status(waba, "carrito", "es_CO", &paused, None, at(9))
            .await
            .unwrap()
    );
    assert!(
        !b.set_template_category(waba, "carrito", "es_CO", TemplateCategory::Utility, at(9))
            .await
            .unwrap()
    );
    assert!(
        !b.set_template_quality(waba, "carrito", "es_CO", "RED", at(9))
            .await
            .unwrap()
    );
    assert!(b.open_window(number, ana, at(9), "x").await.is_err());
    assert!(
        b.set_owner(number, ana, Some(its.installation))
            .await
            .is_err()
    );
    assert!(b.hand_over(number, ana, "x", T0).await.is_err());
    assert!(!b.give_back(number, ana, "", "op", T0).await.unwrap());
    assert!(!b.answered(number, ana, "op", T0).await.unwrap());
    let mine = portero_store::model::Unanswered {
        tenant: w.b.id,
        number: number.clone(),
        contact: ana,
        since: T0,
    };
    assert!(!b.alerted(&mine, T0).await.unwrap());
    assert!(b.set_breaker(its.installation, 9, None, 9).await.is_err());
    assert!(b.set_enabled(its.installation, false).await.is_err());
    for value in [Some(b"w".to_vec()), None] {
        let write = StoredKvWrite {
            key: "k".to_owned(),
            value,
            expires_at: None,
        };
        let _ = b.kv_apply(its.installation, &[write]).await;
    }
    assert!(b.put_timer(&timer(&w, its.installation)).await.is_err());
    assert!(!b.cancel_timer(its.installation, ana, "t").await.unwrap());
    assert!(
        b.record_call(&call(its.installation, its.event))
            .await
            .is_err()
    );
    let new = NewRecording {
        call_id: "x",
        installation: its.installation,
        contact: ana,
        called_at: T0,
        recording: b"theirs",
    };
    assert!(b.put_recording(new, &its.journal_key).await.is_err());
    b.append_logs(
        its.installation,
        its.event,
        &[("x".to_owned(), "y".to_owned())],
        T0,
    )
    .await
    .unwrap();
    b.record_metrics(&[metric(its.installation, EventId::new(&*w.ids, at(1)))])
        .await
        .unwrap();
    assert!(
        !b.settle_outbox(its.outbox, OutboxState::Denied, None, None, T0)
            .await
            .unwrap()
    );
    assert!(
        !b.defer_outbox(its.outbox, T0, None, its.decision)
            .await
            .unwrap()
    );
    assert!(!b.requeue_outbox(its.outbox, T0, true, T0).await.unwrap());
    assert!(!b.release_outbox(its.outbox, T0).await.unwrap());
    assert_eq!(b.cancel_queued(ana, false, "x", T0).await.unwrap(), 0);
    assert!(
        !b.begin_attempt(&w.attempt(its.outbox), its.decision, T0, T0)
            .await
            .unwrap()
    );
    for end in [
        AttemptEnd::Accepted {
            wamid: Wamid::new("w").unwrap(),
            status: MessageStatus::Accepted,
        },
        AttemptEnd::Refused {
            code: 1,
            title: String::new(),
            http: 400,
        },
        AttemptEnd::NotSent { why: String::new() },
        AttemptEnd::Unknown { why: String::new() },
    ] {
        assert!(!b.end_attempt(its.attempt, &end, T0).await.unwrap());
    }
    let forged = StatusUpdate {
        callback_data: Some(its.attempt.to_string()),
        ..status("wamid.forged")
    };
    assert_eq!(
        b.apply_status(&forged, T0).await.unwrap(),
        StatusEffect::NoSuchMessage
    );
    let proposal = w.proposal(Class::Reply, at(3));
    assert!(
        b.load_facts(portero_store::model::FactsQuery {
            proposal: &proposal,
            content_hash: "h",
            content: Default::default(),
            plugin: None,
            now: T0,
            spend: None,
        })
        .await
        .is_ok()
    );
    tx.commit().await.unwrap();
    let after = everything(&w).await;
    let changed: Vec<&String> = before.iter().filter(|row| !after.contains(row)).collect();
    assert!(changed.is_empty(), "{changed:#?}");
    // What `b` may add is its own status of a message nobody knows.
    let added: Vec<&String> = after.iter().filter(|row| !before.contains(row)).collect();
    assert_eq!(added.len(), 1, "{added:#?}");
    assert!(
        added[0].starts_with("status_events") && added[0].contains(&w.b.id.to_string()),
        "{added:?}"
    );
}
