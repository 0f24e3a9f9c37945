//! How long a shop has to answer a person who asks for their data or its end.
//!
//! Source: `compliance-rules` B.7, as of 2026-11. A country that is not here was not read about, which
//! does not mean that it has no law.

use serde::Serialize;

/// A term for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Deadline {
    /// Two letters; `EU` for its members.
    pub country: String,
    /// `access` or `erasure`.
    pub request: String,
    /// How many.
    pub term: u32,
    /// `business_days`, `days` or `months`.
    pub unit: String,
    /// In force from this day on, where that is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Where it is written.
    pub law: String,
}

type Row = (
    &'static str,
    &'static str,
    u32,
    &'static str,
    Option<&'static str>,
    &'static str,
);

const DEADLINES: &[Row] = &[
    (
        "CO",
        "access",
        10,
        "business_days",
        None,
        "Ley 1581 de 2012, consulta",
    ),
    (
        "CO",
        "erasure",
        15,
        "business_days",
        None,
        "Ley 1581 de 2012, reclamo",
    ),
    ("CL", "access", 30, "days", Some("2026-12-01"), "Ley 21.719"),
    (
        "CL",
        "erasure",
        30,
        "days",
        Some("2026-12-01"),
        "Ley 21.719",
    ),
    ("BR", "access", 15, "days", None, "LGPD art. 19 II"),
    ("EU", "access", 1, "months", None, "GDPR art. 12(3)"),
    ("EU", "erasure", 1, "months", None, "GDPR art. 12(3)"),
];

/// Members of the European Union whose numbers the host tells by their calling code.
const EU: &[&str] = &["ES", "PT"];

/// The terms of a country; all of them when it is not known.
#[must_use]
pub fn of(country: Option<&str>) -> Vec<Deadline> {
    let applies = |of: &str| match country {
        None => true,
        Some(country) => of == country || (of == "EU" && EU.contains(&country)),
    };
    DEADLINES
        .iter()
        .filter(|(of, ..)| applies(of))
        .map(|(country, request, term, unit, from, law)| Deadline {
            country: (*country).to_owned(),
            request: (*request).to_owned(),
            term: *term,
            unit: (*unit).to_owned(),
            from: from.map(str::to_owned),
            law: (*law).to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_has_its_own_terms_and_an_unknown_one_shows_all() {
        let terms = |country| {
            let all = of(country).into_iter();
            all.map(|d| (d.country, d.request, d.term))
                .collect::<Vec<_>>()
        };
        let of = |c: &str, r: &str, n| (c.to_owned(), r.to_owned(), n);
        assert_eq!(
            terms(Some("CO")),
            [of("CO", "access", 10), of("CO", "erasure", 15)]
        );
        assert_eq!(
            terms(Some("ES")),
            [of("EU", "access", 1), of("EU", "erasure", 1)]
        );
        assert!(terms(Some("UY")).is_empty());
        assert_eq!(terms(None).len(), DEADLINES.len());
    }
}
