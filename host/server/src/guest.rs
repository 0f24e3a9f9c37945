//! The example plugin, built from its source by `build.rs` and installed like anybody's.

/// `tienda-bot` as one component.
pub const TIENDA_BOT: &[u8] = include_bytes!(env!("PORTERO_TIENDA_BOT"));
