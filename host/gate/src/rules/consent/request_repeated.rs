//! `consent.request-repeated`: asked too often, or after a no.

use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope};

use crate::judgement::Stage;
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "consent.request-repeated",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Consent,
    stages: Stages::Both,
    moves_with_time: true,
    title: words("Pregunta repetida", "Pergunta repetida", "Asked too often"),
    sentence: words(
        "Ya se le preguntó a la persona ({value}); se puede volver a preguntar: {limit}.",
        "Já se perguntou à pessoa ({value}); pode-se perguntar de novo: {limit}.",
        "The person was asked before ({value}); may be asked again: {limit}.",
    ),
    remedy: words(
        "No insistas: si la persona quiere, escribe ALTA.",
        "Não insista: se a pessoa quiser, escreve VOLTAR.",
        "Do not press: who wants it writes START.",
    ),
    docs: Docs {
        checks: "Earlier consent questions about the topic and what the person answered.",
        why: "A question asked until the answer is yes is not answered freely.",
        fires: "Denies a question within `request_gap_ms` of the last, within `request_after_no_ms` of a \
                no, after `requests_without_yes` questions that never got a yes, and after an opt-out of \
                the topic, of promotion or of all: then only the person can begin again. The host's own \
                question to somebody who just asked to be let in is not counted against them.",
        facts: "`consent`.",
        parameters: "`request_gap_ms` (30 d), `request_after_no_ms` (180 d), `requests_without_yes` (3).",
        source: "Own choice; the Chilean bill would bar such questions altogether. Catalogue A.5.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if case.purpose != Purpose::ConsentRequest || the_person_asked(case) {
            return None;
        }
        let Some(events) = case.facts.consent.known() else {
            return Some(Found::deny("unknown", "consent"));
        };
        let mut seen = Seen::default();
        for event in events.iter().filter(|e| concerns(case, e)) {
            seen.take(event);
        }
        seen.judge(case)
    }
}

/// Who writes "let me in" is asked by the host what it would mean; that is an answer.
fn the_person_asked(case: &Case<'_>) -> bool {
    matches!(case.origin, Origin::Host { .. }) && case.answers.is_some()
}

/// Of this topic, or of everything; not this very question, which is on record once admitted.
fn concerns(case: &Case<'_>, event: &ConsentEvent) -> bool {
    let own = case.stage == Stage::Dispatch
        && event.kind == ConsentEventKind::Requested
        && event.captured_at >= case.created_at;
    let scope = match &event.scope {
        ConsentScope::All | ConsentScope::Promotional => true,
        ConsentScope::Topic(topic) => case.topic.is_none_or(|t| t == topic),
    };
    scope && !own
}

/// What happened since the last yes.
#[derive(Default)]
struct Seen {
    no: Option<Ts>,
    out: Option<Ts>,
    asked: Option<Ts>,
    times: u32,
}

impl Seen {
    /// Events come oldest first. A yes begins everything anew.
    fn take(&mut self, event: &ConsentEvent) {
        let at = Some(event.captured_at);
        match event.kind {
            ConsentEventKind::Granted => {
                *self = Seen {
                    // An opt-out of the same instant wins.
                    out: self.out.filter(|out| *out >= event.captured_at),
                    ..Seen::default()
                };
            }
            ConsentEventKind::Revoked => self.out = self.out.max(at),
            ConsentEventKind::Declined => self.no = self.no.max(at),
            ConsentEventKind::Requested => {
                self.asked = self.asked.max(at);
                self.times += 1;
            }
            ConsentEventKind::GrantedUnconfirmed
            | ConsentEventKind::ImportRefused
            | ConsentEventKind::MetaStop
            | ConsentEventKind::MetaResume => {}
        }
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let policy = case.policy;
        let show = |what: &str, at: Ts| format!("{what}: {}", at.rfc3339());
        if let Some(out) = self.out {
            return Some(Found::deny(show("opted_out", out), "never_by_us"));
        }
        if let Some(asked) = self.asked
            && self.times >= policy.requests_without_yes
        {
            return Some(Found::deny(show("asked", asked), "never_by_us"));
        }
        let after_no = self
            .no
            .map(|at| ("declined", at, at + policy.request_after_no_ms));
        let after_question = self
            .asked
            .map(|at| ("asked", at, at + policy.request_gap_ms));
        let (what, at, again) = [after_no, after_question]
            .into_iter()
            .flatten()
            .max_by_key(|(.., again)| *again)?;
        (case.now < again).then(|| Found::deny(show(what, at), again.rfc3339()))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, declined, granted, host, requested, revoked, ts};
    use portero_domain::clock::{Millis, Ts};
    use portero_domain::consent::ConsentScope::{All, Topic};

    const RULE: &str = "consent.request-repeated";

    fn asked(at: Ts) -> Setup {
        let mut s = Setup::question();
        *s.consent() = vec![requested("ofertas", at.ms())];
        s
    }

    /// Scenario 26, and its boundaries.
    #[test]
    fn a_month_lies_between_two_questions() {
        let s = asked(ts("2026-11-10T12:00:00Z"));
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        assert_eq!(s.found(RULE).unwrap().limit, "2026-12-10T12:00:00.000Z");
        let now = Setup::question().now;
        for (age, denied) in [(-1, true), (0, false), (1, false)] {
            let s = asked(now - Millis::days(30) - Millis(age));
            assert_eq!(s.found(RULE).is_some(), denied, "{age}");
        }
    }

    #[test]
    fn half_a_year_follows_a_no() {
        let now = Setup::question().now;
        for (age, denied) in [(-1, true), (0, false), (1, false)] {
            let no = now - Millis::days(180) - Millis(age);
            let mut s = asked(no.plus_ms(-5));
            s.consent().push(declined("ofertas", no.ms()));
            assert_eq!(s.found(RULE).is_some(), denied, "{age}");
        }
    }

    #[test]
    fn three_questions_without_a_yes_are_enough_and_a_yes_begins_anew() {
        let mut s = Setup::question();
        let days = |n: i64| s.now.ms() - n * 86_400_000;
        let old = vec![
            requested("ofertas", days(400)),
            requested("ofertas", days(300)),
        ];
        let third = requested("ofertas", days(200));
        let (yes, out) = (days(350), days(100));
        *s.consent() = old.clone();
        assert!(s.found(RULE).is_none());
        s.consent().push(third.clone());
        assert_eq!(s.found(RULE).unwrap().limit, "never_by_us");
        *s.consent() = vec![
            old[0].clone(),
            granted(Topic("ofertas".into()), yes),
            old[1].clone(),
            third,
        ];
        assert!(s.found(RULE).is_none(), "two since the yes");
        s.consent().push(revoked(All, out));
        assert_eq!(s.found(RULE).unwrap().limit, "never_by_us");
    }

    #[test]
    fn another_topic_is_another_question_and_who_asks_to_be_let_in_is_answered() {
        let mut s = asked(ts("2026-11-22T12:00:00Z"));
        s.proposal.topic = Some("novedades".into());
        assert!(s.found(RULE).is_none());
        s.proposal.topic = Some("ofertas".into());
        assert!(s.found(RULE).is_some());
        s.proposal.origin = host("consent_question");
        assert!(s.found(RULE).is_none());
        s.proposal.answers = None;
        assert!(s.found(RULE).is_some());
        s.facts.consent = crate::Fact::Unknown;
        assert!(s.found(RULE).is_some());
        assert!(Setup::promo().found(RULE).is_none());
    }

    #[test]
    fn its_own_record_is_not_held_against_it_at_dispatch() {
        let mut s = asked(Ts(0));
        let at = s.proposal.created_at;
        *s.consent() = vec![requested("ofertas", at.ms())];
        assert!(s.found(RULE).is_some(), "at admission it has none yet");
        assert!(s.clone().at_dispatch().found(RULE).is_none());
        *s.consent() = vec![requested("ofertas", at.ms() - 1)];
        assert!(s.at_dispatch().found(RULE).is_some());
    }
}
