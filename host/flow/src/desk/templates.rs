//! The template registry: filled by sync and webhooks, never by hand.

mod detail;

use portero_domain::ids::TenantId;
use portero_domain::template::Template;
use portero_meta::transport::Access;
use serde::Serialize;

use crate::context::Context;
use crate::desk::Page;
use crate::error::FlowError;

pub use detail::{
    ButtonView, DependantView, LintView, TemplateDetail, TemplateDetailView, detail_view, one,
    refused_by,
};

/// A template.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateView {
    /// Account.
    pub waba_id: String,
    /// Name.
    pub name: String,
    /// Language.
    pub language: String,
    /// Category.
    pub category: String,
    /// Status.
    pub status: String,
    /// Quality.
    pub quality: String,
    /// Until when it is paused, RFC 3339.
    pub paused_until: Option<String>,
    /// Body text with its slots.
    pub body: String,
    /// When last confirmed, RFC 3339.
    pub synced_at: String,
}

/// What a sync brought.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SyncView {
    /// Accounts asked.
    pub accounts: usize,
    /// Templates now known.
    pub templates: usize,
}

/// Fetches every template of the tenant's accounts from Meta.
///
/// # Errors
/// [`FlowError::Meta`] with its words, or the database.
pub async fn sync(ctx: &Context, tenant: TenantId) -> Result<SyncView, FlowError> {
    sync_told(ctx, tenant, &|_| {}).await
}

/// How far a sync is.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SyncProgress {
    /// Accounts that answered.
    pub done: usize,
    /// Accounts there are.
    pub accounts: usize,
    /// Templates they have.
    pub templates: usize,
}

/// The same; `told` hears how far it is, account by account.
///
/// # Errors
/// As [`sync`].
pub async fn sync_told(
    ctx: &Context,
    tenant: TenantId,
    told: &(dyn Fn(SyncProgress) + Send + Sync),
) -> Result<SyncView, FlowError> {
    let mut tx = ctx.store.read().await?;
    ctx.may_ask_meta(&tx.tenant(tenant).row().await?)?;
    let mut accounts = std::collections::BTreeMap::new();
    for number in tx.tenant(tenant).numbers().await? {
        if let Some(token) = tx.tenant(tenant).number_token(&number.id).await? {
            accounts.entry(number.waba.clone()).or_insert(token);
        }
    }
    drop(tx);
    let mut count = 0;
    for (done, (waba, token)) in accounts.iter().enumerate() {
        told(SyncProgress {
            done,
            accounts: accounts.len(),
            templates: count,
        });
        let asked = ctx.now();
        let fetched = ctx
            .cloud
            .templates(
                waba,
                &Access {
                    token: token.clone(),
                },
                ctx.now(),
            )
            .await
            .map_err(|e| FlowError::Meta { why: e.to_string() })?;
        count += fetched.len();
        let mut tx = ctx.store.write().await?;
        let templates: Vec<_> = fetched.iter().map(|(t, _)| t.clone()).collect();
        tx.tenant(tenant)
            .upsert_templates(waba, &templates, true, asked)
            .await?;
        for (t, quality) in fetched.iter().filter(|(_, q)| q != "UNKNOWN") {
            tx.tenant(tenant)
                .set_template_quality(waba, &t.name, &t.language, quality, asked)
                .await?;
        }
        tx.commit().await?;
    }
    // An approval among them released what waited for it.
    ctx.wake_outbox.notify_one();
    ctx.touched();
    Ok(SyncView {
        accounts: accounts.len(),
        templates: count,
    })
}

fn view(waba: &str, t: &Template, quality: String) -> TemplateView {
    TemplateView {
        waba_id: waba.to_owned(),
        name: t.name.clone(),
        language: t.language.clone(),
        category: t.category.as_str().to_owned(),
        status: t.status.as_str().to_owned(),
        quality,
        paused_until: t.paused_until.map(|t| t.rfc3339()),
        body: t.body.clone(),
        synced_at: t.synced_at.rfc3339(),
    }
}

/// Templates of a tenant.
///
/// # Errors
/// The database.
pub async fn list(ctx: &Context, tenant: TenantId) -> Result<Vec<TemplateView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let known = tx.tenant(tenant).templates().await?;
    let all = known.into_iter();
    Ok(all.map(|(waba, t, q)| view(waba.as_str(), &t, q)).collect())
}

/// The same page by page: by account, name and language.
///
/// # Errors
/// A bad cursor, or the database.
pub async fn page(
    ctx: &Context,
    tenant: TenantId,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<TemplateView>, FlowError> {
    let place = after.map(place).transpose()?.unwrap_or_default();
    let mut tx = ctx.store.read().await?;
    let known = tx.tenant(tenant).templates_page(limit, place).await?;
    let items = known
        .into_iter()
        .map(|(waba, t, q)| view(waba.as_str(), &t, q))
        .collect();
    Ok(Page::of(items, limit, |t: &TemplateView| {
        format!("{}/{}/{}", t.waba_id, t.name, t.language)
    }))
}

/// Account, name and language of a cursor.
fn place(cursor: &str) -> Result<[&str; 3], FlowError> {
    let parts = cursor.split_once('/').and_then(|(waba, rest)| {
        let (name, language) = rest.rsplit_once('/')?;
        Some([waba, name, language])
    });
    parts.ok_or_else(|| FlowError::bad("after", "not a cursor of this list"))
}
