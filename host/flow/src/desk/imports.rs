//! People from a file: read as it comes in, a thousand rows per commit, the place in the file
//! committed with the rows. A file that breaks off goes on where it stands.
//!
//! Bad lines are kept with line number and reason; the good ones go in. Nothing holds more than a
//! chunk of the file.

mod attest;
mod chunk;
mod cut;
mod format;
mod hash;
mod ledger;
mod people;
mod rows;

use std::collections::BTreeMap;

use portero_domain::clock::Ts;
use portero_domain::ids::{ImportId, TenantId};
use portero_store::model::{ImportRow, NewImport};
use serde::{Deserialize, Serialize};

pub use attest::{Attestation, PeriodWording};
pub use chunk::Feeder;
pub use format::{Column, Format};

use crate::context::Context;
use crate::desk::once::{self, Once};
use crate::desk::{Page, parse_cursor};
use crate::error::FlowError;

/// A file about to be sent.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ImportRequest {
    /// What you call it, such as the file's name; at most 200 bytes.
    pub label: String,
    /// Check everything, write no person.
    pub dry_run: bool,
    /// `utf-8` or `windows-1252`; guessed when absent.
    pub encoding: Option<String>,
    /// `,` `;` tab or `|`; guessed when absent.
    #[schema(value_type = Option<String>)]
    pub separator: Option<char>,
    /// Column to meaning, where the name does not tell: `address`, `name`, `language`, `country`,
    /// `tags`, `consent`, `consent_at`, `consent_wording`, `attribute:KEY`, `ignore`.
    pub map: BTreeMap<String, String>,
    /// Calling code (`57`) put before numbers without one.
    pub calling_code: Option<String>,
    /// Size of the file, for the progress.
    pub bytes_total: Option<u64>,
    /// Who answers for the consent in the file. Without it, consent columns must not be there.
    pub attestation: Option<Attestation>,
}

/// A file: how it was understood, how far it is, what came of it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ImportView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: ImportId,
    /// What the caller calls it.
    pub label: String,
    /// `open`, `done` or `failed`.
    pub state: String,
    /// Whether no person is written.
    pub dry_run: bool,
    /// Whether somebody answers for the consent in it.
    pub attested: bool,
    /// Size, when told.
    pub bytes_total: Option<u64>,
    /// Bytes whose rows are committed: send the file from here to go on.
    pub byte_offset: u64,
    /// Line there.
    pub line: u64,
    /// Encoding, separator and columns, once they are known.
    #[schema(value_type = Option<Object>)]
    pub format: Option<Format>,
    /// Rows read.
    pub rows: u64,
    /// People who were unknown.
    pub new: u64,
    /// People who were known.
    pub updated: u64,
    /// Rows that were not good; see its faults.
    pub bad: u64,
    /// Consents recorded, each to be confirmed by the person.
    pub consents: u64,
    /// Consents over two years old of people who did not write for a year: the person goes in, the
    /// consent does not.
    pub consents_old: u64,
    /// SHA-256 of the file, once it was read to its end.
    pub sha256: Option<String>,
    /// Who answers for the consent in it, and for what.
    #[schema(value_type = Option<Object>)]
    pub attestation: Option<Attestation>,
    /// Why it failed.
    pub problem: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub finished_at: Option<String>,
}

/// A line that was not good.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct FaultView {
    /// Line of the file; the first is 1.
    pub line: u64,
    /// Stable word: `columns`, `quote`, `encoding`, `address`, `blocked`, `registry`, `consent_time`, …
    pub reason: String,
    /// What was found and what was expected.
    pub detail: String,
    /// The line, cut to 512 bytes.
    pub text: String,
}

/// What was asked, as kept with the file beside its format.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    format: Option<Format>,
    encoding: Option<String>,
    separator: Option<char>,
    map: BTreeMap<String, String>,
    calling_code: Option<String>,
    /// What the consents look like so far.
    consents: attest::Consents,
    /// Where the hash of the file stands, while it is read.
    hash_state: Option<String>,
    /// The hash of the whole file.
    sha256: Option<String>,
}

fn kept(row: &ImportRow) -> Result<Kept, FlowError> {
    serde_json::from_str(&row.format).map_err(|source| FlowError::Stored {
        what: "import",
        source,
    })
}

fn view(row: ImportRow) -> Result<ImportView, FlowError> {
    let kept = kept(&row)?;
    let attestation = match row.attestation.as_deref().map(serde_json::from_str) {
        None => None,
        Some(read) => Some(read.map_err(|source| FlowError::Stored {
            what: "attestation",
            source,
        })?),
    };
    Ok(ImportView {
        format: kept.format,
        sha256: kept.sha256,
        attestation,
        id: row.id,
        label: row.label,
        state: row.state,
        dry_run: row.dry_run,
        attested: row.attestation.is_some(),
        bytes_total: row.bytes_total,
        byte_offset: row.byte_offset,
        line: row.line_no,
        rows: row.counts.seen,
        new: row.counts.new,
        updated: row.counts.updated,
        bad: row.counts.bad,
        consents: row.counts.consents,
        consents_old: row.counts.consents_old,
        problem: row.problem,
        created_at: row.created_at.rfc3339(),
        finished_at: row.finished_at.map(Ts::rfc3339),
    })
}

/// Bytes of a file's beginning that tell how it is written.
pub const SAMPLE_BYTES: usize = 64 * 1024;

/// Has the columns of a file left out that hold consents, when nobody answers for them: its people go in without.
/// `sample` is the beginning of the file.
pub fn leave_consents_out(request: &mut ImportRequest, sample: &[u8]) {
    if request.attestation.is_none() {
        for column in format::consent_columns(sample, request) {
            request.map.insert(column, "ignore".to_owned());
        }
    }
}

/// Begins a file; its bytes follow.
///
/// # Errors
/// Bad input (an attestation that cannot stand, above all), or the database.
pub async fn create(
    ctx: &Context,
    tenant: TenantId,
    request: &ImportRequest,
    once: Option<&Once>,
) -> Result<ImportView, FlowError> {
    let now = ctx.now();
    if request.label.len() > 200 {
        return Err(FlowError::bad("label", "at most 200 bytes"));
    }
    if let Some(code) = &request.calling_code
        && (code.is_empty() || code.len() > 3 || !code.bytes().all(|b| b.is_ascii_digit()))
    {
        return Err(FlowError::bad("calling_code", "1 to 3 digits, such as 57"));
    }
    let attestation = match &request.attestation {
        None => None,
        Some(attestation) => {
            attestation
                .check(now)
                .map_err(|(field, why)| FlowError::bad(field, why))?;
            Some(write(attestation)?)
        }
    };
    let id = ImportId::new(&*ctx.ids, now);
    let kept = Kept {
        format: None,
        encoding: request.encoding.clone(),
        separator: request.separator,
        map: request.map.clone(),
        calling_code: request.calling_code.clone(),
        ..Kept::default()
    };
    let mut tx = ctx.store.write().await?;
    let whose = (Some(tenant), "imports");
    if let Some(made) = once::take(&mut tx, once, whose, &id.to_string(), now).await? {
        tx.commit().await?;
        return get(ctx, tenant, once::read("import", &made)?).await;
    }
    tx.tenant(tenant)
        .create_import(
            &NewImport {
                id,
                label: request.label.clone(),
                dry_run: request.dry_run,
                format: write(&kept)?,
                attestation,
                bytes_total: request.bytes_total,
            },
            now,
        )
        .await?;
    tx.commit().await?;
    get(ctx, tenant, id).await
}

fn write<T: Serialize>(value: &T) -> Result<String, FlowError> {
    serde_json::to_string(value).map_err(|source| FlowError::Stored {
        what: "import",
        source,
    })
}

/// One file.
///
/// # Errors
/// [`FlowError::NotFound`], or the database.
pub async fn get(ctx: &Context, tenant: TenantId, id: ImportId) -> Result<ImportView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = tx.tenant(tenant).import(id).await?;
    view(row.ok_or_else(|| FlowError::not_found("import", id))?)
}

/// Files, newest first.
///
/// # Errors
/// A bad cursor, or the database.
pub async fn list(
    ctx: &Context,
    tenant: TenantId,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<ImportView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let rows = tx
        .tenant(tenant)
        .imports(limit, parse_cursor(after)?)
        .await?;
    let items = rows.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(Page::of(items, limit, |i: &ImportView| i.id.to_string()))
}

/// Lines of a file that were not good, by line.
///
/// # Errors
/// [`FlowError::NotFound`], a bad cursor, or the database.
pub async fn faults(
    ctx: &Context,
    tenant: TenantId,
    id: ImportId,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<FaultView>, FlowError> {
    get(ctx, tenant, id).await?;
    let after = parse_cursor::<u64>(after)?.unwrap_or(0);
    let mut tx = ctx.store.read().await?;
    let rows = tx.tenant(tenant).import_faults(id, after, limit).await?;
    let items = rows
        .into_iter()
        .map(|f| FaultView {
            line: f.line_no,
            reason: f.reason,
            detail: f.detail,
            text: f.line,
        })
        .collect();
    Ok(Page::of(items, limit, |f: &FaultView| f.line.to_string()))
}
