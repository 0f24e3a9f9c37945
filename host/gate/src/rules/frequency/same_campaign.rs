//! `frequency.same-campaign`: this person already got this campaign, or its very text.

use portero_domain::clock::Millis;

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "frequency.same-campaign",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Frequency,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "Campaña repetida",
        "Campanha repetida",
        "Campaign sent before",
    ),
    sentence: words(
        "La persona ya recibió esta campaña o el mismo texto ({value}: {evidence}).",
        "A pessoa já recebeu esta campanha ou o mesmo texto ({value}: {evidence}).",
        "The person already got this campaign or the very same text ({value}: {evidence}).",
    ),
    remedy: words(
        "No hace falta nada: cada campaña llega una sola vez a cada persona.",
        "Não é preciso nada: cada campanha chega uma só vez a cada pessoa.",
        "Nothing is needed: a campaign reaches each person once.",
    ),
    docs: Docs {
        checks: "Messages of this campaign to this person, on their way or sent, ever; and messages with the \
                 very same content that left in the last 30 days (promotion) or 24 hours (transactional).",
        why: "Twice the same is what people block a number for, and what a restart must never cause.",
        fires: "Denies.",
        facts: "`campaign.already`, `campaign.same_body`.",
        parameters: "None.",
        source: "Own choice; the same text is looked for in proposals of campaigns only, for a template without \
                 values may well be sent again by the shop.",
        since: "0.2.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if !matches!(case.origin, Origin::Campaign { .. }) {
            return None;
        }
        let Some(campaign) = &case.facts.campaign else {
            return Some(Found::unknown(case, "campaign"));
        };
        if let Some(of) = campaign.already {
            return Some(Found::deny("campaign", "once").because([of.to_string()]));
        }
        let apart = match case.purpose {
            Purpose::Promotional | Purpose::ConsentRequest => Millis::days(30),
            Purpose::Authentication => return None,
            _ => Millis::hours(24),
        };
        let (of, at) = campaign.same_body?;
        (case.now.since(at) < apart.0)
            .then(|| Found::deny("same_text", at.rfc3339()).because([of.to_string()]))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, id};
    use crate::{Stage, Verdict};
    use portero_domain::clock::Millis;
    use portero_domain::ids::OutboxId;

    const RULE: &str = "frequency.same-campaign";

    /// Scenario 61.
    #[test]
    fn a_campaign_reaches_a_person_once_at_both_stages() {
        for stage in [Stage::Admission, Stage::Dispatch] {
            let mut s = Setup::promo();
            s.stage = stage;
            assert!(s.found(RULE).is_none());
            s.campaign().already = Some(OutboxId::from_uuid(id(50)));
            assert_eq!(s.denied_by().as_deref(), Some(RULE));
        }
    }

    #[test]
    fn the_same_text_waits_thirty_days() {
        let mut s = Setup::promo();
        let at = s.now - Millis::days(30);
        for (by, denied) in [(-1, false), (0, false), (1, true)] {
            s.campaign().same_body = Some((OutboxId::from_uuid(id(50)), at.plus_ms(by)));
            assert_eq!(s.found(RULE).is_some(), denied, "{by} ms");
        }
    }

    #[test]
    fn a_notice_with_the_same_text_waits_a_day() {
        let mut s = Setup::promo();
        s.proposal.purpose = portero_domain::proposal::Purpose::Transactional;
        s.registry().category = portero_domain::template::TemplateCategory::Utility;
        let at = s.now - Millis::hours(24);
        for (by, denied) in [(0, false), (1, true)] {
            s.campaign().same_body = Some((OutboxId::from_uuid(id(50)), at.plus_ms(by)));
            assert_eq!(s.found(RULE).is_some(), denied, "{by} ms");
        }
    }

    #[test]
    fn a_campaign_that_is_not_known_is_refused_and_others_pass() {
        let mut s = Setup::promo();
        s.facts.campaign = None;
        assert_eq!(s.found(RULE).unwrap().outcome, Some(Verdict::Deny));
        let mut s = Setup::utility();
        s.facts.campaign = None;
        assert!(s.found(RULE).is_none());
    }
}
