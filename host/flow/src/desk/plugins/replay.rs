//! Recorded calls, run again: on their own component, where nothing may differ, or on another version, where what
//! differs is the question. Nothing is sent, nothing is kept, nobody is asked.

mod differences;
mod judged;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use portero_domain::clock::Millis;
use portero_domain::ids::{EventId, InstallationId, TenantId};
use portero_domain::plugin::PluginKind;
use portero_sandbox::journal::{CallResult, Order};
use portero_sandbox::{Loaded, Outcome, Recording};
use portero_store::model::{InstallationRow, RecordedCall};
use serde::Serialize;

use super::brought::Brought;
use super::recorded::{records, replayable};
use super::{component, kept};
use crate::context::Context;
use crate::error::FlowError;
use crate::grants::Effective;
use crate::journal;

pub use differences::{Change, Difference, VerdictSide};

/// Most calls of one request.
pub const REPLAY_CALLS: usize = 10_000;
/// Most hours to look back: what is kept longest.
pub const REPLAY_HOURS: u32 = 30 * 24;
/// Calls read at once.
const PAGE: usize = 200;
/// Calls that differ and are told one by one; all are counted.
const TOLD: usize = 200;
/// Calls that the clock cut off and that are run again: each may take as long as it took.
const CUT_OFF: u64 = 5;

/// Which calls are run again.
#[derive(Clone, Copy, Debug)]
pub struct Which {
    /// Of the last so many hours, 1 to [`REPLAY_HOURS`].
    pub hours: u32,
    /// At most so many, the newest first, 1 to [`REPLAY_CALLS`].
    pub last: usize,
}

/// Calls that were run again.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CallReplayView {
    /// The plugin.
    pub plugin: String,
    /// The version they were run on; null when each was run on the component that it was recorded with.
    pub against: Option<AgainstView>,
    /// Calls from this instant on, RFC 3339.
    pub since: String,
    /// Calls that were run again.
    pub calls: u64,
    /// Calls without any difference.
    pub same: u64,
    /// Calls that cannot be run again, or were left out, by why: `not_whole`, `host_bug`, `cut_off`.
    pub left_out: BTreeMap<&'static str, u64>,
    /// Differences by kind; a call may have several. `diverged` without `against`, else `text`, `action_added`,
    /// `action_removed`, `action_changed`, `memory`, `verdict`, `fault_new`, `fault_gone`, `fault_other`,
    /// `not_recorded`.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Verdicts that became others, by both: `deny_to_allow`.
    pub verdicts: BTreeMap<String, u64>,
    /// Fuel of all calls that were run, as recorded.
    pub fuel_was: u64,
    /// Fuel of the same calls now; comparable while `other_build` is 0.
    pub fuel_now: u64,
    /// Calls recorded by another build of the host: their fuel is not compared.
    pub other_build: u64,
    /// The calls that differ, the newest 200.
    pub differences: Vec<CallDifference>,
}

/// The version that calls were run on.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AgainstView {
    /// In its manifest.
    pub version: String,
    /// SHA-256 of the component.
    pub digest: String,
}

/// A call that went another way.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CallDifference {
    /// The event it was about: `portero plugin call` shows the call.
    #[schema(value_type = String)]
    pub event: EventId,
    /// When it was called, RFC 3339.
    pub called_at: String,
    /// What differs.
    pub differences: Vec<Difference>,
    /// Fuel as recorded.
    pub fuel_was: u64,
    /// Fuel now.
    pub fuel_now: u64,
}

/// Runs recorded calls of a replies plugin again; `against` another version (the bytes of its `.wasm`), or each on the
/// component that it was recorded with.
///
/// # Errors
/// [`FlowError::NotFound`]; bad input: a plugin of another kind, numbers out of bounds, a component of another plugin;
/// [`FlowError::PluginRefused`]; or the database.
pub async fn replay(
    ctx: &Context,
    tenant: TenantId,
    id: InstallationId,
    which: Which,
    against: Option<&[u8]>,
) -> Result<CallReplayView, FlowError> {
    if !(1..=REPLAY_HOURS).contains(&which.hours) {
        return Err(FlowError::bad("hours", format!("1 to {REPLAY_HOURS}")));
    }
    if !(1..=REPLAY_CALLS).contains(&which.last) {
        return Err(FlowError::bad("last", format!("1 to {REPLAY_CALLS}")));
    }
    let mut tx = ctx.store.read().await?;
    let row = kept::installation(&mut tx, tenant, id).await?;
    drop(tx);
    if row.kind != PluginKind::Replies {
        let why = "calls of segmentation and analytics plugins are not recorded: they are about many people at once";
        return Err(FlowError::bad("plugin", why));
    }
    let other = match against {
        None => None,
        Some(bytes) => Some(other(ctx, &row, bytes).await?),
    };
    let since = ctx.now() - Millis::hours(i64::from(which.hours));
    let mut run = Run {
        ctx,
        tenant,
        row: &row,
        other,
        loaded: HashMap::new(),
        view: CallReplayView {
            plugin: row.plugin_id.to_string(),
            against: None,
            since: since.rfc3339(),
            calls: 0,
            same: 0,
            left_out: BTreeMap::new(),
            kinds: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            fuel_was: 0,
            fuel_now: 0,
            other_build: 0,
            differences: Vec::new(),
        },
        cut_off: 0,
    };
    let (mut left, mut before) = (which.last, None::<String>);
    while left > 0 {
        let mut tx = ctx.store.read().await?;
        let page = tx
            .tenant(tenant)
            .recordings(
                id,
                &row.journal_key,
                since,
                before.as_deref(),
                left.min(PAGE),
            )
            .await?;
        drop(tx);
        let full = page.len() == left.min(PAGE);
        left = left.saturating_sub(page.len());
        before = page.last().map(|call| call.call_id.clone());
        for call in page {
            run.one(&call).await?;
        }
        if !full {
            break;
        }
    }
    Ok(run.end())
}

/// The other version, ready to be called; it is not installed by it.
async fn other(
    ctx: &Context,
    row: &InstallationRow,
    bytes: &[u8],
) -> Result<Arc<Loaded>, FlowError> {
    // It is tried, not trusted: who signed it is asked when it is installed.
    let brought = Brought {
        bytes,
        signature: None,
        digest: None,
        key: None,
        source: "",
        new_signer: false,
    };
    let found = component::checked(ctx, &brought).await?;
    if found.manifest.id != row.plugin_id.as_str() {
        let why = format!(
            "the component is `{}`, the plugin is `{}`: only a version of the same plugin answers its calls",
            found.manifest.id, row.plugin_id
        );
        return Err(FlowError::bad("component", why));
    }
    let loaded = ctx.sandbox.load(bytes, &found.digest).await;
    loaded.map_err(|refusal| FlowError::PluginRefused {
        why: refusal.to_string(),
    })
}

/// A replay on its way.
struct Run<'c> {
    ctx: &'c Context,
    tenant: TenantId,
    row: &'c InstallationRow,
    other: Option<Arc<Loaded>>,
    /// Components that calls were recorded with, by digest.
    loaded: HashMap<String, Arc<Loaded>>,
    view: CallReplayView,
    cut_off: u64,
}

impl Run<'_> {
    async fn one(&mut self, call: &RecordedCall) -> Result<(), FlowError> {
        let recording = journal::read(&call.recording)?;
        if let Some(why) = self.left_out(&recording) {
            *self.view.left_out.entry(why).or_default() += 1;
            return Ok(());
        }
        let (plugin, order) = match &self.other {
            Some(other) => (Arc::clone(other), Order::Any),
            None => (self.component(&call.digest).await?, Order::Exact),
        };
        let again = self.ctx.sandbox.replay(&plugin, &recording, order).await;
        let comparable = recording.build == self.ctx.sandbox.build();
        self.view.calls += 1;
        self.view.other_build += u64::from(!comparable);
        self.view.fuel_was = self.view.fuel_was.saturating_add(recording.result.fuel);
        self.view.fuel_now = self.view.fuel_now.saturating_add(again.result.fuel);
        let found = match order {
            Order::Exact => {
                let strayed = again.strayed;
                let differs = recording.result.differs(&again.result, comparable);
                differences::diverged(&recording.result, &again.result, strayed, differs)
            }
            Order::Any => {
                let mut found =
                    differences::between(&recording.result, &again.result, again.strayed);
                self.judge(call, &recording, &again.result, &plugin, &mut found)
                    .await?;
                found.retain(|d| d.what != Change::Verdict || d.verdict_change().is_some());
                found
            }
        };
        self.tell(call, found, recording.result.fuel, again.result.fuel);
        Ok(())
    }

    fn left_out(&mut self, recording: &Recording) -> Option<&'static str> {
        if !recording.whole {
            return Some("not_whole");
        }
        if !replayable(recording) {
            return Some("host_bug");
        }
        if recording.result.outcome == Outcome::WallTimeout.as_str() {
            self.cut_off += 1;
            return (self.cut_off > CUT_OFF).then_some("cut_off");
        }
        None
    }

    async fn component(&mut self, digest: &str) -> Result<Arc<Loaded>, FlowError> {
        if let Some(loaded) = self.loaded.get(digest) {
            return Ok(Arc::clone(loaded));
        }
        let loaded = self.ctx.plugin(digest).await?;
        self.loaded.insert(digest.to_owned(), Arc::clone(&loaded));
        Ok(loaded)
    }

    /// What the gate would have said of the messages, on the facts of then and under what the other version may.
    async fn judge(
        &self,
        call: &RecordedCall,
        recording: &Recording,
        again: &CallResult,
        plugin: &Loaded,
        found: &mut [Difference],
    ) -> Result<(), FlowError> {
        if !found.iter().any(Difference::is_of_a_message) {
            return Ok(());
        }
        let mut tx = self.ctx.store.read().await?;
        let said = records(&mut tx, self.tenant, self.row.id, call, recording).await?;
        let effective = Effective::of(plugin.manifest(), &self.row.grants);
        judged::judge(
            &mut tx,
            self.tenant,
            &said,
            again.actions.as_deref().unwrap_or_default(),
            &effective,
            found,
        )
        .await
    }

    fn tell(&mut self, call: &RecordedCall, found: Vec<Difference>, was: u64, now: u64) {
        if found.is_empty() {
            self.view.same += 1;
            return;
        }
        for difference in &found {
            if difference.what != Change::Verdict {
                *self.view.kinds.entry(difference.kind()).or_default() += 1;
            }
            if let Some(change) = difference.verdict_change() {
                *self.view.kinds.entry("verdict").or_default() += 1;
                *self.view.verdicts.entry(change).or_default() += 1;
            }
        }
        if self.view.differences.len() < TOLD {
            self.view.differences.push(CallDifference {
                event: call.event,
                called_at: call.called_at.rfc3339(),
                differences: found,
                fuel_was: was,
                fuel_now: now,
            });
        }
    }

    fn end(mut self) -> CallReplayView {
        self.view.against = self.other.map(|other| AgainstView {
            version: other.manifest().version.to_string(),
            digest: other.digest().to_owned(),
        });
        self.view
    }
}
