//! Sentences and remedies, in every language.

use super::*;
use crate::testing::{Setup, revoked, ts};
use portero_domain::consent::ConsentScope;

#[test]
fn a_refusal_says_so_in_three_languages_and_names_the_reason_first() {
    let mut s = Setup::promo();
    s.consent()
        .push(revoked(ConsentScope::All, 1_793_000_000_000));
    s.now = ts("2026-11-24T03:00:00Z");
    s.registry().synced_at = s.now;
    for (language, summary) in [
        (
            Language::Es,
            "No se envió: La persona pidió no recibir más mensajes (todos los mensajes) el 2026-10-26 07:33:20 UTC.",
        ),
        (
            Language::Pt,
            "Não foi enviada: A pessoa pediu para não receber mais mensagens (todas as mensagens) em 2026-10-26 07:33:20 UTC.",
        ),
        (
            Language::En,
            "Not sent: The person asked for no more messages (all messages) on 2026-10-26 07:33:20 UTC.",
        ),
    ] {
        let explained = explain(&s.judge(), language);
        assert_eq!(explained.summary, summary);
        assert_eq!(explained.findings[0].rule, "consent.revoked");
        assert_eq!(explained.findings[1].rule, "quiet-hours.tenant");
        assert!(!explained.findings[0].remedy.is_empty());
    }
}

#[test]
fn the_primary_finding_comes_first_even_when_a_note_stands_before_it() {
    let mut s = Setup::promo();
    s.registry().synced_at = Ts(0);
    s.now = ts("2026-11-24T03:00:00Z");
    let judgement = s.judge();
    assert_eq!(judgement.findings[0].rule, "template.unknown");
    let explained = explain_in(&judgement, Language::Es, "America/Bogota");
    assert_eq!(explained.findings[0].rule, "quiet-hours.tenant");
    assert_eq!(
        explained.summary,
        "Saldrá a partir de 2026-11-24 09:00:00 -05: Está fuera del horario de la cuenta \
         (2026-11-23 22:00 America/Bogota)."
    );
}

#[test]
fn codes_are_put_into_words_and_places_kept() {
    let sentence = |s: Setup, language| explain(&s.judge(), language).findings[0].sentence.clone();
    let leak = Setup::reply("Hola {{nombre}}");
    assert_eq!(
        sentence(leak, Language::Es),
        "Hay una variable sin rellenar o restos de programa en text.body: variable {{…}} @5."
    );
    let mut never = Setup::operator("hola");
    never.window().last_inbound_at = None;
    assert_eq!(
        sentence(never, Language::Pt),
        "A janela de atendimento está fechada: a pessoa nunca escreveu."
    );
    let mut live = Setup::operator("hola");
    live.facts.tenant.mode = crate::facts::TenantMode::Live;
    assert_eq!(
        sentence(live, Language::En),
        "This version does not send to real people yet (live mode)."
    );
    let mut unread = Setup::promo();
    unread.facts.consent = crate::Fact::Unknown;
    assert!(sentence(unread, Language::Es).starts_with("No se pudo leer un dato"));
}

#[test]
fn every_finding_of_the_suite_fills_all_its_names() {
    let mut setups = vec![
        Setup::reply(""),
        Setup::reply(&"x".repeat(5_000)),
        Setup::promo(),
    ];
    let mut late = Setup::promo();
    late.proposal.expires_at = late.now;
    setups.push(late);
    let mut quiet = Setup::promo();
    quiet.now = ts("2026-11-24T03:00:00Z");
    setups.push(quiet);
    for s in setups {
        for language in Language::ALL {
            let judgement = s.judge();
            let explained = explain(&judgement, language);
            for text in explained
                .findings
                .iter()
                .flat_map(|f| [&f.sentence, &f.remedy])
                .chain([&explained.summary])
            {
                for name in ["{value}", "{limit}", "{until}", "{evidence}", "{reason}"] {
                    assert!(!text.contains(name), "{text}");
                }
            }
        }
    }
}

#[test]
fn a_record_of_another_build_is_still_shown() {
    let mut judgement = Setup::promo().judge();
    judgement.findings.push(crate::Finding {
        rule: "future.rule".into(),
        outcome: Some(Verdict::Deny),
        until: None,
        value: "a".into(),
        limit: "b".into(),
        evidence: vec![],
    });
    assert_eq!(
        explain(&judgement, Language::Es).findings[0].sentence,
        "future.rule: a / b"
    );
}

#[test]
fn an_allow_is_one_sentence() {
    let explained = explain(&Setup::promo().judge(), Language::Es);
    assert_eq!(
        (explained.summary.as_str(), explained.findings.len()),
        ("Puede salir.", 0)
    );
}
