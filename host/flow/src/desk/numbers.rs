//! Numbers of a tenant.

use portero_domain::ids::{PhoneNumberId, TenantId, WabaId};
use portero_store::Tx;
use portero_store::model::{NewNumber, NumberRow};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::error::FlowError;

/// A number to connect.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberRequest {
    /// Meta's id of the number.
    pub phone_number_id: String,
    /// Meta's id of its account.
    pub waba_id: String,
    /// Shown form.
    pub display: String,
    /// Access token for the Graph API; sealed, never read back.
    #[schema(value_type = String)]
    pub access_token: SecretString,
    /// Messages per second Meta allows; 80 when absent.
    #[serde(default)]
    pub mps: Option<u32>,
}

/// A number.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct NumberView {
    /// Meta's id.
    pub phone_number_id: String,
    /// Its account.
    pub waba_id: String,
    /// Shown form.
    pub display: String,
    /// Messages per second.
    pub mps: u32,
    /// Why it does not send, if it does not.
    pub stopped: Option<String>,
}

impl NumberView {
    pub(crate) fn of(row: NumberRow) -> NumberView {
        NumberView {
            phone_number_id: row.id.as_str().to_owned(),
            waba_id: row.waba.as_str().to_owned(),
            display: row.display,
            mps: row.mps,
            stopped: row.stopped.map(|s| s.reason),
        }
    }
}

/// Connects a number to a tenant.
///
/// # Errors
/// Bad input (also a number another tenant has), or the database.
pub async fn put(
    ctx: &Context,
    tenant: TenantId,
    request: &NumberRequest,
) -> Result<NumberView, FlowError> {
    let id = PhoneNumberId::new(&request.phone_number_id)
        .ok_or_else(|| FlowError::bad("phone_number_id", "1 to 64 bytes, as Meta shows it"))?;
    let waba = WabaId::new(&request.waba_id)
        .ok_or_else(|| FlowError::bad("waba_id", "1 to 64 bytes, as Meta shows it"))?;
    let mut tx = ctx.store.write().await?;
    if tx
        .system()
        .route_number(&id)
        .await?
        .is_some_and(|r| r.tenant != tenant)
    {
        return Err(FlowError::bad(
            "phone_number_id",
            "this number is connected already",
        ));
    }
    let new = NewNumber {
        id: id.clone(),
        waba,
        display: request.display.clone(),
        access_token: request.access_token.clone(),
        mps: request.mps.unwrap_or(80).clamp(1, 1_000),
    };
    tx.tenant(tenant).put_number(&new, ctx.now()).await?;
    let row = tx
        .tenant(tenant)
        .number(&id)
        .await?
        .ok_or_else(|| FlowError::not_found("number", &id))?;
    tx.commit().await?;
    Ok(NumberView::of(row))
}

/// Numbers of a tenant.
///
/// # Errors
/// The database.
pub async fn list(ctx: &Context, tenant: TenantId) -> Result<Vec<NumberView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    Ok(tx
        .tenant(tenant)
        .numbers()
        .await?
        .into_iter()
        .map(NumberView::of)
        .collect())
}

/// The number named, or the tenant's only one.
pub(crate) async fn choose(
    tx: &mut Tx,
    tenant: TenantId,
    asked: Option<&str>,
) -> Result<PhoneNumberId, FlowError> {
    let numbers = tx.tenant(tenant).numbers().await?;
    match (asked, numbers.as_slice()) {
        (Some(asked), _) => numbers
            .iter()
            .find(|n| n.id.as_str() == asked)
            .map(|n| n.id.clone())
            .ok_or_else(|| {
                FlowError::bad(
                    "phone_number_id",
                    format!("`{asked}` is no number of this tenant"),
                )
            }),
        (None, [only]) => Ok(only.id.clone()),
        (None, []) => Err(FlowError::bad(
            "phone_number_id",
            "this tenant has no number; connect one first",
        )),
        (None, _) => Err(FlowError::bad(
            "phone_number_id",
            "this tenant has several numbers; name one",
        )),
    }
}
