//! What Meta says of numbers and accounts: the later word counts, nothing of another tenant is touched.

use portero_domain::account::{AccountRefusal, MessagingLimit, Reach};
use portero_domain::address::AddressKey;
use portero_domain::clock::{Millis, Ts};
use portero_domain::content::{Content, TemplateSend};
use portero_domain::ids::EventId;
use portero_domain::proposal::{Class, OutboxState};
use portero_gate::facts::{ContentFacts, Standing};
use portero_store::model::{AccountEntry, FactsQuery, NewContact};

use crate::world::{T0, World, at};

crate::tests![
    the_later_word_of_meta_counts,
    a_restriction_without_an_end_is_lifted_by_meta_alone,
    a_refusal_of_the_account_is_kept_with_its_time,
    what_meta_said_is_kept_once_and_dated,
    the_limit_counts_people_for_24_hours,
    an_address_that_was_left_comes_last_and_still_counts,
    what_waits_for_an_account_is_due_when_it_changes,
];

/// The facts of a template to Ana, who never wrote.
async fn standing(w: &World, now: Ts) -> Standing {
    let mut proposal = w.proposal(Class::Campaign, T0);
    proposal.content = Content::Template(TemplateSend {
        name: "promo".to_owned(),
        language: "es".to_owned(),
        header: Vec::new(),
        body: Vec::new(),
        buttons: Vec::new(),
    });
    let query = FactsQuery {
        proposal: &proposal,
        content_hash: "hash",
        content: ContentFacts::default(),
        plugin: None,
        now,
        spend: None,
    };
    let mut tx = w.store.read().await.unwrap();
    let facts = tx.tenant(w.a.id).load_facts(query).await.unwrap();
    facts.sender.known().unwrap().standing.clone()
}

async fn the_later_word_of_meta_counts(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    assert!(
        a.set_number_quality(&w.a.number, "RED", at(5))
            .await
            .unwrap()
    );
    assert!(
        !a.set_number_quality(&w.a.number, "GREEN", at(4))
            .await
            .unwrap()
    );
    a.set_account_limit(&w.a.waba, MessagingLimit(2_000), at(5))
        .await
        .unwrap();
    a.set_account_limit(&w.a.waba, MessagingLimit(250), at(4))
        .await
        .unwrap();
    let row = a.number(&w.a.number).await.unwrap().unwrap();
    assert_eq!((row.quality.as_str(), row.quality_at), ("RED", Some(at(5))));
    let account = a.account(&w.a.waba).await.unwrap();
    assert_eq!(account.limit, Some(MessagingLimit(2_000)));
    // Neither the number nor the account of another shop can be spoken of.
    assert!(
        !a.set_number_quality(&w.b.number, "RED", at(9))
            .await
            .unwrap()
    );
    a.set_account_limit(&w.b.waba, MessagingLimit(1), at(9))
        .await
        .unwrap();
    assert_eq!(a.account(&w.b.waba).await.unwrap().limit, None);
    let theirs = tx.tenant(w.b.id).account(&w.b.waba).await.unwrap();
    assert_eq!(theirs.limit, None);
    tx.commit().await.unwrap();
    let standing = standing(&w, at(6)).await;
    assert_eq!(standing.quality.as_deref(), Some("RED"));
    let tier = standing.tier.unwrap();
    assert_eq!((tier.limit, tier.used), (Some(MessagingLimit(2_000)), 0));
}

async fn a_restriction_without_an_end_is_lifted_by_meta_alone(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let short = Some(("SHORT", Reach::BusinessInitiated, Some(at(60_000))));
    let ban = Some(("DISABLE", Reach::All, None));
    a.set_account_restriction(&w.a.waba, short, at(1))
        .await
        .unwrap();
    a.set_account_restriction(&w.a.waba, ban, at(2))
        .await
        .unwrap();
    a.set_account_restriction(&w.a.waba, short, at(3))
        .await
        .unwrap();
    let row = a.account(&w.a.waba).await.unwrap();
    assert_eq!(
        (row.restriction.as_deref(), row.reach),
        (Some("DISABLE"), Some(Reach::All))
    );
    a.set_account_restriction(&w.a.waba, None, at(1))
        .await
        .unwrap();
    let late = a.account(&w.a.waba).await.unwrap();
    assert!(late.restriction.is_some(), "an older word lifts nothing");
    a.set_account_restriction(&w.a.waba, None, at(4))
        .await
        .unwrap();
    assert_eq!(a.account(&w.a.waba).await.unwrap().restriction, None);
}

async fn a_refusal_of_the_account_is_kept_with_its_time(w: World) {
    let refusal = |code: i64, ms: i64| AccountRefusal { code, at: at(ms) };
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    for (one, stands) in [
        (refusal(131_031, 5), refusal(131_031, 5)),
        (refusal(368, 9), refusal(368, 9)),
        // What is told late does not move the end back.
        (refusal(131_031, 7), refusal(368, 9)),
    ] {
        a.set_account_refusal(&w.a.waba, one, at(10)).await.unwrap();
        let row = a.account(&w.a.waba).await.unwrap();
        assert_eq!(row.refused, Some(stands));
        assert_eq!(row.restriction, None);
    }
    // Nobody else's account.
    let mut b = tx.tenant(w.b.id);
    b.set_account_refusal(&w.a.waba, refusal(1, 99), at(99))
        .await
        .unwrap();
    assert_eq!(b.account(&w.a.waba).await.unwrap().refused, None);
    tx.commit().await.unwrap();
    let standing = standing(&w, at(11)).await;
    assert_eq!(standing.refused, Some(refusal(368, 9)));
    assert_eq!(standing.restriction, None);
}

async fn what_meta_said_is_kept_once_and_dated(w: World) {
    let event = EventId::new(&*w.ids, T0);
    let entry = AccountEntry {
        subject: "number".to_owned(),
        name: w.a.number.to_string(),
        aspect: "quality".to_owned(),
        value: "RED".to_owned(),
        detail: "FLAGGED".to_owned(),
        at: at(5),
    };
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    for _ in 0..2 {
        a.append_account_change(event, &entry).await.unwrap();
    }
    let all = a.account_changes(None, None, 9).await.unwrap();
    assert_eq!(all, [entry]);
    let other = a.account_changes(Some("account"), None, 9).await.unwrap();
    assert!(other.is_empty());
    let mut b = tx.tenant(w.b.id);
    assert!(b.account_changes(None, None, 9).await.unwrap().is_empty());
}

async fn the_limit_counts_people_for_24_hours(w: World) {
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let bea = portero_domain::ids::ContactId::new(&*w.ids, T0);
    let phone = AddressKey::parse("+573009998877").unwrap();
    let spelled = "573009998877".to_owned();
    a.create_contact(bea, &NewContact::default(), &[(phone, spelled)], T0)
        .await
        .unwrap();
    for when in [at(0), at(5), at(2)] {
        a.count_tier_recipients(&[bea], when).await.unwrap();
    }
    // Another tenant's person is not counted.
    a.count_tier_recipients(&[w.b.ana], at(5)).await.unwrap();
    tx.commit().await.unwrap();
    let day = Millis::hours(24);
    let last = at(5) + day;
    for (ms, used) in [(-1, 1), (0, 0), (1, 0)] {
        let tier = standing(&w, last.plus_ms(ms)).await.tier.unwrap();
        assert_eq!(tier.used, used, "{ms}");
        assert!(!tier.counted);
    }
    let tier = standing(&w, at(6)).await.tier.unwrap();
    assert_eq!(tier.frees_at, Some(last), "the last message counts");
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .count_tier_recipients(&[w.a.ana], at(7))
        .await
        .unwrap();
    // An open window or no limit at all: the count is not needed.
    tx.commit().await.unwrap();
    let tier = standing(&w, at(8)).await.tier.unwrap();
    assert_eq!((tier.counted, tier.used), (true, 1), "herself apart");
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.set_account_limit(&w.a.waba, MessagingLimit::UNLIMITED, at(8))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(standing(&w, at(9)).await.tier, None);
}

async fn an_address_that_was_left_comes_last_and_still_counts(w: World) {
    let new = AddressKey::parse("+573005559999").unwrap();
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.add_aliases(w.a.ana, &[(new.clone(), "573005559999".to_owned())], at(5))
        .await
        .unwrap();
    assert!(a.end_alias(w.a.ana, &w.a.phone, at(5)).await.unwrap());
    assert!(!a.end_alias(w.a.ana, &w.a.phone, at(6)).await.unwrap());
    let row = a.contact(w.a.ana).await.unwrap().unwrap();
    assert_eq!(row.aliases.first().map(|(k, _)| k), Some(&new));
    assert_eq!(row.aliases.len(), 2);
    let found = a
        .contact_by_addresses(std::slice::from_ref(&w.a.phone))
        .await
        .unwrap();
    assert_eq!(found, Some(w.a.ana));
    let history = a.alias_history(w.a.ana).await.unwrap();
    let old = history.iter().find(|(k, _, _)| *k == w.a.phone).unwrap();
    assert_eq!(old.2, Some(at(5)));
    let mut b = tx.tenant(w.b.id);
    assert!(!b.end_alias(w.a.ana, &new, at(7)).await.unwrap());
    assert!(b.alias_history(w.a.ana).await.unwrap().is_empty());
}

async fn what_waits_for_an_account_is_due_when_it_changes(w: World) {
    let waits = w.queued(Class::Campaign, T0).await;
    let held = w
        .put(&w.proposal(Class::Transactional, T0), OutboxState::InReview)
        .await;
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    let decision = a.outbox(waits).await.unwrap().unwrap().admission_decision;
    let later = at(3_600_000);
    assert!(
        a.defer_outbox(waits, later, Some("account.restricted"), decision)
            .await
            .unwrap()
    );
    // Another shop's change wakes nothing here, nor does one of another account.
    let mut b = tx.tenant(w.b.id);
    assert_eq!(b.rejudge_account(&w.a.waba, at(1)).await.unwrap(), 0);
    let mut a = tx.tenant(w.a.id);
    assert_eq!(a.rejudge_account(&w.b.waba, at(1)).await.unwrap(), 0);
    assert_eq!(a.rejudge_account(&w.a.waba, at(1)).await.unwrap(), 1);
    let row = a.outbox(waits).await.unwrap().unwrap();
    assert_eq!((row.state, row.not_before), (OutboxState::Deferred, at(1)));
    // What is held for another reason stays held.
    let row = a.outbox(held).await.unwrap().unwrap();
    assert_eq!(row.state, OutboxState::InReview);
    let due = tx
        .system()
        .claim_lanes("host", at(1), at(1), at(60_000), 8)
        .await
        .unwrap();
    assert_eq!(due.iter().filter(|l| l.head.id == waits).count(), 1);
}
