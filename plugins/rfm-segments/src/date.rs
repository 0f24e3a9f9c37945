//! Calendar days of Unix milliseconds, UTC: all that a reason needs.

/// Appends `2026-11-22`.
pub(crate) fn push_date(out: &mut String, ms: u64) {
    let (year, month, day) = civil(ms / 86_400_000);
    push(out, year, 4);
    out.push('-');
    push(out, month, 2);
    out.push('-');
    push(out, day, 2);
}

/// Days since 1970-01-01 as year, month, day of the Gregorian calendar.
fn civil(days: u64) -> (u64, u64, u64) {
    // Years that begin in March: the leap day comes last, so that month lengths repeat.
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// Appends a number with leading zeros.
fn push(out: &mut String, n: u64, width: u32) {
    for place in (0..width).rev() {
        let digit = n / 10_u64.pow(place) % 10;
        out.push(char::from_digit(u32::try_from(digit).unwrap_or(0), 10).unwrap_or('0'));
    }
}

#[cfg(test)]
mod tests {
    use super::push_date;

    #[test]
    fn days_have_their_names() {
        let cases = [
            (0, "1970-01-01"),
            (951_782_400_000, "2000-02-29"),
            (951_868_800_000, "2000-03-01"),
            (1_709_164_800_000, "2024-02-29"),
            (1_795_348_799_999, "2026-11-22"),
            (1_798_675_200_000, "2026-12-31"),
            (1_798_761_599_999, "2026-12-31"),
            (1_798_761_600_000, "2027-01-01"),
            (4_107_542_400_000, "2100-03-01"),
        ];
        for (ms, expected) in cases {
            let mut text = String::new();
            push_date(&mut text, ms);
            assert_eq!(text, expected, "{ms}");
        }
    }
}
