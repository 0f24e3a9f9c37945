//! Counts of what is large, kept in memory for a moment: a page is not kept waiting by what it counts.
//!
//! What is small is counted at every look. What is not is counted at the first one, and shown again, with the instant
//! it was counted, while it is counted anew beside. Each host counts for itself.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portero_domain::clock::{Millis, Ts};
use portero_store::Store;

use crate::context::Context;
use crate::error::FlowError;

/// Fewer than these are counted at every look: an index of so many is read within some milliseconds.
const SMALL: u64 = 20_000;
/// A count is as good as new for twenty times as long as it took: counting takes a twentieth of one connection's time.
const GOOD_FOR: i64 = 20;
/// Nobody is shown an older one: whoever comes then waits.
const OLDEST: Millis = Millis::minutes(10);
/// Counts kept, some hundred bytes each.
const KEPT: usize = 10_000;

/// How much was counted.
pub(crate) trait Counts: Clone + Send + 'static {
    /// Rows that were counted, about.
    fn size(&self) -> u64;
}

/// A count, and when it was made if that was not now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Count<V> {
    /// What was counted.
    pub value: V,
    /// When, by business time; `None` when it was counted for whoever asked.
    pub at: Option<Ts>,
}

struct One<V> {
    value: V,
    at: Ts,
    /// By the machine's time.
    counted: Ts,
    took: Millis,
}

struct Known<K, V> {
    counts: HashMap<K, One<V>>,
    /// What is being counted anew.
    anew: HashSet<K>,
}

/// Counts of one kind. Cheap to clone.
pub(crate) struct Counted<K, V>(Arc<Mutex<Known<K, V>>>);

impl<K, V> Clone for Counted<K, V> {
    fn clone(&self) -> Counted<K, V> {
        Counted(Arc::clone(&self.0))
    }
}

impl<K, V> Default for Counted<K, V> {
    fn default() -> Counted<K, V> {
        Counted(Arc::new(Mutex::new(Known {
            counts: HashMap::new(),
            anew: HashSet::new(),
        })))
    }
}

/// What a look finds.
#[derive(Debug, PartialEq, Eq)]
enum Found<V> {
    /// Good as it is.
    Good(V, Ts),
    /// To be shown, and to be counted anew by whoever found it.
    Old(V, Ts),
    /// To be counted.
    Nothing,
}

impl<K: Clone + Eq + Hash + Send + 'static, V: Counts> Counted<K, V> {
    fn known(&self) -> MutexGuard<'_, Known<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, key: &K, now: Ts) -> Found<V> {
        let mut known = self.known();
        let Some(one) = known.counts.get(key) else {
            return Found::Nothing;
        };
        let age = now.since(one.counted);
        let (value, at) = (one.value.clone(), one.at);
        if age < one.took.0.saturating_mul(GOOD_FOR) {
            return Found::Good(value, at);
        }
        if age > OLDEST.0 {
            return Found::Nothing;
        }
        if known.anew.insert(key.clone()) {
            Found::Old(value, at)
        } else {
            Found::Good(value, at)
        }
    }

    /// Keeps what is large enough, and forgets what is not any more.
    fn keep(&self, key: K, value: V, at: Ts, (began, ended): (Ts, Ts)) {
        let mut known = self.known();
        if value.size() < SMALL {
            known.counts.remove(&key);
            return;
        }
        if known.counts.len() >= KEPT {
            known.counts.clear();
        }
        let one = One {
            value,
            at,
            counted: began,
            took: Millis(ended.since(began)),
        };
        known.counts.insert(key, one);
    }

    /// What `count` comes to: of something small as it is now, of something large as it was a moment ago.
    ///
    /// # Errors
    /// What `count` says.
    pub(crate) async fn get<F, W>(
        &self,
        ctx: &Context,
        key: K,
        count: F,
    ) -> Result<Count<V>, FlowError>
    where
        F: FnOnce(Store) -> W,
        W: Future<Output = Result<V, FlowError>> + Send + 'static,
    {
        let (value, at) = match self.look(&key, ctx.clock.lease_now()) {
            Found::Good(value, at) => (value, at),
            Found::Old(value, at) => {
                let (all, clock) = (self.clone(), Arc::clone(&ctx.clock));
                let counting = count(ctx.store.clone());
                ctx.tasks.spawn(async move {
                    let (at, began) = (clock.now(), clock.lease_now());
                    match counting.await {
                        Ok(value) => all.keep(key.clone(), value, at, (began, clock.lease_now())),
                        Err(error) => {
                            tracing::warn!(%error, "what a page shows was not counted anew")
                        }
                    }
                    all.known().anew.remove(&key);
                });
                (value, at)
            }
            Found::Nothing => {
                let (at, began) = (ctx.now(), ctx.clock.lease_now());
                let value = count(ctx.store.clone()).await?;
                self.keep(key, value.clone(), at, (began, ctx.clock.lease_now()));
                return Ok(Count { value, at: None });
            }
        };
        Ok(Count {
            value,
            at: Some(at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq)]
    struct People(u64);

    impl Counts for People {
        fn size(&self) -> u64 {
            self.0
        }
    }

    fn kept(people: u64, took: i64) -> Counted<&'static str, People> {
        let all = Counted::default();
        all.keep("vip", People(people), Ts(7), (Ts(1_000), Ts(1_000 + took)));
        all
    }

    #[test]
    fn what_is_small_is_counted_at_every_look() {
        assert_eq!(kept(SMALL - 1, 500).look(&"vip", Ts(1_001)), Found::Nothing);
        let large = kept(SMALL, 500);
        assert_eq!(large.look(&"others", Ts(1_001)), Found::Nothing);
        assert_eq!(
            large.look(&"vip", Ts(1_001)),
            Found::Good(People(SMALL), Ts(7))
        );
        // It shrank: what was kept of it is forgotten.
        large.keep("vip", People(3), Ts(9), (Ts(2_000), Ts(2_001)));
        assert_eq!(large.look(&"vip", Ts(2_002)), Found::Nothing);
    }

    #[test]
    fn an_old_count_is_shown_and_counted_anew_by_one_alone() {
        let all = kept(SMALL, 500);
        assert_eq!(
            all.look(&"vip", Ts(10_999)),
            Found::Good(People(SMALL), Ts(7))
        );
        assert_eq!(
            all.look(&"vip", Ts(11_000)),
            Found::Old(People(SMALL), Ts(7))
        );
        assert_eq!(
            all.look(&"vip", Ts(11_000)),
            Found::Good(People(SMALL), Ts(7))
        );
    }

    #[test]
    fn nobody_is_shown_a_very_old_one() {
        let all = kept(SMALL, 500);
        let last = 1_000 + OLDEST.0;
        assert!(matches!(all.look(&"vip", Ts(last)), Found::Old(..)));
        assert_eq!(all.look(&"vip", Ts(last + 1)), Found::Nothing);
    }
}
