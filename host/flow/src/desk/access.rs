//! Bearer tokens: 32 random bytes shown once, kept as SHA-256, bound to one tenant or to the operator.

use portero_domain::ids::{TenantId, TokenId};
use portero_store::model::NewToken;
use sha2::{Digest, Sha256};

use crate::context::Context;
use crate::error::FlowError;

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// With which token.
    pub token: TokenId,
    /// The one tenant it reaches; `None` for the operator, who reaches all.
    pub tenant: Option<TenantId>,
}

/// A token as shown once, at its making.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct NewTokenView {
    /// Its id, for revoking.
    #[schema(value_type = String)]
    pub id: TokenId,
    /// The secret. It cannot be shown again.
    pub token: String,
    /// Tenant it reaches; absent for the operator.
    #[schema(value_type = Option<String>)]
    pub tenant: Option<TenantId>,
    /// What it is for.
    pub label: String,
}

/// The kept form of a token.
#[must_use]
pub fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Finds who a bearer token belongs to; `None` for unknown and revoked ones alike.
///
/// # Errors
/// The database.
pub async fn authenticate(ctx: &Context, token: &str) -> Result<Option<Principal>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = tx.system().token(&digest(token)).await?;
    Ok(row.filter(|r| r.revoked_at.is_none()).map(|r| Principal {
        token: r.id,
        tenant: r.tenant,
    }))
}

/// Makes a token.
///
/// # Errors
/// The database.
pub async fn create_token(
    ctx: &Context,
    tenant: Option<TenantId>,
    label: &str,
) -> Result<NewTokenView, FlowError> {
    let now = ctx.now();
    let mut secret = [0_u8; 32];
    ctx.ids.random(&mut secret);
    let kind = if tenant.is_some() { "ten" } else { "op" };
    let token = format!("ptr_{kind}_{}", hex::encode(secret));
    let id = TokenId::new(&*ctx.ids, now);
    let mut tx = ctx.store.write().await?;
    let new = NewToken {
        id,
        tenant,
        label: label.to_owned(),
        secret_sha256: digest(&token),
    };
    tx.system().put_token(&new, now).await?;
    tx.commit().await?;
    Ok(NewTokenView {
        id,
        token,
        tenant,
        label: label.to_owned(),
    })
}

/// Ends a token at once.
///
/// # Errors
/// [`FlowError::NotFound`] or the database.
pub async fn revoke_token(ctx: &Context, id: TokenId) -> Result<(), FlowError> {
    let mut tx = ctx.store.write().await?;
    if !tx.system().revoke_token(id, ctx.now()).await? {
        return Err(FlowError::not_found("token", id));
    }
    tx.commit().await?;
    Ok(())
}
