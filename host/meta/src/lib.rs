//! WhatsApp Cloud API: wire types, signature, translation, the single door out.
//!
//! Inbound: [`signature::verify`] the raw bytes, then [`translate::translate`] them into updates.
//! Outbound: a [`transport::Transport`] takes a `Cleared` and nothing else; [`client::CloudApi`] is
//! the one that speaks to Graph. Facts and section numbers: reference page `whatsapp-platform`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod client;
mod failure_words;
pub mod send_failure;
pub mod signature;
pub mod translate;
pub mod transport;
pub mod wire;

pub use secrecy::{ExposeSecret, SecretString};
