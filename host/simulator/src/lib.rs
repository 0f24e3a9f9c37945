//! The pretend Meta: a WhatsApp Cloud API that runs offline, on the same HTTP.
//!
//! It takes raw JSON, judges it by Meta's rules as `whatsapp-platform` states them (each file
//! names its section), answers in Meta's shapes and reports back by signed webhooks. It shares
//! no rule code with the gate: with the gate switched off it still refuses what Meta refuses.
//!
//! * Graph surface: every path that is not `/_sim/…`, with or without a version in front.
//! * Control surface: `/_sim/…`, for scripts, tests and the phone page: people who write and
//!   tap, the clock, faults, template events, and what was seen so far.
//!
//! Time comes from a [`portero_domain::clock::Clock`], chance from the seed; [`Simulator::run`]
//! delivers what is due.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod appetite;
mod arena;
#[cfg(test)]
mod cases;
mod clock;
mod config;
mod control;
mod deeds;
mod errors;
mod fate;
mod faults;
mod feedback;
mod free_entry;
mod graph;
mod habits;
mod idle_templates;
mod ids;
mod inbound;
mod limits;
mod links;
mod media;
mod media_types;
mod messages;
mod pacing;
mod pairs;
mod people;
mod portfolio;
mod pricing;
mod queue;
mod review;
mod rules;
mod saved;
mod simulator;
mod standing;
mod taps;
mod template_authentication;
mod template_buttons;
mod template_cards;
mod template_shape;
mod template_tone;
mod templates;
mod thread;
mod usage;
mod validate;
mod webhooks;
mod world;

pub use clock::WorldClock;
pub use config::{
    AccessToken, Act, AutoReply, ConfigError, NumberConfig, PairRule, PersonConfig, Timings,
    WabaConfig, WorldConfig,
};
pub use faults::{FaultMode, Faults, NextError};
pub use rules::{MediaLinks, PortfolioConfig, Rules};
pub use simulator::{IdleReport, Mover, Simulator};
