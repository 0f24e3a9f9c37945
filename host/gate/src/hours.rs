//! Opening hours in a named zone, right across clock changes.
//!
//! The zone data is the one compiled in, so that every host and every replay reads the same.

use std::sync::LazyLock;

use jiff::civil::{DateTime, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp};

use portero_domain::clock::{Millis, Ts};

use crate::policy::WeekHours;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A week and two days: every weekday's start lies within, whatever the clocks do.
const HORIZON: Millis = Millis::days(9);

/// A zone by its IANA name.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    ZONES.get(name).ok()
}

/// Whether the local time of `at` lies in its weekday's `[start, end)`.
pub(crate) fn is_open(zone: &TimeZone, hours: &WeekHours, at: Ts) -> bool {
    at.to_jiff().is_some_and(|t| is_open_at(zone, hours, t))
}

fn is_open_at(zone: &TimeZone, hours: &WeekHours, at: Timestamp) -> bool {
    let local = zone.to_datetime(at);
    of_day(hours, local).is_some_and(|(start, end)| {
        let minute =
            u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        (start..end).contains(&minute)
    })
}

fn of_day(hours: &WeekHours, local: DateTime) -> Option<(u16, u16)> {
    let day = usize::from(local.weekday().to_monday_zero_offset().unsigned_abs());
    hours.0.get(day).copied().flatten()
}

/// The first instant from `from` on at which it is open; `None` when no day of the week is.
///
/// Open time begins only where a day's hours begin, or where the clocks change; all of these within
/// the horizon are tried.
pub(crate) fn next_open(zone: &TimeZone, hours: &WeekHours, from: Ts) -> Option<Ts> {
    let begin = from.to_jiff()?;
    if is_open_at(zone, hours, begin) {
        return Some(from);
    }
    let limit = (from + HORIZON).to_jiff()?;
    let mut first: Option<Timestamp> = None;
    let mut offer = |at: Timestamp| {
        if at > begin && first.is_none_or(|f| at < f) && is_open_at(zone, hours, at) {
            first = Some(at);
        }
    };
    let mut day = zone.to_datetime(begin).date();
    for _ in 0..9 {
        let midnight = day.to_datetime(Time::midnight());
        if let Some((start, _)) = of_day(hours, midnight)
            && let Ok(local) = midnight.checked_add(Span::new().minutes(i64::from(start)))
        {
            let either = zone.to_ambiguous_timestamp(local);
            offer(either.earlier().ok()?);
            offer(either.later().ok()?);
        }
        day = day.tomorrow().ok()?;
    }
    for change in zone.following(begin).take_while(|c| c.timestamp() <= limit) {
        offer(change.timestamp());
    }
    first.map(|t| Ts(t.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ts(text: &str) -> Ts {
        Ts::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn hours_are_half_open_to_the_millisecond() {
        let zone = zone("America/Bogota").unwrap();
        let hours = WeekHours::every_day("09:00", "20:00");
        for (at, open) in [
            ("2026-11-23T13:59:59.999Z", false),
            ("2026-11-23T14:00:00.000Z", true),
            ("2026-11-24T00:59:59.999Z", true),
            ("2026-11-24T01:00:00.000Z", false),
        ] {
            assert_eq!(is_open(&zone, &hours, ts(at)), open, "{at}");
        }
    }

    /// Scenarios 46 and 47: Chile leaves summer time on 2027-04-04 and enters it on 2026-09-06.
    #[test]
    fn a_change_of_clocks_moves_the_instant_not_the_hour() {
        let zone = zone("America/Santiago").unwrap();
        let hours = WeekHours::every_day("09:00", "20:00");
        for (from, opens) in [
            ("2027-04-03T23:00:00Z", "2027-04-04T13:00:00Z"),
            ("2026-09-06T01:30:00Z", "2026-09-06T12:00:00Z"),
            ("2026-09-05T00:30:00Z", "2026-09-05T13:00:00Z"),
        ] {
            assert_eq!(
                next_open(&zone, &hours, ts(from)),
                Some(ts(opens)),
                "{from}"
            );
        }
    }

    #[test]
    fn hours_that_begin_in_the_skipped_hour_begin_at_the_change() {
        // New York skips 02:00 to 03:00 on 2026-03-08.
        let zone = zone("America/New_York").unwrap();
        let hours = WeekHours::every_day("02:30", "10:00");
        let opens = next_open(&zone, &hours, ts("2026-03-08T06:00:00Z"));
        assert_eq!(opens, Some(ts("2026-03-08T07:00:00Z")));
    }

    #[test]
    fn hours_in_the_repeated_hour_open_again() {
        // New York repeats 01:00 to 02:00 on 2026-11-01: 01:30 closes once and opens again.
        let zone = zone("America/New_York").unwrap();
        let hours = WeekHours::every_day("00:30", "01:30");
        let opens = next_open(&zone, &hours, ts("2026-11-01T05:40:00Z"));
        assert_eq!(opens, Some(ts("2026-11-01T06:00:00Z")));
    }

    #[test]
    fn a_week_without_hours_never_opens() {
        let zone = zone("America/Bogota").unwrap();
        assert_eq!(
            next_open(&zone, &WeekHours([None; 7]), ts("2026-11-23T13:00:00Z")),
            None
        );
        let mut only_sunday = WeekHours([None; 7]);
        only_sunday.0[6] = Some((600, 660));
        assert_eq!(
            next_open(&zone, &only_sunday, ts("2026-11-22T16:00:00Z")),
            Some(ts("2026-11-29T15:00:00Z"))
        );
    }
}
