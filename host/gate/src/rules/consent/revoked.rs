//! `consent.revoked`: the person opted out.

use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope};

use crate::cover;
use crate::rules::support::*;

/// How long after an opt-out the host may confirm it.
pub const RECEIPT: Millis = Millis::minutes(5);

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "consent.revoked",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Consent,
    stages: Stages::Both,
    moves_with_time: false,
    title: words("Baja registrada", "Descadastro registrado", "Opted out"),
    sentence: words(
        "La persona pidió no recibir más mensajes ({value}) el {limit}.",
        "A pessoa pediu para não receber mais mensagens ({value}) em {limit}.",
        "The person asked for no more messages ({value}) on {limit}.",
    ),
    remedy: words(
        "Solo la propia persona puede volver a aceptar.",
        "Só a própria pessoa pode aceitar de novo.",
        "Only the person can opt in again.",
    ),
    docs: Docs {
        checks: "Whether an opt-out covers the message and no later grant of the same or a narrower \
                 scope lifts it.",
        why: "An opt-out works at once, on everything that has not begun, whatever it was queued as.",
        fires: "Denies promotion and consent questions after an opt-out of their topic, of promotion or \
                of all; everything else after an opt-out of all (or of its topic). Let through after an \
                opt-out: the host's receipt within five minutes, answers to what the person wrote \
                later, a code the person just asked for. A ledger that cannot be read: promotion is \
                denied, answers and codes pass, the rest is held.",
        facts: "`consent`, the message it answers, `window.last_inbound_at`.",
        parameters: "None.",
        source: "Meta, Business Messaging Policy; LGPD art. 8 §5 and 18 §4; PE Ley 32323; catalogue B.4.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let Some(standing) = &case.standing else {
            let harmless = case.is_direct_reply() || (is_code(case) && case.asked_for_code());
            return (!harmless).then(|| Found::unknown(case, "consent"));
        };
        if !matches!(standing, ConsentStanding::Revoked { .. }) {
            return None;
        }
        let latest = last_opt_out(case)?;
        if is_let_through(case, latest.captured_at) {
            return None;
        }
        Some(
            Found::deny(cover::show(&latest.scope), latest.captured_at.rfc3339())
                .because([latest.id.to_string()]),
        )
    }
}

/// The last opt-out that reaches this message. The standing names the one that counts for it, which
/// may be an older one of its topic; who wrote between the two has still left since.
fn last_opt_out<'a>(case: &Case<'a>) -> Option<&'a ConsentEvent> {
    let reaches = |scope: &ConsentScope| match scope {
        ConsentScope::All => true,
        ConsentScope::Promotional => case.purpose >= Purpose::ConsentRequest,
        ConsentScope::Topic(topic) => Some(topic.as_str()) == case.topic,
    };
    let events = case.facts.consent.known()?;
    events
        .iter()
        .filter(|e| e.kind == ConsentEventKind::Revoked && reaches(&e.scope))
        .max_by_key(|e| (e.captured_at, e.received_at))
}

fn is_let_through(case: &Case<'_>, revoked_at: Ts) -> bool {
    let by_host = matches!(case.origin, Origin::Host { .. });
    if case.purpose == Purpose::System && by_host {
        return case.now.since(revoked_at) <= RECEIPT.0 || wrote_later(case, revoked_at);
    }
    if is_code(case) {
        // The opt-out itself is no request for a code.
        return case.asked_for_code() && wrote_later(case, revoked_at);
    }
    !case.is_template() && !case.is_promotional() && wrote_later(case, revoked_at)
}

/// A one-time code as a template; a text that calls itself one is none.
fn is_code(case: &Case<'_>) -> bool {
    case.is_template() && case.purpose == Purpose::Authentication
}

/// Whether the person wrote again after opting out, and this is for that.
fn wrote_later(case: &Case<'_>, revoked_at: Ts) -> bool {
    match case.answers {
        Some(answers) => answers.at > revoked_at,
        // A person of the shop writes without an event: then the last inbound message counts.
        None => {
            case.purpose <= Purpose::Reply && case.last_inbound().is_some_and(|at| at > revoked_at)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, granted, host, revoked};
    use crate::{Fact, Verdict};
    use portero_domain::clock::Millis;
    use portero_domain::consent::ConsentScope::{All, Promotional, Topic};
    use portero_domain::proposal::Purpose;

    const RULE: &str = "consent.revoked";

    fn topic(t: &str) -> portero_domain::consent::ConsentScope {
        Topic(t.to_owned())
    }

    /// Scenarios 12, 14, 15, 17, 18.
    #[test]
    fn what_an_opt_out_reaches() {
        for (scope, promo, utility) in [
            (topic("ofertas"), false, true),
            (topic("novedades"), true, true),
            (Promotional, false, true),
            (All, false, false),
        ] {
            for (mut s, passes) in [(Setup::promo(), promo), (Setup::utility(), utility)] {
                let at = s.now.plus_ms(-1_000);
                s.consent().push(revoked(scope.clone(), at.ms()));
                assert_eq!(s.found(RULE).is_none(), passes, "{scope:?}");
                assert_eq!(s.at_dispatch().found(RULE).is_none(), passes, "{scope:?}");
            }
        }
    }

    #[test]
    fn a_later_grant_of_the_topic_lifts_it_and_an_earlier_or_wider_does_not() {
        let mut s = Setup::promo();
        *s.consent() = vec![revoked(All, 1_000), granted(topic("ofertas"), 1_001)];
        assert!(s.found(RULE).is_none());
        *s.consent() = vec![revoked(All, 1_000), granted(topic("ofertas"), 1_000)];
        assert!(
            s.found(RULE).is_some(),
            "the same instant: the opt-out wins"
        );
        *s.consent() = vec![
            revoked(topic("ofertas"), 1_000),
            granted(Promotional, 2_000),
        ];
        assert!(s.found(RULE).is_some());
        *s.consent() = vec![revoked(All, 1_000), granted(topic("ofertas"), 2_000)];
        s.proposal.topic = Some("novedades".into());
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
    }

    #[test]
    fn answers_to_what_was_written_later_pass_and_to_the_opt_out_itself_do_not() {
        let mut s = Setup::reply("hola");
        let wrote = s.last_inbound();
        *s.consent() = vec![revoked(All, wrote.ms() - 1)];
        assert!(s.found(RULE).is_none());
        *s.consent() = vec![revoked(All, wrote.ms())];
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        *s.consent() = vec![revoked(Promotional, wrote.ms())];
        assert!(
            s.found(RULE).is_none(),
            "an opt-out of promotion leaves answers alone"
        );
    }

    #[test]
    fn an_older_opt_out_of_the_topic_does_not_hide_a_later_one_of_all() {
        let mut s = Setup::reply("hola");
        s.proposal.topic = Some("pedidos".into());
        let wrote = s.last_inbound();
        *s.consent() = vec![revoked(topic("pedidos"), 1_000), revoked(All, wrote.ms())];
        assert_eq!(s.found(RULE).unwrap().value, "all");
    }

    #[test]
    fn a_code_asked_for_after_the_opt_out_passes_and_a_text_that_calls_itself_one_does_not() {
        let mut s = Setup::code();
        let wrote = s.last_inbound();
        *s.consent() = vec![revoked(All, wrote.ms() - 1)];
        assert!(s.found(RULE).is_none());
        *s.consent() = vec![revoked(All, wrote.ms())];
        assert!(s.found(RULE).is_some(), "the opt-out is no request");
        let mut s = Setup::reply("hola");
        *s.consent() = vec![revoked(All, wrote.ms())];
        for purpose in [
            Purpose::Authentication,
            Purpose::System,
            Purpose::Transactional,
        ] {
            s.proposal.purpose = purpose;
            assert!(s.found(RULE).is_some(), "{purpose:?}");
        }
    }

    #[test]
    fn the_receipt_has_five_minutes() {
        let mut s = Setup::reply("Listo, no te enviaremos más mensajes.");
        s.proposal.origin = host("opt_out_receipt");
        s.proposal.purpose = Purpose::System;
        let at = s.last_inbound();
        *s.consent() = vec![revoked(All, at.ms())];
        s.now = at + Millis::minutes(5);
        assert!(s.found(RULE).is_none());
        s.now = s.now.plus_ms(1);
        assert!(s.found(RULE).is_some());
    }

    #[test]
    fn a_person_of_the_shop_may_answer_who_wrote_again() {
        let mut s = Setup::operator("hola");
        let wrote = s.last_inbound();
        *s.consent() = vec![revoked(All, wrote.ms() - 1)];
        assert!(s.found(RULE).is_none());
        *s.consent() = vec![revoked(All, wrote.ms())];
        assert!(s.found(RULE).is_some());
    }

    #[test]
    fn an_unread_ledger_denies_promotion_holds_the_rest_and_lets_answers_go() {
        for (mut s, outcome) in [
            (Setup::promo(), Some(Verdict::Deny)),
            (Setup::utility(), Some(Verdict::Hold)),
            (Setup::reply("hola"), None),
            (Setup::code(), None),
            (Setup::operator("hola"), Some(Verdict::Hold)),
        ] {
            s.facts.consent = Fact::Unknown;
            assert_eq!(s.found(RULE).and_then(|f| f.outcome), outcome);
        }
    }
}
