//! Step 7: outcomes are taken from committed rows, shown to analytics plugins, and added up.
//!
//! Two movements, each in transactions of its own. [`gather`] turns what happened since the last
//! time into a numbered feed per tenant; a row is marked in the transaction that writes its
//! outcomes. Then every analytics plugin is shown the feed from where it stands: the amounts it
//! returns and its new place are one commit, guarded by the old place. A crash at any point, or two
//! processes at once, neither lose nor double an outcome.

mod gather;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use portero_domain::clock::Ts;
use portero_domain::ids::{EventId, TenantId};
use portero_domain::plugin::{CallMeta, MetricInfo, Observation, PluginKind, Sample, SendAction};
use portero_sandbox::{
    CallLimits, CallReport, HostError, HostServices, HttpRequest, HttpResponse, Loaded, Preview,
};
use portero_store::model::{InstallationRow, ObservationRow, PluginCall, TenantRow};
use sha2::{Digest, Sha256};

use crate::context::Context;
use crate::error::FlowError;
use crate::grants::Effective;

pub use gather::gather;

/// Outcomes shown in one batch at most.
pub const BATCH: usize = 1_000;
/// Metrics a plugin may declare.
const METRICS_MAX: usize = 50;
/// Labels of a sample, and their longest name or value in bytes.
const LABELS_MAX: usize = 8;
const LABEL_BYTES: usize = 256;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A tenant's zone; UTC when its name is none we know.
pub(crate) fn zone(name: &str) -> TimeZone {
    ZONES.get(name).unwrap_or(TimeZone::UTC)
}

/// The calendar day of an instant in a zone, `YYYY-MM-DD`.
pub(crate) fn day(zone: &TimeZone, at: Ts) -> String {
    at.to_jiff()
        .map(|t| zone.to_datetime(t).date().to_string())
        .unwrap_or_default()
}

/// Gathers for every tenant with an analytics plugin, and shows each plugin one batch. Returns how
/// many rows and outcomes were worked on.
///
/// # Errors
/// The database. A plugin that fails is noted and waits; the others go on.
pub async fn step(ctx: &Context) -> Result<usize, FlowError> {
    let mut tx = ctx.store.read().await?;
    let tenants = tx.system().tally_tenants().await?;
    drop(tx);
    let mut worked = 0;
    for tenant in tenants {
        worked += one_tenant(ctx, tenant).await?;
    }
    Ok(worked)
}

async fn one_tenant(ctx: &Context, id: TenantId) -> Result<usize, FlowError> {
    let mut tx = ctx.store.read().await?;
    let tenant = tx.tenant(id).row().await?;
    let mut rows = tx.tenant(id).installations().await?;
    drop(tx);
    let mut worked = gather(ctx, &tenant).await?;
    rows.retain(|r| r.enabled && r.kind == PluginKind::Analytics);
    for row in rows {
        let Ok(_leave) = ctx.breakers.admit(&row, ctx.clock.lease_now()) else {
            continue;
        };
        if let Some(shown) = show(ctx, &tenant, &row).await? {
            worked += keep(ctx, &shown).await?;
        }
    }
    Ok(worked)
}

/// A batch that a plugin was shown, and what it made of it; nothing of it is kept yet.
pub struct Shown {
    tenant: TenantId,
    row: InstallationRow,
    from: i64,
    to: i64,
    count: usize,
    day: String,
    report: CallReport<Vec<Sample>>,
    samples: Result<Vec<Sample>, String>,
    open_until: Option<Ts>,
}

/// Shows a plugin the next outcomes of one day, at most [`BATCH`]; nothing when there are none.
///
/// # Errors
/// The database.
pub async fn show(
    ctx: &Context,
    tenant: &TenantRow,
    row: &InstallationRow,
) -> Result<Option<Shown>, FlowError> {
    let loaded = ctx.plugin(&row.digest).await?;
    let Some((from, metrics)) = standing(ctx, tenant, row, &loaded).await? else {
        return Ok(None);
    };
    let mut tx = ctx.store.read().await?;
    let mut batch = tx.tenant(tenant.id).observations_after(from, BATCH).await?;
    drop(tx);
    let Some(first) = batch.first() else {
        return Ok(None);
    };
    let day = first.day.clone();
    let same = batch.iter().take_while(|o| o.day == day).count();
    batch.truncate(same);
    let to = batch.last().map_or(from, |o| o.seq);
    let meta = meta(ctx, tenant, format!("tally:{}:{to}", row.id));
    let report = ctx
        .sandbox
        .call_observe(
            &loaded,
            &CallLimits::for_manifest(loaded.manifest()),
            FigureServices::of(row, &loaded),
            meta,
            batch.into_iter().map(observation).collect(),
            seed(row, from),
        )
        .await;
    let samples = match &report.value {
        Some(samples) => added_up(samples, &metrics),
        None => Err(fault_of(&report)),
    };
    let open_until = ctx
        .breakers
        .record(row, ctx.clock.lease_now(), samples.is_err());
    Ok(Some(Shown {
        tenant: tenant.id,
        row: row.clone(),
        from,
        to,
        count: same,
        day,
        report,
        samples,
        open_until,
    }))
}

/// Keeps what a batch led to; 0 when somebody else was faster, or the plugin failed.
///
/// # Errors
/// The database: nothing is kept, the batch is shown again.
pub async fn keep(ctx: &Context, shown: &Shown) -> Result<usize, FlowError> {
    let now = ctx.now();
    let event = EventId::new(&*ctx.ids, now);
    let mut tx = ctx.store.write().await?;
    let mut tenant = tx.tenant(shown.tenant);
    let worked = match &shown.samples {
        Ok(samples) => {
            let span = (shown.from, shown.to);
            if !tenant
                .move_tally(shown.row.id, span, &shown.day, samples, now)
                .await?
            {
                return Ok(0);
            }
            shown.count
        }
        Err(why) => {
            tracing::warn!(installation.id = %shown.row.id, fault = %shown.report.outcome.as_str(), "analytics call failed");
            tenant.tally_fault(shown.row.id, why, now).await?;
            0
        }
    };
    let failed = shown.samples.is_err();
    let failures = if failed {
        shown.row.failures_in_row.saturating_add(1)
    } else {
        0
    };
    if (failures, shown.open_until) != (shown.row.failures_in_row, shown.row.breaker_open_until) {
        let opened = shown.row.breaker_opened + u32::from(shown.open_until.is_some());
        tenant
            .set_breaker(shown.row.id, failures, shown.open_until, opened)
            .await?;
    }
    tenant
        .record_call(&PluginCall {
            call_id: format!("tally:{}:{}", shown.row.id, shown.from),
            installation: shown.row.id,
            event,
            digest: shown.row.digest.clone(),
            outcome: shown.report.outcome.as_str().to_owned(),
            detail: shown.report.outcome.detail().unwrap_or_default().to_owned(),
            actions: shown.samples.as_ref().map_or(0, Vec::len),
            fuel: shown.report.fuel_used,
            peak_memory_bytes: shown.report.peak_memory_bytes,
            called_at: now,
        })
        .await?;
    let logs: Vec<(String, String)> = shown
        .report
        .logs
        .iter()
        .map(|(level, line)| (level.as_str().to_owned(), line.clone()))
        .collect();
    tenant.append_logs(shown.row.id, event, &logs, now).await?;
    tx.commit().await?;
    Ok(worked)
}

/// Where a plugin stands and what it declared; asks it when it is new or another component.
async fn standing(
    ctx: &Context,
    tenant: &TenantRow,
    row: &InstallationRow,
    loaded: &Loaded,
) -> Result<Option<(i64, Vec<MetricInfo>)>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let cursor = tx.tenant(tenant.id).tally_cursor(row.id).await?;
    drop(tx);
    let from = match cursor {
        Some(cursor) if cursor.digest == row.digest => {
            return Ok(Some((cursor.seq, cursor.metrics)));
        }
        Some(cursor) => cursor.seq,
        None => 0,
    };
    let limits = CallLimits::for_manifest(loaded.manifest());
    let services = FigureServices::of(row, loaded);
    let report = ctx
        .sandbox
        .call_metrics(loaded, &limits, services, ctx.now(), seed(row, -1))
        .await;
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let declared = match report.value {
        Some(metrics) if metrics.len() <= METRICS_MAX => Some(metrics),
        Some(metrics) => {
            let why = format!("{} metrics declared; at most {METRICS_MAX}", metrics.len());
            tracing::warn!(installation.id = %row.id, why, "metrics refused");
            None
        }
        None => {
            tracing::warn!(installation.id = %row.id, fault = report.outcome.as_str(), "metrics not declared");
            None
        }
    };
    let failed = declared.is_none();
    ctx.breakers.record(row, ctx.clock.lease_now(), failed);
    if let Some(metrics) = &declared {
        tx.tenant(tenant.id)
            .declare_metrics(row.id, &row.digest, metrics, now)
            .await?;
        tx.commit().await?;
    }
    Ok(declared.map(|metrics| (from, metrics)))
}

/// Samples summed by metric and labels, labels by name; what was wrong when they may not be kept.
fn added_up(samples: &[Sample], declared: &[MetricInfo]) -> Result<Vec<Sample>, String> {
    let mut sums: BTreeMap<(String, Vec<(String, String)>), i64> = BTreeMap::new();
    for sample in samples {
        if !declared.iter().any(|m| m.id == sample.metric) {
            return Err(format!("`{}` is none of its metrics", sample.metric));
        }
        let long = |(n, v): &(String, String)| n.len() > LABEL_BYTES || v.len() > LABEL_BYTES;
        if sample.labels.len() > LABELS_MAX || sample.labels.iter().any(long) {
            return Err(format!(
                "labels of `{}`: at most {LABELS_MAX}, {LABEL_BYTES} bytes each",
                sample.metric
            ));
        }
        let mut labels = sample.labels.clone();
        labels.sort();
        let sum = sums.entry((sample.metric.clone(), labels)).or_default();
        *sum = sum
            .checked_add(sample.add)
            .ok_or_else(|| format!("`{}` adds up to more than fits", sample.metric))?;
    }
    Ok(sums
        .into_iter()
        .map(|((metric, labels), add)| Sample {
            metric,
            labels,
            add,
        })
        .collect())
}

fn fault_of<T>(report: &CallReport<T>) -> String {
    let word = report.outcome.as_str();
    match report.outcome.detail() {
        Some(detail) if !detail.is_empty() => format!("{word}: {detail}"),
        _ => word.to_owned(),
    }
}

fn observation(row: ObservationRow) -> Observation {
    Observation {
        name: row.name,
        at: row.at,
        labels: row.labels,
        value: row.value,
    }
}

/// Circumstances of a call, in the tenant's language.
pub(crate) fn meta(ctx: &Context, tenant: &TenantRow, event_id: String) -> CallMeta {
    CallMeta {
        event_id,
        now: ctx.now(),
        timezone: tenant.timezone.clone(),
        language: tenant.language.code().to_owned(),
        ext: Vec::new(),
    }
}

/// The same batch of the same installation gives the same randomness.
pub(crate) fn seed(row: &InstallationRow, from: i64) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(row.id.to_string());
    hash.update(from.to_be_bytes());
    hash.finalize().into()
}

/// What an analytics guest may ask: its settings. It sees no person and keeps nothing itself.
pub(crate) struct FigureServices {
    config: String,
    effective: Effective,
}

impl FigureServices {
    pub(crate) fn of(row: &InstallationRow, loaded: &Loaded) -> Arc<FigureServices> {
        Arc::new(FigureServices {
            config: row.config.clone(),
            effective: Effective::of(loaded.manifest(), &row.grants),
        })
    }
}

fn denied<T>(permission: &str) -> Result<T, HostError> {
    Err(HostError::Denied {
        permission: permission.to_owned(),
    })
}

#[async_trait]
impl HostServices for FigureServices {
    fn is_granted(&self, permission: &str) -> bool {
        matches!(permission, "config" | "log") && self.effective.has(permission)
    }
    fn config_json(&self) -> String {
        self.config.clone()
    }
    async fn kv_get(&self, _: &str) -> Result<Option<Vec<u8>>, HostError> {
        denied("kv")
    }
    async fn kv_list(&self, _: &str, _: Option<&str>, _: u32) -> Result<Vec<String>, HostError> {
        denied("kv")
    }
    async fn gate_preview(&self, _: SendAction) -> Result<Preview, HostError> {
        denied("gate.preview")
    }
    async fn contact_field(&self, _: &str, field: &str) -> Result<Option<String>, HostError> {
        denied(&format!("contacts.read {field}"))
    }
    async fn http_fetch(&self, _: HttpRequest) -> Result<HttpResponse, HostError> {
        denied("http.fetch")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(metric: &str, labels: &[(&str, &str)], add: i64) -> Sample {
        Sample {
            metric: metric.to_owned(),
            labels: labels
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            add,
        }
    }

    fn declared() -> Vec<MetricInfo> {
        vec![MetricInfo {
            id: "sent".to_owned(),
            unit: "messages".to_owned(),
            titles: Vec::new(),
        }]
    }

    #[test]
    fn labels_in_another_order_are_the_same_labels() {
        let all = [
            sample("sent", &[("a", "1"), ("b", "2")], 2),
            sample("sent", &[("b", "2"), ("a", "1")], 3),
        ];
        let sums = added_up(&all, &declared()).unwrap();
        assert_eq!(sums, [sample("sent", &[("a", "1"), ("b", "2")], 5)]);
    }

    #[test]
    fn an_undeclared_metric_refuses_the_answer() {
        let why = added_up(&[sample("other", &[], 1)], &declared()).unwrap_err();
        assert!(why.contains("`other`"), "{why}");
    }

    #[test]
    fn an_amount_that_does_not_fit_refuses_the_answer() {
        let all = [sample("sent", &[], i64::MAX), sample("sent", &[], 1)];
        assert!(added_up(&all, &declared()).is_err());
    }

    #[test]
    fn a_day_is_the_tenants_own() {
        let bogota = zone("America/Bogota");
        let midnight = Ts::parse_rfc3339("2026-11-23T05:00:00Z").unwrap();
        assert_eq!(day(&bogota, Ts(midnight.0 - 1)), "2026-11-22");
        assert_eq!(day(&bogota, midnight), "2026-11-23");
        assert_eq!(day(&bogota, Ts(midnight.0 + 1)), "2026-11-23");
    }
}
