//! Bearer tokens: 32 random bytes shown once, kept as SHA-256, bound to one tenant or to the whole
//! server, with one role.

use portero_domain::access::Role;
use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{TenantId, TokenId, UserId};
use portero_store::model::{NewToken, TokenRow};
use sha2::{Digest, Sha256};

use crate::context::Context;
use crate::desk::once::{self, Once};
use crate::desk::{Page, parse_cursor};
use crate::error::FlowError;

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// With which token.
    pub token: TokenId,
    /// Whose session that is; `None` for a token of a program and for a one-time link.
    pub user: Option<UserId>,
    /// The one tenant it reaches; `None` for the operator, who reaches all.
    pub tenant: Option<TenantId>,
    /// What it may do there.
    pub role: Role,
}

impl Principal {
    /// Who it is, for what is kept of an act: the same through all sessions of one user.
    #[must_use]
    pub fn author(&self) -> String {
        self.user
            .map_or_else(|| self.token.to_string(), |user| user.to_string())
    }
}

/// A token to make.
#[derive(Clone, Copy, Debug)]
pub struct TokenOrder<'a> {
    /// The one tenant it reaches; `None` for the whole server.
    pub tenant: Option<TenantId>,
    /// What it is for; shown in lists.
    pub label: &'a str,
    /// What it may do.
    pub role: Role,
    /// How long it is good; `None`: until it is ended.
    pub lasts: Option<Millis>,
}

/// A token as lists show it.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct TokenView {
    /// Its id, for revoking.
    #[schema(value_type = String)]
    pub id: TokenId,
    /// User whose session of the console it is; absent for a program's.
    #[schema(value_type = Option<String>)]
    pub user: Option<UserId>,
    /// What it is for.
    pub label: String,
    /// Tenant it reaches; absent for the whole server.
    #[schema(value_type = Option<String>)]
    pub tenant: Option<TenantId>,
    /// `owner`, `operator`, `approver`, `developer`, `auditor` or `viewer`.
    #[schema(value_type = String)]
    pub role: Role,
    /// `good`, `ran_out` or `ended`.
    pub state: String,
    /// RFC 3339.
    pub created_at: String,
    /// When it ends by itself (RFC 3339); absent: never.
    pub expires_at: Option<String>,
    /// When it was last used, to the minute (RFC 3339).
    pub last_used_at: Option<String>,
    /// When it was ended (RFC 3339).
    pub revoked_at: Option<String>,
}

/// How far `last_used_at` may lag behind, so that most requests write nothing.
const USED_LAG: Millis = Millis::minutes(1);
/// Longest label, characters.
const LABEL_LIMIT: usize = 200;

/// A token as shown once, at its making.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct NewTokenView {
    /// Its id, for revoking.
    #[schema(value_type = String)]
    pub id: TokenId,
    /// The secret. It cannot be shown again: it is absent where a request is answered a second time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Tenant it reaches; absent for the operator.
    #[schema(value_type = Option<String>)]
    pub tenant: Option<TenantId>,
    /// What it is for.
    pub label: String,
    /// What it may do.
    #[schema(value_type = String)]
    pub role: Role,
    /// When it ends by itself (RFC 3339); absent: never.
    pub expires_at: Option<String>,
}

/// The kept form of a token.
#[must_use]
pub fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// 32 random bytes in the form in which they are shown once.
pub(crate) fn new_secret(ctx: &Context, kind: &str) -> String {
    let mut secret = [0_u8; 32];
    ctx.ids.random(&mut secret);
    format!("ptr_{kind}_{}", hex::encode(secret))
}

fn ran_out(row: &TokenRow, now: Ts) -> bool {
    row.expires_at.is_some_and(|end| now >= end)
}

/// Finds who a bearer token belongs to; `None` for unknown, ended and run out ones alike.
///
/// # Errors
/// The database.
pub async fn authenticate(ctx: &Context, token: &str) -> Result<Option<Principal>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = tx.system().token(&digest(token)).await?;
    drop(tx);
    let now = ctx.now();
    let Some(row) = row.filter(|r| r.revoked_at.is_none() && !ran_out(r, now)) else {
        return Ok(None);
    };
    if row.last_used_at.is_none_or(|at| now >= at + USED_LAG) {
        let mut tx = ctx.store.write().await?;
        tx.system().token_used(row.id, now).await?;
        tx.commit().await?;
    }
    Ok(Some(Principal {
        token: row.id,
        user: row.user,
        tenant: row.tenant,
        role: row.role,
    }))
}

/// Makes a token.
///
/// # Errors
/// An empty or very long label, or the database.
pub async fn create_token(
    ctx: &Context,
    order: &TokenOrder<'_>,
    once: Option<&Once>,
) -> Result<NewTokenView, FlowError> {
    let length = order.label.chars().count();
    if order.label.trim().is_empty() || length > LABEL_LIMIT {
        let why = format!("say in 1 to {LABEL_LIMIT} characters what it is for");
        return Err(FlowError::bad("label", why));
    }
    let now = ctx.now();
    let kind = if order.tenant.is_some() { "ten" } else { "op" };
    let token = new_secret(ctx, kind);
    let id = TokenId::new(&*ctx.ids, now);
    let expires_at = order.lasts.map(|lasts| now + lasts);
    let mut tx = ctx.store.write().await?;
    let whose = (order.tenant, "tokens");
    if let Some(made) = once::take(&mut tx, once, whose, &id.to_string(), now).await? {
        let made: TokenId = once::read("token", &made)?;
        let rows = match order.tenant {
            Some(tenant) => tx.tenant(tenant).tokens().await?,
            None => tx.system().tokens().await?,
        };
        tx.commit().await?;
        let row = rows.into_iter().find(|row| row.id == made);
        let row = row.ok_or_else(|| FlowError::not_found("token", made))?;
        return Ok(NewTokenView {
            id: made,
            token: None,
            tenant: order.tenant,
            label: row.label,
            role: row.role,
            expires_at: row.expires_at.map(Ts::rfc3339),
        });
    }
    let new = NewToken {
        id,
        tenant: order.tenant,
        user: None,
        label: order.label.to_owned(),
        role: order.role,
        expires_at,
        secret_sha256: digest(&token),
    };
    tx.system().put_token(&new, now).await?;
    tx.commit().await?;
    Ok(NewTokenView {
        id,
        token: Some(token),
        tenant: order.tenant,
        label: new.label,
        role: order.role,
        expires_at: expires_at.map(Ts::rfc3339),
    })
}

/// Tokens of one tenant, or of the whole server, oldest first.
///
/// # Errors
/// The database.
pub async fn tokens(ctx: &Context, tenant: Option<TenantId>) -> Result<Vec<TokenView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let rows = match tenant {
        Some(tenant) => tx.tenant(tenant).tokens().await?,
        None => tx.system().tokens().await?,
    };
    let now = ctx.now();
    Ok(rows.into_iter().map(|row| shown(row, now)).collect())
}

/// The same page by page.
///
/// # Errors
/// A bad cursor, or the database.
pub async fn tokens_page(
    ctx: &Context,
    tenant: Option<TenantId>,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<TokenView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let after = parse_cursor(after)?;
    let rows = tx.system().tokens_page(tenant, limit, after).await?;
    let items = views(rows, ctx.now());
    Ok(Page::of(items, limit, |t: &TokenView| t.id.to_string()))
}

/// Tokens as lists show them.
pub(crate) fn views(rows: Vec<TokenRow>, now: Ts) -> Vec<TokenView> {
    rows.into_iter().map(|row| shown(row, now)).collect()
}

fn shown(row: TokenRow, now: Ts) -> TokenView {
    let state = if row.revoked_at.is_some() {
        "ended"
    } else if ran_out(&row, now) {
        "ran_out"
    } else {
        "good"
    };
    TokenView {
        id: row.id,
        user: row.user,
        label: row.label,
        tenant: row.tenant,
        role: row.role,
        state: state.to_owned(),
        created_at: row.created_at.rfc3339(),
        expires_at: row.expires_at.map(Ts::rfc3339),
        last_used_at: row.last_used_at.map(Ts::rfc3339),
        revoked_at: row.revoked_at.map(Ts::rfc3339),
    }
}

/// Ends a token at once: any, or one of that tenant.
///
/// # Errors
/// [`FlowError::NotFound`] or the database.
pub async fn revoke_token(
    ctx: &Context,
    tenant: Option<TenantId>,
    id: TokenId,
) -> Result<(), FlowError> {
    let mut tx = ctx.store.write().await?;
    let now = ctx.now();
    let ended = match tenant {
        Some(tenant) => tx.tenant(tenant).revoke_token(id, now).await?,
        None => tx.system().revoke_token(id, now).await?,
    };
    if !ended {
        return Err(FlowError::not_found("token", id));
    }
    tx.commit().await?;
    Ok(())
}
