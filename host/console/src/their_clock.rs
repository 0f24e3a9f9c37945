//! The clock of a person's country: beside the shop's where the two differ.

use portero_flow::desk::verdict_days::local;

/// Countries whose people live by one clock. Where there are several (Brazil, Mexico, Chile, the United States), a
/// country does not tell the hour.
const CLOCKS: &[(&str, &str)] = &[
    ("AE", "Asia/Dubai"),
    ("AR", "America/Argentina/Buenos_Aires"),
    ("AT", "Europe/Vienna"),
    ("BE", "Europe/Brussels"),
    ("BO", "America/La_Paz"),
    ("CH", "Europe/Zurich"),
    ("CO", "America/Bogota"),
    ("CR", "America/Costa_Rica"),
    ("CU", "America/Havana"),
    ("DE", "Europe/Berlin"),
    ("DK", "Europe/Copenhagen"),
    ("DO", "America/Santo_Domingo"),
    ("EG", "Africa/Cairo"),
    ("FI", "Europe/Helsinki"),
    ("GB", "Europe/London"),
    ("GR", "Europe/Athens"),
    ("GT", "America/Guatemala"),
    ("HN", "America/Tegucigalpa"),
    ("IE", "Europe/Dublin"),
    ("IL", "Asia/Jerusalem"),
    ("IN", "Asia/Kolkata"),
    ("IT", "Europe/Rome"),
    ("JP", "Asia/Tokyo"),
    ("KE", "Africa/Nairobi"),
    ("KR", "Asia/Seoul"),
    ("MA", "Africa/Casablanca"),
    ("NG", "Africa/Lagos"),
    ("NI", "America/Managua"),
    ("NO", "Europe/Oslo"),
    ("PA", "America/Panama"),
    ("PE", "America/Lima"),
    ("PL", "Europe/Warsaw"),
    ("PR", "America/Puerto_Rico"),
    ("PY", "America/Asuncion"),
    ("SE", "Europe/Stockholm"),
    ("SG", "Asia/Singapore"),
    ("SV", "America/El_Salvador"),
    ("TR", "Europe/Istanbul"),
    ("UY", "America/Montevideo"),
    ("VE", "America/Caracas"),
    ("ZA", "Africa/Johannesburg"),
];

/// By which clocks a time about a person is told.
#[derive(Clone, Copy)]
pub(crate) struct Clocks<'a> {
    /// The shop's zone.
    pub(crate) shop: &'a str,
    /// The person's country, two letters, where it is known.
    pub(crate) country: Option<&'a str>,
}

impl Clocks<'_> {
    /// An instant on the person's clock, with its zone; `None` where that is not known or says the same as the shop's.
    pub(crate) fn theirs(self, rfc3339: &str) -> Option<String> {
        let country = self.country?;
        let (_, zone) = CLOCKS.iter().find(|(c, _)| *c == country)?;
        let there = local(rfc3339, zone);
        (there != local(rfc3339, self.shop)).then(|| format!("{there} ({zone})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_clock_is_told_where_it_is_another_one() {
        let told = |shop, country| Clocks { shop, country }.theirs("2026-11-23T14:00:00Z");
        let bogota = "America/Bogota";
        let there = "2026-11-23 11:00 (America/Argentina/Buenos_Aires)".to_owned();
        assert_eq!(told(bogota, Some("AR")), Some(there));
        // The same hour, several hours, no country.
        for country in [Some("CO"), Some("PE"), Some("BR"), Some("XX"), None] {
            assert_eq!(told(bogota, country), None, "{country:?}");
        }
    }

    #[test]
    fn every_zone_of_the_list_is_one_and_the_list_is_in_order() {
        for (country, zone) in CLOCKS {
            let at = "2026-11-23T14:00:00Z";
            assert!(
                local(at, zone) != local(at, "UTC")
                    || zone.starts_with("Africa/")
                    || *zone == "Europe/London"
                    || *zone == "Europe/Dublin",
                "{country}: nobody knows {zone}"
            );
        }
        assert!(CLOCKS.is_sorted());
    }
}
