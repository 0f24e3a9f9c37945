//! The whole door: a proposal the gate cleared, handed over through [`Transport`].

use portero_domain::clock::Millis;
use portero_domain::proposal::{Class, Origin, Proposal, Purpose};
use portero_gate::facts::{
    ConversationFacts, RecipientFacts, RegistryFacts, SenderFacts, TemplateFact, TenantFacts,
    TenantMode, WindowFacts,
};
use portero_gate::judgement::CLEARED_VALID;
use portero_gate::{Fact, Facts, Policy, Ticket};

use super::*;

/// Monday 2026-11-23, 10:00 in Bogotá.
const NOW: Ts = Ts(1_795_446_000_000);

fn cleared() -> Cleared {
    let m = message();
    let proposal = Proposal {
        id: m.outbox,
        key: "k".into(),
        tenant: m.tenant,
        sender: m.sender,
        contact: "con_01935a7e000070008000000000000002".parse().unwrap(),
        to: m.to,
        origin: Origin::Api {
            token: "tok_01935a7e000070008000000000000003".parse().unwrap(),
        },
        purpose: Purpose::Reply,
        topic: None,
        own_key: None,
        class: Class::Reply,
        answers: None,
        content: m.content,
        created_at: NOW,
        expires_at: NOW + Millis::hours(1),
    };
    let facts = Facts {
        tenant: TenantFacts {
            mode: TenantMode::Simulator,
            stopped: None,
            sandbox_allowed: false,
            timezone: "America/Bogota".into(),
        },
        sender: Fact::Known(SenderFacts {
            owned: true,
            waba: WabaId::new("302000000000011").unwrap(),
            mps: 80,
            tat: Ts::ZERO,
            standing: portero_gate::facts::Standing::default(),
        }),
        plugin: None,
        recipient: RecipientFacts {
            country: Some("MX".into()),
            do_not_contact: None,
            erased: false,
            open_transactions: Vec::new(),
            language: None,
            last_sign_at: None,
            listings: Vec::new(),
        },
        consent: Fact::Known(Vec::new()),
        window: Fact::Known(WindowFacts {
            last_inbound_at: Some(NOW - Millis::minutes(2)),
            last_inbound_wamid: Some("wamid.IN01".into()),
        }),
        template: TemplateFact::NotATemplate,
        conversation: ConversationFacts {
            human_since: None,
            bot_since_inbound: 0,
            bot_last_minute: 0,
            pair_tat: Ts::ZERO,
        },
        promotional_sends: Fact::Known(Vec::new()),
        template_sends: Fact::Known(Vec::new()),
        meta_refusals: Fact::Known(Vec::new()),
        registry: RegistryFacts::default(),
        question_names_business: Fact::Unknown,
        duplicate_of: None,
        campaign: None,
        spend: None,
        content: portero_gate::detect::detect(&proposal.content),
    };
    let ticket = Ticket {
        attempt: m.attempt,
        decision: m.decision,
    };
    let clearance = portero_gate::clear(&proposal, &facts, &Policy::default(), NOW, &ticket);
    clearance
        .cleared
        .unwrap_or_else(|| panic!("not cleared: {:?}", clearance.judgement))
}

#[tokio::test]
async fn a_clearance_is_good_until_its_last_millisecond_and_not_one_longer() {
    let graph = graph(vec![(200, OK.to_owned())]).await;
    let api: Box<dyn Transport> = Box::new(patient(&graph.url));
    let end = NOW + CLEARED_VALID;

    let late = api.send(cleared(), &access(), end).await;
    let SendOutcome::Stale { why } = &late else {
        panic!("{late:?}")
    };
    assert!(why.contains("ran out"), "{why}");
    assert!(
        graph.asked().is_empty(),
        "a stale clearance must not reach the wire"
    );

    let in_time = api.send(cleared(), &access(), end.plus_ms(-1)).await;
    assert!(
        matches!(in_time, SendOutcome::Accepted { .. }),
        "{in_time:?}"
    );
    let asked = graph.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].body, send::body(&message()));
}
