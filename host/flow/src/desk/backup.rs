//! Everything of a host in one file, while it runs; and back from it, into an empty database.
//!
//! The file is the same for both engines, so a shop moves from SQLite to Postgres by it. Which tables
//! and columns there are is read from the schema. The master key is never in it.

mod file;
pub mod tenant;

use std::io::{Read, Write};
use std::ops::ControlFlow;

use portero_domain::clock::Ts;
use portero_store::model::{Cell, Column, ColumnKind, RowFilter, Table, rows_at_once};
use portero_store::{MasterKey, Store, StoreError, SystemTx, Tx};
use serde::Serialize;

pub use file::{Header, Manifest, TableSum, TenantHead};
use file::{Item, Reader, Writer};

/// Bytes of values that one statement writes at most, beside its first row.
const STATEMENT_BYTES: usize = 1 << 20;

/// What can go wrong with a backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database.
    #[error("the database did not do what was asked")]
    Store(#[from] StoreError),
    /// The file cannot be written or read.
    #[error("the file does not read or write")]
    File(#[from] std::io::Error),
    /// It is no backup of ours.
    #[error("this is no backup of portero: {why}")]
    Foreign {
        /// What is there instead.
        why: String,
    },
    /// It is not what was written.
    #[error(
        "this backup is damaged: {why}. Nothing was written; take another copy of it, or an older one"
    )]
    Damaged {
        /// Where, and what was expected.
        why: String,
    },
    /// It was made by a newer binary.
    #[error(
        "this backup was made by portero {made_by}, which is newer than this one: {why}. Restore it with that version or a newer one"
    )]
    Newer {
        /// The version that made it.
        made_by: String,
        /// What this binary does not know.
        why: String,
    },
    /// The master key is another one.
    #[error(
        "this is not the master key of this backup (the key's fingerprint is {given}, the backup's {wanted}): its secrets would stay closed. Nothing was written; name the key of the host that was backed up with --master-key-file"
    )]
    OtherKey {
        /// Fingerprint of what was given.
        given: String,
        /// Fingerprint of what it was made with.
        wanted: String,
    },
    /// The database has a schema already, and it is ahead of the backup's.
    #[error(
        "the database is empty but its schema is newer than the backup's (migrations {}): give a database without a schema, it is made as it was and then brought up to date", newer.join(", ")
    )]
    OtherSchema {
        /// Migrations that the backup does not have.
        newer: Vec<String>,
    },
    /// It is one tenant's data, where a host's was wanted, or the other way.
    #[error("this file holds {holds}: {instead}")]
    OtherReach {
        /// What is in it.
        holds: String,
        /// What to do with it.
        instead: &'static str,
    },
    /// The key of an export is another one.
    #[error(
        "this is not the key of this export: its secrets would stay closed. Nothing was written; give the key that `portero tenant export` printed, or the file it was given, with --key-file"
    )]
    OtherExportKey,
    /// The tenant cannot come in beside what is there.
    #[error("{what}. Nothing was written; {remedy}")]
    Taken {
        /// What is there already.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// The database holds rows.
    #[error(
        "the database is not empty ({} has rows): a backup is restored into an empty one, so that nothing gets lost or mixed", tables.join(", ")
    )]
    NotEmpty {
        /// Which tables.
        tables: Vec<String>,
    },
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Which table.
    pub table: &'a str,
    /// Rows so far, of all tables.
    pub rows: u64,
}

/// What a backup holds, and what checked it.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Where it comes from.
    #[serde(flatten)]
    pub header: Header,
    /// What is in it.
    #[serde(flatten)]
    pub manifest: Manifest,
}

/// Rows of a snapshot, for who shows how far it is.
///
/// # Errors
/// The database.
pub async fn count(tx: &mut Tx) -> Result<u64, BackupError> {
    let mut system = tx.system();
    let mut all = 0;
    for table in system.tables().await? {
        all += system.row_count(&table).await?;
    }
    Ok(all)
}

/// Writes everything of one snapshot; memory does not grow with it.
///
/// # Errors
/// A schema that a newer binary made ([`StoreError::NewerSchema`]), a master key that does not open what is there
/// ([`StoreError::Sealed`]), the database, the file.
pub async fn write(
    tx: &mut Tx,
    out: impl Write,
    version: &str,
    now: Ts,
    mut watch: impl FnMut(Progress<'_>),
) -> Result<Summary, BackupError> {
    let engine = tx.engine();
    let fingerprint = tx.master().fingerprint();
    let mut system = tx.system();
    let migrations = system.schema_versions().await?;
    system.check_master().await?;
    let header = Header {
        format: file::FORMAT,
        made_at: now.rfc3339(),
        made_by: version.to_owned(),
        engine: engine.as_str().to_owned(),
        migrations,
        master_key: fingerprint,
        tenant: None,
    };
    let tables = system.tables().await?;
    let mut writer = Writer::begin(out, &header)?;
    let mut rows = 0;
    let all = RowFilter::default();
    for table in &tables {
        let mut seen = |rows| {
            let table = table.name.as_str();
            watch(Progress { table, rows });
        };
        write_table(
            &mut system,
            &mut writer,
            (table, &all, None),
            &mut rows,
            &mut seen,
        )
        .await?;
    }
    let manifest = writer.end(tx.master())?;
    Ok(Summary { header, manifest })
}

/// Writes a table: the rows that its filter lets through, or `instead` in the place of each. `rows` counts on, and is
/// told after each row.
async fn write_table<W: Write>(
    system: &mut SystemTx<'_>,
    writer: &mut Writer<W>,
    (table, filter, instead): (&Table, &RowFilter, Option<&[Cell]>),
    rows: &mut u64,
    seen: &mut impl FnMut(u64),
) -> Result<(), BackupError> {
    writer.table(table)?;
    let mut failed = None;
    system
        .each_row(table, filter, |row| {
            *rows += 1;
            seen(*rows);
            match writer.row(instead.unwrap_or(&row)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })
        .await?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(writer.end_table()?),
    }
}

/// Reads a backup from its first byte to its last and compares every hash; changes nothing.
///
/// # Errors
/// [`BackupError::Foreign`], [`BackupError::Damaged`], [`BackupError::Newer`],
/// [`BackupError::OtherKey`], or the file.
pub fn check(
    input: impl Read,
    master: &MasterKey,
    mut watch: impl FnMut(Progress<'_>),
) -> Result<Summary, BackupError> {
    let (reader, header) = Reader::begin(input)?;
    if let Some(tenant) = &header.tenant {
        return Err(BackupError::OtherReach {
            holds: format!("the tenant {} alone", tenant.slug),
            instead: "`portero tenant import` brings it into a host that runs already",
        });
    }
    check_rest(reader, header, master, &mut watch)
}

fn check_rest<R: Read>(
    mut reader: Reader<R>,
    header: Header,
    master: &MasterKey,
    mut watch: impl FnMut(Progress<'_>),
) -> Result<Summary, BackupError> {
    let unknown: Vec<String> = {
        let known = Store::known_migrations();
        let unknown = header.migrations.iter().filter(|v| !known.contains(v));
        unknown.map(ToString::to_string).collect()
    };
    if !unknown.is_empty() {
        return Err(BackupError::Newer {
            made_by: header.made_by,
            why: format!("its schema has the migrations {}", unknown.join(", ")),
        });
    }
    if header.master_key != master.fingerprint() {
        return Err(BackupError::OtherKey {
            given: master.fingerprint(),
            wanted: header.master_key,
        });
    }
    let (mut table, mut rows) = (String::new(), 0);
    loop {
        match reader.next(master)? {
            Item::Table(head) => table = head.name,
            Item::Row(_) => {
                rows += 1;
                watch(Progress {
                    table: &table,
                    rows,
                });
            }
            Item::TableEnd => {}
            Item::End(manifest) => return Ok(Summary { header, manifest }),
        }
    }
}

/// Refuses a database in which there is anything.
///
/// # Errors
/// [`BackupError::NotEmpty`], or the database.
pub async fn must_be_empty(store: &Store) -> Result<(), BackupError> {
    let mut tx = store.read().await?;
    let mut system = tx.system();
    let mut tables = Vec::new();
    for table in system.tables().await? {
        if !system.is_empty(&table).await? {
            tables.push(table.name);
        }
    }
    if tables.is_empty() {
        Ok(())
    } else {
        Err(BackupError::NotEmpty { tables })
    }
}

/// Puts a backup that was [checked](check) into an empty database: the schema as it was there, all
/// rows or none, then the migrations that are newer.
///
/// # Errors
/// As [`check`] and [`must_be_empty`]; [`StoreError::Sealed`] when the secrets do not open; the database.
pub async fn restore(
    store: &Store,
    input: impl Read,
    mut watch: impl FnMut(Progress<'_>),
) -> Result<Summary, BackupError> {
    must_be_empty(store).await?;
    let (mut reader, header) = Reader::begin(input)?;
    let newer: Vec<String> = {
        let there = store.applied_migrations().await?;
        let newer = there.iter().filter(|v| !header.migrations.contains(v));
        newer.map(ToString::to_string).collect()
    };
    if !newer.is_empty() {
        return Err(BackupError::OtherSchema { newer });
    }
    store.migrate_as(&header.migrations).await?;
    let mut tx = store.write().await?;
    let master = tx.master().clone();
    let mut system = tx.system();
    system.references_at_the_end().await?;
    let tables = system.tables().await?;
    for table in &tables {
        // Nobody came in between.
        if !system.is_empty(table).await? {
            return Err(BackupError::NotEmpty {
                tables: vec![table.name.clone()],
            });
        }
    }
    let mut into: Option<Table> = None;
    let (mut batch, mut bytes, mut rows) = (Vec::new(), 0, 0);
    let manifest = loop {
        match reader.next(&master)? {
            Item::Table(head) => into = Some(fit(&tables, head)?),
            Item::Row(row) => {
                let Some(table) = &into else { continue };
                bytes += row.iter().map(weight).sum::<usize>();
                batch.push(row);
                rows += 1;
                watch(Progress {
                    table: &table.name,
                    rows,
                });
                if batch.len() >= rows_at_once(table) || bytes >= STATEMENT_BYTES {
                    system.put_rows(table, std::mem::take(&mut batch)).await?;
                    bytes = 0;
                }
            }
            Item::TableEnd => {
                if let Some(table) = into.take() {
                    system.put_rows(&table, std::mem::take(&mut batch)).await?;
                }
                bytes = 0;
            }
            Item::End(manifest) => break manifest,
        }
    };
    let missing: Vec<&str> = tables
        .iter()
        .map(|t| t.name.as_str())
        .filter(|name| !manifest.tables.iter().any(|t| t.table == **name))
        .collect();
    if !missing.is_empty() {
        return Err(BackupError::Damaged {
            why: format!("it lacks {}", missing.join(", ")),
        });
    }
    system.check_master().await?;
    tx.commit().await?;
    store.migrate().await?;
    Ok(Summary { header, manifest })
}

/// The table as the file has it, when the schema has the very same columns.
fn fit(tables: &[Table], head: Table) -> Result<Table, BackupError> {
    let mut there: Vec<&Column> = tables
        .iter()
        .filter(|t| t.name == head.name)
        .flat_map(|t| &t.columns)
        .collect();
    let mut here: Vec<&Column> = head.columns.iter().collect();
    there.sort_by(|a, b| a.name.cmp(&b.name));
    here.sort_by(|a, b| a.name.cmp(&b.name));
    if here == there {
        Ok(head)
    } else {
        Err(BackupError::Damaged {
            why: format!("the columns of {} are not those of its schema", head.name),
        })
    }
}

fn weight(cell: &Cell) -> usize {
    match cell {
        Cell::Null | Cell::Int(_) => 8,
        Cell::Text(text) => text.len(),
        Cell::Blob(bytes) => bytes.len(),
    }
}

/// What the chain of one tenant says after a restore.
#[derive(Clone, Debug, Serialize)]
pub struct ChainView {
    /// Whose.
    pub tenant: String,
    /// Seals that were followed.
    pub seals: u64,
    /// What does not hold; empty when all is well.
    pub faults: Vec<String>,
}

/// Follows every tenant's chain of records from its first seal to its last.
///
/// # Errors
/// The database; a chain that does not hold is told, not an error.
pub async fn chains(store: &Store) -> Result<Vec<ChainView>, BackupError> {
    let mut tx = store.read().await?;
    let tenants = tx.system().tenants().await?;
    let mut views = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        let report = tx.tenant(tenant.id).verify_chain().await?;
        views.push(ChainView {
            tenant: tenant.slug,
            seals: report.seals,
            faults: report.faults,
        });
    }
    Ok(views)
}

/// Stops sending on a restored host: what left after the backup was made is queued in it again.
///
/// # Errors
/// The database.
pub async fn hold(store: &Store, made_at: &str, now: Ts) -> Result<(), BackupError> {
    let reason =
        format!("restored from the backup of {made_at}: what left since then is queued again");
    let mut tx = store.write().await?;
    tx.system().set_stop_all(Some((reason, now))).await?;
    tx.commit().await?;
    Ok(())
}

/// A kind's word in the file, and back.
pub(crate) fn kind(word: &str) -> Option<ColumnKind> {
    ColumnKind::from_word(word)
}
