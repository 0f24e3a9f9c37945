//! Facts: complete, current, and held still while a message goes out.

use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope};
use portero_domain::content::{Content, TemplateSend};
use portero_domain::ids::{DecisionId, InstallationId, PluginId, WabaId, Wamid};
use portero_domain::proof::ConsentProof;
use portero_domain::proposal::{Class, Origin, OutboxState, Proposal, Purpose};
use portero_domain::status::MessageStatus;
use portero_domain::template::{Template, TemplateCategory, TemplateSlots, TemplateStatus};
use portero_domain::update::{PersonRef, StatusUpdate};
use portero_gate::Fact;
use portero_gate::facts::{
    ContentFacts, DoNotContact, Facts, PluginFacts, TemplateFact, TenantMode,
};
use portero_store::StoreError;
use portero_store::model::{AttemptEnd, FactsQuery, NewAttempt};

use crate::world::{T0, World, at};

crate::tests![
    a_stranger_conversation_has_plain_facts,
    what_happened_shows_in_the_facts,
    the_widest_stop_is_told,
    promotional_sends_are_told_for_thirty_days,
    bot_messages_count_since_the_person_wrote,
    duplicates_are_told_with_their_content,
    a_template_is_found_or_its_neighbours_named,
    anothers_number_and_person_tell_nothing,
    an_opt_out_stored_first_is_seen_by_the_dispatch,
    an_opt_out_stored_later_waits_for_the_attempt,
    a_bucket_is_spent_by_one_process_at_a_time,
];

fn query(proposal: &Proposal, now: Ts) -> FactsQuery<'_> {
    FactsQuery {
        proposal,
        content_hash: "hash",
        content: ContentFacts::default(),
        plugin: None,
        now,
        spend: None,
    }
}

pub(crate) async fn load(w: &World, proposal: &Proposal, now: Ts) -> Facts {
    let mut tx = w.store.read().await.unwrap();
    tx.tenant(w.a.id)
        .load_facts(query(proposal, now))
        .await
        .unwrap()
}

async fn a_stranger_conversation_has_plain_facts(w: World) {
    let facts = load(&w, &w.proposal(Class::Reply, T0), T0).await;
    assert_eq!(
        (
            facts.tenant.mode,
            facts.tenant.stopped,
            facts.tenant.sandbox_allowed
        ),
        (TenantMode::Simulator, None, false)
    );
    assert_eq!(facts.tenant.timezone, "America/Bogota");
    let sender = facts.sender.known().unwrap();
    assert_eq!(
        (sender.owned, &sender.waba, sender.mps, sender.tat),
        (true, &w.a.waba, 80, Ts::ZERO)
    );
    assert_eq!(facts.consent, Fact::Known(Vec::new()));
    assert_eq!(facts.window.known().unwrap().last_inbound_at, None);
    assert_eq!(facts.template, TemplateFact::NotATemplate);
    assert_eq!(facts.promotional_sends, Fact::Known(Vec::new()));
    assert_eq!((facts.duplicate_of, facts.plugin), (None, None));
    assert_eq!(
        facts.recipient.country.as_deref(),
        Some("CO"),
        "told by the address"
    );
    assert_eq!(
        (facts.recipient.do_not_contact, facts.recipient.erased),
        (None, false)
    );
    assert_eq!(
        (
            facts.conversation.bot_since_inbound,
            facts.conversation.pair_tat
        ),
        (0, Ts::ZERO)
    );
}

/// As facts have it: the proof stays with the event.
fn bare(mut event: ConsentEvent) -> ConsentEvent {
    event.evidence = String::new();
    event.proof = ConsentProof::default();
    event
}

async fn what_happened_shows_in_the_facts(w: World) {
    let granted = w.consent(
        ConsentEventKind::Granted,
        ConsentScope::Promotional,
        at(-50),
    );
    let revoked = w.consent(ConsentEventKind::Revoked, ConsentScope::All, at(-10));
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.append_consent(w.a.ana, &revoked).await.unwrap();
    a.append_consent(w.a.ana, &granted).await.unwrap();
    a.open_window(&w.a.number, w.a.ana, at(-5), "wamid.in")
        .await
        .unwrap();
    a.hand_over(&w.a.number, w.a.ana, "asks", at(-4))
        .await
        .unwrap();
    a.open_transaction("P-2", w.a.ana, "paid", "{}", at(-3))
        .await
        .unwrap();
    a.open_transaction("P-1", w.a.ana, "paid", "{}", at(-2))
        .await
        .unwrap();
    a.open_transaction("P-0", w.a.ana, "paid", "{}", at(-9))
        .await
        .unwrap();
    a.close_transaction("P-0", at(-1)).await.unwrap();
    a.put_do_not_contact(&w.a.phone, DoNotContact::All, "asked", "op", T0)
        .await
        .unwrap();
    a.put_sandbox_person(&w.a.phone, "000001").await.unwrap();
    a.confirm_sandbox_person(w.a.ana, "000001", T0)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let facts = load(&w, &w.proposal(Class::Reply, T0), T0).await;
    assert_eq!(
        facts.consent,
        Fact::Known(vec![bare(granted), bare(revoked)]),
        "oldest first, and without what shows it"
    );
    let window = facts.window.known().unwrap();
    assert_eq!(
        (window.last_inbound_at, window.last_inbound_wamid.as_deref()),
        (
            Some(at(-5)),
            Some(portero_gate::record::mark("wamid.in").as_str())
        )
    );
    assert_eq!(facts.conversation.human_since, Some(at(-4)));
    assert_eq!(facts.recipient.open_transactions, ["open", "open"]);
    assert_eq!(facts.recipient.do_not_contact, Some(DoNotContact::All));
    assert!(facts.tenant.sandbox_allowed);
}

async fn the_widest_stop_is_told(w: World) {
    let proposal = w.proposal(Class::Reply, T0);
    let scope = async || {
        load(&w, &proposal, T0)
            .await
            .tenant
            .stopped
            .map(|s| s.scope)
    };
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .set_number_stop(&w.a.number, Some("n"), T0)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(scope().await.as_deref(), Some("number"));
    let mut tx = w.write().await;
    tx.tenant(w.a.id).set_stop(Some("t"), T0).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(scope().await.as_deref(), Some("tenant"));
    let mut tx = w.write().await;
    tx.system()
        .set_stop_all(Some(("a".to_owned(), T0)))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(scope().await.as_deref(), Some("all"));
}

pub(crate) fn promotion(w: &World, t: Ts, topic: &str) -> Proposal {
    Proposal {
        purpose: Purpose::Promotional,
        topic: Some(topic.to_owned()),
        ..w.proposal(Class::Campaign, t)
    }
}

pub(crate) async fn accept(w: &World, proposal: &Proposal, wamid: &str) {
    let outbox = w.put(proposal, OutboxState::Queued).await;
    let attempt = w.begin(outbox, proposal.created_at).await;
    let mut tx = w.write().await;
    let end = AttemptEnd::Accepted {
        wamid: Wamid::new(wamid).unwrap(),
        status: MessageStatus::Accepted,
    };
    assert!(
        tx.tenant(w.a.id)
            .end_attempt(attempt, &end, proposal.created_at)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
}

async fn promotional_sends_are_told_for_thirty_days(w: World) {
    let month = Millis::days(30);
    accept(&w, &promotion(&w, T0, "ofertas"), "w1").await;
    accept(&w, &promotion(&w, at(1), "novedades"), "w2").await;
    w.put(&promotion(&w, at(2), "queued"), OutboxState::Queued)
        .await;
    w.put(&promotion(&w, at(3), "denied"), OutboxState::Denied)
        .await;
    let sends = async |now: Ts| match load(&w, &w.proposal(Class::Campaign, now), now)
        .await
        .promotional_sends
    {
        Fact::Known(sends) => sends
            .into_iter()
            .map(|(topic, at)| (topic.unwrap(), at))
            .collect::<Vec<_>>(),
        Fact::Unknown => panic!("known"),
    };
    let both = [("ofertas".to_owned(), T0), ("novedades".to_owned(), at(1))];
    assert_eq!(sends(at(5)).await, both);
    assert_eq!(sends(T0 + month + Millis(-1)).await, both);
    assert_eq!(sends(T0 + month).await, both[1..]);
    assert_eq!(sends(at(1) + month).await, []);
    // What Meta could not deliver used nothing up.
    let failed = StatusUpdate {
        wamid: Wamid::new("w1").unwrap(),
        status: Some(MessageStatus::Failed),
        status_text: "failed".to_owned(),
        at: at(4),
        callback_data: None,
        recipient: PersonRef::default(),
        error: None,
        pricing: None,
    };
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .apply_status(&failed, at(4))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(sends(at(5)).await, both[1..]);
}

fn by_plugin(w: &World, installation: InstallationId, t: Ts) -> Proposal {
    Proposal {
        origin: Origin::Plugin {
            installation,
            plugin: PluginId::new("com.example.bot").unwrap(),
            digest: "d1".to_owned(),
            action_index: 0,
            generation: 0,
        },
        ..w.proposal(Class::Reply, t)
    }
}

async fn bot_messages_count_since_the_person_wrote(w: World) {
    let installation = w.install().await;
    for (ms, state) in [
        (0, OutboxState::Queued),
        (1_000, OutboxState::Queued),
        (30_000, OutboxState::Unknown),
        (40_000, OutboxState::Denied),
    ] {
        w.put(&by_plugin(&w, installation, at(ms)), state).await;
    }
    w.queued(Class::Reply, at(41_000)).await;
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .open_window(&w.a.number, w.a.ana, T0, "wamid.in")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let facts = async |now: Ts| {
        let proposal = by_plugin(&w, installation, now);
        let plugin = PluginFacts {
            kind: "replies".to_owned(),
            capabilities: Vec::new(),
            templates: Vec::new(),
            event_contact: Some(w.a.ana),
            reacts_to_theirs: None,
            proposals_this_call: 7,
            proposals_contact_hour: 0,
            proposals_minute: 0,
            categories: None,
            max_contact_day: None,
            messages_contact_day: 0,
        };
        let mut tx = w.store.read().await.unwrap();
        let query = FactsQuery {
            plugin: Some(plugin),
            ..query(&proposal, now)
        };
        let facts = tx.tenant(w.a.id).load_facts(query).await.unwrap();
        let plugin = facts.plugin.unwrap();
        assert_eq!(plugin.proposals_this_call, 7);
        (
            facts.conversation.bot_since_inbound,
            facts.conversation.bot_last_minute,
            plugin.proposals_contact_hour,
            plugin.proposals_minute,
            plugin.messages_contact_day,
        )
    };
    // The one at T0 is not after the person's message; denied ones were never said.
    assert_eq!(facts(at(50_000)).await, (2, 2, 4, 4, 3));
    assert_eq!(facts(at(60_999)).await, (2, 2, 4, 3, 3));
    assert_eq!(facts(at(61_000)).await, (2, 1, 4, 2, 3));
    assert_eq!(facts(at(3_600_000)).await, (2, 0, 3, 0, 3));
    // A day later to the millisecond; the one denied never counted.
    for (ms, said) in [
        (86_399_999, 3),
        (86_400_000, 2),
        (86_401_000, 1),
        (86_430_000, 0),
    ] {
        assert_eq!(facts(at(ms)).await.4, said, "{ms}");
    }
}

async fn duplicates_are_told_with_their_content(w: World) {
    let first = w.proposal(Class::Reply, T0);
    w.put(&first, OutboxState::Denied).await;
    let again = Proposal {
        key: first.key.clone(),
        ..w.proposal(Class::Reply, at(1))
    };
    let duplicate = load(&w, &again, at(1)).await.duplicate_of.unwrap();
    assert_eq!((duplicate.of, duplicate.same_content), (first.id, true));
    let mut tx = w.store.read().await.unwrap();
    let other = FactsQuery {
        content_hash: "other",
        ..query(&again, at(1))
    };
    let facts = tx.tenant(w.a.id).load_facts(other).await.unwrap();
    assert!(!facts.duplicate_of.unwrap().same_content);
    assert_eq!(
        load(&w, &first, at(1)).await.duplicate_of,
        None,
        "nobody duplicates itself"
    );
}

async fn a_template_is_found_or_its_neighbours_named(w: World) {
    let template = |name: &str| Template {
        name: name.to_owned(),
        language: "es_CO".to_owned(),
        category: TemplateCategory::Marketing,
        status: TemplateStatus::Approved,
        paused_until: None,
        slots: TemplateSlots::default(),
        body: String::new(),
        synced_at: T0,
    };
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .upsert_templates(
            &w.a.waba,
            &[template("carrito"), template("pedido")],
            true,
            T0,
        )
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let send = |name: &str| Proposal {
        content: Content::Template(TemplateSend {
            name: name.to_owned(),
            language: "es_CO".to_owned(),
            header: Vec::new(),
            body: Vec::new(),
            buttons: Vec::new(),
        }),
        ..w.proposal(Class::Campaign, T0)
    };
    assert_eq!(
        load(&w, &send("carrito"), T0).await.template,
        TemplateFact::Found(template("carrito"))
    );
    let closest = vec!["carrito (es_CO)".to_owned(), "pedido (es_CO)".to_owned()];
    assert_eq!(
        load(&w, &send("carito"), T0).await.template,
        TemplateFact::Missing { closest }
    );
}

async fn anothers_number_and_person_tell_nothing(w: World) {
    let mut tx = w.write().await;
    tx.tenant(w.b.id)
        .set_number_stop(&w.b.number, Some("theirs"), T0)
        .await
        .unwrap();
    let theirs = w.consent(ConsentEventKind::Granted, ConsentScope::All, T0);
    tx.tenant(w.b.id)
        .append_consent(w.b.ana, &theirs)
        .await
        .unwrap();
    tx.tenant(w.b.id)
        .open_window(&w.b.number, w.b.ana, T0, "theirs")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let proposal = Proposal {
        sender: w.b.number.clone(),
        contact: w.b.ana,
        ..w.proposal(Class::Reply, T0)
    };
    let facts = load(&w, &proposal, T0).await;
    let sender = facts.sender.known().unwrap();
    assert_eq!((sender.owned, sender.waba.as_str()), (false, "withheld"));
    assert_eq!(facts.tenant.stopped, None);
    assert_eq!(
        (facts.consent, facts.window, facts.promotional_sends),
        (Fact::Unknown, Fact::Unknown, Fact::Unknown)
    );
    let nobody = Proposal {
        sender: portero_domain::ids::PhoneNumberId::new("999").unwrap(),
        ..proposal
    };
    assert_eq!(load(&w, &nobody, T0).await.sender, Fact::Unknown);
    assert_eq!(WabaId::new("withheld").unwrap().as_str(), "withheld");
}

/// Comes back once `other` waits for what this world's open transaction holds.
pub(crate) async fn waits<T>(w: &World, other: &tokio::task::JoinHandle<T>, why: &str) {
    use sqlx::{Connection, Row};
    if !w.is_postgres() {
        // One writer: there is no second transaction to look at.
        tokio::task::yield_now().await;
        assert!(!other.is_finished(), "{why}");
        return;
    }
    let mut conn = sqlx::PgConnection::connect(&w.url).await.unwrap();
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    for _ in 0..100_000 {
        assert!(!other.is_finished(), "{why}");
        let n: i64 = sqlx::query(waiting)
            .fetch_one(&mut conn)
            .await
            .unwrap()
            .get(0);
        if n > 0 {
            return;
        }
    }
    panic!("the other transaction neither waits nor ends");
}

async fn an_opt_out_stored_first_is_seen_by_the_dispatch(w: World) {
    let proposal = w.proposal(Class::Campaign, T0);
    w.put(&proposal, OutboxState::Queued).await;
    let revoked = w.consent(ConsentEventKind::Revoked, ConsentScope::All, T0);
    let mut opt_out = w.write().await;
    opt_out
        .tenant(w.a.id)
        .append_consent(w.a.ana, &revoked)
        .await
        .unwrap();
    let (store, tenant) = (w.store.clone(), w.a.id);
    let dispatch = tokio::spawn(async move {
        let mut tx = store.write().await.unwrap();
        let mut tx = tx.tenant(tenant);
        tx.hold_person(proposal.contact).await.unwrap();
        tx.load_facts(query(&proposal, at(1))).await.unwrap()
    });
    waits(&w, &dispatch, "the dispatch did not wait for the opt-out").await;
    opt_out.commit().await.unwrap();
    assert_eq!(
        dispatch.await.unwrap().consent,
        Fact::Known(vec![bare(revoked)])
    );
}

async fn an_opt_out_stored_later_waits_for_the_attempt(w: World) {
    let proposal = w.proposal(Class::Campaign, T0);
    let outbox = w.put(&proposal, OutboxState::Queued).await;
    let mut dispatch = w.write().await;
    dispatch.tenant(w.a.id).hold_person(w.a.ana).await.unwrap();
    let facts = dispatch
        .tenant(w.a.id)
        .load_facts(query(&proposal, T0))
        .await
        .unwrap();
    assert_eq!(facts.consent, Fact::Known(Vec::new()));
    let revoked = w.consent(ConsentEventKind::Revoked, ConsentScope::All, T0);
    let (store, tenant, ana) = (w.store.clone(), w.a.id, w.a.ana);
    let opt_out = tokio::spawn(async move {
        let mut tx = store.write().await.unwrap();
        tx.tenant(tenant)
            .append_consent(ana, &revoked)
            .await
            .unwrap();
        let cancelled = tx
            .tenant(tenant)
            .cancel_queued(ana, false, "consent.revoked", T0)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        cancelled
    });
    waits(
        &w,
        &opt_out,
        "the opt-out overtook a dispatch that had read its facts",
    )
    .await;
    let decision = DecisionId::new(&*w.ids, T0);
    assert!(
        dispatch
            .tenant(w.a.id)
            .begin_attempt(&w.attempt(outbox), decision, T0, T0)
            .await
            .unwrap()
    );
    dispatch.commit().await.unwrap();
    assert_eq!(opt_out.await.unwrap(), 0, "the attempt had begun");
}

async fn a_bucket_is_spent_by_one_process_at_a_time(w: World) {
    // Two people, one number: both dispatches read the bucket before either writes it.
    let first = w.proposal(Class::Reply, T0);
    w.put(&first, OutboxState::Queued).await;
    let luis = portero_domain::ids::ContactId::new(&*w.ids, T0);
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .create_contact(luis, &Default::default(), &[], T0)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let second = Proposal {
        contact: luis,
        ..w.proposal(Class::Reply, at(1))
    };
    w.put(&second, OutboxState::Queued).await;
    // On SQLite the second transaction begins when the first has ended; on Postgres both have read
    // their facts, and the second finds the bucket as the first left it.
    let mut one = w.write().await;
    let facts = one.tenant(w.a.id).load_facts(query(&first, T0)).await;
    assert_eq!(facts.unwrap().sender.known().unwrap().tat, Ts::ZERO);
    let (store, tenant, number) = (w.store.clone(), w.a.id, w.a.number.clone());
    let attempt = NewAttempt {
        contact: luis,
        ..w.attempt(second.id)
    };
    let decision = DecisionId::new(&*w.ids, T0);
    let (has_read, read) = tokio::sync::oneshot::channel();
    let (go, may_go) = tokio::sync::oneshot::channel();
    let other = tokio::spawn(async move {
        let mut tx = store.write().await.unwrap();
        tx.tenant(tenant)
            .load_facts(query(&second, T0))
            .await
            .unwrap();
        let _ = has_read.send(());
        may_go.await.unwrap();
        let seen = std::sync::Mutex::new(None);
        let mut tx = tx.tenant(tenant);
        let begun = tx.begin_attempt(&attempt, decision, T0, T0).await;
        assert!(begun.unwrap());
        let spend = |tat| {
            *seen.lock().unwrap() = Some(tat);
            None
        };
        let spent = tx.spend_number(&number, &spend).await;
        (spent, seen.into_inner().unwrap())
    });
    let decision = DecisionId::new(&*w.ids, T0);
    assert!(
        one.tenant(w.a.id)
            .begin_attempt(&w.attempt(first.id), decision, T0, T0)
            .await
            .unwrap()
    );
    one.tenant(w.a.id)
        .spend_number(&w.a.number, &|_| Some(at(14)))
        .await
        .unwrap();
    if w.is_postgres() {
        read.await.unwrap();
    }
    go.send(()).unwrap();
    waits(&w, &other, "two processes spent the same bucket").await;
    one.commit().await.unwrap();
    let (spent, seen) = other.await.unwrap();
    assert_eq!(seen, Some(at(14)));
    assert!(matches!(spent, Err(StoreError::Conflict { .. })));
}
