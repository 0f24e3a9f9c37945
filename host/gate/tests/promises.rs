//! What is never cleared, tried on anything at all; and verdicts that replay.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test's helper may fail loudly"
)]
#![cfg(not(feature = "allow-everything"))]

mod common;

use common::ledger::{Said, ledger, walk};
use common::{Setup, host, id, meta_stop, revoked};
use portero_domain::consent::{ConsentEventKind, ConsentScope};
use portero_domain::ids::ConsentEventId;
use portero_domain::proposal::{Origin, Purpose};
use portero_domain::template::TemplateCategory;
use portero_gate::facts::TemplateFact;
use portero_gate::{Fact, Stage, Verdict};
use proptest::prelude::*;

/// Anything at all: most of it wrong, some of it right.
fn anything() -> impl Strategy<Value = Setup> {
    let form = 0_usize..5;
    let who = 0_usize..4;
    let purposes = vec![
        Purpose::System,
        Purpose::Authentication,
        Purpose::Reply,
        Purpose::Transactional,
        Purpose::ConsentRequest,
        Purpose::Promotional,
    ];
    (
        (
            form,
            who,
            prop::sample::select(purposes),
            ledger(),
            any::<bool>(),
        ),
        (
            prop::option::of(-5_000_i64..90_000_000),
            any::<bool>(),
            any::<bool>(),
            0_usize..4,
            any::<bool>(),
        ),
        (
            any::<bool>(),
            prop::sample::select(vec![None, Some("ofertas"), Some("pedidos")]),
            0_i64..86_400_000,
        ),
    )
        .prop_map(
            |(
                (form, who, purpose, events, ledger_known),
                (wrote, answers, order, category, window_known),
                (stop, topic, offset),
            )| {
                let mut s = match form {
                    0 => Setup::promo(),
                    1 => Setup::utility(),
                    2 => Setup::code(),
                    3 => Setup::operator("hola"),
                    _ => Setup::reply("hola"),
                };
                s.now = s.now.plus_ms(offset);
                s.proposal.purpose = purpose;
                s.proposal.topic = topic.map(str::to_owned);
                match who {
                    0 => s.by_plugin(),
                    1 => s.proposal.origin = host("opt_out_receipt"),
                    2 => s.proposal.origin = Setup::operator("x").proposal.origin,
                    _ => {}
                }
                if let TemplateFact::Found(t) = &mut s.facts.template {
                    t.category = match category {
                        0 => TemplateCategory::Marketing,
                        1 => TemplateCategory::Utility,
                        2 => TemplateCategory::Authentication,
                        _ => t.category,
                    };
                }
                s.facts.consent = if ledger_known {
                    Fact::Known(events)
                } else {
                    Fact::Unknown
                };
                s.window().last_inbound_at = wrote.map(|ago| s.now.plus_ms(-ago));
                if answers && let Some(at) = s.window().last_inbound_at {
                    let mut reply = Setup::reply("x").proposal.answers.unwrap();
                    reply.at = at;
                    s.proposal.answers = Some(reply);
                }
                if !window_known {
                    s.facts.window = Fact::Unknown;
                }
                if order {
                    s.facts.recipient.open_transactions = vec!["881".into()];
                }
                if stop {
                    let at = s.now.ms() - 5_000;
                    if let Fact::Known(events) = &mut s.facts.consent {
                        events.push(meta_stop(at));
                    }
                }
                s
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn no_marketing_template_without_a_granted_consent_is_ever_cleared(s in anything()) {
        let s = s.at_dispatch();
        let marketing = s.proposal.content.is_template()
            && matches!(&s.facts.template, TemplateFact::Found(t) if t.category == TemplateCategory::Marketing);
        if s.clear().cleared.is_some() && marketing {
            let events = s.facts.consent.known().expect("a ledger that was read");
            let topic = s.proposal.topic.clone().unwrap_or_default();
            prop_assert_eq!(walk(events, &topic, true), Said::Yes);
            prop_assert!(events.iter().all(|e| e.kind != ConsentEventKind::MetaStop));
        }
    }

    #[test]
    fn no_free_form_message_outside_the_window_is_ever_cleared(s in anything()) {
        let s = s.at_dispatch();
        if s.clear().cleared.is_some() && !s.proposal.content.is_template() {
            let wrote = s.facts.window.known().and_then(|w| w.last_inbound_at).expect("a window that opened");
            prop_assert!(s.now.since(wrote) < 24 * 3_600_000);
        }
    }

    #[test]
    fn a_later_opt_out_of_all_stops_everything_the_business_starts(s in anything()) {
        let mut s = s.at_dispatch();
        let at = s.now;
        if let Fact::Known(events) = &mut s.facts.consent {
            let mut out = revoked(ConsentScope::All, at.ms());
            out.id = ConsentEventId::from_uuid(id(77_777));
            events.push(out);
        }
        let cleared = s.clear().cleared.is_some();
        let receipt = s.proposal.purpose == Purpose::System && matches!(s.proposal.origin, Origin::Host { .. });
        let written_later = s.facts.window.known().and_then(|w| w.last_inbound_at).is_some_and(|t| t > at)
            || s.proposal.answers.as_ref().is_some_and(|a| a.at > at);
        let unread_ledger_answer = s.facts.consent.known().is_none();
        if cleared {
            prop_assert!(receipt || written_later || unread_ledger_answer);
        }
    }

    #[test]
    fn a_judgement_is_the_same_whenever_it_is_made_and_replays(s in anything(), dispatch in any::<bool>()) {
        let mut s = s;
        s.stage = if dispatch { Stage::Dispatch } else { Stage::Admission };
        s.refresh();
        let judgement = s.judge();
        prop_assert_eq!(&judgement, &s.judge());
        let record = portero_gate::record::DecisionRecord::new(&s.proposal, &s.facts, &s.policy, "1", &judgement);
        let json = record.canonical_json();
        let back: portero_gate::record::DecisionRecord = serde_json::from_str(&json).unwrap();
        let again = portero_gate::record::replay(&back);
        prop_assert!(again.same, "{:?} {:?}", judgement, again.judgement);
        if let Some(until) = judgement.until {
            // What is deferred to T and judged at T on the same facts is allowed then.
            let mut later = s.clone();
            later.now = until;
            prop_assert_eq!(later.judge().verdict, Verdict::Allow);
        }
    }
}

#[test]
fn the_promises_are_tried_on_messages_that_do_go() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut marketing, mut free_form, mut refused) = (0, 0, 0);
    for _ in 0..4_000 {
        let s = anything()
            .new_tree(&mut runner)
            .unwrap()
            .current()
            .at_dispatch();
        if s.clear().cleared.is_none() {
            refused += 1;
        } else if !s.proposal.content.is_template() {
            free_form += 1;
        } else if portero_gate::effective_purpose(&s.proposal, &s.facts) == Purpose::Promotional {
            marketing += 1;
        }
    }
    assert!(
        marketing > 20 && free_form > 100 && refused > 1_000,
        "{marketing} {free_form} {refused}"
    );
}
