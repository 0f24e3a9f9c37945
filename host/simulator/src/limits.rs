//! Meta's two send rates: messages per second of a number (§6.2) and per pair (§6.3).

use portero_domain::clock::Ts;
use serde::{Deserialize, Serialize};

use crate::config::PairRule;

/// Messages per second of a number, in and out together.
///
/// A bucket as large as one second's worth, counted in thousandths of a message.
#[derive(Serialize, Deserialize)]
pub(crate) struct Throughput {
    mps: i64,
    thousandths: i64,
    at: Ts,
}

impl Throughput {
    pub(crate) fn new(mps: u32) -> Throughput {
        let mps = i64::from(mps);
        Throughput {
            mps,
            thousandths: mps.saturating_mul(1_000),
            at: Ts::ZERO,
        }
    }

    pub(crate) fn mps(&self) -> i64 {
        self.mps
    }

    fn refill(&mut self, now: Ts) {
        let gained = now.since(self.at).max(0).saturating_mul(self.mps);
        self.thousandths = self
            .thousandths
            .saturating_add(gained)
            .min(self.mps.saturating_mul(1_000));
        self.at = self.at.max(now);
    }

    /// Whether one message more fits, without taking it.
    pub(crate) fn has_room(&mut self, now: Ts) -> bool {
        self.refill(now);
        self.thousandths >= 1_000
    }

    /// Takes one; what came in cannot be refused, so the bucket may be emptied below one.
    pub(crate) fn take(&mut self, now: Ts) {
        self.refill(now);
        self.thousandths = (self.thousandths - 1_000).max(0);
    }
}

const STEP_MS: i64 = 6_000;
const BURST: i64 = 45;

/// One number towards one person.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct PairLimit {
    /// Bucket: milliseconds owed at `at`.
    owed_ms: i64,
    /// Bucket: last reading. Burst: its first message.
    at: Ts,
    /// Burst: messages in it.
    count: i64,
}

impl PairLimit {
    /// Takes one message; false when the pair is over its rate and nothing was taken.
    pub(crate) fn take(&mut self, rule: PairRule, now: Ts) -> bool {
        match rule {
            PairRule::Bucket => {
                let owed = (self.owed_ms - now.since(self.at).max(0)).max(0);
                self.at = self.at.max(now);
                self.owed_ms = owed;
                if owed + STEP_MS > BURST * STEP_MS {
                    return false;
                }
                self.owed_ms += STEP_MS;
                true
            }
            PairRule::ClosedAfterBurst => {
                let since = now.since(self.at);
                if self.count == 0 || since >= self.count.saturating_mul(STEP_MS) {
                    self.at = now;
                    self.count = 1;
                    true
                } else if since < STEP_MS && self.count < BURST {
                    self.count += 1;
                    true
                } else {
                    false
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_gives_45_and_then_one_every_six_seconds() {
        let mut pair = PairLimit::default();
        let rule = PairRule::Bucket;
        assert!((0..45).all(|_| pair.take(rule, Ts(1_000))));
        assert!(!pair.take(rule, Ts(1_000)));
        assert!(!pair.take(rule, Ts(6_999)));
        assert!(pair.take(rule, Ts(7_000)));
        assert!(!pair.take(rule, Ts(7_000)));
    }

    #[test]
    fn the_other_reading_closes_the_pair_two_minutes_after_a_burst_of_twenty() {
        let mut pair = PairLimit::default();
        let rule = PairRule::ClosedAfterBurst;
        assert!((0..20).all(|n| pair.take(rule, Ts(1_000 + n))));
        assert!(!pair.take(rule, Ts(7_000)));
        assert!(!pair.take(rule, Ts(120_999)));
        assert!(pair.take(rule, Ts(121_000)));
        assert!(pair.take(rule, Ts(126_999)));
        assert!(!pair.take(rule, Ts(127_000)));
    }

    #[test]
    fn throughput_is_one_seconds_worth_and_counts_what_comes_in() {
        let mut number = Throughput::new(80);
        for _ in 0..80 {
            assert!(number.has_room(Ts(5_000)));
            number.take(Ts(5_000));
        }
        assert!(!number.has_room(Ts(5_000)));
        assert!(!number.has_room(Ts(5_012)));
        assert!(number.has_room(Ts(5_013)));
        number.take(Ts(5_013));
        number.take(Ts(5_013));
        assert!(!number.has_room(Ts(5_013)));
    }
}
