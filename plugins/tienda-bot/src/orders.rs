//! Orders as the shop's system told them: only states that were told are ever claimed.

use serde_json::{Map, Value, json};

/// Orders kept of one person, newest first.
const KEPT: usize = 5;
/// Longest order number, in bytes: it is part of a timer's name.
const ID_BYTES: usize = 48;

/// A state that the bot has words for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Created,
    Paid,
    Preparing,
    Ready,
    Shipped,
    Delivered,
    Cancelled,
}

impl State {
    pub(crate) const ALL: [State; 7] = [
        State::Created,
        State::Paid,
        State::Preparing,
        State::Ready,
        State::Shipped,
        State::Delivered,
        State::Cancelled,
    ];

    /// The word behind `order.` in the name of a business event.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            State::Created => "created",
            State::Paid => "paid",
            State::Preparing => "preparing",
            State::Ready => "ready",
            State::Shipped => "shipped",
            State::Delivered => "delivered",
            State::Cancelled => "cancelled",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// One order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: String,
    /// `None` when the last that was told is a word the bot does not know.
    pub(crate) state: Option<State>,
    /// When it was so, Unix milliseconds.
    pub(crate) at: u64,
}

/// What news changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The order stands differently now.
    Changed,
    /// It was known already.
    Known,
    /// Something later is known.
    Late,
}

/// Takes news into the list, newest first, keeping a few.
pub(crate) fn learn(all: &mut Vec<Order>, news: Order) -> Change {
    let change = match all.iter().find(|o| o.id == news.id) {
        Some(old) if old.at > news.at => return Change::Late,
        Some(old) if old.state == news.state => Change::Known,
        _ => Change::Changed,
    };
    all.retain(|o| o.id != news.id);
    all.push(news);
    all.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
    all.truncate(KEPT);
    change
}

/// The order number in a business event: `order`, `order_id`, `number` or `id`, text or number.
pub(crate) fn id_in(data: &Map<String, Value>) -> Option<String> {
    let value = ["order", "order_id", "number", "id"]
        .iter()
        .find_map(|key| data.get(*key))?;
    let id = match value {
        Value::String(text) => portero_sdk::tidy_param(text, ID_BYTES),
        Value::Number(number) if number.is_u64() => number.to_string(),
        _ => return None,
    };
    (!id.is_empty() && id.len() <= ID_BYTES).then_some(id)
}

/// Orders whose number somebody wrote: all of it as one word, case aside.
pub(crate) fn named_in<'o>(all: &'o [Order], text: &str) -> Vec<&'o Order> {
    let words: Vec<String> = words_of(text).collect();
    all.iter()
        .filter(|o| words.iter().any(|w| *w == o.id.to_lowercase()))
        .collect()
}

/// Whether a text seems to name an order: a word of three or more signs with a digit in it.
pub(crate) fn names_some_order(text: &str) -> bool {
    words_of(text).any(|w| w.chars().count() >= 3 && w.chars().any(|c| c.is_ascii_digit()))
}

fn words_of(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| c.is_whitespace() || ",.;:!?¿¡()\"'#".contains(c))
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
}

/// As kept in kv.
pub(crate) fn render(all: &[Order]) -> String {
    let list: Vec<Value> = all
        .iter()
        .map(|o| json!({"id": o.id, "state": o.state.map(State::word), "at": o.at}))
        .collect();
    Value::Array(list).to_string()
}

/// Reads [`render`]; entries that do not read are left out.
pub(crate) fn parse(text: &str) -> Vec<Order> {
    let Ok(Value::Array(list)) = serde_json::from_str(text) else {
        return Vec::new();
    };
    list.iter()
        .filter_map(|v| {
            Some(Order {
                id: v.get("id")?.as_str()?.to_owned(),
                state: v.get("state")?.as_str().and_then(State::parse),
                at: v.get("at")?.as_u64()?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(id: &str, state: State, at: u64) -> Order {
        Order {
            id: id.to_owned(),
            state: Some(state),
            at,
        }
    }

    #[test]
    fn later_news_win_and_late_news_change_nothing() {
        let mut all = Vec::new();
        assert_eq!(
            learn(&mut all, order("A", State::Shipped, 20)),
            Change::Changed
        );
        assert_eq!(learn(&mut all, order("A", State::Paid, 19)), Change::Late);
        assert_eq!(
            learn(&mut all, order("A", State::Shipped, 21)),
            Change::Known
        );
        assert_eq!(all, [order("A", State::Shipped, 21)]);
        assert_eq!(
            learn(&mut all, order("A", State::Delivered, 21)),
            Change::Changed
        );
    }

    #[test]
    fn only_the_five_newest_orders_are_kept() {
        let mut all = Vec::new();
        for at in 0..6 {
            learn(&mut all, order(&at.to_string(), State::Paid, at));
        }
        let ids: Vec<&str> = all.iter().map(|o| o.id.as_str()).collect();
        assert_eq!(ids, ["5", "4", "3", "2", "1"]);
    }

    #[test]
    fn what_is_kept_reads_back() {
        let mut all = vec![order("A-1", State::Ready, 7)];
        all.push(Order {
            id: "ñ\"".to_owned(),
            state: None,
            at: 3,
        });
        assert_eq!(parse(&render(&all)), all);
        assert!(parse("nonsense").is_empty());
        assert!(parse("[{\"id\":1}]").is_empty());
    }

    #[test]
    fn an_order_number_may_be_text_or_a_whole_number() {
        let id = |text: &str| {
            id_in(
                serde_json::from_str::<Value>(text)
                    .unwrap()
                    .as_object()
                    .unwrap(),
            )
        };
        assert_eq!(id(r#"{"order":" A-1 "}"#).as_deref(), Some("A-1"));
        assert_eq!(id(r#"{"order_id":1042}"#).as_deref(), Some("1042"));
        assert_eq!(id(r#"{"order":1.5}"#), None);
        assert_eq!(id(r#"{"order":""}"#), None);
        assert_eq!(id(r#"{"total":3}"#), None);
        assert_eq!(id(&format!(r#"{{"order":"{}"}}"#, "ñ".repeat(25))), None);
    }

    #[test]
    fn an_order_is_named_by_its_whole_number_only() {
        let all = [
            order("A-102", State::Paid, 1),
            order("A-10", State::Paid, 1),
        ];
        let named = |text: &str| named_in(&all, text).len();
        assert_eq!(named("¿Y el pedido a-102?"), 1);
        assert_eq!(named("A-1"), 0);
        assert!(names_some_order("pedido 777"));
        assert!(!names_some_order("mis 2 pedidos"));
    }
}
