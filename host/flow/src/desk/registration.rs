//! Registering a number with Meta by its PIN. The PIN goes to Meta and is kept nowhere.

use portero_domain::ids::{PhoneNumberId, TenantId};
use portero_meta::client::{ApiError, registration_hint};
use portero_meta::transport::Access;
use portero_meta::wire::numbers::NumberInfo;
use secrecy::{ExposeSecret as _, SecretString};

use crate::context::Context;
use crate::error::FlowError;

/// Whether Meta lets a number send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registered {
    /// It does.
    Yes,
    /// Not before it is registered.
    No,
    /// Meta did not say, or in words that are new.
    Unknown,
}

/// What Meta's status of a number says of its registration.
pub(crate) fn registered(info: &NumberInfo) -> Registered {
    match info.status.as_deref() {
        Some("CONNECTED" | "FLAGGED" | "RESTRICTED" | "RATE_LIMITED" | "BANNED") => Registered::Yes,
        Some("DISCONNECTED" | "PENDING" | "UNVERIFIED" | "DELETED" | "MIGRATED") => Registered::No,
        _ => Registered::Unknown,
    }
}

/// Registers a number of the tenant with its six-digit PIN.
///
/// # Errors
/// No such number, a PIN of another form, [`FlowError::Meta`] with its words and what to do,
/// [`FlowError::WrongState`] for a pretend tenant of a host that leads to the real Meta, or the database.
pub async fn register(
    ctx: &Context,
    tenant: TenantId,
    number: &str,
    pin: &SecretString,
) -> Result<(), FlowError> {
    let digits = pin.expose_secret();
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(FlowError::bad(
            "pin",
            "six digits: the number's PIN of two-step verification",
        ));
    }
    let mut tx = ctx.store.read().await?;
    ctx.may_ask_meta(&tx.tenant(tenant).row().await?)?;
    let id = PhoneNumberId::new(number).ok_or_else(|| FlowError::not_found("number", number))?;
    if tx.tenant(tenant).number(&id).await?.is_none() {
        return Err(FlowError::not_found("number", number));
    }
    let Some(token) = tx.tenant(tenant).number_token(&id).await? else {
        return Err(FlowError::bad(
            "access_token",
            "this number has none; connect it again with one",
        ));
    };
    drop(tx);
    let done = ctx.cloud.register_number(&id, pin, &Access { token }).await;
    done.map_err(|error| {
        let hint = match &error {
            ApiError::Refused { code, .. } => registration_hint(*code),
            _ => None,
        };
        let why = hint.map_or_else(|| error.to_string(), |hint| format!("{error}; {hint}"));
        FlowError::Meta { why }
    })
}
