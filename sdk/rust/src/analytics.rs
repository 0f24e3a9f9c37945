//! Plugins that count what happened.

use crate::event::{Failure, Meta};

/// An analytics plugin. It sees no person and proposes no message.
pub trait Analytics: Default {
    /// The metrics kept. Must not depend on anything but the configuration.
    fn metrics(&self) -> Vec<MetricInfo> {
        Vec::new()
    }

    /// What to add up for these outcomes.
    ///
    /// # Errors
    /// When the plugin cannot tell.
    fn observe(&mut self, batch: &ObservationBatch) -> Result<Vec<Sample>, Failure> {
        let _ = batch;
        Ok(Vec::new())
    }

    /// Cards for the operator's page, in the language of the query.
    ///
    /// # Errors
    /// When the plugin cannot tell.
    fn report(&mut self, query: &ReportQuery) -> Result<Vec<Card>, Failure> {
        let _ = query;
        Ok(Vec::new())
    }
}

/// A number an analytics plugin keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricInfo {
    /// Stable, 1 to 64 bytes of `[a-z0-9_.]`.
    pub id: String,
    /// `messages`, `people`, `percent_x100`, `ms`, `milli`; open to more.
    pub unit: String,
    /// (language, title): one for each of `es`, `pt`, `en`.
    pub titles: Vec<(String, String)>,
}

/// One outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// `proposed`, `denied`, `sent`, `delivered`, `read`, `failed`, `opt_out`, `inbound`, or the
    /// name of a plugin's metric event; open to more.
    pub name: String,
    /// Unix milliseconds.
    pub at: u64,
    /// (name, value).
    pub labels: Vec<(String, String)>,
    /// Amount; 1 for events.
    pub value: i64,
}

/// Outcomes to look at together, oldest first; each is shown once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservationBatch {
    /// Circumstances.
    pub meta: Meta,
    /// At most 1,000.
    pub observations: Vec<Observation>,
}

/// An amount to add to a number that the host keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// A metric that [`Analytics::metrics`] names.
    pub metric: String,
    /// (name, value), at most 8.
    pub labels: Vec<(String, String)>,
    /// Added to what is there.
    pub add: i64,
}

/// A number that the host kept, for a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Metric.
    pub metric: String,
    /// (name, value).
    pub labels: Vec<(String, String)>,
    /// What has been added up within the span.
    pub value: i64,
}

/// What the operator wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportQuery {
    /// Circumstances; cards are written in `meta.language`.
    pub meta: Meta,
    /// Unix milliseconds, included.
    pub since: u64,
    /// Unix milliseconds, not included.
    pub until: u64,
    /// This plugin's totals within the span.
    pub totals: Vec<Total>,
}

/// A card the host draws: text only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// At most 80 characters.
    pub title: String,
    /// (label, value text), at most 20.
    pub lines: Vec<(String, String)>,
}
