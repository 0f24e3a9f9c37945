//! `recipient.registry-stale`: the copy of a registry is too old to answer for anybody.

use crate::facts::Listing;
use crate::registries;
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "recipient.registry-stale",
    version: 1,
    stratum: Stratum::Law,
    phase: Phase::Recipient,
    stages: Stages::Both,
    moves_with_time: true,
    title: words(
        "Copia del registro demasiado vieja",
        "Cópia do cadastro antiga demais",
        "Copy of the registry too old",
    ),
    sentence: words(
        "La copia del registro de quienes no quieren publicidad es demasiado vieja o falta ({value}); vale {limit}.",
        "A cópia do cadastro de quem não quer publicidade é antiga demais ou falta ({value}); vale {limit}.",
        "The copy of the registry of people who want no advertising is too old or missing ({value}); it is good for {limit}.",
    ),
    remedy: words(
        "Carga una copia nueva: portero registry import. Lo retenido se juzga de nuevo.",
        "Carregue uma cópia nova: portero registry import. O que ficou retido é julgado de novo.",
        "Load a fresh copy: portero registry import. What is held is judged again.",
    ),
    docs: Docs {
        checks: "Whether the copy of each registry that applies to the tenant in the person's country is \
                 fresh enough.",
        why: "A person who signed the list last week is not in last month's copy.",
        fires: "Holds promotion when the copy is older than its registry allows, or the tenant said that \
                the registry applies and never loaded one. A tenant for whom no registry applies is \
                not held.",
        facts: "`recipient.listings`, `recipient.country`.",
        parameters: "None; ages are data (`host/gate/data/registries.toml`).",
        source: "Ley 26.951 (AR, 30 days), Decreto 132/022 (UY, 30 days); elsewhere own choice.",
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
        let country = case.facts.recipient.country.as_deref();
        let (listing, days) = case
            .facts
            .recipient
            .listings
            .iter()
            .find_map(|l| too_old(case, l, country).map(|days| (l, days)))?;
        let value = match listing.as_of {
            Some(at) => format!("{} {}", listing.registry, at.rfc3339()),
            None => format!("{} never loaded", listing.registry),
        };
        Some(Found::hold(value, format!("{days} d")))
    }
}

/// The days that a copy is good for, when it is older and speaks for this country.
fn too_old(case: &Case<'_>, listing: &Listing, country: Option<&str>) -> Option<i64> {
    let registry = registries::find(&listing.registry)?;
    let age = registry.max_age();
    let fresh = listing.as_of.is_some_and(|at| case.now.since(at) <= age.0);
    (country == Some(registry.country.as_str()) && !fresh).then_some(age.0 / 86_400_000)
}

#[cfg(test)]
mod tests {
    use crate::facts::Listing;
    use crate::judgement::Verdict;
    use crate::testing::Setup;
    use portero_domain::clock::{Millis, Ts};

    const RULE: &str = "recipient.registry-stale";

    fn copy(as_of: Option<Ts>) -> Listing {
        Listing {
            registry: "ar-no-llame".to_owned(),
            as_of,
            listed: false,
            listed_at: None,
        }
    }

    /// Scenario 35, and thirty days to the millisecond.
    #[test]
    fn a_copy_is_good_for_thirty_days() {
        for (age, held) in [(-1, false), (0, false), (1, true)] {
            let mut s = Setup::promo();
            s.facts.recipient.country = Some("AR".into());
            let at = s.now - Millis::days(30) - Millis(age);
            s.facts.recipient.listings = vec![copy(Some(at))];
            let found = s.found(RULE).and_then(|f| f.outcome);
            assert_eq!(found, held.then_some(Verdict::Hold), "{age}");
        }
    }

    #[test]
    fn one_that_applies_and_was_never_loaded_holds_its_country_alone() {
        for (country, held) in [(Some("AR"), true), (Some("CO"), false), (None, false)] {
            let mut s = Setup::promo();
            s.facts.recipient.country = country.map(str::to_owned);
            s.facts.recipient.listings = vec![copy(None)];
            assert_eq!(s.found(RULE).is_some(), held, "{country:?}");
            assert_eq!(s.at_dispatch().found(RULE).is_some(), held);
        }
        let mut s = Setup::utility();
        s.facts.recipient.country = Some("AR".into());
        s.facts.recipient.listings = vec![copy(None)];
        assert!(s.found(RULE).is_none());
    }
}
