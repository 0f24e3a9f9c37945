//! `account.quality-red`: people block or report the number.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "account.quality-red",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Account,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "Calidad del número en rojo",
        "Qualidade do número em vermelho",
        "Number quality is red",
    ),
    sentence: words(
        "La calidad del número está en {value} desde {limit}.",
        "A qualidade do número está em {value} desde {limit}.",
        "The number's quality has been {value} since {limit}.",
    ),
    remedy: words(
        "Espera a que mejore: cuenta los bloqueos y reportes de los últimos 7 días. Lo retenido se juzga otra vez entonces.",
        "Espere que melhore: ela conta bloqueios e denúncias dos últimos 7 dias. O retido é julgado de novo então.",
        "Wait for it to recover: it counts blocks and reports of the last 7 days. What is held is judged again then.",
    ),
    docs: Docs {
        checks: "The quality Meta gives the sending number.",
        why: "More promotion on a red number brings more blocks, and then restrictions.",
        fires: "Holds promotion while it is RED; notes it while it is YELLOW, when campaigns go at half the number's speed.",
        facts: "`sender.standing.quality`.",
        parameters: "None.",
        source: "Meta, phone number quality rating (as of 2026-11).",
        since: "0.2.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if !case.is_promotional() {
            return None;
        }
        let standing = &case.facts.sender.known()?.standing;
        let since = || standing.quality_at.unwrap_or_default().rfc3339();
        match standing.quality.as_deref()? {
            "RED" => Some(Found::hold("RED", since())),
            "YELLOW" => Some(Found::note("YELLOW", since())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Verdict;
    use crate::testing::Setup;

    const RULE: &str = "account.quality-red";

    #[test]
    fn red_holds_promotion_yellow_notes_it_and_answers_pass() {
        for (quality, outcome) in [
            ("RED", Some(Some(Verdict::Hold))),
            ("YELLOW", Some(None)),
            ("GREEN", None),
            ("UNKNOWN", None),
        ] {
            let mut s = Setup::promo();
            s.sender().standing.quality = Some(quality.into());
            assert_eq!(s.found(RULE).map(|f| f.outcome), outcome, "{quality}");
            let mut s = Setup::reply("hola");
            s.sender().standing.quality = Some(quality.into());
            assert!(s.found(RULE).is_none());
        }
        assert!(Setup::promo().found(RULE).is_none());
    }
}
