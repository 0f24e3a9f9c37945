//! Whole records off the front of what has arrived.

use portero_store::model::ImportFault;

use super::format::{Format, reader};

/// Rows per commit.
pub(super) const ROWS: usize = 1_000;
/// A row that is longer than this has an open quote.
const LONGEST_ROW: usize = 1024 * 1024;
/// Bytes of a bad line that are kept.
const LINE_KEPT: usize = 512;

/// Records cut from the buffer.
pub(super) struct Cut {
    pub(super) records: Vec<(u64, csv::ByteRecord)>,
    pub(super) faults: Vec<ImportFault>,
    pub(super) bytes: usize,
    pub(super) lines: u64,
}

/// Cuts whole records off the front of the buffer, at most a chunk.
pub(super) fn cut(buffer: &[u8], format: &mut Format, lines_before: u64, ends: bool) -> Cut {
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

/// A bad line as it is kept.
pub(super) fn shown(format: &Format, record: &csv::ByteRecord) -> String {
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
