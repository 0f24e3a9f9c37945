//! What a campaign can be made of: whom it could be for, in numbers, and the templates, numbers and sources of
//! values that there are.

use portero_domain::ids::{InstallationId, TenantId};
use portero_domain::plugin::PluginKind;
use portero_domain::template::Template;

use crate::context::Context;
use crate::desk::numbers::{self, NumberView};
use crate::desk::segments::{self, SegmentationView};
use crate::desk::templates::refused_by;
use crate::error::FlowError;

/// Tags and attributes told at most.
const MOST: usize = 200;
/// Campaigns whose topics are told.
const RECENT: usize = 50;

/// A template that a campaign may be written with.
#[derive(Clone, Debug)]
pub struct Usable {
    /// The account that has it.
    pub waba: String,
    /// `GREEN`, `YELLOW`, `UNKNOWN`.
    pub quality: String,
    /// What is in it.
    pub template: Template,
}

/// What there is to choose from.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// People an audience of everybody would hold now.
    pub all: u64,
    /// Tags with their people, by name; the first two hundred.
    pub tags: Vec<(String, u64)>,
    /// Segments with their people, by plugin.
    pub segments: Vec<SegmentationView>,
    /// Numbers to send from.
    pub numbers: Vec<NumberView>,
    /// Templates that nothing of their own stands against.
    pub templates: Vec<Usable>,
    /// Templates left out because they would leave to nobody.
    pub refused: usize,
    /// Keys of attributes that people have; the first two hundred.
    pub attributes: Vec<String>,
    /// Segmentation plugins that can be asked for words: (installation, the plugin's own id).
    pub personalisers: Vec<(InstallationId, String)>,
    /// Topics of recent campaigns, and names of consent wordings.
    pub topics: Vec<String>,
}

/// What there is to choose from now.
///
/// # Errors
/// The database.
pub async fn choices(ctx: &Context, tenant: TenantId) -> Result<Choices, FlowError> {
    let segments = segments::list(ctx, tenant).await?;
    let numbers = numbers::list(ctx, tenant).await?;
    let mut tx = ctx.store.read().await?;
    let mut of = tx.tenant(tenant);
    let known = of.templates().await?;
    let all = known.len();
    let templates: Vec<Usable> = known
        .into_iter()
        .filter(|(_, template, quality)| refused_by(template, quality).is_empty())
        .map(|(waba, template, quality)| Usable {
            waba: waba.as_str().to_owned(),
            quality,
            template,
        })
        .collect();
    let mut topics: Vec<String> = of.wordings().await?.into_iter().map(|w| w.name).collect();
    let recent = of.campaigns(None, RECENT, None).await?;
    topics.extend(recent.into_iter().filter_map(|c| c.definition.topic));
    topics.sort();
    topics.dedup();
    let installed = of.installations().await?;
    Ok(Choices {
        all: of.audience_of_all().await?,
        tags: of.audience_of_tags(MOST).await?,
        attributes: of.attribute_keys(MOST).await?,
        personalisers: installed
            .into_iter()
            .filter(|row| row.enabled && row.kind == PluginKind::Segmentation)
            .map(|row| (row.id, row.plugin_id.as_str().to_owned()))
            .collect(),
        refused: all - templates.len(),
        segments,
        numbers,
        templates,
        topics,
    })
}
