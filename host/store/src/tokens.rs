//! Access tokens of the API: only their hashes are kept.

use portero_domain::clock::Ts;
use portero_domain::ids::{TenantId, TokenId};

use crate::error::Result;
use crate::json;
use crate::tx::SystemTx;

/// A token to be kept.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its id.
    pub id: TokenId,
    /// The one tenant it reaches; `None` for the operator.
    pub tenant: Option<TenantId>,
    /// What it is for.
    pub label: String,
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
    /// What it is for.
    pub label: String,
    /// When it was made.
    pub created_at: Ts,
    /// When it was ended.
    pub revoked_at: Option<Ts>,
}

statements! {
    TOKEN_BY_SECRET = "select token_id, tenant_id, label, created_at, revoked_at from tokens where secret_sha256 = $1";
    TOKENS = "select token_id, tenant_id, label, created_at, revoked_at from tokens order by token_id";
    TOKEN_PUT = "insert into tokens (token_id, tenant_id, label, secret_sha256, created_at) values ($1, $2, $3, $4, $5)";
    TOKEN_REVOKE = "update tokens set revoked_at = $2 where token_id = $1 and revoked_at is null";
}

type Raw = (String, Option<String>, String, i64, Option<i64>);

fn read((id, tenant, label, created_at, revoked_at): Raw) -> Result<TokenRow> {
    Ok(TokenRow {
        id: json::id("token_id", &id)?,
        tenant: json::opt_id("tenant_id", tenant.as_deref())?,
        label,
        created_at: Ts(created_at),
        revoked_at: revoked_at.map(Ts),
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
            now
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
}
