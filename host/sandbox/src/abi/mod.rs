//! One module per WIT track; each converts up to the domain's types, nothing else sees WIT.

mod v0_1;

pub(crate) use v0_1::{Entry, add_to_linker};
