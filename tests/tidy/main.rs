//! The house rules that neither the compiler nor clippy can check.
//!
//! Each rule is one test; its message says what to do. Pages and hashes that are generated are
//! rewritten by `UPDATE_DOCS=1 cargo test -p portero-tests --test tidy`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test binary: what it cannot read it reports by failing"
)]

mod bindings;
mod context;
mod contract;
mod docs;
mod edges;
mod migrations;
mod pure;
mod sources;
mod threats;
mod tree;
mod verbs;
