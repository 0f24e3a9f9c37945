//! The messaging limit of a portfolio: people per moving day, shared by its numbers, and how it
//! grows (§6.1; cases 57 to 61).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use portero_domain::clock::{Millis, Ts};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arena::Id;
use crate::config::{ConfigError, WabaConfig};
use crate::errors::GraphError;
use crate::fate::Due;
use crate::people::Person;
use crate::rules::{PortfolioConfig, TIERS};
use crate::world::{Number, World};

const DAY: Millis = Millis::hours(24);
const WEEK: Millis = Millis::days(7);
const MONTH: Millis = Millis::days(30);
/// People written to in 30 days that lift an unverified portfolio (§6.1).
const LIFTS_UNVERIFIED: usize = 2_000;

/// Who was reached within a span, each person once.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(from = "BTreeMap<usize, Ts>", into = "BTreeMap<usize, Ts>")]
pub(crate) struct Reached {
    last: HashMap<usize, Ts>,
    order: BTreeSet<(Ts, usize)>,
}

impl From<BTreeMap<usize, Ts>> for Reached {
    fn from(saved: BTreeMap<usize, Ts>) -> Self {
        Reached {
            order: saved.iter().map(|(who, at)| (*at, *who)).collect(),
            last: saved.into_iter().collect(),
        }
    }
}

impl From<Reached> for BTreeMap<usize, Ts> {
    fn from(reached: Reached) -> Self {
        reached.last.into_iter().collect()
    }
}

impl Reached {
    fn count(&mut self, who: usize, now: Ts, span: Millis) {
        self.forget(now, span);
        if let Some(before) = self.last.insert(who, now) {
            self.order.remove(&(before, who));
        }
        self.order.insert((now, who));
    }

    fn forget(&mut self, now: Ts, span: Millis) {
        while let Some((at, who)) = self.order.first().copied() {
            if now < at + span {
                return;
            }
            self.order.pop_first();
            self.last.remove(&who);
        }
    }

    fn has(&self, who: usize) -> bool {
        self.last.contains_key(&who)
    }

    fn len(&self) -> usize {
        self.last.len()
    }
}

/// What the pretend Meta knows of a portfolio.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Portfolio {
    pub(crate) is: PortfolioConfig,
    day: Reached,
    week: Reached,
    month: Reached,
    /// An upgrade is on its way.
    upgrading: bool,
    /// Charged messages by category and market in a month of the account (§8.1).
    pub(crate) volume: BTreeMap<String, u64>,
}

impl Portfolio {
    pub(crate) fn new(is: PortfolioConfig) -> Portfolio {
        Portfolio {
            is,
            day: Reached::default(),
            week: Reached::default(),
            month: Reached::default(),
            upgrading: false,
            volume: BTreeMap::new(),
        }
    }

    fn limit(&self) -> Option<usize> {
        TIERS
            .iter()
            .find(|(name, _)| *name == self.is.limit)
            .and_then(|(_, people)| *people)
    }

    /// The tier above; `None` at the top.
    fn next(&self) -> Option<&'static str> {
        let at = TIERS.iter().position(|(name, _)| *name == self.is.limit)?;
        TIERS.get(at + 1).map(|(name, _)| *name)
    }

    /// People counted in the last 24 hours.
    pub(crate) fn used(&mut self, now: Ts) -> usize {
        self.day.forget(now, DAY);
        self.day.len()
    }
}

impl World {
    /// The listed portfolios, and those that accounts name beside them: without a limit.
    pub(crate) fn add_portfolios(&mut self) -> Result<(), ConfigError> {
        for mut config in self.config.portfolios.clone() {
            config.limit = tier(&config.limit).ok_or_else(|| ConfigError::Limit {
                portfolio: config.id.clone(),
                limit: config.limit.clone(),
            })?;
            if config.verified && config.limit == "TIER_250" {
                "TIER_2K".clone_into(&mut config.limit);
            }
            let id = config.id.clone();
            let twice = self.portfolios.insert(id.clone(), Portfolio::new(config));
            if twice.is_some() {
                return Err(ConfigError::Twice {
                    what: "portfolio",
                    id,
                });
            }
        }
        Ok(())
    }

    /// Gives an account's portfolio a place when no list has it.
    pub(crate) fn meet_portfolio(&mut self, waba: &WabaConfig) {
        if !self.portfolios.contains_key(&waba.portfolio) {
            let config = PortfolioConfig {
                id: waba.portfolio.clone(),
                limit: "TIER_UNLIMITED".to_owned(),
                verified: true,
            };
            self.portfolios
                .insert(waba.portfolio.clone(), Portfolio::new(config));
        }
    }

    /// The limit's name, as `GET` of a number, an account and a portfolio shows it.
    pub(crate) fn tier_of(&self, portfolio: &str) -> &str {
        self.portfolios
            .get(portfolio)
            .map_or("TIER_UNLIMITED", |p| p.is.limit.as_str())
    }

    /// 131048 when this person would be one too many (§6.1: the code is not documented).
    pub(crate) fn over_limit(
        &mut self,
        number: Id<Number>,
        person: Id<Person>,
        now: Ts,
    ) -> Option<GraphError> {
        if self.window_open(number, person, now) {
            return None;
        }
        let id = self.portfolio_of(number).to_owned();
        let portfolio = self.portfolios.get_mut(&id)?;
        let limit = portfolio.limit()?;
        portfolio.day.forget(now, DAY);
        let full = !portfolio.day.has(person.index()) && portfolio.day.len() >= limit;
        full.then(|| {
            GraphError::new(
                131_048,
                format!("this portfolio may write to {limit} people within 24 hours; all are used"),
            )
        })
    }

    /// Counts a person who is written to outside the window, and sees whether that lifts the limit.
    pub(crate) fn count_person(&mut self, number: Id<Number>, person: Id<Person>, now: Ts) {
        let id = self.portfolio_of(number).to_owned();
        let Some(portfolio) = self.portfolios.get_mut(&id) else {
            return;
        };
        let Some(limit) = portfolio.limit() else {
            return;
        };
        portfolio.day.count(person.index(), now, DAY);
        portfolio.week.count(person.index(), now, WEEK);
        let enough = if portfolio.is.limit == "TIER_250" {
            portfolio.month.count(person.index(), now, MONTH);
            portfolio.month.len() >= LIFTS_UNVERIFIED
        } else {
            portfolio.week.len() * 2 >= limit
        };
        if enough && !portfolio.upgrading {
            portfolio.upgrading = true;
            let when = now.plus_ms(self.config.timings.tier_upgrade_ms);
            self.calendar.push(when, Due::Upgrade(id));
        }
    }

    /// The end of the wait: the next tier, or the news that quality does not allow it.
    pub(crate) fn upgrade(&mut self, id: &str, at: Ts) {
        let good = self.quality_is_high(id);
        let Some(portfolio) = self.portfolios.get_mut(id) else {
            return;
        };
        portfolio.upgrading = false;
        let Some(next) = portfolio.next() else {
            return;
        };
        if good {
            self.set_tier(id, next, at);
        } else {
            self.alert(id, "INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED", at);
        }
    }

    /// Sets the limit and tells every account (`business_capability_update`).
    pub(crate) fn set_tier(&mut self, id: &str, tier: &str, at: Ts) {
        if let Some(portfolio) = self.portfolios.get_mut(id) {
            tier.clone_into(&mut portfolio.is.limit);
        }
        let phones = if tier == "TIER_250" { 2 } else { 20 };
        let value = json!({
            "max_daily_conversations_per_business": tier,
            "max_phone_numbers_per_business": phones,
        });
        self.tell_portfolio(id, "business_capability_update", &value, at);
    }

    /// Meta verified the business, or looked and is not content (case 61).
    pub(crate) fn verify(&mut self, id: &str, at: Ts) {
        let good = self.quality_is_high(id);
        let lowest = self.tier_of(id) == "TIER_250";
        if let Some(portfolio) = self.portfolios.get_mut(id) {
            portfolio.is.verified = true;
        }
        match (good, lowest) {
            (true, true) => self.set_tier(id, "TIER_2K", at),
            (true, false) => {}
            (false, _) => self.alert(id, "INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED", at),
        }
    }

    /// `account_alerts` about the portfolio (§2.5).
    fn alert(&mut self, id: &str, kind: &str, at: Ts) {
        let value = json!({
            "entity_type": "BUSINESS",
            "entity_id": id,
            "alert_info": {
                "alert_severity": "WARNING",
                "alert_status": "ACTIVE",
                "alert_type": kind,
                "alert_description": "the quality of numbers or templates is not high enough for a higher limit",
            },
        });
        self.tell_portfolio(id, "account_alerts", &value, at);
    }

    /// No number and no template of it is YELLOW or RED.
    fn quality_is_high(&self, id: &str) -> bool {
        let low = |quality: &str| matches!(quality, "YELLOW" | "RED");
        let of = |waba| self.wabas[waba].is.portfolio == id;
        let numbers = self.numbers.iter().map(|(_, n)| (n.waba, &n.is.quality));
        let templates = self.templates.iter().map(|(_, t)| (t.waba, &t.quality));
        !numbers
            .chain(templates)
            .any(|(waba, quality)| low(quality) && of(waba))
    }

    fn tell_portfolio(&mut self, id: &str, field: &'static str, value: &Value, at: Ts) {
        let accounts: Vec<_> = self
            .wabas
            .iter()
            .filter(|(_, waba)| waba.is.portfolio == id)
            .map(|(waba, _)| waba)
            .collect();
        for waba in accounts {
            self.tell_waba(waba, field, value.clone(), at);
        }
    }
}

/// A tier's name in its one spelling.
pub(crate) fn tier(word: &str) -> Option<String> {
    let upper = word.to_ascii_uppercase();
    TIERS
        .iter()
        .any(|(name, _)| *name == upper)
        .then_some(upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_counts_once_and_for_a_day_after_the_last_time() {
        let mut day = Reached::default();
        day.count(1, Ts(0), DAY);
        day.count(1, Ts(DAY.0 - 1), DAY);
        day.count(2, Ts(DAY.0 - 1), DAY);
        assert_eq!(day.len(), 2);
        day.forget(Ts(DAY.0), DAY);
        assert_eq!(day.len(), 2, "the first counted again within the day");
        day.forget(Ts(2 * DAY.0 - 1), DAY);
        assert_eq!(day.len(), 0);
    }
}
