//! What the store of one call holds; gone with the call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portero_domain::clock::Ts;
use tokio::time::Instant;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::WasiCtx;

use crate::budget::{CallLimits, MAX_HANDLES, Meter};
use crate::fault::Stop;
use crate::log_sink::LogSink;
use crate::overlay::Overlay;
use crate::services::{HostError, HostServices};
use crate::wasi::{self, Console, SeededRandom};

/// Data of one call.
pub(crate) struct GuestState {
    pub(crate) table: ResourceTable,
    pub(crate) wasi: WasiCtx,
    pub(crate) random: SeededRandom,
    pub(crate) meter: Meter,
    pub(crate) services: Arc<dyn HostServices>,
    pub(crate) overlay: Overlay,
    pub(crate) limits: CallLimits,
    pub(crate) counts: Counts,
    /// Handles given to this call, sorted.
    pub(crate) handles: Vec<String>,
    /// When the wall limit strikes.
    pub(crate) ends_at: Instant,
    console: Arc<Mutex<Console>>,
}

/// Calls made so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) host: u32,
    pub(crate) kv: u32,
    pub(crate) http: u32,
    pub(crate) previews: u32,
}

impl GuestState {
    pub(crate) fn new(
        limits: CallLimits,
        services: Arc<dyn HostServices>,
        now: Ts,
        seed: [u8; 32],
        mut handles: Vec<String>,
        ends_at: Instant,
    ) -> GuestState {
        handles.sort_unstable();
        let sink = LogSink::new(limits.log_lines, limits.log_bytes, limits.log_line_bytes);
        let console = Arc::new(Mutex::new(Console::new(
            sink,
            limits.host_calls.saturating_mul(2),
        )));
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        GuestState {
            table,
            wasi: wasi::context(now, &console),
            random: SeededRandom::new(seed, limits.random_bytes),
            meter: Meter::new(&limits),
            services,
            overlay: Overlay::default(),
            limits,
            counts: Counts::default(),
            handles,
            ends_at,
            console,
        }
    }

    pub(crate) fn console(&self) -> MutexGuard<'_, Console> {
        self.console.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn knows_handle(&self, handle: &str) -> bool {
        self.handles
            .binary_search_by(|known| known.as_str().cmp(handle))
            .is_ok()
    }

    /// Counts a host call. Past the limit it is refused as a value; a guest that goes on asking is
    /// ended when it has made twice as many.
    pub(crate) fn count_call(&mut self) -> Result<Result<(), HostError>, Stop> {
        self.counts.host = self.counts.host.saturating_add(1);
        if self.counts.host > self.limits.host_calls.saturating_mul(2) {
            Err(Stop::HostLimit("host-calls"))
        } else if self.counts.host > self.limits.host_calls {
            Ok(Err(limit("host-calls")))
        } else {
            Ok(Ok(()))
        }
    }

    /// Refuses what the installation was not granted.
    pub(crate) fn require(&self, permission: &str) -> Result<(), HostError> {
        if self.services.is_granted(permission) {
            Ok(())
        } else {
            Err(HostError::Denied {
                permission: permission.to_owned(),
            })
        }
    }
}

pub(crate) fn limit(which: &str) -> HostError {
    HostError::Limit {
        which: which.to_owned(),
    }
}

pub(crate) fn invalid(what: impl Into<String>) -> HostError {
    HostError::Invalid { what: what.into() }
}

/// Adds one to `count` unless it has reached `most`.
pub(crate) fn count_up(count: &mut u32, most: u32, which: &str) -> Result<(), HostError> {
    if *count >= most {
        return Err(limit(which));
    }
    *count = count.saturating_add(1);
    Ok(())
}
