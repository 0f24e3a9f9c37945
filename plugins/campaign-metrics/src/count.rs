//! From outcomes to amounts.

use std::collections::BTreeMap;

use portero_sdk::{Observation, Sample};

use crate::rates::Rates;

/// Outcomes of messages, counted under their own names.
pub(crate) const OUTCOMES: [&str; 10] = [
    "proposed",
    "denied",
    "expired",
    "cancelled",
    "sent",
    "delivered",
    "read",
    "failed",
    "replied",
    "opt_out",
];

/// Ways to look at them; each is a label that outcomes carry.
pub(crate) const BREAKDOWNS: [&str; 7] = [
    "template",
    "campaign",
    "segment",
    "plugin",
    "topic",
    "purpose",
    "opt_in_source",
];

type Amounts<'o> = BTreeMap<(&'static str, Vec<(&'o str, &'o str)>), i64>;

/// What to add up for these outcomes, one sample per metric and labels.
pub(crate) fn samples(observations: &[Observation], rates: &Rates) -> Vec<Sample> {
    let mut all = Amounts::new();
    for one in observations {
        count(&mut all, one, rates);
    }
    all.into_iter()
        .filter(|(_, add)| *add != 0)
        .map(|((metric, labels), add)| Sample {
            metric: metric.to_owned(),
            labels: labels
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            add,
        })
        .collect()
}

fn count<'o>(all: &mut Amounts<'o>, one: &'o Observation, rates: &Rates) {
    let label = |name: &str| {
        one.labels
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    };
    let mut add = |metric: &'static str, labels: Vec<(&'o str, &'o str)>, amount: i64| {
        let sum = all.entry((metric, labels)).or_default();
        *sum = sum.saturating_add(amount);
    };
    let Some(name) = OUTCOMES.into_iter().find(|o| *o == one.name) else {
        match one.name.as_str() {
            "inbound" => add("inbound", Vec::new(), one.value),
            "opt_in" => {
                add("opt_in", Vec::new(), one.value);
                let source = label("source").unwrap_or("unknown");
                add("opt_in.source", vec![("source", source)], one.value);
            }
            "declined" => add("declined", Vec::new(), one.value),
            "quality" => {
                let of = |name| (name, label(name).unwrap_or("unknown"));
                let labels = vec![of("day"), of("name"), of("quality")];
                add("quality", labels, one.value);
            }
            other => {
                let plugin = label("plugin").unwrap_or("host");
                add(
                    "counted",
                    vec![("name", other), ("plugin", plugin)],
                    one.value,
                );
            }
        }
        return;
    };
    add(name, Vec::new(), one.value);
    // A plugin's or a host's own messages are no campaign's: only what a label says is broken down.
    for way in BREAKDOWNS {
        if let (Some(value), Some(metric)) = (label(way), by(name)) {
            add(metric, vec![(way, value)], one.value);
        }
    }
    match name {
        "failed" => {
            let code = label("code").unwrap_or("unknown");
            add("failed.code", vec![("code", code)], one.value);
        }
        "denied" => {
            let rule = label("rule").unwrap_or("unknown");
            add("denied.rule", vec![("rule", rule)], one.value);
        }
        "opt_out" => {
            let source = label("source").unwrap_or("unknown");
            add("opt_out.source", vec![("source", source)], one.value);
            let came = label("opt_in_source").unwrap_or("none");
            add("opt_out.opt_in", vec![("source", came)], one.value);
        }
        // What the operator says comes first, then the host's dated table.
        "delivered" => match rates
            .of(label("country"), label("pricing"))
            .map(|rate| (rate, None))
            .or_else(|| {
                let rate: i64 = label("price_micro")?.parse().ok()?;
                Some((rate, Some(label("price_currency")?)))
            }) {
            Some((rate, currency)) => {
                add("priced", Vec::new(), one.value);
                let labels = currency.map(|c| vec![("currency", c)]).unwrap_or_default();
                add("cost", labels, rate.saturating_mul(one.value));
            }
            None => add("unpriced", Vec::new(), one.value),
        },
        _ => {}
    }
}

/// The metric that breaks an outcome down; what is not worth a breakdown has none.
pub(crate) fn by(outcome: &str) -> Option<&'static str> {
    Some(match outcome {
        "denied" => "denied.by",
        "sent" => "sent.by",
        "delivered" => "delivered.by",
        "read" => "read.by",
        "failed" => "failed.by",
        "replied" => "replied.by",
        "opt_out" => "opt_out.by",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str, labels: &[(&str, &str)], value: i64) -> Observation {
        Observation {
            name: name.to_owned(),
            at: 1,
            labels: labels
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            value,
        }
    }

    fn amount(all: &[Sample], metric: &str, labels: &[(&str, &str)]) -> i64 {
        all.iter()
            .filter(|s| {
                s.metric == metric
                    && s.labels.len() == labels.len()
                    && s.labels
                        .iter()
                        .zip(labels)
                        .all(|(a, b)| (a.0.as_str(), a.1.as_str()) == *b)
            })
            .map(|s| s.add)
            .sum()
    }

    #[test]
    fn an_outcome_adds_to_its_total_and_to_each_breakdown_it_has_a_label_for() {
        let labels = [("template", "t"), ("plugin", "p")];
        let all = samples(
            &[seen("sent", &labels, 1), seen("sent", &labels, 1)],
            &Rates::default(),
        );
        assert_eq!(amount(&all, "sent", &[]), 2);
        assert_eq!(amount(&all, "sent.by", &[("template", "t")]), 2);
        assert_eq!(amount(&all, "sent.by", &[("plugin", "p")]), 2);
        assert_eq!(all.len(), 3);
    }

    #[test]
    fn what_is_taken_back_leaves_no_sample() {
        let code = [("code", "131026")];
        let all = samples(
            &[seen("failed", &code, 1), seen("failed", &code, -1)],
            &Rates::default(),
        );
        assert_eq!(all, []);
    }

    #[test]
    fn unknown_names_are_counted_as_a_plugins_own() {
        let all = samples(
            &[seen("cart.seen", &[("plugin", "p")], 4)],
            &Rates::default(),
        );
        assert_eq!(
            amount(&all, "counted", &[("name", "cart.seen"), ("plugin", "p")]),
            4
        );
    }

    #[test]
    fn the_operators_rate_comes_before_the_tables() {
        let labels = [
            ("country", "CO"),
            ("pricing", "marketing/regular"),
            ("price_micro", "12500"),
            ("price_currency", "USD"),
        ];
        let all = samples(&[seen("delivered", &labels, 2)], &Rates::default());
        assert_eq!(amount(&all, "cost", &[("currency", "USD")]), 25_000);
        assert_eq!(amount(&all, "priced", &[]), 2);
        assert_eq!(amount(&all, "unpriced", &[]), 0);
    }

    #[test]
    fn a_change_of_quality_keeps_its_day() {
        let labels = [
            ("subject", "template"),
            ("name", "promo (es)"),
            ("quality", "RED"),
            ("day", "2026-11-24"),
        ];
        let all = samples(&[seen("quality", &labels, 1)], &Rates::default());
        let kept = [
            ("day", "2026-11-24"),
            ("name", "promo (es)"),
            ("quality", "RED"),
        ];
        assert_eq!(amount(&all, "quality", &kept), 1);
        assert_eq!(all.len(), 1);
    }

    #[test]
    fn a_delivery_without_a_rate_is_counted_as_unpriced() {
        let all = samples(
            &[seen("delivered", &[("country", "CO")], 1)],
            &Rates::default(),
        );
        assert_eq!(amount(&all, "unpriced", &[]), 1);
        assert_eq!(amount(&all, "priced", &[]), 0);
    }
}
