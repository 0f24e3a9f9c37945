//! One tenant's data in one file, and from it into another host: all of it or nothing.
//!
//! The file is a backup's, of fewer rows. Everything sealed of a tenant is sealed with its data key; that
//! one travels wrapped by the key of the export and is wrapped by the other host's master key there.

use std::io::{Read, Write};
use std::ops::ControlFlow;

use portero_domain::clock::Ts;
use portero_domain::ids::TenantId;
use portero_store::model::{Cell, RowFilter, Table, rows_at_once, rows_of_tenant};
use portero_store::{MasterKey, Store, StoreError, SystemTx, Tx};
use serde::Serialize;

use crate::desk::tenants::slug_reads;

use super::file::{self, Header, Item, Manifest, Reader, TenantHead, Writer};
use super::{
    BackupError, ChainView, Progress, STATEMENT_BYTES, Summary, check_rest, fit, weight,
    write_table,
};

const TENANTS: &str = "tenants";
const PLUGINS: &str = "plugins";

/// How a tenant is to come in.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOrder<'a> {
    /// Its short name here; else the one it had.
    pub slug: Option<&'a str>,
    /// Do not stop its sending.
    pub keep_sending: bool,
    /// Do everything but commit.
    pub dry_run: bool,
}

/// What came in, or would.
#[derive(Clone, Debug, Serialize)]
pub struct Imported {
    /// What the file holds.
    #[serde(flatten)]
    pub summary: Summary,
    /// Its short name here.
    pub slug: String,
    /// Whether it is there now.
    pub imported: bool,
    /// Whether its sending is stopped.
    pub sending_stopped: bool,
    /// Components that were here already.
    pub plugins_known: u64,
    /// Apps that its numbers name and that this host does not have.
    pub apps_missing: Vec<String>,
    /// Its chain of records.
    pub chain: ChainView,
}

/// Rows of a tenant, for who shows how far it is.
///
/// # Errors
/// The database.
pub async fn count(tx: &mut Tx, tenant: TenantId) -> Result<u64, BackupError> {
    let mut system = tx.system();
    let tables = system.tables().await?;
    let mut all = 0;
    for table in &tables {
        if let Some(filter) = rows_of_tenant(table, &tables, tenant) {
            all += system
                .each_row(table, &filter, |_| ControlFlow::Continue(()))
                .await?;
        }
    }
    Ok(all)
}

/// A fresh key for an export.
#[must_use]
pub fn fresh_key(tx: &mut Tx) -> MasterKey {
    tx.system().fresh_key()
}

/// Writes everything of one tenant as one snapshot shows it; memory does not grow with it.
///
/// # Errors
/// [`StoreError::NotFound`] for a tenant that is not there, [`StoreError::NewerSchema`], a master key that
/// does not open the tenant's ([`StoreError::Sealed`]), the database, the file.
pub async fn write(
    tx: &mut Tx,
    slug: &str,
    key: &MasterKey,
    out: impl Write,
    version: &str,
    now: Ts,
    mut watch: impl FnMut(Progress<'_>),
) -> Result<Summary, BackupError> {
    let engine = tx.engine();
    let master = tx.master().clone();
    let mut system = tx.system();
    let migrations = system.schema_versions().await?;
    let found = match system.tenant_by_slug(slug).await? {
        Some(row) => Some(row),
        None => {
            let all = system.tenants().await?;
            all.into_iter().find(|t| t.id.to_string() == slug)
        }
    };
    let row = found.ok_or(StoreError::NotFound { what: "tenant" })?;
    let header = Header {
        format: file::FORMAT_OF_TENANT,
        made_at: now.rfc3339(),
        made_by: version.to_owned(),
        engine: engine.as_str().to_owned(),
        migrations,
        master_key: key.fingerprint(),
        tenant: Some(TenantHead {
            id: row.id,
            slug: row.slug,
        }),
    };
    let tables = system.tables().await?;
    let mut writer = Writer::begin(out, &header)?;
    let mut rows = 0;
    for table in &tables {
        let Some(filter) = rows_of_tenant(table, &tables, row.id) else {
            continue;
        };
        let wrapped = if table.name == TENANTS {
            Some(own_row(&mut system, table, &filter, row.id, &master, key).await?)
        } else {
            None
        };
        let mut seen = |rows| {
            let table = table.name.as_str();
            watch(Progress { table, rows });
        };
        let what = (table, &filter, wrapped.as_deref());
        write_table(&mut system, &mut writer, what, &mut rows, &mut seen).await?;
    }
    let manifest = writer.end(key)?;
    Ok(Summary { header, manifest })
}

/// The tenant's own row, its data key wrapped by the key of the export.
async fn own_row(
    system: &mut SystemTx<'_>,
    table: &Table,
    filter: &RowFilter,
    tenant: TenantId,
    from: &MasterKey,
    to: &MasterKey,
) -> Result<Vec<Cell>, BackupError> {
    let mut own = Vec::new();
    let each = |row| {
        own = row;
        ControlFlow::Break(())
    };
    system.each_row(table, filter, each).await?;
    rewrap(system, table, &mut own, tenant, from, to)?;
    Ok(own)
}

fn rewrap(
    system: &SystemTx<'_>,
    table: &Table,
    row: &mut [Cell],
    tenant: TenantId,
    from: &MasterKey,
    to: &MasterKey,
) -> Result<(), BackupError> {
    if let Some(Cell::Blob(sealed)) = cell(table, row, "data_key") {
        *sealed = system.rewrap(tenant, sealed, from, to)?;
    }
    Ok(())
}

fn cell<'a>(table: &Table, row: &'a mut [Cell], column: &str) -> Option<&'a mut Cell> {
    let at = table.columns.iter().position(|c| c.name == column)?;
    row.get_mut(at)
}

/// Reads an export from its first byte to its last and compares every hash; changes nothing.
///
/// # Errors
/// As [`super::check`]; [`BackupError::OtherReach`] for a host's backup.
pub fn check(
    input: impl Read,
    key: &MasterKey,
    watch: impl FnMut(Progress<'_>),
) -> Result<Summary, BackupError> {
    let (reader, header) = Reader::begin(input)?;
    if header.tenant.is_none() {
        return Err(BackupError::OtherReach {
            holds: "a whole host".to_owned(),
            instead: "`portero restore` brings it into an empty database",
        });
    }
    if header.master_key != key.fingerprint() {
        return Err(BackupError::OtherExportKey);
    }
    check_rest(reader, header, key, watch)
}

/// Brings a tenant whose file was [checked](check) into a host: every row or none.
///
/// # Errors
/// As [`check`]; [`BackupError::Taken`] when its short name, its id or an id of its rows is there;
/// [`BackupError::OtherSchema`] when file and database are not of the same version; a chain that does not
/// hold; the database.
pub async fn import(
    store: &Store,
    input: impl Read,
    key: &MasterKey,
    order: &ImportOrder<'_>,
    now: Ts,
    mut watch: impl FnMut(Progress<'_>),
) -> Result<Imported, BackupError> {
    let (mut reader, header) = Reader::begin(input)?;
    let Some(head) = header.tenant.clone() else {
        return Err(BackupError::Foreign {
            why: "it names no tenant".to_owned(),
        });
    };
    let (id, slug) = (head.id, order.slug.unwrap_or(&head.slug).to_owned());
    let mut tx = store.write().await?;
    let master = tx.master().clone();
    let mut system = tx.system();
    free(&mut system, &header, &head, &slug).await?;
    system.references_at_the_end().await?;
    let tables = system.tables().await?;
    let mut into: Option<Table> = None;
    let (mut batch, mut bytes, mut rows, mut plugins_known) = (Vec::new(), 0, 0, 0);
    let mut apps = std::collections::BTreeSet::new();
    let manifest = loop {
        match reader.next(key)? {
            Item::Table(head) => {
                let named = tables.iter().find(|t| t.name == head.name);
                if named.and_then(|t| rows_of_tenant(t, &tables, id)).is_none() {
                    return Err(BackupError::Damaged {
                        why: format!("{} is no tenant's", head.name),
                    });
                }
                into = Some(fit(&tables, head)?);
            }
            Item::Row(mut row) => {
                let Some(table) = &into else { continue };
                rows += 1;
                watch(Progress {
                    table: &table.name,
                    rows,
                });
                if table.has("tenant_id") {
                    let whose = cell(table, &mut row, "tenant_id");
                    if whose != Some(&mut Cell::Text(head.id.to_string())) {
                        return Err(BackupError::Damaged {
                            why: format!("a row of {} is another tenant's", table.name),
                        });
                    }
                }
                match table.name.as_str() {
                    TENANTS => {
                        rewrap(&system, table, &mut row, head.id, key, &master)?;
                        arrive(table, &mut row, &slug, order, &header, now);
                    }
                    PLUGINS if is_known(&mut system, table, &mut row).await? => {
                        plugins_known += 1;
                        continue;
                    }
                    "numbers" => {
                        if let Some(Cell::Text(app)) = cell(table, &mut row, "app") {
                            apps.insert(app.clone());
                        }
                    }
                    _ => {}
                }
                bytes += row.iter().map(weight).sum::<usize>();
                batch.push(row);
                if batch.len() >= rows_at_once(table) || bytes >= STATEMENT_BYTES {
                    put(&mut system, table, std::mem::take(&mut batch)).await?;
                    bytes = 0;
                }
            }
            Item::TableEnd => {
                if let Some(table) = into.take() {
                    put(&mut system, &table, std::mem::take(&mut batch)).await?;
                }
                bytes = 0;
            }
            Item::End(manifest) => break manifest,
        }
    };
    complete(&mut system, &tables, id, &manifest).await?;
    let here = system.apps().await?;
    let apps_missing = apps.into_iter().filter(|app| !here.contains(app)).collect();
    let report = tx.tenant(head.id).verify_chain().await?;
    if let Some(fault) = report.faults.first() {
        return Err(BackupError::Damaged {
            why: format!("its chain of records does not hold: {fault}"),
        });
    }
    if order.dry_run {
        // What is not committed was never there.
        drop(tx);
    } else {
        tx.commit().await?;
    }
    Ok(Imported {
        summary: Summary { header, manifest },
        chain: ChainView {
            tenant: slug.clone(),
            seals: report.seals,
            faults: report.faults,
        },
        slug,
        imported: !order.dry_run,
        sending_stopped: !order.keep_sending,
        plugins_known,
        apps_missing,
    })
}

/// Refuses what cannot come in beside what is there.
async fn free(
    system: &mut SystemTx<'_>,
    header: &Header,
    head: &TenantHead,
    slug: &str,
) -> Result<(), BackupError> {
    if !slug_reads(slug) {
        return Err(BackupError::Taken {
            what: format!(
                "`{}` is no short name",
                slug.chars().take(60).collect::<String>()
            ),
            remedy: "it is 1 to 40 of a-z 0-9 -".to_owned(),
        });
    }
    let there = system.schema_versions().await?;
    if there != header.migrations {
        return Err(BackupError::Taken {
            what: format!(
                "the file is of another schema (portero {}, {} migrations; here are {})",
                header.made_by,
                header.migrations.len(),
                there.len()
            ),
            remedy: "bring both hosts to the same version and export again".to_owned(),
        });
    }
    let tenants = system.tenants().await?;
    if let Some(same) = tenants.iter().find(|t| t.id == head.id) {
        return Err(BackupError::Taken {
            what: format!("this tenant is here already, as `{}`", same.slug),
            remedy:
                "a tenant is in a host once; ids cannot be changed, they are in its sealed records"
                    .to_owned(),
        });
    }
    if tenants.iter().any(|t| t.slug == slug) {
        return Err(BackupError::Taken {
            what: format!("another tenant is called `{slug}` here"),
            remedy: "give it another name with --as NEW-SLUG".to_owned(),
        });
    }
    Ok(())
}

/// What is other about a tenant that has moved.
fn arrive(
    table: &Table,
    row: &mut [Cell],
    slug: &str,
    order: &ImportOrder<'_>,
    header: &Header,
    now: Ts,
) {
    let mut set = |column: &str, value: Cell| {
        if let Some(cell) = cell(table, row, column) {
            *cell = value;
        }
    };
    set("slug", Cell::Text(slug.to_owned()));
    if !order.keep_sending {
        let reason = format!(
            "imported from the export of {}: what left elsewhere since then is queued again",
            header.made_at
        );
        set("stopped_at", Cell::Int(now.ms()));
        set("stop_reason", Cell::Text(reason));
    }
}

/// Whether a component is here: it is named by what it is.
async fn is_known(
    system: &mut SystemTx<'_>,
    table: &Table,
    row: &mut [Cell],
) -> Result<bool, BackupError> {
    match cell(table, row, "digest") {
        Some(Cell::Text(digest)) => Ok(system.plugin(digest).await?.is_some()),
        _ => Ok(false),
    }
}

async fn put(
    system: &mut SystemTx<'_>,
    table: &Table,
    rows: Vec<Vec<Cell>>,
) -> Result<(), BackupError> {
    match system.put_rows(table, rows).await {
        Err(StoreError::Constraint { constraint, .. }) => Err(BackupError::Taken {
            what: format!("a row of {} is here already, or is of something that is not: {constraint}", table.name),
            remedy: match table.name.as_str() {
                "numbers" => "one of its numbers is connected to another tenant here; a number belongs to one",
                "templates" => "its WhatsApp account is another tenant's here",
                _ => "ids stay as they are; was part of this tenant's data brought here before?",
            }
            .to_owned(),
        }),
        other => Ok(other?),
    }
}

/// Every table is there, and all its rows are the tenant's.
async fn complete(
    system: &mut SystemTx<'_>,
    tables: &[Table],
    id: TenantId,
    manifest: &Manifest,
) -> Result<(), BackupError> {
    for table in tables {
        let Some(filter) = rows_of_tenant(table, tables, id) else {
            continue;
        };
        let said = manifest.tables.iter().find(|t| t.table == table.name);
        let said = said.ok_or_else(|| BackupError::Damaged {
            why: format!("it lacks {}", table.name),
        })?;
        let each = |_| ControlFlow::Continue(());
        let found = system.each_row(table, &filter, each).await?;
        if found != said.rows {
            return Err(BackupError::Damaged {
                why: format!(
                    "{} of the {} rows of {} are this tenant's",
                    found, said.rows, table.name
                ),
            });
        }
    }
    Ok(())
}
