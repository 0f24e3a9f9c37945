//! The corridor a message travels, one file per step, in order of travel.
//!
//! ```text
//! webhook ─► receive ─► [inbox] ─► interpret ─► consult ─► judge ─► [outbox] ─► dispatch ─► Meta
//!            │ opt-outs              │ track ◄── statuses              ▲            │
//! API ───────┴─► desk ───────────────┴─────────────────────────────────┘            └─► track
//! ```
//!
//! [`workers`] runs the steps; [`desk`] holds what API, CLI and console share.

#![forbid(unsafe_code)]

pub mod context;
pub mod error;

pub mod receive;

mod host_words;
pub mod interpret;
mod money;
mod passwords;
mod permissions;

mod briefing;
pub mod consult;

mod asks;
mod bounds;
mod commit;
mod draft;
mod fetch;
pub mod grants;
mod journal;

pub mod judge;
mod quota;

mod addressees;
pub mod campaigns;
mod limiter;
pub mod plan;
pub mod rates;

pub mod dispatch;

pub mod track;

pub mod tally;

pub mod consent;
pub mod deliver;
pub mod retention;
mod route;
mod sandbox_list;
pub mod segment;
pub mod services;
pub mod sweep;
pub mod timers;
mod together;
pub mod workers;

pub mod desk;

#[cfg(test)]
#[path = "../../gate/src/testing.rs"]
#[allow(
    dead_code,
    reason = "the gate's fixture; these tests need a part of it"
)]
mod testing;

pub use context::{Answered, Context, Point, Probe};
pub use error::FlowError;
