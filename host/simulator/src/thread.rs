//! One business number and one person: the window, the pair limit, what was said (§4, §6.3).

use std::collections::VecDeque;

use portero_domain::clock::{Millis, Ts};
use serde::{Deserialize, Serialize};

use crate::arena::Id;
use crate::limits::PairLimit;
use crate::messages::Message;

/// Customer service window (§4).
pub(crate) const WINDOW: Millis = Millis::hours(24);

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Thread {
    /// Last message of the person that opened or refreshed the window.
    pub(crate) opened_at: Option<Ts>,
    /// The person blocked this number.
    pub(crate) blocked: bool,
    /// Meta's own agent has the chat: the business gets passive copies (§2.5).
    pub(crate) agent: bool,
    /// The business shows "typing" until then.
    pub(crate) typing_until: Option<Ts>,
    pub(crate) limit: PairLimit,
    /// They came from an advertisement then, and the business has not answered.
    pub(crate) ad_at: Option<Ts>,
    /// Everything is free before then (§4).
    pub(crate) free_until: Option<Ts>,
    /// Both directions, oldest first.
    pub(crate) messages: VecDeque<Id<Message>>,
}

impl Thread {
    /// Half-open: at exactly 24 h the window is closed.
    pub(crate) fn window_open(&self, now: Ts) -> bool {
        self.opened_at.is_some_and(|at| now < at + WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_closes_at_24_hours_to_the_millisecond() {
        let thread = Thread {
            opened_at: Some(Ts(1_000)),
            ..Thread::default()
        };
        assert!(thread.window_open(Ts(1_000 + 86_400_000 - 1)));
        assert!(!thread.window_open(Ts(1_000 + 86_400_000)));
        assert!(!Thread::default().window_open(Ts(0)));
    }
}
