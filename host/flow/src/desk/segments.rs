//! Segments of a tenant: what plugins offer, who is in them and why, looking at everybody again.

use std::collections::BTreeMap;

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, InstallationId, RunId, TenantId};
use portero_domain::plugin::PluginKind;
use portero_store::Tx;
use portero_store::model::{SegmentRow, SegmentRun};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::desk::counted::Counts;
use crate::desk::{Page, parse_cursor};
use crate::error::FlowError;
use crate::segment;

/// People shown of those a plugin stumbled over.
const STUCK_SHOWN: usize = 10;

/// A segmentation plugin and its segments.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SegmentationView {
    /// The installation.
    #[schema(value_type = String)]
    pub installation: InstallationId,
    /// The plugin's own id.
    pub plugin: String,
    /// Segments, in the plugin's order.
    pub segments: Vec<SegmentView>,
    /// When their people were counted, RFC 3339; absent when that was now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_at: Option<String>,
    /// The newest pass over everybody.
    pub run: Option<RunView>,
    /// When the last one ended, RFC 3339.
    pub full_at: Option<String>,
    /// People looked at since installation, with repeats.
    pub looked_at: u64,
    /// People the plugin stumbled over since installation, with repeats.
    pub faults: u64,
    /// How the last of these ended, and when.
    pub last_fault: Option<String>,
    /// RFC 3339.
    pub last_fault_at: Option<String>,
    /// People it stumbled over the last time; they stay in the segments they were in.
    pub stuck: u64,
    /// The first of them.
    pub stuck_people: Vec<StuckView>,
}

/// A segment.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SegmentView {
    /// Its id within the plugin.
    pub id: String,
    /// Titles by language.
    pub titles: BTreeMap<String, String>,
    /// People in it.
    pub members: u64,
}

/// A pass over everybody.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RunView {
    /// `running`, `done` or `failed`.
    pub state: String,
    /// `installed`, `changed`, `daily` or `command`.
    pub why: String,
    /// People when it began.
    pub total: u64,
    /// People done.
    pub done: u64,
    /// Memberships begun, ended or reworded.
    pub changed: u64,
    /// People the plugin stumbled over.
    pub faults: u64,
    /// How the last of these ended, or why the pass did.
    pub last_fault: Option<String>,
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339.
    pub finished_at: Option<String>,
}

/// Somebody a plugin stumbled over.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct StuckView {
    /// Who.
    #[schema(value_type = String)]
    pub contact: ContactId,
    /// How the call ended.
    pub outcome: String,
    /// RFC 3339.
    pub at: String,
}

/// A person in a segment.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct MemberView {
    /// Who.
    #[schema(value_type = String)]
    pub contact: ContactId,
    /// Name.
    pub name: Option<String>,
    /// Why, as the plugin says.
    pub reason: String,
    /// Since when, RFC 3339.
    pub since: String,
}

/// Whom to look at again.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RebuildRequest {
    /// A plugin's id; every segmentation plugin of the tenant when absent.
    pub plugin: Option<String>,
}

impl From<SegmentRun> for RunView {
    fn from(run: SegmentRun) -> RunView {
        RunView {
            state: run.state,
            why: run.why,
            total: run.contacts_total.max(run.contacts_done),
            done: run.contacts_done,
            changed: run.changed,
            faults: run.faults,
            last_fault: run.last_fault,
            started_at: run.started_at.rfc3339(),
            finished_at: run.finished_at.map(Ts::rfc3339),
        }
    }
}

/// A tenant's newest passes, and whether each has ended.
pub(crate) type Passes = (TenantId, Vec<(RunId, bool)>);

impl Counts for Vec<SegmentRow> {
    fn size(&self) -> u64 {
        self.iter().map(|segment| segment.members).sum()
    }
}

/// Segments by plugin. People of large ones are counted as they were a moment ago.
///
/// # Errors
/// The database.
pub async fn list(ctx: &Context, tenant: TenantId) -> Result<Vec<SegmentationView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let mut of = tx.tenant(tenant);
    let mut installed = of.installations().await?;
    installed.retain(|i| i.kind == PluginKind::Segmentation);
    installed.sort_by_key(|i| i.position);
    let mut runs = Vec::with_capacity(installed.len());
    for row in &installed {
        runs.extend(of.latest_segment_run(row.id).await?);
    }
    drop(tx);
    // What a pass that has just ended changed is not old for anybody.
    let passes = runs.iter().map(|run| (run.id, run.finished_at.is_some()));
    let key = (tenant, passes.collect());
    let counted = ctx.segment_counts.get(ctx, key, |store| async move {
        let mut tx = store.read().await?;
        Ok(tx.tenant(tenant).segments().await?)
    });
    let segments = counted.await?;
    let (segments, counted_at) = (segments.value, segments.at.map(Ts::rfc3339));
    let mut tx = ctx.store.read().await?;
    let mut of = tx.tenant(tenant);
    let counts = of.segmentations().await?;
    let mut out = Vec::with_capacity(installed.len());
    for row in installed {
        let count = counts.iter().find(|c| c.installation == row.id);
        let stuck = of.segment_faults(row.id, None, STUCK_SHOWN).await?;
        out.push(SegmentationView {
            installation: row.id,
            plugin: row.plugin_id.as_str().to_owned(),
            segments: segments
                .iter()
                .filter(|s| s.installation == row.id)
                .map(|s| SegmentView {
                    id: s.segment.clone(),
                    titles: s.titles.clone(),
                    members: s.members,
                })
                .collect(),
            counted_at: counted_at.clone(),
            run: runs
                .iter()
                .find(|run| run.installation == row.id)
                .cloned()
                .map(RunView::from),
            full_at: count.and_then(|c| c.full_at).map(Ts::rfc3339),
            looked_at: count.map_or(0, |c| c.contacts),
            faults: count.map_or(0, |c| c.faults),
            last_fault: count.and_then(|c| c.last_fault.clone()),
            last_fault_at: count.and_then(|c| c.last_fault_at).map(Ts::rfc3339),
            stuck: count.map_or(0, |c| c.stuck),
            stuck_people: stuck
                .into_iter()
                .map(|(contact, outcome, at)| StuckView {
                    contact,
                    outcome,
                    at: at.rfc3339(),
                })
                .collect(),
        });
    }
    Ok(out)
}

/// Which installation and segment a name means: `active`, or `plugin:active` where two plugins offer
/// a segment of that name.
///
/// # Errors
/// [`FlowError::NotFound`], a name that two plugins offer, or the database.
pub async fn find(
    tx: &mut Tx,
    tenant: TenantId,
    name: &str,
) -> Result<(InstallationId, String), FlowError> {
    let installed = tx.tenant(tenant).installations().await?;
    let (plugin, segment) = match name.rsplit_once(':') {
        Some((plugin, segment)) => (Some(plugin), segment),
        None => (None, name),
    };
    let mut found = tx.tenant(tenant).segments().await?;
    found.retain(|s| {
        s.segment == segment
            && plugin.is_none_or(|p| {
                installed.iter().any(|i| {
                    i.id == s.installation && (i.plugin_id.as_str() == p || i.id.to_string() == p)
                })
            })
    });
    match found.as_slice() {
        [only] => Ok((only.installation, only.segment.clone())),
        [] => Err(FlowError::not_found("segment", name)),
        _ => Err(FlowError::bad(
            "segment",
            format!("two plugins offer `{segment}`; write plugin:{segment}"),
        )),
    }
}

/// People of a segment, by id, with the reason.
///
/// # Errors
/// [`FlowError::NotFound`], a bad cursor, or the database.
pub async fn members(
    ctx: &Context,
    tenant: TenantId,
    name: &str,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<MemberView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let (installation, segment) = find(&mut tx, tenant, name).await?;
    let mut of = tx.tenant(tenant);
    let rows = of
        .members(installation, &segment, parse_cursor(after)?, limit)
        .await?;
    let ids: Vec<ContactId> = rows.iter().map(|m| m.contact).collect();
    let people = of
        .segment_people(&ids, portero_store::model::SegmentWants::default())
        .await?;
    let items = rows
        .into_iter()
        .map(|m| MemberView {
            name: people
                .iter()
                .find(|p| p.contact == m.contact)
                .and_then(|p| p.name.clone()),
            contact: m.contact,
            reason: m.reason,
            since: m.since_at.rfc3339(),
        })
        .collect();
    Ok(Page::of(items, limit, |m: &MemberView| {
        m.contact.to_string()
    }))
}

/// Begins a pass over everybody; where one is under way, it goes on.
///
/// # Errors
/// [`FlowError::NotFound`] when there is no such segmentation plugin, or the database.
pub async fn rebuild(
    ctx: &Context,
    tenant: TenantId,
    request: &RebuildRequest,
) -> Result<Vec<SegmentationView>, FlowError> {
    let mut tx = ctx.store.write().await?;
    let mut rows = tx.tenant(tenant).installations().await?;
    rows.retain(|r| r.enabled && r.kind == PluginKind::Segmentation);
    if let Some(plugin) = &request.plugin {
        rows.retain(|r| r.plugin_id.as_str() == plugin || &r.id.to_string() == plugin);
        if rows.is_empty() {
            return Err(FlowError::not_found("segmentation plugin", plugin));
        }
    }
    for row in rows {
        segment::start(ctx, &mut tx, tenant, row.id, "command").await?;
    }
    tx.commit().await?;
    list(ctx, tenant).await
}
