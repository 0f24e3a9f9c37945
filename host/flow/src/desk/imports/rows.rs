//! One line of a file: a person, or the reason why not.

use portero_domain::address::AddressKey;
use portero_domain::clock::{Millis, Ts};
use portero_domain::language::Language;

use super::attest::Attestation;
use super::format::{Column, Format};
use crate::desk::people::{KEY_MAX_BYTES, NAME_MAX_BYTES, attribute};

/// Consent older than this is none any more, unless the person does something (B.5).
const CONSENT_AGE: Millis = Millis::days(730);
/// Tags of one person.
const MAX_TAGS: usize = 50;

/// What lines are read with.
pub(super) struct Reading<'r> {
    /// How the file is written.
    pub(super) format: &'r Format,
    /// Country of the tenant.
    pub(super) country: &'r str,
    /// Calling code put before numbers that have none.
    pub(super) calling_code: Option<&'r str>,
    /// Zone of the tenant, for times without one.
    pub(super) zone: jiff::tz::TimeZone,
    /// Who answers for the consent columns; without, they do not count.
    pub(super) attestation: Option<&'r Attestation>,
    /// Now.
    pub(super) now: Ts,
}

/// A person of a line.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) key: AddressKey,
    pub(super) name: Option<String>,
    pub(super) language: Option<String>,
    pub(super) country: Option<String>,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) tags: Vec<String>,
    pub(super) consent: Claim,
}

/// What a line says about consent.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Claim {
    /// Nothing.
    None,
    /// The person agreed then, to these words or those of the attestation.
    Agreed { at: Ts, wording: Option<String> },
    /// The person agreed, too long ago unless they wrote since.
    Old { at: Ts, wording: Option<String> },
}

/// Why a line is not good: stable word, and what was found and expected.
pub(super) type Bad = (&'static str, String);

impl Reading<'_> {
    /// Reads a record. The second part says whether it claims consent, and for when: it counts even
    /// when the line is not good.
    pub(super) fn line(&self, record: &csv::ByteRecord) -> (Result<Line, Bad>, Option<Option<Ts>>) {
        let mut claim = None;
        let line = self.read(record, &mut claim);
        (line, claim)
    }

    fn read(&self, record: &csv::ByteRecord, claim: &mut Option<Option<Ts>>) -> Result<Line, Bad> {
        let width = self.format.columns.len();
        if record.len() != width {
            let found = record.len();
            return Err((
                "columns",
                format!("{found} columns, the header has {width}"),
            ));
        }
        let mut address = String::new();
        let (mut name, mut language, mut country) = (None, None, None);
        let (mut attributes, mut tags) = (Vec::new(), Vec::new());
        let (mut yes, mut at, mut wording) = (None, None, None);
        for (field, column) in record.iter().zip(&self.format.columns) {
            let text = self.format.text(field).ok_or((
                "encoding",
                "not UTF-8; if the file is Latin-1 or Windows-1252, say so".to_owned(),
            ))?;
            let text = unguarded(text.trim());
            if text.is_empty() {
                continue;
            }
            match column {
                Column::Address => text.clone_into(&mut address),
                Column::Name => name = Some(text.to_owned()),
                Column::Language => language = Some(text.to_owned()),
                Column::Country => country = Some(text.to_ascii_uppercase()),
                Column::Tags => tags.extend(
                    text.split([',', ';', '|'])
                        .map(|t| t.trim().to_owned())
                        .filter(|t| !t.is_empty()),
                ),
                Column::Consent => yes = Some(agreed(text)?),
                Column::ConsentAt => at = Some(self.time(text)?),
                Column::ConsentWording => wording = Some(text.to_owned()),
                Column::Attribute(key) => attributes.push((key.clone(), text.to_owned())),
                Column::Ignore => {}
            }
        }
        let claims = self.attestation.is_some() && yes.unwrap_or(at.is_some());
        if claims {
            *claim = Some(at);
        }
        if let Some(name) = name.as_ref().filter(|n| n.len() > NAME_MAX_BYTES) {
            let n = name.len();
            return Err(("name", format!("{n} bytes, at most {NAME_MAX_BYTES}")));
        }
        if let Some(tag) = language
            .as_ref()
            .filter(|l| Language::from_tag(l).is_none())
        {
            return Err(("language", format!("`{tag}` is none of es, pt, en")));
        }
        if let Some(code) = country
            .as_ref()
            .filter(|c| c.len() != 2 || !c.bytes().all(|b| b.is_ascii_uppercase()))
        {
            return Err(("country", format!("`{code}` is not two letters such as CO")));
        }
        for (key, value) in &attributes {
            attribute(key, value).map_err(|why| ("attribute", format!("{key}: {why}")))?;
        }
        if tags.len() > MAX_TAGS || tags.iter().any(|t| t.len() > KEY_MAX_BYTES) {
            let why = format!("at most {MAX_TAGS} tags of {KEY_MAX_BYTES} bytes");
            return Err(("tags", why));
        }
        let key = self.address(&address, country.as_deref())?;
        let consent = self.consent(claims, at, wording)?;
        let country = country.or_else(|| key.country().map(str::to_owned));
        if claims && country.is_none() {
            let why = "consent needs the person's country; add a column".to_owned();
            return Err(("consent_country", why));
        }
        if claims
            && let (Some(attestation), Some(country)) = (self.attestation, &country)
            && !attestation.countries.contains(country)
        {
            let why = format!(
                "nobody answers for consent in {country}; see `countries` of the attestation"
            );
            return Err(("consent_country", why));
        }
        Ok(Line {
            key,
            name,
            language,
            country,
            attributes,
            tags,
            consent,
        })
    }

    fn consent(&self, claims: bool, at: Option<Ts>, wording: Option<String>) -> Result<Claim, Bad> {
        if !claims {
            return Ok(Claim::None);
        }
        let Some(at) = at else {
            let why = "consent without the time it was given".to_owned();
            return Err(("consent_time", why));
        };
        if at > self.now {
            return Err(("consent_time", "lies in the future".to_owned()));
        }
        if at + CONSENT_AGE < self.now {
            return Ok(Claim::Old { at, wording });
        }
        if self.attestation.is_some_and(|a| !a.covers(at, &self.zone)) {
            let why = "the attestation does not answer for that day".to_owned();
            return Err(("consent_time", why));
        }
        Ok(Claim::Agreed { at, wording })
    }

    /// A number without country code is only taken where it can mean one thing.
    fn address(&self, text: &str, country: Option<&str>) -> Result<AddressKey, Bad> {
        if text.is_empty() {
            return Err(("address", "no phone".to_owned()));
        }
        let shown: String = text.chars().take(32).collect();
        let bad = |why: String| ("address", format!("`{shown}`: {why}"));
        let plus = match text.strip_prefix("00") {
            Some(rest) => format!("+{rest}"),
            None => text.to_owned(),
        };
        if rounded(&plus) {
            let why = "a spreadsheet has rounded this number; format the column as text".to_owned();
            return Err(bad(why));
        }
        let parse = |text: &str| AddressKey::parse(text).map_err(|e| bad(e.to_string()));
        let international = plus.starts_with('+');
        let key = parse(&plus)?;
        if international || key.is_bsuid() {
            return Ok(key);
        }
        // The digits of an area code may be those of the country: 55 is both Brazil and a city in it.
        let told = key.as_str().trim_start_matches('+');
        if let Some(code) = self.calling_code {
            let has_code = told.starts_with(code) && key.is_whole() == Some(true);
            return if has_code {
                Ok(key)
            } else {
                parse(&format!("+{code}{plus}"))
            };
        }
        if key.country() == Some(country.unwrap_or(self.country)) && key.is_whole() != Some(false) {
            return Ok(key);
        }
        Err(bad(
            "no country code; write +57…, or give the calling code of the file".to_owned(),
        ))
    }

    /// RFC 3339, or day (and time) in the zone of the tenant: 2026-01-31 or 31/01/2026.
    fn time(&self, text: &str) -> Result<Ts, Bad> {
        if let Ok(at) = Ts::parse_rfc3339(text) {
            return Ok(at);
        }
        let (day, clock) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
        let turned: Vec<&str> = day.split(['/', '.', '-']).collect();
        let day = match turned.as_slice() {
            [d, m, y] if y.len() == 4 => format!("{y}-{m:0>2}-{d:0>2}"),
            [y, m, d] => format!("{y}-{m:0>2}-{d:0>2}"),
            _ => day.to_owned(),
        };
        let shown: String = text.chars().take(32).collect();
        let bad = || {
            let why = format!("`{shown}` is no time; write 2026-01-31 or 2026-01-31T18:30:00Z");
            ("consent_time", why)
        };
        let day: jiff::civil::Date = day.parse().map_err(|_| bad())?;
        let clock: jiff::civil::Time = clock.trim().parse().map_err(|_| bad())?;
        let at = day
            .to_datetime(clock)
            .to_zoned(self.zone.clone())
            .map_err(|_| bad())?;
        Ok(Ts(at.timestamp().as_millisecond()))
    }
}

/// What a spreadsheet makes of a long number: `5,73E+11`. An id that has an E in it is none.
fn rounded(text: &str) -> bool {
    let Some((number, power)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let number: String = number.chars().filter(|c| !"+-., ".contains(*c)).collect();
    digits(&number) && digits(power.trim_start_matches(['+', '-']))
}

/// The quote that exports put before what a spreadsheet would run as a formula.
fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => text,
    }
}

fn agreed(text: &str) -> Result<bool, Bad> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "x" | "si" | "sí" | "s" | "sim" | "granted" | "ok" => {
            Ok(true)
        }
        "no" | "n" | "false" | "0" | "não" | "nao" | "-" => Ok(false),
        _ => {
            let shown: String = text.chars().take(32).collect();
            Err(("consent", format!("`{shown}` is neither yes nor no")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tenant: &str, code: Option<&str>, text: &str) -> Result<String, String> {
        let format = Format {
            encoding: "utf-8".to_owned(),
            undecided: false,
            separator: ',',
            header: Vec::new(),
            columns: vec![Column::Address],
        };
        let reading = Reading {
            format: &format,
            country: tenant,
            calling_code: code,
            zone: jiff::tz::TimeZone::UTC,
            attestation: None,
            now: Ts(0),
        };
        match reading.address(text, None) {
            Ok(key) => Ok(key.as_str().to_owned()),
            Err((word, _)) => Err(word.to_owned()),
        }
    }

    #[test]
    fn an_id_with_an_e_in_it_is_no_rounded_number() {
        for id in ["PE.9001E22", "EC.90011223344", "VE.ENT.118E1", "MX.1e5"] {
            assert_eq!(read("CO", None, id), Ok(id.to_owned()), "{id}");
        }
        for rounded in ["5,73E+11", "5.73e11", "573E9", "+5.73E+11"] {
            assert_eq!(
                read("CO", None, rounded),
                Err("address".to_owned()),
                "{rounded}"
            );
        }
    }

    #[test]
    fn an_area_code_that_looks_like_the_country_is_told_by_the_length() {
        let whole = Ok("+5555987654321".to_owned());
        // Rio Grande do Sul has area code 55.
        assert_eq!(read("BR", Some("55"), "55 9 8765 4321"), whole);
        assert_eq!(read("BR", Some("55"), "(55) 98765-4321"), whole);
        assert_eq!(read("BR", Some("55"), "55 55 9 8765 4321"), whole);
        assert_eq!(read("BR", Some("55"), "5555987654321"), whole);
        assert_eq!(
            read("BR", Some("55"), "11987654321"),
            Ok("+5511987654321".to_owned())
        );
        // Without the code nobody can know: 55 could be the country with digits missing.
        assert_eq!(read("BR", None, "55987654321"), Err("address".to_owned()));
        assert_eq!(read("BR", None, "5555987654321"), whole);
        assert_eq!(
            read("CO", None, "573001112233"),
            Ok("+573001112233".to_owned())
        );
        assert_eq!(
            read("CO", Some("57"), "3001112233"),
            Ok("+573001112233".to_owned())
        );
        assert_eq!(
            read("CO", Some("57"), "+5215512345678"),
            Ok("+525512345678".to_owned())
        );
        // A file of another country than the shop's.
        assert_eq!(
            read("CO", Some("52"), "525512345678"),
            Ok("+525512345678".to_owned())
        );
    }
}
