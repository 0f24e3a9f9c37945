//! The parameters of the policy one by one: what each is, which way it may be set, and what is wrong with a value.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::policy::Policy;

/// What a parameter is about, in the order that pages show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// How often and when people get promotion.
    Promotion,
    /// What a consent is good for and how it is asked for.
    Consent,
    /// Answers, orders, codes.
    Service,
    /// How fast messages leave.
    Pace,
    /// Campaigns and money.
    Campaigns,
    /// What plugins may propose.
    Plugins,
}

impl Group {
    /// All of them, in the order pages show them.
    pub const ALL: [Group; 6] = [
        Group::Promotion,
        Group::Consent,
        Group::Service,
        Group::Pace,
        Group::Campaigns,
        Group::Plugins,
    ];

    /// Stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Group::Promotion => "promotion",
            Group::Consent => "consent",
            Group::Service => "service",
            Group::Pace => "pace",
            Group::Campaigns => "campaigns",
            Group::Plugins => "plugins",
        }
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A whole number of things.
    Count,
    /// A share in percent.
    Percent,
    /// A length of time, milliseconds.
    Duration,
    /// Yes or no.
    Switch,
    /// Seven entries, Monday first: `HH:MM-HH:MM` or `closed`.
    Hours,
    /// So many messages per day, week or month.
    Promise,
    /// Lengths of time one after another, milliseconds.
    Waits,
    /// Language codes.
    Languages,
    /// Millionths of the rate table's currency, or none.
    Money,
}

/// Which way a value may differ from the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Less is stricter.
    AtMost,
    /// More is stricter.
    AtLeast,
    /// Shorter hours are stricter.
    Within,
    /// Switched on is stricter; the default is off.
    On,
    /// The tenant's to choose either way.
    Free,
}

impl Bound {
    /// Stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Bound::AtMost => "at_most",
            Bound::AtLeast => "at_least",
            Bound::Within => "within",
            Bound::On => "on",
            Bound::Free => "free",
        }
    }
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, as everywhere.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// What its value is.
    pub kind: Kind,
    /// Which way it may be set.
    pub bound: Bound,
    /// Whether a judgement of one message looks at it: what does not is decided elsewhere, when a
    /// campaign is approved.
    pub judged: bool,
}

const fn p(name: &'static str, group: Group, kind: Kind, bound: Bound) -> Parameter {
    Parameter {
        name,
        group,
        kind,
        bound,
        judged: true,
    }
}

const fn elsewhere(parameter: Parameter) -> Parameter {
    Parameter {
        judged: false,
        ..parameter
    }
}

/// Every parameter, group by group.
pub const PARAMETERS: &[Parameter] = {
    use Bound::{AtLeast, AtMost, Free, On, Within};
    use Group::{Campaigns, Consent, Pace, Plugins, Promotion, Service};
    use Kind::{Count, Duration, Hours, Languages, Money, Percent, Promise, Switch, Waits};
    &[
        p("promotional_per_day", Promotion, Count, AtMost),
        p("promotional_per_week", Promotion, Count, AtMost),
        p("promotional_per_month", Promotion, Count, AtMost),
        p("promotional_gap_ms", Promotion, Duration, AtLeast),
        p("promotional_hours", Promotion, Hours, Within),
        p("max_defer_promotional_ms", Promotion, Duration, Free),
        p("meta_backoff_ms", Promotion, Waits, AtLeast),
        p("default_promise", Consent, Promise, AtMost),
        p("consent_max_age_ms", Consent, Duration, AtMost),
        p("consent_inactivity_ms", Consent, Duration, AtMost),
        p("double_opt_in", Consent, Switch, On),
        p("confirmation_ms", Consent, Duration, AtMost),
        p("request_gap_ms", Consent, Duration, AtLeast),
        p("request_after_no_ms", Consent, Duration, AtLeast),
        p("requests_without_yes", Consent, Count, AtMost),
        p("reply_grace_ms", Service, Duration, AtMost),
        p("window_margin_ms", Service, Duration, AtLeast),
        p("max_defer_reply_ms", Service, Duration, Free),
        p("transactional_hours", Service, Hours, Within),
        p("transactional_per_day", Service, Count, AtMost),
        p("codes_per_hour", Service, Count, AtMost),
        p("max_defer_transactional_ms", Service, Duration, Free),
        p("template_fallback", Service, Languages, Free),
        p("pair_gap_ms", Pace, Duration, AtLeast),
        p("pair_burst", Pace, Count, AtMost),
        p("throughput_percent", Pace, Percent, AtMost),
        p("throughput_burst", Pace, Count, AtMost),
        p("monthly_budget_micro", Campaigns, Money, AtMost),
        p("brake_sample", Campaigns, Count, AtMost),
        p("brake_failures_percent", Campaigns, Percent, AtMost),
        p("brake_opt_outs_percent", Campaigns, Percent, AtMost),
        elsewhere(p("campaign_second_person", Campaigns, Switch, On)),
        elsewhere(p("campaign_approval_ms", Campaigns, Duration, AtMost)),
        elsewhere(p("campaign_overdue_ms", Campaigns, Duration, AtMost)),
        p("proposals_per_call", Plugins, Count, AtMost),
        p("proposals_contact_hour", Plugins, Count, AtMost),
        p("proposals_minute", Plugins, Count, AtMost),
        p("bot_consecutive", Plugins, Count, AtMost),
        p("bot_per_minute", Plugins, Count, AtMost),
    ]
};

/// What is wrong with one parameter of a policy that somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// As it was written.
    pub name: String,
    /// What is wrong.
    pub kind: FaultKind,
}

/// Kinds of faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// There is no such parameter.
    Unknown,
    /// The value is none of its kind: the reader's words.
    Unreadable(String),
    /// Less strict than the default, which is named.
    Looser(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.kind {
            FaultKind::Unknown => write!(f, "`{name}`: there is no such parameter"),
            FaultKind::Unreadable(why) => write!(f, "`{name}`: {why}"),
            FaultKind::Looser(default) => {
                write!(f, "`{name}` would be looser than the default, {default}")
            }
        }
    }
}

impl Policy {
    /// Its parameters by name.
    #[must_use]
    pub fn fields(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        }
    }

    /// Reads a policy from parameters by name; what is not named has its default.
    ///
    /// # Errors
    /// Every parameter that is unknown, unreadable or looser than its default, by name.
    pub fn read(fields: &Map<String, Value>) -> Result<Policy, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut fault = |name: &String, kind| {
            let name = name.clone();
            faults.push(Fault { name, kind });
        };
        let mut good = Map::new();
        for (name, value) in fields {
            let Some(parameter) = PARAMETERS.iter().find(|p| p.name == name) else {
                fault(name, FaultKind::Unknown);
                continue;
            };
            match serde_json::from_value::<Policy>(json!({ name: value })) {
                Err(wrong) => fault(name, FaultKind::Unreadable(wrong.to_string())),
                Ok(_) if negative(parameter.kind, value) => {
                    fault(name, FaultKind::Unreadable("less than nothing".to_owned()));
                }
                Ok(read) if read.looser().is_empty() => {
                    good.insert(name.clone(), value.clone());
                }
                Ok(_) => {
                    let default = Policy::default().fields().remove(name.as_str());
                    let default = default.unwrap_or_default().to_string();
                    fault(name, FaultKind::Looser(default));
                }
            }
        }
        if !faults.is_empty() {
            faults.sort_by(|a, b| a.name.cmp(&b.name));
            return Err(faults);
        }
        serde_json::from_value(Value::Object(good)).map_err(|wrong| {
            let kind = FaultKind::Unreadable(wrong.to_string());
            let name = "policy".to_owned();
            vec![Fault { name, kind }]
        })
    }

    /// The parameters that differ, by name: (name, here, there).
    #[must_use]
    pub fn difference(&self, other: &Policy) -> Vec<(&'static str, Value, Value)> {
        let (mut here, mut there) = (self.fields(), other.fields());
        let both = |p: &Parameter| {
            let take = |of: &mut Map<String, Value>| of.remove(p.name).unwrap_or_default();
            (p.name, take(&mut here), take(&mut there))
        };
        let all: Vec<_> = PARAMETERS.iter().map(both).collect();
        all.into_iter().filter(|(_, a, b)| a != b).collect()
    }
}

/// Whether a length of time or an amount of money is below zero.
fn negative(kind: Kind, value: &Value) -> bool {
    let below = |v: &Value| v.as_i64().is_some_and(|n| n < 0);
    match kind {
        Kind::Duration | Kind::Money => below(value),
        Kind::Waits => value.as_array().is_some_and(|all| all.iter().any(below)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_of_the_policy_is_in_the_table_once() {
        let mut fields = Policy::default().fields();
        fields.insert("monthly_budget_micro".to_owned(), Value::Null);
        let mut table: Vec<&str> = PARAMETERS.iter().map(|p| p.name).collect();
        table.sort_unstable();
        let mut known: Vec<&String> = fields.keys().collect();
        known.sort_unstable();
        assert_eq!(table, known);
        let grouped = PARAMETERS.iter().map(|p| p.group);
        assert!(grouped.is_sorted(), "group by group");
    }

    #[test]
    fn the_table_says_what_the_gate_enforces() {
        let defaults = Policy::default().fields();
        for p in PARAMETERS {
            let Some(value) = defaults.get(p.name).and_then(Value::as_i64) else {
                continue;
            };
            let refused = |value: i64| {
                let one = Map::from_iter([(p.name.to_owned(), json!(value))]);
                Policy::read(&one).is_err()
            };
            let expected = match p.bound {
                Bound::AtMost => (false, true),
                Bound::AtLeast => (true, false),
                _ => (false, false),
            };
            assert_eq!(
                (refused(value - 1), refused(value + 1)),
                expected,
                "{}",
                p.name
            );
        }
    }

    #[test]
    fn faults_are_named_one_by_one() {
        let wrong = json!({
            "promotional_per_week": 4, "pair_burst": "three", "no_such": 1,
            "promotional_gap_ms": -1, "promotional_per_day": 1
        });
        let faults = Policy::read(wrong.as_object().unwrap()).unwrap_err();
        let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "`no_such`: there is no such parameter",
                "`pair_burst`: invalid type: string \"three\", expected u32",
                "`promotional_gap_ms`: less than nothing",
                "`promotional_per_week` would be looser than the default, 3",
            ]
        );
    }

    #[test]
    fn what_differs_is_named_with_both_values() {
        let own = json!({ "promotional_per_week": 2, "monthly_budget_micro": 5 });
        let own = Policy::read(own.as_object().unwrap()).unwrap();
        let differs = Policy::default().difference(&own);
        assert_eq!(
            differs,
            [
                ("promotional_per_week", json!(3), json!(2)),
                ("monthly_budget_micro", Value::Null, json!(5)),
            ]
        );
        assert_eq!(own.difference(&own), []);
    }
}
