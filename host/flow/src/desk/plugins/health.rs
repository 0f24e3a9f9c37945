//! How a plugin does: what it may, how its newest calls ended, what the gate said of its newest proposals.

use std::collections::BTreeMap;

use portero_domain::clock::Ts;
use portero_domain::ids::{InstallationId, TenantId};
use portero_sandbox::Manifest;
use serde::Serialize;

use super::may::means;
use super::uses::Uses;
use super::{InstallationView, kept, list};
use crate::context::Context;
use crate::desk::reasons::title;
use crate::error::FlowError;
use crate::grants::Grants;

/// Calls and proposals looked at, the newest.
const NEWEST: usize = 1_000;
/// Calls looked through for faults.
const FAULTS_AMONG: usize = 200;
/// Faults shown.
const FAULTS: usize = 10;

/// How a plugin does.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Health {
    /// `off`, `stopped` (its breaker is open), `degraded` (the last call failed) or `ok`.
    pub state: &'static str,
    /// Hard failures without a success between them.
    pub failures: u32,
    /// How long it is not asked yet, milliseconds.
    pub stopped_ms: i64,
    /// The newest thousand calls by how they ended.
    pub calls: Vec<PluginCallsView>,
    /// Most memory of any of these, bytes.
    pub peak_memory: u64,
    /// Most fuel of any of these.
    pub peak_fuel: u64,
    /// What was said of its newest thousand proposals, the most frequent first.
    pub said: Vec<PluginSaidView>,
}

impl Health {
    /// Calls looked at.
    #[must_use]
    pub fn called(&self) -> u64 {
        self.calls.iter().map(|e| e.calls).sum()
    }

    /// Of those, how many did not end well.
    #[must_use]
    pub fn faults(&self) -> u64 {
        let bad = self.calls.iter().filter(|e| e.outcome != "ok");
        bad.map(|e| e.calls).sum()
    }

    /// Proposals looked at.
    #[must_use]
    pub fn proposed(&self) -> u64 {
        self.said.iter().map(|s| s.proposals).sum()
    }

    /// Of those, how many were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        let refused = self.said.iter().filter(|s| s.verdict == "deny");
        refused.map(|s| s.proposals).sum()
    }
}

/// Calls that ended one way.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PluginCallsView {
    /// `ok`, or what went wrong (`trap`, `wall-timeout`, `plugin-error`, …).
    pub outcome: String,
    /// How many.
    pub calls: u64,
}

/// A call that did not end well.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PluginFaultView {
    /// When, RFC 3339.
    pub at: String,
    /// How it ended.
    pub outcome: String,
}

/// What was said of proposals.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PluginSaidView {
    /// `allow`, `defer`, `hold` or `deny`.
    pub verdict: String,
    /// The first decisive rule.
    pub rule: Option<String>,
    /// Its title by language.
    pub title: BTreeMap<String, String>,
    /// How many.
    pub proposals: u64,
}

/// Something a plugin asks of the host.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PermissionView {
    /// Its id.
    pub id: String,
    /// What it lets the plugin do, per language: `es`, `pt`, `en`.
    pub means: BTreeMap<String, String>,
    /// Why, in the author's words.
    pub reason: String,
    /// Hosts or fields it is about.
    pub about: Vec<String>,
    /// Whether the operator granted it.
    pub granted: bool,
    /// Whether it was used, of what is granted: `seen`, `not_seen` (in twenty calls or more), `never` (the component
    /// cannot use it), or `unknown`: nothing is kept that would tell. Null for what is not granted.
    pub used: Option<&'static str>,
}

/// An installed plugin in full.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PluginDetail {
    /// As lists show it.
    #[serde(flatten)]
    pub view: InstallationView,
    /// Title in its manifest.
    pub title: String,
    /// What it is for, in the author's words.
    pub description: String,
    /// What it asks for.
    pub permissions: Vec<PermissionView>,
    /// How it does.
    pub health: Health,
    /// Its newest faults, ten at most.
    pub faults: Vec<PluginFaultView>,
}

/// How a plugin does.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn health(
    ctx: &Context,
    tenant: TenantId,
    id: InstallationId,
) -> Result<Health, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = kept::installation(&mut tx, tenant, id).await?;
    let ended = tx.tenant(tenant).calls_ended(id, NEWEST).await?;
    let mut said = tx.tenant(tenant).decisions_said(id, NEWEST).await?;
    said.sort_by_key(|(_, _, n)| std::cmp::Reverse(*n));
    let now = ctx.clock.lease_now();
    let stopped_ms = row.breaker_open_until.map_or(0, |at| at.since(now)).max(0);
    Ok(Health {
        state: match (row.enabled, stopped_ms, row.failures_in_row) {
            (false, ..) => "off",
            (_, 1.., _) => "stopped",
            (_, _, 1..) => "degraded",
            _ => "ok",
        },
        failures: row.failures_in_row,
        stopped_ms,
        peak_fuel: ended.iter().map(|e| e.2).max().unwrap_or_default(),
        peak_memory: ended.iter().map(|e| e.3).max().unwrap_or_default(),
        calls: ended
            .into_iter()
            .map(|(outcome, calls, ..)| PluginCallsView { outcome, calls })
            .collect(),
        said: said
            .into_iter()
            .map(|(verdict, rule, proposals)| PluginSaidView {
                title: rule.as_deref().map(title).unwrap_or_default(),
                verdict,
                rule,
                proposals,
            })
            .collect(),
    })
}

/// An installed plugin in full.
///
/// # Errors
/// As [`health`].
pub async fn detail(
    ctx: &Context,
    tenant: TenantId,
    id: InstallationId,
) -> Result<PluginDetail, FlowError> {
    let health = health(ctx, tenant, id).await?;
    let all = list(ctx, tenant).await?;
    let view = all.into_iter().find(|p| p.id == id);
    let view = view.ok_or_else(|| FlowError::not_found("installation", id))?;
    let mut tx = ctx.store.read().await?;
    let plugins = tx.system().plugins().await?;
    let manifest = plugins.into_iter().find(|p| p.digest == view.digest);
    let manifest = manifest.and_then(|p| Manifest::parse(&p.manifest).ok());
    let calls = tx.tenant(tenant).calls(id, FAULTS_AMONG).await?;
    let uses = Uses::of(&mut tx, tenant, id, &view.digest).await?;
    drop(tx);
    Ok(PluginDetail {
        title: manifest
            .as_ref()
            .map_or(String::new(), |m| m.name().to_owned()),
        description: manifest
            .as_ref()
            .and_then(|m| m.description.clone())
            .unwrap_or_default(),
        permissions: manifest
            .map(|m| permissions(&m, &view.grants, &uses))
            .unwrap_or_default(),
        faults: calls
            .into_iter()
            .filter(|c| c.outcome != "ok")
            .take(FAULTS)
            .map(|c| PluginFaultView {
                at: Ts::rfc3339(c.called_at),
                outcome: c.outcome,
            })
            .collect(),
        view,
        health,
    })
}

fn permissions(manifest: &Manifest, grants: &Grants, uses: &Uses) -> Vec<PermissionView> {
    let asked = manifest.permissions.iter();
    asked
        .map(|p| PermissionView {
            granted: grants.permissions.contains(&p.id),
            used: grants
                .permissions
                .contains(&p.id)
                .then(|| uses.of_permission(manifest, &p.id)),
            means: means(&p.id),
            id: p.id.clone(),
            reason: p.reason.clone(),
            about: match p.id.as_str() {
                // What it was granted may be narrower than what it asks for.
                "http.fetch" if !grants.hosts.is_empty() => grants.hosts.clone(),
                _ => p.fields.iter().chain(&p.hosts).cloned().collect(),
            },
        })
        .collect()
}

/// Switches a plugin on or off: switched off it is not asked, and its figures and segments stay as they are.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn set_enabled(
    ctx: &Context,
    tenant: TenantId,
    id: InstallationId,
    enabled: bool,
) -> Result<(), FlowError> {
    let mut tx = ctx.store.write().await?;
    kept::installation(&mut tx, tenant, id).await?;
    tx.tenant(tenant).set_enabled(id, enabled).await?;
    tx.commit().await?;
    ctx.touched();
    Ok(())
}
