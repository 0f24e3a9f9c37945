//! A cart as the shop's system told it, and what is kept of it.

use portero_sdk::{BusinessEvent, HostError, kv, tidy_param};
use serde_json::{Map, Value, json};

/// Longest cart id, in bytes: it is part of a timer's name and of a key.
const ID_BYTES: usize = 48;
/// How long a cart is remembered after its last news: longer than any reminder waits.
const KEPT_SECONDS: u32 = 60 * 24 * 3_600;
/// Articles kept by name.
const NAMES: usize = 5;

/// Where a cart stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// A timer waits.
    Open,
    /// The reminder was proposed: never again.
    Reminded,
    /// It was ordered.
    Ordered,
    /// It was emptied, or the person wants silence.
    Closed,
}

impl State {
    const ALL: [State; 4] = [State::Open, State::Reminded, State::Ordered, State::Closed];

    const fn word(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Reminded => "reminded",
            State::Ordered => "ordered",
            State::Closed => "closed",
        }
    }
}

/// What is kept of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cart {
    pub(crate) state: State,
    /// When the shop's system last said something of it, Unix milliseconds.
    pub(crate) at: u64,
    /// Pieces or lines, when it said how many.
    pub(crate) count: Option<u64>,
    /// Names of articles, at most five, without any that names a discount.
    pub(crate) names: Vec<String>,
}

impl Cart {
    pub(crate) fn load(person: &str, id: &str) -> Result<Option<Cart>, HostError> {
        Ok(kv::get_text(&key(person, id))?.and_then(|text| parse(&text)))
    }

    pub(crate) fn keep(&self, person: &str, id: &str) -> Result<(), HostError> {
        let value = json!({
            "state": self.state.word(), "at": self.at, "count": self.count, "names": self.names,
        });
        kv::set_for(&key(person, id), value.to_string(), KEPT_SECONDS)
    }

    /// "2 × …, …": what the reminder says is in it; nothing when nothing is known.
    pub(crate) fn articles(&self, and_more: &str) -> Option<String> {
        if self.names.is_empty() {
            return None;
        }
        let listed = self.names.join(", ");
        let known = u64::try_from(self.names.len()).unwrap_or(u64::MAX);
        Some(match self.count.and_then(|n| n.checked_sub(known)) {
            Some(rest) if rest > 0 => format!("{listed} {and_more}"),
            _ => listed,
        })
    }
}

/// The ids of a person's carts.
pub(crate) fn ids(person: &str) -> Result<Vec<String>, HostError> {
    let prefix = key(person, "");
    let keys = kv::keys(&prefix, None, 100)?;
    Ok(keys
        .iter()
        .filter_map(|k| k.strip_prefix(&prefix).map(str::to_owned))
        .collect())
}

/// Keeps that something was ordered at `at`, although nobody said of which cart.
pub(crate) fn note_order(person: &str, at: u64) -> Result<(), HostError> {
    let latest = last_order(person)?.map_or(at, |known| known.max(at));
    kv::set_for(&order_key(person), latest.to_string(), KEPT_SECONDS)
}

/// When the last order that named no cart was placed.
pub(crate) fn last_order(person: &str) -> Result<Option<u64>, HostError> {
    Ok(kv::get_text(&order_key(person))?.and_then(|text| text.parse().ok()))
}

fn order_key(person: &str) -> String {
    format!("ordered:{person}")
}

fn key(person: &str, id: &str) -> String {
    format!("cart:{person}:{id}")
}

fn parse(text: &str) -> Option<Cart> {
    let value: Value = serde_json::from_str(text).ok()?;
    let word = value.get("state")?.as_str()?;
    Some(Cart {
        state: State::ALL.into_iter().find(|s| s.word() == word)?,
        at: value.get("at")?.as_u64()?,
        count: value.get("count").and_then(Value::as_u64),
        names: value
            .get("names")?
            .as_array()?
            .iter()
            .filter_map(|n| n.as_str().map(str::to_owned))
            .collect(),
    })
}

/// What an event says of a cart.
pub(crate) struct News {
    pub(crate) id: Option<String>,
    pub(crate) at: u64,
    pub(crate) count: Option<u64>,
    pub(crate) names: Vec<String>,
}

impl News {
    /// Reads an event; a sentence when it cannot be used.
    pub(crate) fn read(business: &BusinessEvent, now: u64) -> Result<News, &'static str> {
        let Ok(Value::Object(data)) = serde_json::from_str(&business.data_json) else {
            return Err("its data is no JSON object");
        };
        let items = data.get("items");
        let (count, names) = match items {
            Some(Value::Array(list)) => (
                u64::try_from(list.len()).ok(),
                list.iter().filter_map(article).take(NAMES).collect(),
            ),
            Some(Value::Number(n)) => (n.as_u64(), Vec::new()),
            _ => (None, Vec::new()),
        };
        Ok(News {
            id: id_in(&data),
            at: data
                .get("at_ms")
                .and_then(Value::as_u64)
                .unwrap_or(now)
                .min(now),
            count,
            names,
        })
    }
}

/// `cart`, `cart_id`: text or whole number, at most 48 bytes.
fn id_in(data: &Map<String, Value>) -> Option<String> {
    let id = match ["cart", "cart_id"].iter().find_map(|k| data.get(*k))? {
        Value::String(text) => tidy_param(text, ID_BYTES),
        Value::Number(number) if number.is_u64() => number.to_string(),
        _ => return None,
    };
    (!id.is_empty() && id.len() <= ID_BYTES).then_some(id)
}

/// The name of an article: text, or an object with `name`. One that names a discount is left out:
/// the reminder says nothing about prices that the operator did not set.
fn article(item: &Value) -> Option<String> {
    let text = item
        .as_str()
        .or_else(|| item.get("name").and_then(Value::as_str))?;
    let name = tidy_param(text, 40);
    (!name.is_empty() && !names_discount(&name)).then_some(name)
}

/// Whether a text speaks of a discount, in the three languages. Errs on the side of yes.
fn names_discount(text: &str) -> bool {
    const WORDS: [&str; 13] = [
        "descuento",
        "desconto",
        "discount",
        "rebaja",
        "oferta",
        "promo",
        "gratis",
        "grátis",
        "free",
        "off",
        "sale",
        "cupón",
        "cupom",
    ];
    let lower = text.to_lowercase();
    lower.contains('%')
        || lower.split(|c: char| !c.is_alphanumeric()).any(|word| {
            WORDS
                .iter()
                .any(|w| word == *w || (w.len() > 4 && word.starts_with(w)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(data: &str) -> Result<News, &'static str> {
        let business = BusinessEvent {
            name: "cart.updated".to_owned(),
            data_json: data.to_owned(),
        };
        News::read(&business, 1_000)
    }

    #[test]
    fn a_cart_is_read_from_lists_and_numbers() {
        let list =
            news(r#"{"cart":"C-1","items":["Taza",{"name":"Té  verde"},{"sku":1}]}"#).unwrap();
        assert_eq!(list.id.as_deref(), Some("C-1"));
        assert_eq!(list.count, Some(3));
        assert_eq!(list.names, ["Taza", "Té verde"]);
        let number = news(r#"{"cart_id":7,"items":2,"at_ms":900}"#).unwrap();
        assert_eq!(
            (number.id.as_deref(), number.count, number.at),
            (Some("7"), Some(2), 900)
        );
        assert!(news("[]").is_err());
        assert_eq!(news(r#"{"cart":{}}"#).unwrap().id, None);
    }

    #[test]
    fn news_from_the_future_are_news_of_now() {
        assert_eq!(news(r#"{"cart":"C","at_ms":1001}"#).unwrap().at, 1_000);
        assert_eq!(news(r#"{"cart":"C","at_ms":1000}"#).unwrap().at, 1_000);
        assert_eq!(news(r#"{"cart":"C","at_ms":999}"#).unwrap().at, 999);
    }

    #[test]
    fn an_article_whose_name_promises_a_discount_is_left_out() {
        for name in [
            "Camisa -20%",
            "Taza OFERTA",
            "2x1 gratis",
            "Promoção de verão",
            "Shirt 20 off",
        ] {
            assert!(names_discount(name), "{name}");
        }
        for name in ["Coffee mug", "Oficina móvil", "Freesia", "Offset print"] {
            assert!(!names_discount(name), "{name}");
        }
    }

    #[test]
    fn what_is_kept_reads_back() {
        let _host = portero_sdk::testing::Host::install();
        let cart = Cart {
            state: State::Open,
            at: 5,
            count: Some(3),
            names: vec!["Té".to_owned()],
        };
        cart.keep("p", "C").unwrap();
        assert_eq!(Cart::load("p", "C").unwrap(), Some(cart.clone()));
        assert_eq!(ids("p").unwrap(), ["C"]);
        assert_eq!(cart.articles("y más").as_deref(), Some("Té y más"));
        assert_eq!(Cart::load("p", "D").unwrap(), None);
    }
}
