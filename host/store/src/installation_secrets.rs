//! Secrets that the host puts into a plugin's requests: sealed, each with the hosts it may go to.

use portero_domain::clock::Ts;
use portero_domain::ids::InstallationId;
use secrecy::{ExposeSecret, SecretString};

use crate::error::Result;
use crate::seal::Place;
use crate::tx::TenantTx;

/// What is known of a secret without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationSecretRow {
    /// As the plugin's manifest calls it.
    pub name: String,
    /// Hosts it may go to, as the manifest said when it was set.
    pub hosts: Vec<String>,
    /// When it was set last.
    pub set_at: Ts,
}

/// A secret to be put into a request.
#[derive(Debug)]
pub struct InstallationSecret {
    /// As the plugin's manifest calls it.
    pub name: String,
    /// Hosts it may go to.
    pub hosts: Vec<String>,
    /// The secret.
    pub value: SecretString,
}

statements! {
    INSTALLATION_SECRETS = "select name, hosts, set_at from installation_secrets
        where tenant_id = $1 and installation_id = $2 order by name";
    INSTALLATION_SECRETS_SEALED = "select name, hosts, secret from installation_secrets
        where tenant_id = $1 and installation_id = $2 order by name";
    INSTALLATION_SECRET_PUT = "insert into installation_secrets (installation_id, tenant_id, name, hosts, secret, set_at)
        select i.installation_id, i.tenant_id, $3, $4, $5, $6 from installations i
        where i.tenant_id = $1 and i.installation_id = $2
        on conflict (installation_id, name) do update
        set hosts = excluded.hosts, secret = excluded.secret, set_at = excluded.set_at",
        postgres = "insert into installation_secrets (installation_id, tenant_id, name, hosts, secret, set_at)
        select i.installation_id, i.tenant_id, cast($3 as text), cast($4 as text), cast($5 as bytea), cast($6 as bigint)
        from installations i where i.tenant_id = $1 and i.installation_id = $2
        on conflict (installation_id, name) do update
        set hosts = excluded.hosts, secret = excluded.secret, set_at = excluded.set_at";
    INSTALLATION_SECRET_DROP = "delete from installation_secrets
        where tenant_id = $1 and installation_id = $2 and name = $3";
}

impl TenantTx<'_> {
    /// The secrets that are set for a plugin, by name; closed.
    ///
    /// # Errors
    /// The database.
    pub async fn installation_secrets(
        &mut self,
        id: InstallationId,
    ) -> Result<Vec<InstallationSecretRow>> {
        let rows: Vec<(String, String, i64)> = self
            .tx
            .rows(INSTALLATION_SECRETS, args![self.tenant, id])
            .await?;
        Ok(rows
            .into_iter()
            .map(|(name, hosts, at)| InstallationSecretRow {
                name,
                hosts: list(&hosts),
                set_at: Ts(at),
            })
            .collect())
    }

    /// The same, open.
    ///
    /// # Errors
    /// [`crate::StoreError::Sealed`] with another master key, or the database.
    pub async fn open_installation_secrets(
        &mut self,
        id: InstallationId,
    ) -> Result<Vec<InstallationSecret>> {
        let rows: Vec<(String, String, Vec<u8>)> = self
            .tx
            .rows(INSTALLATION_SECRETS_SEALED, args![self.tenant, id])
            .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.data_key().await?;
        let tenant = self.tenant.to_string();
        rows.into_iter()
            .map(|(name, hosts, sealed)| {
                let row = row_of(id, &name);
                let value = key.open_text(&place(&tenant, &row), &sealed)?;
                Ok(InstallationSecret {
                    hosts: list(&hosts),
                    name,
                    value,
                })
            })
            .collect()
    }

    /// Sets a secret, in place of the one before.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] when the tenant has no such installation, or the database.
    pub async fn put_installation_secret(
        &mut self,
        id: InstallationId,
        secret: &InstallationSecret,
        now: Ts,
    ) -> Result<()> {
        let key = self.data_key().await?;
        let (tenant, row) = (self.tenant.to_string(), row_of(id, &secret.name));
        let text = secret.value.expose_secret().as_bytes();
        let sealed = key.seal(&*self.tx.secrets.ids, &place(&tenant, &row), text)?;
        let args = args![
            self.tenant,
            id,
            secret.name.as_str(),
            secret.hosts.join(","),
            sealed,
            now
        ];
        self.must("installation", INSTALLATION_SECRET_PUT, args)
            .await
    }

    /// Forgets a secret.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] when it was not set, or the database.
    pub async fn remove_installation_secret(
        &mut self,
        id: InstallationId,
        name: &str,
    ) -> Result<()> {
        let args = args![self.tenant, id, name];
        self.must("secret", INSTALLATION_SECRET_DROP, args).await
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',')
        .filter(|host| !host.is_empty())
        .map(str::to_owned)
        .collect()
}

fn row_of(id: InstallationId, name: &str) -> String {
    format!("{id}/{name}")
}

fn place<'a>(tenant: &'a str, row: &'a str) -> Place<'a> {
    Place {
        tenant,
        column: "installation_secrets.secret",
        row,
    }
}
