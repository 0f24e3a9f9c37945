//! Small values that outlive the call. Permission `kv`.
//!
//! One space per installation. What a call writes it reads back at once, but it is kept only if the
//! call answers well.

use crate::HostError;

/// The value, or nothing when there is none or its time has passed.
///
/// # Errors
/// `denied` without the grant, `invalid` for an empty key or one of more than 256 bytes.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, HostError> {
    #[cfg(target_family = "wasm")]
    return crate::convert::kv_get(key);
    #[cfg(not(target_family = "wasm"))]
    crate::testing::fake::with(|host| host.kv_get(key))
}

/// The value as text.
///
/// # Errors
/// As [`get`]; `invalid` when the value is not UTF-8.
pub fn get_text(key: &str) -> Result<Option<String>, HostError> {
    get(key)?
        .map(String::from_utf8)
        .transpose()
        .map_err(|_| HostError::Invalid(format!("the value of `{key}` is not UTF-8")))
}

/// Keeps a value for good: key 1 to 256 bytes, value at most 64 KiB.
///
/// # Errors
/// `denied`, `invalid` for the key, `limit` for the value or the installation's space.
pub fn set(key: &str, value: impl AsRef<[u8]>) -> Result<(), HostError> {
    put(key, value.as_ref(), None)
}

/// Keeps a value for some seconds.
///
/// # Errors
/// As [`set`].
pub fn set_for(key: &str, value: impl AsRef<[u8]>, seconds: u32) -> Result<(), HostError> {
    put(key, value.as_ref(), Some(seconds))
}

fn put(key: &str, value: &[u8], seconds: Option<u32>) -> Result<(), HostError> {
    #[cfg(target_family = "wasm")]
    return crate::convert::kv_set(key, value, seconds);
    #[cfg(not(target_family = "wasm"))]
    crate::testing::fake::with(|host| host.kv_set(key, value, seconds))
}

/// Forgets a value; fine when there is none.
///
/// # Errors
/// As [`get`].
pub fn delete(key: &str) -> Result<(), HostError> {
    #[cfg(target_family = "wasm")]
    return crate::convert::kv_delete(key);
    #[cfg(not(target_family = "wasm"))]
    crate::testing::fake::with(|host| host.kv_delete(key))
}

/// Keys that start with `prefix` and come after `after`, in byte order; at most `limit`, 1 to 100.
///
/// # Errors
/// `denied`; `invalid` for a `limit` out of range.
pub fn keys(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>, HostError> {
    #[cfg(target_family = "wasm")]
    return crate::convert::kv_keys(prefix, after, limit);
    #[cfg(not(target_family = "wasm"))]
    crate::testing::fake::with(|host| host.kv_keys(prefix, after, limit))
}
