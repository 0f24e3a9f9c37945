//! Access tokens of the API: only their hashes are kept.

use portero_domain::access::Role;
use portero_domain::clock::Ts;
use portero_domain::ids::{TenantId, TokenId, UserId};

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::{SystemTx, TenantTx};

/// A token to be kept.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its id.
    pub id: TokenId,
    /// The one tenant it reaches; `None` for the operator.
    pub tenant: Option<TenantId>,
    /// Whose session of the console it is; `None` for a token of a program.
    pub user: Option<UserId>,
    /// What it is for.
    pub label: String,
    /// What it may do within its reach.
    pub role: Role,
    /// When it ends by itself.
    pub expires_at: Option<Ts>,
    /// SHA-256 of the secret, hex.
    pub secret_sha256: String,
}

/// A token as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its id.
    pub id: TokenId,
    /// The one tenant it reaches; `None` for the operator.
    pub tenant: Option<TenantId>,
    /// Whose session of the console it is; `None` for a token of a program.
    pub user: Option<UserId>,
    /// What it is for.
    pub label: String,
    /// When it was made.
    pub created_at: Ts,
    /// When it was ended.
    pub revoked_at: Option<Ts>,
    /// What it may do within its reach.
    pub role: Role,
    /// When it ends by itself.
    pub expires_at: Option<Ts>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Ts>,
}

statements! {
    TOKEN_BY_SECRET = "select token_id, tenant_id, label, created_at, revoked_at, role, expires_at, last_used_at, user_id from tokens where secret_sha256 = $1";
    TOKENS = "select token_id, tenant_id, label, created_at, revoked_at, role, expires_at, last_used_at, user_id from tokens order by token_id";
    TOKENS_PAGE = "select token_id, tenant_id, label, created_at, revoked_at, role, expires_at, last_used_at, user_id from tokens
        where token_id > $1 order by token_id limit $2";
    TOKENS_PAGE_OF = "select token_id, tenant_id, label, created_at, revoked_at, role, expires_at, last_used_at, user_id from tokens
        where tenant_id = $1 and token_id > $2 order by token_id limit $3";
    SESSIONS = "select token_id, tenant_id, label, created_at, revoked_at, role, expires_at, last_used_at, user_id from tokens
        where user_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
        order by token_id desc limit 100";
    TOKEN_PUT = "insert into tokens (token_id, tenant_id, label, secret_sha256, created_at, role, expires_at, user_id) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    TOKEN_REVOKE = "update tokens set revoked_at = $2 where token_id = $1 and revoked_at is null";
    TOKEN_USED = "update tokens set last_used_at = $2 where token_id = $1 and (last_used_at is null or last_used_at < $2)";
    TOKENS_OF = "select token_id, tenant_id, label, created_at, revoked_at, role, expires_at, last_used_at, user_id from tokens where tenant_id = $1 order by token_id";
    TOKEN_REVOKE_OF = "update tokens set revoked_at = $3 where tenant_id = $1 and token_id = $2 and revoked_at is null";
}

type Raw = (
    String,
    Option<String>,
    String,
    i64,
    Option<i64>,
    String,
    Option<i64>,
    Option<i64>,
    Option<String>,
);

fn read(
    (id, tenant, label, created_at, revoked_at, role, expires_at, last_used_at, user): Raw,
) -> Result<TokenRow> {
    Ok(TokenRow {
        id: json::id("token_id", &id)?,
        tenant: json::opt_id("tenant_id", tenant.as_deref())?,
        user: json::opt_id("user_id", user.as_deref())?,
        label,
        created_at: Ts(created_at),
        revoked_at: revoked_at.map(Ts),
        role: json::from_word("role", &role)?,
        expires_at: expires_at.map(Ts),
        last_used_at: last_used_at.map(Ts),
    })
}

impl SystemTx<'_> {
    /// The token with that hash, revoked or not.
    ///
    /// # Errors
    /// The database.
    pub async fn token(&mut self, secret_sha256: &str) -> Result<Option<TokenRow>> {
        let row: Option<Raw> = self.tx.row(TOKEN_BY_SECRET, args![secret_sha256]).await?;
        row.map(read).transpose()
    }

    /// Every token, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn tokens(&mut self) -> Result<Vec<TokenRow>> {
        let rows: Vec<Raw> = self.tx.rows(TOKENS, args![]).await?;
        rows.into_iter().map(read).collect()
    }

    /// Tokens of one tenant, or all, oldest first, after one of them.
    ///
    /// # Errors
    /// The database.
    pub async fn tokens_page(
        &mut self,
        reach: Option<TenantId>,
        limit: usize,
        after: Option<TokenId>,
    ) -> Result<Vec<TokenRow>> {
        let after = after.map_or_else(String::new, |id| id.to_string());
        let limit = db::limit(limit);
        let rows: Vec<Raw> = match reach {
            Some(tenant) => {
                let args = args![tenant, after, limit];
                self.tx.rows(TOKENS_PAGE_OF, args).await?
            }
            None => self.tx.rows(TOKENS_PAGE, args![after, limit]).await?,
        };
        rows.into_iter().map(read).collect()
    }

    /// Sessions of a user that are open at `now`, newest first; the last hundred.
    ///
    /// # Errors
    /// The database.
    pub async fn sessions(&mut self, user: UserId, now: Ts) -> Result<Vec<TokenRow>> {
        let rows: Vec<Raw> = self.tx.rows(SESSIONS, args![user, now]).await?;
        rows.into_iter().map(read).collect()
    }

    /// Keeps a token.
    ///
    /// # Errors
    /// [`crate::StoreError::Constraint`] when the hash is known, or the database.
    pub async fn put_token(&mut self, new: &NewToken, now: Ts) -> Result<()> {
        let args = args![
            new.id,
            new.tenant,
            new.label.as_str(),
            new.secret_sha256.as_str(),
            now,
            new.role.as_str(),
            new.expires_at,
            new.user
        ];
        self.tx.run(TOKEN_PUT, args).await.map(drop)
    }

    /// Ends a token; `false` when there is none or it was ended before.
    ///
    /// # Errors
    /// The database.
    pub async fn revoke_token(&mut self, id: TokenId, now: Ts) -> Result<bool> {
        Ok(self.tx.run(TOKEN_REVOKE, args![id, now]).await? == 1)
    }

    /// Keeps when a token was used; never goes back.
    ///
    /// # Errors
    /// The database.
    pub async fn token_used(&mut self, id: TokenId, now: Ts) -> Result<()> {
        self.tx.run(TOKEN_USED, args![id, now]).await.map(drop)
    }
}

impl TenantTx<'_> {
    /// Every token of this tenant, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn tokens(&mut self) -> Result<Vec<TokenRow>> {
        let rows: Vec<Raw> = self.tx.rows(TOKENS_OF, args![self.tenant]).await?;
        rows.into_iter().map(read).collect()
    }

    /// Ends a token of this tenant; `false` when it has none of that id or it was ended before.
    ///
    /// # Errors
    /// The database.
    pub async fn revoke_token(&mut self, id: TokenId, now: Ts) -> Result<bool> {
        let args = args![self.tenant, id, now];
        Ok(self.tx.run(TOKEN_REVOKE_OF, args).await? == 1)
    }
}
