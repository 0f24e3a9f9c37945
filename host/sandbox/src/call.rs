//! One call: a fresh instance within its limits, an outcome, and nothing left behind.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use portero_domain::clock::Ts;
use portero_domain::plugin::{
    Action, CallMeta, Card, Membership, MetricInfo, Observation, Personalisation, PluginKind,
    ReplyEvent, Sample, SegmentContact, SegmentInfo,
};
use tokio::time::Instant;
use wasmtime::Store;

use crate::abi::Entry;
use crate::budget::CallLimits;
use crate::engine::Sandbox;
use crate::fault::{Outcome, classify, frames};
use crate::guest_state::GuestState;
use crate::load::Loaded;
use crate::log_sink::LogLevel;
use crate::output::Answer;
use crate::overlay::KvWrite;
use crate::services::{HostServices, NothingGranted};

/// Handles a guest may hold in the component model's own tables.
const MAX_COMPONENT_HANDLES: usize = 1_024;

/// What a first instance may use, see [`Sandbox::try_out`].
const TRIAL_FUEL: u64 = 10_000_000;
const TRIAL_TIME: Duration = Duration::from_secs(1);

/// How a call went.
#[derive(Clone, PartialEq, Eq)]
pub struct CallReport<T> {
    /// Its class.
    pub outcome: Outcome,
    /// The answer; there exactly when the outcome is ok.
    pub value: Option<T>,
    /// Fuel used; the same for the same event on any machine.
    pub fuel_used: u64,
    /// Most linear memory held at once, in bytes.
    pub peak_memory_bytes: u64,
    /// Calls to the host, refused ones included.
    pub host_calls: u32,
    /// What the guest logged, in order.
    pub logs: Vec<(LogLevel, String)>,
    /// Lines over the limits.
    pub logs_dropped: u32,
    /// To be committed together with the answer; empty unless the outcome is ok.
    pub kv_writes: Vec<KvWrite>,
    /// Frames of the guest, innermost first; empty unless it trapped.
    pub backtrace: Vec<String>,
}

/// Redacted: values, logs and kv hold what people wrote.
impl<T> fmt::Debug for CallReport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallReport")
            .field("outcome", &self.outcome)
            .field("fuel_used", &self.fuel_used)
            .field("peak_memory_bytes", &self.peak_memory_bytes)
            .field("host_calls", &self.host_calls)
            .field("logs", &self.logs.len())
            .field("logs_dropped", &self.logs_dropped)
            .field("kv_writes", &self.kv_writes.len())
            .field("backtrace", &self.backtrace)
            .finish_non_exhaustive()
    }
}

/// The template a campaign is about to send, for `personalise`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSignature {
    /// Name.
    pub name: String,
    /// Meta's language code.
    pub language: String,
    /// (slot, hint of the operator), in reading order: `header.1`, `body.nombre`, `button.0`.
    pub slots: Vec<(String, String)>,
    /// Body text with its `{{…}}`.
    pub body: String,
}

/// What an operator wants to see, for `report`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportQuery {
    /// Circumstances; cards come in its language.
    pub meta: CallMeta,
    /// Start of the span, included.
    pub since: Ts,
    /// End of the span, not included.
    pub until: Ts,
    /// The plugin's totals within the span; [`Sample::add`] is the sum.
    pub totals: Vec<Sample>,
}

/// What a call is made with besides its arguments.
struct Setup<'c> {
    plugin: &'c Loaded,
    limits: &'c CallLimits,
    services: Arc<dyn HostServices>,
    now: Ts,
    seed: [u8; 32],
    handles: Vec<String>,
}

type Calling<'c, T> = Pin<Box<dyn Future<Output = wasmtime::Result<Answer<T>>> + Send + 'c>>;

impl Sandbox {
    /// Asks a replies plugin what to do about an event.
    ///
    /// `seed` feeds the guest's randomness: derive it from the event's id, so that a second try of
    /// the same event answers the same.
    pub async fn call_replies(
        &self,
        plugin: &Loaded,
        limits: &CallLimits,
        services: Arc<dyn HostServices>,
        event: ReplyEvent,
        seed: [u8; 32],
    ) -> CallReport<Vec<Action>> {
        let setup = Setup {
            plugin,
            limits,
            services,
            now: event.meta.now,
            seed,
            handles: vec![event.contact.handle.clone()],
        };
        self.run(setup, |entry, store| Box::pin(entry.handle(store, event)))
            .await
    }

    /// Asks a segmentation plugin which segments it offers.
    pub async fn call_segments(
        &self,
        plugin: &Loaded,
        limits: &CallLimits,
        services: Arc<dyn HostServices>,
        now: Ts,
        seed: [u8; 32],
    ) -> CallReport<Vec<SegmentInfo>> {
        let setup = Setup {
            plugin,
            limits,
            services,
            now,
            seed,
            handles: Vec::new(),
        };
        self.run(setup, |entry, store| Box::pin(entry.segments(store)))
            .await
    }

    /// Asks a segmentation plugin who of a batch (at most [`crate::MAX_BATCH`]) belongs where.
    /// Handles are checked; whether the segments are offered is the caller's to check.
    pub async fn call_classify(
        &self,
        plugin: &Loaded,
        limits: &CallLimits,
        services: Arc<dyn HostServices>,
        meta: CallMeta,
        contacts: Vec<SegmentContact>,
        seed: [u8; 32],
    ) -> CallReport<Vec<Membership>> {
        let setup = Setup {
            plugin,
            limits,
            services,
            now: meta.now,
            seed,
            handles: contacts.iter().map(|c| c.handle.clone()).collect(),
        };
        self.run(setup, |entry, store| {
            Box::pin(entry.classify(store, meta, contacts))
        })
        .await
    }

    /// Asks a segmentation plugin for the words of a template.
    #[expect(
        clippy::too_many_arguments,
        reason = "the call's own arguments and its setup"
    )]
    pub async fn call_personalise(
        &self,
        plugin: &Loaded,
        limits: &CallLimits,
        services: Arc<dyn HostServices>,
        meta: CallMeta,
        contacts: Vec<SegmentContact>,
        template: TemplateSignature,
        seed: [u8; 32],
    ) -> CallReport<Vec<Personalisation>> {
        let setup = Setup {
            plugin,
            limits,
            services,
            now: meta.now,
            seed,
            handles: contacts.iter().map(|c| c.handle.clone()).collect(),
        };
        self.run(setup, |entry, store| {
            Box::pin(entry.personalise(store, meta, contacts, template))
        })
        .await
    }

    /// Asks an analytics plugin which metrics it keeps.
    pub async fn call_metrics(
        &self,
        plugin: &Loaded,
        limits: &CallLimits,
        services: Arc<dyn HostServices>,
        now: Ts,
        seed: [u8; 32],
    ) -> CallReport<Vec<MetricInfo>> {
        let setup = Setup {
            plugin,
            limits,
            services,
            now,
            seed,
            handles: Vec::new(),
        };
        self.run(setup, |entry, store| Box::pin(entry.metrics(store)))
            .await
    }

    /// Shows an analytics plugin a batch of outcomes (at most 1,000).
    pub async fn call_observe(
        &self,
        plugin: &Loaded,
        limits: &CallLimits,
        services: Arc<dyn HostServices>,
        meta: CallMeta,
        observations: Vec<Observation>,
        seed: [u8; 32],
    ) -> CallReport<Vec<Sample>> {
        let setup = Setup {
            plugin,
            limits,
            services,
            now: meta.now,
            seed,
            handles: Vec::new(),
        };
        self.run(setup, |entry, store| {
            Box::pin(entry.observe(store, meta, observations))
        })
        .await
    }

    /// Asks an analytics plugin for cards.
    pub async fn call_report(
        &self,
        plugin: &Loaded,
        limits: &CallLimits,
        services: Arc<dyn HostServices>,
        query: ReportQuery,
        seed: [u8; 32],
    ) -> CallReport<Vec<Card>> {
        let setup = Setup {
            plugin,
            limits,
            services,
            now: query.meta.now,
            seed,
            handles: Vec::new(),
        };
        self.run(setup, |entry, store| Box::pin(entry.report(store, query)))
            .await
    }

    /// Makes a first instance, with nothing granted and little time, to see the types it exports.
    pub(crate) async fn try_out(&self, entry: &Entry) -> wasmtime::Result<()> {
        let _slot = self.slots.acquire().await;
        let limits = CallLimits {
            fuel: TRIAL_FUEL,
            ..CallLimits::for_kind(PluginKind::Replies)
        };
        let state = GuestState::new(
            limits.clone(),
            Arc::new(NothingGranted),
            Ts::ZERO,
            [0; 32],
            Vec::new(),
            started_at() + TRIAL_TIME,
        );
        let mut store = Store::new(&self.engine, state);
        arm(&mut store, &limits)?;
        let checked = tokio::time::timeout(TRIAL_TIME, entry.check_types(&mut store)).await;
        checked.unwrap_or(Ok(()))
    }

    async fn run<T: Send>(
        &self,
        setup: Setup<'_>,
        call: impl for<'s> FnOnce(&'s Entry, &'s mut Store<GuestState>) -> Calling<'s, T> + Send,
    ) -> CallReport<T> {
        // Waiting for a slot is not the guest's time. The semaphore is never closed.
        let _slot = self.slots.acquire().await;
        let wall = setup.limits.wall;
        let fuel = setup.limits.fuel;
        let mut store = Store::new(
            &self.engine,
            GuestState::new(
                setup.limits.clone(),
                setup.services,
                setup.now,
                setup.seed,
                setup.handles,
                started_at() + wall,
            ),
        );
        if let Err(error) = arm(&mut store, setup.limits) {
            tracing::error!(%error, "a plugin call could not be limited; it was not made");
            return report(store, fuel, Outcome::HostBug, None, Vec::new());
        }
        let ended =
            tokio::time::timeout(wall, unpanicked(call(&setup.plugin.entry, &mut store))).await;
        let (outcome, value, backtrace) = match ended {
            Err(_elapsed) => (Outcome::WallTimeout, None, Vec::new()),
            Ok(Err(_panic)) => {
                // The payload may quote data of people: it is not logged.
                tracing::error!("a host function panicked during a plugin call");
                (Outcome::HostBug, None, Vec::new())
            }
            Ok(Ok(Err(error))) => (classify(&error), None, frames(&error)),
            Ok(Ok(Ok(answer))) => {
                let (outcome, value) = settle(answer);
                (outcome, value, Vec::new())
            }
        };
        report(store, fuel, outcome, value, backtrace)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "wall limits are measured on the runtime's monotonic clock, as its timeouts are"
)]
fn started_at() -> Instant {
    Instant::now()
}

fn arm(store: &mut Store<GuestState>, limits: &CallLimits) -> wasmtime::Result<()> {
    store.limiter(|state| &mut state.meter);
    store.set_fuel(limits.fuel)?;
    store.fuel_async_yield_interval(Some(limits.yield_every.max(1)))?;
    store.set_hostcall_fuel(limits.transfer_bytes);
    store.set_max_component_handles(MAX_COMPONENT_HANDLES);
    Ok(())
}

fn settle<T>(answer: Answer<T>) -> (Outcome, Option<T>) {
    match answer {
        Answer::Value(value) => (Outcome::Ok, Some(value)),
        Answer::Failure(failure) => (
            Outcome::PluginError {
                code: failure.code,
                message: failure.message,
            },
            None,
        ),
        Answer::Invalid(what) => (Outcome::InvalidOutput { what }, None),
        Answer::WrongKind => {
            tracing::error!("a plugin was called as one of another kind");
            (Outcome::HostBug, None)
        }
    }
}

fn report<T>(
    store: Store<GuestState>,
    fuel: u64,
    outcome: Outcome,
    value: Option<T>,
    backtrace: Vec<String>,
) -> CallReport<T> {
    let fuel_used = fuel.saturating_sub(store.get_fuel().unwrap_or(0));
    let state = store.into_data();
    let (logs, logs_dropped) = {
        let mut console = state.console();
        console.finish();
        console.sink.take()
    };
    let kv_writes = if outcome.is_ok() {
        state.overlay.into_writes()
    } else {
        Vec::new()
    };
    CallReport {
        outcome,
        value,
        fuel_used,
        peak_memory_bytes: state.meter.peak_bytes(),
        host_calls: state.counts.host,
        logs,
        logs_dropped,
        kv_writes,
        backtrace,
    }
}

/// Runs a future; a panic in it becomes an error, so that it ends this call and nothing else.
async fn unpanicked<F: Future + Unpin>(mut future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    std::future::poll_fn(move |context| {
        match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut future).poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}
