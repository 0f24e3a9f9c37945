//! A small, honest analytics plugin.

use portero_sdk::{Analytics, Card, Failure, MetricInfo, ObservationBatch, ReportQuery, Sample};

#[derive(Default)]
struct Counts;

portero_sdk::export_analytics!(Counts, manifest = "portero-plugin.toml");

impl Analytics for Counts {
    fn metrics(&self) -> Vec<MetricInfo> {
        vec![MetricInfo {
            id: "sent".into(),
            unit: "messages".into(),
            titles: vec![("es".into(), "Enviados".into())],
        }]
    }

    fn observe(&mut self, batch: &ObservationBatch) -> Result<Vec<Sample>, Failure> {
        let sent = batch.observations.iter().filter(|o| o.name == "sent");
        Ok(sent
            .map(|o| Sample {
                metric: "sent".into(),
                labels: o.labels.clone(),
                add: o.value,
            })
            .collect())
    }

    fn report(&mut self, query: &ReportQuery) -> Result<Vec<Card>, Failure> {
        let total: i64 = query.totals.iter().map(|t| t.value).sum();
        Ok(vec![Card {
            title: format!("sent ({})", query.meta.language),
            lines: vec![("total".into(), total.to_string())],
        }])
    }
}
