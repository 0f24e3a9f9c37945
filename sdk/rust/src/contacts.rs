//! The person of this call. Permission `contacts.read`, with its fields.

use crate::HostError;

/// One field of the person as the host has it now: `name`, or the key of an attribute; `None` when
/// the person has none.
///
/// # Errors
/// `denied` for a field that is not granted, `invalid` for a handle that this call was not given.
pub fn field(handle: &str, field: &str) -> Result<Option<String>, HostError> {
    #[cfg(target_family = "wasm")]
    return crate::convert::contact_field(handle, field);
    #[cfg(not(target_family = "wasm"))]
    crate::testing::fake::with(|host| host.contact_field(handle, field))
}
