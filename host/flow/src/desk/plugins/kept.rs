//! An installation and the manifest of a component, as they are kept.

use portero_domain::ids::{InstallationId, TenantId};
use portero_sandbox::Manifest;
use portero_store::Tx;
use portero_store::model::InstallationRow;

use crate::error::FlowError;

/// An installation of the tenant.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub(super) async fn installation(
    tx: &mut Tx,
    tenant: TenantId,
    id: InstallationId,
) -> Result<InstallationRow, FlowError> {
    let row = tx.tenant(tenant).installation(id).await?;
    row.ok_or_else(|| FlowError::not_found("installation", id))
}

/// What a component says of itself.
///
/// # Errors
/// [`FlowError::NotFound`], or the database.
pub(super) async fn manifest(tx: &mut Tx, digest: &str) -> Result<Manifest, FlowError> {
    let plugins = tx.system().plugins().await?;
    let plugin = plugins.into_iter().find(|p| p.digest == digest);
    plugin
        .and_then(|p| Manifest::parse(&p.manifest).ok())
        .ok_or_else(|| FlowError::not_found("manifest of component", digest))
}
