//! Values of parameters in words, and as the strings of a form and back.

use std::collections::BTreeMap;

use portero_gate::policy::{Kind, Parameter};
use serde_json::{Value, json};

use crate::strings::Words;

/// Units of time, the longest first: as forms name them, milliseconds.
pub(super) const UNITS: [(&str, i64); 4] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("min", 60_000),
    ("s", 1_000),
];
/// Periods of a promise.
pub(super) const PERIODS: [&str; 3] = ["day", "week", "month"];
/// A day of the week without hours.
pub(super) const CLOSED: &str = "closed";
/// Millionths of one.
const MICRO: i64 = 1_000_000;

/// What a form says of all its fields.
pub(super) type Sent = BTreeMap<String, String>;

/// The longest unit that holds it without a rest.
fn unit(ms: i64) -> (i64, &'static str) {
    let whole = UNITS.iter().find(|(_, of)| ms % of == 0);
    whole.map_or((ms, "ms"), |(name, of)| (ms / of, *name))
}

fn duration(ms: i64) -> String {
    match ms {
        0 => "0 s".to_owned(),
        ms => {
            let (n, unit) = unit(ms);
            format!("{n} {unit}")
        }
    }
}

fn amount(micro: i64) -> String {
    let (whole, rest) = (micro / MICRO, micro % MICRO);
    let rest = format!("{rest:06}");
    match rest.trim_end_matches('0') {
        "" => whole.to_string(),
        rest => format!("{whole}.{rest:0<2}"),
    }
}

fn texts(value: &Value) -> Vec<&str> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).collect()
}

fn numbers(value: &Value) -> Vec<i64> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(Value::as_i64).collect()
}

/// A value as a person reads it.
pub(super) fn shown(w: Words, kind: Kind, value: &Value) -> String {
    let number = value.as_i64().unwrap_or_default();
    match kind {
        Kind::Count => number.to_string(),
        Kind::Percent => format!("{number} %"),
        Kind::Duration => duration(number),
        Kind::Switch => match value.as_bool() {
            Some(true) => w.t("policy.yes").to_owned(),
            _ => w.t("policy.no").to_owned(),
        },
        Kind::Hours => hours(w, &texts(value)),
        Kind::Promise => {
            let per = value["per"].as_str().unwrap_or("week");
            let max = value["max"].as_u64().unwrap_or_default();
            w.t(&format!("promise.{per}"))
                .replace("{n}", &max.to_string())
        }
        Kind::Waits => {
            let all: Vec<String> = numbers(value).into_iter().map(duration).collect();
            all.join(", ")
        }
        Kind::Languages => match texts(value).join(", ") {
            none if none.is_empty() => w.t("policy.none").to_owned(),
            all => all,
        },
        Kind::Money => match value.as_i64() {
            None => w.t("policy.unlimited").to_owned(),
            Some(micro) => amount(micro),
        },
    }
}

/// Days that have the same hours stand together.
fn hours(w: Words, days: &[&str]) -> String {
    let open = |text: &str| match text {
        CLOSED => w.t("policy.closed").to_owned(),
        open => open.replace('-', "–"),
    };
    if let Some(first) = days.first()
        && days.iter().all(|d| d == first)
    {
        return format!("{}: {}", w.t("policy.day.all"), open(first));
    }
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(text) = days.get(at) {
        let same = days.iter().skip(at).take_while(|d| *d == text).count();
        let name = |day: usize| w.t(&format!("policy.day.{day}")).to_owned();
        let days = match same {
            1 => name(at),
            _ => format!("{}–{}", name(at), name(at + same - 1)),
        };
        parts.push(format!("{days} {}", open(text)));
        at += same;
    }
    parts.join(", ")
}

/// A value as the strings of a form.
pub(super) fn raw(p: &Parameter, value: &Value) -> Sent {
    let name = p.name;
    let one = |text: String| Sent::from([(name.to_owned(), text)]);
    match p.kind {
        Kind::Count | Kind::Percent => one(value.to_string()),
        Kind::Duration => {
            let (n, unit) = unit(value.as_i64().unwrap_or_default());
            let mut both = one(n.to_string());
            both.insert(format!("{name}.unit"), unit.to_owned());
            both
        }
        Kind::Switch => one(value
            .as_bool()
            .map_or("no", |on| if on { "yes" } else { "no" })
            .to_owned()),
        Kind::Hours => texts(value)
            .into_iter()
            .enumerate()
            .map(|(day, text)| {
                let text = if text == CLOSED { "" } else { text };
                (format!("{name}.{day}"), text.to_owned())
            })
            .collect(),
        Kind::Promise => {
            let mut both = one(value["max"].to_string());
            let per = value["per"].as_str().unwrap_or("week");
            both.insert(format!("{name}.per"), per.to_owned());
            both
        }
        Kind::Waits => {
            let all: Vec<String> = numbers(value).into_iter().map(duration).collect();
            one(all.join(", "))
        }
        Kind::Languages => one(texts(value).join(", ")),
        Kind::Money => one(value.as_i64().map(amount).unwrap_or_default()),
    }
}

/// The value that the strings of a form say; nothing when they say none of this kind.
pub(super) fn read(p: &Parameter, sent: &Sent) -> Option<Value> {
    let of = |name: &str| sent.get(name).map(|text| text.trim());
    let text = of(p.name);
    match p.kind {
        Kind::Count | Kind::Percent => Some(json!(text?.parse::<u32>().ok()?)),
        Kind::Duration => {
            let unit = of(&format!("{}.unit", p.name))?;
            Some(json!(length(text?, unit)?))
        }
        Kind::Switch => match text? {
            "yes" => Some(json!(true)),
            "no" => Some(json!(false)),
            _ => None,
        },
        Kind::Hours => {
            let day = |day: usize| {
                let text = of(&format!("{}.{day}", p.name))?;
                let plain: String = text
                    .chars()
                    .filter(|c| !c.is_whitespace())
                    .map(|c| if c == '–' { '-' } else { c })
                    .collect();
                Some(if plain.is_empty() {
                    CLOSED.to_owned()
                } else {
                    plain
                })
            };
            let days: Option<Vec<String>> = (0..7).map(day).collect();
            Some(json!(days?))
        }
        Kind::Promise => {
            let per = of(&format!("{}.per", p.name)).filter(|per| PERIODS.contains(per))?;
            let max = text?.parse::<u32>().ok()?;
            Some(json!({ "max": max, "per": per }))
        }
        Kind::Waits => {
            let wait = |text: &str| {
                let text = text.trim();
                let digits = text.find(|c: char| !c.is_ascii_digit())?;
                let (n, unit) = text.split_at_checked(digits)?;
                length(n, unit.trim())
            };
            let all: Option<Vec<i64>> = text?.split(',').map(wait).collect();
            Some(json!(all?))
        }
        Kind::Languages => {
            let all = text?.split(',').map(|l| l.trim().to_ascii_lowercase());
            let all: Vec<String> = all.filter(|l| !l.is_empty()).collect();
            Some(json!(all))
        }
        Kind::Money => match text? {
            "" => Some(Value::Null),
            text => Some(json!(micro(text)?)),
        },
    }
}

fn length(n: &str, unit: &str) -> Option<i64> {
    let of = match unit {
        "ms" => 1,
        unit => UNITS.iter().find(|(name, _)| *name == unit)?.1,
    };
    n.parse::<u32>()
        .ok()
        .and_then(|n| i64::from(n).checked_mul(of))
}

/// `12.5` or `12,5` in millionths.
fn micro(text: &str) -> Option<i64> {
    let text = text.replace(',', ".");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let plain = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(rest) || rest.len() > 6 {
        return None;
    }
    let rest: i64 = format!("{rest:0<6}").parse().ok()?;
    whole
        .parse::<i64>()
        .ok()?
        .checked_mul(MICRO)?
        .checked_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::language::Language;
    use portero_gate::Policy;
    use portero_gate::policy::PARAMETERS;

    fn parameter(name: &str) -> &'static Parameter {
        PARAMETERS.iter().find(|p| p.name == name).unwrap()
    }

    #[test]
    fn every_value_goes_into_the_form_and_comes_back() {
        let mut values = Policy::default().fields();
        for (name, value) in [
            ("monthly_budget_micro", json!(12_500_000)),
            ("template_fallback", json!(["es", "en"])),
            ("double_opt_in", json!(true)),
            ("window_margin_ms", json!(10_001)),
            (
                "promotional_hours",
                json!([
                    "09:00-18:00",
                    "closed",
                    "closed",
                    "closed",
                    "closed",
                    "closed",
                    "closed"
                ]),
            ),
        ] {
            values.insert(name.to_owned(), value);
        }
        for p in PARAMETERS {
            let value = &values[p.name];
            assert_eq!(read(p, &raw(p, value)).as_ref(), Some(value), "{}", p.name);
        }
        let none = raw(parameter("monthly_budget_micro"), &Value::Null);
        assert_eq!(
            read(parameter("monthly_budget_micro"), &none),
            Some(Value::Null)
        );
    }

    #[test]
    fn what_is_no_value_is_none() {
        for (name, text) in [
            ("promotional_per_week", "-1"),
            ("promotional_per_week", "dos"),
            ("monthly_budget_micro", "1.2345678"),
            ("monthly_budget_micro", "-3"),
            ("meta_backoff_ms", "24 h, mañana"),
            ("meta_backoff_ms", "24"),
            ("double_opt_in", ""),
            ("default_promise", "2"),
        ] {
            let sent = Sent::from([(name.to_owned(), text.to_owned())]);
            assert_eq!(read(parameter(name), &sent), None, "{name} {text}");
        }
    }

    #[test]
    fn values_are_read_by_people() {
        let w = Words(Language::En);
        let said = |name: &str, value: Value| shown(w, parameter(name).kind, &value);
        assert_eq!(said("promotional_gap_ms", json!(172_800_000)), "2 d");
        assert_eq!(said("window_margin_ms", json!(90_000)), "90 s");
        assert_eq!(said("monthly_budget_micro", json!(12_500_000)), "12.50");
        assert_eq!(said("monthly_budget_micro", Value::Null), "no limit");
        let week = json!([
            "09:00-18:00",
            "09:00-18:00",
            "09:00-18:00",
            "09:00-18:00",
            "09:00-18:00",
            "10:00-12:00",
            "closed"
        ]);
        assert_eq!(
            said("promotional_hours", week),
            "Mon–Fri 09:00–18:00, Sat 10:00–12:00, Sun closed"
        );
        assert_eq!(
            said("default_promise", json!({ "max": 2, "per": "week" })),
            "up to 2 a week"
        );
    }
}
