//! How far analytics plugins were shown the feed, and what they added up.

use portero_domain::clock::Ts;
use portero_domain::ids::{InstallationId, TenantId};
use portero_domain::plugin::{MetricInfo, Sample};
use serde_json::json;

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::{SystemTx, TenantTx};

/// Where an analytics plugin stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallyCursor {
    /// The last outcome it was shown; 0 before the first.
    pub seq: i64,
    /// The component that declared the metrics.
    pub digest: String,
    /// The metrics it declared.
    pub metrics: Vec<MetricInfo>,
    /// Batches it was shown.
    pub batches: u64,
    /// Why it does not go on, when its last call failed.
    pub fault: Option<String>,
    /// When any of this last changed.
    pub moved_at: Ts,
}

/// An amount of one metric with its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureRow {
    /// Metric.
    pub metric: String,
    /// Labels, by name.
    pub labels: Vec<(String, String)>,
    /// The tenant's own calendar day; empty for a sum over days.
    pub day: String,
    /// Amount.
    pub value: i64,
}

statements! {
    TALLY_TENANTS = "select distinct tenant_id from installations where kind = 'analytics' and enabled = 1 order by tenant_id";
    CURSOR_GET = "select seq, digest, metrics, batches, fault, moved_at from tally_cursors
        where tenant_id = $1 and installation_id = $2";
    /// A new component declares anew and goes on where the old one stood.
    CURSOR_DECLARE = "insert into tally_cursors (tenant_id, installation_id, seq, digest, metrics, batches, moved_at)
        select tenant_id, installation_id, 0, cast($3 as text), cast($4 as text), 0, cast($5 as bigint)
        from installations where tenant_id = $1 and installation_id = $2
        on conflict (tenant_id, installation_id) do update
        set digest = excluded.digest, metrics = excluded.metrics, fault = null, moved_at = excluded.moved_at";
    /// Only from where the batch began: of two processes that showed it, one keeps what it led to.
    CURSOR_MOVE = "update tally_cursors set seq = $4, batches = batches + 1, fault = null, moved_at = $5
        where tenant_id = $1 and installation_id = $2 and seq = $3";
    CURSOR_FAULT = "update tally_cursors set fault = $3, moved_at = $4 where tenant_id = $1 and installation_id = $2";
    VALUES_ADD = "insert into metric_values (tenant_id, installation_id, metric, labels, day, value)
        select $1, $2, j.value ->> 'm', j.value ->> 'l', $4, j.value ->> 'v' from json_each($3) j where true
        on conflict (tenant_id, installation_id, metric, labels, day)
        do update set value = metric_values.value + excluded.value",
        postgres = "insert into metric_values (tenant_id, installation_id, metric, labels, day, value)
        select cast($1 as text), cast($2 as text), j.m, j.l, cast($4 as text), j.v
        from jsonb_to_recordset(cast($3 as jsonb)) as j(m text, l text, v bigint) where true
        order by j.m, j.l
        on conflict (tenant_id, installation_id, metric, labels, day)
        do update set value = metric_values.value + excluded.value";
    /// The largest first: what a limit cuts off is the least.
    VALUES_SUM = "select metric, labels, '' as day, cast(sum(value) as bigint) as value from metric_values
        where tenant_id = $1 and installation_id = $2 and day >= $3 and day < $4
        group by metric, labels order by 4 desc, metric, labels limit $5";
    /// Every metric has its place: the sum without labels first, then the largest of the others.
    VALUES_BY_METRIC = "select metric, labels, '' as day, value from (
            select metric, labels, cast(sum(value) as bigint) as value,
                row_number() over (partition by metric
                    order by case when labels = '[]' then 0 else 1 end, sum(value) desc, labels) as place
            from metric_values where tenant_id = $1 and installation_id = $2 and day >= $3 and day < $4
            group by metric, labels) ranked
        where place <= $5 order by metric, place";
    VALUES_DAYS = "select metric, '[]' as labels, day, cast(sum(value) as bigint) as value from metric_values
        where tenant_id = $1 and installation_id = $2 and day >= $3 and day < $4
        group by metric, day order by day, metric limit $5";
}

type RawCursor = (i64, String, String, i64, Option<String>, i64);
type RawFigure = (String, String, String, i64);

impl SystemTx<'_> {
    /// Tenants with an enabled analytics plugin.
    ///
    /// # Errors
    /// The database.
    pub async fn tally_tenants(&mut self) -> Result<Vec<TenantId>> {
        let rows: Vec<(String,)> = self.tx.rows(TALLY_TENANTS, args![]).await?;
        rows.iter().map(|(id,)| json::id("tenant_id", id)).collect()
    }
}

impl TenantTx<'_> {
    /// Where an analytics plugin stands; nothing before it declared its metrics.
    ///
    /// # Errors
    /// The database.
    pub async fn tally_cursor(
        &mut self,
        installation: InstallationId,
    ) -> Result<Option<TallyCursor>> {
        let row: Option<RawCursor> = self
            .tx
            .row(CURSOR_GET, args![self.tenant, installation])
            .await?;
        row.map(|(seq, digest, metrics, batches, fault, moved_at)| {
            Ok(TallyCursor {
                seq,
                digest,
                metrics: json::read("metrics", &metrics)?,
                batches: db::count(batches),
                fault,
                moved_at: Ts(moved_at),
            })
        })
        .transpose()
    }

    /// Keeps the metrics that a component declares.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] when the installation is not the tenant's, or the database.
    pub async fn declare_metrics(
        &mut self,
        installation: InstallationId,
        digest: &str,
        metrics: &[MetricInfo],
        now: Ts,
    ) -> Result<()> {
        let metrics = json::canonical("metrics", metrics)?;
        let args = args![self.tenant, installation, digest, metrics, now];
        self.must("installation", CURSOR_DECLARE, args).await
    }

    /// Moves an analytics plugin on and keeps what the batch led to; `false` when it stands
    /// elsewhere by now: drop the transaction, the batch counts elsewhere.
    ///
    /// # Errors
    /// The database.
    pub async fn move_tally(
        &mut self,
        installation: InstallationId,
        (from, to): (i64, i64),
        day: &str,
        samples: &[Sample],
        now: Ts,
    ) -> Result<bool> {
        let args = args![self.tenant, installation, from, to, now];
        if self.tx.run(CURSOR_MOVE, args).await? == 0 {
            return Ok(false);
        }
        if samples.is_empty() {
            return Ok(true);
        }
        let mut rows = Vec::with_capacity(samples.len());
        for sample in samples {
            let labels = json::canonical("labels", &sample.labels)?;
            rows.push(json!({ "m": sample.metric, "l": labels, "v": sample.add }));
        }
        let args = args![self.tenant, installation, json::rows(rows), day];
        self.tx.run(VALUES_ADD, args).await?;
        Ok(true)
    }

    /// Notes why an analytics plugin does not go on.
    ///
    /// # Errors
    /// The database.
    pub async fn tally_fault(
        &mut self,
        installation: InstallationId,
        fault: &str,
        now: Ts,
    ) -> Result<()> {
        let args = args![self.tenant, installation, fault, now];
        self.tx.run(CURSOR_FAULT, args).await?;
        Ok(())
    }

    /// Sums by metric and labels over days `[since, until)`, the largest first.
    ///
    /// # Errors
    /// The database.
    pub async fn figures(
        &mut self,
        installation: InstallationId,
        since: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<FigureRow>> {
        let args = args![self.tenant, installation, since, until, db::limit(limit)];
        let rows: Vec<RawFigure> = self.tx.rows(VALUES_SUM, args).await?;
        rows.into_iter().map(read).collect()
    }

    /// Sums by metric and labels over days `[since, until)`, at most `each` of every metric: those
    /// without labels, then the largest.
    ///
    /// # Errors
    /// The database.
    pub async fn figures_by_metric(
        &mut self,
        installation: InstallationId,
        since: &str,
        until: &str,
        each: usize,
    ) -> Result<Vec<FigureRow>> {
        let args = args![self.tenant, installation, since, until, db::limit(each)];
        let rows: Vec<RawFigure> = self.tx.rows(VALUES_BY_METRIC, args).await?;
        rows.into_iter().map(read).collect()
    }

    /// Sums by metric and day over days `[since, until)`, in order of days.
    ///
    /// # Errors
    /// The database.
    pub async fn figures_by_day(
        &mut self,
        installation: InstallationId,
        since: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<FigureRow>> {
        let args = args![self.tenant, installation, since, until, db::limit(limit)];
        let rows: Vec<RawFigure> = self.tx.rows(VALUES_DAYS, args).await?;
        rows.into_iter().map(read).collect()
    }
}

fn read((metric, labels, day, value): RawFigure) -> Result<FigureRow> {
    Ok(FigureRow {
        metric,
        labels: json::read("labels", &labels)?,
        day,
        value,
    })
}
