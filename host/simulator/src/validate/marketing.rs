//! What only `POST /{phone_number_id}/marketing_messages` takes (§1.8).

use serde_json::{Map, Value};

use super::field::{Obj, unacceptable};
use crate::errors::GraphError;

/// The extra fields of that endpoint, taken out of the body.
pub(crate) struct Extras {
    /// `STRICT`: rather refused than sent through the Cloud API.
    pub(crate) strict: bool,
}

/// Judges and removes `product_policy` and `message_activity_sharing`.
pub(crate) fn take(body: &mut Map<String, Value>) -> Result<Extras, GraphError> {
    let fields = Obj::root(body);
    let strict = match fields.maybe_text("product_policy", 64)? {
        None | Some("CLOUD_API_FALLBACK") => false,
        Some("STRICT") => true,
        Some(_) => {
            return Err(unacceptable(
                "product_policy",
                "must be one of CLOUD_API_FALLBACK, STRICT",
            ));
        }
    };
    fields.maybe_bool("message_activity_sharing")?;
    body.shift_remove("product_policy");
    body.shift_remove("message_activity_sharing");
    Ok(Extras { strict })
}
