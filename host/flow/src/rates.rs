//! What a message is estimated to cost, by a dated table. What the table does not say is unknown.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use portero_domain::clock::Ts;
use portero_domain::content::Content;
use portero_domain::template::TemplateCategory;
use portero_gate::Facts;
use portero_gate::facts::TemplateFact;
use serde::Deserialize;

/// The table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// ISO 4217.
    pub currency: String,
    /// First day of these prices, `YYYY-MM-DD`.
    pub effective: String,
    /// First day that may bring other prices.
    pub good_until: String,
    /// Free-form messages of a number in a month that cost nothing.
    pub free_service_messages: u64,
    /// Where they were read.
    pub source: String,
    market: Vec<Market>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Market {
    name: String,
    countries: Vec<String>,
    marketing: i64,
    utility: i64,
    authentication: i64,
    confidence: String,
}

/// One price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Millionths of the currency per delivered message.
    pub micro: i64,
    /// `compared`, `single` or `unconfirmed`.
    pub confidence: &'static str,
    /// Name of the market.
    pub market: &'static str,
}

static RATES: LazyLock<Rates> = LazyLock::new(|| {
    // A table that does not read has no prices: everything is unknown, and a test fails.
    toml::from_str(include_str!("../data/rates.toml")).unwrap_or_else(|_| Rates {
        currency: String::new(),
        effective: String::new(),
        good_until: String::new(),
        free_service_messages: 0,
        source: String::new(),
        market: Vec::new(),
    })
});

static BY_COUNTRY: LazyLock<BTreeMap<&'static str, &'static Market>> = LazyLock::new(|| {
    RATES
        .market
        .iter()
        .flat_map(|m| m.countries.iter().map(move |c| (c.as_str(), m)))
        .collect()
});

/// The table in force.
#[must_use]
pub fn rates() -> &'static Rates {
    &RATES
}

impl Rates {
    /// Whether its prices are those of an instant.
    #[must_use]
    pub fn covers(&self, at: Ts) -> bool {
        let at = at.rfc3339();
        self.effective.as_str() <= at.as_str() && at.as_str() < self.good_until.as_str()
    }

    /// Whether Meta may have changed its prices since.
    #[must_use]
    pub fn is_stale(&self, now: Ts) -> bool {
        now.rfc3339().as_str() >= self.good_until.as_str()
    }
}

/// Price of a template message to a country (two letters).
#[must_use]
pub fn price(country: &str, category: TemplateCategory) -> Option<Price> {
    let market = *BY_COUNTRY.get(country)?;
    Some(Price {
        micro: match category {
            TemplateCategory::Marketing => market.marketing,
            TemplateCategory::Utility => market.utility,
            TemplateCategory::Authentication => market.authentication,
        },
        confidence: market.confidence.as_str(),
        market: market.name.as_str(),
    })
}

/// Estimated cost of a judged proposal, in millionths; `None` for free-form messages and where the
/// table does not say.
#[must_use]
pub fn estimate(facts: &Facts) -> Option<i64> {
    let TemplateFact::Found(template) = &facts.template else {
        return None;
    };
    let country = facts.recipient.country.as_deref()?;
    price(country, template.category).map(|p| p.micro)
}

/// What a message is reckoned to cost when it leaves, in millionths, as the number has sent `used`
/// free-form messages this month; `None` where the table does not say.
///
/// A reaction costs nothing; a free-form message costs as much as a utility template, after the free ones.
#[must_use]
pub fn cost(content: &Content, facts: &Facts, used: u64, now: Ts) -> Option<i64> {
    if content.is_template() {
        return estimate(facts);
    }
    if matches!(content, Content::Reaction(_)) {
        return Some(0);
    }
    // Before these prices free-form messages were free; what comes after them is not known.
    if now.rfc3339().as_str() < RATES.effective.as_str() || used < RATES.free_service_messages {
        return Some(0);
    }
    let country = facts.recipient.country.as_deref()?;
    price(country, TemplateCategory::Utility).map(|p| p.micro)
}

/// Whether a message counts among the free-form ones of its number.
#[must_use]
pub fn is_service(content: &Content) -> bool {
    !content.is_template() && !matches!(content, Content::Reaction(_))
}

/// What Meta charges a message for; nothing where it charges for none, or where the template is not known.
#[must_use]
pub fn category(content: &Content, facts: &Facts) -> Option<&'static str> {
    if is_service(content) {
        return Some("service");
    }
    match &facts.template {
        TemplateFact::Found(template) if content.is_template() => Some(match template.category {
            TemplateCategory::Marketing => "marketing",
            TemplateCategory::Utility => "utility",
            TemplateCategory::Authentication => "authentication",
        }),
        _ => None,
    }
}

/// Millionths as an amount with as many decimals as it needs, at least two.
#[must_use]
pub fn show(micro: i64) -> String {
    let sign = if micro < 0 { "-" } else { "" };
    let n = micro.unsigned_abs();
    let mut decimals = format!("{:06}", n % 1_000_000);
    while decimals.len() > 2 && decimals.ends_with('0') {
        decimals.pop();
    }
    format!("{sign}{}.{decimals}", n / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_and_says_where_it_comes_from() {
        let rates = rates();
        assert_eq!(rates.currency, "USD");
        assert!(!rates.source.is_empty());
        assert!(Ts::parse_rfc3339(&format!("{}T00:00:00Z", rates.effective)).is_ok());
        assert!(rates.is_stale(Ts::parse_rfc3339("2027-01-01T00:00:00Z").unwrap()));
        let covers = |at: &str| rates.covers(Ts::parse_rfc3339(at).unwrap());
        let first = format!("{}T00:00:00.000Z", rates.effective);
        assert!(covers(&first) && !covers("2020-01-01T00:00:00Z"));
        assert!(!covers("2027-01-01T00:00:00Z") && covers("2026-12-31T23:59:59.999Z"));
        assert!(!rates.is_stale(Ts::parse_rfc3339("2026-12-31T23:59:59Z").unwrap()));
    }

    #[test]
    fn a_price_is_the_cards_and_an_unknown_country_has_none() {
        let p = price("CO", TemplateCategory::Marketing).unwrap();
        assert_eq!((p.micro, p.confidence), (12_500, "compared"));
        assert_eq!(
            price("AR", TemplateCategory::Utility).unwrap().micro,
            26_000
        );
        assert_eq!(
            price("UY", TemplateCategory::Marketing).unwrap().confidence,
            "unconfirmed"
        );
        assert_eq!(price("DE", TemplateCategory::Marketing), None);
    }

    #[test]
    fn amounts_are_shown_without_rounding() {
        assert_eq!(show(12_500), "0.0125");
        assert_eq!(show(1_250_000_000), "1250.00");
        assert_eq!(show(0), "0.00");
        assert_eq!(show(-1), "-0.000001");
    }
}
