//! Every id, each a type of its own. Public form: `prefix_` + 32 hex digits of a UUIDv7.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::clock::Ts;

/// Where new ids and random bytes come from. Seeded in tests and demos.
pub trait IdSource: Send + Sync {
    /// A fresh UUIDv7 whose time part is `now`; later calls sort after earlier ones of the same millisecond.
    fn uuid(&self, now: Ts) -> Uuid;
    /// Fills `out` with random bytes (tokens, keys, seeds).
    fn random(&self, out: &mut [u8]);
}

/// A text that is no id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {kind} id: expected `{prefix}_` and 32 hexadecimal digits")]
pub struct BadId {
    /// What was given, cut to 64 characters.
    pub text: String,
    /// Which kind was expected.
    pub kind: &'static str,
    /// The prefix of that kind.
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What the public form begins with, without the underscore.
            pub const PREFIX: &'static str = $prefix;
            /// A fresh id.
            #[must_use]
            pub fn new(ids: &dyn IdSource, now: Ts) -> Self { Self(ids.uuid(now)) }
            /// Wraps a UUID made elsewhere.
            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self { Self(id) }
            /// The bare UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid { self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|hex| hex.len() == 32)
                    .and_then(|hex| Uuid::try_parse(hex).ok())
                    .map(Self)
                    .ok_or_else(|| BadId {
                        text: text.chars().take(64).collect(),
                        kind: stringify!($name),
                        prefix: $prefix,
                    })
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A row of the log of who did what.
    AuditId = "aud";
    /// One try to hand a message to Meta; echoed back as `biz_opaque_callback_data`.
    AttemptId = "att";
    /// A standing set of sends an operator approved.
    CampaignId = "cam";
    /// One appended fact about a person's consent.
    ConsentEventId = "cns";
    /// Our record of a person within a tenant.
    ContactId = "con";
    /// One judgement of one proposal at one stage.
    DecisionId = "dec";
    /// One webhook delivery as it came in, raw.
    DeliveryId = "dlv";
    /// One update taken out of a delivery, or one event of the shop's own.
    EventId = "evt";
    /// A plugin installed for a tenant.
    InstallationId = "ins";
    /// Something told to a tenant's own systems; the `webhook-id` of all its deliveries.
    NoticeId = "ntc";
    /// A proposal on its way (or its end): the row of the outbox.
    OutboxId = "out";
    /// A link that shows one verdict to somebody without a login.
    ProofLinkId = "plk";
    /// A full pass of a segmentation plugin over everybody.
    RunId = "run";
    /// A file of people being read in.
    ImportId = "imp";
    /// A tenant: the agency's client.
    TenantId = "ten";
    /// A wake-up a plugin asked for.
    TimerId = "tmr";
    /// An access token of the API.
    TokenId = "tok";
    /// Somebody who logs in to the console.
    UserId = "usr";
    /// An address of a tenant's own systems that notices go to.
    WebhookId = "whk";
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident, $max:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);
        impl $name {
            /// Longest accepted, in bytes.
            pub const MAX_BYTES: usize = $max;
            /// Wraps a text that is not empty and not over the limit.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Option<Self> {
                let text = text.into();
                (!text.is_empty() && text.len() <= $max).then_some(Self(text))
            }
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
    )*};
}

texts! {
    /// Meta's id of a business phone number, as in URLs and `metadata.phone_number_id`.
    PhoneNumberId, 64;
    /// Meta's id of a WhatsApp Business Account.
    WabaId, 64;
    /// Meta's id of a message; opaque.
    Wamid, 512;
    /// A plugin's own name, reverse DNS (`ar.example.cart-recovery`).
    PluginId, 128;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_round_trips_and_another_kind_is_refused() {
        let id = DecisionId::from_uuid(Uuid::from_u128(0x0193_5a7e_0000_7000_8000_0000_0000_0001));
        let text = id.to_string();
        assert_eq!(text, "dec_01935a7e000070008000000000000001");
        assert_eq!(text.parse::<DecisionId>().unwrap(), id);
        let error = text.parse::<OutboxId>().unwrap_err();
        assert!(error.to_string().contains("`out_`"), "{error}");
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
    }
}
