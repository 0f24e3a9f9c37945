//! Things that wait to be written down, so that whoever has the turn writes for all: one transaction
//! for what is there at the same moment, and no timer. Alone, a thing is written at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::error::FlowError;

/// Where the outcome is told to whoever waits for it.
pub(crate) type Told<R> = oneshot::Sender<Result<R, FlowError>>;

/// What waits, and the turn to write.
pub(crate) struct Together<T, R> {
    waiting: Mutex<Waiting<T, R>>,
    turn: tokio::sync::Mutex<()>,
}

struct Waiting<T, R> {
    things: Vec<(T, Told<R>)>,
    /// Somebody writes on until nothing waits.
    led: bool,
}

impl<T, R> Default for Together<T, R> {
    fn default() -> Self {
        let waiting = Waiting {
            things: Vec::new(),
            led: false,
        };
        Together {
            waiting: Mutex::new(waiting),
            turn: tokio::sync::Mutex::default(),
        }
    }
}

impl<T, R> Together<T, R> {
    /// Puts something in; the outcome comes once somebody had the turn.
    pub(crate) fn add(&self, thing: T) -> oneshot::Receiver<Result<R, FlowError>> {
        let (told, hear) = oneshot::channel();
        self.waiting().things.push((thing, told));
        hear
    }

    /// Waits for the turn. To be held while what was taken is written.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// What waited longest, at most `most`; nothing when whoever had the turn before took it all.
    pub(crate) fn take(&self, most: usize) -> (Vec<T>, Vec<Told<R>>) {
        let mut waiting = self.waiting();
        let most = waiting.things.len().min(most);
        waiting.things.drain(..most).unzip()
    }

    /// Whether the caller is the one to write until nothing waits, with [`Together::take_or_end`]: there is
    /// one at a time, however many add.
    pub(crate) fn lead(&self) -> bool {
        !std::mem::replace(&mut self.waiting().led, true)
    }

    /// As [`Together::take`], for whoever leads; nothing: it leads no more, and who adds next does.
    pub(crate) fn take_or_end(&self, most: usize) -> Option<(Vec<T>, Vec<Told<R>>)> {
        let mut waiting = self.waiting();
        if waiting.things.is_empty() {
            waiting.led = false;
            return None;
        }
        let most = waiting.things.len().min(most);
        Some(waiting.things.drain(..most).unzip())
    }

    /// Ends the lead of somebody who did not come to an end; what waits is for whoever adds next.
    pub(crate) fn give_up(&self) {
        self.waiting().led = false;
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<T, R>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_leads_until_nothing_waits() {
        let all: Together<u32, ()> = Together::default();
        let _first = all.add(1);
        assert!(all.lead());
        let _second = all.add(2);
        assert!(!all.lead(), "one at a time");
        assert_eq!(all.take_or_end(1).map(|(things, _)| things), Some(vec![1]));
        let _third = all.add(3);
        assert!(!all.lead());
        let rest = all.take_or_end(9).map(|(things, _)| things);
        assert_eq!(rest, Some(vec![2, 3]));
        assert!(all.take_or_end(9).is_none());
        let _fourth = all.add(4);
        assert!(all.lead(), "who adds next leads");
        all.give_up();
        assert!(all.lead(), "and so after somebody who broke off");
    }
}
