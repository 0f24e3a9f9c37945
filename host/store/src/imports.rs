//! Files being read in: how far, with what result, and the lines that were not good.

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::ids::{ImportId, TenantId};
use serde_json::{Value, json};

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// A file about to be read in.
#[derive(Clone, Debug)]
pub struct NewImport {
    /// Its id.
    pub id: ImportId,
    /// What the operator calls it, such as the file's name.
    pub label: String,
    /// Whether nothing but counts and bad lines is to be kept.
    pub dry_run: bool,
    /// JSON text: encoding, separator, header, mapping.
    pub format: String,
    /// JSON text: who says how, when and with which words consent was given.
    pub attestation: Option<String>,
    /// Size of the file, when known.
    pub bytes_total: Option<u64>,
}

/// Counts of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Rows read, the header not counted.
    pub seen: u64,
    /// People who were unknown.
    pub new: u64,
    /// People who were known.
    pub updated: u64,
    /// Rows that were not good.
    pub bad: u64,
    /// Consents recorded.
    pub consents: u64,
    /// Consents too old to count.
    pub consents_old: u64,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    /// Its id.
    pub id: ImportId,
    /// Whose.
    pub tenant: TenantId,
    /// What the operator calls it.
    pub label: String,
    /// `open`, `done` or `failed`.
    pub state: String,
    /// Whether nothing but counts and bad lines is kept.
    pub dry_run: bool,
    /// JSON text.
    pub format: String,
    /// JSON text.
    pub attestation: Option<String>,
    /// Size of the file, when known.
    pub bytes_total: Option<u64>,
    /// Bytes whose rows are committed: where to go on.
    pub byte_offset: u64,
    /// Line of the file at that place.
    pub line_no: u64,
    /// Counts.
    pub counts: ImportCounts,
    /// Why it failed.
    pub problem: Option<String>,
    /// When it began.
    pub created_at: Ts,
    /// When a chunk was last committed.
    pub updated_at: Ts,
    /// When it ended.
    pub finished_at: Option<Ts>,
}

/// How far a chunk brings a file.
#[derive(Clone, Debug)]
pub struct ImportStep {
    /// Where it began; must be where the file stands.
    pub from_offset: u64,
    /// Where it ends.
    pub to_offset: u64,
    /// Line there.
    pub line_no: u64,
    /// What it added.
    pub counts: ImportCounts,
    /// JSON text of the format as known now.
    pub format: String,
}

/// A line that was not good.
#[derive(Clone, PartialEq, Eq)]
pub struct ImportFault {
    /// Line of the file, the first is 1.
    pub line_no: u64,
    /// Stable word.
    pub reason: String,
    /// What was found and what was expected.
    pub detail: String,
    /// The line, cut.
    pub line: String,
}

/// Without the line: it is about a person.
impl std::fmt::Debug for ImportFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ImportFault({}, {})", self.line_no, self.reason)
    }
}

macro_rules! columns {
    () => {
        "import_id, tenant_id, label, state, dry_run, format, attestation, bytes_total, byte_offset, line_no,
            rows_seen, rows_new, rows_updated, rows_bad, consents, consents_old, problem, created_at, updated_at,
            finished_at"
    };
}

statements! {
    IMPORT_CREATE = "insert into imports (import_id, tenant_id, label, state, dry_run, format, attestation, bytes_total,
            created_at, updated_at)
        values ($2, $1, $3, 'open', $4, $5, $6, $7, $8, $8)";
    IMPORT_GET = concat!("select ", columns!(), " from imports where tenant_id = $1 and import_id = $2");
    IMPORTS = concat!("select ", columns!(), " from imports where tenant_id = $1 and import_id < $2
        order by import_id desc limit $3");
    IMPORT_STEP = "update imports set byte_offset = $4, line_no = $5, rows_seen = rows_seen + $6, rows_new = rows_new + $7,
            rows_updated = rows_updated + $8, rows_bad = rows_bad + $9, consents = consents + $10,
            consents_old = consents_old + $11, format = $12, updated_at = $13
        where tenant_id = $1 and import_id = $2 and state = 'open' and byte_offset = $3";
    IMPORT_END = "update imports set state = $3, problem = $4, finished_at = $5, updated_at = $5
        where tenant_id = $1 and import_id = $2 and state = 'open'";
    IMPORT_SEE = "insert into import_seen (tenant_id, import_id, address)
        select i.tenant_id, i.import_id, j.value from json_each($3) j
        join imports i on i.tenant_id = $1 and i.import_id = $2
        where true on conflict (tenant_id, import_id, address) do nothing",
        postgres = "insert into import_seen (tenant_id, import_id, address)
        select i.tenant_id, i.import_id, j.value from jsonb_array_elements_text(cast($3 as jsonb)) as j(value)
        join imports i on i.tenant_id = $1 and i.import_id = $2
        where true order by j.value on conflict (tenant_id, import_id, address) do nothing";
    IMPORT_FORGET_SEEN = "delete from import_seen where tenant_id = $1 and import_id = $2";
    IMPORT_FAULTS_PUT = "insert into import_faults (tenant_id, import_id, line_no, reason, detail, line)
        select i.tenant_id, i.import_id, j.value ->> 'n', j.value ->> 'r', j.value ->> 'd', j.value ->> 'l'
        from json_each($3) j join imports i on i.tenant_id = $1 and i.import_id = $2
        where true on conflict (tenant_id, import_id, line_no) do nothing",
        postgres = "insert into import_faults (tenant_id, import_id, line_no, reason, detail, line)
        select i.tenant_id, i.import_id, j.n, j.r, j.d, j.l
        from jsonb_to_recordset(cast($3 as jsonb)) as j(n bigint, r text, d text, l text)
        join imports i on i.tenant_id = $1 and i.import_id = $2
        where true on conflict (tenant_id, import_id, line_no) do nothing";
    IMPORT_FAULTS = "select line_no, reason, detail, line from import_faults
        where tenant_id = $1 and import_id = $2 and line_no > $3 order by line_no limit $4";
}

#[derive(sqlx::FromRow)]
struct Raw {
    import_id: String,
    tenant_id: String,
    label: String,
    state: String,
    dry_run: i64,
    format: String,
    attestation: Option<String>,
    bytes_total: Option<i64>,
    byte_offset: i64,
    line_no: i64,
    rows_seen: i64,
    rows_new: i64,
    rows_updated: i64,
    rows_bad: i64,
    consents: i64,
    consents_old: i64,
    problem: Option<String>,
    created_at: i64,
    updated_at: i64,
    finished_at: Option<i64>,
}

impl Raw {
    fn read(self) -> Result<ImportRow> {
        Ok(ImportRow {
            id: json::id("import_id", &self.import_id)?,
            tenant: json::id("tenant_id", &self.tenant_id)?,
            label: self.label,
            state: self.state,
            dry_run: self.dry_run != 0,
            format: self.format,
            attestation: self.attestation,
            bytes_total: self.bytes_total.map(db::count),
            byte_offset: db::count(self.byte_offset),
            line_no: db::count(self.line_no),
            counts: ImportCounts {
                seen: db::count(self.rows_seen),
                new: db::count(self.rows_new),
                updated: db::count(self.rows_updated),
                bad: db::count(self.rows_bad),
                consents: db::count(self.consents),
                consents_old: db::count(self.consents_old),
            },
            problem: self.problem,
            created_at: Ts(self.created_at),
            updated_at: Ts(self.updated_at),
            finished_at: self.finished_at.map(Ts),
        })
    }
}

impl TenantTx<'_> {
    /// Begins a file.
    ///
    /// # Errors
    /// The database.
    pub async fn create_import(&mut self, new: &NewImport, now: Ts) -> Result<()> {
        let args = args![
            self.tenant,
            new.id,
            new.label.as_str(),
            new.dry_run,
            new.format.as_str(),
            new.attestation.as_deref(),
            new.bytes_total.map(db::amount),
            now
        ];
        self.tx.run(IMPORT_CREATE, args).await.map(drop)
    }

    /// One file.
    ///
    /// # Errors
    /// The database.
    pub async fn import(&mut self, id: ImportId) -> Result<Option<ImportRow>> {
        let row: Option<Raw> = self.tx.row(IMPORT_GET, args![self.tenant, id]).await?;
        row.map(Raw::read).transpose()
    }

    /// Files, newest first, after a cursor.
    ///
    /// # Errors
    /// The database.
    pub async fn imports(
        &mut self,
        limit: usize,
        after: Option<ImportId>,
    ) -> Result<Vec<ImportRow>> {
        // Sorts after every id, in any collation.
        let after = after.map_or_else(|| format!("imp_{}", "z".repeat(32)), |id| id.to_string());
        let rows: Vec<Raw> = self
            .tx
            .rows(IMPORTS, args![self.tenant, after, db::limit(limit)])
            .await?;
        rows.into_iter().map(Raw::read).collect()
    }

    /// Brings a file forward; `false` when it does not stand where the step began: somebody else
    /// feeds it, or it has ended.
    ///
    /// # Errors
    /// The database.
    pub async fn step_import(&mut self, id: ImportId, step: &ImportStep, now: Ts) -> Result<bool> {
        let counts = step.counts;
        let args = args![
            self.tenant,
            id,
            db::amount(step.from_offset),
            db::amount(step.to_offset),
            db::amount(step.line_no),
            db::amount(counts.seen),
            db::amount(counts.new),
            db::amount(counts.updated),
            db::amount(counts.bad),
            db::amount(counts.consents),
            db::amount(counts.consents_old),
            step.format.as_str(),
            now
        ];
        Ok(self.tx.run(IMPORT_STEP, args).await? == 1)
    }

    /// Notes addresses that a dry run would write, each once in the list; says how many of them it had
    /// not read of before.
    ///
    /// # Errors
    /// The database.
    pub async fn see_import_people(
        &mut self,
        id: ImportId,
        addresses: &[AddressKey],
    ) -> Result<u64> {
        if addresses.is_empty() {
            return Ok(0);
        }
        let rows = addresses.iter().map(|a| Value::from(a.as_str())).collect();
        self.tx
            .run(IMPORT_SEE, args![self.tenant, id, json::rows(rows)])
            .await
    }

    /// Ends a file; with `Some`, it failed and that is why. `false` when it had ended.
    ///
    /// # Errors
    /// The database.
    pub async fn end_import(
        &mut self,
        id: ImportId,
        problem: Option<&str>,
        now: Ts,
    ) -> Result<bool> {
        let state = if problem.is_some() { "failed" } else { "done" };
        self.tx
            .run(IMPORT_FORGET_SEEN, args![self.tenant, id])
            .await?;
        let args = args![self.tenant, id, state, problem, now];
        Ok(self.tx.run(IMPORT_END, args).await? == 1)
    }

    /// Keeps lines that were not good.
    ///
    /// # Errors
    /// The database.
    pub async fn put_import_faults(&mut self, id: ImportId, faults: &[ImportFault]) -> Result<()> {
        if faults.is_empty() {
            return Ok(());
        }
        let rows = faults
            .iter()
            .map(|f| json!({ "n": f.line_no, "r": f.reason, "d": f.detail, "l": f.line }))
            .collect();
        self.tx
            .run(IMPORT_FAULTS_PUT, args![self.tenant, id, json::rows(rows)])
            .await
            .map(drop)
    }

    /// Lines that were not good, by line, after a line.
    ///
    /// # Errors
    /// The database.
    pub async fn import_faults(
        &mut self,
        id: ImportId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<ImportFault>> {
        let args = args![self.tenant, id, db::amount(after), db::limit(limit)];
        let rows: Vec<(i64, String, String, String)> = self.tx.rows(IMPORT_FAULTS, args).await?;
        Ok(rows
            .into_iter()
            .map(|(line_no, reason, detail, line)| ImportFault {
                line_no: db::count(line_no),
                reason,
                detail,
                line,
            })
            .collect())
    }
}
