//! The nouns of Portero. No I/O, no clock of its own, no randomness.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod access;
pub mod account;
pub mod address;
pub mod campaign;
pub mod clock;
pub mod consent;
pub mod content;
pub mod ids;
pub mod language;
pub mod masked;
pub mod notice;
pub mod plugin;
pub mod proof;
pub mod proposal;
pub mod retention;
pub mod status;
pub mod step;
pub mod template;
pub mod update;
