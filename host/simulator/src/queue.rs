//! What will happen, in business-time order; equal instants keep the order they were put in.

use std::collections::BTreeMap;

use portero_domain::clock::Ts;
use serde::{Deserialize, Serialize};

use crate::pairs;

#[derive(Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
pub(crate) struct Queue<T> {
    #[serde(with = "pairs")]
    items: BTreeMap<(Ts, u64), T>,
    next: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Queue {
            items: BTreeMap::new(),
            next: 0,
        }
    }
}

impl<T> Queue<T> {
    pub(crate) fn push(&mut self, at: Ts, item: T) {
        self.items.insert((at, self.next), item);
        self.next = self.next.wrapping_add(1);
    }

    /// The earliest item whose time has come, with its own time.
    pub(crate) fn pop_due(&mut self, now: Ts) -> Option<(Ts, T)> {
        let first = self.items.first_entry()?;
        if first.key().0 > now {
            return None;
        }
        let ((at, _), item) = first.remove_entry();
        Some((at, item))
    }

    /// Takes up to `max` due items that `wanted` says yes to, looking at no more than `look`.
    pub(crate) fn take_due(
        &mut self,
        now: Ts,
        max: usize,
        look: usize,
        mut wanted: impl FnMut(&T) -> bool,
    ) -> Vec<T> {
        let keys: Vec<(Ts, u64)> = self
            .items
            .range(..=(now, u64::MAX))
            .take(look)
            .filter(|(_, item)| wanted(item))
            .take(max)
            .map(|(key, _)| *key)
            .collect();
        keys.iter()
            .filter_map(|key| self.items.remove(key))
            .collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn due(&self, now: Ts) -> usize {
        self.items.range(..=(now, u64::MAX)).count()
    }

    pub(crate) fn next_at(&self) -> Option<Ts> {
        self.items.first_key_value().map(|((at, _), _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_out_in_order_and_not_a_millisecond_early() {
        let mut queue = Queue::default();
        queue.push(Ts(10), "b");
        queue.push(Ts(5), "a");
        queue.push(Ts(10), "c");
        assert_eq!(queue.pop_due(Ts(4)), None);
        assert_eq!(queue.pop_due(Ts(5)), Some((Ts(5), "a")));
        assert_eq!(queue.pop_due(Ts(9)), None);
        assert_eq!(queue.due(Ts(10)), 2);
        assert_eq!(queue.take_due(Ts(10), 9, 9, |item| *item == "c"), ["c"]);
        assert_eq!(queue.pop_due(Ts(11)), Some((Ts(10), "b")));
        assert_eq!(queue.len(), 0);
    }
}
