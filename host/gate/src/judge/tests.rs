//! Precedence, short circuits and the deferral fix-point.

use crate::facts::{Stop, TenantMode};
use crate::testing::{Setup, granted, host, revoked, text, ts};
use crate::{Fact, Stage, Ticket, Verdict, clear, judge_without};
use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::ConsentScope;
use portero_domain::ids::{AttemptId, DecisionId};
use portero_domain::proposal::Purpose;
use portero_domain::template::TemplateStatus;

fn rules_of(judgement: &crate::Judgement) -> Vec<&str> {
    judgement.findings.iter().map(|f| f.rule.as_str()).collect()
}

#[test]
fn the_fixture_passes_in_every_form_at_both_stages() {
    for s in [
        Setup::reply("hola"),
        Setup::operator("hola"),
        Setup::promo(),
        Setup::utility(),
        Setup::code(),
    ] {
        for s in [s.clone(), s.at_dispatch()] {
            let judgement = s.judge();
            assert_eq!(
                judgement.verdict,
                Verdict::Allow,
                "{:?}",
                judgement.findings
            );
            assert_eq!(
                (judgement.rounds, judgement.primary, judgement.until),
                (1, None, None)
            );
            assert_eq!(
                judgement.findings.capacity(),
                0,
                "nothing is allocated when all pass"
            );
        }
    }
}

#[test]
fn only_clear_yields_a_clearance_and_it_is_good_for_half_a_second() {
    let s = Setup::reply("hola").at_dispatch();
    let cleared = s.clear().cleared.unwrap();
    assert!(cleared.open(s.now.plus_ms(499)).is_ok());
    let cleared = s.clear().cleared.unwrap();
    let stale = cleared.open(s.now.plus_ms(500)).unwrap_err();
    assert_eq!(stale.outbox, s.proposal.id);
}

/// Scenario 89.
#[test]
fn all_findings_are_kept_and_the_first_of_the_weightiest_is_primary() {
    let mut s = Setup::promo();
    s.consent().push(revoked(ConsentScope::All, 2_000));
    s.registry().body = "x".repeat(2_000);
    s.now = ts("2026-11-24T03:00:00Z");
    s.registry().synced_at = s.now;
    let judgement = s.judge();
    assert_eq!(judgement.verdict, Verdict::Deny);
    assert_eq!(judgement.primary.as_deref(), Some("consent.revoked"));
    assert_eq!(
        rules_of(&judgement),
        ["consent.revoked", "content.too-long", "quiet-hours.tenant"]
    );
    assert_eq!(judgement.until, None, "a deny has no later");
}

#[test]
fn a_hold_outweighs_a_deferral_and_a_deny_a_hold() {
    let mut s = Setup::utility().at_dispatch();
    s.facts.conversation.pair_tat = s.now + Millis::secs(6);
    assert_eq!(s.judge().verdict, Verdict::Defer);
    s.sender().mps = 0;
    let judgement = s.judge();
    assert_eq!(judgement.verdict, Verdict::Hold);
    assert_eq!(judgement.primary.as_deref(), Some("limits.throughput"));
    assert_eq!(judgement.until, None);
    s.registry().status = TemplateStatus::Disabled;
    assert_eq!(s.judge().verdict, Verdict::Deny);
}

#[test]
fn the_first_phase_ends_the_run() {
    let mut s = Setup::promo();
    s.facts.tenant.stopped = Some(Stop {
        scope: "all".into(),
        since: s.now,
        reason: String::new(),
    });
    s.facts.tenant.mode = TenantMode::Live;
    s.facts.consent = Fact::Unknown;
    assert_eq!(rules_of(&s.judge()), ["tenant.suspended"]);
}

/// Scenario 64: paused until 04:00Z, and quiet until the morning.
#[test]
fn a_deferral_goes_on_until_no_rule_moves_it() {
    let mut s = Setup::promo();
    s.now = ts("2026-11-23T22:00:00Z");
    s.registry().status = TemplateStatus::Paused;
    s.registry().paused_until = Some(ts("2026-11-24T04:00:00Z"));
    let judgement = s.judge();
    assert_eq!((judgement.verdict, judgement.rounds), (Verdict::Defer, 3));
    assert_eq!(judgement.until, Some(ts("2026-11-24T14:00:00Z")));
    assert_eq!(judgement.primary.as_deref(), Some("template.paused"));
    assert_eq!(
        rules_of(&judgement),
        ["template.paused", "quiet-hours.tenant"]
    );
    assert_eq!(
        judgement.findings[0].until,
        Some(ts("2026-11-24T04:00:00Z"))
    );
    assert_eq!(judgement.findings[1].until, judgement.until);
    assert_eq!(judgement.at, s.now, "judged at the instant asked about");
}

#[test]
fn a_deferral_to_a_millisecond_before_the_expiry_stands_and_to_it_not() {
    let mut s = Setup::promo();
    s.now = ts("2026-11-24T03:00:00Z");
    let opens = ts("2026-11-24T14:00:00Z");
    s.proposal.expires_at = opens.plus_ms(1);
    assert_eq!(s.judge().until, Some(opens));
    s.proposal.expires_at = opens;
    let judgement = s.judge();
    assert_eq!(judgement.verdict, Verdict::Deny);
    assert_eq!(judgement.primary.as_deref(), Some("envelope.expired"));
    assert_eq!(
        rules_of(&judgement),
        ["envelope.expired", "quiet-hours.tenant"]
    );
    assert_eq!(judgement.findings[0].value, opens.rfc3339());
    assert_eq!(judgement.findings[0].evidence, ["quiet-hours.tenant"]);
}

#[test]
fn the_longest_deferral_is_per_purpose_and_exact() {
    for (mut s, most) in [
        (Setup::promo(), Millis::hours(72)),
        (Setup::utility(), Millis::hours(24)),
        (Setup::code(), Millis::minutes(2)),
        (Setup::operator("hola"), Millis::minutes(2)),
    ] {
        s = s.at_dispatch();
        s.proposal.expires_at = s.now + Millis::days(7);
        s.policy.promotional_hours = crate::policy::WeekHours::every_day("00:00", "24:00");
        s.policy.transactional_hours = s.policy.promotional_hours.clone();
        s.facts.conversation.pair_tat = s.now + most;
        assert_eq!(s.judge().verdict, Verdict::Defer);
        s.facts.conversation.pair_tat = (s.now + most).plus_ms(1);
        assert_eq!(s.denied_by().as_deref(), Some("envelope.expired"));
    }
}

/// Scenario 43, with the purpose declared: promotion in an answer waits for the morning and expires.
#[test]
fn promotion_in_an_answer_is_promotion() {
    let mut s = Setup::reply("20% de descuento");
    s.now = ts("2026-11-24T01:30:00Z");
    s.window().last_inbound_at = Some(ts("2026-11-24T01:25:00Z"));
    s.proposal.purpose = Purpose::Promotional;
    s.proposal.topic = Some("ofertas".into());
    s.proposal.created_at = s.now;
    s.proposal.expires_at = s.now + Millis::minutes(15);
    *s.consent() = vec![granted(ConsentScope::Topic("ofertas".into()), 1_000)];
    let judgement = s.judge();
    assert_eq!(judgement.primary.as_deref(), Some("envelope.expired"));
    assert_eq!(
        rules_of(&judgement),
        ["envelope.expired", "quiet-hours.tenant"]
    );
}

#[test]
fn what_would_be_refused_at_the_later_instant_is_refused_now() {
    let mut s = Setup::reply("oferta").at_dispatch();
    s.proposal.purpose = Purpose::Promotional;
    s.proposal.topic = Some("ofertas".into());
    *s.consent() = vec![granted(ConsentScope::Topic("ofertas".into()), 1_000)];
    s.now = ts("2026-11-24T02:00:00Z");
    s.window().last_inbound_at = Some(ts("2026-11-23T10:00:00Z"));
    s.proposal.answers = None;
    let judgement = s.judge();
    assert_eq!(judgement.verdict, Verdict::Deny);
    assert_eq!(judgement.primary.as_deref(), Some("session.window-closed"));
    assert!(
        rules_of(&judgement).contains(&"quiet-hours.tenant"),
        "what delays it is kept"
    );
}

#[test]
fn marketing_declared_as_an_order_update_is_marketing() {
    let mut s = Setup::promo();
    s.proposal.purpose = Purpose::Transactional;
    s.facts.recipient.open_transactions = vec!["881".into()];
    assert_eq!(
        crate::effective_purpose(&s.proposal, &s.facts),
        Purpose::Promotional
    );
    *s.consent() = Vec::new();
    assert_eq!(s.denied_by().as_deref(), Some("consent.missing"));
}

#[test]
fn an_answer_to_an_old_message_is_no_direct_reply() {
    let mut s = Setup::reply("hola").at_dispatch();
    let wrote = s.last_inbound();
    s.facts.conversation.pair_tat = wrote + Millis::minutes(60) + Millis::secs(6);
    s.now = wrote + Millis::minutes(60);
    assert_eq!(s.judge().verdict, Verdict::Allow, "may burst");
    s.now = s.now.plus_ms(1);
    assert_eq!(s.judge().primary.as_deref(), Some("limits.pair-rate"));
}

#[test]
fn a_rule_that_is_left_out_says_nothing_and_the_others_still_do() {
    let mut s = Setup::promo();
    *s.consent() = vec![revoked(ConsentScope::All, 1_000)];
    s.refresh();
    let judgement = judge_without(
        "consent.revoked",
        Stage::Dispatch,
        &s.proposal,
        &s.facts,
        &s.policy,
        s.now,
    );
    assert_eq!(judgement.verdict, Verdict::Allow);
    let judgement = judge_without(
        "consent.scope",
        Stage::Dispatch,
        &s.proposal,
        &s.facts,
        &s.policy,
        s.now,
    );
    assert_eq!(judgement.primary.as_deref(), Some("consent.revoked"));
}

#[test]
fn the_hosts_receipt_gets_through_everything_that_stops_the_bot() {
    let mut s = Setup::reply("Listo, no te enviaremos más mensajes.").at_dispatch();
    s.proposal.origin = host("opt_out_receipt");
    s.proposal.purpose = Purpose::System;
    let at = s.last_inbound();
    *s.consent() = vec![revoked(ConsentScope::All, at.ms())];
    s.facts.conversation.human_since = Some(at);
    s.facts.conversation.bot_since_inbound = 9;
    assert_eq!(s.judge().verdict, Verdict::Allow);
}

#[test]
#[cfg_attr(debug_assertions, should_panic(expected = "facts.content must be"))]
fn facts_of_another_content_are_caught() {
    let mut s = Setup::reply("hola").at_dispatch();
    s.refresh();
    s.proposal.content = text("otra cosa");
    let ticket = Ticket {
        attempt: AttemptId::from_uuid(crate::testing::id(1)),
        decision: DecisionId::from_uuid(crate::testing::id(2)),
    };
    s.facts.content.kind = crate::detect::ContentKind::Media;
    let clearance = clear(&s.proposal, &s.facts, &s.policy, s.now, &ticket);
    assert!(clearance.cleared.is_none(), "release builds deny it");
}

#[test]
fn rounds_are_bounded() {
    // Sends one a day apart with a promise of one a day, expiry far away: each round moves a day on,
    // so this many would take more than sixteen rounds if the fix-point did not take the latest.
    let mut s = Setup::promo();
    s.facts.promotional_sends = Fact::Known(
        (1..20)
            .map(|d| (Some("ofertas".into()), s.now - Millis::hours(d)))
            .collect(),
    );
    let judgement = s.judge();
    assert!(judgement.rounds <= super::MAX_ROUNDS);
    assert_ne!(judgement.verdict, Verdict::Allow);
    assert_eq!(judgement.at, s.now);
    assert!(judgement.until.is_none_or(|t| t > Ts(0)));
}
