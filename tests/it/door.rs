//! The door out, with a test's hand on it: what does not get through, and why.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use portero_domain::clock::Ts;
use portero_gate::Cleared;
use portero_meta::transport::{Access, Courtesy, CourtesyError, SendOutcome, Transport};
use tokio::sync::{Notify, watch};

/// What becomes of a send instead of being sent.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// No connection comes about.
    NotSent,
    /// It is presented a minute too late.
    Late,
}

/// Faults to come, and what the door is taken for.
#[derive(Default)]
pub(crate) struct Door {
    next: Mutex<VecDeque<Fault>>,
    asked: AtomicUsize,
    outside: AtomicBool,
    held: Mutex<Option<watch::Sender<bool>>>,
    waits: Notify,
}

impl Door {
    /// Whoever comes waits, and is not sent when let go.
    pub(crate) fn hold(&self) {
        *self.held.lock().unwrap() = Some(watch::Sender::new(false));
    }

    /// Returns when the first waits.
    pub(crate) async fn somebody_waits(&self) {
        self.waits.notified().await;
    }

    /// Those who wait go, unsent, and so does whoever comes later.
    pub(crate) fn let_go(&self) {
        if let Some(held) = self.held.lock().unwrap().as_ref() {
            held.send_replace(true);
        }
    }

    pub(crate) fn fail(&self, fault: Fault, times: usize) {
        let mut next = self.next.lock().unwrap();
        next.extend(std::iter::repeat_n(fault, times));
    }

    /// From now on it leads to real people.
    pub(crate) fn lead_outside(&self) {
        self.outside.store(true, Ordering::SeqCst);
    }

    /// Sends it was asked for.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

struct Around {
    door: Arc<Door>,
    inner: Arc<dyn Transport>,
}

pub(crate) fn around(door: Arc<Door>, inner: Arc<dyn Transport>) -> Arc<dyn Transport> {
    Arc::new(Around { door, inner })
}

#[async_trait]
impl Transport for Around {
    fn stays_here(&self) -> bool {
        self.inner.stays_here() && !self.door.outside.load(Ordering::SeqCst)
    }

    async fn send(&self, cleared: Cleared, access: &Access, now: Ts) -> SendOutcome {
        self.door.asked.fetch_add(1, Ordering::SeqCst);
        let held = self
            .door
            .held
            .lock()
            .unwrap()
            .as_ref()
            .map(watch::Sender::subscribe);
        if let Some(mut held) = held {
            self.door.waits.notify_one();
            let _ = held.wait_for(|gone| *gone).await;
            return SendOutcome::NotSent {
                why: "connection refused".to_owned(),
            };
        }
        let fault = self.door.next.lock().unwrap().pop_front();
        match fault {
            None => self.inner.send(cleared, access, now).await,
            Some(Fault::Late) => self.inner.send(cleared, access, now.plus_ms(60_000)).await,
            Some(Fault::NotSent) => SendOutcome::NotSent {
                why: "connection refused".to_owned(),
            },
        }
    }

    async fn courtesy(&self, courtesy: Courtesy, access: &Access) -> Result<(), CourtesyError> {
        self.inner.courtesy(courtesy, access).await
    }
}
