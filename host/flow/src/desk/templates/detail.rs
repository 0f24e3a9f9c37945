//! One template: what is in it, what would refuse it, what is said of it, and who depends on it.

use std::collections::BTreeMap;

use portero_domain::campaign::slot_names;
use portero_domain::ids::{CampaignId, TenantId};
use portero_domain::language::Language;
use portero_domain::template::{StopPart, Template, TemplateStatus};
use portero_gate::lint::{Remark, lint};
use portero_gate::rules::Words;
use serde::Serialize;

use super::{TemplateView, view};
use crate::context::Context;
use crate::desk::campaigns;
use crate::desk::numbers::{self, HistoryView};
use crate::error::FlowError;

/// Lines of history of one template.
const HISTORY: usize = 50;
/// Campaigns looked through for those that use the template.
const CAMPAIGNS: usize = 200;

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
    /// Campaigns that use it and are not over, newest first.
    pub campaigns: Vec<campaigns::CampaignLine>,
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
    let (lines, _) = campaigns::lines(ctx, tenant, None, CAMPAIGNS, None).await?;
    let uses = |c: &campaigns::CampaignLine| {
        c.template == name && c.language == language && !c.state.is_final()
    };
    Ok(TemplateDetail {
        view: view(waba, &template, quality),
        template,
        history,
        plugins,
        campaigns: lines.into_iter().filter(uses).collect(),
    })
}

/// Rules that would refuse this template whoever it is sent to, as it stands.
#[must_use]
pub fn refused_by(template: &Template, quality: &str) -> Vec<&'static str> {
    use portero_domain::template::TemplateCategory;
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

/// One thing that is said of a template by reading it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LintView {
    /// A stable word; `portero explain` says more.
    pub code: String,
    /// `fault` (Meta refuses it) or `hint`.
    pub weight: String,
    /// `header`, `body`, `footer`, `buttons`, `button.0`, `category`.
    pub at: String,
    /// What stands there; may be empty.
    pub found: String,
    /// What is so, per language.
    pub says: BTreeMap<String, String>,
    /// What would help, per language.
    pub remedy: BTreeMap<String, String>,
}

impl LintView {
    fn of(remark: Remark) -> LintView {
        LintView {
            code: remark.about.code.to_owned(),
            weight: remark.about.weight.as_str().to_owned(),
            at: remark.at,
            found: remark.found,
            says: in_each(remark.about.says),
            remedy: in_each(remark.about.remedy),
        }
    }
}

fn in_each(words: Words) -> BTreeMap<String, String> {
    let all = Language::ALL.into_iter();
    all.map(|l| (l.code().to_owned(), words.get(l).to_owned()))
        .collect()
}

/// A button of a template.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ButtonView {
    /// What is on it.
    pub text: String,
    /// Where it leads, when it leads somewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// A campaign that depends on a template.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DependantView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: String,
    /// Whether it rests because of the template.
    pub rests: bool,
}

/// One template with everything that is known of it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateDetailView {
    /// As lists show it.
    #[serde(flatten)]
    pub template: TemplateView,
    /// Text of the header, with its slot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// `image`, `video` or `document`, when the header is media.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_media: Option<String>,
    /// Footer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// Buttons in their order.
    pub buttons: Vec<ButtonView>,
    /// Names of the values a send must give.
    pub slots: Vec<String>,
    /// Where it says how to stop: `button`, `footer`, `body`, `nowhere`; absent: nobody has looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub says_how_to_stop: Option<StopPart>,
    /// Rules that would refuse it whoever it is sent to.
    pub refused_by: Vec<String>,
    /// What is said of it by reading it.
    pub lint: Vec<LintView>,
    /// Campaigns that use it and are not over.
    pub campaigns: Vec<DependantView>,
    /// Plugins that were granted it, by their own ids.
    pub plugins: Vec<String>,
    /// What Meta said of it, newest first; at most 50.
    pub history: Vec<HistoryView>,
}

impl TemplateDetail {
    /// What is said of it by reading it.
    #[must_use]
    pub fn lint(&self) -> Vec<LintView> {
        lint(&self.template).into_iter().map(LintView::of).collect()
    }
}

/// The same as the API shows it.
///
/// # Errors
/// As [`one`].
pub async fn detail_view(
    ctx: &Context,
    tenant: TenantId,
    waba: &str,
    name: &str,
    language: &str,
) -> Result<TemplateDetailView, FlowError> {
    let detail = one(ctx, tenant, waba, name, language).await?;
    let refused = refused_by(&detail.template, &detail.view.quality);
    let lint = detail.lint();
    let slots = detail.template.slots;
    let around = slots.around.clone().unwrap_or_default();
    let dependant = |c: campaigns::CampaignLine| DependantView {
        rests: !refused.is_empty() || c.rests_by_template(),
        id: c.id,
        name: c.name,
        state: c.state.as_str().to_owned(),
    };
    Ok(TemplateDetailView {
        template: detail.view,
        header: around.header,
        header_media: slots.header_media.clone(),
        footer: around.footer,
        buttons: around
            .buttons
            .into_iter()
            .map(|(text, to)| ButtonView { text, to })
            .collect(),
        slots: slot_names(&slots),
        says_how_to_stop: slots.stop,
        campaigns: detail.campaigns.into_iter().map(dependant).collect(),
        refused_by: refused.iter().map(|rule| (*rule).to_owned()).collect(),
        lint,
        plugins: detail.plugins,
        history: detail.history,
    })
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
