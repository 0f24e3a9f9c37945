//! How long a tenant's data is kept: shown, set within bounds, and looked at beforehand.

use std::collections::BTreeMap;

use portero_domain::ids::TenantId;
use portero_domain::retention::{self, Days, Kind, Terms};
use portero_store::model::{Part, TermsChange};
use serde::Serialize;

use crate::context::Context;
use crate::desk::seen::{Expected, Seen};
use crate::error::FlowError;
use crate::retention::cutoff;

/// The term of one kind.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TermView {
    /// Which kind.
    pub kind: String,
    /// For how many days it is kept.
    pub days: u32,
    /// Whether the tenant set it; else it is the host's.
    pub own: bool,
    /// The host's.
    pub host_days: u32,
    /// Fewest days a tenant may set.
    pub min_days: u32,
    /// Most days.
    pub max_days: u32,
    /// What goes when the term is over.
    pub goes: String,
    /// What stays of it, and why.
    pub stays: String,
    /// Why the bounds are where they are.
    pub bounds: String,
    /// Rows that went so far.
    pub gone: u64,
    /// When for the last time, RFC 3339.
    pub last_at: Option<String>,
}

/// Terms as they were set once.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TermsChangeView {
    /// When, RFC 3339.
    pub at: String,
    /// User or token.
    pub author: String,
    /// In the author's words; empty where none were given.
    pub reason: String,
    /// Days by kind that the tenant set itself; the others were the host's.
    pub own: Given,
}

/// The terms of a tenant.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RetentionView {
    /// By kind.
    pub kinds: Vec<TermView>,
    /// Who set them and why, newest first: the last 20 times.
    pub changes: Vec<TermsChangeView>,
}

/// Who sets terms, and why.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// User or token.
    pub author: &'a str,
    /// In their words, 500 characters at most; may be empty.
    pub reason: &'a str,
}

/// Longest reason for a change, characters.
pub const REASON: usize = 500;
/// Changes shown.
const CHANGES: usize = 20;

impl Seen for RetentionView {}

/// What of one kind would go now.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PastView {
    /// Which kind.
    pub kind: String,
    /// For how many days it would be kept.
    pub days: u32,
    /// What is older than this goes, RFC 3339.
    pub before: String,
    /// Rows that would go.
    pub rows: u64,
    /// From when the oldest of them is, RFC 3339.
    pub oldest: Option<String>,
    /// Rows that are as old and stay until they end.
    pub resting: u64,
    /// What stays, and why.
    pub stays: String,
}

/// What would go under these terms.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RetentionPreview {
    /// By kind.
    pub kinds: Vec<PastView>,
    /// Rows of all kinds.
    pub rows: u64,
}

/// Numbers of days as they were given.
pub type Given = BTreeMap<String, u32>;

fn bad(faults: &[String]) -> FlowError {
    FlowError::bad("retention", faults.join("; "))
}

fn read(given: &Given) -> Result<Days, FlowError> {
    let words: Vec<(&str, String)> = given
        .iter()
        .map(|(kind, days)| (kind.as_str(), days.to_string()))
        .collect();
    retention::read(words.iter().map(|(k, d)| (*k, d.as_str()))).map_err(|f| bad(&f))
}

/// The terms of a tenant, and what went so far.
///
/// # Errors
/// The database.
pub async fn show(ctx: &Context, tenant: TenantId) -> Result<RetentionView, FlowError> {
    let mut tx = ctx.store.read().await?;
    shown(ctx, &mut tx, tenant).await
}

async fn shown(
    ctx: &Context,
    tx: &mut portero_store::Tx,
    tenant: TenantId,
) -> Result<RetentionView, FlowError> {
    let mut of = tx.tenant(tenant);
    let own = of.retention().await?;
    let walks = of.retention_walks().await?;
    let terms = ctx.terms.within(&own);
    let kinds = Kind::ALL.into_iter().map(|kind| {
        let facts = kind.facts();
        let (min_days, max_days) = ctx.terms.bounds(kind);
        let of_kind = || walks.iter().filter(|w| w.part.kind() == kind && w.gone > 0);
        TermView {
            kind: kind.as_str().to_owned(),
            days: terms.days(kind),
            own: own.contains_key(&kind),
            host_days: ctx.terms.days(kind),
            min_days,
            max_days,
            goes: facts.goes.to_owned(),
            stays: facts.stays.to_owned(),
            bounds: facts.bounds.to_owned(),
            gone: of_kind().map(|w| w.gone).sum(),
            last_at: of_kind().map(|w| w.moved_at).max().map(|at| at.rfc3339()),
        }
    });
    let kinds = kinds.collect();
    let changes = of.terms_kept(CHANGES).await?.into_iter();
    Ok(RetentionView {
        kinds,
        changes: changes.map(change).collect(),
    })
}

fn change(row: TermsChange) -> TermsChangeView {
    let own = row.own.iter();
    TermsChangeView {
        at: row.set_at.rfc3339(),
        author: row.author,
        reason: row.reason,
        own: own.map(|(k, d)| (k.as_str().to_owned(), *d)).collect(),
    }
}

/// Sets the terms of a tenant: what is not named is the host's again. What is past them goes from now on.
///
/// # Errors
/// Bad input with every fault, [`FlowError::Changed`] when they are not as expected, or the database.
pub async fn set(
    ctx: &Context,
    tenant: TenantId,
    given: &Given,
    setting: Setting<'_>,
    expected: Option<&Expected>,
) -> Result<RetentionView, FlowError> {
    let own = read(given)?;
    let reason = setting.reason.trim();
    let length = reason.chars().count();
    if length > REASON {
        let why = format!("at most {REASON} characters, this one has {length}");
        return Err(FlowError::bad("reason", why));
    }
    ctx.terms.of_tenant(&own).map_err(|f| bad(&f))?;
    let mut tx = ctx.store.write().await?;
    tx.tenant(tenant).hold().await?;
    if let Some(expected) = expected {
        expected.hold("retention", &shown(ctx, &mut tx, tenant).await?)?;
    }
    tx.tenant(tenant).set_retention(&own).await?;
    let change = TermsChange {
        own,
        author: setting.author.to_owned(),
        reason: reason.to_owned(),
        set_at: ctx.now(),
    };
    tx.tenant(tenant).keep_terms(&change).await?;
    tx.commit().await?;
    ctx.agenda.lock().await.anew();
    ctx.touched();
    show(ctx, tenant).await
}

/// What would go now: under the tenant's terms, or with some of them set otherwise. Changes nothing; it
/// counts, and reads all that is old.
///
/// # Errors
/// Bad input with every fault, or the database.
pub async fn preview(
    ctx: &Context,
    tenant: TenantId,
    given: &Given,
) -> Result<RetentionPreview, FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.read().await?;
    let mut of = tx.tenant(tenant);
    let mut own = of.retention().await?;
    let terms: Terms = if given.is_empty() {
        ctx.terms.within(&own)
    } else {
        own.extend(read(given)?);
        ctx.terms.of_tenant(&own).map_err(|f| bad(&f))?
    };
    let mut kinds = Vec::new();
    let mut all = 0;
    for kind in Kind::ALL {
        let (mut rows, mut resting, mut oldest) = (0, 0, None);
        for part in Part::ALL.into_iter().filter(|p| p.kind() == kind) {
            let past = of.past_term(part, cutoff(&terms, part, now)).await?;
            rows += past.rows;
            resting += past.resting;
            oldest = [oldest, past.oldest.filter(|_| past.rows > 0)]
                .into_iter()
                .flatten()
                .min();
        }
        all += rows;
        let days = terms.days(kind);
        kinds.push(PastView {
            kind: kind.as_str().to_owned(),
            days,
            before: (now - portero_domain::clock::Millis::days(days.into())).rfc3339(),
            rows,
            oldest: oldest.map(|at| at.rfc3339()),
            resting,
            stays: kind.facts().stays.to_owned(),
        });
    }
    Ok(RetentionPreview { kinds, rows: all })
}
