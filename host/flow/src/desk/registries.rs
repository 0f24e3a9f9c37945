//! Registries of people who want no advertising: which apply to the tenant, and the copies it loads.

mod copy;

use portero_domain::clock::Ts;
use portero_domain::ids::TenantId;
use portero_gate::registries::{self, Registry};
use portero_store::Tx;
use portero_store::model::RegistryRow;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::desk::seen::{Expected, Seen};
use crate::error::FlowError;

pub use copy::{BadLine, Copy, CopyView};

/// A registry as the tenant stands to it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RegistryView {
    /// `co-rne`.
    pub registry: String,
    /// Two letters.
    pub country: String,
    /// Its own name and whose it is.
    pub name: String,
    /// Whether it applies; absent when nobody said so.
    pub applies: Option<bool>,
    /// Why, as somebody said.
    pub reason: Option<String>,
    /// The token of whoever said so or loaded the copy last.
    pub author: Option<String>,
    /// The instant its copy tells of, RFC 3339.
    pub as_of: Option<String>,
    /// Until when the copy is good, RFC 3339; promotion in the country is held afterwards.
    pub good_until: Option<String>,
    /// Whether a copy is there and good, or none is needed.
    pub fresh: bool,
    /// People on the copy.
    pub people: u64,
    /// SHA-256 of the file, hex.
    pub file_sha256: Option<String>,
    /// When it was loaded, RFC 3339.
    pub loaded_at: Option<String>,
    /// Days a copy is good for.
    pub max_age_days: i64,
    /// What counts for more than being listed: `later_consent`, `any_consent`, `no_consent`.
    pub consent: &'static str,
    /// Law or authority.
    pub source: String,
    /// What of this was not read in the law itself.
    pub unverified: Option<String>,
}

impl Seen for RegistryView {}

/// Whether a registry applies.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclareRequest {
    /// `true`: promotion in its country needs a fresh copy. `false`: it does not concern this tenant.
    pub applies: bool,
    /// Why; 10 characters at least when it does not apply.
    #[serde(default)]
    pub reason: String,
}

fn view(registry: &Registry, row: Option<RegistryRow>, now: Ts) -> RegistryView {
    let as_of = row.as_ref().and_then(|r| r.as_of);
    let good_until = as_of.map(|at| at + registry.max_age());
    let applies = row.as_ref().map(|r| r.applies);
    RegistryView {
        registry: registry.id.clone(),
        country: registry.country.clone(),
        name: registry.name.clone(),
        applies,
        as_of: as_of.map(Ts::rfc3339),
        good_until: good_until.map(Ts::rfc3339),
        fresh: applies != Some(true) || good_until.is_some_and(|until| now <= until),
        people: row.as_ref().map_or(0, |r| r.people),
        file_sha256: row.as_ref().and_then(|r| r.file_sha256.clone()),
        loaded_at: row.as_ref().and_then(|r| r.loaded_at).map(Ts::rfc3339),
        author: row.as_ref().map(|r| r.author.clone()),
        reason: row.map(|r| r.reason),
        max_age_days: registry.max_age().0 / 86_400_000,
        consent: registry.consent.as_str(),
        source: registry.source.clone(),
        unverified: registry.unverified.clone(),
    }
}

fn known(id: &str) -> Result<&'static Registry, FlowError> {
    registries::find(id).ok_or_else(|| {
        let all: Vec<&str> = registries::all().iter().map(|r| r.id.as_str()).collect();
        FlowError::bad("registry", format!("`{id}` is none of {}", all.join(", ")))
    })
}

/// Every registry this host knows, with what the tenant said and loaded.
///
/// # Errors
/// The database.
pub async fn list(ctx: &Context, tenant: TenantId) -> Result<Vec<RegistryView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let rows = tx.tenant(tenant).registries().await?;
    let now = ctx.now();
    let of = |r: &Registry| rows.iter().find(|row| row.registry == r.id).cloned();
    let all = registries::all().iter();
    Ok(all.map(|r| view(r, of(r), now)).collect())
}

async fn one(
    ctx: &Context,
    tenant: TenantId,
    registry: &Registry,
) -> Result<RegistryView, FlowError> {
    let mut tx = ctx.store.read().await?;
    shown(&mut tx, tenant, registry, ctx.now()).await
}

async fn shown(
    tx: &mut Tx,
    tenant: TenantId,
    registry: &Registry,
    now: Ts,
) -> Result<RegistryView, FlowError> {
    let rows = tx.tenant(tenant).registries().await?;
    let row = rows.into_iter().find(|row| row.registry == registry.id);
    Ok(view(registry, row, now))
}

/// One registry, with what the tenant said and loaded.
///
/// # Errors
/// [`FlowError::NotFound`] for one that this host does not know, or the database.
pub async fn get(ctx: &Context, tenant: TenantId, id: &str) -> Result<RegistryView, FlowError> {
    let registry = registries::find(id).ok_or_else(|| FlowError::not_found("registry", id))?;
    one(ctx, tenant, registry).await
}

/// Keeps whether a registry applies to the tenant.
///
/// # Errors
/// An unknown registry, no reason where one is needed, or the database.
pub async fn declare(
    ctx: &Context,
    tenant: TenantId,
    id: &str,
    request: &DeclareRequest,
    author: &str,
    expected: Option<&Expected>,
) -> Result<RegistryView, FlowError> {
    let registry = known(id)?;
    let reason = request.reason.trim();
    let least = if request.applies { 0 } else { 10 };
    if reason.chars().count() < least || reason.len() > 1_000 {
        let why = format!("why it does not apply: {least} characters at least, at most 1000 bytes");
        return Err(FlowError::bad("reason", why));
    }
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    if let Some(expected) = expected {
        expected.hold("registry", &shown(&mut tx, tenant, registry, now).await?)?;
    }
    tx.tenant(tenant)
        .declare_registry(&registry.id, request.applies, reason, author, now)
        .await?;
    tx.commit().await?;
    ctx.wake_outbox.notify_one();
    ctx.touched();
    one(ctx, tenant, registry).await
}
