//! `limits.throughput`: the number sends faster than it may.

use crate::pace;
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "limits.throughput",
    version: 2,
    stratum: Stratum::Platform,
    phase: Phase::Limits,
    stages: Stages::Dispatch,
    moves_with_time: true,
    title: words(
        "Número al máximo",
        "Número no máximo",
        "Number at its limit",
    ),
    sentence: words(
        "El número ya envía todo lo que puede ({limit}).",
        "O número já envia tudo o que pode ({limit}).",
        "The number is sending all it may ({limit}).",
    ),
    remedy: words(
        "Saldrá a partir de {until}; no hace falta nada más.",
        "Sairá a partir de {until}; não é preciso mais nada.",
        "It will go from {until} on; nothing else is needed.",
    ),
    docs: Docs {
        checks: "The bucket of the sending number.",
        why: "Meta refuses what is over the number's rate (130429).",
        fires: "Defers to the next token. Holds when the number's rate is not known (0).",
        facts: "`sender.mps`, `sender.tat`.",
        parameters: "`throughput_percent` (90), `throughput_burst` (4 on a number of up to 80 a second; in proportion on a \
                     faster one).",
        source: "Meta, throughput: 80 messages a second, 1,000 when upgraded; error 130429.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let sender = case.facts.sender.known()?;
        let rate = pace::rate(sender.mps, case.policy);
        if rate == 0 {
            return Some(Found::unknown(case, "rate"));
        }
        let until = pace::number_opens_at(sender.tat, rate, case.policy, case.now)?;
        let limit = format!(
            "{} × {} %/s",
            sender.mps,
            case.policy.throughput_percent.min(100)
        );
        Some(Found::defer(
            until,
            until.since(case.now).to_string(),
            limit,
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::pace::next_number_tat;
    use crate::testing::Setup;
    use crate::{Stage, Verdict};
    use portero_domain::clock::Ts;

    const RULE: &str = "limits.throughput";

    /// Sends whenever the rule lets it, for `ms`; how many went.
    fn sent_in(s: &mut Setup, ms: i64) -> u32 {
        let start = s.now;
        let mut sent = 0;
        while s.now < start.plus_ms(ms) {
            match s.found(RULE) {
                None => {
                    sent += 1;
                    let tat = next_number_tat(&s.facts, &s.policy, s.now);
                    s.sender().tat = tat;
                }
                Some(found) => {
                    let until = found.until.unwrap();
                    assert!(until > s.now);
                    s.now = until;
                }
            }
        }
        sent
    }

    #[test]
    fn the_average_is_the_share_of_the_rate_whatever_the_interval() {
        for (mps, per_10_s) in [(80, 720), (20, 180), (1_000, 9_000), (7, 63), (333, 2_997)] {
            let mut s = Setup::operator("hola").at_dispatch();
            s.sender().mps = mps;
            let sent = sent_in(&mut s, 10_000);
            let burst = 3 * mps.max(80) / 80 + 1;
            assert!(
                (per_10_s..=per_10_s + burst + 1).contains(&sent),
                "{mps}: {sent}"
            );
        }
    }

    /// Scenario 109 with the house's 90 %.
    #[test]
    fn a_deferral_is_to_the_next_token() {
        let mut s = Setup::operator("hola").at_dispatch();
        s.sender().mps = 20;
        s.policy.throughput_burst = 1;
        let tat = next_number_tat(&s.facts, &s.policy, s.now);
        s.sender().tat = tat;
        let judgement = s.judge();
        assert_eq!(
            (judgement.verdict, judgement.until),
            (Verdict::Defer, Some(tat))
        );
        assert!((1..=56).contains(&tat.since(s.now)), "{}", tat.since(s.now));
        s.now = tat.plus_ms(-1);
        assert!(s.found(RULE).is_some());
        s.now = tat;
        assert!(s.found(RULE).is_none());
    }

    #[test]
    fn a_number_without_a_rate_is_held_and_admission_does_not_ask() {
        let mut s = Setup::operator("hola").at_dispatch();
        s.sender().mps = 0;
        assert_eq!(s.found(RULE).unwrap().outcome, Some(Verdict::Hold));
        s.sender().mps = 80;
        s.sender().tat = Ts(s.now.ms() + 60_000);
        assert!(s.found(RULE).is_some());
        s.stage = Stage::Admission;
        assert!(s.found(RULE).is_none());
    }
}
