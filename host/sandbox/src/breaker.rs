//! Cuts off a plugin that keeps failing. Pure: time comes in as a parameter.
//!
//! Opens after 5 hard failures in a row, or when at least half of at least 20 calls within 60 s
//! failed. Open for 30 s, then one probe; each failed probe doubles the pause, up to 15 minutes.
//! Give it lease time, which never jumps.

use std::collections::VecDeque;

use portero_domain::clock::{Millis, Ts};

/// Hard failures in a row that open it.
pub const FAILURES_IN_A_ROW: u32 = 5;
/// Calls within [`WINDOW`] before the share of failures counts.
pub const MIN_CALLS: usize = 20;
/// How far back calls are counted.
pub const WINDOW: Millis = Millis::secs(60);
/// First pause.
pub const FIRST_PAUSE: Millis = Millis::secs(30);
/// Longest pause.
pub const LONGEST_PAUSE: Millis = Millis::minutes(15);
/// Calls remembered at most; older ones count as forgotten.
const MAX_REMEMBERED: usize = 1_000;

/// Whether a call may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Yes.
    Go,
    /// Yes, and its result decides whether the breaker closes; no other call goes meanwhile.
    Probe,
    /// No.
    Refused {
        /// When the next probe may start; while a probe runs, `now`.
        until: Ts,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    Open { until: Ts, pause: Millis },
    Probing { since: Ts, pause: Millis },
}

/// The state for one installation of one digest.
#[derive(Clone, Debug)]
pub struct Breaker {
    phase: Phase,
    in_a_row: u32,
    calls: VecDeque<(Ts, bool)>,
}

impl Default for Breaker {
    fn default() -> Self {
        Breaker::new()
    }
}

impl Breaker {
    /// Closed, nothing remembered.
    #[must_use]
    pub fn new() -> Breaker {
        Breaker {
            phase: Phase::Closed,
            in_a_row: 0,
            calls: VecDeque::new(),
        }
    }

    /// Whether a call may start at `now`. After [`Admission::Probe`] a [`Breaker::record`] or a
    /// [`Breaker::give_back`] must follow; a probe of which nothing is heard is given up after the
    /// longest pause.
    pub fn admit(&mut self, now: Ts) -> Admission {
        match self.phase {
            Phase::Closed => Admission::Go,
            Phase::Open { until, pause } if now >= until => {
                self.phase = Phase::Probing { since: now, pause };
                Admission::Probe
            }
            Phase::Open { until, .. } => Admission::Refused { until },
            Phase::Probing { since, pause } if now >= since + LONGEST_PAUSE => {
                self.phase = Phase::Probing { since: now, pause };
                Admission::Probe
            }
            Phase::Probing { .. } => Admission::Refused { until: now },
        }
    }

    /// Notes how a call ended; `failed` is [`crate::Outcome::is_hard_failure`].
    pub fn record(&mut self, now: Ts, failed: bool) {
        match self.phase {
            Phase::Closed => self.record_closed(now, failed),
            Phase::Probing { .. } if !failed => *self = Breaker::new(),
            Phase::Probing { pause, .. } => {
                let pause = Millis(pause.0.saturating_mul(2).min(LONGEST_PAUSE.0));
                self.open(now, pause);
            }
            // A call that began before it opened changes nothing.
            Phase::Open { .. } => {}
        }
    }

    /// The probe admitted at `since` was never made: the next call may be it.
    pub fn give_back(&mut self, since: Ts) {
        if let Phase::Probing {
            since: probing,
            pause,
        } = self.phase
            && probing == since
        {
            self.phase = Phase::Open {
                until: since,
                pause,
            };
        }
    }

    /// Until when calls are refused at `now`; `None` when one may start, or a probe is on its way.
    #[must_use]
    pub fn open_until(&self, now: Ts) -> Option<Ts> {
        match self.phase {
            Phase::Open { until, .. } if now < until => Some(until),
            _ => None,
        }
    }

    /// Whether calls are refused at `now`.
    #[must_use]
    pub fn is_open(&self, now: Ts) -> bool {
        match self.phase {
            Phase::Closed => false,
            Phase::Open { until, .. } => now < until,
            Phase::Probing { .. } => true,
        }
    }

    fn record_closed(&mut self, now: Ts, failed: bool) {
        self.in_a_row = if failed {
            self.in_a_row.saturating_add(1)
        } else {
            0
        };
        self.calls.push_back((now, failed));
        while self.calls.len() > MAX_REMEMBERED
            || self
                .calls
                .front()
                .is_some_and(|(at, _)| now.since(*at) >= WINDOW.0)
        {
            self.calls.pop_front();
        }
        let failures = self.calls.iter().filter(|(_, failed)| *failed).count();
        let half = self.calls.len() >= MIN_CALLS && failures.saturating_mul(2) >= self.calls.len();
        if self.in_a_row >= FAILURES_IN_A_ROW || half {
            self.open(now, FIRST_PAUSE);
        }
    }

    fn open(&mut self, now: Ts, pause: Millis) {
        self.phase = Phase::Open {
            until: now + pause,
            pause,
        };
        self.in_a_row = 0;
        self.calls.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(at: Ts) -> Breaker {
        let mut breaker = Breaker::new();
        for _ in 0..5 {
            assert_eq!(breaker.admit(at), Admission::Go);
            breaker.record(at, true);
        }
        breaker
    }

    #[test]
    fn four_failures_in_a_row_do_not_open_and_the_fifth_does() {
        let mut breaker = Breaker::new();
        for _ in 0..4 {
            breaker.record(Ts(1), true);
        }
        assert_eq!(breaker.admit(Ts(1)), Admission::Go);
        breaker.record(Ts(1), true);
        assert!(breaker.is_open(Ts(1)));
    }

    #[test]
    fn a_success_between_starts_the_count_again() {
        let mut breaker = Breaker::new();
        for _ in 0..4 {
            for _ in 0..4 {
                breaker.record(Ts(1), true);
            }
            breaker.record(Ts(1), false);
            if breaker.calls.len() >= 15 {
                break;
            }
        }
        assert!(!breaker.is_open(Ts(1)));
    }

    #[test]
    fn half_of_twenty_within_a_minute_opens() {
        let mut breaker = Breaker::new();
        for i in 0..19 {
            breaker.record(Ts(i), i % 2 == 0);
        }
        assert!(!breaker.is_open(Ts(19)));
        breaker.record(Ts(19), false);
        assert!(breaker.is_open(Ts(19)), "10 of 20 failed");
    }

    #[test]
    fn calls_of_a_minute_ago_are_forgotten_to_the_millisecond() {
        for (last, open) in [(60_000, false), (59_999, true)] {
            let mut breaker = Breaker::new();
            breaker.record(Ts(0), true);
            for i in 0..18 {
                breaker.record(Ts(1_000), i % 2 == 0);
            }
            breaker.record(Ts(last), true);
            assert_eq!(breaker.is_open(Ts(last)), open, "last call at {last}");
        }
    }

    #[test]
    fn it_lets_one_probe_through_after_thirty_seconds() {
        let mut breaker = opened(Ts(0));
        assert_eq!(
            breaker.admit(Ts(29_999)),
            Admission::Refused { until: Ts(30_000) }
        );
        assert_eq!(breaker.admit(Ts(30_000)), Admission::Probe);
        assert_eq!(
            breaker.admit(Ts(30_000)),
            Admission::Refused { until: Ts(30_000) }
        );
        breaker.record(Ts(30_001), false);
        assert_eq!(breaker.admit(Ts(30_001)), Admission::Go);
    }

    #[test]
    fn each_failed_probe_doubles_the_pause_up_to_fifteen_minutes() {
        let mut breaker = opened(Ts(0));
        let mut now = Ts(30_000);
        for pause in [60_000, 120_000, 240_000, 480_000, 900_000, 900_000] {
            assert_eq!(breaker.admit(now), Admission::Probe);
            breaker.record(now, true);
            let until = now + Millis(pause);
            assert_eq!(
                breaker.admit(until.plus_ms(-1)),
                Admission::Refused { until }
            );
            now = until;
        }
    }

    #[test]
    fn a_probe_that_was_not_made_is_free_for_the_next_call() {
        let mut breaker = opened(Ts(0));
        assert_eq!(breaker.admit(Ts(30_000)), Admission::Probe);
        breaker.give_back(Ts(30_000));
        assert_eq!(breaker.open_until(Ts(30_000)), None);
        assert_eq!(breaker.admit(Ts(30_001)), Admission::Probe);
        breaker.give_back(Ts(30_000));
        assert_eq!(
            breaker.admit(Ts(30_002)),
            Admission::Refused { until: Ts(30_002) },
            "only who took the probe gives it back"
        );
        breaker.record(Ts(30_003), true);
        assert_eq!(breaker.open_until(Ts(30_003)), Some(Ts(90_003)));
    }

    #[test]
    fn a_lost_probe_is_given_up_after_the_longest_pause() {
        let mut breaker = opened(Ts(0));
        assert_eq!(breaker.admit(Ts(30_000)), Admission::Probe);
        assert_eq!(
            breaker.admit(Ts(929_999)),
            Admission::Refused { until: Ts(929_999) }
        );
        assert_eq!(breaker.admit(Ts(930_000)), Admission::Probe);
    }
}
