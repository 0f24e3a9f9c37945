//! Registering a number with the Cloud API (`whatsapp-platform` 7.6, 9): before it, no message leaves.

use portero_domain::ids::PhoneNumberId;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{ApiError, CloudApi};
use crate::transport::Access;

impl CloudApi {
    /// Registers a number with its six-digit PIN of two-step verification; a number that had none has
    /// this one from now on. Again changes nothing. Meta takes ten tries per number in 72 hours.
    ///
    /// # Errors
    /// [`ApiError`]; [`registration_hint`] says what its code asks for.
    pub async fn register_number(
        &self,
        id: &PhoneNumberId,
        pin: &SecretString,
        access: &Access,
    ) -> Result<(), ApiError> {
        let url = self.url(&[id.as_str(), "register"])?;
        let body = json!({ "messaging_product": "whatsapp", "pin": pin.expose_secret() });
        self.exchange(Method::POST, url, Some(&body), access)
            .await
            .map(drop)
    }
}

/// What to do about a refused registration; `None` for codes that are not about it.
///
/// Source: Meta, "Cloud API error codes" (as of 2026-11).
#[must_use]
pub const fn registration_hint(code: i64) -> Option<&'static str> {
    Some(match code {
        131_031 | 133_005 => {
            "this is not the number's PIN: change it in WhatsApp Manager, Phone numbers, Two-step verification"
        }
        133_006 => {
            "verify the number first: WhatsApp Manager, Phone numbers, by a code by text message or call"
        }
        133_008 | 133_009 => {
            "too many wrong PINs: wait as long as Meta says, then try the right one"
        }
        133_015 => "the number was deleted a moment ago: wait five minutes",
        133_016 => "ten tries in 72 hours are used up: wait until the oldest is older",
        133_000 => "an earlier deregistration is not finished: deregister it again first",
        133_004 => "Meta is busy: try again later",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::registration_hint;

    #[test]
    fn what_can_be_done_is_said_of_each_code_of_a_registration() {
        for code in [
            133_000, 133_004, 133_005, 133_006, 133_008, 133_009, 133_015, 133_016,
        ] {
            assert!(registration_hint(code).is_some(), "{code}");
        }
        assert_eq!(registration_hint(190), None);
    }
}
