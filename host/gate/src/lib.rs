//! The compliance gate: a proposal, the facts, the policy and an instant go in, a judgement comes out.
//!
//! Pure: no I/O, no clock, no randomness, no floats. [`clear`] is the only maker of a [`Cleared`].
//!
//! The walk: [`detect::detect`] reads a content once and leaves facts; [`admit`] judges a proposal
//! when it is made, [`clear`] in the claim that sends it; [`explain::explain`] says it in words;
//! [`record::DecisionRecord`] keeps it so that it can be judged again. [`words::recognise`] reads
//! what people write about consent, before any plugin sees it.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(test)]
extern crate self as portero_gate;

pub mod case;
mod cover;
pub mod detect;
pub mod explain;
pub mod facts;
mod hours;
pub mod judge;
pub mod judgement;
pub mod lint;
mod pace;
pub mod policy;
pub mod record;
pub mod registries;
pub mod rules;
#[cfg(test)]
mod testing;
pub mod words;

pub use case::effective_purpose;
pub use facts::{Fact, Facts};
pub use judge::{Clearance, admit, clear, judge_without};
pub use judgement::{Cleared, Finding, Judgement, Stage, Stale, Ticket, ToSend, Verdict};
pub use pace::{NumberBucket, Slowed, next_number_tat, next_pair_tat};
pub use policy::Policy;
#[cfg(feature = "removable-rules")]
pub use rules::remove_rule;
pub use rules::rules_page;
