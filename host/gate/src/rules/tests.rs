//! What holds for every rule of the registry.

use std::collections::BTreeSet;

use super::*;

#[test]
fn ids_are_unique_and_stand_in_catalogue_order() {
    let ids: Vec<&str> = RULES.iter().map(|r| r.about().id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    assert_eq!(
        ids,
        [
            "envelope.invalid",
            "envelope.duplicate",
            "envelope.expired",
            "tenant.suspended",
            "tenant.sender-mismatch",
            "tenant.sandbox",
            "plugin.capability",
            "plugin.scope",
            "plugin.budget",
            "data.erased",
            "recipient.invalid",
            "recipient.do-not-contact",
            "recipient.registry",
            "recipient.registry-stale",
            "consent.missing",
            "consent.revoked",
            "consent.meta-stop",
            "consent.expired",
            "consent.scope",
            "consent.double-opt-in-pending",
            "consent.import-refused",
            "consent.request-malformed",
            "consent.request-repeated",
            "account.restricted",
            "account.quality-red",
            "session.window-closed",
            "session.window-margin",
            "session.unsolicited-promo",
            "template.unknown",
            "template.not-approved",
            "template.paused",
            "template.quality-red",
            "template.category-mismatch",
            "template.language",
            "template.params",
            "template.opt-out-missing",
            "content.empty",
            "content.too-long",
            "content.unsupported",
            "content.placeholder-leak",
            "bot.handover-active",
            "bot.consecutive",
            "frequency.promise-exceeded",
            "frequency.cap-tenant",
            "frequency.min-gap",
            "frequency.meta-per-user",
            "frequency.same-campaign",
            "quiet-hours.tenant",
            "limits.tier",
            "limits.pair-rate",
            "limits.throughput",
            "limits.campaign-brake",
            "limits.cost-budget",
        ]
    );
    let phases: Vec<Phase> = RULES.iter().map(|r| r.about().phase).collect();
    assert!(phases.is_sorted(), "phases follow the catalogue");
}

#[test]
fn every_file_is_where_its_id_says() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    for rule in RULES {
        let path = format!("{}.rs", rule.about().id.replace('-', "_").replace('.', "/"));
        let text = std::fs::read_to_string(root.join(&path)).unwrap();
        assert!(
            text.starts_with(&format!("//! `{}`: ", rule.about().id)),
            "{path}"
        );
    }
}

#[test]
fn every_rule_says_everything_in_three_languages() {
    for rule in RULES {
        let a = rule.about();
        for text in [
            a.docs.checks,
            a.docs.why,
            a.docs.fires,
            a.docs.facts,
            a.docs.parameters,
            a.docs.source,
            a.docs.since,
        ] {
            assert!(
                !text.is_empty() && text.ends_with(|c: char| c == '.' || c.is_ascii_digit()),
                "{}: {text}",
                a.id
            );
        }
        for words in [a.title, a.sentence, a.remedy] {
            let all: BTreeSet<&str> = [words.es, words.pt, words.en].into();
            assert!(all.iter().all(|w| !w.is_empty()), "{}", a.id);
            assert!(
                words.es != words.en && words.pt != words.en,
                "{}: not translated",
                a.id
            );
        }
        for words in [a.sentence, a.remedy] {
            for text in [words.es, words.pt, words.en] {
                assert!(text.ends_with('.'), "{}: {text}", a.id);
                let used = |t: &str| {
                    ["{value}", "{limit}", "{until}", "{evidence}"].map(|n| t.contains(n))
                };
                assert_eq!(
                    used(text),
                    used(words.en),
                    "{}: the same names in every language",
                    a.id
                );
            }
        }
        assert!(a.version >= 1);
    }
}

#[test]
fn a_refusal_is_never_called_a_failure() {
    for rule in RULES {
        let a = rule.about();
        for words in [a.title, a.sentence, a.remedy] {
            for text in [words.es, words.pt, words.en] {
                let lower = text.to_lowercase();
                for bad in ["failed", "failure", "fallido", "falló", "falhou", "error"] {
                    assert!(!lower.contains(bad), "{}: {text}", a.id);
                }
            }
        }
    }
}

#[cfg(feature = "removable-rules")]
#[test]
fn a_rule_can_be_taken_out_and_put_back() {
    assert!(!remove_rule(Some("no.such-rule")));
    assert_eq!(removed(), None);
    // A rule no other test of this process relies on being there at this moment.
    assert!(remove_rule(Some("recipient.invalid")));
    assert_eq!(removed(), Some("recipient.invalid"));
    assert!(remove_rule(None));
    assert_eq!(removed(), None);
}
