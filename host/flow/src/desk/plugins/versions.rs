//! Versions of an installed plugin: brought in beside the one that runs, granted, taken back.
//!
//! A version that asks for no more than the one before it runs at once. One that asks for more waits, and the old one
//! goes on. Taking back brings component, settings and grants of before; what the plugin remembers stays.

use portero_domain::ids::{InstallationId, TenantId};
use portero_sandbox::Manifest;
use portero_store::Tx;
use portero_store::model::{InstallationVersion, NextVersion};
use serde::{Deserialize, Serialize};

use super::brought::{self, Brought, Origins, SignerView};
use super::{AsksMore, InstallationView, asks, component, kept, list};
use crate::context::Context;
use crate::desk::access::Principal;
use crate::error::FlowError;
use crate::grants::Grants;

/// Versions shown, the newest.
const LISTED: usize = 50;

/// What came of bringing a version in.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct UpgradeView {
    /// `running`, `waiting` (it asks for more) or `same` (it runs already).
    pub state: String,
    /// The version that was brought.
    pub version: String,
    /// Its component's SHA-256.
    pub digest: String,
    /// What it asks for and the one that ran did not.
    pub asks_more: Vec<AsksMore>,
    /// The installation as it stands.
    pub installation: InstallationView,
}

/// A version that ran.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct VersionView {
    /// From 1; the highest runs.
    pub seq: u64,
    /// In its manifest.
    pub version: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// `installed`, `upgraded`, `approved` or `rolled_back`.
    pub why: String,
    /// Who did it: a user or a token; empty for what ran before this was kept.
    pub author: String,
    /// When it began to run, RFC 3339.
    pub begun_at: String,
    /// Whether it is the one that runs.
    pub runs: bool,
    /// Whose trusted key signed it; null: it is not signed.
    pub signed_by: Option<SignerView>,
    /// The address it was fetched from; null: it was brought as a file.
    pub source: Option<String>,
}

/// A version that waits.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PendingView {
    /// In its manifest.
    pub version: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// Who brought it.
    pub author: String,
    /// When, RFC 3339.
    pub put_at: String,
    /// What it asks for and the one that runs does not.
    pub asks_more: Vec<AsksMore>,
    /// Whose trusted key signed it; null: it is not signed.
    pub signed_by: Option<SignerView>,
}

/// Versions of an installed plugin.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct VersionsView {
    /// What ran, the newest first; at most 50.
    pub versions: Vec<VersionView>,
    /// What waits to be granted what it asks for.
    pub waiting: Option<PendingView>,
}

/// What comes beside another version.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UpgradeRequest {
    /// The file's signature, as minisign writes it beside it (`FILE.minisig`).
    pub signature: Option<String>,
    /// SHA-256 that the file must have, hex, `sha256:` before it or not.
    pub digest: Option<String>,
    /// The public key that must have signed it.
    pub key: Option<String>,
}

/// How a version that waits is to run.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ApproveVersionRequest {
    /// The component that was looked at: another one that came meanwhile is not approved.
    pub digest: Option<String>,
    /// Granted beside what is granted already; nothing more when absent.
    #[schema(value_type = Object)]
    pub add: Grants,
}

/// What to go back to.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RollbackRequest {
    /// `seq` of the version; the last one with another component than the one that runs when absent.
    pub to: Option<u64>,
}

/// Brings a version in. It runs at once unless it asks for more.
///
/// # Errors
/// [`FlowError::PluginRefused`]: it is no plugin, another plugin or of another kind, or signed by somebody else; bad
/// input: the settings do not fit it; [`FlowError::NotFound`].
pub async fn upgrade(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    id: InstallationId,
    bytes: &[u8],
    request: &UpgradeRequest,
) -> Result<UpgradeView, FlowError> {
    let what = Brought {
        bytes,
        signature: request.signature.as_deref(),
        digest: request.digest.as_deref(),
        key: request.key.as_deref(),
        source: "",
        new_signer: false,
    };
    bring(ctx, principal, tenant, id, what).await
}

pub(super) async fn bring(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    id: InstallationId,
    what: Brought<'_>,
) -> Result<UpgradeView, FlowError> {
    let new = component::checked(ctx, &what).await?;
    let now = ctx.now();
    let author = principal.author();
    let mut tx = ctx.store.write().await?;
    let row = kept::installation(&mut tx, tenant, id).await?;
    let refused = |why: String| FlowError::PluginRefused { why };
    if new.manifest.id != row.plugin_id.as_str() {
        return Err(refused(format!(
            "this is `{}`, installed is `{}`: install it beside with `portero plugin install`",
            new.manifest.id,
            row.plugin_id.as_str()
        )));
    }
    if new.kind != row.kind {
        return Err(refused(format!(
            "it is of kind `{}` now and was `{}`: install it anew with `portero plugin install`",
            new.kind.as_str(),
            row.kind.as_str()
        )));
    }
    let old = kept::manifest(&mut tx, &row.digest).await?;
    let asks_more = asks::more(&old, &new.manifest);
    fits(&new.manifest, &row.config)?;
    let signer = brought::signer(&mut tx, tenant, Some(&row), &new, &what).await?;
    tx.system()
        .put_plugin(&component::row(&new, what.bytes)?, now)
        .await?;
    tx.tenant(tenant)
        .put_installation_origin(&what.origin(id, &new.digest, signer))
        .await?;
    let state = if new.digest == row.digest {
        "same"
    } else if asks_more.is_empty() {
        let grants = asks::text(&asks::within(&new.manifest, &granted(&row.grants)))?;
        let next = NextVersion {
            digest: &new.digest,
            config: &row.config,
            grants: &grants,
            why: "upgraded",
            author: &author,
        };
        let mut of = tx.tenant(tenant);
        of.run_version(id, next, now).await?;
        of.drop_pending_version(id).await?;
        "running"
    } else {
        tx.tenant(tenant)
            .put_pending_version(id, &new.digest, &author, now)
            .await?;
        "waiting"
    };
    tx.commit().await?;
    ctx.touched();
    Ok(UpgradeView {
        state: state.to_owned(),
        version: new.manifest.version.to_string(),
        digest: new.digest,
        asks_more,
        installation: view(ctx, tenant, id).await?,
    })
}

/// Lets the version that waits run, with what is granted in addition.
///
/// # Errors
/// [`FlowError::NotFound`]: nothing waits; bad input: another version waits than the one that was looked at, a grant
/// that it does not ask for, settings that do not fit it.
pub async fn approve(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    id: InstallationId,
    request: &ApproveVersionRequest,
) -> Result<InstallationView, FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let row = kept::installation(&mut tx, tenant, id).await?;
    let waiting = tx.tenant(tenant).pending_version(id).await?;
    let waiting = waiting.ok_or_else(|| FlowError::not_found("waiting version of", id))?;
    if request
        .digest
        .as_ref()
        .is_some_and(|d| *d != waiting.digest)
    {
        return Err(FlowError::bad(
            "digest",
            format!("another version waits by now: {}", waiting.digest),
        ));
    }
    brought::still_trusted(&mut tx, tenant, id, &waiting.digest).await?;
    let new = kept::manifest(&mut tx, &waiting.digest).await?;
    asks::check(
        &new,
        &asks::joined(&asks::within(&new, &granted(&row.grants)), &request.add),
    )?;
    fits(&new, &row.config)?;
    let grants = asks::joined(&granted(&row.grants), &request.add);
    let grants = asks::text(&asks::within(&new, &grants))?;
    let next = NextVersion {
        digest: &waiting.digest,
        config: &row.config,
        grants: &grants,
        why: "approved",
        author: &principal.author(),
    };
    let mut of = tx.tenant(tenant);
    of.run_version(id, next, now).await?;
    of.drop_pending_version(id).await?;
    tx.commit().await?;
    ctx.touched();
    view(ctx, tenant, id).await
}

/// Lets the version that waits go.
///
/// # Errors
/// [`FlowError::NotFound`]: nothing waits.
pub async fn discard(ctx: &Context, tenant: TenantId, id: InstallationId) -> Result<(), FlowError> {
    let mut tx = ctx.store.write().await?;
    if !tx.tenant(tenant).drop_pending_version(id).await? {
        return Err(FlowError::not_found("waiting version of", id));
    }
    tx.commit().await?;
    ctx.touched();
    Ok(())
}

/// Runs what ran before, with its settings and grants. What the plugin remembers stays as it is.
///
/// # Errors
/// [`FlowError::NotFound`]: no such version; bad input: it runs already.
pub async fn rollback(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    id: InstallationId,
    request: &RollbackRequest,
) -> Result<InstallationView, FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    kept::installation(&mut tx, tenant, id).await?;
    let all = every_version(&mut tx, tenant, id).await?;
    let running = all
        .first()
        .ok_or_else(|| FlowError::not_found("version of", id))?;
    let to = match request.to {
        Some(seq) if seq == running.seq => {
            return Err(FlowError::bad("to", format!("version {seq} runs already")));
        }
        Some(seq) => all.iter().find(|v| v.seq == seq),
        None => before(&all),
    };
    let to = to.ok_or_else(|| FlowError::not_found("earlier version of", id))?;
    let next = NextVersion {
        digest: &to.digest,
        config: &to.config,
        grants: &to.grants,
        why: "rolled_back",
        author: &principal.author(),
    };
    tx.tenant(tenant).run_version(id, next, now).await?;
    tx.commit().await?;
    ctx.touched();
    view(ctx, tenant, id).await
}

/// What one step back leads to: the version that ran before the one that runs came in. After a step back another one
/// leads further back, not forth again.
fn before(newest_first: &[InstallationVersion]) -> Option<&InstallationVersion> {
    let running = newest_first.first()?;
    // Where the component that runs was first brought in without being taken back to.
    let brought = newest_first
        .iter()
        .find(|v| v.digest == running.digest && v.why != "rolled_back")?;
    newest_first
        .iter()
        .find(|v| v.seq < brought.seq && v.digest != running.digest)
}

/// Versions of an installed plugin.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn versions(
    ctx: &Context,
    tenant: TenantId,
    id: InstallationId,
) -> Result<VersionsView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = kept::installation(&mut tx, tenant, id).await?;
    let all = tx
        .tenant(tenant)
        .installation_versions(id, None, LISTED)
        .await?;
    let waiting = tx.tenant(tenant).pending_version(id).await?;
    let plugins = tx.system().plugins().await?;
    let origins = Origins::of(&mut tx, tenant).await?;
    let version = |digest: &str| {
        let found = plugins.iter().find(|p| p.digest == digest);
        found.map(|p| p.version.clone()).unwrap_or_default()
    };
    let waiting = match waiting {
        Some(waiting) => {
            let old = kept::manifest(&mut tx, &row.digest).await?;
            let new = kept::manifest(&mut tx, &waiting.digest).await?;
            Some(PendingView {
                version: version(&waiting.digest),
                asks_more: asks::more(&old, &new),
                signed_by: origins.signer(id, &waiting.digest),
                digest: waiting.digest,
                author: waiting.author,
                put_at: waiting.put_at.rfc3339(),
            })
        }
        None => None,
    };
    let newest = all.first().map(|v| v.seq);
    Ok(VersionsView {
        versions: all
            .into_iter()
            .map(|v| VersionView {
                version: version(&v.digest),
                runs: Some(v.seq) == newest,
                signed_by: origins.signer(id, &v.digest),
                source: origins.source(id, &v.digest),
                seq: v.seq,
                digest: v.digest,
                why: v.why,
                author: v.author,
                begun_at: v.begun_at.rfc3339(),
            })
            .collect(),
        waiting,
    })
}

async fn every_version(
    tx: &mut Tx,
    tenant: TenantId,
    id: InstallationId,
) -> Result<Vec<InstallationVersion>, FlowError> {
    let mut all: Vec<InstallationVersion> = Vec::new();
    loop {
        let before = all.last().map(|v| v.seq);
        let page = tx
            .tenant(tenant)
            .installation_versions(id, before, LISTED)
            .await?;
        let done = page.len() < LISTED;
        all.extend(page);
        if done {
            return Ok(all);
        }
    }
}

fn granted(text: &str) -> Grants {
    serde_json::from_str(text).unwrap_or_default()
}

/// Settings that were saved for another version fit this one.
fn fits(manifest: &Manifest, config: &str) -> Result<(), FlowError> {
    let config = serde_json::from_str(config).unwrap_or_default();
    manifest.check_config(&config).map_err(|wrong| {
        FlowError::bad(
            format!("config{}", wrong.path),
            format!(
                "the settings that are saved do not fit this version: {}; install it with settings that do",
                wrong.what
            ),
        )
    })
}

pub(super) async fn view(
    ctx: &Context,
    tenant: TenantId,
    id: InstallationId,
) -> Result<InstallationView, FlowError> {
    let all = list(ctx, tenant).await?;
    all.into_iter()
        .find(|i| i.id == id)
        .ok_or_else(|| FlowError::not_found("installation", id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::clock::Ts;

    /// Newest first, from (seq, digest, why).
    fn ran(all: &[(u64, &str, &str)]) -> Vec<InstallationVersion> {
        let all = all.iter().rev();
        all.map(|(seq, digest, why)| InstallationVersion {
            seq: *seq,
            digest: (*digest).to_owned(),
            config: "{}".to_owned(),
            grants: "{}".to_owned(),
            why: (*why).to_owned(),
            author: String::new(),
            begun_at: Ts(0),
        })
        .collect()
    }

    #[test]
    fn a_step_back_leads_to_what_ran_before_and_the_next_further_back() {
        let mut all = vec![
            (1, "a", "installed"),
            (2, "b", "upgraded"),
            (3, "c", "approved"),
        ];
        assert_eq!(before(&ran(&all)).map(|v| v.seq), Some(2));
        all.push((4, "b", "rolled_back"));
        assert_eq!(before(&ran(&all)).map(|v| v.seq), Some(1));
        all.push((5, "a", "rolled_back"));
        assert_eq!(before(&ran(&all)), None);
        // Forth again by hand: back leads to what ran until then, not to what was taken back earlier.
        all.push((6, "c", "upgraded"));
        assert_eq!(before(&ran(&all)).map(|v| v.seq), Some(5));
    }

    #[test]
    fn settings_alone_are_no_step() {
        let all = ran(&[(1, "a", "installed"), (2, "a", "installed")]);
        assert_eq!(before(&all), None);
    }
}
