//! Hides what looks like a phone number in texts of plugins that are kept for their authors.
//!
//! A plugin never gets a number from the host, but people write them into messages.

/// Digits from which a run is hidden; the shortest numbers in use have eight with their area code.
const LONG_RUN: usize = 8;
/// Digits at its end that stay, to tell two apart.
const KEPT: usize = 2;

/// `text` with long runs of digits cut to an ellipsis and their last two.
///
/// After a `+`, spaces, dots, hyphens and brackets belong to the run; elsewhere they end it, so that
/// dates stay readable.
pub(crate) fn mask_digits(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(first) = rest.next() {
        let international =
            first == '+' && rest.peek().is_some_and(|c| c.is_ascii_digit() || *c == '(');
        if !first.is_ascii_digit() && !international {
            out.push(first);
            continue;
        }
        let mut run = String::from(first);
        while let Some(next) =
            rest.next_if(|c| c.is_ascii_digit() || (international && " .-()".contains(*c)))
        {
            run.push(next);
        }
        let digits: Vec<char> = run.chars().filter(char::is_ascii_digit).collect();
        if digits.len() < LONG_RUN {
            out.push_str(&run);
            continue;
        }
        out.push('…');
        out.extend(digits.iter().skip(digits.len().saturating_sub(KEPT)));
        // What followed the number stands where it stood.
        let trailing = run.trim_end_matches(|c: char| !c.is_ascii_digit()).len();
        out.push_str(run.get(trailing..).unwrap_or(""));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_hidden_however_they_are_written() {
        for (text, masked) in [
            ("call 5491155551234 now", "call …34 now"),
            ("call +54 9 11 5555-1234 now", "call …34 now"),
            ("+(54)1155551234", "…34"),
            ("12345678", "…78"),
        ] {
            assert_eq!(mask_digits(text), masked);
        }
    }

    #[test]
    fn short_numbers_dates_and_other_texts_stay() {
        for text in [
            "order 1234567",
            "2026-11-22 20:00:01",
            "a+b = 3",
            "ñandú +1 ",
            "",
        ] {
            assert_eq!(mask_digits(text), text);
        }
    }
}
