//! The clock of a world: one that it shares with a host, or one of its own that can stand still.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portero_domain::clock::{Clock, JumpClock, Millis, Ts};

/// Business time of a simulator that runs alone: it jumps, stands still and, when a saved world is
/// loaded, goes back to where that world stood.
#[derive(Clone)]
pub struct WorldClock {
    base: Arc<dyn Clock>,
    reading: Arc<Mutex<Reading>>,
}

/// How business time is read off the base.
#[derive(Clone, Copy)]
enum Reading {
    /// So many milliseconds from it.
    Running(i64),
    /// It stands still here.
    Paused(Ts),
}

impl Reading {
    fn at(self, base: Ts) -> Ts {
        match self {
            Reading::Running(offset) => base.plus_ms(offset),
            Reading::Paused(at) => at,
        }
    }
}

impl WorldClock {
    /// Runs with the base, from its time.
    #[must_use]
    pub fn new(base: Arc<dyn Clock>) -> WorldClock {
        WorldClock {
            base,
            reading: Arc::new(Mutex::new(Reading::Running(0))),
        }
    }

    /// Moves time forward, running or not.
    fn jump(&self, by: Millis) {
        let by = by.0.max(0);
        self.change(|reading, _| match reading {
            Reading::Running(offset) => Reading::Running(offset.saturating_add(by)),
            Reading::Paused(at) => Reading::Paused(at.plus_ms(by)),
        });
    }

    fn pause(&self) {
        self.change(|reading, base| Reading::Paused(reading.at(base)));
    }

    fn run(&self) {
        self.change(|reading, base| Reading::Running(reading.at(base).since(base)));
    }

    fn set(&self, at: Ts) {
        self.change(|reading, base| match reading {
            Reading::Running(_) => Reading::Running(at.since(base)),
            Reading::Paused(_) => Reading::Paused(at),
        });
    }

    fn is_paused(&self) -> bool {
        matches!(*self.read(), Reading::Paused(_))
    }

    fn change(&self, to: impl FnOnce(Reading, Ts) -> Reading) {
        let base = self.base.now();
        let mut reading = self.read();
        *reading = to(*reading, base);
    }

    fn read(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for WorldClock {
    fn now(&self) -> Ts {
        let base = self.base.now();
        self.read().at(base)
    }
    fn lease_now(&self) -> Ts {
        self.base.lease_now()
    }
}

/// Who moves time.
pub(crate) enum Steering {
    /// Nobody: the clock is read only.
    None,
    /// A host lives by it too: forward only.
    Shared(JumpClock),
    /// The world alone.
    Own(WorldClock),
}

impl Steering {
    pub(crate) fn moves(&self) -> bool {
        !matches!(self, Steering::None)
    }

    pub(crate) fn jump(&self, by: Millis) {
        match self {
            Steering::None => {}
            Steering::Shared(clock) => {
                clock.jump(by);
            }
            Steering::Own(clock) => clock.jump(by),
        }
    }

    /// Stops or starts time; false when it is not ours to stop.
    pub(crate) fn hold(&self, still: bool) -> bool {
        let Steering::Own(clock) = self else {
            return false;
        };
        if still {
            clock.pause();
        } else {
            clock.run();
        }
        true
    }

    /// Sets time, also back; false when it is not ours to set.
    pub(crate) fn set(&self, at: Ts) -> bool {
        let Steering::Own(clock) = self else {
            return false;
        };
        clock.set(at);
        true
    }

    pub(crate) fn paused(&self) -> bool {
        matches!(self, Steering::Own(clock) if clock.is_paused())
    }
}

#[cfg(test)]
mod tests {
    use portero_domain::clock::ManualClock;

    use super::*;

    #[test]
    fn a_paused_clock_stands_still_jumps_and_goes_on() {
        let base = ManualClock::at(Ts(1_000));
        let clock = WorldClock::new(Arc::new(base.clone()));
        clock.pause();
        base.advance(Millis(500));
        assert_eq!(clock.now(), Ts(1_000));
        clock.jump(Millis(10));
        assert!(clock.is_paused());
        clock.run();
        base.advance(Millis(5));
        assert_eq!(clock.now(), Ts(1_015));
        clock.set(Ts(7));
        base.advance(Millis(1));
        assert_eq!(clock.now(), Ts(8));
    }
}
