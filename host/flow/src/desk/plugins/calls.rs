//! Calls of a plugin with what it logged: how each ended, for its author.

use std::collections::HashMap;

use portero_domain::ids::{EventId, InstallationId, TenantId};
use serde::Serialize;

use super::kept;
use crate::context::Context;
use crate::desk::Page;
use crate::error::FlowError;

/// A line of a plugin's log. What the plugin wrote, with long runs of digits masked.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LogLineView {
    /// `debug`, `info`, `warn`, `error`, or `host` for what the host adds.
    pub level: String,
    /// The line.
    pub line: String,
}

/// A call.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CallView {
    /// Its id; the same event and installation give the same.
    pub id: String,
    /// The event it was about.
    #[schema(value_type = String)]
    pub event: EventId,
    /// When, RFC 3339.
    pub called_at: String,
    /// SHA-256 of the component that was called.
    pub digest: String,
    /// How it ended: `ok`, `plugin-error`, `trap`, `out-of-fuel`, …
    pub outcome: String,
    /// More of it, for the author.
    pub detail: String,
    /// Actions returned.
    pub actions: usize,
    /// Fuel used, about one unit per wasm instruction.
    pub fuel: u64,
    /// Most memory at any time, bytes.
    pub peak_memory_bytes: u64,
    /// What it logged on that event, in order.
    pub log: Vec<LogLineView>,
}

/// Calls of a plugin, the newest first, each with its lines.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn calls(
    ctx: &Context,
    tenant: TenantId,
    id: InstallationId,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<CallView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    kept::installation(&mut tx, tenant, id).await?;
    let mut of = tx.tenant(tenant);
    let rows = of.calls_before(id, after, limit).await?;
    let events: Vec<EventId> = rows.iter().map(|c| c.event).collect();
    let mut lines: HashMap<EventId, Vec<LogLineView>> = HashMap::new();
    for row in of.logs_of(id, &events).await? {
        let line = LogLineView {
            level: row.level,
            line: row.line,
        };
        lines.entry(row.event).or_default().push(line);
    }
    let views = rows
        .into_iter()
        .map(|call| CallView {
            log: lines.remove(&call.event).unwrap_or_default(),
            id: call.call_id,
            event: call.event,
            called_at: call.called_at.rfc3339(),
            digest: call.digest,
            outcome: call.outcome,
            detail: call.detail,
            actions: call.actions,
            fuel: call.fuel,
            peak_memory_bytes: call.peak_memory_bytes,
        })
        .collect();
    Ok(Page::of(views, limit, |call: &CallView| call.id.clone()))
}
