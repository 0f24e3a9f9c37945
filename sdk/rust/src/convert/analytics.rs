//! Analytics, both ways.

use crate::analytics::{Analytics, Observation, ObservationBatch, ReportQuery, Total};
use crate::bindings::analytics::exports::portero::plugin::analytics as wit;

/// Asks an analytics plugin for its metrics.
#[must_use]
pub fn metrics<P: Analytics>() -> Vec<wit::MetricInfo> {
    P::default()
        .metrics()
        .into_iter()
        .map(|m| wit::MetricInfo {
            id: m.id,
            unit: m.unit,
            titles: m.titles,
        })
        .collect()
}

/// Shows an analytics plugin outcomes.
///
/// # Errors
/// What the plugin answers.
pub fn observe<P: Analytics>(
    batch: wit::ObservationBatch,
) -> Result<Vec<wit::Sample>, wit::Failure> {
    let batch = ObservationBatch {
        meta: batch.meta.into(),
        observations: batch
            .observations
            .into_iter()
            .map(|o| Observation {
                name: o.name,
                at: o.at,
                labels: o.labels,
                value: o.value,
            })
            .collect(),
    };
    match P::default().observe(&batch) {
        Ok(all) => Ok(all
            .into_iter()
            .map(|s| wit::Sample {
                metric: s.metric,
                labels: s.labels,
                add: s.add,
            })
            .collect()),
        Err(failure) => Err(failure.into()),
    }
}

/// Asks an analytics plugin for its cards.
///
/// # Errors
/// What the plugin answers.
pub fn report<P: Analytics>(query: wit::ReportQuery) -> Result<Vec<wit::Card>, wit::Failure> {
    let query = ReportQuery {
        meta: query.meta.into(),
        since: query.since,
        until: query.until,
        totals: query
            .totals
            .into_iter()
            .map(|t| Total {
                metric: t.metric,
                labels: t.labels,
                value: t.value,
            })
            .collect(),
    };
    match P::default().report(&query) {
        Ok(cards) => Ok(cards
            .into_iter()
            .map(|c| wit::Card {
                title: c.title,
                lines: c
                    .lines
                    .into_iter()
                    .map(|(label, value)| wit::CardLine { label, value })
                    .collect(),
            })
            .collect()),
        Err(failure) => Err(failure.into()),
    }
}
