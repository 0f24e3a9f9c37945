//! `consent.double-opt-in-pending`: the second yes has not come.

use crate::cover::{self, Cover};
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "consent.double-opt-in-pending",
    version: 2,
    stratum: Stratum::House,
    phase: Phase::Consent,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "Falta la confirmación",
        "Falta a confirmação",
        "Confirmation pending",
    ),
    sentence: words(
        "La persona aún no ha confirmado su consentimiento (registro: {value}); vale hasta {limit}.",
        "A pessoa ainda não confirmou seu consentimento (registro: {value}); vale até {limit}.",
        "The person has not confirmed the consent yet (on record: {value}); it may be until {limit}.",
    ),
    remedy: words(
        "Espera la confirmación; solo puede salir la pregunta que la pide.",
        "Espere a confirmação; só pode sair a pergunta que a pede.",
        "Wait for the confirmation; only the question that asks for it may go.",
    ),
    docs: Docs {
        checks: "Whether the consent that would cover the message is one the person still has to \
                 confirm: recorded as unconfirmed (imports are), or, where the tenant asks for a second \
                 yes, any that was not given in WhatsApp itself.",
        why: "A form or a list says what somebody typed; the answer in the chat says who they are.",
        fires: "Denies what needs consent until the person says yes in the chat, but the consent question, \
                inside the window or as a utility template. After `confirmation_ms` on record without an answer the record counts for nothing, and \
                `consent.missing` speaks.",
        facts: "`consent`.",
        parameters: "`double_opt_in` (off), `confirmation_ms` (7 d).",
        source: "Own choice; catalogue A.5, B.2, B.5.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if cover::of(case) != Cover::Pending {
            return None;
        }
        let (by, ends) = cover::unconfirmed(case)?;
        Some(Found::deny("unconfirmed", ends.rfc3339()).because([by.to_string()]))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, declined, granted, revoked, unconfirmed};
    use portero_domain::clock::Millis;
    use portero_domain::consent::ConsentScope::{All, Topic};
    use portero_domain::consent::ConsentSource;
    use portero_domain::proposal::Purpose;

    const RULE: &str = "consent.double-opt-in-pending";

    fn ofertas() -> portero_domain::consent::ConsentScope {
        Topic("ofertas".into())
    }

    /// Scenario 23, and the seven days to the millisecond.
    #[test]
    fn an_unconfirmed_consent_waits_seven_days_and_then_is_none() {
        for (age, rule) in [(-1, RULE), (0, "consent.missing"), (1, "consent.missing")] {
            let mut s = Setup::promo();
            let at = s.now - Millis::days(7) - Millis(age);
            *s.consent() = vec![unconfirmed(ofertas(), at.ms())];
            assert_eq!(s.denied_by().as_deref(), Some(rule), "{age}");
            assert_eq!(s.at_dispatch().denied_by().as_deref(), Some(rule), "{age}");
        }
    }

    /// A list is brought in months after its people agreed.
    #[test]
    fn the_seven_days_begin_when_it_is_written_down() {
        for (age, rule) in [(-1, RULE), (0, "consent.missing")] {
            let mut s = Setup::promo();
            let mut event = unconfirmed(ofertas(), s.now.ms() - Millis::days(200).0);
            event.received_at = s.now - Millis::days(7) - Millis(age);
            *s.consent() = vec![event];
            assert_eq!(s.denied_by().as_deref(), Some(rule), "{age}");
        }
    }

    #[test]
    fn the_persons_yes_confirms_it_and_a_no_or_an_opt_out_ends_it() {
        let mut s = Setup::promo();
        let at = s.now.ms() - 60_000;
        let first = || unconfirmed(ofertas(), at);
        *s.consent() = vec![first(), granted(ofertas(), at + 1)];
        assert!(s.found(RULE).is_none());
        assert_eq!(s.denied_by(), None);
        *s.consent() = vec![first(), declined("ofertas", at + 1)];
        assert_eq!(s.denied_by().as_deref(), Some("consent.missing"));
        *s.consent() = vec![revoked(All, at - 1), first()];
        assert_eq!(
            s.denied_by().as_deref(),
            Some("consent.revoked"),
            "no list lifts an opt-out"
        );
    }

    #[test]
    fn a_tenant_may_ask_for_a_second_yes_to_what_was_not_said_in_the_chat() {
        for (source, pending) in [
            (ConsentSource::Api, true),
            (ConsentSource::Operator, true),
            (ConsentSource::Import, true),
            (ConsentSource::WaButton, false),
            (ConsentSource::WaKeyword, false),
        ] {
            let mut s = Setup::promo();
            *s.consent() = vec![granted(ofertas(), s.now.ms() - 1)];
            s.consent()[0].source = source;
            assert!(s.found(RULE).is_none(), "only where the tenant asks for it");
            s.policy.double_opt_in = true;
            assert_eq!(s.found(RULE).is_some(), pending, "{source:?}");
            assert_eq!(s.denied_by().is_some(), pending);
        }
    }

    #[test]
    fn the_question_itself_may_go_and_answers_and_orders_too() {
        let mut s = Setup::utility();
        let at = s.now.ms() - 1;
        *s.consent() = vec![unconfirmed(ofertas(), at)];
        s.proposal.topic = Some("ofertas".into());
        assert!(s.found(RULE).is_none(), "the open order covers it");
        s.facts.recipient.open_transactions.clear();
        s.proposal.purpose = Purpose::ConsentRequest;
        assert!(s.found(RULE).is_none());
        assert!(s.found("consent.missing").is_none());
        assert!(Setup::reply("hola").found(RULE).is_none());
    }
}
