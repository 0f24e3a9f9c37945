//! Counts what people wrote and what was delivered to them, and shows both on a card.

use portero_sdk::{Analytics, Card, Failure, MetricInfo, ObservationBatch, ReportQuery, Sample};

/// (outcome, metric, titles in es, pt, en).
const COUNTED: [(&str, &str, [&str; 3]); 2] = [
    (
        "inbound",
        "written",
        ["Recibidos", "Recebidas", "Written by people"],
    ),
    (
        "delivered",
        "delivered",
        ["Entregados", "Entregues", "Delivered to people"],
    ),
];

/// The plugin. What it counts is kept by the host.
#[derive(Default)]
pub struct Plugin;

portero_sdk::export_analytics!(Plugin, manifest = "portero-plugin.toml");

impl Analytics for Plugin {
    fn metrics(&self) -> Vec<MetricInfo> {
        COUNTED
            .iter()
            .map(|(_, metric, [es, pt, en])| MetricInfo {
                id: (*metric).to_owned(),
                unit: "messages".to_owned(),
                titles: [("es", es), ("pt", pt), ("en", en)]
                    .map(|(language, title)| (language.to_owned(), (*title).to_owned()))
                    .to_vec(),
            })
            .collect()
    }

    fn observe(&mut self, batch: &ObservationBatch) -> Result<Vec<Sample>, Failure> {
        let metric = |name: &str| COUNTED.iter().find(|c| c.0 == name).map(|c| c.1);
        Ok(batch
            .observations
            .iter()
            .filter_map(|observation| {
                Some(Sample {
                    metric: metric(&observation.name)?.to_owned(),
                    labels: Vec::new(),
                    add: observation.value,
                })
            })
            .collect())
    }

    fn report(&mut self, query: &ReportQuery) -> Result<Vec<Card>, Failure> {
        let place = ["es", "pt", "en"]
            .iter()
            .position(|language| query.meta.language.starts_with(language))
            .unwrap_or(2);
        let lines = COUNTED.iter().map(|(_, metric, titles)| {
            let totals = query.totals.iter().filter(|t| t.metric == *metric);
            let sum: i64 = totals.map(|t| t.value).sum();
            (titles[place].to_owned(), sum.to_string())
        });
        Ok(vec![Card {
            title: ["Mensajes", "Mensagens", "Messages"][place].to_owned(),
            lines: lines.collect(),
        }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_sdk::Observation;

    #[test]
    fn only_what_is_counted_adds_up() {
        let outcome = |name: &str| Observation {
            name: name.to_owned(),
            value: 1,
            ..Observation::default()
        };
        let batch = ObservationBatch {
            observations: vec![outcome("delivered"), outcome("read"), outcome("inbound")],
            ..ObservationBatch::default()
        };
        let samples = Plugin.observe(&batch).expect("samples");
        assert_eq!(samples.len(), 2);
        assert!(samples.iter().all(|s| s.add == 1));
    }
}
