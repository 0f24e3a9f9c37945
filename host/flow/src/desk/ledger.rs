//! The ledger of consent of a whole tenant: every row with its proof, its words and its seal; and whether
//! the chain of seals holds.

use std::collections::BTreeMap;

use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, FrequencyPromise};
use portero_domain::ids::{ConsentEventId, ContactId, TenantId};
use portero_domain::language::Language;
use portero_store::model::{LedgerFilter, Wording};
use serde::Serialize;

use crate::context::Context;
use crate::desk::verdict_days::zone;
use crate::desk::verdicts::instant;
use crate::desk::{Page, parse_cursor};
use crate::error::FlowError;

/// Kinds of rows, as they can be asked for.
pub const KINDS: [&str; 8] = [
    "requested",
    "granted",
    "granted_unconfirmed",
    "import_refused",
    "declined",
    "revoked",
    "meta_stop",
    "meta_resume",
];
/// Where rows come from, as it can be asked for.
pub const SOURCES: [&str; 9] = [
    "wa_keyword",
    "wa_button",
    "wa_preference",
    "meta_error",
    "api",
    "operator",
    "import",
    "seed",
    "erasure",
];

/// Filters of the ledger.
#[derive(Clone, Debug, Default)]
pub struct LedgerQuery {
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only of this topic; `*` is promotion in general, `all` everything.
    pub topic: Option<String>,
    /// Only from this source.
    pub source: Option<String>,
    /// Not before: RFC 3339, or a day of the tenant's.
    pub since: Option<String>,
    /// Before: RFC 3339, or a day of the tenant's.
    pub until: Option<String>,
    /// Rows.
    pub limit: usize,
    /// Cursor.
    pub after: Option<String>,
}

/// One row of the ledger.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LedgerRowView {
    /// Whose.
    #[schema(value_type = String)]
    pub contact: ContactId,
    /// Their name, if known.
    pub name: Option<String>,
    /// The event with its proof.
    #[schema(value_type = Object)]
    pub event: ConsentEvent,
    /// The words that were shown: of the library's version that is named, else as they were told.
    pub words: Option<String>,
    /// SHA-256 of the event with whose it is, hex.
    pub hash: String,
    /// Its place in the chain; absent for the second before it is sealed.
    pub seal: Option<u64>,
}

/// Whether a tenant's chain of seals holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChainView {
    /// Whether every link and every sealed row is as it was.
    pub holds: bool,
    /// Seals checked: of consent events and verdicts.
    pub seals: u64,
    /// Rows that went at the end of their term; their hashes are in the chain.
    pub dropped: u64,
    /// Rows that are not sealed yet.
    pub unsealed: u64,
    /// Hash of the newest seal, to be kept elsewhere.
    pub head: String,
    /// What does not hold, one sentence each.
    pub faults: Vec<String>,
}

/// A version of a wording in its languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct WordingView {
    /// Name a plugin asks for.
    pub name: String,
    /// Counted from 1.
    pub version: u32,
    /// Whether it is the one that is shown now, in one of its languages at least.
    pub newest: bool,
    /// The most promotional messages promised.
    #[schema(value_type = Object)]
    pub promise: FrequencyPromise,
    /// What it says, by language.
    pub texts: BTreeMap<String, WordingText>,
}

/// What a wording says in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct WordingText {
    /// The question.
    pub body: String,
    /// Label of the yes button.
    pub yes: String,
    /// Label of the no button.
    pub no: String,
    /// Said after a yes.
    pub thanks: String,
    /// SHA-256 of the question and its buttons, hex.
    pub sha256: String,
}

fn known(field: &'static str, value: Option<&str>, all: &[&str]) -> Result<(), FlowError> {
    match value {
        Some(value) if !all.contains(&value) => {
            let why = format!("`{value}` is none of {}", all.join(", "));
            Err(FlowError::bad(field, why))
        }
        _ => Ok(()),
    }
}

/// Rows of the ledger, newest first.
///
/// # Errors
/// Bad filters, or the database.
pub async fn list(
    ctx: &Context,
    tenant: TenantId,
    query: &LedgerQuery,
) -> Result<Page<LedgerRowView>, FlowError> {
    known("kind", query.kind.as_deref(), &KINDS)?;
    known("source", query.source.as_deref(), &SOURCES)?;
    let after: Option<ConsentEventId> = parse_cursor(query.after.as_deref())?;
    let mut tx = ctx.store.read().await?;
    let zone = zone(&tx.tenant(tenant).row().await?.timezone);
    let scope = query.topic.as_deref().map(|topic| match topic {
        "*" => "promotional".to_owned(),
        "all" => "all".to_owned(),
        topic => format!("topic:{topic}"),
    });
    let filter = LedgerFilter {
        kind: query.kind.clone(),
        scope,
        source: query.source.clone(),
        since: instant("since", query.since.as_deref(), &zone)?,
        until: instant("until", query.until.as_deref(), &zone)?,
        limit: query.limit,
        after,
    };
    let rows = tx.tenant(tenant).ledger(&filter).await?;
    let library = tx.tenant(tenant).wordings().await?;
    let items = rows
        .into_iter()
        .map(|row| LedgerRowView {
            words: words(&library, &row.event),
            contact: row.contact,
            name: row.name,
            event: row.event,
            hash: row.content_hash,
            seal: row.seal,
        })
        .collect();
    Ok(Page::of(items, query.limit, |r: &LedgerRowView| {
        r.event.id.to_string()
    }))
}

/// The words that a person saw.
fn words(library: &[Wording], event: &ConsentEvent) -> Option<String> {
    if let Some(text) = &event.proof.wording_text {
        return Some(text.clone());
    }
    let (name, version) = event.wording.as_deref()?.rsplit_once('@')?;
    let version: u32 = version.parse().ok()?;
    let language = event.language.unwrap_or(Language::Es);
    let of = |w: &&Wording| w.name == name && w.version == version;
    let found = library
        .iter()
        .filter(of)
        .find(|w| w.language == language)
        .or_else(|| library.iter().find(of));
    found.map(|w| w.body.clone())
}

/// The library of wordings: by name, newest version first.
///
/// # Errors
/// The database.
pub async fn wordings(ctx: &Context, tenant: TenantId) -> Result<Vec<WordingView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let mut all: Vec<WordingView> = Vec::new();
    for w in tx.tenant(tenant).wordings().await? {
        let text = WordingText {
            sha256: w.sha256(),
            body: w.body,
            yes: w.yes_label,
            no: w.no_label,
            thanks: w.thanks,
        };
        let language = w.language.code().to_owned();
        let same = all
            .iter_mut()
            .find(|v| v.name == w.name && v.version == w.version);
        match same {
            Some(view) => {
                view.texts.insert(language, text);
            }
            None => all.push(WordingView {
                name: w.name,
                version: w.version,
                newest: false,
                promise: w.promise,
                texts: BTreeMap::from([(language, text)]),
            }),
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name).then(b.version.cmp(&a.version)));
    let mut last = String::new();
    for view in &mut all {
        view.newest = view.name != last;
        last.clone_from(&view.name);
    }
    Ok(all)
}

/// Every version of one wording, the newest first.
///
/// # Errors
/// [`FlowError::NotFound`], or the database.
pub async fn wording(
    ctx: &Context,
    tenant: TenantId,
    name: &str,
) -> Result<Vec<WordingView>, FlowError> {
    let mut all = wordings(ctx, tenant).await?;
    all.retain(|view| view.name == name);
    match all.is_empty() {
        true => Err(FlowError::not_found("wording", name)),
        false => Ok(all),
    }
}

/// Checks every link of the tenant's chain and every sealed row against its seal. It reads all of them.
///
/// # Errors
/// The database; a chain that does not hold is an answer.
pub async fn check(ctx: &Context, tenant: TenantId) -> Result<ChainView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let mut report = tx.tenant(tenant).verify_chain().await?;
    if let Some(at) = report.dropped_at.filter(|at| *at > ctx.now()) {
        let said = format!("a row was dropped at {}, which is not yet", at.rfc3339());
        report.faults.push(said);
    }
    Ok(ChainView {
        dropped: report.dropped,
        holds: report.faults.is_empty(),
        seals: report.seals,
        unsealed: report.unsealed,
        head: report.head,
        faults: report.faults,
    })
}

/// When a row was recorded and when the person acted, for those who show it.
#[must_use]
pub fn times(event: &ConsentEvent) -> (String, String) {
    (event.received_at.rfc3339(), Ts::rfc3339(event.captured_at))
}

#[cfg(test)]
mod tests {
    use portero_domain::consent::ConsentSource;

    use super::*;

    #[test]
    fn every_source_can_be_asked_for_by_the_word_that_its_rows_carry() {
        let words: Vec<String> = ConsentSource::ALL
            .into_iter()
            .map(|source| {
                let carried = serde_json::to_value(source).unwrap_or_default();
                assert_eq!(carried, source.as_str());
                source.as_str().to_owned()
            })
            .collect();
        assert_eq!(words.len(), SOURCES.len());
        assert!(
            words.iter().all(|w| SOURCES.contains(&w.as_str())),
            "{words:?}"
        );
    }
}
