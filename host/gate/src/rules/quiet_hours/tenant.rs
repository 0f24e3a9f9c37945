//! `quiet-hours.tenant`: outside the tenant's own hours.

use crate::hours;
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "quiet-hours.tenant",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::QuietHours,
    stages: Stages::Both,
    moves_with_time: true,
    title: words("Fuera de horario", "Fora do horário", "Outside hours"),
    sentence: words(
        "Está fuera del horario de la cuenta ({value}).",
        "Está fora do horário da conta ({value}).",
        "It is outside the tenant's hours ({value}).",
    ),
    remedy: words(
        "Saldrá a partir de {until}; no hace falta nada más.",
        "Sairá a partir de {until}; não é preciso mais nada.",
        "It will go from {until} on; nothing else is needed.",
    ),
    docs: Docs {
        checks: "Local time in the tenant's zone against the hours of the weekday.",
        why: "An offer at night costs more than it earns.",
        fires: "Defers promotion and consent questions sent as templates outside the promotional hours, \
                and transactional templates outside the transactional hours, to the next opening. Denies \
                when no day of the week has hours. An unknown zone: promotion is denied, the rest held. \
                Direct replies, one-time codes and the host's receipts go at any hour.",
        facts: "`tenant.timezone`.",
        parameters: "`promotional_hours` (09:00–20:00 daily), `transactional_hours` (07:00–22:00 daily).",
        source: "Own choice; laws of a country come as packs of their own.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let hours = match case.purpose {
            Purpose::Promotional => &case.policy.promotional_hours,
            Purpose::ConsentRequest if case.is_template() => &case.policy.promotional_hours,
            Purpose::Transactional if case.is_template() => &case.policy.transactional_hours,
            _ => return None,
        };
        let name = case.facts.tenant.timezone.as_str();
        let Some(zone) = hours::zone(name) else {
            return Some(Found::unknown(case, "timezone"));
        };
        if hours::is_open(&zone, hours, case.now) {
            return None;
        }
        let local = case.now.to_jiff().map_or_else(String::new, |t| {
            zone.to_datetime(t).strftime("%Y-%m-%d %H:%M").to_string()
        });
        Some(match hours::next_open(&zone, hours, case.now) {
            Some(until) => Found::defer(until, format!("{local} {name}"), until.rfc3339()),
            None => Found::deny("closed_all_week", "open_hours"),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::WeekHours;
    use crate::testing::{Setup, ts};
    use portero_domain::proposal::Purpose;

    const RULE: &str = "quiet-hours.tenant";

    /// Scenario 107, and its boundaries.
    #[test]
    fn promotion_waits_for_the_tenants_morning() {
        let mut s = Setup::promo();
        let mut week = WeekHours::every_day("10:00", "17:00");
        week.0[5] = None;
        week.0[6] = None;
        s.policy.promotional_hours = week;
        for (at, until) in [
            ("2026-11-23T22:30:00Z", Some("2026-11-24T15:00:00Z")),
            ("2026-11-23T21:59:59.999Z", None),
            ("2026-11-23T22:00:00Z", Some("2026-11-24T15:00:00Z")),
            ("2026-11-23T14:59:59.999Z", Some("2026-11-23T15:00:00Z")),
            ("2026-11-23T15:00:00Z", None),
            ("2026-11-27T22:00:00Z", Some("2026-11-30T15:00:00Z")),
        ] {
            s.now = ts(at);
            s.proposal.expires_at = ts("2026-12-03T00:00:00Z");
            assert_eq!(s.found(RULE).and_then(|f| f.until), until.map(ts), "{at}");
        }
    }

    #[test]
    fn order_updates_have_wider_hours_and_answers_none() {
        let mut s = Setup::utility();
        s.now = ts("2026-11-24T02:59:59.999Z");
        assert!(s.found(RULE).is_none());
        s.now = ts("2026-11-24T03:00:00Z");
        assert_eq!(
            s.found(RULE).unwrap().until,
            Some(ts("2026-11-24T12:00:00Z"))
        );
        for mut s in [Setup::reply("hola"), Setup::code(), Setup::operator("hola")] {
            s.now = ts("2026-11-24T06:00:00Z");
            assert!(s.found(RULE).is_none());
        }
    }

    #[test]
    fn a_consent_question_is_bound_only_as_a_template() {
        let mut s = Setup::reply("¿Aceptas?");
        s.proposal.purpose = Purpose::ConsentRequest;
        s.now = ts("2026-11-24T06:00:00Z");
        assert!(s.found(RULE).is_none());
        let mut s = Setup::utility();
        s.proposal.purpose = Purpose::ConsentRequest;
        s.now = ts("2026-11-24T01:30:00Z");
        assert!(s.found(RULE).is_some());
    }

    #[test]
    fn a_zone_nobody_knows_and_a_week_without_hours() {
        let mut s = Setup::promo();
        s.facts.tenant.timezone = "America/Nowhere".into();
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        let mut s = Setup::promo();
        s.policy.promotional_hours = WeekHours([None; 7]);
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
    }
}
