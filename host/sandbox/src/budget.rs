//! What one call may use: the numbers, and the limiter that counts memory and tables.
//!
//! Sources: `architecture.md` §4.4 for fuel and wall time, measured settings for the rest. Each
//! number is a default; a manifest may lower memory and wall time, nothing raises them.

use std::time::Duration;

use portero_domain::plugin::PluginKind;
use wasmtime::ResourceLimiter;

use crate::fault::Stop;
use crate::manifest::Manifest;

const MIB: usize = 1024 * 1024;
const KIB: usize = 1024;

/// Largest component accepted, in bytes.
pub const MAX_COMPONENT_BYTES: usize = 32 * MIB;
/// Most linear memory of one call, all memories together, in bytes.
pub const MAX_MEMORY_BYTES: usize = 64 * MIB;
/// Elements of all tables of one call together; also the size of a pool slot's table.
pub const MAX_TABLE_ELEMENTS: usize = 20_000;
/// Linear memories of one call.
pub const MAX_MEMORIES: usize = 4;
/// Tables of one call.
pub const MAX_TABLES: usize = 16;
/// Core instances of one call.
pub const MAX_INSTANCES: usize = 64;
/// Resource handles a guest may hold at once.
pub const MAX_HANDLES: usize = 1_024;
/// Contacts of one segmentation batch.
pub const MAX_BATCH: usize = 500;

/// What one call may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// Units of fuel, about one per wasm instruction; the same event uses the same on any machine.
    pub fuel: u64,
    /// Fuel between two yields to the other tasks of the thread; at least 1.
    pub yield_every: u64,
    /// Linear memory, all memories together, in bytes.
    pub memory_bytes: usize,
    /// Elements of all tables together.
    pub table_elements: usize,
    /// Wall time from the moment the guest starts; waiting for a free slot is not counted.
    pub wall: Duration,
    /// Items in the returned list (actions, memberships, samples, cards).
    pub max_items: usize,
    /// Bytes of text in the returned value.
    pub max_output_bytes: usize,
    /// Bytes one call from the guest to the host, or one returned value, may carry.
    pub transfer_bytes: usize,
    /// Calls to the host, of every kind.
    pub host_calls: u32,
    /// Calls to `kv`.
    pub kv_calls: u32,
    /// Calls to `http`.
    pub http_calls: u32,
    /// Bytes of a kv key.
    pub kv_key_bytes: usize,
    /// Bytes of a kv value.
    pub kv_value_bytes: usize,
    /// Log lines kept; the rest are counted.
    pub log_lines: usize,
    /// Bytes of log kept over all lines.
    pub log_bytes: usize,
    /// Bytes of one log line; longer ones are cut at a character boundary.
    pub log_line_bytes: usize,
    /// Random bytes of one request.
    pub random_bytes: u64,
}

impl CallLimits {
    /// The defaults of a kind.
    #[must_use]
    pub const fn for_kind(kind: PluginKind) -> CallLimits {
        let base = CallLimits {
            fuel: 200_000_000,
            yield_every: 100_000,
            memory_bytes: MAX_MEMORY_BYTES,
            table_elements: MAX_TABLE_ELEMENTS,
            wall: Duration::from_secs(5),
            max_items: 20,
            max_output_bytes: 64 * KIB,
            transfer_bytes: MIB,
            host_calls: 1_000,
            kv_calls: 200,
            http_calls: 10,
            kv_key_bytes: 256,
            kv_value_bytes: 64 * KIB,
            log_lines: 64,
            log_bytes: 32 * KIB,
            log_line_bytes: 4 * KIB,
            random_bytes: 64 * 1024,
        };
        match kind {
            PluginKind::Replies => base,
            PluginKind::Segmentation => CallLimits {
                fuel: 2_000_000_000,
                wall: Duration::from_secs(30),
                // A batch holds up to 500 contacts, each in up to 16 segments with a reason.
                max_items: 16 * MAX_BATCH,
                max_output_bytes: MIB,
                transfer_bytes: 4 * MIB,
                ..base
            },
            PluginKind::Analytics => CallLimits {
                fuel: 500_000_000,
                wall: Duration::from_secs(10),
                max_items: 1_000,
                max_output_bytes: MIB,
                transfer_bytes: 4 * MIB,
                ..base
            },
        }
    }

    /// The defaults of the manifest's kind, lowered where the manifest asks for less.
    #[must_use]
    pub fn for_manifest(manifest: &Manifest) -> CallLimits {
        let mut limits = CallLimits::for_kind(manifest.kind);
        if let Some(mib) = manifest.limits.memory_mib {
            let bytes = usize::try_from(mib)
                .unwrap_or(usize::MAX)
                .saturating_mul(MIB);
            limits.memory_bytes = limits.memory_bytes.min(bytes);
        }
        if let Some(ms) = manifest.limits.timeout_ms {
            limits.wall = limits.wall.min(Duration::from_millis(ms));
        }
        limits
    }
}

/// Counts what a call's instances hold; refuses growth with a trap that says which limit.
#[derive(Debug)]
pub(crate) struct Meter {
    memory_limit: usize,
    memory_now: usize,
    memory_peak: usize,
    table_limit: usize,
    table_now: usize,
}

impl Meter {
    pub(crate) fn new(limits: &CallLimits) -> Meter {
        Meter {
            memory_limit: limits.memory_bytes,
            memory_now: 0,
            memory_peak: 0,
            table_limit: limits.table_elements,
            table_now: 0,
        }
    }

    pub(crate) fn peak_bytes(&self) -> u64 {
        u64::try_from(self.memory_peak).unwrap_or(u64::MAX)
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self
            .memory_now
            .saturating_add(desired.saturating_sub(current));
        if total > self.memory_limit {
            return Err(Stop::OutOfMemory.into());
        }
        // Past the memory's own maximum the growth fails in the guest and holds nothing.
        if maximum.is_none_or(|max| desired <= max) {
            self.memory_now = total;
            self.memory_peak = self.memory_peak.max(total);
        }
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self
            .table_now
            .saturating_add(desired.saturating_sub(current));
        if total > self.table_limit {
            return Err(Stop::HostLimit("table-elements").into());
        }
        if maximum.is_none_or(|max| desired <= max) {
            self.table_now = total;
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter() -> Meter {
        Meter::new(&CallLimits::for_kind(PluginKind::Replies))
    }

    #[test]
    fn memories_are_summed_and_the_last_byte_is_allowed() {
        let mut meter = meter();
        assert!(meter.memory_growing(0, 40 * MIB, None).unwrap());
        assert!(meter.memory_growing(0, 24 * MIB, None).unwrap());
        assert_eq!(meter.peak_bytes(), 64 * 1024 * 1024);
        let error = meter
            .memory_growing(24 * MIB, 24 * MIB + 1, None)
            .unwrap_err();
        assert!(matches!(
            error.downcast_ref::<Stop>(),
            Some(Stop::OutOfMemory)
        ));
    }

    #[test]
    fn growth_past_a_memorys_own_maximum_is_not_counted() {
        let mut meter = meter();
        assert!(meter.memory_growing(0, 2 * MIB, Some(MIB)).unwrap());
        assert_eq!(meter.peak_bytes(), 0);
    }

    #[test]
    fn table_elements_are_summed_over_tables() {
        let mut meter = meter();
        assert!(meter.table_growing(0, 20_000, None).unwrap());
        assert!(meter.table_growing(0, 1, None).is_err());
    }

    #[test]
    fn a_manifest_lowers_and_never_raises() {
        let text =
            "id = \"ar.example.x\"\nversion = \"1.0.0\"\nkind = \"replies\"\nwit = \"0.1\"\n";
        let lowered = Manifest::parse(&format!(
            "{text}[limits]\nmemory_mib = 32\ntimeout_ms = 3000\n"
        ))
        .unwrap();
        let limits = CallLimits::for_manifest(&lowered);
        assert_eq!(limits.memory_bytes, 32 * MIB);
        assert_eq!(limits.wall, Duration::from_secs(3));
        let plain = Manifest::parse(text).unwrap();
        assert_eq!(
            CallLimits::for_manifest(&plain),
            CallLimits::for_kind(PluginKind::Replies)
        );
    }
}
