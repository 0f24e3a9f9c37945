//! Every rule is needed: there is a case that it alone decides, and a neighbour that passes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helper may fail loudly"
)]
#![cfg(not(feature = "allow-everything"))]

mod common;

use common::{
    QUESTION, Setup, buttons, granted, id, import_refused, meta_stop, positional, question,
    requested, revoked, send, text, unconfirmed,
};
use portero_domain::account::{MessagingLimit, Reach};
use portero_domain::address::AddressKey;
use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::ConsentScope;
use portero_domain::content::Content;
use portero_domain::ids::{ContactId, OutboxId};
use portero_domain::template::{StopPart, TemplateStatus};
use portero_gate::facts::{
    DoNotContact, Duplicate, Listing, Restriction, Stop, TemplateFact, TemplateQuality, TenantMode,
    TierFacts,
};
use portero_gate::rules::RULES;
use portero_gate::{Fact, Verdict, judge_without};

/// A neighbour that passes, and the one change that makes the rule speak.
type Case = (&'static str, fn() -> Setup, fn(&mut Setup));

/// Rules that only ever note: the note is there, and only with them.
const NOTES: &[&str] = &["session.unsolicited-promo"];

const CASES: &[Case] = &[
    (
        "envelope.invalid",
        || Setup::reply("hola"),
        |s| s.proposal.content = text("hola\u{7}"),
    ),
    (
        "envelope.duplicate",
        || Setup::reply("hola"),
        |s| {
            s.facts.duplicate_of = Some(Duplicate {
                of: OutboxId::from_uuid(id(50)),
                same_content: true,
            });
        },
    ),
    (
        "envelope.expired",
        || Setup::reply("hola").at_dispatch(),
        |s| s.proposal.expires_at = s.now,
    ),
    (
        "tenant.suspended",
        || Setup::reply("hola").at_dispatch(),
        |s| {
            s.facts.tenant.stopped = Some(Stop {
                scope: "tenant".into(),
                since: s.now,
                reason: String::new(),
            });
        },
    ),
    (
        "tenant.sender-mismatch",
        || Setup::reply("hola"),
        |s| s.sender().owned = false,
    ),
    (
        "tenant.sandbox",
        || Setup::reply("hola"),
        |s| s.facts.tenant.mode = TenantMode::Sandbox,
    ),
    (
        "plugin.capability",
        || Setup::reply("hola"),
        |s| s.plugin().capabilities.clear(),
    ),
    (
        "plugin.scope",
        || Setup::reply("hola"),
        |s| {
            s.plugin().event_contact = Some(ContactId::from_uuid(id(51)));
        },
    ),
    (
        "plugin.budget",
        || Setup::reply("hola"),
        |s| s.plugin().proposals_this_call = 5,
    ),
    ("data.erased", Setup::promo, |s| {
        s.facts.recipient.erased = true
    }),
    (
        "recipient.invalid",
        || Setup::reply("hola"),
        |s| {
            s.proposal.to = serde_json::from_str::<AddressKey>("\"12\"").unwrap();
        },
    ),
    ("recipient.do-not-contact", Setup::promo, |s| {
        s.facts.recipient.do_not_contact = Some(DoNotContact::Promotional);
    }),
    ("recipient.registry", Setup::promo, |s| {
        s.facts.recipient.listings = vec![Listing {
            registry: "py-no-molestar".into(),
            as_of: Some(s.now),
            listed: true,
            listed_at: None,
        }];
    }),
    ("recipient.registry-stale", Setup::promo, |s| {
        s.facts.recipient.country = Some("AR".into());
        s.facts.recipient.listings = vec![Listing {
            registry: "ar-no-llame".into(),
            as_of: None,
            listed: false,
            listed_at: None,
        }];
    }),
    (
        "consent.missing",
        || Setup::promo().at_dispatch(),
        |s| s.consent().clear(),
    ),
    (
        "consent.revoked",
        || Setup::promo().at_dispatch(),
        |s| {
            s.consent().push(revoked(ConsentScope::All, 2_000));
        },
    ),
    (
        "consent.meta-stop",
        || Setup::promo().at_dispatch(),
        |s| s.consent().push(meta_stop(2_000)),
    ),
    (
        "consent.expired",
        || Setup::promo().at_dispatch(),
        |s| {
            let now = s.now;
            for event in s.consent() {
                event.expires_at = Some(now);
            }
        },
    ),
    (
        "consent.scope",
        || Setup::promo().at_dispatch(),
        |s| {
            *s.consent() = vec![granted(ConsentScope::Topic("pedidos".into()), 1_000)];
        },
    ),
    (
        "consent.double-opt-in-pending",
        || Setup::promo().at_dispatch(),
        |s| {
            let at = s.now.ms() - 1_000;
            *s.consent() = vec![unconfirmed(ConsentScope::Topic("ofertas".into()), at)];
        },
    ),
    (
        "consent.import-refused",
        || Setup::promo().at_dispatch(),
        |s| {
            *s.consent() = vec![import_refused(ConsentScope::Promotional, 2_000)];
        },
    ),
    ("consent.request-malformed", Setup::question, |s| {
        s.proposal.content = question(QUESTION, 3);
    }),
    ("consent.request-repeated", Setup::question, |s| {
        let at = s.now - Millis::days(1);
        s.consent().push(requested("ofertas", at.ms()));
    }),
    ("account.restricted", Setup::promo, |s| {
        s.sender().standing.restriction = Some(Restriction {
            what: "DISABLE".into(),
            reach: Reach::All,
            since: s.now,
            until: None,
        });
    }),
    ("account.quality-red", Setup::promo, |s| {
        s.sender().standing.quality = Some("RED".into());
    }),
    (
        "session.window-closed",
        || Setup::operator("hola"),
        |s| {
            s.window().last_inbound_at = Some(s.now - Millis::hours(24));
        },
    ),
    (
        "session.window-margin",
        || Setup::operator("hola").at_dispatch(),
        |s| {
            s.window().last_inbound_at = Some(s.now - Millis::hours(24) + Millis::secs(10));
        },
    ),
    (
        "session.unsolicited-promo",
        || Setup::reply("hola"),
        |s| s.proposal.content = text("20% de descuento, ¡compra ya!"),
    ),
    ("template.unknown", Setup::promo, |s| {
        s.proposal.purpose = portero_domain::proposal::Purpose::Promotional;
        s.facts.template = TemplateFact::Missing { closest: vec![] };
    }),
    ("template.not-approved", Setup::promo, |s| {
        s.registry().status = TemplateStatus::Pending
    }),
    ("template.paused", Setup::promo, |s| {
        s.registry().status = TemplateStatus::Paused;
        s.registry().paused_until = Some(s.now + Millis::hours(3));
    }),
    ("template.quality-red", Setup::promo, |s| {
        s.facts.registry.quality = TemplateQuality::Red;
    }),
    ("template.category-mismatch", Setup::utility, |s| {
        s.proposal.purpose = portero_domain::proposal::Purpose::Authentication;
    }),
    ("template.language", Setup::promo, |s| {
        s.facts.recipient.language = Some("fr".into());
    }),
    ("template.params", Setup::promo, |s| {
        s.registry().slots.body = vec!["1".into()]
    }),
    ("template.opt-out-missing", Setup::promo, |s| {
        s.registry().slots.stop = Some(StopPart::Nowhere);
    }),
    (
        "content.empty",
        || Setup::reply("hola"),
        |s| s.proposal.content = text("\u{200b}"),
    ),
    (
        "content.too-long",
        || Setup::reply("hola"),
        |s| s.proposal.content = text(&"x".repeat(4_097)),
    ),
    (
        "content.unsupported",
        || Setup::reply("hola"),
        |s| s.proposal.content = buttons(4),
    ),
    (
        "content.placeholder-leak",
        || Setup::reply("hola"),
        |s| {
            s.proposal.content = text("Hola {{nombre}}");
        },
    ),
    (
        "bot.handover-active",
        || Setup::reply("hola"),
        |s| {
            s.facts.conversation.human_since = Some(s.now);
        },
    ),
    (
        "bot.consecutive",
        || Setup::reply("hola"),
        |s| s.facts.conversation.bot_since_inbound = 6,
    ),
    ("frequency.promise-exceeded", Setup::promo, |s| {
        let sent = |days| (Some("ofertas".to_owned()), s.now - Millis::days(days));
        s.facts.promotional_sends = Fact::Known(vec![sent(6), sent(3)]);
    }),
    ("frequency.cap-tenant", Setup::promo, |s| {
        s.facts.promotional_sends = Fact::Known(vec![(None, s.now - Millis::hours(20))]);
    }),
    ("frequency.min-gap", Setup::promo, |s| {
        s.policy.promotional_gap_ms = Millis::hours(48);
        s.facts.promotional_sends = Fact::Known(vec![(None, s.now - Millis::hours(30))]);
    }),
    ("frequency.meta-per-user", Setup::promo, |s| {
        s.facts.meta_refusals = Fact::Known(vec![s.now - Millis::hours(1)]);
    }),
    ("frequency.same-campaign", Setup::promo, |s| {
        s.campaign().already = Some(OutboxId::from_uuid(id(52)));
    }),
    ("quiet-hours.tenant", Setup::promo, |s| {
        s.now = s.now - Millis::hours(4)
    }),
    (
        "limits.tier",
        || Setup::promo().at_dispatch(),
        |s| {
            s.sender().standing.tier = Some(TierFacts {
                limit: Some(MessagingLimit(250)),
                used: 237,
                counted: false,
                frees_at: Some(s.now + Millis::hours(1)),
            });
        },
    ),
    (
        "limits.pair-rate",
        || Setup::operator("hola").at_dispatch(),
        |s| {
            s.facts.conversation.pair_tat = s.now + Millis::secs(6);
        },
    ),
    (
        "limits.throughput",
        || Setup::operator("hola").at_dispatch(),
        |s| {
            s.sender().tat = Ts(s.now.ms() + 60_000);
        },
    ),
    (
        "limits.campaign-brake",
        || Setup::promo().at_dispatch(),
        |s| {
            s.campaign().sent = 500;
            s.campaign().opted_out = 16;
        },
    ),
    ("limits.cost-budget", Setup::promo, |s| {
        s.policy.monthly_budget_micro = Some(1_000_000);
        s.facts.spend = Some(portero_gate::facts::SpendFacts {
            month_micro: 990_000,
            this_micro: Some(12_500),
        });
    }),
];

#[test]
fn each_rule_alone_decides_a_case_whose_neighbour_passes() {
    let listed: Vec<&str> = CASES.iter().map(|c| c.0).collect();
    let rules: Vec<&str> = RULES.iter().map(|r| r.about().id).collect();
    assert_eq!(listed, rules, "one case for every rule");
    for (rule, neighbour, change) in CASES {
        let mut s = neighbour();
        assert_eq!(
            s.judge().verdict,
            Verdict::Allow,
            "{rule}: the neighbour passes"
        );
        change(&mut s);
        s.refresh();
        let judgement = s.judge();
        if NOTES.contains(rule) {
            let found = |j: &portero_gate::Judgement| j.findings.iter().any(|f| f.rule == *rule);
            assert!(found(&judgement) && judgement.verdict == Verdict::Allow);
            let without = judge_without(rule, s.stage, &s.proposal, &s.facts, &s.policy, s.now);
            assert!(!found(&without), "{rule}");
            continue;
        }
        assert_eq!(
            judgement.primary.as_deref(),
            Some(*rule),
            "{:?}",
            judgement.findings
        );
        assert_ne!(judgement.verdict, Verdict::Allow);
        let without = judge_without(rule, s.stage, &s.proposal, &s.facts, &s.policy, s.now);
        assert_eq!(
            without.verdict,
            Verdict::Allow,
            "{rule} is needed: {:?}",
            without.findings
        );
    }
}

#[test]
fn values_that_fit_pass() {
    let mut s = Setup::promo();
    s.registry().slots.body = vec!["1".into()];
    s.proposal.content = Content::Template(send("promo_v1", &[positional("Ana")]));
    assert_eq!(s.judge().verdict, Verdict::Allow);
}
