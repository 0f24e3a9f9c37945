//! Settings, tenants, their policy, mode and stop switches.

use portero_domain::clock::Ts;
use portero_domain::ids::TenantId;
use portero_domain::language::Language;
use portero_gate::Policy;
use portero_gate::facts::{Stop, TenantMode};
use serde_json::json;

use crate::db;
use crate::error::{Result, StoreError};
use crate::json;
use crate::policies;
use crate::seal::DataKey;
use crate::standing::{Of, SWITCHES};
use crate::tx::{SystemTx, TenantTx};

/// A tenant as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRow {
    /// Its id.
    pub id: TenantId,
    /// Short name in URLs and commands, unique.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// Where it may send.
    pub mode: TenantMode,
    /// Language of the host's own words to its people.
    pub language: Language,
    /// IANA zone.
    pub timezone: String,
    /// Two letters.
    pub country: String,
    /// What it tuned.
    pub policy: Policy,
    /// SHA-256 of the policy's canonical JSON, hex.
    pub policy_revision: String,
    /// Its own stop switch (not the one for all).
    pub stopped: Option<Stop>,
    /// When it was made.
    pub created_at: Ts,
}

/// A tenant to be made.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// Its id.
    pub id: TenantId,
    /// Short name, unique.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// Where it may send.
    pub mode: TenantMode,
    /// Language of the host's own words.
    pub language: Language,
    /// IANA zone.
    pub timezone: String,
    /// Two letters.
    pub country: String,
    /// What it tunes.
    pub policy: Policy,
}

macro_rules! columns {
    () => {
        "tenant_id, slug, name, mode, language, timezone, country, policy, policy_revision, stopped_at, stop_reason, created_at"
    };
}

statements! {
    SETTING_GET = "select value from settings where key = $1";
    SETTING_SET = "insert into settings (key, value) values ($1, $2)
        on conflict (key) do update set value = excluded.value";
    SETTING_DELETE = "delete from settings where key = $1";
    TENANTS = concat!("select ", columns!(), " from tenants order by tenant_id");
    TENANTS_PAGE = concat!("select ", columns!(), " from tenants where tenant_id > $1 order by tenant_id limit $2");
    TENANT_BY_ID = concat!("select ", columns!(), " from tenants where tenant_id = $1");
    TENANT_BY_SLUG = concat!("select ", columns!(), " from tenants where slug = $1");
    TENANT_INSERT = "insert into tenants (tenant_id, slug, name, mode, language, timezone, country,
            policy, policy_revision, data_key, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (slug) do nothing";
    TENANT_SET_MODE = "update tenants set mode = $2 where tenant_id = $1";
    TENANT_SET_STOP = "update tenants set stopped_at = $2, stop_reason = $3 where tenant_id = $1";
    DATA_KEYS = "select tenant_id, data_key from tenants order by tenant_id";
    TENANT_HOLD = "select tenant_id from tenants where tenant_id = $1",
        postgres = "select tenant_id from tenants where tenant_id = $1 for no key update";
    TENANT_DATA_KEY = "select data_key from tenants where tenant_id = $1";
}

#[derive(sqlx::FromRow)]
struct RawTenant {
    tenant_id: String,
    slug: String,
    name: String,
    mode: String,
    language: String,
    timezone: String,
    country: String,
    policy: String,
    policy_revision: String,
    stopped_at: Option<i64>,
    stop_reason: Option<String>,
    created_at: i64,
}

impl RawTenant {
    fn read(self) -> Result<TenantRow> {
        Ok(TenantRow {
            id: json::id("tenant_id", &self.tenant_id)?,
            slug: self.slug,
            name: self.name,
            mode: json::from_word("tenant mode", &self.mode)?,
            language: json::from_word("tenant language", &self.language)?,
            timezone: self.timezone,
            country: self.country,
            policy: json::read("policy", &self.policy)?,
            policy_revision: self.policy_revision,
            stopped: stop("tenant", self.stopped_at, self.stop_reason),
            created_at: Ts(self.created_at),
        })
    }
}

/// A stop switch from its two columns.
pub(crate) fn stop(scope: &str, at: Option<i64>, reason: Option<String>) -> Option<Stop> {
    at.map(|at| Stop {
        scope: scope.to_owned(),
        since: Ts(at),
        reason: reason.unwrap_or_default(),
    })
}

/// Key of the stop switch for everything.
pub(crate) const STOP_ALL: &str = "stop_all";

/// Reads the stop switch for everything from its setting.
pub(crate) fn read_stop_all(text: &str) -> Result<Stop> {
    json::read("stop_all", text)
}

impl SystemTx<'_> {
    /// A setting of the host.
    ///
    /// # Errors
    /// The database.
    pub async fn setting(&mut self, key: &str) -> Result<Option<String>> {
        let row: Option<(String,)> = self.tx.row(SETTING_GET, args![key]).await?;
        Ok(row.map(|(v,)| v))
    }

    /// Sets a setting of the host.
    ///
    /// # Errors
    /// The database.
    pub async fn set_setting(&mut self, key: &str, value: &str) -> Result<()> {
        self.tx.run(SETTING_SET, args![key, value]).await.map(drop)
    }

    /// Every tenant, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn tenants(&mut self) -> Result<Vec<TenantRow>> {
        let rows: Vec<RawTenant> = self.tx.rows(TENANTS, args![]).await?;
        rows.into_iter().map(RawTenant::read).collect()
    }

    /// Tenants in the order in which they were made, after one of them.
    ///
    /// # Errors
    /// The database.
    pub async fn tenants_page(
        &mut self,
        limit: usize,
        after: Option<TenantId>,
    ) -> Result<Vec<TenantRow>> {
        let after = after.map_or_else(String::new, |id| id.to_string());
        let args = args![after, db::limit(limit)];
        let rows: Vec<RawTenant> = self.tx.rows(TENANTS_PAGE, args).await?;
        rows.into_iter().map(RawTenant::read).collect()
    }

    /// The tenant of that short name.
    ///
    /// # Errors
    /// The database.
    pub async fn tenant_by_slug(&mut self, slug: &str) -> Result<Option<TenantRow>> {
        let row: Option<RawTenant> = self.tx.row(TENANT_BY_SLUG, args![slug]).await?;
        row.map(RawTenant::read).transpose()
    }

    /// Makes a tenant and its data key.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the short name is in use, or the database.
    pub async fn create_tenant(&mut self, new: &NewTenant, now: Ts) -> Result<()> {
        let (policy, revision) = policies::columns(&new.policy)?;
        let secrets = &self.tx.secrets;
        let key = secrets
            .master
            .new_data_key(&*secrets.ids, &new.id.to_string())?;
        let args = args![
            new.id,
            new.slug.as_str(),
            new.name.as_str(),
            json::word("tenant mode", &new.mode)?,
            new.language.code(),
            new.timezone.as_str(),
            new.country.as_str(),
            policy,
            revision,
            key,
            now
        ];
        if self.tx.run(TENANT_INSERT, args).await? == 0 {
            return Err(StoreError::Taken {
                what: "tenant",
                name: new.slug.clone(),
            });
        }
        self.tx.tenant(new.id).begin_policies().await
    }

    /// Opens what the master key itself seals: every tenant's data key and every app's secrets.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when one does not open, or the database.
    pub async fn check_master(&mut self) -> Result<()> {
        let keys: Vec<(String, Vec<u8>)> = self.tx.rows(DATA_KEYS, args![]).await?;
        for (tenant, sealed) in keys {
            self.tx.secrets.master.data_key(&tenant, &sealed)?;
        }
        for app in self.apps().await? {
            self.app(&app).await?;
        }
        Ok(())
    }

    /// The stop switch for everything.
    ///
    /// # Errors
    /// The database.
    pub async fn stop_all(&mut self) -> Result<Option<Stop>> {
        self.setting(STOP_ALL)
            .await?
            .as_deref()
            .map(read_stop_all)
            .transpose()
    }

    /// Throws or releases the stop switch for everything: (reason, since).
    ///
    /// # Errors
    /// The database.
    pub async fn set_stop_all(&mut self, stop: Option<(String, Ts)>) -> Result<()> {
        match stop {
            Some((reason, since)) => {
                let value = json!({ "scope": "all", "since": since, "reason": reason }).to_string();
                self.set_setting(STOP_ALL, &value).await
            }
            None => self.tx.run(SETTING_DELETE, args![STOP_ALL]).await.map(drop),
        }
    }
}

impl TenantTx<'_> {
    /// The tenant itself.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or the database.
    pub async fn row(&mut self) -> Result<TenantRow> {
        let row: Option<RawTenant> = self.tx.row(TENANT_BY_ID, args![self.tenant]).await?;
        row.ok_or(StoreError::NotFound { what: "tenant" })?.read()
    }

    /// Keeps others from changing the tenant's own row until this transaction ends: what is read of it from now
    /// on still holds when it is written. On SQLite one transaction writes at a time anyway.
    ///
    /// # Errors
    /// The database.
    pub async fn hold(&mut self) -> Result<()> {
        let _: Option<(String,)> = self.tx.row(TENANT_HOLD, args![self.tenant]).await?;
        Ok(())
    }

    /// Sets where the tenant may send.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or the database.
    pub async fn set_mode(&mut self, mode: TenantMode) -> Result<()> {
        let mode = json::word("tenant mode", &mode)?;
        self.must("tenant", TENANT_SET_MODE, args![self.tenant, mode])
            .await
    }

    /// Throws (for a reason) or releases the tenant's stop switch.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or the database.
    pub async fn set_stop(&mut self, reason: Option<&str>, now: Ts) -> Result<()> {
        let before = self.standing(Of::Tenant).await?;
        let args = args![self.tenant, reason.map(|_| now), reason];
        self.must("tenant", TENANT_SET_STOP, args).await?;
        self.tell_changed(before, Of::Tenant, SWITCHES, now).await
    }

    /// The tenant's data key, unwrapped.
    pub(crate) async fn data_key(&mut self) -> Result<DataKey> {
        let row: Option<(Vec<u8>,)> = self.tx.row(TENANT_DATA_KEY, args![self.tenant]).await?;
        let (sealed,) = row.ok_or(StoreError::NotFound { what: "tenant" })?;
        self.tx
            .secrets
            .master
            .data_key(&self.tenant.to_string(), &sealed)
    }
}
