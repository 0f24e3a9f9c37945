//! The frame around every webhook: object, entries, changes, and the fields Meta is known to send.
//!
//! Source: `whatsapp-platform` 2.2 and 2.5.

use portero_domain::clock::Ts;
use portero_domain::ids::{PhoneNumberId, WabaId};

use crate::wire::json::Obj;

/// What `object` must say.
pub const OBJECT: &str = "whatsapp_business_account";

/// Fields that Meta documents and that rest as "not acted on" when they come.
///
/// A field in neither this list nor [`crate::translate`]'s own is reported as unknown, which tells
/// an operator that Meta has moved.
pub const KNOWN_NOT_ACTED_ON: &[&str] = &[
    "account_settings_update",
    "automatic_events",
    "business_status_update",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
    "history",
    "partner_solutions",
    "payment_configuration_update",
    "smb_app_state_sync",
    "tracking_events",
];

/// What one change of one entry says about itself, before its value is looked into.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Webhook field.
    pub(crate) field: String,
    /// `entry[].id`.
    pub(crate) waba: Option<WabaId>,
    /// `metadata.phone_number_id`.
    pub(crate) number: Option<PhoneNumberId>,
    /// `entry[].time` as written.
    pub(crate) time: Option<i64>,
}

impl Change {
    /// [`Change::time`] as an instant.
    pub(crate) fn at(&self) -> Option<Ts> {
        self.time.map(instant)
    }
}

/// `metadata.phone_number_id` of a value.
pub(crate) fn number(value: &Obj<'_>) -> Option<PhoneNumberId> {
    value
        .obj("metadata")?
        .text("phone_number_id")
        .and_then(PhoneNumberId::new)
}

/// Meta's seconds as an instant. Numbers that can only be milliseconds are taken as such.
pub(crate) fn instant(n: i64) -> Ts {
    // 10^11 seconds lie in the year 5138, 10^11 milliseconds in 1973.
    if n >= 100_000_000_000 {
        Ts(n)
    } else {
        Ts::from_secs(n)
    }
}

/// `timestamp` of a message, status or preference.
pub(crate) fn timestamp(item: &Obj<'_>) -> Option<Ts> {
    item.int("timestamp").filter(|n| *n > 0).map(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_milliseconds_are_told_apart() {
        assert_eq!(instant(1_795_000_000), Ts(1_795_000_000_000));
        assert_eq!(instant(1_795_000_000_123), Ts(1_795_000_000_123));
        assert_eq!(instant(99_999_999_999), Ts(99_999_999_999_000));
        assert_eq!(instant(100_000_000_000), Ts(100_000_000_000));
    }

    #[test]
    fn a_timestamp_may_be_text_or_number_and_must_be_positive() {
        let of = |t: &str| timestamp(&Obj::parse(t).unwrap());
        assert_eq!(
            of(r#"{"timestamp":"1795000000"}"#),
            Some(Ts(1_795_000_000_000))
        );
        assert_eq!(
            of(r#"{"timestamp":1795000000}"#),
            Some(Ts(1_795_000_000_000))
        );
        for bad in [
            r#"{"timestamp":"0"}"#,
            r#"{"timestamp":"soon"}"#,
            r#"{"timestamp":-5}"#,
            "{}",
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
