//! `limits.pair-rate`: too soon after the last message to this person.

use crate::pace;
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "limits.pair-rate",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Limits,
    stages: Stages::Dispatch,
    moves_with_time: true,
    title: words("Demasiado seguido", "Rápido demais", "Too soon"),
    sentence: words(
        "Va demasiado seguido del mensaje anterior a esta persona (uno cada {limit}).",
        "Está perto demais da mensagem anterior a esta pessoa (uma a cada {limit}).",
        "It comes too soon after the last message to this person (one every {limit}).",
    ),
    remedy: words(
        "Saldrá a partir de {until}; no hace falta nada más.",
        "Sairá a partir de {until}; não é preciso mais nada.",
        "It will go from {until} on; nothing else is needed.",
    ),
    docs: Docs {
        checks: "The bucket of the pair (number, person).",
        why: "Meta allows one message every six seconds to one person and refuses more (131056).",
        fires: "Defers to the end of the gap. Direct replies may first go five at once; what they \
                borrowed is waited for afterwards.",
        facts: "`conversation.pair_tat`.",
        parameters: "`pair_gap_ms` (6,000), `pair_burst` (5).",
        source: "Meta, pair rate limit; error 131056.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let until = pace::pair_opens_at(case)?;
        let gap = case.policy.pair_gap_ms.0;
        Some(Found::defer(
            until,
            until.since(case.now).to_string(),
            format!("{gap} ms"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::pace::next_pair_tat;
    use crate::testing::Setup;
    use crate::{Stage, Verdict};
    use portero_domain::clock::{Millis, Ts};

    const RULE: &str = "limits.pair-rate";

    /// Scenario 69, to the millisecond.
    #[test]
    fn one_message_every_six_seconds() {
        let mut s = Setup::operator("hola").at_dispatch();
        let last = s.now;
        s.facts.conversation.pair_tat = next_pair_tat(&s.proposal, &s.facts, &s.policy, last);
        s.now = last.plus_ms(3_500);
        let judgement = s.judge();
        assert_eq!(
            (judgement.verdict, judgement.until),
            (Verdict::Defer, Some(last.plus_ms(6_000)))
        );
        s.now = last.plus_ms(5_999);
        assert!(s.found(RULE).is_some());
        s.now = last.plus_ms(6_000);
        assert!(s.found(RULE).is_none());
        s.stage = Stage::Admission;
        s.now = last;
        assert!(s.found(RULE).is_none(), "at dispatch only");
    }

    #[test]
    fn five_answers_at_once_then_one_every_six_seconds() {
        let mut s = Setup::reply("hola").at_dispatch();
        s.facts.conversation.pair_tat = Ts::ZERO;
        for n in 0..5 {
            assert!(s.found(RULE).is_none(), "{n}");
            s.facts.conversation.pair_tat = next_pair_tat(&s.proposal, &s.facts, &s.policy, s.now);
        }
        assert_eq!(s.found(RULE).unwrap().until, Some(s.now + Millis::secs(6)));
        s.now = s.now + Millis::secs(6);
        assert!(s.found(RULE).is_none());
        let mut operator = Setup::operator("hola").at_dispatch();
        operator.facts.conversation.pair_tat = s.facts.conversation.pair_tat;
        let pays = operator.found(RULE).unwrap().until.unwrap();
        assert_eq!(
            pays,
            operator.now + Millis::secs(30),
            "who may not burst waits for all of it"
        );
    }
}
