//! The shop's thresholds. Everything has a sensible value when it is missing.

use portero_sdk::{config, log};
use serde_json::{Map, Value};

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

/// Thresholds, in milliseconds where they are spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Active up to this age of the last sign of life.
    pub active: u64,
    /// Dormant from this age on.
    pub dormant: u64,
    /// New up to this age of the first sight.
    pub new: u64,
    /// A cart is abandoned from this age on …
    pub cart_after: u64,
    /// … and up to this one.
    pub cart_until: u64,
    /// Purchases of a best customer, at least.
    pub best_purchases: u64,
    /// Their sum in one currency, whole units, at least.
    pub best_total: i64,
    /// Age of a purchase that counts, in milliseconds.
    pub best_within: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            active: 30 * DAY,
            dormant: 90 * DAY,
            new: 14 * DAY,
            cart_after: 60 * MINUTE,
            cart_until: 7 * DAY,
            best_purchases: 3,
            best_total: 0,
            best_within: 365 * DAY,
        }
    }
}

impl Config {
    /// Asks the host; what cannot be read leaves a line in the log and the default in force.
    #[must_use]
    pub fn load() -> Config {
        let text = match config::get() {
            Ok(text) => text,
            Err(error) => {
                log::warn(format!("no settings: {error}"));
                return Config::default();
            }
        };
        match serde_json::from_str::<Value>(&text) {
            Ok(Value::Object(object)) => Config::read(&object),
            _ => {
                log::warn("the settings are no JSON object");
                Config::default()
            }
        }
    }

    fn read(object: &Map<String, Value>) -> Config {
        let usual = Config::default();
        let span = |key: &str, unit: u64, usual: u64| match object.get(key) {
            None => usual,
            Some(value) => match value.as_u64().filter(|n| *n > 0) {
                Some(n) => n.saturating_mul(unit),
                None => {
                    log::warn(format!("`{key}` is no whole number above 0"));
                    usual
                }
            },
        };
        let best = object.get("best");
        let of_best = |key: &str| best.and_then(|b| b.get(key)).and_then(Value::as_u64);
        Config {
            active: span("active_days", DAY, usual.active),
            dormant: span("dormant_days", DAY, usual.dormant),
            new: span("new_days", DAY, usual.new),
            cart_after: span("cart_after_minutes", MINUTE, usual.cart_after),
            cart_until: span("cart_until_days", DAY, usual.cart_until),
            best_purchases: of_best("purchases").unwrap_or(usual.best_purchases).max(1),
            best_total: of_best("total")
                .and_then(|n| i64::try_from(n).ok())
                .unwrap_or(usual.best_total),
            best_within: of_best("days").map_or(usual.best_within, |n| n.saturating_mul(DAY)),
        }
    }
}
