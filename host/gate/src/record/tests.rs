//! Records replay, hash the same, and hold nothing personal.

use super::*;
use crate::Verdict;
use crate::testing::{PHONE, Setup, host, revoked, text, ts};
use portero_domain::consent::ConsentScope;
use portero_domain::template::TemplateStatus;

fn record(s: &Setup) -> DecisionRecord {
    let mut s = s.clone();
    s.refresh();
    let judgement = s.judge();
    DecisionRecord::new(&s.proposal, &s.facts, &s.policy, "policy-3", &judgement)
}

fn cases() -> Vec<Setup> {
    let mut deferred = Setup::promo();
    deferred.now = ts("2026-11-24T03:00:00Z");
    deferred.registry().status = TemplateStatus::Paused;
    let mut denied = Setup::promo().at_dispatch();
    denied.consent().push(revoked(ConsentScope::All, 2_000));
    let mut broken = Setup::reply("{{nombre}}\u{7}");
    broken.proposal.expires_at = broken.now;
    vec![
        Setup::reply("hola"),
        Setup::operator("hola").at_dispatch(),
        Setup::utility(),
        Setup::code().at_dispatch(),
        deferred,
        denied,
        broken,
    ]
}

#[test]
fn a_record_judges_to_the_same_after_a_trip_through_json() {
    for s in cases() {
        let record = record(&s);
        let back: DecisionRecord = serde_json::from_str(&record.canonical_json()).unwrap();
        assert_eq!(back, record);
        assert_eq!(back.hash(), record.hash());
        assert_eq!(
            record.json_and_hash(),
            (record.canonical_json(), record.hash())
        );
        let again = replay(&back);
        assert!(again.same && again.same_ruleset, "{:?}", again.judgement);
        assert_eq!(again.judgement, s.judge());
    }
}

#[test]
fn a_changed_fact_or_rule_set_is_noticed() {
    let mut changed = record(&Setup::promo());
    assert_eq!(changed.judgement.verdict, Verdict::Allow);
    changed.facts.consent = crate::Fact::Known(vec![]);
    let again = replay(&changed);
    assert!(!again.same && again.same_ruleset);
    assert_eq!(again.judgement.primary.as_deref(), Some("consent.missing"));
    let mut other = record(&Setup::promo());
    other.ruleset = "0".repeat(64);
    let again = replay(&other);
    assert!(again.same && !again.same_ruleset);
}

#[test]
fn no_phone_no_text_and_no_key_is_kept() {
    let words = "zanahoria con limon";
    let mut s = Setup::reply(&format!("{words} {{{{x}}}}"));
    s.proposal.key = format!("pedido-{PHONE}");
    let mut utility = Setup::utility();
    utility.proposal.content = portero_domain::content::Content::Template(crate::testing::send(
        "envio_v1",
        &[
            crate::testing::positional(words),
            crate::testing::positional(PHONE),
        ],
    ));
    let mut receipt = Setup::reply(words);
    receipt.proposal.origin = host("opt_out_receipt");
    for s in [s, utility, receipt] {
        let json = record(&s).canonical_json();
        let digits = PHONE.trim_start_matches('+');
        for personal in [digits, "zanahoria", "limon", "pedido-"] {
            assert!(!json.contains(personal), "{personal} in {json}");
        }
    }
}

#[test]
fn the_content_hash_is_of_the_content_alone_and_of_all_of_it() {
    let hash = content_hash(&text("hola"));
    assert_eq!(hash.len(), 64);
    assert_eq!(hash, content_hash(&text("hola")));
    assert_ne!(hash, content_hash(&text("hola ")));
    // Fixed: records of earlier builds compare with it.
    assert_eq!(
        canonical_json(&text("hola")),
        r#"{"body":"hola","preview_url":false,"type":"text"}"#
    );
}

#[test]
fn the_hash_of_a_record_moves_with_every_part_of_it() {
    let base = record(&Setup::promo());
    let mut hashes = std::collections::BTreeSet::from([base.hash()]);
    let mut with = |change: &dyn Fn(&mut DecisionRecord)| {
        let mut record = base.clone();
        change(&mut record);
        assert!(
            hashes.insert(record.hash()),
            "a change that the hash does not see"
        );
    };
    with(&|r| r.policy_revision.push('x'));
    with(&|r| r.policy.pair_burst += 1);
    with(&|r| r.facts.recipient.erased = true);
    with(&|r| r.proposal.expires_at = r.proposal.expires_at.plus_ms(1));
    with(&|r| r.judgement.rounds += 1);
    with(&|r| r.facts.content.scalars += 1);
    assert_eq!(RULESET_HASH.len(), 64);
}
