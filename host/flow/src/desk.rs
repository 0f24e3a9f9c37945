//! Application services: what API, CLI and console all call. Each takes a principal's reach.

pub mod access;
pub mod account;
pub mod audience;
pub mod audit;
pub mod backup;
pub mod campaigns;
pub mod checklist;
pub mod clock;
pub mod consent_told;
pub mod consents;
pub mod contacts;
pub(crate) mod counted;
pub mod deadlines;
pub mod erasure;
pub mod events;
pub mod export;
mod guesses;
pub mod handovers;
pub mod home;
pub mod imports;
pub mod inbox;
pub mod ledger;
pub mod masked;
pub mod me;
pub mod messages;
pub mod numbers;
pub mod once;
pub mod people;
pub mod person;
pub mod person_export;
pub mod plugins;
pub mod policy;
pub mod proofs;
pub mod questions;
pub mod reasons;
pub mod registration;
pub mod registries;
pub mod rejudge;
pub mod reports;
pub mod retention;
pub mod sandbox;
pub mod seen;
pub mod segments;
pub mod sessions;
pub mod suppressions;
pub mod templates;
pub mod tenants;
mod trade;
pub mod users;
pub mod verdict_days;
pub mod verdicts;
pub mod webhooks;

/// Most rows a list answers with.
pub const LIST_LIMIT: usize = 200;

/// A page of a list: rows, and where to go on.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Page<T: utoipa::ToSchema> {
    /// Newest first.
    pub items: Vec<T>,
    /// Give it back as `after`; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T: utoipa::ToSchema> Page<T> {
    pub(crate) fn of(items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Page<T> {
        let next_cursor = if items.len() >= limit {
            items.last().map(cursor)
        } else {
            None
        };
        Page { items, next_cursor }
    }
}

/// Clamps a caller's limit to 1..=[`LIST_LIMIT`], 50 by default.
#[must_use]
pub fn limit(asked: Option<usize>) -> usize {
    asked.unwrap_or(50).clamp(1, LIST_LIMIT)
}

pub(crate) fn parse_cursor<T: std::str::FromStr>(
    after: Option<&str>,
) -> Result<Option<T>, crate::FlowError> {
    after
        .map(|text| {
            text.parse()
                .map_err(|_| crate::FlowError::bad("after", "not a cursor of this list"))
        })
        .transpose()
}
