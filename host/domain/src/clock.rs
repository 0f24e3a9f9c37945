//! Time as a parameter: nobody below the binary reads the machine's clock.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

/// An instant in Unix milliseconds, UTC.
///
/// Columns and JSON fields that hold one end in `_at`. Intervals are half-open:
/// `now < closes_at` means still open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Ts(pub i64);

impl Ts {
    /// The Unix epoch; also "never" for buckets that have not been used.
    pub const ZERO: Ts = Ts(0);

    /// From whole seconds, Meta's unit in webhooks.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Ts {
        Ts(secs.saturating_mul(1000))
    }

    /// Unix milliseconds.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Whole Unix seconds, rounded down.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The beginning of its second: how finely Meta tells time in webhooks.
    #[must_use]
    pub const fn whole_secs(self) -> Ts {
        Ts::from_secs(self.secs())
    }

    /// Moves by milliseconds (may be negative), saturating.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Ts {
        Ts(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to `self`; negative when `self` is before it.
    #[must_use]
    pub const fn since(self, earlier: Ts) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The same instant for calendar work; `None` outside jiff's range.
    #[must_use]
    pub fn to_jiff(self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_millisecond(self.0).ok()
    }

    /// RFC 3339, UTC, with milliseconds; the raw number when out of range.
    #[must_use]
    pub fn rfc3339(self) -> String {
        match self.to_jiff() {
            Some(t) => format!("{t:.3}"),
            None => format!("{}ms", self.0),
        }
    }

    /// Parses RFC 3339, to the millisecond.
    ///
    /// # Errors
    /// When the text is no RFC 3339 instant.
    pub fn parse_rfc3339(text: &str) -> Result<Ts, jiff::Error> {
        text.parse::<jiff::Timestamp>()
            .map(|t| Ts(t.as_millisecond()))
    }
}

impl fmt::Debug for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl Add<Millis> for Ts {
    type Output = Ts;
    fn add(self, rhs: Millis) -> Ts {
        self.plus_ms(rhs.0)
    }
}

impl Sub<Millis> for Ts {
    type Output = Ts;
    fn sub(self, rhs: Millis) -> Ts {
        self.plus_ms(rhs.0.saturating_neg())
    }
}

/// A length of time in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// From seconds.
    #[must_use]
    pub const fn secs(n: i64) -> Millis {
        Millis(n.saturating_mul(1_000))
    }
    /// From minutes.
    #[must_use]
    pub const fn minutes(n: i64) -> Millis {
        Millis(n.saturating_mul(60_000))
    }
    /// From hours.
    #[must_use]
    pub const fn hours(n: i64) -> Millis {
        Millis(n.saturating_mul(3_600_000))
    }
    /// From days of exactly 24 hours.
    #[must_use]
    pub const fn days(n: i64) -> Millis {
        Millis(n.saturating_mul(86_400_000))
    }
}

impl fmt::Debug for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// Where time comes from.
pub trait Clock: Send + Sync {
    /// Business time: windows, quiet hours, promises. May jump in simulation.
    fn now(&self) -> Ts;
    /// Lease time: never jumps, so that a jump of the business clock expires no lease.
    fn lease_now(&self) -> Ts;
}

/// A clock whose business time can be moved; its lease time is the base's.
#[derive(Clone)]
pub struct JumpClock {
    base: Arc<dyn Clock>,
    offset_ms: Arc<AtomicI64>,
}

impl JumpClock {
    /// Starts `offset` away from the base.
    #[must_use]
    pub fn new(base: Arc<dyn Clock>, offset: Millis) -> JumpClock {
        JumpClock {
            base,
            offset_ms: Arc::new(AtomicI64::new(offset.0)),
        }
    }

    /// Starts so that business time reads `start` at this instant.
    #[must_use]
    pub fn starting_at(base: Arc<dyn Clock>, start: Ts) -> JumpClock {
        let offset = Millis(start.since(base.now()));
        JumpClock::new(base, offset)
    }

    /// Moves business time forward; a negative step is ignored, time never goes back.
    pub fn jump(&self, by: Millis) -> Ts {
        self.offset_ms.fetch_add(by.0.max(0), Ordering::SeqCst);
        self.now()
    }

    /// How far business time stands from the base.
    #[must_use]
    pub fn offset(&self) -> Millis {
        Millis(self.offset_ms.load(Ordering::SeqCst))
    }
}

impl Clock for JumpClock {
    fn now(&self) -> Ts {
        self.base
            .now()
            .plus_ms(self.offset_ms.load(Ordering::SeqCst))
    }
    fn lease_now(&self) -> Ts {
        self.base.lease_now()
    }
}

/// A clock that stands still until told otherwise; for tests and simulation.
#[derive(Clone, Default)]
pub struct ManualClock {
    now_ms: Arc<AtomicI64>,
    lease_ms: Arc<AtomicI64>,
}

impl ManualClock {
    /// Both readings start at `at`.
    #[must_use]
    pub fn at(at: Ts) -> ManualClock {
        ManualClock {
            now_ms: Arc::new(AtomicI64::new(at.0)),
            lease_ms: Arc::new(AtomicI64::new(at.0)),
        }
    }
    /// Moves business time forward and leaves lease time alone.
    pub fn jump(&self, by: Millis) {
        self.now_ms.fetch_add(by.0.max(0), Ordering::SeqCst);
    }
    /// Moves both readings forward.
    pub fn advance(&self, by: Millis) {
        self.jump(by);
        self.lease_ms.fetch_add(by.0.max(0), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Ts {
        Ts(self.now_ms.load(Ordering::SeqCst))
    }
    fn lease_now(&self) -> Ts {
        Ts(self.lease_ms.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_moves_business_time_and_leaves_leases_alone() {
        let base = ManualClock::at(Ts(1_000));
        let clock = JumpClock::new(Arc::new(base), Millis(0));
        clock.jump(Millis::hours(25));
        assert_eq!(clock.now(), Ts(1_000 + 25 * 3_600_000));
        assert_eq!(clock.lease_now(), Ts(1_000));
        clock.jump(Millis(-5));
        assert_eq!(clock.now(), Ts(1_000 + 25 * 3_600_000));
    }

    #[test]
    fn instants_round_trip_through_rfc3339() {
        let t = Ts(1_795_000_000_123);
        assert_eq!(Ts::parse_rfc3339(&t.rfc3339()).unwrap(), t);
    }
}
