//! Whom a tenant in `sandbox` mode may write to: people who answered a code, twenty at most.

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::ids::TenantId;
use portero_store::StoreError;
/// Most people on the list of a tenant.
pub use portero_store::model::SANDBOX_MAX as MOST;
use serde::Serialize;

use crate::context::Context;
use crate::error::FlowError;
use crate::sandbox_list::CODE_DIGITS;

/// Somebody of the list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SandboxPerson {
    /// Canonical address.
    pub address: String,
    /// Since when they may be written to, RFC 3339; absent until they answered the code.
    pub confirmed_at: Option<String>,
    /// What they have to write to the tenant's number, shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

fn parse(address: &str) -> Result<AddressKey, FlowError> {
    AddressKey::parse(address).map_err(|why| FlowError::bad("address", why.to_string()))
}

/// Everybody of the list.
///
/// # Errors
/// The database.
pub async fn list(ctx: &Context, tenant: TenantId) -> Result<Vec<SandboxPerson>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let all = tx.tenant(tenant).sandbox_people().await?;
    Ok(all
        .into_iter()
        .map(|(address, confirmed)| SandboxPerson {
            address: address.as_str().to_owned(),
            confirmed_at: confirmed.map(Ts::rfc3339),
            code: None,
        })
        .collect())
}

/// Invites somebody. They are told the code by whoever invites, and count once they wrote it.
///
/// # Errors
/// No address, a full list, or the database.
pub async fn put(
    ctx: &Context,
    tenant: TenantId,
    address: &str,
) -> Result<SandboxPerson, FlowError> {
    let key = parse(address)?;
    let mut random = [0_u8; 8];
    ctx.ids.random(&mut random);
    let number = u64::from_le_bytes(random) % 10_u64.pow(CODE_DIGITS);
    let width = usize::try_from(CODE_DIGITS).unwrap_or_default();
    let code = format!("{number:0width$}");
    let mut tx = ctx.store.write().await?;
    tx.tenant(tenant)
        .put_sandbox_person(&key, &code)
        .await
        .map_err(|error| match error {
            StoreError::Limit { max, .. } => FlowError::bad(
                "address",
                format!("there are {max} people on the list; remove one first"),
            ),
            other => other.into(),
        })?;
    let all = tx.tenant(tenant).sandbox_people().await?;
    let confirmed = all.into_iter().find(|(a, _)| *a == key);
    let confirmed = confirmed.and_then(|(_, at)| at);
    tx.commit().await?;
    Ok(SandboxPerson {
        address: key.as_str().to_owned(),
        confirmed_at: confirmed.map(Ts::rfc3339),
        code: confirmed.is_none().then_some(code),
    })
}

/// Takes somebody off the list: what has not begun does not leave.
///
/// # Errors
/// No address, [`FlowError::NotFound`], or the database.
pub async fn remove(ctx: &Context, tenant: TenantId, address: &str) -> Result<(), FlowError> {
    let key = parse(address)?;
    let mut tx = ctx.store.write().await?;
    if !tx.tenant(tenant).remove_sandbox_person(&key).await? {
        return Err(FlowError::not_found("person of the sandbox", address));
    }
    tx.commit().await?;
    Ok(())
}
