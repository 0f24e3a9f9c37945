//! What wit-bindgen makes of `wit/v0.1`; wasm only, and nothing of it is API.
//!
//! Generated beforehand and checked in, so that a plugin is built without a registry; tidy compares
//! the files with what wit-bindgen makes today. The imports are generated once; the three kinds share
//! their types. Each kind's export macro carries the description of its world, so a plugin is linked
//! with one kind only.

#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]

#[doc(hidden)]
#[rustfmt::skip]
pub mod analytics;
#[doc(hidden)]
#[rustfmt::skip]
pub mod imports;
#[doc(hidden)]
#[rustfmt::skip]
pub mod replies;
#[doc(hidden)]
pub mod rt;
#[doc(hidden)]
#[rustfmt::skip]
pub mod segmentation;
