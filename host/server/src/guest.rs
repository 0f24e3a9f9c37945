//! The plugins that come along, built from their source by `build.rs` and installed like anybody's.

/// `tienda-bot` as one component.
pub const TIENDA_BOT: &[u8] = include_bytes!(env!("PORTERO_TIENDA_BOT"));

/// `rfm-segments` as one component.
pub const RFM_SEGMENTS: &[u8] = include_bytes!(env!("PORTERO_RFM_SEGMENTS"));

/// `cart-recovery` as one component.
pub const CART_RECOVERY: &[u8] = include_bytes!(env!("PORTERO_CART_RECOVERY"));

/// `shipping-notice` as one component.
pub const SHIPPING_NOTICE: &[u8] = include_bytes!(env!("PORTERO_SHIPPING_NOTICE"));

/// `campaign-metrics` as one component.
pub const CAMPAIGN_METRICS: &[u8] = include_bytes!(env!("PORTERO_CAMPAIGN_METRICS"));
