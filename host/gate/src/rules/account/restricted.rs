//! `account.restricted`: Meta banned or restricted the account.

use portero_domain::account::Reach;

use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "account.restricted",
    version: 2,
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
        checks: "What Meta reported of the account: bans, restrictions, a rejected review; and whether it \
                 refused a message in the last 15 minutes because the account is blocked (error 368) or \
                 locked (131031).",
        why: "Sending on while restricted makes the next restriction longer, and the last one is a ban.",
        fires: "Defers to the end Meta named; denies when it named none, and everything for 15 minutes after \
                such an error, whoever resumes sending. A restriction of what the business starts leaves \
                answers inside the window alone.",
        facts: "`sender.standing.restriction`, `sender.standing.refused`, the service window.",
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
        let standing = &case.facts.sender.known()?.standing;
        if let Some(refused) = standing.refused.filter(|r| case.now < r.until()) {
            return Some(Found::deny(refused.words(), refused.at.rfc3339()));
        }
        let restriction = standing.restriction.as_ref()?;
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
    use portero_domain::account::{AccountRefusal, Reach};
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

    /// Scenario 97, to the millisecond.
    #[test]
    fn an_error_about_the_account_denies_everything_for_fifteen_minutes() {
        for mut s in [
            Setup::promo(),
            Setup::reply("hola"),
            Setup::utility().at_dispatch(),
        ] {
            let at = s.now;
            s.sender().standing.refused = Some(AccountRefusal { code: 368, at });
            for (ms, fires) in [(-1, true), (0, false), (1, false)] {
                s.now = (at + Millis::minutes(15)).plus_ms(ms);
                let found = s.found(RULE);
                assert_eq!(found.is_some(), fires, "{ms}");
                if let Some(found) = found {
                    assert_eq!(found.outcome, Some(Verdict::Deny));
                    assert_eq!(found.value, "error 368");
                }
            }
        }
    }

    #[test]
    fn an_error_is_no_end_of_a_longer_restriction() {
        let mut s = Setup::promo();
        let until = s.now + Millis::hours(1);
        restrict(&mut s, Reach::All, Some(until));
        let at = s.now;
        s.sender().standing.refused = Some(AccountRefusal { code: 131_031, at });
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        s.now = at + Millis::minutes(15);
        assert_eq!(s.found(RULE).unwrap().until, Some(until));
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
