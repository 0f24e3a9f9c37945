//! Calls of the management endpoints, per account and hour (§6.4), and what the headers say of them.

use std::collections::VecDeque;

use portero_domain::clock::{Millis, Ts};
use serde::{Deserialize, Serialize};

use crate::errors::GraphError;

const HOUR: Millis = Millis::hours(1);
const MINUTE_MS: i64 = 60_000;

/// When the calls of the last hour were made, oldest first; never more than the limit.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Usage {
    calls: VecDeque<Ts>,
}

impl Usage {
    /// Counts a call, or refuses it with 80007.
    pub(crate) fn take(&mut self, limit: usize, now: Ts) -> Result<(), GraphError> {
        self.calls.retain(|at| now < *at + HOUR);
        if self.calls.len() >= limit {
            return Err(GraphError::new(
                80_007,
                format!("this account was called {limit} times within an hour; wait"),
            ));
        }
        self.calls.push_back(now);
        Ok(())
    }

    /// Per cent of the limit, rounded up.
    pub(crate) fn percent(&self, limit: usize, now: Ts) -> usize {
        let recent = self.calls.iter().filter(|at| now < **at + HOUR).count();
        (recent * 100).div_ceil(limit.max(1))
    }

    /// Minutes until a call is let in again; 0 while they are.
    pub(crate) fn regain_minutes(&self, limit: usize, now: Ts) -> i64 {
        if self.percent(limit, now) < 100 {
            return 0;
        }
        self.calls
            .front()
            .map_or(0, |oldest| (*oldest + HOUR).since(now).max(0))
            .div_euclid(MINUTE_MS)
            + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_holds_so_many_calls_and_not_one_more() {
        let mut usage = Usage::default();
        for n in 0..4 {
            assert!(usage.take(4, Ts(n)).is_ok());
        }
        assert_eq!(usage.percent(4, Ts(4)), 100);
        assert_eq!(usage.regain_minutes(4, Ts(4)), 60);
        assert_eq!(usage.take(4, Ts(HOUR.0 - 1)).unwrap_err().code, 80_007);
        assert!(usage.take(4, Ts(HOUR.0)).is_ok());
        assert_eq!(usage.percent(4, Ts(HOUR.0 + 3)), 25);
        assert_eq!(usage.regain_minutes(4, Ts(HOUR.0 + 3)), 0);
    }
}
