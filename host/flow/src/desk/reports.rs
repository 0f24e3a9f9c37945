//! Figures: what analytics plugins counted, as cards, sums and days.

use std::collections::BTreeMap;

use jiff::civil::Date;
use portero_domain::clock::Ts;
use portero_domain::ids::{InstallationId, TenantId};
use portero_domain::language::Language;
use portero_domain::plugin::{Card, MetricInfo, PluginKind, Sample};
use portero_sandbox::{CallLimits, ReportQuery};
use portero_store::model::{FigureRow, InstallationRow, TallyCursor, TenantRow};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::error::FlowError;
use crate::tally::{self, FigureServices, zone};

/// Sums shown, at most.
const ROWS_MAX: usize = 1_000;
/// Sums of one metric handed to a plugin that draws; a metric with small sums loses none to one with
/// large ones.
const EACH_MAX: usize = 300;
/// Cards and lines a plugin may draw, and characters of each text.
const CARDS_MAX: usize = 16;
const LINES_MAX: usize = 20;
const TEXT_MAX: usize = 80;
/// Days shown when nobody says since when, today included.
const DAYS: i64 = 30;

/// What can be asked of an analytics plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// What the plugin draws.
    Cards,
    /// Sums by metric and labels.
    Totals,
    /// Sums by metric and day.
    Days,
}

impl Report {
    /// All of them.
    pub const ALL: [Report; 3] = [Report::Cards, Report::Totals, Report::Days];

    /// Its name in paths and commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Report::Cards => "cards",
            Report::Totals => "totals",
            Report::Days => "days",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// [`FlowError::NotFound`] for any other.
    pub fn parse(name: &str) -> Result<Report, FlowError> {
        Report::ALL
            .into_iter()
            .find(|r| r.as_str() == name)
            .ok_or_else(|| FlowError::not_found("report (cards, totals or days)", name))
    }
}

/// Over which days, and in which language. Days are the tenant's own.
#[derive(Clone, Debug, Default)]
pub struct Span {
    /// First day, `YYYY-MM-DD`; 30 days up to `until` when missing.
    pub since: Option<String>,
    /// First day that no longer counts, `YYYY-MM-DD`; tomorrow when missing.
    pub until: Option<String>,
    /// `es`, `pt` or `en`; the tenant's when missing.
    pub language: Option<String>,
}

/// An installed analytics plugin and where it stands.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
pub struct ReportsView {
    /// Its installation.
    #[schema(value_type = String)]
    pub installation: InstallationId,
    /// The plugin's own id.
    pub plugin: String,
    /// What can be asked for.
    pub reports: Vec<String>,
    /// Metrics it declared.
    pub metrics: Vec<MetricView>,
    /// Outcomes it was shown.
    pub shown: i64,
    /// Outcomes and rows it was not shown yet; 0 when the figures are complete.
    pub behind: u64,
    /// Batches it was shown.
    pub batches: u64,
    /// Why it does not go on, when its last call failed.
    pub fault: Option<String>,
    /// When its figures last changed, RFC 3339.
    pub moved_at: Option<String>,
}

/// A metric.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
pub struct MetricView {
    /// Id.
    pub id: String,
    /// Unit.
    pub unit: String,
    /// Titles by language.
    pub titles: BTreeMap<String, String>,
}

/// A report.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
pub struct ReportView {
    /// Of which installation.
    #[schema(value_type = String)]
    pub installation: InstallationId,
    /// The plugin's own id.
    pub plugin: String,
    /// `cards`, `totals` or `days`.
    pub report: String,
    /// First day.
    pub since: String,
    /// First day that no longer counts.
    pub until: String,
    /// Zone of the days.
    pub timezone: String,
    /// Outcomes and rows that are not in it yet; 0 when it is complete.
    pub behind: u64,
    /// There are more sums than a report holds; those left out are the smallest, in `cards` the smallest
    /// of each metric.
    pub truncated: bool,
    /// Cards; empty for the other reports.
    pub cards: Vec<CardView>,
    /// Sums; empty for cards.
    pub rows: Vec<FigureView>,
}

/// A card.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
pub struct CardView {
    /// Title.
    pub title: String,
    /// Lines.
    pub lines: Vec<LineView>,
}

/// A line of a card.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
pub struct LineView {
    /// What.
    pub label: String,
    /// Value, as the plugin wrote it.
    pub value: String,
    /// The whole number that the value begins with, for a bar; absent when it begins with none.
    pub amount: Option<i64>,
}

/// A sum.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
pub struct FigureView {
    /// Metric.
    pub metric: String,
    /// Its title in the language asked for.
    pub title: String,
    /// Unit.
    pub unit: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Day, in reports by day.
    pub day: Option<String>,
    /// Amount.
    pub value: i64,
}

/// Analytics plugins of a tenant.
///
/// # Errors
/// The database.
pub async fn list(ctx: &Context, tenant: TenantId) -> Result<Vec<ReportsView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let mut rows = tx.tenant(tenant).installations().await?;
    rows.retain(|r| r.kind == PluginKind::Analytics);
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let cursor = tx.tenant(tenant).tally_cursor(row.id).await?;
        let behind = behind(&mut tx, tenant, cursor.as_ref()).await?;
        let of = |f: fn(&TallyCursor) -> i64| cursor.as_ref().map_or(0, f);
        out.push(ReportsView {
            installation: row.id,
            plugin: row.plugin_id.as_str().to_owned(),
            reports: Report::ALL.map(|r| r.as_str().to_owned()).to_vec(),
            metrics: cursor
                .iter()
                .flat_map(|c| c.metrics.iter().map(metric_view))
                .collect(),
            shown: of(|c| c.seq),
            behind,
            batches: cursor.as_ref().map_or(0, |c| c.batches),
            fault: cursor.as_ref().and_then(|c| c.fault.clone()),
            moved_at: cursor.as_ref().map(|c| c.moved_at.rfc3339()),
        });
    }
    Ok(out)
}

async fn behind(
    tx: &mut portero_store::Tx,
    tenant: TenantId,
    cursor: Option<&TallyCursor>,
) -> Result<u64, FlowError> {
    let head = tx.tenant(tenant).feed_head().await?;
    let rows = tx.tenant(tenant).untallied().await?;
    let unseen = head.saturating_sub(cursor.map_or(0, |c| c.seq));
    Ok(rows.saturating_add(u64::try_from(unseen).unwrap_or_default()))
}

fn metric_view(m: &MetricInfo) -> MetricView {
    MetricView {
        id: m.id.clone(),
        unit: m.unit.clone(),
        titles: m.titles.iter().cloned().collect(),
    }
}

/// One report of one analytics plugin.
///
/// # Errors
/// [`FlowError::NotFound`] for another tenant's installation or one of another kind; a span that
/// makes no sense; a plugin that fails to draw; the database.
pub async fn show(
    ctx: &Context,
    tenant: TenantId,
    installation: InstallationId,
    report: Report,
    span: &Span,
) -> Result<ReportView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let mut rows = tx.tenant(tenant).installations().await?;
    rows.retain(|r| r.id == installation && r.kind == PluginKind::Analytics);
    let row = rows
        .pop()
        .ok_or_else(|| FlowError::not_found("analytics installation", installation))?;
    let about = tx.tenant(tenant).row().await?;
    let cursor = tx.tenant(tenant).tally_cursor(installation).await?;
    let behind = behind(&mut tx, tenant, cursor.as_ref()).await?;
    let days = days(span, &about, ctx.now())?;
    let language = match span.language.as_deref() {
        Some(tag) => Language::from_tag(tag)
            .ok_or_else(|| FlowError::bad("lang", format!("`{tag}`; es, pt or en")))?,
        None => about.language,
    };
    let (since, until) = (days.0.to_string(), days.1.to_string());
    let limit = ROWS_MAX + 1;
    let mut figures = match report {
        Report::Days => {
            tx.tenant(tenant)
                .figures_by_day(installation, &since, &until, limit)
                .await?
        }
        Report::Cards => {
            tx.tenant(tenant)
                .figures_by_metric(installation, &since, &until, EACH_MAX + 1)
                .await?
        }
        Report::Totals => {
            tx.tenant(tenant)
                .figures(installation, &since, &until, limit)
                .await?
        }
    };
    drop(tx);
    let truncated = if report == Report::Cards {
        cut_each(&mut figures)
    } else {
        let more = figures.len() > ROWS_MAX;
        figures.truncate(ROWS_MAX);
        more
    };
    let metrics = cursor.map(|c| c.metrics).unwrap_or_default();
    let mut view = ReportView {
        installation,
        plugin: row.plugin_id.as_str().to_owned(),
        report: report.as_str().to_owned(),
        since,
        until,
        timezone: about.timezone.clone(),
        behind,
        truncated,
        cards: Vec::new(),
        rows: Vec::new(),
    };
    if report == Report::Cards {
        view.cards = cards(ctx, &about, &row, days, language, figures).await?;
    } else {
        view.rows = figures
            .into_iter()
            .map(|f| figure(f, &metrics, language))
            .collect();
    }
    Ok(view)
}

/// Leaves [`EACH_MAX`] sums of every metric; whether there were more.
fn cut_each(figures: &mut Vec<FigureRow>) -> bool {
    let before = figures.len();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    figures.retain(|f| {
        let n = seen.entry(f.metric.clone()).or_default();
        *n += 1;
        *n <= EACH_MAX
    });
    figures.len() < before
}

fn figure(row: FigureRow, metrics: &[MetricInfo], language: Language) -> FigureView {
    let info = metrics.iter().find(|m| m.id == row.metric);
    let title = info.and_then(|m| m.titles.iter().find(|(l, _)| l == language.code()));
    FigureView {
        title: title.map_or_else(|| row.metric.clone(), |(_, title)| title.clone()),
        unit: info.map(|m| m.unit.clone()).unwrap_or_default(),
        metric: row.metric,
        labels: row.labels.into_iter().collect(),
        day: (!row.day.is_empty()).then_some(row.day),
        value: row.value,
    }
}

async fn cards(
    ctx: &Context,
    tenant: &TenantRow,
    row: &InstallationRow,
    (since, until): (Date, Date),
    language: Language,
    figures: Vec<FigureRow>,
) -> Result<Vec<CardView>, FlowError> {
    let loaded = ctx.plugin(&row.digest).await?;
    let mut meta = tally::meta(ctx, tenant, format!("report:{}", row.id));
    language.code().clone_into(&mut meta.language);
    let query = ReportQuery {
        meta,
        since: midnight(tenant, since),
        until: midnight(tenant, until),
        totals: figures
            .into_iter()
            .map(|f| Sample {
                metric: f.metric,
                labels: f.labels,
                add: f.value,
            })
            .collect(),
    };
    let limits = CallLimits::for_manifest(loaded.manifest());
    let services = FigureServices::of(row, &loaded);
    let seed = tally::seed(row, -2);
    let report = ctx
        .sandbox
        .call_report(&loaded, &limits, services, query, seed)
        .await;
    match report.value {
        Some(cards) => Ok(cards.into_iter().take(CARDS_MAX).map(card).collect()),
        None => Err(FlowError::bad(
            "report",
            format!(
                "plugin {} could not draw it ({}); `totals` and `days` need no plugin",
                row.plugin_id,
                report.outcome.as_str()
            ),
        )),
    }
}

fn card(card: Card) -> CardView {
    let cut = |text: &str| text.chars().take(TEXT_MAX).collect::<String>();
    CardView {
        title: cut(&card.title),
        lines: card
            .lines
            .iter()
            .take(LINES_MAX)
            .map(|(label, value)| LineView {
                label: cut(label),
                value: cut(value),
                amount: leading(value),
            })
            .collect(),
    }
}

/// The whole number a text begins with: `12 sent` has one, `0.5 USD` and `unknown` have none.
fn leading(text: &str) -> Option<i64> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let next = text.chars().nth(digits.len());
    if next.is_some_and(|c| !c.is_whitespace()) {
        return None;
    }
    digits.parse().ok()
}

/// The days asked for, checked.
fn days(span: &Span, tenant: &TenantRow, now: Ts) -> Result<(Date, Date), FlowError> {
    let read = |what: &'static str, text: &Option<String>| -> Result<Option<Date>, FlowError> {
        text.as_deref()
            .map(|t| {
                t.parse::<Date>()
                    .map_err(|_| FlowError::bad(what, format!("`{t}` is no day; write 2026-11-23")))
            })
            .transpose()
    };
    let off = |day: Date, by: i64| {
        day.checked_add(jiff::Span::new().days(by))
            .map_err(|_| FlowError::bad("until", "too far away"))
    };
    let until = match read("until", &span.until)? {
        Some(until) => until,
        None => {
            let today = now.to_jiff().map(|t| zone(&tenant.timezone).to_datetime(t));
            off(today.map(|t| t.date()).unwrap_or(Date::ZERO), 1)?
        }
    };
    let since = match read("since", &span.since)? {
        Some(since) => since,
        None => off(until, -DAYS)?,
    };
    if since >= until {
        return Err(FlowError::bad(
            "until",
            format!(
                "{until} does not come after {since}; it is the first day that no longer counts"
            ),
        ));
    }
    Ok((since, until))
}

fn midnight(tenant: &TenantRow, day: Date) -> Ts {
    day.to_zoned(zone(&tenant.timezone))
        .map(|z| Ts(z.timestamp().as_millisecond()))
        .unwrap_or(Ts::ZERO)
}

/// A report as CSV: a heading, then a row for each line or sum. Values that a spreadsheet would run
/// as a formula are quoted with an apostrophe.
#[must_use]
pub fn csv(view: &ReportView) -> String {
    let mut out = String::new();
    if view.report == Report::Cards.as_str() {
        row(&mut out, &["card", "line", "value"]);
        for card in &view.cards {
            for line in &card.lines {
                row(&mut out, &[&card.title, &line.label, &line.value]);
            }
        }
        note_truncated(&mut out, view, 3);
        return out;
    }
    row(
        &mut out,
        &["metric", "title", "unit", "labels", "day", "value"],
    );
    for one in &view.rows {
        let labels: Vec<String> = one.labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let day = one.day.as_deref().unwrap_or_default();
        let value = one.value.to_string();
        row(
            &mut out,
            &[
                &one.metric,
                &one.title,
                &one.unit,
                &labels.join(";"),
                day,
                &value,
            ],
        );
    }
    note_truncated(&mut out, view, 6);
    out
}

/// Says in a last row that sums are missing.
fn note_truncated(out: &mut String, view: &ReportView, columns: usize) {
    if view.truncated {
        let mut cells = vec![""; columns];
        if let Some(first) = cells.first_mut() {
            *first = "(truncated: there are more sums than a report holds; ask for fewer days)";
        }
        row(out, &cells);
    }
}

fn row(out: &mut String, cells: &[&str]) {
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        let runs = cell.starts_with(['=', '+', '@', '\t', '\r'])
            || (cell.starts_with('-') && cell.parse::<i64>().is_err());
        let cell = if runs {
            format!("'{cell}")
        } else {
            (*cell).to_owned()
        };
        if cell.contains([',', '"', '\n', '\r']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_has_the_whole_number_its_value_begins_with() {
        assert_eq!(leading("12 sent, 3 read"), Some(12));
        assert_eq!(leading("7"), Some(7));
        for text in [
            "0.5 USD",
            "unknown",
            "",
            "-3",
            "12%",
            "99999999999999999999",
        ] {
            assert_eq!(leading(text), None, "{text}");
        }
    }

    #[test]
    fn a_cell_can_neither_break_out_of_its_row_nor_run() {
        let mut out = String::new();
        row(
            &mut out,
            &["a,b", "say \"hi\"", "=1+1", "-5", "-x", "two\nlines"],
        );
        assert_eq!(
            out,
            "\"a,b\",\"say \"\"hi\"\"\",'=1+1,-5,'-x,\"two\nlines\"\r\n"
        );
    }
}
