//! What plugins remember: keys and values per installation.

use portero_domain::clock::Ts;
use portero_domain::ids::InstallationId;
use serde_json::json;

use crate::db;
use crate::error::{Result, StoreError};
use crate::json;
use crate::tx::TenantTx;

/// One write of a plugin call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKvWrite {
    /// Key.
    pub key: String,
    /// Value; `None` deletes.
    pub value: Option<Vec<u8>>,
    /// When it is forgotten.
    pub expires_at: Option<Ts>,
}

macro_rules! owned {
    () => {
        "exists (select 1 from installations i
            where i.installation_id = plugin_kv.installation_id and i.tenant_id = $1)"
    };
}

statements! {
    KV_GET = concat!("select value from plugin_kv where installation_id = $2 and key = $3
        and (expires_at is null or expires_at > $4) and ", owned!());
    KV_LIST = concat!("select key from plugin_kv where installation_id = $2 and key > $4
        and substr(key, 1, length($3)) = $3 and (expires_at is null or expires_at > $5) and ", owned!(),
        " order by key limit $6"),
        postgres = concat!("select key from plugin_kv where installation_id = $2 and key collate \"C\" > $4
        and substr(key, 1, length(cast($3 as text))) = $3 and (expires_at is null or expires_at > $5) and ", owned!(),
        " order by key collate \"C\" limit $6");
    KV_PUT = "insert into plugin_kv (installation_id, key, value, expires_at)
        select i.installation_id, j.value ->> 'k', unhex(j.value ->> 'v'), j.value ->> 'e'
        from json_each($3) j join installations i on i.tenant_id = $1 and i.installation_id = $2
        where true
        on conflict (installation_id, key) do update set value = excluded.value, expires_at = excluded.expires_at",
        postgres = "insert into plugin_kv (installation_id, key, value, expires_at)
        select i.installation_id, j.k, decode(j.v, 'hex'), j.e
        from jsonb_to_recordset(cast($3 as jsonb)) as j(k text, v text, e bigint)
        join installations i on i.tenant_id = $1 and i.installation_id = $2
        where true
        order by j.k
        on conflict (installation_id, key) do update set value = excluded.value, expires_at = excluded.expires_at";
    KV_DELETE = concat!("delete from plugin_kv where installation_id = $2
        and key in (select value from json_each($3)) and ", owned!()),
        postgres = concat!("delete from plugin_kv where installation_id = $2
        and key in (select jsonb_array_elements_text(cast($3 as jsonb))) and ", owned!());
    KV_USAGE = concat!("select cast(coalesce(sum(octet_length(key) + octet_length(value)), 0) as bigint) from plugin_kv
        where installation_id = $2 and ", owned!());
    /// Without the keys that are about to be written, and without what is forgotten.
    KV_USAGE_BESIDE = concat!("select cast(coalesce(sum(octet_length(key) + octet_length(value)), 0) as bigint) from plugin_kv
        where installation_id = $2 and key not in (select value from json_each($3))
        and (expires_at is null or expires_at > $4) and ", owned!()),
        postgres = concat!("select cast(coalesce(sum(octet_length(key) + octet_length(value)), 0) as bigint) from plugin_kv
        where installation_id = $2 and key not in (select jsonb_array_elements_text(cast($3 as jsonb)))
        and (expires_at is null or expires_at > $4) and ", owned!());
}

impl TenantTx<'_> {
    /// A value that is not forgotten at `now`.
    ///
    /// # Errors
    /// The database.
    pub async fn kv_get(
        &mut self,
        installation: InstallationId,
        key: &str,
        now: Ts,
    ) -> Result<Option<Vec<u8>>> {
        let row: Option<(Vec<u8>,)> = self
            .tx
            .row(KV_GET, args![self.tenant, installation, key, now])
            .await?;
        Ok(row.map(|(value,)| value))
    }

    /// Keys with a prefix, in byte order, after a cursor.
    ///
    /// # Errors
    /// The database.
    pub async fn kv_list(
        &mut self,
        installation: InstallationId,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        now: Ts,
    ) -> Result<Vec<String>> {
        let args = args![
            self.tenant,
            installation,
            prefix,
            after.unwrap_or_default(),
            now,
            db::limit(limit)
        ];
        let rows: Vec<(String,)> = self.tx.rows(KV_LIST, args).await?;
        Ok(rows.into_iter().map(|(key,)| key).collect())
    }

    /// Applies the writes of a call; of two writes to one key the last counts.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the installation is not the tenant's, or the database.
    pub async fn kv_apply(
        &mut self,
        installation: InstallationId,
        writes: &[StoredKvWrite],
    ) -> Result<()> {
        let last: std::collections::BTreeMap<&str, &StoredKvWrite> =
            writes.iter().map(|w| (w.key.as_str(), w)).collect();
        let (mut puts, mut deletes) = (Vec::new(), Vec::new());
        for write in last.into_values() {
            match &write.value {
                Some(value) => puts.push(
                    json!({ "k": write.key, "v": hex::encode(value), "e": write.expires_at }),
                ),
                None => deletes.push(json!(write.key)),
            }
        }
        if !deletes.is_empty() {
            self.tx
                .run(
                    KV_DELETE,
                    args![self.tenant, installation, json::rows(deletes)],
                )
                .await?;
        }
        if !puts.is_empty()
            && self
                .tx
                .run(KV_PUT, args![self.tenant, installation, json::rows(puts)])
                .await?
                == 0
        {
            return Err(StoreError::NotFound {
                what: "installation",
            });
        }
        Ok(())
    }

    /// Bytes an installation keeps, keys and values, forgotten ones included.
    ///
    /// # Errors
    /// The database.
    pub async fn kv_usage(&mut self, installation: InstallationId) -> Result<u64> {
        let row: Option<(i64,)> = self
            .tx
            .row(KV_USAGE, args![self.tenant, installation])
            .await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }

    /// Bytes an installation would keep at `now` after these writes, each key once.
    ///
    /// # Errors
    /// The database.
    pub async fn kv_usage_after(
        &mut self,
        installation: InstallationId,
        writes: &[StoredKvWrite],
        now: Ts,
    ) -> Result<u64> {
        let keys = json::rows(writes.iter().map(|w| json!(w.key)).collect());
        let row: Option<(i64,)> = self
            .tx
            .row(KV_USAGE_BESIDE, args![self.tenant, installation, keys, now])
            .await?;
        let beside = row.map_or(0, |(n,)| db::count(n));
        let written: usize = writes
            .iter()
            .filter_map(|w| w.value.as_ref().map(|value| w.key.len() + value.len()))
            .sum();
        Ok(beside.saturating_add(u64::try_from(written).unwrap_or(u64::MAX)))
    }
}
