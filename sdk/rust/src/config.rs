//! The installation's configuration. Permission `config`.

use crate::HostError;

/// The JSON text that the operator saved, at most 64 KiB; `{}` when nothing was saved.
///
/// # Errors
/// `denied` without the grant.
pub fn get() -> Result<String, HostError> {
    #[cfg(target_family = "wasm")]
    return crate::convert::config();
    #[cfg(not(target_family = "wasm"))]
    crate::testing::fake::with(|host| host.config())
}
