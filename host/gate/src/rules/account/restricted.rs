//! `account.restricted`: Meta banned or restricted the account.

use portero_domain::account::Reach;

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "account.restricted",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Account,
    stages: Stages::Both,
    moves_with_time: true,
    title: words("Cuenta restringida", "Conta restrita", "Account restricted"),
    sentence: words(
        "Meta restringió la cuenta ({value}) desde {limit}.",
        "A Meta restringiu a conta ({value}) desde {limit}.",
        "Meta restricted the account ({value}) since {limit}.",
    ),
    remedy: words(
        "Revisa el aviso en WhatsApp Manager; `portero number show` dice qué alcanza y hasta cuándo.",
        "Veja o aviso no WhatsApp Manager; `portero number show` diz o que alcança e até quando.",
        "Look at the notice in WhatsApp Manager; `portero number show` says what it reaches and until when.",
    ),
    docs: Docs {
        checks: "What Meta reported of the account: bans, restrictions, a rejected review.",
        why: "Sending on while restricted makes the next restriction longer, and the last one is a ban.",
        fires: "Defers to the end Meta named; denies when it named none. A restriction of what the business \
                starts leaves answers inside the window alone.",
        facts: "`sender.standing.restriction`, the service window.",
        parameters: "None.",
        source: "Meta, account_update webhooks and policy enforcement (as of 2026-11).",
        since: "0.2.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let restriction = case.facts.sender.known()?.standing.restriction.as_ref()?;
        if restriction.reach == Reach::BusinessInitiated {
            let open = case.window_closes_at().is_some_and(|t| case.now < t);
            if open && !case.is_promotional() && !case.is_template() {
                return None;
            }
        }
        let since = restriction.since.rfc3339();
        match restriction.until {
            Some(until) if case.now >= until => None,
            Some(until) => Some(Found::defer(until, restriction.what.as_str(), since)),
            None => Some(Found::deny(restriction.what.as_str(), since)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Verdict;
    use crate::facts::Restriction;
    use crate::testing::Setup;
    use portero_domain::account::Reach;
    use portero_domain::clock::{Millis, Ts};

    const RULE: &str = "account.restricted";

    fn restrict(s: &mut Setup, reach: Reach, until: Option<Ts>) {
        let since = s.now - Millis::minutes(10);
        s.sender().standing.restriction = Some(Restriction {
            what: "RESTRICTED_BIZ_INITIATED_MESSAGING".into(),
            reach,
            since,
            until,
        });
    }

    #[test]
    fn an_end_that_is_known_defers_to_it_and_passes_at_it() {
        let mut s = Setup::promo();
        let until = s.now + Millis::hours(1);
        restrict(&mut s, Reach::BusinessInitiated, Some(until));
        let found = s.found(RULE).unwrap();
        assert_eq!(
            (found.outcome, found.until),
            (Some(Verdict::Defer), Some(until))
        );
        for (ms, fires) in [(-1, true), (0, false), (1, false)] {
            s.now = until.plus_ms(ms);
            assert_eq!(s.found(RULE).is_some(), fires, "{ms}");
        }
    }

    #[test]
    fn a_ban_without_an_end_denies_everything() {
        for mut s in [
            Setup::promo(),
            Setup::reply("hola"),
            Setup::operator("hola").at_dispatch(),
        ] {
            restrict(&mut s, Reach::All, None);
            assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        }
    }

    #[test]
    fn answers_inside_the_window_go_on_when_only_what_the_business_starts_is_restricted() {
        let mut s = Setup::reply("hola");
        restrict(&mut s, Reach::BusinessInitiated, None);
        assert!(s.found(RULE).is_none());
        let mut s = Setup::utility();
        restrict(&mut s, Reach::BusinessInitiated, None);
        assert!(s.found(RULE).is_some());
    }
}
