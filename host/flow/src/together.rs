//! Things that wait to be written down, so that whoever has the turn writes for all: one transaction
//! for what is there at the same moment, and no timer. Alone, a thing is written at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::error::FlowError;

/// Where the outcome is told to whoever waits for it.
pub(crate) type Told<R> = oneshot::Sender<Result<R, FlowError>>;

/// What waits, and the turn to write.
pub(crate) struct Together<T, R> {
    waiting: Mutex<Vec<(T, Told<R>)>>,
    turn: tokio::sync::Mutex<()>,
}

impl<T, R> Default for Together<T, R> {
    fn default() -> Self {
        Together {
            waiting: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }
}

impl<T, R> Together<T, R> {
    /// Puts something in; the outcome comes once somebody had the turn.
    pub(crate) fn add(&self, thing: T) -> oneshot::Receiver<Result<R, FlowError>> {
        let (told, hear) = oneshot::channel();
        self.waiting().push((thing, told));
        hear
    }

    /// Waits for the turn. To be held while what was taken is written.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// What waited longest, at most `most`; nothing when whoever had the turn before took it all.
    pub(crate) fn take(&self, most: usize) -> (Vec<T>, Vec<Told<R>>) {
        let mut waiting = self.waiting();
        let most = waiting.len().min(most);
        waiting.drain(..most).unzip()
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(T, Told<R>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
