//! A question to the gate. Permission `gate.preview`.

use crate::{HostError, Proposal, Verdict};

/// What the gate would say if this message were proposed now. Nothing is proposed or counted; the
/// real verdict may differ by the time it is given. At most 20 per call.
///
/// # Errors
/// `denied` without the grant, `limit`, `unavailable`.
pub fn preview(proposal: &Proposal) -> Result<Verdict, HostError> {
    #[cfg(target_family = "wasm")]
    return crate::convert::preview(proposal);
    #[cfg(not(target_family = "wasm"))]
    crate::testing::fake::with(|host| host.preview(proposal))
}
