//! How a person is reached, and the one key all their spellings share.
//!
//! Source: `compliance-rules` 0.5 and `whatsapp-platform` 1.12 (as of 2026-11).

use std::fmt;

use serde::{Deserialize, Serialize};

/// One spelling of a person's address, made canonical.
///
/// Mexican `521…`, Argentine `54…`/`549…` and Brazilian eight-digit mobiles collapse, so that an
/// opt-out from one spelling stops sends to every other.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AddressKey(String);

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// Not 8 to 15 digits after punctuation is dropped.
    #[error("a phone number has 8 to 15 digits with its country code, got {digits}")]
    Length {
        /// Digits found.
        digits: usize,
    },
    /// A character that is neither digit nor usual punctuation, and no user id either.
    #[error("neither a phone number nor a business-scoped user id")]
    Shape,
}

impl AddressKey {
    /// Reads digits (with or without `+`, spaces, `-`, `(`, `)`) or a BSUID (`MX.9001…`, `MX.ENT.1…`).
    ///
    /// # Errors
    /// [`BadAddress`] when it is neither.
    pub fn parse(text: &str) -> Result<AddressKey, BadAddress> {
        let text = text.trim();
        if let Some(bsuid) = parse_bsuid(text) {
            return Ok(AddressKey(bsuid));
        }
        let mut digits = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '0'..='9' => digits.push(c),
                '+' | '-' | '(' | ')' | ' ' | '.' | '\u{a0}' => {}
                _ => return Err(BadAddress::Shape),
            }
        }
        if !(8..=15).contains(&digits.len()) {
            return Err(BadAddress::Length {
                digits: digits.len(),
            });
        }
        Ok(AddressKey(format!("+{}", canonical_digits(&digits))))
    }

    /// `+525512345678` or `MX.9001…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Stands where the address of an erased person stood: nobody has this number.
    #[must_use]
    pub fn nobody() -> AddressKey {
        AddressKey("+00000000".to_owned())
    }

    /// Every way Meta or a shop may have written it, without `+` and punctuation: the digits, the
    /// national spellings that [`AddressKey::parse`] takes for the same, or the user id.
    #[must_use]
    pub fn spellings(&self) -> Vec<String> {
        let plain = self.0.trim_start_matches('+').to_owned();
        let digits = plain.as_str();
        let other = if let Some(rest) = digits.strip_prefix("52").filter(|r| r.len() == 10) {
            Some(format!("521{rest}"))
        } else if let Some(rest) = digits.strip_prefix("549").filter(|r| r.len() == 10) {
            Some(format!("54{rest}"))
        } else if let Some((area, local)) = digits
            .strip_prefix("55")
            .filter(|r| r.len() == 11)
            .and_then(|r| r.split_at_checked(2))
        {
            local.strip_prefix('9').map(|l| format!("55{area}{l}"))
        } else {
            None
        };
        std::iter::once(plain).chain(other).collect()
    }

    /// Whether this is a business-scoped user id.
    #[must_use]
    pub fn is_bsuid(&self) -> bool {
        !self.0.starts_with('+')
    }

    /// Two-letter country when the address alone tells it.
    #[must_use]
    pub fn country(&self) -> Option<&str> {
        if self.is_bsuid() {
            return self.0.get(..2);
        }
        let digits = self.0.get(1..)?;
        CALLING_CODES
            .iter()
            .find(|(code, _)| digits.starts_with(code))
            .map(|(_, country)| *country)
    }

    /// Whether a phone number is as long as numbers of its country are, with calling code; nothing
    /// when the country is not known by the address alone.
    #[must_use]
    pub fn is_whole(&self) -> Option<bool> {
        if self.is_bsuid() {
            return None;
        }
        let country = self.country()?;
        let digits = self.0.len() - 1;
        LENGTHS
            .iter()
            .find(|(c, ..)| *c == country)
            .map(|(_, least, most)| (*least..=*most).contains(&digits))
    }
}

impl fmt::Display for AddressKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Shows the last four characters only: addresses must not reach logs.
impl fmt::Debug for AddressKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redacted(&self.0))
    }
}

/// The last four characters behind an ellipsis.
#[must_use]
pub fn redacted(text: &str) -> String {
    let tail: String = text
        .chars()
        .rev()
        .take(4)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    format!("…{tail}")
}

fn parse_bsuid(text: &str) -> Option<String> {
    let (country, rest) = text.split_once('.')?;
    let rest_plain = rest.strip_prefix("ENT.").unwrap_or(rest);
    let ok = country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=128).contains(&rest_plain.len())
        && rest_plain.bytes().all(|b| b.is_ascii_alphanumeric());
    ok.then(|| text.to_owned())
}

fn canonical_digits(digits: &str) -> String {
    // Mexico: the mobile 1 after 52 is a spelling, not part of the number.
    if let Some(rest) = digits.strip_prefix("521")
        && rest.len() == 10
    {
        return format!("52{rest}");
    }
    // Argentina: wa_ids carry the mobile 9, hand-typed numbers often do not.
    if let Some(rest) = digits.strip_prefix("54")
        && rest.len() == 10
        && !rest.starts_with('9')
    {
        return format!("549{rest}");
    }
    // Brazil: old mobile wa_ids lack the ninth digit.
    if let Some(rest) = digits.strip_prefix("55")
        && rest.len() == 10
        && let (Some(area), Some(local)) = (rest.get(..2), rest.get(2..))
        && local.starts_with(['6', '7', '8', '9'])
    {
        return format!("55{area}9{local}");
    }
    digits.to_owned()
}

/// Longest prefix first. `+1` is left out on purpose: it needs the area code.
const CALLING_CODES: &[(&str, &str)] = &[
    ("502", "GT"),
    ("503", "SV"),
    ("504", "HN"),
    ("505", "NI"),
    ("506", "CR"),
    ("507", "PA"),
    ("591", "BO"),
    ("593", "EC"),
    ("595", "PY"),
    ("598", "UY"),
    ("351", "PT"),
    ("34", "ES"),
    ("51", "PE"),
    ("52", "MX"),
    ("53", "CU"),
    ("54", "AR"),
    ("55", "BR"),
    ("56", "CL"),
    ("57", "CO"),
    ("58", "VE"),
];

/// Fewest and most digits of a number with its calling code, by country, as [`AddressKey::parse`]
/// writes it. Source: the national numbering plans in ITU-T E.164 supplements, read 2026-11.
const LENGTHS: &[(&str, usize, usize)] = &[
    ("GT", 11, 11),
    ("SV", 11, 11),
    ("HN", 11, 11),
    ("NI", 11, 11),
    ("CR", 11, 11),
    ("PA", 10, 11),
    ("BO", 11, 11),
    ("EC", 11, 12),
    ("PY", 11, 12),
    ("UY", 11, 11),
    ("PT", 12, 12),
    ("ES", 11, 11),
    ("PE", 10, 11),
    ("MX", 12, 12),
    ("CU", 10, 10),
    ("AR", 12, 13),
    ("BR", 12, 13),
    ("CL", 11, 11),
    ("CO", 12, 12),
    ("VE", 12, 12),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_number_is_the_number() {
        for (number, spellings) in [
            ("525512345678", ["525512345678", "5215512345678"]),
            ("5491123456789", ["5491123456789", "541123456789"]),
            ("5511987654321", ["5511987654321", "551187654321"]),
        ] {
            let key = AddressKey::parse(number).unwrap();
            assert_eq!(key.spellings(), spellings);
            for spelling in key.spellings() {
                assert_eq!(AddressKey::parse(&spelling).unwrap(), key, "{spelling}");
            }
        }
        let user = AddressKey::parse("MX.9001").unwrap();
        assert_eq!(user.spellings(), ["MX.9001"]);
        assert_eq!(AddressKey::parse("00000000"), Ok(AddressKey::nobody()));
    }

    #[test]
    fn national_variants_are_one_person() {
        for (a, b) in [
            ("5215512345678", "+525512345678"),
            ("5491123456789", "+541123456789"),
            ("553187654321", "+55 (31) 98765-4321"),
            ("573001112233", "+57 300 111 2233"),
        ] {
            assert_eq!(
                AddressKey::parse(a).unwrap(),
                AddressKey::parse(b).unwrap(),
                "{a} {b}"
            );
        }
    }

    #[test]
    fn a_brazilian_landline_keeps_its_eight_digits() {
        assert_eq!(
            AddressKey::parse("551133334444").unwrap().as_str(),
            "+551133334444"
        );
    }

    #[test]
    fn every_country_with_a_code_has_a_length() {
        for (code, country) in CALLING_CODES {
            assert!(LENGTHS.iter().any(|(c, ..)| c == country), "{country}");
            let short = AddressKey::parse(&format!("+{code}123456")).unwrap();
            assert_eq!(short.is_whole(), Some(false), "{country}");
        }
        let whole = |text: &str| AddressKey::parse(text).unwrap().is_whole();
        assert_eq!(whole("+5555987654321"), Some(true));
        assert_eq!(whole("+55987654321"), Some(false));
        assert_eq!(whole("+525512345678"), Some(true));
        assert_eq!(whole("+12025550123"), None);
        assert_eq!(whole("MX.90011"), None);
    }

    #[test]
    fn user_ids_and_rubbish() {
        let key = AddressKey::parse("MX.90011223344556677889").unwrap();
        assert!(key.is_bsuid());
        assert_eq!(key.country(), Some("MX"));
        assert!(AddressKey::parse("MX.ENT.1181").unwrap().is_bsuid());
        assert_eq!(
            AddressKey::parse("12345"),
            Err(BadAddress::Length { digits: 5 })
        );
        assert_eq!(AddressKey::parse("ana@example.com"), Err(BadAddress::Shape));
        assert_eq!(
            format!("{:?}", AddressKey::parse("+573001112233").unwrap()),
            "…2233"
        );
    }
}
