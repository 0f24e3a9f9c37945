//! Keys of requests that make something once, however often they are sent.

use portero_domain::clock::Ts;
use portero_domain::ids::TenantId;

use crate::error::Result;
use crate::tx::SystemTx;

/// Stands for a tenant where the request concerns the whole server.
const SERVER: &str = "server";

/// A request with a key.
#[derive(Clone, Copy, Debug)]
pub struct KeyedRequest<'a> {
    /// Whose key it is; `None`: of the whole server.
    pub owner: Option<TenantId>,
    /// What it asks for.
    pub operation: &'a str,
    /// The caller's key.
    pub key: &'a str,
    /// SHA-256 of its body, as hex.
    pub body_sha256: &'a str,
}

/// What a key made before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMade {
    /// SHA-256 of the body it came with.
    pub body_sha256: String,
    /// Id of what was made.
    pub id: String,
}

statements! {
    KEYS_OLD = "delete from request_keys where owner = $1 and made_at < $2";
    KEY_TAKE = "insert into request_keys (owner, operation, key, body_sha256, made_id, made_at)
        values ($1, $2, $3, $4, $5, $6) on conflict (owner, operation, key) do nothing";
    KEY_OF = "select body_sha256, made_id from request_keys where owner = $1 and operation = $2 and key = $3";
}

impl SystemTx<'_> {
    /// Takes a key for what is about to be made in this transaction, and forgets those of its owner from before
    /// `oldest`. What the key made before, when it was taken already.
    ///
    /// # Errors
    /// The database.
    pub async fn take_request_key(
        &mut self,
        request: &KeyedRequest<'_>,
        id: &str,
        now: Ts,
        oldest: Ts,
    ) -> Result<Option<KeyMade>> {
        let owner = request
            .owner
            .map_or_else(|| SERVER.to_owned(), |tenant| tenant.to_string());
        self.tx.run(KEYS_OLD, args![owner.as_str(), oldest]).await?;
        let taken = self
            .tx
            .run(
                KEY_TAKE,
                args![
                    owner.as_str(),
                    request.operation,
                    request.key,
                    request.body_sha256,
                    id,
                    now
                ],
            )
            .await?;
        if taken == 1 {
            return Ok(None);
        }
        let found: Option<(String, String)> = self
            .tx
            .row(
                KEY_OF,
                args![owner.as_str(), request.operation, request.key],
            )
            .await?;
        Ok(found.map(|(body_sha256, id)| KeyMade { body_sha256, id }))
    }
}
