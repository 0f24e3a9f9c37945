//! `consent.meta-stop`: the person stopped marketing in WhatsApp's own settings.

use portero_domain::consent::meta_stop_since;

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "consent.meta-stop",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Consent,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "Detenido en WhatsApp",
        "Parado no WhatsApp",
        "Stopped in WhatsApp",
    ),
    sentence: words(
        "La persona detuvo las promociones en los ajustes de WhatsApp el {limit}.",
        "A pessoa parou as promoções nas configurações do WhatsApp em {limit}.",
        "The person stopped promotion in WhatsApp's settings on {limit}.",
    ),
    remedy: words(
        "Espera a que la persona las reactive en WhatsApp; no reintentes.",
        "Espere que a pessoa as reative no WhatsApp; não tente de novo.",
        "Wait until the person resumes it in WhatsApp; do not retry.",
    ),
    docs: Docs {
        checks: "The last stop or resume that Meta reported for this person, and refusals with code \
                 131050, from any of the tenant's numbers.",
        why: "Meta refuses such sends; another number of the same business would evade the wish.",
        fires: "Denies promotion while the last word is stop, and when the ledger could not be read. \
                Independent of our own opt-out: a resume never clears that one.",
        facts: "`consent`.",
        parameters: "None.",
        source: "Meta, user preferences webhook (2026-05-21); error 131050.",
        since: "0.1.0",
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
        let Some(events) = case.facts.consent.known() else {
            return Some(Found::deny("unknown", "unknown"));
        };
        let since = meta_stop_since(events)?;
        Some(Found::deny("meta_stop", since.rfc3339()))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, granted, meta_resume, meta_stop, revoked};
    use portero_domain::consent::ConsentScope::{All, Topic};

    const RULE: &str = "consent.meta-stop";

    /// Scenario 16.
    #[test]
    fn a_stop_denies_promotion_and_a_later_resume_lifts_it() {
        let mut s = Setup::promo();
        s.consent().push(meta_stop(2_000));
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        assert_eq!(s.clone().at_dispatch().denied_by(), Some(RULE.to_owned()));
        s.consent().push(meta_resume(2_000));
        assert!(s.found(RULE).is_some(), "the same instant: the stop wins");
        s.consent().push(meta_resume(2_001));
        assert!(s.found(RULE).is_none());
    }

    /// Scenario 17.
    #[test]
    fn neither_clears_the_other() {
        let mut s = Setup::promo();
        s.consent()
            .extend([revoked(All, 3_000), meta_resume(4_000)]);
        assert_eq!(s.denied_by().as_deref(), Some("consent.revoked"));
        let mut s = Setup::promo();
        s.consent()
            .extend([meta_stop(3_000), granted(Topic("ofertas".into()), 4_000)]);
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
    }

    #[test]
    fn what_is_no_promotion_goes_on() {
        let mut s = Setup::utility();
        s.consent().push(meta_stop(2_000));
        assert!(s.found(RULE).is_none());
    }
}
