//! What a delivered message costs, when the operator said so.

use std::collections::BTreeMap;

use portero_sdk::{config, log, tidy_param};
use serde_json::Value;

/// Rates by `COUNTRY/category`, in millionths of the currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rates {
    pub(crate) currency: String,
    by_place: BTreeMap<String, i64>,
}

impl Rates {
    pub(crate) fn load() -> Rates {
        let text = config::get().unwrap_or_else(|_| "{}".to_owned());
        let Ok(value) = serde_json::from_str::<Value>(&text) else {
            log::warn("the configuration is no JSON");
            return Rates::default();
        };
        let by_place = value.get("rates").and_then(Value::as_object);
        Rates {
            currency: value
                .get("currency")
                .and_then(Value::as_str)
                .map(|c| tidy_param(c, 8))
                .unwrap_or_default(),
            by_place: by_place
                .into_iter()
                .flatten()
                .filter_map(|(place, rate)| Some((place.to_lowercase(), rate.as_i64()?)))
                .filter(|(_, rate)| *rate >= 0)
                .collect(),
        }
    }

    /// What one delivered message costs: `Some(0)` when Meta says that it is free, nothing when it
    /// is billed at a rate that is not known, or Meta said nothing.
    pub(crate) fn of(&self, country: Option<&str>, pricing: Option<&str>) -> Option<i64> {
        let (category, kind) = pricing?.split_once('/')?;
        if kind.starts_with("free") {
            return Some(0);
        }
        let place = format!("{}/{category}", country?).to_lowercase();
        self.by_place.get(&place).copied()
    }
}

#[cfg(test)]
mod tests {
    use portero_sdk::testing::Host;

    use super::*;

    #[test]
    fn a_rate_that_is_not_known_is_not_nothing() {
        let host = Host::install();
        host.set_config(r#"{"currency":"USD","rates":{"CO/marketing":12500,"BR/utility":-1}}"#);
        let rates = Rates::load();
        assert_eq!(
            rates.of(Some("CO"), Some("marketing/regular")),
            Some(12_500)
        );
        assert_eq!(
            rates.of(Some("CO"), Some("service/free_customer_service")),
            Some(0)
        );
        assert_eq!(rates.of(Some("CO"), Some("utility/regular")), None);
        assert_eq!(rates.of(Some("BR"), Some("utility/regular")), None);
        assert_eq!(rates.of(None, Some("marketing/regular")), None);
        assert_eq!(rates.of(Some("CO"), None), None);
    }
}
