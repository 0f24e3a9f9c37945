//! What is made once, however often it is asked for: the caller's key, kept in the transaction that makes it.

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::TenantId;
use portero_store::Tx;
use portero_store::model::KeyedRequest;
use serde_json::Value;

use crate::desk::access::digest;
use crate::error::FlowError;

/// How long a key is kept.
pub const KEPT: Millis = Millis::days(7);

/// Fields of a body that are not part of its hash: who reads the database could try passwords out on it.
const SECRET: &str = "password";

/// A request that came with a key. Without `Debug`: its body was a secret's.
#[derive(Clone)]
pub struct Once {
    key: String,
    body_sha256: String,
}

impl Once {
    /// A key, and the body that it came with. A password in it does not count: the same key with another is the
    /// same request.
    #[must_use]
    pub fn of(key: &str, body: &Value) -> Once {
        let mut body = body.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.remove(SECRET);
        }
        Once {
            key: key.to_owned(),
            body_sha256: digest(&body.to_string()),
        }
    }
}

/// Takes the key of a request for what is about to be made in this transaction.
///
/// The id of what it made before, when it was taken already: nothing is to be made then.
///
/// # Errors
/// [`FlowError::KeyReused`] when it came with another body, or the database.
pub(crate) async fn take(
    tx: &mut Tx,
    once: Option<&Once>,
    (owner, operation): (Option<TenantId>, &str),
    id: &str,
    now: Ts,
) -> Result<Option<String>, FlowError> {
    let Some(once) = once else {
        return Ok(None);
    };
    let request = KeyedRequest {
        owner,
        operation,
        key: &once.key,
        body_sha256: &once.body_sha256,
    };
    let oldest = Ts(now.0.saturating_sub(KEPT.0));
    let taken = tx
        .system()
        .take_request_key(&request, id, now, oldest)
        .await?;
    match taken {
        Some(made) if made.body_sha256 != once.body_sha256 => Err(FlowError::KeyReused {
            key: once.key.clone(),
        }),
        Some(made) => Ok(Some(made.id)),
        None => Ok(None),
    }
}

/// An id that was kept, read back.
pub(crate) fn read<T: std::str::FromStr>(what: &'static str, id: &str) -> Result<T, FlowError> {
    id.parse().map_err(|_| FlowError::not_found(what, id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_password_is_not_part_of_what_is_kept() {
        let of = |body: Value| Once::of("k", &body).body_sha256;
        let one = of(json!({ "name": "ana", "password": "twelve or more" }));
        assert_eq!(one, of(json!({ "name": "ana", "password": "another one" })));
        assert_eq!(one, of(json!({ "name": "ana" })));
        assert_ne!(one, of(json!({ "name": "luz" })));
    }
}
