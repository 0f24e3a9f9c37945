//! The simulator as the rest of the program holds it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use portero_domain::clock::{Clock, JumpClock, Millis, Ts};
use serde::Serialize;
use tokio::sync::Notify;

use crate::clock::{Steering, WorldClock};
use crate::config::{ConfigError, WorldConfig};
use crate::world::World;
use crate::{control, graph};

/// Moves the business clock that host and simulator share.
pub type Mover = Box<dyn Fn(Millis) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The pretend Meta. Cheap to share; all state is inside.
pub struct Simulator {
    world: Mutex<World>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) steering: Steering,
    pub(crate) http: reqwest::Client,
    /// What it started from, for a reset.
    pub(crate) initial: WorldConfig,
    mover: OnceLock<Mover>,
    wake: Notify,
}

/// Whether anything is still on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct IdleReport {
    /// Nothing queued and nothing in flight.
    pub idle: bool,
    /// Statuses, reactions and webhooks that wait for their time.
    pub queued: usize,
    /// Of those, how many are due now.
    pub due: usize,
    /// Webhooks being posted at this moment.
    pub in_flight: usize,
    /// When the next of the queued is due, Unix milliseconds.
    pub next_at: Option<Ts>,
}

impl Simulator {
    /// Builds the world. `jump` is the same clock as `clock` when business time may be moved
    /// through the control API; `http` posts the webhooks.
    ///
    /// # Errors
    /// [`ConfigError`] names what in the configuration makes no sense.
    pub fn new(
        config: WorldConfig,
        clock: Arc<dyn Clock>,
        jump: Option<JumpClock>,
        http: reqwest::Client,
    ) -> Result<Arc<Simulator>, ConfigError> {
        let steering = jump.map_or(Steering::None, Steering::Shared);
        Simulator::build(config, clock, steering, http)
    }

    /// A world that nobody shares: its clock can stand still, and a saved world takes it back in time.
    ///
    /// # Errors
    /// As [`Simulator::new`].
    pub fn alone(
        config: WorldConfig,
        clock: WorldClock,
        http: reqwest::Client,
    ) -> Result<Arc<Simulator>, ConfigError> {
        let read = Arc::new(clock.clone());
        Simulator::build(config, read, Steering::Own(clock), http)
    }

    fn build(
        config: WorldConfig,
        clock: Arc<dyn Clock>,
        steering: Steering,
        http: reqwest::Client,
    ) -> Result<Arc<Simulator>, ConfigError> {
        let world = World::new(config.clone(), clock.now())?;
        Ok(Arc::new(Simulator {
            world: Mutex::new(world),
            clock,
            steering,
            http,
            initial: config,
            mover: OnceLock::new(),
            wake: Notify::new(),
        }))
    }

    /// Graph paths with or without a version, and `/_sim/…`.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .nest("/_sim", control::router())
            .fallback(graph::handle)
            .with_state(Arc::clone(self))
    }

    /// Where webhooks go from now on; what is queued keeps its address.
    pub fn set_callback(&self, url: impl Into<String>) {
        self.world().config.callback_url = Some(url.into());
        self.wake();
    }

    /// Who moves the clock when the control API is asked to: a host on the same clock first lets what
    /// it has in hand end. Without one the clock just moves. Only the first one given counts.
    pub fn moved_by(&self, mover: Mover) {
        let _ = self.mover.set(mover);
    }

    /// Moves business time forward; `false` when this clock does not jump.
    pub(crate) async fn move_clock(&self, by: Millis) -> bool {
        if !self.steering.moves() {
            return false;
        }
        match self.mover.get() {
            Some(mover) => mover(by).await,
            None => self.steering.jump(by),
        }
        self.wake();
        true
    }

    /// Whether anything is still on its way.
    pub fn idle(&self) -> IdleReport {
        let now = self.clock.now();
        let world = self.world();
        let queued = world.queue.len() + world.outbox.len() + world.fetching.len();
        let in_flight = world.outbox.in_flight + world.fetches_in_flight;
        let next_at = world
            .queue
            .next_at()
            .into_iter()
            .chain(world.outbox.next_at())
            .min();
        IdleReport {
            idle: queued == 0 && in_flight == 0,
            queued,
            due: world.queue.due(now) + world.outbox.due(now),
            in_flight,
            next_at,
        }
    }

    /// The world, locked; never held across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the pump to look: time moved or something was queued.
    ///
    /// Whoever moves the clock from outside calls this, else the pump notices within 20 ms.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }
}
