//! The one wasmtime configuration, the pool it allocates from, and the [`Sandbox`] around them.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::Semaphore;
use wasmtime::component::Linker;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
};

use crate::abi;
use crate::budget::{
    MAX_INSTANCES, MAX_MEMORIES, MAX_MEMORY_BYTES, MAX_TABLE_ELEMENTS, MAX_TABLES,
};
use crate::cache::Cache;
use crate::fault::MAX_FRAMES;
use crate::guest_state::GuestState;
use crate::load::Loaded;
use crate::wasi;

const MIB: usize = 1024 * 1024;
/// Most calls at once a sandbox can be set up for.
const MAX_CONCURRENT: u32 = 1_024;

/// How instances get their memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Allocator {
    /// The pool, or on demand where its address space cannot be had.
    #[default]
    Auto,
    /// The pool or an error.
    Pooling,
    /// A mapping per instance; about three times slower, needs no reserved address space.
    OnDemand,
}

/// What [`Allocator`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllocatorInUse {
    /// Pool, cleaned by asking the kernel which pages were touched (Linux 6.7 and later).
    PoolingPagemapScan,
    /// Pool, cleaned by overwriting.
    Pooling,
    /// A mapping per instance.
    OnDemand,
}

impl AllocatorInUse {
    /// Name in the configuration, `doctor` and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            AllocatorInUse::PoolingPagemapScan => "pooling+pagemap-scan",
            AllocatorInUse::Pooling => "pooling",
            AllocatorInUse::OnDemand => "on-demand",
        }
    }
}

/// How to set up a [`Sandbox`].
#[derive(Clone)]
pub struct SandboxConfig {
    /// Where compiled plugins are kept, closed to other users; `None` compiles at every start.
    pub cache_dir: Option<PathBuf>,
    /// Seals files of `cache_dir`; belongs to this host alone, kept with its other secrets.
    pub cache_key: [u8; 32],
    /// How instances get their memory.
    pub allocator: Allocator,
    /// Calls that may run at once, 1 to 1,024; the others wait.
    pub max_concurrent: u32,
}

impl fmt::Debug for SandboxConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxConfig")
            .field("cache_dir", &self.cache_dir)
            .field("allocator", &self.allocator)
            .field("max_concurrent", &self.max_concurrent)
            .finish_non_exhaustive()
    }
}

/// Why a sandbox could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// `max_concurrent` out of range.
    #[error("`max_concurrent` is {found}; 1 to {MAX_CONCURRENT} are possible")]
    BadConcurrency {
        /// As configured.
        found: u32,
    },
    /// The engine could not be built.
    #[error(
        "the plugin engine could not be set up with the allocator `{allocator}`: {reason}; \
         where address space is limited, configure `on-demand`"
    )]
    Engine {
        /// Which was tried.
        allocator: &'static str,
        /// wasmtime's reason.
        reason: String,
    },
    /// The host functions could not be linked: a fault of this build.
    #[error("the host functions of the plugins could not be set up: {reason}")]
    Link {
        /// wasmtime's reason.
        reason: String,
    },
    /// The cache folder cannot be used.
    #[error("the plugin cache `{}` cannot be used: {source}; make it writable for this user", path.display())]
    Cache {
        /// Which folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// Compiles and runs plugins; one per process.
pub struct Sandbox {
    pub(crate) engine: Engine,
    pub(crate) strict: Linker<GuestState>,
    pub(crate) compat: Linker<GuestState>,
    pub(crate) cache: Option<Arc<Cache>>,
    /// One permit per call that may run; as many as the pool has slots.
    pub(crate) slots: Semaphore,
    /// One permit: compiling is expensive and not interruptible.
    pub(crate) compiling: Arc<Semaphore>,
    pub(crate) loaded: Mutex<HashMap<String, Weak<Loaded>>>,
    in_use: AllocatorInUse,
    build: String,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sandbox({})", self.in_use.as_str())
    }
}

impl Sandbox {
    /// Sets up engine, pool and cache.
    ///
    /// # Errors
    /// [`SandboxError`]; with [`Allocator::Auto`] a pool that cannot be had is none.
    pub fn new(config: SandboxConfig) -> Result<Sandbox, SandboxError> {
        if !(1..=MAX_CONCURRENT).contains(&config.max_concurrent) {
            return Err(SandboxError::BadConcurrency {
                found: config.max_concurrent,
            });
        }
        let (engine, in_use) = build_engine(config.allocator, config.max_concurrent)?;
        let link = |error: wasmtime::Error| SandboxError::Link {
            reason: format!("{error:#}"),
        };
        let mut strict = Linker::new(&engine);
        wasi::add_strict(&mut strict).map_err(link)?;
        abi::add_to_linker(&mut strict).map_err(link)?;
        let mut compat = strict.clone();
        wasi::add_empty_filesystem(&mut compat).map_err(link)?;
        let cache = match &config.cache_dir {
            None => None,
            Some(dir) => Some(Arc::new(
                Cache::open(dir, config.cache_key, &engine).map_err(|source| {
                    SandboxError::Cache {
                        path: dir.clone(),
                        source,
                    }
                })?,
            )),
        };
        let slots = usize::try_from(config.max_concurrent).unwrap_or(1);
        let build = build_of(&engine);
        Ok(Sandbox {
            engine,
            strict,
            compat,
            cache,
            slots: Semaphore::new(slots),
            compiling: Arc::new(Semaphore::new(1)),
            loaded: Mutex::new(HashMap::new()),
            in_use,
            build,
        })
    }

    /// The engine itself, for the benchmark that compares with bare wasmtime.
    #[doc(hidden)]
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What decides how much fuel a call uses: this program's version and the engine with its settings, in
    /// a form that is only to be compared.
    #[must_use]
    pub fn build(&self) -> &str {
        &self.build
    }

    /// What [`SandboxConfig::allocator`] came to.
    #[must_use]
    pub fn allocator_in_use(&self) -> AllocatorInUse {
        self.in_use
    }
}

fn build_of(engine: &Engine) -> String {
    let engine = hex::encode(crate::cache::fingerprint(engine));
    let engine = engine.get(..16).unwrap_or(&engine);
    format!("{}+{engine}", env!("CARGO_PKG_VERSION"))
}

fn build_engine(
    allocator: Allocator,
    concurrent: u32,
) -> Result<(Engine, AllocatorInUse), SandboxError> {
    let pool = |scan: bool| {
        let mut config = base_config();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool_config(
            concurrent, scan,
        )));
        Engine::new(&config)
    };
    let refused = |allocator: &'static str, error: wasmtime::Error| SandboxError::Engine {
        allocator,
        reason: format!("{error:#}"),
    };
    if allocator != Allocator::OnDemand {
        let scan = PoolingAllocationConfig::is_pagemap_scan_available();
        match pool(scan) {
            Ok(engine) if scan => return Ok((engine, AllocatorInUse::PoolingPagemapScan)),
            Ok(engine) => return Ok((engine, AllocatorInUse::Pooling)),
            Err(error) if allocator == Allocator::Pooling => {
                return Err(refused("pooling", error));
            }
            Err(error) => {
                tracing::warn!(%error, "no address space for a pool; instances are allocated on demand");
            }
        }
    }
    Engine::new(&base_config())
        .map(|engine| (engine, AllocatorInUse::OnDemand))
        .map_err(|error| refused("on-demand", error))
}

/// Fuel, not epochs: the same event is judged the same on any machine, and both together cost 80 %
/// on loops. Everything a plugin does not need is off; keep `inspect.rs` in step with the features.
fn base_config() -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .concurrency_support(false)
        .cranelift_opt_level(OptLevel::Speed)
        // Replays are exact: no trace of the machine's NaN bits.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_backtrace_max_frames(NonZeroUsize::new(MAX_FRAMES))
        .memory_init_cow(true)
        .max_wasm_stack(512 * 1024)
        .async_stack_size(2 * MIB);
    config
}

fn pool_config(concurrent: u32, pagemap_scan: bool) -> PoolingAllocationConfig {
    let most = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(concurrent)
        .total_stacks(concurrent)
        .total_core_instances(concurrent.saturating_mul(8).max(most(MAX_INSTANCES)))
        .total_memories(concurrent.saturating_mul(2).max(most(MAX_MEMORIES)))
        .total_tables(concurrent.saturating_mul(4).max(most(MAX_TABLES)))
        .max_core_instances_per_component(most(MAX_INSTANCES))
        .max_memories_per_component(most(MAX_MEMORIES))
        .max_tables_per_component(most(MAX_TABLES))
        .max_component_instance_size(4 * MIB)
        .max_core_instance_size(4 * MIB)
        .max_memory_size(MAX_MEMORY_BYTES)
        .table_elements(MAX_TABLE_ELEMENTS)
        .table_keep_resident(64 * 1024)
        .async_stack_keep_resident(64 * 1024);
    if pagemap_scan {
        pool.pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(MIB);
    } else {
        pool.linear_memory_keep_resident(256 * 1024);
    }
    pool
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(allocator: Allocator, max_concurrent: u32) -> SandboxConfig {
        SandboxConfig {
            cache_dir: None,
            cache_key: [9; 32],
            allocator,
            max_concurrent,
        }
    }

    #[test]
    fn on_demand_is_what_was_asked_for() {
        let sandbox = Sandbox::new(config(Allocator::OnDemand, 2)).unwrap();
        assert_eq!(sandbox.allocator_in_use(), AllocatorInUse::OnDemand);
    }

    #[test]
    fn the_number_of_calls_at_once_is_checked() {
        for bad in [0, 1_025] {
            let error = Sandbox::new(config(Allocator::OnDemand, bad)).unwrap_err();
            assert!(error.to_string().contains("1 to 1024"), "{error}");
        }
    }

    #[test]
    fn a_cache_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Sandbox::new(SandboxConfig {
            cache_dir: Some(file.path().join("aot")),
            ..config(Allocator::OnDemand, 1)
        })
        .unwrap_err();
        assert!(error.to_string().contains("aot"), "{error}");
    }

    #[test]
    fn the_key_stays_out_of_debug_output() {
        let shown = format!("{:?}", config(Allocator::Auto, 1));
        assert!(!shown.contains('9'), "{shown}");
    }
}
