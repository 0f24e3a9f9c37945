//! The fixture the unit tests use, seen from outside the crate.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of the fixture"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test's helper may fail loudly"
)]

#[path = "../../src/testing.rs"]
mod testing;

pub(crate) mod ledger;

pub(crate) use testing::*;
