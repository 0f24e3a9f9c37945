//! Registries of people who want no advertising: whether one applies to the tenant, and its copy.
//!
//! A copy is loaded beside the one that counts and takes its place in one transaction: whoever
//! judges meanwhile sees one of the two whole.

use std::collections::HashMap;

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use serde_json::{Value, json};

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// A registry as the tenant has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryRow {
    /// Its id (`co-rne`).
    pub registry: String,
    /// Whether it applies to the tenant.
    pub applies: bool,
    /// Why it does, or does not.
    pub reason: String,
    /// Who said so last, or loaded the copy.
    pub author: String,
    /// The day of the copy.
    pub as_of: Option<Ts>,
    /// People on the copy.
    pub people: u64,
    /// SHA-256 of the file, hex.
    pub file_sha256: Option<String>,
    /// When the copy was loaded.
    pub loaded_at: Option<Ts>,
    /// When it was last declared.
    pub declared_at: Ts,
}

/// Somebody on a copy.
#[derive(Clone, PartialEq, Eq)]
pub struct ListedPerson {
    /// Their number.
    pub address: AddressKey,
    /// Since when, where the registry says so.
    pub listed_at: Option<Ts>,
}

/// A copy that was read to its end.
#[derive(Clone, Copy, Debug)]
pub struct NewCopy<'a> {
    /// Of which registry.
    pub registry: &'a str,
    /// Under which its people were written.
    pub edition: &'a str,
    /// The day it tells of.
    pub as_of: Ts,
    /// SHA-256 of the file, hex.
    pub sha256: &'a str,
    /// Who loaded it.
    pub author: &'a str,
}

statements! {
    REGISTRIES = "select registry, applies, reason, author, as_of, people, file_sha256, loaded_at, declared_at
        from registries where tenant_id = $1 order by registry";
    REGISTRY_DECLARE = "insert into registries (tenant_id, registry, applies, reason, author, people, declared_at)
        values ($1, $2, $3, $4, $5, 0, $6)
        on conflict (tenant_id, registry) do update set applies = excluded.applies, reason = excluded.reason,
            author = excluded.author, declared_at = excluded.declared_at";
    REGISTRY_PEOPLE_PUT = "insert into registry_people (tenant_id, registry, edition, address, listed_at)
        select $1, $2, $3, j.value ->> 'a', j.value ->> 'at' from json_each($4) j where true
        on conflict (tenant_id, registry, edition, address) do nothing",
        postgres = "insert into registry_people (tenant_id, registry, edition, address, listed_at)
        select cast($1 as text), cast($2 as text), cast($3 as text), j.a, j.at
        from jsonb_to_recordset(cast($4 as jsonb)) as j(a text, at bigint) where true order by j.a
        on conflict (tenant_id, registry, edition, address) do nothing";
    REGISTRY_COUNT = "select count(*) from registry_people where tenant_id = $1 and registry = $2 and edition = $3";
    REGISTRY_LOADED = "insert into registries (tenant_id, registry, applies, reason, author, people, declared_at,
            as_of, edition, file_sha256, loaded_at)
        values ($1, $2, 1, 'a copy was loaded', $3, $4, $5, $6, $7, $8, $5)
        on conflict (tenant_id, registry) do update set applies = 1, author = excluded.author, people = excluded.people,
            as_of = excluded.as_of, edition = excluded.edition, file_sha256 = excluded.file_sha256,
            loaded_at = excluded.loaded_at";
    REGISTRY_FORGET = "delete from registry_people where tenant_id = $1 and registry = $2 and edition <> $3";
    REGISTRY_DROP = "delete from registry_people where tenant_id = $1 and registry = $2 and edition = $3";
    LISTED = "select r.address, r.registry, coalesce(r.listed_at, g.as_of) from json_each($2) j
        cross join registries g cross join registry_people r
        where g.tenant_id = $1 and g.applies = 1 and r.tenant_id = $1 and r.registry = g.registry
          and r.edition = g.edition and r.address = j.value",
        postgres = "select r.address, r.registry, coalesce(r.listed_at, g.as_of)
        from jsonb_array_elements_text(cast($2 as jsonb)) as j(value)
        cross join registries g join registry_people r
          on r.tenant_id = g.tenant_id and r.registry = g.registry and r.edition = g.edition and r.address = j.value
        where g.tenant_id = $1 and g.applies = 1";
    STALE_DUE = "update outbox set state = 'queued', not_before_at = $2
        where tenant_id = $1 and state = 'in_review' and rule = 'recipient.registry-stale'";
    STALE_WAKE = "insert into lanes (tenant_id, phone_number_id, contact_id, class, ready_at)
        select distinct o.tenant_id, o.phone_number_id, o.contact_id, o.class, cast($2 as bigint)
        from outbox o where o.tenant_id = $1 and o.state = 'queued' and o.rule = 'recipient.registry-stale'
          and o.not_before_at <= $2
        on conflict (phone_number_id, contact_id, class) do update
        set ready_at = case when lanes.ready_at is null or lanes.ready_at > excluded.ready_at
            then excluded.ready_at else lanes.ready_at end
        where lanes.tenant_id = excluded.tenant_id";
}

type Raw = (
    String,
    i64,
    String,
    String,
    Option<i64>,
    i64,
    Option<String>,
    Option<i64>,
    i64,
);

impl TenantTx<'_> {
    /// The registries that were declared or loaded.
    ///
    /// # Errors
    /// The database.
    pub async fn registries(&mut self) -> Result<Vec<RegistryRow>> {
        let rows: Vec<Raw> = self.tx.rows(REGISTRIES, args![self.tenant]).await?;
        let read =
            |(registry, applies, reason, author, as_of, people, sha, loaded, declared): Raw| {
                RegistryRow {
                    registry,
                    applies: applies == 1,
                    reason,
                    author,
                    as_of: as_of.map(Ts),
                    people: db::count(people),
                    file_sha256: sha,
                    loaded_at: loaded.map(Ts),
                    declared_at: Ts(declared),
                }
            };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Keeps whether a registry applies, and why. What was held for its copy is judged again.
    ///
    /// # Errors
    /// The database.
    pub async fn declare_registry(
        &mut self,
        registry: &str,
        applies: bool,
        reason: &str,
        author: &str,
        now: Ts,
    ) -> Result<()> {
        let args = args![self.tenant, registry, applies, reason, author, now];
        self.tx.run(REGISTRY_DECLARE, args).await?;
        self.rejudge_stale(now).await
    }

    /// Writes people of a copy that does not count yet; says how many are new to it.
    ///
    /// # Errors
    /// The database.
    pub async fn put_registry_people(
        &mut self,
        registry: &str,
        edition: &str,
        people: &[ListedPerson],
    ) -> Result<u64> {
        if people.is_empty() {
            return Ok(0);
        }
        let row = |p: &ListedPerson| json!({ "a": p.address, "at": p.listed_at });
        let rows = json::rows(people.iter().map(row).collect());
        let args = args![self.tenant, registry, edition, rows];
        self.tx.run(REGISTRY_PEOPLE_PUT, args).await
    }

    /// From now on this copy counts, and the ones before are forgotten; how many people are on it.
    /// What was held for an old copy is judged again.
    ///
    /// # Errors
    /// The database.
    pub async fn use_registry(&mut self, copy: NewCopy<'_>, now: Ts) -> Result<u64> {
        let which = || args![self.tenant, copy.registry, copy.edition];
        let (people,): (i64,) = self.tx.row(REGISTRY_COUNT, which()).await?.unwrap_or((0,));
        let args = args![
            self.tenant,
            copy.registry,
            copy.author,
            people,
            now,
            copy.as_of,
            copy.edition,
            copy.sha256
        ];
        self.tx.run(REGISTRY_LOADED, args).await?;
        self.tx.run(REGISTRY_FORGET, which()).await?;
        self.rejudge_stale(now).await?;
        Ok(db::count(people))
    }

    /// Forgets a copy that was not read to its end.
    ///
    /// # Errors
    /// The database.
    pub async fn drop_registry_copy(&mut self, registry: &str, edition: &str) -> Result<()> {
        let args = args![self.tenant, registry, edition];
        self.tx.run(REGISTRY_DROP, args).await.map(drop)
    }

    /// Which of these addresses are on a registry that applies: (registry, since when).
    ///
    /// # Errors
    /// The database.
    pub async fn listed_people(
        &mut self,
        addresses: &[AddressKey],
    ) -> Result<HashMap<String, Vec<(String, Option<Ts>)>>> {
        let mut all: HashMap<String, Vec<(String, Option<Ts>)>> = HashMap::new();
        if addresses.is_empty() {
            return Ok(all);
        }
        let keys = addresses.iter().map(|a| Value::from(a.as_str())).collect();
        let args = args![self.tenant, json::rows(keys)];
        let rows: Vec<(String, String, Option<i64>)> = self.tx.rows(LISTED, args).await?;
        for (address, registry, since) in rows {
            let of = all.entry(address).or_default();
            of.push((registry, since.map(Ts)));
        }
        Ok(all)
    }

    async fn rejudge_stale(&mut self, now: Ts) -> Result<()> {
        let args = || args![self.tenant, now];
        if self.tx.run(STALE_DUE, args()).await? > 0 {
            self.tx.run(STALE_WAKE, args()).await?;
        }
        Ok(())
    }
}
