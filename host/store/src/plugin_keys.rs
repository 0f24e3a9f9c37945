//! Keys of plugins' authors that a tenant trusts, and where installed components came from.

use portero_domain::clock::Ts;
use portero_domain::ids::InstallationId;

use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// A key that a tenant trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginKey {
    /// Its id as minisign shows it: 16 hex digits.
    pub key_id: String,
    /// The key, as the second line of minisign's file has it.
    pub public_key: String,
    /// Whose it is, in the operator's words.
    pub name: String,
    /// Ids of plugins that it may sign: beginnings that end in a dot, or whole ids.
    pub prefixes: Vec<String>,
    /// Who added it.
    pub author: String,
    /// When.
    pub added_at: Ts,
    /// Id of the key that took its place; empty while none did.
    pub replaced_by: String,
}

/// Where a component that was installed came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationOrigin {
    /// Which installation.
    pub id: InstallationId,
    /// The component.
    pub digest: String,
    /// The key that signed it; empty when none did.
    pub public_key: String,
    /// The address it was fetched from; empty for a file.
    pub source: String,
}

statements! {
    PLUGIN_KEYS = "select key_id, public_key, name, prefixes, author, added_at, replaced_by from plugin_keys
        where tenant_id = $1 order by added_at, key_id";
    PLUGIN_KEY_PUT = "insert into plugin_keys (tenant_id, key_id, public_key, name, prefixes, author, added_at,
            replaced_by)
        values ($1, $2, $3, $4, $5, $6, $7, '')
        on conflict (tenant_id, key_id) do update
        set public_key = excluded.public_key, name = excluded.name, prefixes = excluded.prefixes,
            author = excluded.author";
    PLUGIN_KEY_REPLACED = "update plugin_keys set replaced_by = $3 where tenant_id = $1 and key_id = $2";
    PLUGIN_KEY_DROP = "delete from plugin_keys where tenant_id = $1 and key_id = $2";
    /// Bytes that were signed once stay signed when the same come again without a signature.
    ORIGIN_PUT = "insert into installation_origins (installation_id, tenant_id, digest, public_key, source)
        select i.installation_id, i.tenant_id, $3, $4, $5 from installations i
        where i.tenant_id = $1 and i.installation_id = $2
        on conflict (installation_id, digest) do update
        set public_key = case excluded.public_key when '' then installation_origins.public_key
                else excluded.public_key end, source = excluded.source",
        postgres = "insert into installation_origins (installation_id, tenant_id, digest, public_key, source)
        select i.installation_id, i.tenant_id, cast($3 as text), cast($4 as text), cast($5 as text)
        from installations i where i.tenant_id = $1 and i.installation_id = $2
        on conflict (installation_id, digest) do update
        set public_key = case excluded.public_key when '' then installation_origins.public_key
                else excluded.public_key end, source = excluded.source";
    ORIGINS = "select installation_id, digest, public_key, source from installation_origins
        where tenant_id = $1 order by installation_id, digest";
}

#[derive(sqlx::FromRow)]
struct Raw {
    key_id: String,
    public_key: String,
    name: String,
    prefixes: String,
    author: String,
    added_at: i64,
    replaced_by: String,
}

impl TenantTx<'_> {
    /// The keys that are trusted, the oldest first; those that another one replaced among them.
    ///
    /// # Errors
    /// The database.
    pub async fn plugin_keys(&mut self) -> Result<Vec<PluginKey>> {
        let rows: Vec<Raw> = self.tx.rows(PLUGIN_KEYS, args![self.tenant]).await?;
        Ok(rows
            .into_iter()
            .map(|row| PluginKey {
                key_id: row.key_id,
                public_key: row.public_key,
                name: row.name,
                prefixes: row.prefixes.split(',').map(str::to_owned).collect(),
                author: row.author,
                added_at: Ts(row.added_at),
                replaced_by: row.replaced_by,
            })
            .collect())
    }

    /// Trusts a key, or the same one under other words; `added_at` and `replaced_by` of one that is there stay.
    ///
    /// # Errors
    /// The database.
    pub async fn put_plugin_key(&mut self, key: &PluginKey) -> Result<()> {
        let args = args![
            self.tenant,
            key.key_id.as_str(),
            key.public_key.as_str(),
            key.name.as_str(),
            key.prefixes.join(","),
            key.author.as_str(),
            key.added_at
        ];
        self.must("plugin key", PLUGIN_KEY_PUT, args).await
    }

    /// Says which key took another one's place.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`], or the database.
    pub async fn replace_plugin_key(&mut self, key_id: &str, by: &str) -> Result<()> {
        let args = args![self.tenant, key_id, by];
        self.must("plugin key", PLUGIN_KEY_REPLACED, args).await
    }

    /// Trusts a key no more; whether it was trusted.
    ///
    /// # Errors
    /// The database.
    pub async fn remove_plugin_key(&mut self, key_id: &str) -> Result<bool> {
        let gone = self
            .tx
            .run(PLUGIN_KEY_DROP, args![self.tenant, key_id])
            .await?;
        Ok(gone > 0)
    }

    /// Notes where a component came from. Whoever signed the same bytes before still did.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] when the tenant has no such installation, or the database.
    pub async fn put_installation_origin(&mut self, origin: &InstallationOrigin) -> Result<()> {
        let args = args![
            self.tenant,
            origin.id,
            origin.digest.as_str(),
            origin.public_key.as_str(),
            origin.source.as_str()
        ];
        self.must("installation", ORIGIN_PUT, args).await
    }

    /// Where the components of the tenant's installations came from; nothing of what was installed before this was
    /// kept.
    ///
    /// # Errors
    /// The database.
    pub async fn installation_origins(&mut self) -> Result<Vec<InstallationOrigin>> {
        let rows: Vec<(String, String, String, String)> =
            self.tx.rows(ORIGINS, args![self.tenant]).await?;
        rows.into_iter()
            .map(|(id, digest, public_key, source)| {
                Ok(InstallationOrigin {
                    id: json::id("installation_id", &id)?,
                    digest,
                    public_key,
                    source,
                })
            })
            .collect()
    }
}
