//! Counts what became of messages. Every outcome adds to a total and to its breakdowns, so that a
//! card needs no more than sums; what no rate is known for is shown as unknown, never as nothing.

mod cards;
mod count;
mod rates;
mod words;

use portero_sdk::{Analytics, Card, Failure, MetricInfo, ObservationBatch, ReportQuery, Sample};

use crate::rates::Rates;

/// The plugin; what it counts is kept by the host.
#[derive(Clone, Copy, Debug, Default)]
pub struct CampaignMetrics;

portero_sdk::export_analytics!(CampaignMetrics, manifest = "portero-plugin.toml");

impl Analytics for CampaignMetrics {
    fn metrics(&self) -> Vec<MetricInfo> {
        words::METRICS
            .iter()
            .map(|(id, unit, [es, pt, en])| MetricInfo {
                id: (*id).to_owned(),
                unit: (*unit).to_owned(),
                titles: [("es", es), ("pt", pt), ("en", en)]
                    .map(|(language, title)| (language.to_owned(), (*title).to_owned()))
                    .to_vec(),
            })
            .collect()
    }

    fn observe(&mut self, batch: &ObservationBatch) -> Result<Vec<Sample>, Failure> {
        Ok(count::samples(&batch.observations, &Rates::load()))
    }

    fn report(&mut self, query: &ReportQuery) -> Result<Vec<Card>, Failure> {
        Ok(cards::draw(query, &Rates::load()))
    }
}
