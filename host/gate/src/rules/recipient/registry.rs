//! `recipient.registry`: on an official list of people who want no advertising.

use crate::facts::Listing;
use crate::registries::{self, Override};
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "recipient.registry",
    version: 1,
    stratum: Stratum::Law,
    phase: Phase::Recipient,
    stages: Stages::Both,
    moves_with_time: false,
    title: words(
        "En un registro de quienes no quieren publicidad",
        "Em um cadastro de quem não quer publicidade",
        "On a registry of people who want no advertising",
    ),
    sentence: words(
        "La persona está en un registro oficial de quienes no quieren publicidad ({value}); puede más: {limit}.",
        "A pessoa está em um cadastro oficial de quem não quer publicidade ({value}); pode mais: {limit}.",
        "The person is on an official registry of people who want no advertising ({value}); what counts for more: {limit}.",
    ),
    remedy: words(
        "Escríbele solo lo que pidió. Un consentimiento expreso posterior a la inscripción puede valer: pídelo cuando te escriba.",
        "Escreva só o que ela pediu. Um consentimento expresso posterior à inscrição pode valer: peça quando ela escrever.",
        "Write only what they asked for. An express consent given after the listing may count: ask for it when they write to you.",
    ),
    docs: Docs {
        checks: "Whether the person's number is on a national or state list of people who want no \
                 advertising, in the copy that the tenant loaded.",
        why: "Who signed such a list said no to everybody; the fines are per message or per person.",
        fires: "Denies promotion to a listed person unless a consent that stands counts for more, as the \
                law of that registry has it: one given after the listing (`later_consent`), any that \
                stands (`any_consent`), or none (`no_consent`). Where the copy tells no day of listing, \
                the copy's own day is taken. A registry that this host does not know any more denies.",
        facts: "`recipient.listings`, `consent`.",
        parameters: "None; the registries are data (`host/gate/data/registries.toml`).",
        source: "Catalogue D.3, with each registry's law.",
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
        let hit = case.facts.recipient.listings.iter().find(|l| stands(case, l))?;
        let since = hit.since();
        let value = match since {
            Some(at) => format!("{} {}", hit.registry, at.rfc3339()),
            None => hit.registry.clone(),
        };
        Some(Found::deny(value, consent(hit).as_str()))
    }
}

fn consent(listing: &Listing) -> Override {
    registries::find(&listing.registry).map_or(Override::Never, |r| r.consent)
}

/// Whether being listed holds against the consent on record.
fn stands(case: &Case<'_>, listing: &Listing) -> bool {
    if !listing.listed {
        return false;
    }
    let granted = match case.standing {
        Some(ConsentStanding::Granted { at, .. }) => Some(at),
        _ => None,
    };
    match consent(listing) {
        Override::Never => true,
        Override::Any => granted.is_none(),
        Override::Later => granted.is_none_or(|at| listing.since().is_none_or(|since| at <= since)),
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::Listing;
    use crate::testing::{Setup, granted, unconfirmed};
    use portero_domain::clock::Ts;
    use portero_domain::consent::ConsentScope::Topic;

    const RULE: &str = "recipient.registry";

    fn listed(registry: &str, at: Option<i64>) -> Listing {
        Listing {
            registry: registry.to_owned(),
            as_of: Some(Ts(9_000)),
            listed: true,
            listed_at: at.map(Ts),
        }
    }

    /// Scenarios 33 and 34, and the millisecond between them.
    #[test]
    fn which_consent_counts_for_more_is_the_registrys_law() {
        for (registry, listed_at, consent_at, fires) in [
            ("co-rne", Some(2_000), 1_999, true),
            ("co-rne", Some(2_000), 2_000, true),
            ("co-rne", Some(2_000), 2_001, false),
            // No day of listing: the copy's.
            ("co-rne", None, 9_000, true),
            ("co-rne", None, 9_001, false),
            ("ar-no-llame", Some(2_000), 1_000, false),
            ("py-no-molestar", Some(2_000), 3_000, true),
            ("xx-forgotten", Some(2_000), 3_000, true),
        ] {
            let mut s = Setup::promo();
            *s.consent() = vec![granted(Topic("ofertas".into()), consent_at)];
            s.facts.recipient.listings = vec![listed(registry, listed_at)];
            let saw = s.found(RULE).is_some();
            assert_eq!(saw, fires, "{registry} {listed_at:?} {consent_at}");
            assert_eq!(s.at_dispatch().found(RULE).is_some(), fires);
        }
    }

    #[test]
    fn only_promotion_and_only_who_is_listed() {
        for mut s in [Setup::utility(), Setup::reply("hola")] {
            s.facts.recipient.listings = vec![listed("py-no-molestar", None)];
            assert!(s.found(RULE).is_none());
        }
        let mut s = Setup::promo();
        s.facts.recipient.listings = vec![Listing {
            listed: false,
            ..listed("py-no-molestar", None)
        }];
        assert!(s.found(RULE).is_none());
        // What is not confirmed is no consent.
        s.facts.recipient.listings = vec![listed("ar-no-llame", Some(1))];
        let at = s.now.ms() - 1;
        *s.consent() = vec![unconfirmed(Topic("ofertas".into()), at)];
        assert_eq!(s.denied_by().as_deref(), Some(RULE));
    }
}
