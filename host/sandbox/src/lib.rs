//! Runs guests: wasmtime, limits, cache, output checks.
//!
//! A plugin is one component with its manifest inside. [`inspect`] says what it is or why it is
//! refused; [`Sandbox::load`] compiles it (or takes it from the verified cache); the `call_*`
//! methods run one call each in a fresh instance. Output is data: what a guest returns is checked
//! for count, size and UTF-8 and handed on; nothing it does outlives the call unless the caller
//! commits [`CallReport::kv_writes`] together with the actions.
//!
//! Fuel bounds computation and is the same on every machine; wall time bounds waiting. Clock and
//! randomness are the event's, so the same event gives the same answer.

#![warn(missing_docs)]

mod abi;
pub mod breaker;
mod budget;
mod cache;
mod call;
pub mod config_schema;
mod engine;
mod fault;
mod guest_state;
pub mod hosts;
mod inspect;
pub mod journal;
mod load;
mod log_sink;
pub mod manifest;
mod mask;
mod output;
mod overlay;
mod parts;
mod refusal;
mod services;
mod wasi;

pub use breaker::{Admission, Breaker};
pub use budget::{
    CallLimits, MAX_BATCH, MAX_COMPONENT_BYTES, MAX_HANDLES, MAX_INSTANCES, MAX_MEMORIES,
    MAX_MEMORY_BYTES, MAX_TABLE_ELEMENTS, MAX_TABLES,
};
pub use call::{CallReport, ReportQuery, TemplateSignature};
pub use engine::{Allocator, AllocatorInUse, Sandbox, SandboxConfig, SandboxError};
pub use fault::{MAX_FRAMES, Outcome};
pub use hosts::HostPattern;
pub use inspect::{Inspection, embed_manifest, inspect};
pub use journal::{Recording, Tape};
pub use load::{LoadError, Loaded};
pub use log_sink::LogLevel;
pub use manifest::{Manifest, ManifestError};
pub use overlay::KvWrite;
pub use parts::Part;
pub use refusal::Refusal;
pub use services::{HostError, HostServices, HttpRequest, HttpResponse, Preview};
