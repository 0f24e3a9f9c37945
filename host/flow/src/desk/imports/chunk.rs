//! Bytes in, people out: a chunk of rows is one transaction.

use std::collections::{BTreeMap, HashMap};

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, ConsentScope};
use portero_domain::ids::{ConsentEventId, ContactId, ImportId, TenantId};
use portero_store::model::{
    BulkPerson, ImportCounts, ImportFault, ImportRow, ImportStep, TenantRow,
};

use super::attest::{Attestation, Consents};
use super::format::{Column, Format, guess, reader};
use super::rows::{Claim, Line, Reading};
use super::{ImportRequest, ImportView, Kept, kept, view, write};
use crate::context::Context;
use crate::error::FlowError;

/// Rows per commit.
const ROWS: usize = 1_000;
/// Bytes looked at to tell how a file is written.
const SAMPLE: usize = 64 * 1024;
/// Bytes gathered before rows are read, unless the file ends.
const GATHER: usize = 256 * 1024;
/// A row that is longer than this has an open quote.
const LONGEST_ROW: usize = 1024 * 1024;
/// Bytes of a bad line that are kept.
const LINE_KEPT: usize = 512;

/// Takes a file in.
pub struct Feeder {
    tenant: TenantRow,
    row: ImportRow,
    kept: Kept,
    attestation: Option<Attestation>,
    consents: Consents,
    buffer: Vec<u8>,
}

/// Records cut from the buffer.
struct Cut {
    records: Vec<(u64, csv::ByteRecord)>,
    faults: Vec<ImportFault>,
    bytes: usize,
    lines: u64,
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
        Ok(Feeder {
            tenant: tx.tenant(tenant).row().await?,
            kept: kept(&row)?,
            row,
            attestation,
            consents: Consents::default(),
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

    /// Takes what is left and ends the file.
    ///
    /// # Errors
    /// As [`Feeder::push`].
    pub async fn finish(mut self, ctx: &Context) -> Result<ImportView, FlowError> {
        self.read(ctx, true).await?;
        let mut tx = ctx.store.write().await?;
        let mut of = tx.tenant(self.tenant.id);
        of.end_import(self.row.id, None, ctx.now()).await?;
        let row = of.import(self.row.id).await?;
        tx.commit().await?;
        ctx.touched();
        view(row.ok_or_else(|| FlowError::not_found("import", self.row.id))?)
    }

    async fn read(&mut self, ctx: &Context, ends: bool) -> Result<(), FlowError> {
        if self.kept.format.is_none() && (self.buffer.len() >= SAMPLE || ends) {
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
            self.chunk(ctx, &cut).await?;
            self.buffer.drain(..cut.bytes);
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
        let sample = self.buffer.get(..SAMPLE).unwrap_or(&self.buffer);
        let (format, bytes, lines) = match guess(sample, &request) {
            Ok(found) => found,
            Err(why) => return self.fail(ctx, &why).await,
        };
        let consent = format.columns.iter().any(|c| {
            matches!(
                c,
                Column::Consent | Column::ConsentAt | Column::ConsentWording
            )
        });
        if consent && self.attestation.is_none() {
            let why = "the file has consent columns and nobody answers for them; give an attestation, or map them \
                       to `ignore`";
            return self.fail(ctx, why).await;
        }
        self.kept.format = Some(format);
        let step = ImportStep {
            from_offset: self.row.byte_offset,
            to_offset: self.row.byte_offset + number(bytes),
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

    async fn fail(&self, ctx: &Context, why: &str) -> Result<(), FlowError> {
        let mut tx = ctx.store.write().await?;
        tx.tenant(self.tenant.id)
            .end_import(self.row.id, Some(why), ctx.now())
            .await?;
        tx.commit().await?;
        Err(FlowError::bad("file", why))
    }

    /// Judges the rows of a cut and writes them.
    async fn chunk(&mut self, ctx: &Context, cut: &Cut) -> Result<(), FlowError> {
        let now = ctx.now();
        let mut counts = ImportCounts {
            seen: number(cut.records.len()),
            ..ImportCounts::default()
        };
        let mut faults: Vec<ImportFault> = Vec::new();
        let mut lines: BTreeMap<AddressKey, (u64, Line)> = BTreeMap::new();
        let Some(format) = self.kept.format.clone() else {
            return Ok(());
        };
        let reading = Reading {
            format: &format,
            country: &self.tenant.country,
            calling_code: self.kept.calling_code.as_deref(),
            zone: jiff::tz::TimeZone::get(&self.tenant.timezone).unwrap_or(jiff::tz::TimeZone::UTC),
            consent: self.attestation.is_some(),
            now,
        };
        for (line_no, record) in &cut.records {
            let (line, claim) = reading.line(record);
            if let Some(at) = claim {
                self.consents.claim(at);
            }
            match line {
                Err((reason, detail)) => faults.push(ImportFault {
                    line_no: *line_no,
                    reason: reason.to_owned(),
                    detail,
                    line: shown(&format, record),
                }),
                Ok(line) => merge(&mut lines, *line_no, line, &mut counts),
            }
        }
        if let Some(why) = self.consents.refusal() {
            return self.fail(ctx, &why).await;
        }
        faults.extend(cut.faults.iter().cloned());
        counts.seen += number(cut.faults.len());
        let step = ImportStep {
            from_offset: self.row.byte_offset,
            to_offset: self.row.byte_offset + number(cut.bytes),
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
        self.moved(moved, &step)
    }

    async fn commit(
        &self,
        ctx: &Context,
        lines: &BTreeMap<AddressKey, (u64, Line)>,
        mut faults: Vec<ImportFault>,
        mut step: ImportStep,
    ) -> Result<(bool, ImportStep), FlowError> {
        let now = ctx.now();
        let keys: Vec<AddressKey> = lines.keys().cloned().collect();
        let mut tx = ctx.store.write().await?;
        let mut of = tx.tenant(self.tenant.id);
        let known: HashMap<AddressKey, ContactId> = of.contacts_by_addresses(&keys).await?;
        let blocked = of.blocked_addresses(&keys).await?;
        let mut people = Vec::with_capacity(lines.len());
        let mut consents = Vec::new();
        for (key, (line_no, line)) in lines {
            if blocked.contains(key) {
                faults.push(ImportFault {
                    line_no: *line_no,
                    reason: "blocked".to_owned(),
                    detail: "this person is on the block list and stays there".to_owned(),
                    line: String::new(),
                });
                continue;
            }
            let found = known.get(key).copied();
            let contact = found.unwrap_or_else(|| ContactId::new(&*ctx.ids, now));
            if found.is_some() {
                step.counts.updated += 1;
            } else {
                step.counts.new += 1;
            }
            match &line.consent {
                Claim::None => {}
                Claim::Old { .. } => step.counts.consents_old += 1,
                Claim::Agreed { at, wording } => {
                    if let Some(attestation) = &self.attestation {
                        let event =
                            self.consent(ctx, attestation, *line_no, *at, wording.as_deref(), now)?;
                        consents.push((contact, event));
                        step.counts.consents += 1;
                    }
                }
            }
            people.push(BulkPerson {
                contact,
                address: key.clone(),
                new: found.is_none(),
                name: line.name.clone(),
                language: line.language.clone(),
                country: line.country.clone().filter(|_| found.is_none()),
                attributes: line.attributes.clone(),
                tags: line.tags.clone(),
            });
        }
        step.counts.bad = number(faults.len());
        if !self.row.dry_run {
            of.put_people(&people, now).await?;
            of.append_consents(&consents).await?;
        }
        of.put_import_faults(self.row.id, &faults).await?;
        let moved = of.step_import(self.row.id, &step, now).await?;
        if moved {
            tx.commit().await?;
        }
        Ok((moved, step))
    }

    /// A yes that the person still has to confirm. Written as the ledger writes it: fields that are
    /// nobody's business here keep their defaults.
    fn consent(
        &self,
        ctx: &Context,
        attestation: &Attestation,
        line_no: u64,
        at: Ts,
        wording: Option<&str>,
        now: Ts,
    ) -> Result<ConsentEvent, FlowError> {
        let words = wording.unwrap_or(&attestation.wording);
        let words: String = words.chars().take(1_000).collect();
        let evidence = format!(
            "{} line {line_no}, {}; attested by {}",
            self.row.id, attestation.origin, attestation.who
        );
        serde_json::from_value(serde_json::json!({
            "id": ConsentEventId::new(&*ctx.ids, now),
            "kind": "granted_unconfirmed",
            "scope": ConsentScope::Topic(attestation.topic.clone()),
            "promise": attestation.promise,
            "wording": words,
            "source": "import",
            "evidence": evidence,
            "captured_at": at,
            "received_at": now,
        }))
        .map_err(|source| FlowError::Stored {
            what: "consent of a file",
            source,
        })
    }
}

/// Cuts whole records off the front of the buffer, at most a chunk.
fn cut(buffer: &[u8], format: &mut Format, lines_before: u64, ends: bool) -> Cut {
    let mut cut = Cut {
        records: Vec::new(),
        faults: Vec::new(),
        bytes: 0,
        lines: 0,
    };
    'again: loop {
        let (from, line_from) = (cut.bytes, cut.lines);
        let rest = buffer.get(from..).unwrap_or_default();
        let mut reader = reader(rest, format.delimiter());
        let mut record = csv::ByteRecord::new();
        loop {
            if cut.records.len() >= ROWS {
                return cut;
            }
            // Bytes only: this reader has no other way to fail than running out of memory.
            if !reader.read_byte_record(&mut record).unwrap_or(false) {
                if ends {
                    cut.bytes = buffer.len();
                    cut.lines = line_from + reader.position().line() - 1;
                }
                return cut;
            }
            let end = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
            let start = record.position().map_or(0, csv::Position::byte);
            let start = usize::try_from(start).unwrap_or(usize::MAX);
            let line = record.position().map_or(1, csv::Position::line);
            let spans = reader.position().line().saturating_sub(line) > 1;
            let whole = end < rest.len() || ends;
            let open = !whole && rest.len().saturating_sub(start) > LONGEST_ROW;
            if !whole && !open {
                return cut;
            }
            // A quote that is opened and not closed swallows the lines after it: only its own line
            // is lost, the next one is read anew.
            if open || (spans && record.len() != format.columns.len()) {
                let length = rest
                    .get(start..)
                    .and_then(|r| r.iter().position(|b| *b == b'\n'))
                    .map_or(rest.len() - start.min(rest.len()), |p| p + 1);
                let raw = rest.get(start..start + length).unwrap_or_default();
                cut.faults.push(ImportFault {
                    line_no: lines_before + line_from + line,
                    reason: "quote".to_owned(),
                    detail: "a quote is opened and not closed in this line".to_owned(),
                    line: kept_text(&String::from_utf8_lossy(raw)),
                });
                cut.bytes = from + start + length;
                cut.lines = line_from + line;
                continue 'again;
            }
            format.decide(record.as_slice());
            cut.records
                .push((lines_before + line_from + line, record.clone()));
            cut.bytes = from + end.min(rest.len());
            cut.lines = line_from + reader.position().line() - 1;
        }
    }
}

/// One person twice in a chunk: what is told last counts, consent only when both lines have it.
fn merge(
    lines: &mut BTreeMap<AddressKey, (u64, Line)>,
    line_no: u64,
    mut line: Line,
    counts: &mut ImportCounts,
) {
    let Some((_, before)) = lines.remove(&line.key) else {
        lines.insert(line.key.clone(), (line_no, line));
        return;
    };
    counts.updated += 1;
    line.name = line.name.or(before.name);
    line.language = line.language.or(before.language);
    line.country = line.country.or(before.country);
    let mut attributes = before.attributes;
    attributes.extend(line.attributes);
    line.attributes = attributes;
    line.tags.extend(before.tags);
    if before.consent == Claim::None {
        line.consent = Claim::None;
    }
    lines.insert(line.key.clone(), (line_no, line));
}

fn shown(format: &Format, record: &csv::ByteRecord) -> String {
    let fields: Vec<String> = record
        .iter()
        .map(|f| {
            format
                .text(f)
                .unwrap_or_else(|| String::from_utf8_lossy(f).into_owned())
        })
        .collect();
    kept_text(&fields.join(&format.separator.to_string()))
}

fn kept_text(text: &str) -> String {
    let mut end = text.len().min(LINE_KEPT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().trim_end().to_owned()
}

fn number(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
