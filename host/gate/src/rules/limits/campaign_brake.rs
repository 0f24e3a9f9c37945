//! `limits.campaign-brake`: too many of a campaign's messages do not arrive, or drive people away.

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "limits.campaign-brake",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Limits,
    stages: Stages::Dispatch,
    moves_with_time: false,
    title: words("Freno de campaña", "Freio de campanha", "Campaign brake"),
    sentence: words(
        "La campaña se frenó sola por {limit}: {value}.",
        "A campanha freou sozinha por {limit}: {value}.",
        "The campaign stopped itself because of {limit}: {value}.",
    ),
    remedy: words(
        "Mira la lista de personas y, si está bien, sigue con `portero campaign resume`.",
        "Veja a lista de pessoas e, se estiver tudo bem, siga com `portero campaign resume`.",
        "Look at the list of people and, if all is well, go on with `portero campaign resume`.",
    ),
    docs: Docs {
        checks: "Of the messages of this campaign since it was last started: those Meta refused or could not \
                 deliver, and people reached who withdrew their consent afterwards.",
        why: "A wrong list or an unwanted text costs the number its quality within an hour.",
        fires: "Holds once the sample is there and a share is at or over its limit; the campaign pauses with \
                the reason shown. Resuming starts the count again. Sample and shares are half for the first \
                campaign to people who came in from a list.",
        facts: "`campaign.sent`, `campaign.failed`, `campaign.opted_out`, `campaign.imported`.",
        parameters: "`brake_sample` (50), `brake_failures_percent` (10), `brake_opt_outs_percent` (3).",
        source: "Own thresholds; halves: catalogue B.5.",
        since: "0.2.0",
    },
};

/// What a campaign's figures say: value and code of the limit; `None` while all is well.
///
/// Also asked by the runner, which pauses the campaign.
#[must_use]
pub fn brakes(
    sent: u64,
    failed: u64,
    opted_out: u64,
    imported: bool,
    policy: &crate::policy::Policy,
) -> Option<(String, &'static str)> {
    let tried = sent.saturating_add(failed);
    // Halves of the sample and of the shares, for people who came in from a list.
    let parts = if imported { 2 } else { 1 };
    let over = |n: u64, of: u64, percent: u32| {
        of >= u64::from(policy.brake_sample.max(1)).div_ceil(parts)
            && n > 0
            && u128::from(n) * 100 * u128::from(parts) >= u128::from(of) * u128::from(percent)
    };
    let limit = |percent: u32| match (imported, percent % 2) {
        (false, _) => format!("≥ {percent} %"),
        (true, 0) => format!("≥ {} %", percent / 2),
        (true, _) => format!("≥ {}.5 %", percent / 2),
    };
    if over(opted_out, sent, policy.brake_opt_outs_percent) {
        let limit = limit(policy.brake_opt_outs_percent);
        return Some((format!("{opted_out} / {sent} ({limit})"), "opt_outs"));
    }
    if over(failed, tried, policy.brake_failures_percent) {
        let limit = limit(policy.brake_failures_percent);
        return Some((format!("{failed} / {tried} ({limit})"), "failures"));
    }
    None
}

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let campaign = case.facts.campaign.as_ref()?;
        let (value, limit) = brakes(
            campaign.sent,
            campaign.failed,
            campaign.opted_out,
            campaign.imported,
            case.policy,
        )?;
        Some(Found::hold(value, limit))
    }
}

#[cfg(test)]
mod tests {
    use crate::Verdict;
    use crate::testing::Setup;

    const RULE: &str = "limits.campaign-brake";

    /// Scenario 70.
    #[test]
    fn three_percent_of_withdrawals_hold_the_next_row() {
        let mut s = Setup::promo().at_dispatch();
        s.campaign().sent = 500;
        for (out, held) in [(14, false), (15, true), (16, true)] {
            s.campaign().opted_out = out;
            assert_eq!(s.found(RULE).is_some(), held, "{out}");
        }
        let judgement = s.judge();
        assert_eq!(judgement.verdict, Verdict::Hold);
        assert_eq!(judgement.primary.as_deref(), Some(RULE));
        assert_eq!(judgement.findings[0].value, "16 / 500 (≥ 3 %)");
    }

    #[test]
    fn a_tenth_undeliverable_holds_and_a_small_sample_does_not() {
        let mut s = Setup::promo().at_dispatch();
        for (sent, failed, held) in [
            (45, 4, false),
            (45, 5, true),
            (46, 5, false),
            (10, 30, false),
        ] {
            s.campaign().sent = sent;
            s.campaign().failed = failed;
            assert_eq!(s.found(RULE).is_some(), held, "{sent} {failed}");
        }
    }

    #[test]
    fn people_from_a_list_brake_at_half() {
        let mut s = Setup::promo().at_dispatch();
        for (sent, failed, out, held) in [
            (24, 1, 0, false),
            (23, 2, 0, true),
            (22, 2, 0, false),
            (67, 0, 1, false),
            (66, 0, 1, true),
            (24, 0, 1, false),
        ] {
            let campaign = s.campaign();
            (campaign.sent, campaign.failed, campaign.opted_out) = (sent, failed, out);
            campaign.imported = true;
            assert_eq!(s.found(RULE).is_some(), held, "{sent} {failed} {out}");
            s.campaign().imported = false;
            assert!(s.found(RULE).is_none(), "{sent} {failed} {out}");
        }
        s.campaign().imported = true;
        (s.campaign().sent, s.campaign().opted_out) = (66, 1);
        assert_eq!(s.judge().findings[0].value, "1 / 66 (≥ 1.5 %)");
    }

    #[test]
    fn admission_and_other_messages_are_not_braked() {
        let mut s = Setup::promo();
        s.campaign().sent = 500;
        s.campaign().opted_out = 500;
        assert!(s.found(RULE).is_none());
        assert!(Setup::utility().at_dispatch().found(RULE).is_none());
    }
}
