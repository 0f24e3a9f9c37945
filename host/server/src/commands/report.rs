//! `portero report`: figures as tables with small bars, CSV or JSON.

use std::process::ExitCode;

use portero_flow::desk::reports::{self, ReportView, ReportsView};
use serde_json::Value;

use crate::cli::ReportCommand;
use crate::commands::plugin::encode;
use crate::output;

/// Cells of the longest bar.
const BAR: i64 = 24;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: ReportCommand) -> anyhow::Result<ExitCode> {
    match command {
        ReportCommand::List(target) => {
            let api = target.connect().await?;
            let answer = api.get("/v1/reports").await?;
            if target.json {
                output::json(&answer);
            } else {
                list(&serde_json::from_value::<Vec<ReportsView>>(answer)?);
            }
            api.close().await;
        }
        ReportCommand::Show {
            report,
            plugin,
            since,
            until,
            lang,
            csv,
            target,
        } => {
            let api = target.connect().await?;
            let all: Vec<ReportsView> = serde_json::from_value(api.get("/v1/reports").await?)?;
            let installation = choose(&all, plugin.as_deref())?;
            let mut path = format!("/v1/reports/{installation}/{}", encode(&report));
            let mut mark = '?';
            for (name, value) in [("since", since), ("until", until), ("lang", lang)] {
                if let Some(value) = value {
                    path.push_str(&format!("{mark}{name}={}", encode(&value)));
                    mark = '&';
                }
            }
            let answer: Value = api.get(&path).await?;
            if target.json {
                output::json(&answer);
            } else {
                let view: ReportView = serde_json::from_value(answer)?;
                if csv {
                    output::line(reports::csv(&view).trim_end());
                } else {
                    show(&view);
                }
            }
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The installation meant: by its id or its plugin's; the only one when none is named.
fn choose(all: &[ReportsView], named: Option<&str>) -> anyhow::Result<String> {
    let known = || -> Vec<&str> { all.iter().map(|r| r.plugin.as_str()).collect() };
    match (named, all) {
        (_, []) => anyhow::bail!(
            "no analytics plugin is installed; `portero plugin install campaign_metrics.wasm`"
        ),
        (None, [only]) => Ok(only.installation.to_string()),
        (None, _) => anyhow::bail!("which one? `--plugin`: {}", known().join(", ")),
        (Some(named), _) => all
            .iter()
            .find(|r| r.plugin == named || r.installation.to_string() == named)
            .map(|r| r.installation.to_string())
            .ok_or_else(|| {
                anyhow::anyhow!(
                    "no analytics plugin `{named}`; installed: {}",
                    known().join(", ")
                )
            }),
    }
}

fn list(all: &[ReportsView]) {
    if all.is_empty() {
        output::line("no analytics plugin is installed; `portero plugin install --help`");
        return;
    }
    let rows = all
        .iter()
        .map(|r| {
            vec![
                r.plugin.clone(),
                r.reports.join(", "),
                r.metrics.len().to_string(),
                r.shown.to_string(),
                r.behind.to_string(),
                r.fault.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let header = [
        "plugin",
        "reports",
        "metrics",
        "outcomes shown",
        "not yet",
        "fault",
    ];
    output::line(&output::table(&header, rows));
}

fn show(view: &ReportView) {
    output::line(&format!(
        "{} · {} · {} to before {} ({})",
        view.plugin, view.report, view.since, view.until, view.timezone
    ));
    for card in &view.cards {
        let most = card.lines.iter().filter_map(|l| l.amount).max();
        let rows = card
            .lines
            .iter()
            .map(|l| {
                let bar = bar(l.amount.unwrap_or_default(), most.unwrap_or_default());
                vec![l.label.clone(), l.value.clone(), bar]
            })
            .collect();
        output::line("");
        output::line(&output::table(&[&card.title, "", ""], rows));
    }
    if !view.rows.is_empty() {
        let most = view.rows.iter().map(|r| r.value).max().unwrap_or_default();
        let rows = view
            .rows
            .iter()
            .map(|r| {
                let labels: Vec<String> =
                    r.labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
                vec![
                    r.day.clone().unwrap_or_default(),
                    r.title.clone(),
                    labels.join(" "),
                    r.value.to_string(),
                    bar(r.value, most),
                ]
            })
            .collect();
        output::line(&output::table(&["day", "metric", "of", "amount", ""], rows));
    } else if view.cards.is_empty() {
        output::line("nothing was counted in these days");
    }
    if view.truncated {
        output::line("the smallest sums are left out; ask for fewer days");
    }
    if view.behind > 0 {
        output::line(&format!(
            "{} outcomes are not in it yet; ask again in a moment",
            view.behind
        ));
    }
}

/// A bar against the longest; an amount above zero has at least one cell.
fn bar(amount: i64, most: i64) -> String {
    if amount <= 0 || most <= 0 {
        return String::new();
    }
    let cells = (i128::from(amount) * i128::from(BAR) / i128::from(most)).max(1);
    "█".repeat(usize::try_from(cells).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn the_longest_bar_has_24_cells_and_the_smallest_amount_one() {
        assert_eq!(bar(10, 10).chars().count(), 24);
        assert_eq!(bar(5, 10).chars().count(), 12);
        assert_eq!(bar(1, 1_000_000).chars().count(), 1);
        assert_eq!(bar(0, 10), "");
        assert_eq!(bar(-3, 10), "");
        assert_eq!(bar(i64::MAX, i64::MAX).chars().count(), 24);
    }
}
