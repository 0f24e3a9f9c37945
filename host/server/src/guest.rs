//! The plugins that come along, built from their source by `build.rs` and installed like anybody's.

/// `tienda-bot` as one component.
pub const TIENDA_BOT: &[u8] = include_bytes!(env!("PORTERO_TIENDA_BOT"));

/// `rfm-segments` as one component.
pub const RFM_SEGMENTS: &[u8] = include_bytes!(env!("PORTERO_RFM_SEGMENTS"));
