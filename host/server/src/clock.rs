//! The machine's clock and randomness: the only file that reads them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use portero_domain::clock::{Clock, Ts};
use portero_domain::ids::IdSource;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use uuid::Uuid;

/// The machine's clock.
#[derive(Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Ts {
        #[expect(clippy::disallowed_methods, reason = "the one place where time enters")]
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Ts(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
    fn lease_now(&self) -> Ts {
        self.now()
    }
}

/// A business clock that stands still until it is let go; leases run on the machine's clock throughout.
///
/// The demo's day is told on it: what happens depends on the script alone, not on how busy the machine
/// is, so the same seed tells the same day.
pub struct HeldClock {
    // Where it stands; once it runs, how far behind the machine it is.
    reading: Mutex<Reading>,
}

enum Reading {
    Held(Ts),
    Running(i64),
}

impl HeldClock {
    /// Stands at `at`.
    #[must_use]
    pub fn at(at: Ts) -> HeldClock {
        HeldClock {
            reading: Mutex::new(Reading::Held(at)),
        }
    }

    /// Lets it run on from where it stands.
    pub fn release(&self) {
        let mut reading = self.lock();
        if let Reading::Held(at) = *reading {
            *reading = Reading::Running(SystemClock.now().since(at));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Reading> {
        self.reading
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Ts {
        match *self.lock() {
            Reading::Held(at) => at,
            Reading::Running(behind) => SystemClock.now().plus_ms(behind.saturating_neg()),
        }
    }
    fn lease_now(&self) -> Ts {
        SystemClock.now()
    }
}

/// Ids and random bytes from the operating system, or from a seed.
pub struct Ids {
    source: Source,
    counter: AtomicU64,
}

enum Source {
    System,
    Seeded(Box<Mutex<ChaCha20Rng>>),
}

impl Ids {
    /// From the operating system.
    #[must_use]
    pub fn system() -> Ids {
        Ids {
            source: Source::System,
            counter: AtomicU64::new(0),
        }
    }

    /// From a seed: the same calls give the same bytes. For demos and tests only.
    #[must_use]
    pub fn seeded(seed: u64) -> Ids {
        let rng = ChaCha20Rng::seed_from_u64(seed);
        Ids {
            source: Source::Seeded(Box::new(Mutex::new(rng))),
            counter: AtomicU64::new(0),
        }
    }
}

impl IdSource for Ids {
    fn uuid(&self, now: Ts) -> Uuid {
        let mut bytes = [0_u8; 10];
        self.random(&mut bytes);
        // Twelve bits of a counter after the milliseconds keep ids of one process in order.
        let n = self.counter.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes[0] = n[6];
        bytes[1] = n[7];
        let ms = u64::try_from(now.ms()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(ms, &bytes).into_uuid()
    }

    fn random(&self, out: &mut [u8]) {
        match &self.source {
            Source::System => {
                if getrandom::fill(out).is_err() {
                    // No randomness, no secrets: better to end than to hand out guessable tokens.
                    std::process::abort();
                }
            }
            Source::Seeded(rng) => {
                let mut rng = rng
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                rng.fill_bytes(out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_clock_stands_until_it_is_let_go_and_never_turns_back() {
        let clock = HeldClock::at(Ts(1_795_000_000_000));
        assert_eq!(clock.now(), Ts(1_795_000_000_000));
        assert!(clock.lease_now() <= SystemClock.now());
        clock.release();
        let first = clock.now();
        assert!(first >= Ts(1_795_000_000_000));
        clock.release();
        assert!(clock.now() >= first, "let go twice is let go once");
    }

    #[test]
    fn ids_of_one_process_sort_in_the_order_they_were_made() {
        let ids = Ids::seeded(7);
        let made: Vec<Uuid> = (0..3000).map(|_| ids.uuid(Ts(1_795_000_000_000))).collect();
        assert!(made.windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        assert_eq!(Ids::seeded(7).uuid(Ts(5)), Ids::seeded(7).uuid(Ts(5)));
        assert_ne!(Ids::seeded(7).uuid(Ts(5)), Ids::seeded(8).uuid(Ts(5)));
    }
}
