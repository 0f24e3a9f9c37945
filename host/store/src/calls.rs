//! What plugins did: calls, log lines, metric events.

use portero_domain::clock::Ts;
use portero_domain::ids::{EventId, InstallationId};
use serde_json::json;

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// One call of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginCall {
    /// Unique; the same event and installation give the same id.
    pub call_id: String,
    /// Who was called.
    pub installation: InstallationId,
    /// For which event.
    pub event: EventId,
    /// With which component.
    pub digest: String,
    /// Class of outcome.
    pub outcome: String,
    /// More of it, for the author.
    pub detail: String,
    /// Actions returned.
    pub actions: usize,
    /// Fuel used.
    pub fuel: u64,
    /// Most memory at any time, bytes.
    pub peak_memory_bytes: u64,
    /// When.
    pub called_at: Ts,
}

/// One metric a plugin emitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricEvent {
    /// Who.
    pub installation: InstallationId,
    /// On which event.
    pub event: EventId,
    /// Place among the actions.
    pub action_index: u32,
    /// Name.
    pub name: String,
    /// Amount.
    pub value: i64,
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// When.
    pub at: Ts,
}

/// A log line of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// Who.
    pub installation: InstallationId,
    /// On which event.
    pub event: EventId,
    /// `debug`, `info`, `warn`, `error` or `host`.
    pub level: String,
    /// The line. Guest text: not for the host's own log.
    pub line: String,
    /// When.
    pub logged_at: Ts,
}

statements! {
    CALL_RECORD = "insert into plugin_calls (call_id, tenant_id, installation_id, event_id, digest, outcome, detail,
            actions, fuel, peak_memory_bytes, called_at)
        select cast($3 as text), tenant_id, installation_id, cast($4 as text), cast($5 as text), cast($6 as text),
            cast($7 as text), cast($8 as bigint), cast($9 as bigint), cast($10 as bigint), cast($11 as bigint)
        from installations where tenant_id = $1 and installation_id = $2
        on conflict (call_id) do update
        set outcome = excluded.outcome, detail = excluded.detail, actions = excluded.actions, fuel = excluded.fuel,
            peak_memory_bytes = excluded.peak_memory_bytes, called_at = excluded.called_at
        where plugin_calls.tenant_id = excluded.tenant_id";
    CALLS = "select call_id, installation_id, event_id, digest, outcome, detail, actions, fuel, peak_memory_bytes, called_at
        from plugin_calls where tenant_id = $1 and installation_id = $2 order by call_id desc limit $3";
    CALLS_BEFORE = "select call_id, installation_id, event_id, digest, outcome, detail, actions, fuel, peak_memory_bytes, called_at
        from plugin_calls where tenant_id = $1 and installation_id = $2 and call_id < $3 order by call_id desc limit $4";
    /// The newest calls by how they ended: no others are read.
    CALLS_ENDED = "select outcome, count(*), cast(max(fuel) as bigint), cast(max(peak_memory_bytes) as bigint)
        from (select outcome, fuel, peak_memory_bytes from plugin_calls
            where tenant_id = $1 and installation_id = $2 order by call_id desc limit $3) c
        group by outcome";
    LOGS_NEXT = "select coalesce(max(l.line_no), -1) + 1 from plugin_logs l
        join installations i on i.installation_id = l.installation_id
        where i.tenant_id = $1 and l.installation_id = $2 and l.event_id = $3";
    LOGS_APPEND = "insert into plugin_logs (installation_id, event_id, line_no, level, line, logged_at)
        select i.installation_id, $3, j.value ->> 'n', j.value ->> 'level', j.value ->> 'line', $5
        from json_each($4) j join installations i on i.tenant_id = $1 and i.installation_id = $2",
        postgres = "insert into plugin_logs (installation_id, event_id, line_no, level, line, logged_at)
        select i.installation_id, cast($3 as text), j.n, j.level, j.line, cast($5 as bigint)
        from jsonb_to_recordset(cast($4 as jsonb)) as j(n bigint, level text, line text)
        join installations i on i.tenant_id = $1 and i.installation_id = $2";
    LOGS = "select l.installation_id, l.event_id, l.level, l.line, l.logged_at from plugin_logs l
        join installations i on i.installation_id = l.installation_id
        where i.tenant_id = $1 and l.installation_id = $2 order by l.event_id desc, l.line_no limit $3";
    LOGS_OF = "select l.installation_id, l.event_id, l.level, l.line, l.logged_at from plugin_logs l
        join installations i on i.installation_id = l.installation_id
        where i.tenant_id = $1 and l.installation_id = $2 and l.event_id in (select value from json_each($3))
        order by l.event_id, l.line_no",
        postgres = "select l.installation_id, l.event_id, l.level, l.line, l.logged_at from plugin_logs l
        join installations i on i.installation_id = l.installation_id
        where i.tenant_id = $1 and l.installation_id = $2
            and l.event_id in (select jsonb_array_elements_text(cast($3 as jsonb)))
        order by l.event_id, l.line_no";
    METRICS_RECORD = "insert into metric_events (tenant_id, installation_id, event_id, action_index, name, value, labels, at)
        select i.tenant_id, i.installation_id, j.value ->> 'event', j.value ->> 'index', j.value ->> 'name',
            j.value ->> 'value', j.value ->> 'labels', j.value ->> 'at'
        from json_each($2) j cross join installations i on i.installation_id = j.value ->> 'installation'
        where +i.tenant_id = $1
        on conflict (installation_id, event_id, action_index) do nothing",
        postgres = "insert into metric_events (tenant_id, installation_id, event_id, action_index, name, value, labels, at)
        select i.tenant_id, i.installation_id, j.event, j.index, j.name, j.value, j.labels, j.at
        from jsonb_to_recordset(cast($2 as jsonb)) as j(installation text, event text, index bigint, name text,
            value bigint, labels text, at bigint)
        join installations i on i.installation_id = j.installation
        where i.tenant_id = $1
        on conflict (installation_id, event_id, action_index) do nothing";
    METRIC_TOTALS = "select name, labels, cast(sum(value) as bigint) from metric_events
        where tenant_id = $1 group by name, labels order by name, labels";
}

type RawCall = (
    String,
    String,
    String,
    String,
    String,
    String,
    i64,
    i64,
    i64,
    i64,
);

/// Installation, event, level, line, when.
type RawLog = (String, String, String, String, i64);

fn read_call(row: RawCall) -> Result<PluginCall> {
    let (call_id, installation, event, digest, outcome, detail, actions, fuel, peak, at) = row;
    Ok(PluginCall {
        call_id,
        installation: json::id("installation_id", &installation)?,
        event: json::id("event_id", &event)?,
        digest,
        outcome,
        detail,
        actions: json::small("actions", actions)?,
        fuel: db::count(fuel),
        peak_memory_bytes: db::count(peak),
        called_at: Ts(at),
    })
}

fn read_log(row: RawLog) -> Result<LogRow> {
    let (installation, event, level, line, at) = row;
    Ok(LogRow {
        installation: json::id("installation_id", &installation)?,
        event: json::id("event_id", &event)?,
        level,
        line,
        logged_at: Ts(at),
    })
}

impl TenantTx<'_> {
    /// Keeps one call.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] when the installation is not the tenant's, or the database.
    pub async fn record_call(&mut self, call: &PluginCall) -> Result<()> {
        let args = args![
            self.tenant,
            call.installation,
            call.call_id.as_str(),
            call.event,
            call.digest.as_str(),
            call.outcome.as_str(),
            call.detail.as_str(),
            i64::try_from(call.actions).unwrap_or(i64::MAX),
            db::amount(call.fuel),
            db::amount(call.peak_memory_bytes),
            call.called_at
        ];
        self.must("installation", CALL_RECORD, args).await
    }

    /// Calls of an installation, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn calls(
        &mut self,
        installation: InstallationId,
        limit: usize,
    ) -> Result<Vec<PluginCall>> {
        let rows: Vec<RawCall> = self
            .tx
            .rows(CALLS, args![self.tenant, installation, db::limit(limit)])
            .await?;
        rows.into_iter().map(read_call).collect()
    }

    /// Calls of an installation before the one with the id `before`, the newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn calls_before(
        &mut self,
        installation: InstallationId,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<PluginCall>> {
        let Some(before) = before else {
            return self.calls(installation, limit).await;
        };
        let args = args![self.tenant, installation, before, db::limit(limit)];
        let rows: Vec<RawCall> = self.tx.rows(CALLS_BEFORE, args).await?;
        rows.into_iter().map(read_call).collect()
    }

    /// Lines of an installation about these events, in order of event and line.
    ///
    /// # Errors
    /// The database.
    pub async fn logs_of(
        &mut self,
        installation: InstallationId,
        events: &[EventId],
    ) -> Result<Vec<LogRow>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let ids = events.iter().map(|e| json!(e.to_string())).collect();
        let args = args![self.tenant, installation, json::rows(ids)];
        let rows: Vec<RawLog> = self.tx.rows(LOGS_OF, args).await?;
        rows.into_iter().map(read_log).collect()
    }

    /// How the newest calls ended: (outcome, how many, most fuel, most memory in bytes).
    ///
    /// # Errors
    /// The database.
    pub async fn calls_ended(
        &mut self,
        installation: InstallationId,
        newest: usize,
    ) -> Result<Vec<(String, u64, u64, u64)>> {
        let args = args![self.tenant, installation, db::limit(newest)];
        let rows: Vec<(String, i64, i64, i64)> = self.tx.rows(CALLS_ENDED, args).await?;
        let read = |(outcome, n, fuel, memory)| {
            (outcome, db::count(n), db::count(fuel), db::count(memory))
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Appends log lines of a call: (level, line).
    ///
    /// # Errors
    /// The database.
    pub async fn append_logs(
        &mut self,
        installation: InstallationId,
        event: EventId,
        lines: &[(String, String)],
        now: Ts,
    ) -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let next: Option<(i64,)> = self
            .tx
            .row(LOGS_NEXT, args![self.tenant, installation, event])
            .await?;
        let next = next.map_or(0, |(n,)| n);
        let rows = (next..)
            .zip(lines)
            .map(|(n, (level, line))| json!({ "n": n, "level": level, "line": line }))
            .collect();
        let args = args![self.tenant, installation, event, json::rows(rows), now];
        self.tx.run(LOGS_APPEND, args).await.map(drop)
    }

    /// Log lines of an installation, newest event first.
    ///
    /// # Errors
    /// The database.
    pub async fn logs(
        &mut self,
        installation: InstallationId,
        limit: usize,
    ) -> Result<Vec<LogRow>> {
        let rows: Vec<RawLog> = self
            .tx
            .rows(LOGS, args![self.tenant, installation, db::limit(limit)])
            .await?;
        rows.into_iter().map(read_log).collect()
    }

    /// Keeps metric events; the same place of the same event counts once.
    ///
    /// # Errors
    /// The database.
    pub async fn record_metrics(&mut self, metrics: &[MetricEvent]) -> Result<()> {
        let rows = metrics
            .iter()
            .map(|m| {
                Ok(json!({
                    "installation": m.installation, "event": m.event, "index": m.action_index, "name": m.name,
                    "value": m.value, "labels": json::canonical("metric labels", &m.labels)?, "at": m.at,
                }))
            })
            .collect::<Result<Vec<_>>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        self.tx
            .run(METRICS_RECORD, args![self.tenant, json::rows(rows)])
            .await
            .map(drop)
    }

    /// Sums of the tenant's metric events: (name, labels as JSON, sum).
    ///
    /// # Errors
    /// The database.
    pub async fn metric_totals(&mut self) -> Result<Vec<(String, String, i64)>> {
        self.tx.rows(METRIC_TOTALS, args![self.tenant]).await
    }
}
