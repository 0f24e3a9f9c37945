//! The template registry: filled by sync and webhooks, never by hand.

use portero_domain::ids::TenantId;
use portero_domain::template::{Template, TemplateStatus};
use portero_meta::transport::Access;
use serde::Serialize;

use crate::context::Context;
use crate::desk::Page;
use crate::desk::numbers::{self, HistoryView};
use crate::error::FlowError;

/// Lines of history of one template.
const HISTORY: usize = 50;

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
    for (waba, token) in &accounts {
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

/// A template with what is in it, its history, and who depends on it.
#[derive(Clone, Debug)]
pub struct TemplateDetail {
    /// As lists show it.
    pub view: TemplateView,
    /// What is in it.
    pub template: Template,
    /// What Meta said of it, newest first.
    pub history: Vec<HistoryView>,
    /// Plugins that were granted it, by their own ids.
    pub plugins: Vec<String>,
}

/// One template in one language on one account.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn one(
    ctx: &Context,
    tenant: TenantId,
    waba: &str,
    name: &str,
    language: &str,
) -> Result<TemplateDetail, FlowError> {
    let mut tx = ctx.store.read().await?;
    let known = tx.tenant(tenant).templates().await?;
    let (_, template, quality) = known
        .into_iter()
        .find(|(w, t, _)| w.as_str() == waba && t.name == name && t.language == language)
        .ok_or_else(|| FlowError::not_found("template", name))?;
    let installed = tx.tenant(tenant).installations().await?;
    drop(tx);
    let plugins = installed
        .into_iter()
        .filter(|row| {
            let grants: crate::grants::Grants =
                serde_json::from_str(&row.grants).unwrap_or_default();
            let granted = |g: &String| match g.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => g == name,
            };
            row.enabled && grants.templates.iter().any(granted)
        })
        .map(|row| row.plugin_id.as_str().to_owned())
        .collect();
    let named = format!("{name} ({language})");
    let history = numbers::history(ctx, tenant, Some("template"), Some(&named), HISTORY).await?;
    Ok(TemplateDetail {
        view: view(waba, &template, quality),
        template,
        history,
        plugins,
    })
}

/// Rules that would refuse this template whoever it is sent to, as it stands.
#[must_use]
pub fn refused_by(template: &Template, quality: &str) -> Vec<&'static str> {
    use portero_domain::template::{StopPart, TemplateCategory};
    let mut rules = Vec::new();
    match template.status {
        TemplateStatus::Approved => {}
        TemplateStatus::Paused => rules.push("template.paused"),
        _ => rules.push("template.not-approved"),
    }
    if quality == "RED" {
        rules.push("template.quality-red");
    }
    let silent = matches!(template.slots.stop, None | Some(StopPart::Nowhere));
    if template.category == TemplateCategory::Marketing && silent {
        rules.push("template.opt-out-missing");
    }
    rules
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

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::clock::Ts;
    use portero_domain::template::{StopPart, TemplateCategory, TemplateSlots};

    #[test]
    fn what_refuses_a_template_is_named_once_each() {
        let mut template = Template {
            name: "promo".to_owned(),
            language: "es".to_owned(),
            category: TemplateCategory::Marketing,
            status: TemplateStatus::Approved,
            paused_until: None,
            slots: TemplateSlots {
                stop: Some(StopPart::Footer),
                ..TemplateSlots::default()
            },
            body: String::new(),
            synced_at: Ts(0),
        };
        assert!(refused_by(&template, "YELLOW").is_empty());
        template.slots.stop = Some(StopPart::Nowhere);
        template.status = TemplateStatus::Paused;
        let all = [
            "template.paused",
            "template.quality-red",
            "template.opt-out-missing",
        ];
        assert_eq!(refused_by(&template, "RED"), all);
        for rule in all {
            assert!(portero_gate::rules::find(rule).is_some(), "{rule}");
        }
        template.category = TemplateCategory::Utility;
        template.status = TemplateStatus::Rejected;
        assert_eq!(refused_by(&template, "GREEN"), ["template.not-approved"]);
    }
}
