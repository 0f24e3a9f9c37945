//! Decimal text to scaled integers, so that no float enters the domain.

/// `text` (a JSON number or the same as a string) times ten to the `digits`, rounded half away
/// from zero. `None` when it is no number or does not fit.
///
/// `scaled("19.4326", 6)` is `19_432_600`; `scaled("1.995e2", 3)` is `199_500`.
pub(crate) fn scaled(text: &str, digits: i32) -> Option<i64> {
    let text = text.trim();
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((m, e)) => (m, e.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let all = whole.bytes().chain(fraction.bytes());
    if !all.clone().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction_len = i32::try_from(fraction.len()).ok()?;
    // The value is `all` × 10^shift once scaled.
    let shift = exponent.checked_add(digits)?.checked_sub(fraction_len)?;
    let significant: Vec<u8> = all.skip_while(|b| *b == b'0').map(|b| b - b'0').collect();
    let magnitude = if shift >= 0 {
        let mut value = fold(&significant)?;
        if value != 0 {
            for _ in 0..shift {
                value = value.checked_mul(10)?;
            }
        }
        value
    } else {
        let cut = usize::try_from(shift.unsigned_abs()).ok()?;
        if cut > significant.len() {
            0
        } else {
            let (kept, dropped) = significant.split_at(significant.len() - cut);
            let up = i64::from(dropped.first().is_some_and(|d| *d >= 5));
            fold(kept)?.checked_add(up)?
        }
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn fold(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |sum, d| {
        sum.checked_mul(10)?.checked_add(i64::from(*d))
    })
}

#[cfg(test)]
mod tests {
    use super::scaled;
    use proptest::prelude::*;

    #[test]
    fn decimals_become_integers_without_floats() {
        for (text, digits, expected) in [
            ("19.4326", 6, Some(19_432_600)),
            ("-99.1332", 6, Some(-99_133_200)),
            ("199.5", 3, Some(199_500)),
            ("1.995e2", 3, Some(199_500)),
            ("1.995E+2", 3, Some(199_500)),
            ("1995e-1", 3, Some(199_500)),
            ("2", 0, Some(2)),
            ("2.0", 0, Some(2)),
            ("0", 6, Some(0)),
            ("-0.0", 6, Some(0)),
            ("0.0000005", 6, Some(1)),
            ("0.00000049", 6, Some(0)),
            ("-0.0000005", 6, Some(-1)),
            ("0.9999999", 6, Some(1_000_000)),
            ("0e2147483640", 6, Some(0)),
            ("1e-2147483640", 6, Some(0)),
            ("1e-2147483648", -1, None),
            ("1e-400", 6, Some(0)),
            ("1e400", 6, None),
            ("9223372036854775807", 0, Some(i64::MAX)),
            ("9223372036854775808", 0, None),
            ("9223372036854775807", 1, None),
            ("", 0, None),
            (".", 0, None),
            ("-", 0, None),
            ("1,5", 0, None),
            ("NaN", 0, None),
            ("1e", 0, None),
            ("1.2.3", 0, None),
        ] {
            assert_eq!(scaled(text, digits), expected, "{text} × 10^{digits}");
        }
    }

    proptest! {
        #[test]
        fn micro_degrees_survive_being_written_out(e6 in -180_000_000_i64..=180_000_000) {
            let text = format!(
                "{}{}.{:06}",
                if e6 < 0 { "-" } else { "" }, e6.abs() / 1_000_000, e6.abs() % 1_000_000
            );
            prop_assert_eq!(scaled(&text, 6), Some(e6));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9eE.]{0,40}", digits in 0..9_i32) {
            let _ = scaled(&text, digits);
        }
    }
}
