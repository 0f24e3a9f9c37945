//! Whose a row is: read from the schema, for one tenant's data taken along elsewhere.

use portero_domain::ids::TenantId;

use crate::error::Result;
use crate::rows::RowFilter;
use crate::seal::MasterKey;
use crate::tables::Table;
use crate::tx::SystemTx;

/// Tables that no tenant takes along, each with the reason. A test holds that every table is either here
/// or somebody's.
pub const STAY_BEHIND: &[(&str, &str)] = &[
    (
        "apps",
        "the host's: another host has its own secret of the Meta app",
    ),
    (
        "deliveries",
        "a webhook's body may tell of other tenants; what it said of this one is in its events",
    ),
    (
        "login_counts",
        "the host's, of names and addresses in buckets",
    ),
    ("login_devices", "browsers of people of this host"),
    (
        "request_keys",
        "keys of requests that this host answered; each is forgotten after a week",
    ),
    ("settings", "the host's"),
    (
        "tokens",
        "who may come in is decided anew where the tenant goes",
    ),
    ("users", "names are the host's, and passwords do not travel"),
];

/// Components are shared by all tenants that installed them.
const PLUGINS: &str = "plugins";

/// The rows of a table that are one tenant's: by its own column, or by the row of another table that
/// they belong to. `None` when none of them are.
#[must_use]
pub fn rows_of_tenant(table: &Table, all: &[Table], tenant: TenantId) -> Option<RowFilter> {
    Some(RowFilter {
        clause: Some(clause(table, all)?),
        value: Some(tenant.to_string()),
    })
}

fn clause(table: &Table, all: &[Table]) -> Option<String> {
    if STAY_BEHIND.iter().any(|(name, _)| *name == table.name) {
        return None;
    }
    if table.has("tenant_id") {
        return Some("tenant_id = $1".to_owned());
    }
    if table.name == PLUGINS {
        return Some(
            "digest in (select digest from installations where tenant_id = $1)".to_owned(),
        );
    }
    table.references.iter().find_map(|(column, other, there)| {
        let other = all
            .iter()
            .find(|t| t.name == *other && t.name != table.name && t.name != PLUGINS)?;
        let inner = clause(other, all)?;
        Some(format!(
            "\"{column}\" in (select \"{there}\" from \"{}\" where {inner})",
            other.name
        ))
    })
}

impl SystemTx<'_> {
    /// A tenant's data key, wrapped by one key, wrapped by another: everything that is sealed of the tenant
    /// opens with it.
    ///
    /// # Errors
    /// [`crate::StoreError::Sealed`] when `from` does not open it.
    pub fn rewrap(
        &self,
        tenant: TenantId,
        sealed: &[u8],
        from: &MasterKey,
        to: &MasterKey,
    ) -> Result<Vec<u8>> {
        let ids = &*self.tx.secrets.ids;
        from.rewrap_data_key(ids, &tenant.to_string(), sealed, to)
    }

    /// A fresh key.
    #[must_use]
    pub fn fresh_key(&self) -> MasterKey {
        let mut key = [0_u8; 32];
        self.tx.secrets.ids.random(&mut key);
        MasterKey(key)
    }
}
