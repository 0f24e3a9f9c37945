//! Installing plugins: the same path for ours and everybody's, from the bytes of one `.wasm`; and switching them.

mod asks;
mod brought;
mod calls;
mod component;
mod fetched;
mod health;
mod kept;
mod may;
mod parts;
mod recorded;
mod replay;
mod secrets;
mod signature;
mod trust;
mod uses;
mod versions;

use portero_domain::ids::{InstallationId, TenantId};
use portero_store::model::{NewInstallation, NextVersion};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::desk::access::Principal;
use crate::error::FlowError;
use crate::grants::Grants;
use brought::Brought;

pub use asks::AsksMore;
pub use brought::SignerView;
pub use calls::{CallView, LogLineView, calls};
pub use fetched::{FetchInstallRequest, FetchRequest, install_fetched, upgrade_fetched};
pub use health::{
    Health, PermissionView, PluginCallsView, PluginDetail, PluginFaultView, PluginSaidView, detail,
    health, set_enabled,
};
pub use parts::{PartView, PartsView, parts};
pub use recorded::{ActionVerdictView, RecordedCallView, recorded};
pub use replay::{
    AgainstView, CallDifference, CallReplayView, Change, Difference, REPLAY_CALLS, REPLAY_HOURS,
    VerdictSide, Which, replay,
};
pub use secrets::{SECRET_MAX, SecretRequest, SecretView, remove_secret, secrets, set_secret};
pub use signature::{SIGNATURE_MAX, public_key};
pub use trust::{PluginKeyView, RotateRequest, TrustRequest, distrust, plugin_keys, rotate, trust};
pub use versions::{
    ApproveVersionRequest, PendingView, RollbackRequest, UpgradeRequest, UpgradeView, VersionView,
    VersionsView, approve, discard, rollback, upgrade, versions,
};

/// How a plugin is to run for a tenant.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InstallRequest {
    /// Settings, as its manifest describes them.
    #[schema(value_type = Object)]
    pub config: serde_json::Value,
    /// Permissions granted; what is not here is denied.
    #[schema(value_type = Object)]
    pub grants: Grants,
    /// Place among the tenant's plugins; smaller is asked first.
    pub position: i64,
    /// The file's signature, as minisign writes it beside it (`FILE.minisig`).
    pub signature: Option<String>,
    /// SHA-256 that the file must have, hex, `sha256:` before it or not.
    pub digest: Option<String>,
    /// The public key that must have signed it.
    pub key: Option<String>,
    /// Take it although another key signed the version that runs, or it is not signed any more.
    pub new_signer: bool,
    /// Do nothing when it runs with these settings, grants, place and signature already.
    pub if_changed: bool,
    /// Whether it is asked; it is when absent.
    pub enabled: Option<bool>,
}

/// An installed plugin.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct InstallationView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: InstallationId,
    /// The plugin's own id.
    pub plugin: String,
    /// Kind.
    pub kind: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// Version in its manifest.
    pub version: String,
    /// Whether it is asked.
    pub enabled: bool,
    /// Place.
    pub position: i64,
    /// Granted permissions.
    #[schema(value_type = Object)]
    pub grants: Grants,
    /// Failures in a row; five open its breaker.
    pub failures_in_row: u32,
    /// Until when it is not asked, RFC 3339.
    pub paused_until: Option<String>,
    /// Whose trusted key signed it; null: it is not signed.
    pub signed_by: Option<SignerView>,
    /// The address it was fetched from; null: it was brought as a file.
    pub source: Option<String>,
}

/// Checks, stores and compiles a component and installs it for a tenant.
///
/// # Errors
/// [`FlowError::PluginRefused`] with what was expected, found and to do; bad input; the database.
pub async fn install(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    component: &[u8],
    request: &InstallRequest,
) -> Result<InstallationView, FlowError> {
    let what = Brought {
        bytes: component,
        signature: request.signature.as_deref(),
        digest: request.digest.as_deref(),
        key: request.key.as_deref(),
        source: "",
        new_signer: request.new_signer,
    };
    put(ctx, principal, tenant, what, request).await
}

async fn put(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    what: Brought<'_>,
    request: &InstallRequest,
) -> Result<InstallationView, FlowError> {
    let inspection = component::checked(ctx, &what).await?;
    let plugin = component::id_of(&inspection)?;
    asks::check(&inspection.manifest, &request.grants)?;
    let config = match &request.config {
        serde_json::Value::Null => serde_json::json!({}),
        given => given.clone(),
    };
    inspection
        .manifest
        .check_config(&config)
        .map_err(|wrong| FlowError::bad(wrong.path, wrong.what))?;
    let now = ctx.now();
    let mut handle_key = [0_u8; 32];
    ctx.ids.random(&mut handle_key);
    let mut tx = ctx.store.write().await?;
    let all = tx.tenant(tenant).installations().await?;
    let before = all.iter().find(|row| row.plugin_id == plugin);
    let signer = brought::signer(&mut tx, tenant, before, &inspection, &what).await?;
    tx.system()
        .put_plugin(&component::row(&inspection, what.bytes)?, now)
        .await?;
    let (config, grants) = (config.to_string(), asks::text(&request.grants)?);
    let enabled = request.enabled.unwrap_or(true);
    if let Some(row) = before.filter(|_| request.if_changed) {
        let same = row.digest == inspection.digest
            && row.config == config
            && row.grants == grants
            && row.position == request.position
            && row.enabled == enabled;
        let noted = brought::Origins::of(&mut tx, tenant).await?;
        if same && noted.public_key(row.id, &row.digest) == signer {
            drop(tx);
            return versions::view(ctx, tenant, row.id).await;
        }
    }
    let id = tx
        .tenant(tenant)
        .put_installation(
            &NewInstallation {
                id: InstallationId::new(&*ctx.ids, now),
                digest: inspection.digest.clone(),
                plugin_id: plugin.clone(),
                kind: inspection.kind,
                position: request.position,
                config: config.clone(),
                grants: grants.clone(),
                handle_key: handle_key.to_vec(),
                enabled,
            },
            now,
        )
        .await?;
    let next = NextVersion {
        digest: &inspection.digest,
        config: &config,
        grants: &grants,
        why: "installed",
        author: &principal.author(),
    };
    let mut of = tx.tenant(tenant);
    of.note_version(id, next, now).await?;
    of.put_installation_origin(&what.origin(id, &inspection.digest, signer))
        .await?;
    // What waited was for what ran before.
    of.drop_pending_version(id).await?;
    tx.commit().await?;
    ctx.touched();
    let all = list(ctx, tenant).await?;
    all.into_iter()
        .find(|i| i.plugin == plugin.as_str())
        .ok_or_else(|| FlowError::not_found("installation of", &plugin))
}

/// Plugins of a tenant, in the order they are asked.
///
/// # Errors
/// The database.
pub async fn list(ctx: &Context, tenant: TenantId) -> Result<Vec<InstallationView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let mut rows = tx.tenant(tenant).installations().await?;
    rows.sort_by_key(|r| r.position);
    let plugins = tx.system().plugins().await?;
    let origins = brought::Origins::of(&mut tx, tenant).await?;
    Ok(rows
        .into_iter()
        .map(|row| InstallationView {
            signed_by: origins.signer(row.id, &row.digest),
            source: origins.source(row.id, &row.digest),
            id: row.id,
            version: plugins
                .iter()
                .find(|p| p.digest == row.digest)
                .map(|p| p.version.clone())
                .unwrap_or_default(),
            plugin: row.plugin_id.as_str().to_owned(),
            kind: row.kind.as_str().to_owned(),
            digest: row.digest,
            enabled: row.enabled,
            position: row.position,
            grants: serde_json::from_str(&row.grants).unwrap_or_default(),
            failures_in_row: row.failures_in_row,
            paused_until: row.breaker_open_until.map(|t| t.rfc3339()),
        })
        .collect())
}
