//! The seed's part in the day: who plays which part, in which order, after how long, in whose words.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Tosses of one seed: the same calls in the same order give the same answers.
pub(super) struct Chance(ChaCha20Rng);

impl Chance {
    pub(super) fn new(seed: u64) -> Chance {
        Chance(ChaCha20Rng::seed_from_u64(seed))
    }

    /// Between `low` and `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.next_u64() % (high.saturating_sub(low) + 1)
    }

    /// One of them.
    pub(super) fn one<T: Copy>(&mut self, first: T, others: &[T]) -> T {
        let at = self.between(0, u64::try_from(others.len()).unwrap_or(0));
        usize::try_from(at)
            .ok()
            .and_then(|at| at.checked_sub(1))
            .and_then(|at| others.get(at).copied())
            .unwrap_or(first)
    }

    /// All of them, in some order.
    pub(super) fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            let other = self.between(0, u64::try_from(last).unwrap_or(0));
            all.swap(last, usize::try_from(other).unwrap_or(last));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_tosses_alike_and_every_side_comes_up() {
        let order = |seed| {
            let mut all = [1, 2, 3, 4, 5];
            Chance::new(seed).shuffle(&mut all);
            all
        };
        assert_eq!(order(7), order(7));
        assert!((0..20).any(|seed| order(seed) != order(7)));
        let mut chance = Chance::new(1);
        let seen: std::collections::BTreeSet<u64> =
            (0..200).map(|_| chance.between(3, 5)).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [3, 4, 5]);
        let picked: std::collections::BTreeSet<&str> =
            (0..200).map(|_| chance.one("a", &["b", "c"])).collect();
        assert_eq!(picked.len(), 3);
    }
}
