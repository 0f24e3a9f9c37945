//! What Meta sends to the business: built, queued, signed, posted (§2).

pub(crate) mod outbox;
pub(crate) mod post;
mod pump;
mod shapes;
pub(crate) mod wire;
