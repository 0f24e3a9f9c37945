//! What travels between Graph and us, byte by byte: read leniently, written strictly.

pub mod answer;
pub(crate) mod decimal;
pub(crate) mod json;
pub mod numbers;
pub mod send;
pub mod templates;
pub mod webhook;
