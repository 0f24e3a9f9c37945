//! What the component that runs is made of, as its author's tools wrote it into the file.

use portero_domain::ids::{InstallationId, TenantId};
use portero_sandbox::Part;
use serde::Serialize;

use super::kept;
use crate::context::Context;
use crate::error::FlowError;

/// What a component is made of.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PartsView {
    /// SHA-256 of the component.
    pub digest: String,
    /// The crates in it, by name; null: the file does not tell, or was kept before anybody looked.
    pub parts: Option<Vec<PartView>>,
}

/// One crate.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PartView {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it came from: `crates.io`, `git`, `local`, `registry` or another word of its author's tools.
    pub source: String,
    /// Whether it only took part in the build.
    pub build_only: bool,
}

/// What the component that runs is made of.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn parts(
    ctx: &Context,
    tenant: TenantId,
    id: InstallationId,
) -> Result<PartsView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = kept::installation(&mut tx, tenant, id).await?;
    let (text, _) = tx.system().plugin_parts(&row.digest).await?;
    let parts: Option<Vec<Part>> = match text.is_empty() {
        true => None,
        false => {
            let read = serde_json::from_str(&text).map_err(|source| FlowError::Stored {
                what: "parts of a component",
                source,
            })?;
            Some(read)
        }
    };
    let parts = parts.map(|all| {
        let views = all.into_iter().map(|part| PartView {
            name: part.name,
            version: part.version,
            source: part.source,
            build_only: part.build_only,
        });
        views.collect()
    });
    Ok(PartsView {
        digest: row.digest,
        parts,
    })
}
