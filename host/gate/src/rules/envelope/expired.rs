//! `envelope.expired`: its time is over, or would be when it could leave.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "envelope.expired",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Envelope,
    stages: Stages::Both,
    moves_with_time: true,
    title: words("Vencido", "Vencido", "Expired"),
    sentence: words(
        "El mensaje llegaría tarde: {value}, y el límite es {limit}.",
        "A mensagem chegaria tarde: {value}, e o limite é {limit}.",
        "The message would be too late: {value}, and the limit is {limit}.",
    ),
    remedy: words(
        "Dale un vencimiento más largo o resuelve lo que lo retrasa: {evidence}.",
        "Dê um vencimento maior ou resolva o que a atrasa: {evidence}.",
        "Give it a later expiry or resolve what delays it: {evidence}.",
    ),
    docs: Docs {
        checks: "The instant judged at against `expires_at`, and the end of a deferral against \
                 `expires_at` and the longest deferral of its purpose.",
        why: "A late offer or a late code is worse than none.",
        fires: "Denies when `now ≥ expires_at`, or when the message could leave only at or after \
                `expires_at`, later than the longest deferral, or not within 16 rounds; what delays \
                it stays as a finding.",
        facts: "The proposal; the findings of the rules that defer.",
        parameters: "`max_defer_promotional_ms` (72 h), `max_defer_transactional_ms` (24 h), \
                     `max_defer_reply_ms` (2 min, enough for the rate rules).",
        source: "Own choice.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        (case.now >= case.expires_at)
            .then(|| Found::deny(case.now.rfc3339(), case.expires_at.rfc3339()))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Setup;

    const RULE: &str = "envelope.expired";

    #[test]
    fn a_millisecond_before_its_expiry_it_may_go_and_at_it_not() {
        for s in [Setup::reply("hola"), Setup::reply("hola").at_dispatch()] {
            let mut s = s;
            s.proposal.expires_at = s.now.plus_ms(1);
            assert!(s.found(RULE).is_none());
            s.now = s.proposal.expires_at;
            assert_eq!(s.denied_by(), Some(RULE.to_owned()));
            s.now = s.now.plus_ms(1);
            assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        }
    }
}
