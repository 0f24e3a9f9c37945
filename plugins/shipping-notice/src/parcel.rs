//! What the shop's system says of a parcel, and what was told of it.

use portero_sdk::{BusinessEvent, HostError, kv, tidy_param};
use serde_json::{Map, Value};

/// Longest order number, in bytes: it is part of a key.
const ID_BYTES: usize = 48;
/// How long it is remembered what was told of an order.
const KEPT_SECONDS: u32 = 180 * 24 * 3_600;
/// How long a notice proposed as free text can still become a template.
const SAID_SECONDS: u32 = 24 * 3_600;

/// Where a parcel is, in the order it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Shipped,
    OutForDelivery,
    Delivered,
}

impl Stage {
    pub(crate) const ALL: [Stage; 3] = [Stage::Shipped, Stage::OutForDelivery, Stage::Delivered];

    /// The word behind `order.` in the name of a business event.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Stage::Shipped => "shipped",
            Stage::OutForDelivery => "out_for_delivery",
            Stage::Delivered => "delivered",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// News of one parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) order: String,
    pub(crate) stage: Stage,
    pub(crate) carrier: Option<String>,
    pub(crate) tracking: Option<String>,
}

impl News {
    /// Reads an event; a sentence when it cannot be used.
    pub(crate) fn read(business: &BusinessEvent) -> Result<News, &'static str> {
        let Ok(Value::Object(data)) = serde_json::from_str(&business.data_json) else {
            return Err("its data is no JSON object");
        };
        let stage = business.name.strip_prefix("order.").and_then(Stage::parse);
        let Some(stage) = stage else {
            return Err("it is no news of a parcel");
        };
        let Some(order) = order_in(&data) else {
            return Err("it names no order: put its number into `order`, at most 48 bytes");
        };
        Ok(News {
            order,
            stage,
            carrier: line(data.get("carrier"), 40),
            tracking: line(data.get("tracking"), 60),
        })
    }
}

fn order_in(data: &Map<String, Value>) -> Option<String> {
    let value = ["order", "order_id", "number", "id"]
        .iter()
        .find_map(|key| data.get(*key))?;
    let id = match value {
        Value::String(text) => tidy_param(text, ID_BYTES),
        Value::Number(number) if number.is_u64() => number.to_string(),
        _ => return None,
    };
    (!id.is_empty() && id.len() <= ID_BYTES).then_some(id)
}

fn line(value: Option<&Value>, max: usize) -> Option<String> {
    let text = match value? {
        Value::String(text) => tidy_param(text, max),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Remembers that a stage is being told; `false` when it, or a later one, was told before.
pub(crate) fn first_time(person: &str, news: &News) -> Result<bool, HostError> {
    let key = format!("told:{person}:{}", news.order);
    let told = kv::get_text(&key)?.as_deref().and_then(Stage::parse);
    if told.is_some_and(|told| told >= news.stage) {
        return Ok(false);
    }
    kv::set_for(&key, news.stage.word(), KEPT_SECONDS)?;
    Ok(true)
}

/// Remembers a notice proposed as free text, should the window close before it leaves.
pub(crate) fn said(person: &str, news: &News) -> Result<(), HostError> {
    let text = |v: &Option<String>| v.clone().unwrap_or_default();
    let value = [
        news.stage.word().to_owned(),
        news.order.clone(),
        text(&news.carrier),
        text(&news.tracking),
    ];
    kv::set_for(&format!("said:{person}"), value.join("\n"), SAID_SECONDS)
}

/// The last notice proposed as free text; forgotten by asking.
pub(crate) fn take_said(person: &str) -> Result<Option<News>, HostError> {
    let key = format!("said:{person}");
    let Some(value) = kv::get_text(&key)? else {
        return Ok(None);
    };
    kv::delete(&key)?;
    let mut lines = value.split('\n');
    let mut next = || lines.next().map(str::to_owned).filter(|l| !l.is_empty());
    let stage = next().as_deref().and_then(Stage::parse);
    let order = next();
    let (carrier, tracking) = (next(), next());
    Ok(stage.zip(order).map(|(stage, order)| News {
        order,
        stage,
        carrier,
        tracking,
    }))
}

#[cfg(test)]
mod tests {
    use portero_sdk::testing::Host;

    use super::*;

    fn news(stage: Stage) -> News {
        News {
            order: "A-1".to_owned(),
            stage,
            carrier: None,
            tracking: Some("X 9".to_owned()),
        }
    }

    #[test]
    fn a_stage_is_told_once_and_never_after_a_later_one() {
        let _host = Host::install();
        assert_eq!(first_time("p", &news(Stage::Shipped)), Ok(true));
        assert_eq!(first_time("p", &news(Stage::Shipped)), Ok(false));
        assert_eq!(first_time("p", &news(Stage::Delivered)), Ok(true));
        assert_eq!(first_time("p", &news(Stage::OutForDelivery)), Ok(false));
        assert_eq!(first_time("q", &news(Stage::OutForDelivery)), Ok(true));
    }

    #[test]
    fn what_was_said_is_taken_once_and_whole() {
        let _host = Host::install();
        said("p", &news(Stage::Shipped)).unwrap();
        assert_eq!(take_said("p"), Ok(Some(news(Stage::Shipped))));
        assert_eq!(take_said("p"), Ok(None));
    }
}
