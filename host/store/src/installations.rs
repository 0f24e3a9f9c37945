//! Plugins installed for a tenant: configuration, grants, handle key, breaker.

use portero_domain::clock::Ts;
use portero_domain::ids::{InstallationId, PluginId, TenantId};
use portero_domain::plugin::PluginKind;

use crate::error::Result;
use crate::json;
use crate::plugins::plugin_id;
use crate::seal::{JournalKey, MasterKey, Place};
use crate::tx::{SystemTx, TenantTx};

/// A plugin to be installed, or reinstalled with another digest, configuration or grant.
#[derive(Clone, Debug)]
pub struct NewInstallation {
    /// Its id; kept from the first time when the tenant has this plugin already.
    pub id: InstallationId,
    /// The component.
    pub digest: String,
    /// The plugin's own name.
    pub plugin_id: PluginId,
    /// What it is for.
    pub kind: PluginKind,
    /// Operator's order, lowest first.
    pub position: i64,
    /// JSON text.
    pub config: String,
    /// JSON text.
    pub grants: String,
    /// Key of the handles it sees people by; kept from the first time.
    pub handle_key: Vec<u8>,
    /// Whether it is called.
    pub enabled: bool,
}

/// An installed plugin.
#[derive(Clone, PartialEq, Eq)]
pub struct InstallationRow {
    /// Its id.
    pub id: InstallationId,
    /// The component.
    pub digest: String,
    /// The plugin's own name.
    pub plugin_id: PluginId,
    /// What it is for.
    pub kind: PluginKind,
    /// Operator's order, lowest first.
    pub position: i64,
    /// JSON text.
    pub config: String,
    /// JSON text.
    pub grants: String,
    /// Key of the handles it sees people by.
    pub handle_key: Vec<u8>,
    /// Seals what its calls were.
    pub journal_key: JournalKey,
    /// Whether it is called.
    pub enabled: bool,
    /// Hard failures without a success between them.
    pub failures_in_row: u32,
    /// Until when it is not called (lease time).
    pub breaker_open_until: Option<Ts>,
    /// How often the breaker opened in a row.
    pub breaker_opened: u32,
    /// When it was installed.
    pub created_at: Ts,
}

/// Without configuration and key: either may hold what is nobody's business.
impl std::fmt::Debug for InstallationRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstallationRow")
            .field("id", &self.id)
            .field("plugin_id", &self.plugin_id)
            .field("digest", &self.digest)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

macro_rules! select {
    () => {
        "select i.installation_id, i.tenant_id, i.digest, i.plugin_id, i.kind, i.position, i.config, i.grants,
            i.handle_key, i.enabled, i.failures_in_row, i.breaker_open_until_at, i.breaker_opened, i.created_at,
            t.data_key
         from installations i join tenants t on t.tenant_id = i.tenant_id "
    };
}

statements! {
    INSTALLATIONS_OF = concat!(select!(), "where i.tenant_id = $1 order by i.position, i.installation_id");
    INSTALLATION_GET = concat!(select!(), "where i.tenant_id = $1 and i.installation_id = $2");
    INSTALLATIONS_ENABLED = concat!(select!(), "where i.enabled = 1 order by i.tenant_id, i.position, i.installation_id");
    INSTALLATION_ID = "select installation_id from installations where tenant_id = $1 and plugin_id = $2";
    /// Id, handle key and date stay: people keep their handles over an update.
    INSTALLATION_PUT = "insert into installations (tenant_id, installation_id, digest, plugin_id, kind, position,
            config, grants, handle_key, enabled, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (tenant_id, plugin_id) do update
        set digest = excluded.digest, kind = excluded.kind, position = excluded.position, config = excluded.config,
            grants = excluded.grants, enabled = excluded.enabled, failures_in_row = 0,
            breaker_open_until_at = null, breaker_opened = 0
        returning installation_id";
    INSTALLATION_ENABLE = "update installations set enabled = $3 where tenant_id = $1 and installation_id = $2";
    BREAKER_SET = "update installations set failures_in_row = $3, breaker_open_until_at = $4, breaker_opened = $5
        where tenant_id = $1 and installation_id = $2";
}

#[derive(sqlx::FromRow)]
struct Raw {
    installation_id: String,
    tenant_id: String,
    digest: String,
    plugin_id: String,
    kind: String,
    position: i64,
    config: String,
    grants: String,
    handle_key: Vec<u8>,
    enabled: i64,
    failures_in_row: i64,
    breaker_open_until_at: Option<i64>,
    breaker_opened: i64,
    created_at: i64,
    data_key: Vec<u8>,
}

fn place<'a>(tenant: &'a str, installation: &'a str) -> Place<'a> {
    Place {
        tenant,
        column: "installations.handle_key",
        row: installation,
    }
}

impl Raw {
    fn read(self, master: &MasterKey) -> Result<(TenantId, InstallationRow)> {
        let key = master.data_key(&self.tenant_id, &self.data_key)?;
        let handle_key = key.open(
            &place(&self.tenant_id, &self.installation_id),
            &self.handle_key,
        )?;
        let row = InstallationRow {
            id: json::id("installation_id", &self.installation_id)?,
            digest: self.digest,
            plugin_id: plugin_id(self.plugin_id)?,
            kind: json::from_word("plugin kind", &self.kind)?,
            position: self.position,
            config: self.config,
            grants: self.grants,
            handle_key,
            journal_key: key.journal(&self.installation_id)?,
            enabled: self.enabled != 0,
            failures_in_row: json::small("failures_in_row", self.failures_in_row)?,
            breaker_open_until: self.breaker_open_until_at.map(Ts),
            breaker_opened: json::small("breaker_opened", self.breaker_opened)?,
            created_at: Ts(self.created_at),
        };
        Ok((json::id("tenant_id", &self.tenant_id)?, row))
    }
}

impl SystemTx<'_> {
    /// Every enabled installation with its tenant, in order.
    ///
    /// # Errors
    /// [`crate::StoreError::Sealed`] with another master key, or the database.
    pub async fn enabled_installations(&mut self) -> Result<Vec<(TenantId, InstallationRow)>> {
        let rows: Vec<Raw> = self.tx.rows(INSTALLATIONS_ENABLED, args![]).await?;
        rows.into_iter()
            .map(|r| r.read(&self.tx.secrets.master))
            .collect()
    }
}

impl TenantTx<'_> {
    /// Its installations, in the operator's order.
    ///
    /// # Errors
    /// [`crate::StoreError::Sealed`] with another master key, or the database.
    pub async fn installations(&mut self) -> Result<Vec<InstallationRow>> {
        let rows: Vec<Raw> = self.tx.rows(INSTALLATIONS_OF, args![self.tenant]).await?;
        rows.into_iter()
            .map(|r| Ok(r.read(&self.tx.secrets.master)?.1))
            .collect()
    }

    /// One installation.
    ///
    /// # Errors
    /// [`crate::StoreError::Sealed`] with another master key, or the database.
    pub async fn installation(&mut self, id: InstallationId) -> Result<Option<InstallationRow>> {
        let row: Option<Raw> = self
            .tx
            .row(INSTALLATION_GET, args![self.tenant, id])
            .await?;
        row.map(|r| Ok(r.read(&self.tx.secrets.master)?.1))
            .transpose()
    }

    /// Installs a plugin, or updates it; returns its id, which an update keeps.
    ///
    /// # Errors
    /// [`crate::StoreError::Constraint`] when the component is not stored, or the database.
    pub async fn put_installation(
        &mut self,
        new: &NewInstallation,
        now: Ts,
    ) -> Result<InstallationId> {
        let known: Option<(String,)> = self
            .tx
            .row(INSTALLATION_ID, args![self.tenant, new.plugin_id.as_str()])
            .await?;
        let id = match known {
            Some((id,)) => json::id("installation_id", &id)?,
            None => new.id,
        };
        let key = self.data_key().await?;
        let handle_key = key.seal(
            &*self.tx.secrets.ids,
            &place(&self.tenant.to_string(), &id.to_string()),
            &new.handle_key,
        )?;
        let args = args![
            self.tenant,
            id,
            new.digest.as_str(),
            new.plugin_id.as_str(),
            new.kind.as_str(),
            new.position,
            new.config.as_str(),
            new.grants.as_str(),
            handle_key,
            new.enabled,
            now
        ];
        let row: Option<(String,)> = self.tx.row(INSTALLATION_PUT, args).await?;
        match row {
            Some((id,)) => json::id("installation_id", &id),
            None => Ok(id),
        }
    }

    /// Switches an installation on or off.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`], or the database.
    pub async fn set_enabled(&mut self, id: InstallationId, enabled: bool) -> Result<()> {
        self.must(
            "installation",
            INSTALLATION_ENABLE,
            args![self.tenant, id, enabled],
        )
        .await
    }

    /// Keeps the state of its breaker.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`], or the database.
    pub async fn set_breaker(
        &mut self,
        id: InstallationId,
        failures_in_row: u32,
        open_until: Option<Ts>,
        opened: u32,
    ) -> Result<()> {
        self.must(
            "installation",
            BREAKER_SET,
            args![self.tenant, id, failures_in_row, open_until, opened],
        )
        .await
    }
}
