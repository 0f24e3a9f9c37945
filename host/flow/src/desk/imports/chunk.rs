//! Bytes in, people out: a chunk of rows is one transaction.

use portero_domain::address::AddressKey;
use portero_domain::ids::{ContactId, ImportId, TenantId};
use portero_store::model::{ImportCounts, ImportFault, ImportRow, ImportStep, TenantRow};

use super::attest::{Attestation, Consents};
use super::cut::{Cut, ROWS, cut, shown};
use super::format::{Column, guess};
use super::hash::FileHash;
use super::people::{self, Known, Lines};
use super::rows::Reading;
use super::{ImportRequest, ImportView, Kept, SAMPLE_BYTES, kept, ledger, view, write};
use crate::context::Context;
use crate::error::FlowError;

/// Bytes gathered before rows are read, unless the file ends.
const GATHER: usize = 256 * 1024;

/// Takes a file in.
pub struct Feeder {
    tenant: TenantRow,
    row: ImportRow,
    kept: Kept,
    attestation: Option<Attestation>,
    hash: FileHash,
    /// People of the file are in.
    wrote: bool,
    buffer: Vec<u8>,
}

impl Feeder {
    /// Goes on with a file whose bytes come from `offset` on.
    ///
    /// # Errors
    /// [`FlowError::NotFound`]; bad input when the file has ended or stands elsewhere; the database.
    pub async fn open(
        ctx: &Context,
        tenant: TenantId,
        id: ImportId,
        offset: u64,
    ) -> Result<Feeder, FlowError> {
        let mut tx = ctx.store.read().await?;
        let row = tx
            .tenant(tenant)
            .import(id)
            .await?
            .ok_or_else(|| FlowError::not_found("import", id))?;
        if row.state != "open" {
            return Err(FlowError::bad(
                "id",
                format!("this import is {}; begin another", row.state),
            ));
        }
        if row.byte_offset != offset {
            return Err(FlowError::bad(
                "offset",
                format!(
                    "the file stands at byte {}; send it from there",
                    row.byte_offset
                ),
            ));
        }
        let attestation = match row.attestation.as_deref().map(serde_json::from_str) {
            None => None,
            Some(read) => Some(read.map_err(|source| FlowError::Stored {
                what: "attestation",
                source,
            })?),
        };
        let kept = kept(&row)?;
        Ok(Feeder {
            tenant: tx.tenant(tenant).row().await?,
            hash: FileHash::resume(kept.hash_state.as_deref())?,
            kept,
            wrote: !row.dry_run && row.counts.new + row.counts.updated > 0,
            row,
            attestation,
            buffer: Vec::new(),
        })
    }

    /// Takes bytes; commits every thousand rows.
    ///
    /// # Errors
    /// Bad input when the file cannot be read at all (it has failed then), or the database.
    pub async fn push(&mut self, ctx: &Context, bytes: &[u8]) -> Result<(), FlowError> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() < GATHER {
            return Ok(());
        }
        self.read(ctx, false).await
    }

    /// Takes what is left and ends the file: only now its consents go into the ledger.
    ///
    /// # Errors
    /// As [`Feeder::push`]; bad input when the file as a whole is no proof.
    pub async fn finish(mut self, ctx: &Context) -> Result<ImportView, FlowError> {
        self.read(ctx, true).await?;
        if let Some(why) = self.refusal(&self.kept.consents, &self.hash) {
            return Err(self.fail(ctx, &why).await);
        }
        if let Some(attestation) = &self.attestation {
            ledger::write(ctx, &self.tenant, &self.row, attestation).await?;
        }
        self.kept.sha256 = Some(self.hash.hex());
        self.kept.hash_state = None;
        let step = ImportStep {
            from_offset: self.row.byte_offset,
            to_offset: self.row.byte_offset,
            line_no: self.row.line_no,
            counts: ImportCounts::default(),
            format: write(&self.kept)?,
        };
        let mut tx = ctx.store.write().await?;
        let mut of = tx.tenant(self.tenant.id);
        of.step_import(self.row.id, &step, ctx.now()).await?;
        of.end_import(self.row.id, None, ctx.now()).await?;
        let row = of.import(self.row.id).await?;
        tx.commit().await?;
        ctx.touched();
        view(row.ok_or_else(|| FlowError::not_found("import", self.row.id))?)
    }

    /// Why the file, read to its end, is refused.
    fn refusal(&self, consents: &Consents, hash: &FileHash) -> Option<String> {
        let told = self.attestation.as_ref()?.file_sha256.as_deref();
        if told.is_some_and(|told| !told.eq_ignore_ascii_case(&hash.hex())) {
            return Some(
                "this is not the file that the attestation speaks of: its SHA-256 differs"
                    .to_owned(),
            );
        }
        consents.refusal()
    }

    async fn read(&mut self, ctx: &Context, ends: bool) -> Result<(), FlowError> {
        if self.kept.format.is_none() && (self.buffer.len() >= SAMPLE_BYTES || ends) {
            self.learn(ctx).await?;
        }
        loop {
            let Some(mut format) = self.kept.format.clone() else {
                return Ok(());
            };
            let cut = cut(&self.buffer, &mut format, self.row.line_no, ends);
            let nothing = cut.records.is_empty() && cut.faults.is_empty();
            if nothing && !(ends && cut.bytes > 0) {
                return Ok(());
            }
            let full = cut.records.len() >= ROWS || self.buffer.len() >= GATHER;
            self.kept.format = Some(format);
            let last = ends && cut.bytes == self.buffer.len();
            self.chunk(ctx, &cut, last).await?;
            self.buffer.drain(..cut.bytes.min(self.buffer.len()));
            if !full && !ends {
                return Ok(());
            }
        }
    }

    /// Reads how the file is written, off its beginning.
    async fn learn(&mut self, ctx: &Context) -> Result<(), FlowError> {
        let request = ImportRequest {
            encoding: self.kept.encoding.clone(),
            separator: self.kept.separator,
            map: self.kept.map.clone(),
            ..ImportRequest::default()
        };
        let sample = self.buffer.get(..SAMPLE_BYTES).unwrap_or(&self.buffer);
        let (format, bytes, lines) = match guess(sample, &request) {
            Ok(found) => found,
            Err(why) => return Err(self.fail(ctx, &why).await),
        };
        let consent = format.columns.iter().any(Column::is_consent);
        if consent && self.attestation.is_none() {
            let why = "the file has consent columns and nobody answers for them; give an attestation, or map them \
                       to `ignore`";
            return Err(self.fail(ctx, why).await);
        }
        self.kept.format = Some(format);
        let head = self.buffer.get(..bytes).unwrap_or(&self.buffer);
        self.hash.take(head);
        self.kept.hash_state = Some(self.hash.state());
        let step = ImportStep {
            from_offset: self.row.byte_offset,
            to_offset: self.row.byte_offset + people::number(bytes),
            line_no: self.row.line_no + lines,
            counts: ImportCounts::default(),
            format: write(&self.kept)?,
        };
        let mut tx = ctx.store.write().await?;
        let moved = tx
            .tenant(self.tenant.id)
            .step_import(self.row.id, &step, ctx.now())
            .await?;
        tx.commit().await?;
        self.moved(moved, &step)?;
        self.buffer.drain(..bytes.min(self.buffer.len()));
        Ok(())
    }

    fn moved(&mut self, moved: bool, step: &ImportStep) -> Result<(), FlowError> {
        if !moved {
            return Err(FlowError::bad(
                "offset",
                "somebody else feeds this import; ask where it stands",
            ));
        }
        self.row.byte_offset = step.to_offset;
        self.row.line_no = step.line_no;
        Ok(())
    }

    /// Ends the file; nothing it says about consent counts.
    async fn fail(&self, ctx: &Context, why: &str) -> FlowError {
        let why = if self.wrote {
            format!(
                "{why}; the people of the lines before it are in, without any consent of this file"
            )
        } else {
            why.to_owned()
        };
        let ended = async {
            let mut tx = ctx.store.write().await?;
            let mut of = tx.tenant(self.tenant.id);
            of.end_import(self.row.id, Some(&why), ctx.now()).await?;
            of.drop_import_consents(self.row.id).await?;
            tx.commit().await
        };
        match ended.await {
            Ok(()) => FlowError::bad("file", why),
            Err(e) => e.into(),
        }
    }

    /// Judges the rows of a cut and writes them.
    async fn chunk(&mut self, ctx: &Context, cut: &Cut, last: bool) -> Result<(), FlowError> {
        let Some(format) = self.kept.format.clone() else {
            return Ok(());
        };
        let mut counts = ImportCounts {
            seen: people::number(cut.records.len() + cut.faults.len()),
            ..ImportCounts::default()
        };
        let mut faults: Vec<ImportFault> = Vec::new();
        let mut lines = Lines::new();
        let mut consents = self.kept.consents.clone();
        let reading = Reading {
            format: &format,
            country: &self.tenant.country,
            calling_code: self.kept.calling_code.as_deref(),
            zone: jiff::tz::TimeZone::get(&self.tenant.timezone).unwrap_or(jiff::tz::TimeZone::UTC),
            attestation: self.attestation.as_ref(),
            now: ctx.now(),
        };
        for (line_no, record) in &cut.records {
            let (line, claim) = reading.line(record);
            if let Some(at) = claim {
                consents.claim(at);
            }
            match line {
                Err((reason, detail)) => faults.push(ImportFault {
                    line_no: *line_no,
                    reason: reason.to_owned(),
                    detail,
                    line: shown(&format, record),
                }),
                Ok(line) => counts.updated += u64::from(people::add(&mut lines, *line_no, line)),
            }
        }
        let mut hash = self.hash.clone();
        hash.take(self.buffer.get(..cut.bytes).unwrap_or(&self.buffer));
        // A file that ends here is judged before its last rows are written: a small one leaves nothing.
        if last && let Some(why) = self.refusal(&consents, &hash) {
            return Err(self.fail(ctx, &why).await);
        }
        faults.extend(cut.faults.iter().cloned());
        self.kept.consents = consents;
        self.kept.hash_state = Some(hash.state());
        self.hash = hash;
        let step = ImportStep {
            from_offset: self.row.byte_offset,
            to_offset: self.row.byte_offset + people::number(cut.bytes),
            line_no: self.row.line_no + cut.lines,
            counts,
            format: write(&self.kept)?,
        };
        let mut tries = 0;
        let (moved, step) = loop {
            match self.commit(ctx, &lines, faults.clone(), step.clone()).await {
                Err(e) if e.is_transient() && tries < 5 => tries += 1,
                other => break other?,
            }
        };
        self.wrote |= !self.row.dry_run && step.counts.new + step.counts.updated > 0;
        self.moved(moved, &step)
    }

    async fn commit(
        &self,
        ctx: &Context,
        lines: &Lines,
        mut faults: Vec<ImportFault>,
        mut step: ImportStep,
    ) -> Result<(bool, ImportStep), FlowError> {
        let now = ctx.now();
        let keys: Vec<AddressKey> = lines.keys().cloned().collect();
        let mut tx = ctx.store.write().await?;
        let mut of = tx.tenant(self.tenant.id);
        let by_address = of.contacts_by_addresses(&keys).await?;
        let mut ids: Vec<ContactId> = by_address.values().copied().collect();
        ids.sort_unstable();
        ids.dedup();
        let known = Known {
            blocked: of.blocked_addresses(&keys).await?,
            people: of.known_people(&ids).await?,
            listed: of.listed_people(&keys).await?,
            by_address,
        };
        let attestation = self.attestation.as_ref();
        let judged = people::judge(lines, &known, attestation, self.row.dry_run, now, || {
            ContactId::new(&*ctx.ids, now)
        });
        faults.extend(judged.faults);
        // A dry run writes nobody: whom an earlier chunk would have written is known by this one.
        let again = if self.row.dry_run {
            let new = judged.people.iter().filter(|p| p.new);
            let new: Vec<AddressKey> = new.map(|p| p.address.clone()).collect();
            let first = of.see_import_people(self.row.id, &new).await?;
            judged.new.saturating_sub(first)
        } else {
            0
        };
        step.counts.new += judged.new - again;
        step.counts.updated += judged.updated + again;
        step.counts.consents_old += judged.old;
        step.counts.bad = people::number(faults.len());
        if !self.row.dry_run {
            of.put_people(&judged.people, now).await?;
        }
        of.put_import_consents(self.row.id, &judged.claims).await?;
        of.put_import_faults(self.row.id, &faults).await?;
        let moved = of.step_import(self.row.id, &step, now).await?;
        if moved {
            tx.commit().await?;
            ctx.touched();
        }
        Ok((moved, step))
    }
}
