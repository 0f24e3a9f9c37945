//! Terms: what goes one millisecond after them and not at them, what stays, and that a step may be broken off.

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{DeliveryId, EventId, OutboxId, TenantId, TokenId};
use portero_domain::notice::NoticeKind;
use portero_domain::proposal::{Class, OutboxState};
use portero_domain::retention::{Days, Kind, PROOF_DAYS};
use portero_store::model::{
    EventState, Let, NewAudit, NewDelivery, NewEvent, NewRecording, NewToken, Part, Past,
    PluginCall,
};
use serde_json::json;

use crate::chain;
use crate::schema::raw;
use crate::world::{T0, World, at, sha256};

crate::tests![
    words_go_a_millisecond_after_their_term_and_no_sooner,
    what_waits_keeps_its_words_until_it_ends,
    bodies_of_webhooks_go_with_what_came_in_them,
    a_step_that_is_broken_off_leaves_nothing_and_the_next_goes_on,
    of_two_hosts_one_walks,
    verdicts_leave_their_hash_and_the_chain_tells_who_took_one_sooner,
    proofs_of_the_erased_go_and_the_tombstone_stays,
    logs_lists_and_sessions_go_and_what_is_valid_or_waits_stays,
    terms_are_kept_per_tenant,
];

/// Everything of a part that is older than `cutoff`, in bites of `limit`.
async fn let_go(w: &World, tenant: Option<TenantId>, part: Part, cutoff: Ts, limit: usize) -> u64 {
    let mut all = 0;
    for _ in 0..100 {
        let mut tx = w.write().await;
        let done = tx
            .system()
            .let_go(tenant, part, cutoff, cutoff, limit)
            .await;
        let Let { rows, more } = done.unwrap().unwrap();
        tx.commit().await.unwrap();
        assert!(rows <= 2 * u64::try_from(limit).unwrap());
        all += rows;
        if !more {
            return all;
        }
    }
    panic!("it does not end");
}

async fn any(w: &World, part: Part, cutoff: Ts) -> bool {
    let mut tx = w.store.read().await.unwrap();
    let of = Some(w.a.id);
    tx.system().any_past_term(of, part, cutoff).await.unwrap()
}

async fn past(w: &World, part: Part, cutoff: Ts) -> Past {
    let mut tx = w.store.read().await.unwrap();
    tx.tenant(w.a.id).past_term(part, cutoff).await.unwrap()
}

async fn words(w: &World, id: OutboxId) -> bool {
    let mut tx = w.store.read().await.unwrap();
    let row = tx.tenant(w.a.id).outbox(id).await.unwrap().unwrap();
    !row.words_gone()
}

fn heard(w: &World, tenant: TenantId, kind: &str, t: Ts) -> NewEvent {
    NewEvent {
        tenant: Some(tenant),
        state: EventState::Done,
        payload: json!({ "text": "una palabra" }).to_string(),
        kind: kind.to_owned(),
        ..w.event("m:1", t)
    }
}

async fn keep(w: &World, events: &[NewEvent]) {
    let mut tx = w.write().await;
    assert!(
        tx.system()
            .insert_events(events)
            .await
            .unwrap()
            .iter()
            .all(|new| *new)
    );
    tx.commit().await.unwrap();
}

async fn told(w: &World, tenant: TenantId, id: EventId) -> bool {
    let mut tx = w.store.read().await.unwrap();
    let row = tx.tenant(tenant).event(id).await.unwrap().unwrap();
    !row.words_gone()
}

async fn words_go_a_millisecond_after_their_term_and_no_sooner(w: World) {
    let sent = w
        .put(&w.proposal(Class::Reply, T0), OutboxState::Sent)
        .await;
    let later = w
        .put(&w.proposal(Class::Reply, at(5)), OutboxState::Sent)
        .await;
    let (a, b) = (
        heard(&w, w.a.id, "message", T0),
        heard(&w, w.b.id, "message", T0),
    );
    keep(&w, &[a.clone(), b.clone()]).await;
    for part in [Part::Written, Part::Heard] {
        assert!(!any(&w, part, T0).await && !any(&w, part, at(0)).await);
        assert_eq!(past(&w, part, T0).await, Past::default());
        assert_eq!(let_go(&w, Some(w.a.id), part, T0, 10).await, 0);
    }
    assert!(words(&w, sent).await && told(&w, w.a.id, a.id).await);

    for part in [Part::Written, Part::Heard] {
        assert!(any(&w, part, at(1)).await);
        let before = past(&w, part, at(1)).await;
        assert_eq!(
            (before.rows, before.oldest, before.resting),
            (1, Some(T0), 0)
        );
        assert_eq!(let_go(&w, Some(w.a.id), part, at(1), 10).await, 1);
        assert!(!any(&w, part, at(1)).await);
        assert_eq!(past(&w, part, at(1)).await, Past::default());
    }
    assert!(!words(&w, sent).await && words(&w, later).await);
    assert!(!told(&w, w.a.id, a.id).await && told(&w, w.b.id, b.id).await);
    let mut tx = w.store.read().await.unwrap();
    let row = tx.tenant(w.a.id).outbox(sent).await.unwrap().unwrap();
    assert_eq!(
        (row.content_hash.as_str(), row.state),
        ("hash", OutboxState::Sent)
    );
    let walks = tx.tenant(w.a.id).retention_walks().await.unwrap();
    let gone: Vec<(Part, u64)> = walks.iter().map(|walk| (walk.part, walk.gone)).collect();
    assert_eq!(gone, [(Part::Heard, 1), (Part::Written, 1)]);
    assert!(
        tx.tenant(w.b.id)
            .retention_walks()
            .await
            .unwrap()
            .is_empty()
    );
}

async fn what_waits_keeps_its_words_until_it_ends(w: World) {
    let queued = w.queued(Class::Reply, T0).await;
    let done = w
        .put(&w.proposal(Class::Reply, T0), OutboxState::Denied)
        .await;
    let mut pending = heard(&w, w.a.id, "message", T0);
    pending.state = EventState::Pending;
    keep(&w, &[pending.clone()]).await;
    let before = past(&w, Part::Written, at(1)).await;
    assert_eq!((before.rows, before.resting), (1, 1));
    assert_eq!(let_go(&w, Some(w.a.id), Part::Written, at(1), 1).await, 1);
    assert_eq!(let_go(&w, Some(w.a.id), Part::Heard, at(1), 1).await, 0);
    assert!(words(&w, queued).await && !words(&w, done).await);
    assert!(!any(&w, Part::Written, at(1)).await && !any(&w, Part::Heard, at(1)).await);

    raw(
        &w,
        "update outbox set state = 'expired' where state = 'queued'",
    )
    .await;
    raw(
        &w,
        "update inbox set state = 'done' where state = 'pending'",
    )
    .await;
    assert!(any(&w, Part::Written, at(1)).await && any(&w, Part::Heard, at(1)).await);
    assert_eq!(past(&w, Part::Written, at(1)).await.rows, 1);
    assert_eq!(let_go(&w, Some(w.a.id), Part::Written, at(1), 1).await, 1);
    assert_eq!(let_go(&w, Some(w.a.id), Part::Heard, at(1), 1).await, 1);
    assert!(!words(&w, queued).await && !told(&w, w.a.id, pending.id).await);
    assert!(!any(&w, Part::Written, at(1)).await);
}

async fn bodies_of_webhooks_go_with_what_came_in_them(w: World) {
    let delivery = |t: Ts| NewDelivery {
        id: DeliveryId::new(&*w.ids, t),
        app: "default".to_owned(),
        body: b"{\"una\":\"palabra\"}".to_vec(),
        received_at: t,
        updates: 1,
    };
    let all = [delivery(T0), delivery(T0), delivery(T0), delivery(at(5))];
    let mut tx = w.write().await;
    tx.system().insert_deliveries(&all).await.unwrap();
    tx.commit().await.unwrap();
    let mut message = heard(&w, w.a.id, "message", T0);
    message.delivery = Some(all[0].id);
    let mut status = heard(&w, w.a.id, "status", T0);
    status.delivery = Some(all[1].id);
    let mut nobodys = heard(&w, w.a.id, "message", T0);
    (nobodys.tenant, nobodys.state, nobodys.delivery) =
        (None, EventState::Unrouted, Some(all[2].id));
    let mut late = heard(&w, w.a.id, "status", at(5));
    late.delivery = Some(all[3].id);
    keep(
        &w,
        &[
            message.clone(),
            status.clone(),
            nobodys.clone(),
            late.clone(),
        ],
    )
    .await;

    assert_eq!(let_go(&w, Some(w.a.id), Part::Events, T0, 2).await, 0);
    // Two bodies and one event: what people wrote has another term.
    assert_eq!(let_go(&w, Some(w.a.id), Part::Events, at(1), 2).await, 3);
    assert!(told(&w, w.a.id, message.id).await && !told(&w, w.a.id, status.id).await);
    assert!(told(&w, w.a.id, late.id).await);
    let lengths = |w: &World| {
        let (store, ids) = (w.store.clone(), all.clone().map(|d| d.id));
        async move {
            let mut tx = store.read().await.unwrap();
            let mut lengths = Vec::new();
            for id in ids {
                let body = tx.system().delivery_body(id).await.unwrap().unwrap();
                lengths.push(!body.is_empty());
            }
            lengths
        }
    };
    assert_eq!(lengths(&w).await, [false, false, true, true]);
    assert_eq!(let_go(&w, None, Part::Events, T0, 2).await, 0);
    assert_eq!(let_go(&w, None, Part::Events, at(1), 2).await, 2);
    assert_eq!(lengths(&w).await, [false, false, false, true]);
}

async fn a_step_that_is_broken_off_leaves_nothing_and_the_next_goes_on(w: World) {
    let mut sent = Vec::new();
    for n in 0..5 {
        sent.push(
            w.put(&w.proposal(Class::Reply, at(n)), OutboxState::Sent)
                .await,
        );
    }
    let bite = |commit: bool| {
        let (store, tenant) = (w.store.clone(), w.a.id);
        async move {
            let mut tx = store.write().await.unwrap();
            let done = tx
                .system()
                .let_go(Some(tenant), Part::Written, at(9), at(9), 2)
                .await;
            if commit {
                tx.commit().await.unwrap();
            }
            done.unwrap().unwrap()
        }
    };
    let whole = Let {
        rows: 2,
        more: true,
    };
    assert_eq!(bite(true).await, whole);
    // The process dies before its commit.
    assert_eq!(bite(false).await, whole);
    let mut left = 0;
    for id in &sent {
        left += u32::from(words(&w, *id).await);
    }
    assert_eq!(left, 3);
    assert_eq!(bite(true).await, whole);
    assert_eq!(
        bite(true).await,
        Let {
            rows: 1,
            more: false
        }
    );
    assert_eq!(
        bite(true).await,
        Let {
            rows: 0,
            more: false
        }
    );
    for id in &sent {
        assert!(!words(&w, *id).await);
    }
    let mut tx = w.store.read().await.unwrap();
    assert_eq!(
        tx.tenant(w.a.id).retention_walks().await.unwrap()[0].gone,
        5
    );
}

async fn of_two_hosts_one_walks(w: World) {
    for n in 0..3 {
        w.put(&w.proposal(Class::Reply, at(n)), OutboxState::Sent)
            .await;
    }
    // The row of the walk is there from the first bite on.
    let step = |limit| {
        let (store, tenant) = (w.store.clone(), w.a.id);
        async move {
            let mut tx = store.write().await.unwrap();
            let of = Some(tenant);
            let done = tx
                .system()
                .let_go(of, Part::Written, at(9), at(9), limit)
                .await;
            (tx, done.unwrap())
        }
    };
    let (tx, first) = step(1).await;
    assert_eq!(first.unwrap().rows, 1);
    tx.commit().await.unwrap();
    let (held, second) = step(1).await;
    assert_eq!(second.unwrap().rows, 1);
    if w.is_postgres() {
        // The other one is at it: nobody waits, nobody does it twice.
        let (other, none) = step(9).await;
        assert_eq!(none, None);
        drop(other);
    }
    held.commit().await.unwrap();
    let (tx, last) = step(9).await;
    assert_eq!(last.unwrap().rows, 1);
    tx.commit().await.unwrap();
}

async fn verdicts_leave_their_hash_and_the_chain_tells_who_took_one_sooner(w: World) {
    chain::fill(&w).await;
    assert_eq!(chain::seal(&w, 100).await, 5);
    w.put(&w.proposal(Class::Reply, T0), OutboxState::Denied)
        .await;
    let five_years = Millis::days(PROOF_DAYS.into());
    let head = chain::report(&w).await.head;
    // At T0 plus the term itself everything is there; a millisecond later the first verdict goes.
    let go = |now: Ts| {
        let store = w.store.clone();
        let tenant = Some(w.a.id);
        async move {
            let mut tx = store.write().await.unwrap();
            let cutoff = now - five_years;
            let done = tx
                .system()
                .let_go(tenant, Part::Verdicts, cutoff, now, 10)
                .await;
            tx.commit().await.unwrap();
            done.unwrap().unwrap().rows
        }
    };
    assert_eq!(go(T0 + five_years).await, 0);
    assert_eq!(go(at(1) + five_years).await, 1, "the unsealed one stays");
    let report = chain::report(&w).await;
    assert_eq!((report.faults.as_slice(), report.dropped), (&[][..], 1));
    assert_eq!(
        (report.head, report.dropped_at),
        (head, Some(at(1) + five_years))
    );
    assert_eq!(go(at(9) + five_years).await, 2);
    assert_eq!(chain::report(&w).await.dropped, 3);
    assert_eq!(chain::seal(&w, 100).await, 1);
    assert_eq!(chain::report(&w).await.faults, [] as [String; 0]);
    let mut tx = w.store.read().await.unwrap();
    let row = tx.tenant(w.b.id).verify_chain().await.unwrap();
    assert_eq!((row.seals, row.dropped), (0, 0));
    drop(tx);

    // Somebody takes one out by hand and says that its time had come.
    raw(&w, "update seals set dropped_at = sealed_at + 1000 where dropped_at is null and item_id like 'dec_%'").await;
    raw(
        &w,
        "delete from decisions where decision_id in (select item_id from seals)",
    )
    .await;
    let faults = chain::report(&w).await.faults;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("is gone"), "{faults:?}");
    // And who marks one that is there.
    raw(
        &w,
        "update seals set dropped_at = 1 where item_id like 'cns_%'",
    )
    .await;
    let faults = chain::report(&w).await.faults;
    assert!(
        faults.iter().any(|f| f.contains("marked as dropped")),
        "{faults:?}"
    );
}

async fn proofs_of_the_erased_go_and_the_tombstone_stays(w: World) {
    chain::fill(&w).await;
    assert_eq!(chain::seal(&w, 100).await, 5);
    assert_eq!(
        let_go(&w, Some(w.a.id), Part::Proofs, at(1 << 40), 10).await,
        0
    );
    chain::erase(&w).await;
    raw(&w, "update erasures set erased_at = 1795348800000").await;
    let five_years = Millis::days(PROOF_DAYS.into());
    let go = |now: Ts| {
        let store = w.store.clone();
        let tenant = Some(w.a.id);
        async move {
            let mut tx = store.write().await.unwrap();
            let done = tx
                .system()
                .let_go(tenant, Part::Proofs, now - five_years, now, 10)
                .await;
            tx.commit().await.unwrap();
            done.unwrap().unwrap().rows
        }
    };
    assert_eq!(go(T0 + five_years).await, 0);
    // The second event is a millisecond younger than the erasure says here: none is younger than its erasure.
    raw(&w, "update erasures set erased_at = 1795348800001").await;
    assert_eq!(past(&w, Part::Proofs, at(2)).await.rows, 2);
    assert_eq!(go(at(2) + five_years).await, 2);
    let report = chain::report(&w).await;
    assert_eq!((report.faults.as_slice(), report.dropped), (&[][..], 2));
    let mut tx = w.store.read().await.unwrap();
    let mut of = tx.tenant(w.a.id);
    assert!(of.consent_events(w.a.ana).await.unwrap().is_empty());
    drop(tx);
    assert!(raw(&w, "update tombstones set mark = mark").await > 0);
    assert_eq!(raw(&w, "update erasures set scope = scope").await, 1);
}

async fn logs_lists_and_sessions_go_and_what_is_valid_or_waits_stays(w: World) {
    let tenant = Some(w.a.id);
    // Calls and lines of plugins.
    let installation = w.install().await;
    for t in [T0, at(5)] {
        let event = EventId::new(&*w.ids, t);
        let mut tx = w.write().await;
        let mut a = tx.tenant(w.a.id);
        for call_id in [
            format!("{event}:{installation}"),
            format!("tally:{installation}:{}", t.0),
        ] {
            let call = PluginCall {
                call_id,
                installation,
                event,
                digest: "d1".to_owned(),
                outcome: "ok".to_owned(),
                detail: String::new(),
                actions: 0,
                fuel: 1,
                peak_memory_bytes: 1,
                called_at: t,
            };
            a.record_call(&call).await.unwrap();
        }
        let key = a.installations().await.unwrap()[0].journal_key.clone();
        let new = NewRecording {
            call_id: &format!("{event}:{installation}"),
            installation,
            contact: w.a.ana,
            called_at: t,
            recording: b"una palabra",
        };
        a.put_recording(new, &key).await.unwrap();
        let line = ("info".to_owned(), "una palabra".to_owned());
        a.append_logs(installation, event, &[line], t)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    // The log of who did what, of this tenant, another one and the server.
    for (n, tenant) in [
        (0, Some(w.a.id)),
        (5, Some(w.a.id)),
        (0, Some(w.b.id)),
        (0, None),
    ] {
        let new = NewAudit {
            id: portero_domain::ids::AuditId::new(&*w.ids, at(n)),
            at: at(n),
            tenant,
            who: "usr_1",
            token: None,
            operation: "GET /v1/contacts",
            targets: &[],
            status: 200,
            same: None,
        };
        let mut tx = w.write().await;
        tx.system().put_audit(&new).await.unwrap();
        tx.commit().await.unwrap();
    }
    // Tokens: ended at T0 by somebody, by itself, later, never; of this tenant and of the server.
    for (n, tenant) in [tenant, None].into_iter().enumerate() {
        for (m, ends) in [Some(at(0)), Some(at(5)), None].into_iter().enumerate() {
            let new = NewToken {
                id: TokenId::new(&*w.ids, T0),
                tenant,
                user: None,
                label: "ci".to_owned(),
                role: portero_domain::access::Role::Viewer,
                expires_at: ends,
                secret_sha256: sha256(&format!("{n}{m}")),
            };
            let mut tx = w.write().await;
            tx.system().put_token(&new, T0).await.unwrap();
            tx.commit().await.unwrap();
        }
    }
    // A notice that waits and one that does not.
    let endpoint = crate::webhooks::endpoint(&w, "whsec_x", &[]);
    for (n, (t, waits)) in [(T0, false), (at(5), false), (T0, true)]
        .into_iter()
        .enumerate()
    {
        let mut tx = w.write().await;
        let mut a = tx.tenant(w.a.id);
        if n == 0 {
            a.put_webhook(&endpoint, T0).await.unwrap();
        }
        let kind = NoticeKind::ALL[0];
        a.tell_one(endpoint.id, kind, &json!({ "n": 1 }), t)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        if !waits {
            raw(
                &w,
                "update webhook_deliveries set next_at = null, state = 'delivered'",
            )
            .await;
        }
    }
    for part in [
        Part::Notices,
        Part::Calls,
        Part::Tallies,
        Part::Logs,
        Part::Journal,
        Part::Audit,
        Part::Tokens,
    ] {
        assert_eq!(let_go(&w, tenant, part, T0, 10).await, 0, "{part:?}");
        assert!(!any(&w, part, T0).await, "{part:?}");
        assert!(any(&w, part, at(1)).await, "{part:?}");
        let before = past(&w, part, at(1)).await;
        assert_eq!((before.rows, before.oldest), (1, Some(T0)), "{part:?}");
        assert_eq!(let_go(&w, tenant, part, at(1), 10).await, 1, "{part:?}");
        assert!(!any(&w, part, at(1)).await, "{part:?}");
    }
    assert_eq!(let_go(&w, None, Part::Tokens, T0, 10).await, 0);
    assert_eq!(let_go(&w, None, Part::Tokens, at(1), 10).await, 1);
    assert_eq!(raw(&w, "update tokens set label = label").await, 4);
    assert_eq!(raw(&w, "update audit set who = who").await, 3);
    assert_eq!(raw(&w, "update notices set kind = kind").await, 2);
    assert_eq!(
        raw(&w, "update plugin_calls set outcome = outcome").await,
        2
    );
    assert_eq!(raw(&w, "update plugin_logs set level = level").await, 1);
    assert_eq!(
        raw(&w, "update plugin_journal set call_id = call_id").await,
        1
    );
}

async fn terms_are_kept_per_tenant(w: World) {
    let days = Days::from([(Kind::Messages, 90), (Kind::PluginLogs, 14)]);
    let mut tx = w.write().await;
    assert!(tx.tenant(w.a.id).retention().await.unwrap().is_empty());
    tx.tenant(w.a.id).set_retention(&days).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = w.store.read().await.unwrap();
    assert_eq!(tx.tenant(w.a.id).retention().await.unwrap(), days);
    let all = tx.system().retention_of_all().await.unwrap();
    assert_eq!(all, [(w.a.id, days), (w.b.id, Days::new())]);
}
