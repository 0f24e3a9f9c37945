//! The little the bot remembers of a person, in kv.

use portero_sdk::{HostError, kv, log};

use crate::orders::{self, Order, State};

/// Not understood twice within this time calls a person.
const LOST_SECONDS: u32 = 3_600;
/// How long news that were proposed as free text can still become a template.
const SAID_SECONDS: u32 = 24 * 3_600;

/// The orders known of a person. An unreadable memory is an empty one: the bot then says that it
/// knows nothing, which is true.
pub(crate) fn orders(person: &str) -> Vec<Order> {
    orders::parse(&read(&format!("orders:{person}")).unwrap_or_default())
}

pub(crate) fn keep_orders(person: &str, all: &[Order]) -> Result<(), HostError> {
    kv::set(&format!("orders:{person}"), orders::render(all))
}

/// Counts one more turn not understood and says how many that makes.
pub(crate) fn lost_again(person: &str) -> usize {
    let key = format!("lost:{person}");
    let turns = read(&key).map_or(0, |t| t.len()).saturating_add(1);
    quietly(kv::set_for(&key, "?".repeat(turns.min(9)), LOST_SECONDS));
    turns
}

pub(crate) fn understood(person: &str) {
    let key = format!("lost:{person}");
    if read(&key).is_some() {
        quietly(kv::delete(&key));
    }
}

/// Remembers news that were proposed as free text, should the window close before they leave.
pub(crate) fn said(person: &str, order: &str, state: State) -> Result<(), HostError> {
    let value = format!("{} {order}", state.word());
    kv::set_for(&format!("said:{person}"), value, SAID_SECONDS)
}

/// The last news proposed as free text; forgotten by asking.
pub(crate) fn take_said(person: &str) -> Option<(String, State)> {
    let key = format!("said:{person}");
    let value = read(&key)?;
    quietly(kv::delete(&key));
    let (word, order) = value.split_once(' ')?;
    Some((order.to_owned(), State::parse(word)?))
}

fn read(key: &str) -> Option<String> {
    match kv::get_text(key) {
        Ok(value) => value,
        Err(error) => {
            log::warn(format!("memory: {error}"));
            None
        }
    }
}

fn quietly(result: Result<(), HostError>) {
    if let Err(error) = result {
        log::warn(format!("memory: {error}"));
    }
}
