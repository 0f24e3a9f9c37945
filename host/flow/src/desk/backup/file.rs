//! The file: lines of JSON, gzipped. A header, then each table with its rows and their hash, and at
//! the very end what was written, vouched for with the master key.

use std::io::{BufRead, BufReader, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use portero_domain::ids::TenantId;
use portero_store::MasterKey;
use portero_store::model::{Cell, Column, ColumnKind, Table};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::BackupError;

/// Version of the file's own form: all of a host.
pub(super) const FORMAT: u32 = 1;
/// The form of one tenant's data. A binary reads forms up to this.
pub(super) const FORMAT_OF_TENANT: u32 = 2;
/// Longer lines than this are not ours: the largest value is a plugin's component.
const LINE_MAX: u64 = 512 << 20;

/// Where a backup comes from: its first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Version of the file's form.
    #[serde(rename = "portero_backup")]
    pub format: u32,
    /// When, RFC 3339.
    pub made_at: String,
    /// The version of portero that made it.
    pub made_by: String,
    /// `sqlite` or `postgres`; it is restored into either.
    pub engine: String,
    /// The migrations that made its schema, ascending.
    pub migrations: Vec<i64>,
    /// Fingerprint of the key that opens its secrets: the host's master key, or the key of an export.
    pub master_key: String,
    /// Whose it is; absent: the whole host's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantHead>,
}

/// The tenant whose data a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantHead {
    /// Its id.
    pub id: TenantId,
    /// Its short name.
    pub slug: String,
}

/// What was written of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSum {
    /// Its name.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 of its lines, hex.
    pub sha256: String,
}

/// What was written: the last line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Every table, in the file's order.
    pub tables: Vec<TableSum>,
    /// Rows of all of them.
    pub rows: u64,
    /// SHA-256 of all lines before this one, hex.
    pub sha256: String,
    /// Made of that hash with the master key: nobody else can have written this file.
    pub vouched: String,
}

#[derive(Serialize, Deserialize)]
struct Head {
    table: String,
    /// Name and kind.
    columns: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
struct Last {
    manifest: Manifest,
}

/// Writes one.
pub(super) struct Writer<W: Write> {
    out: GzEncoder<W>,
    line: Vec<u8>,
    all: Sha256,
    part: Sha256,
    sums: Vec<TableSum>,
}

impl<W: Write> Writer<W> {
    pub(super) fn begin(out: W, header: &Header) -> std::io::Result<Writer<W>> {
        let mut writer = Writer {
            out: GzEncoder::new(out, Compression::new(4)),
            line: Vec::new(),
            all: Sha256::new(),
            part: Sha256::new(),
            sums: Vec::new(),
        };
        serde_json::to_writer(&mut writer.line, header)?;
        writer.put()?;
        Ok(writer)
    }

    pub(super) fn table(&mut self, table: &Table) -> std::io::Result<()> {
        let column = |c: &Column| (c.name.clone(), c.kind.as_str().to_owned());
        let head = Head {
            table: table.name.clone(),
            columns: table.columns.iter().map(column).collect(),
        };
        self.part = Sha256::new();
        self.sums.push(TableSum {
            table: table.name.clone(),
            rows: 0,
            sha256: String::new(),
        });
        serde_json::to_writer(&mut self.line, &head)?;
        self.put()
    }

    pub(super) fn row(&mut self, row: &[Cell]) -> std::io::Result<()> {
        self.line.push(b'[');
        for (n, cell) in row.iter().enumerate() {
            if n > 0 {
                self.line.push(b',');
            }
            match cell {
                Cell::Null => self.line.extend_from_slice(b"null"),
                Cell::Int(n) => write!(self.line, "{n}")?,
                Cell::Text(text) => serde_json::to_writer(&mut self.line, text)?,
                Cell::Blob(bytes) => {
                    serde_json::to_writer(&mut self.line, &BASE64.encode(bytes))?;
                }
            }
        }
        self.line.push(b']');
        if let Some(sum) = self.sums.last_mut() {
            sum.rows += 1;
        }
        self.put()
    }

    pub(super) fn end_table(&mut self) -> std::io::Result<()> {
        if let Some(sum) = self.sums.last_mut() {
            sum.sha256 = hex::encode(self.part.clone().finalize());
            serde_json::to_writer(&mut self.line, sum)?;
        }
        self.put()
    }

    pub(super) fn end(mut self, master: &MasterKey) -> std::io::Result<Manifest> {
        let sha256 = hex::encode(self.all.clone().finalize());
        let manifest = Manifest {
            rows: self.sums.iter().map(|sum| sum.rows).sum(),
            vouched: master.vouch(&sha256),
            sha256,
            tables: std::mem::take(&mut self.sums),
        };
        let last = Last { manifest };
        serde_json::to_writer(&mut self.line, &last)?;
        self.put()?;
        self.out.finish()?.flush()?;
        Ok(last.manifest)
    }

    fn put(&mut self) -> std::io::Result<()> {
        self.line.push(b'\n');
        self.all.update(&self.line);
        self.part.update(&self.line);
        self.out.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }
}

/// The next thing in a file.
pub(super) enum Item {
    Table(Table),
    Row(Vec<Cell>),
    TableEnd,
    End(Manifest),
}

/// Reads one, and compares what it reads with what was written.
pub(super) struct Reader<R: Read> {
    input: BufReader<GzDecoder<R>>,
    line: Vec<u8>,
    all: Sha256,
    part: Sha256,
    open: Option<(Table, u64)>,
    sums: Vec<TableSum>,
}

fn damaged(why: impl Into<String>) -> BackupError {
    BackupError::Damaged { why: why.into() }
}

impl<R: Read> Reader<R> {
    /// Opens one and reads where it comes from.
    pub(super) fn begin(input: R) -> Result<(Reader<R>, Header), BackupError> {
        let mut reader = Reader {
            input: BufReader::new(GzDecoder::new(input)),
            line: Vec::new(),
            all: Sha256::new(),
            part: Sha256::new(),
            open: None,
            sums: Vec::new(),
        };
        let foreign = |why: String| BackupError::Foreign { why };
        match reader.read() {
            Ok(true) => {}
            Ok(false) => return Err(foreign("it is empty".to_owned())),
            Err(BackupError::Damaged { why }) => return Err(foreign(why)),
            Err(other) => return Err(other),
        }
        let value: Value = serde_json::from_slice(&reader.line)
            .map_err(|_| foreign("its first line is not one of ours".to_owned()))?;
        let format = value
            .get("portero_backup")
            .and_then(Value::as_u64)
            .ok_or_else(|| foreign("its first line is not one of ours".to_owned()))?;
        if format > u64::from(FORMAT_OF_TENANT) {
            let made_by = value.get("made_by").and_then(Value::as_str);
            return Err(BackupError::Newer {
                made_by: made_by.unwrap_or("of some version").to_owned(),
                why: format!("its form is {format}, this binary reads up to {FORMAT_OF_TENANT}"),
            });
        }
        let header = serde_json::from_value(value).map_err(|e| foreign(e.to_string()))?;
        reader.take();
        Ok((reader, header))
    }

    /// The next thing; after [`Item::End`] there is nothing.
    pub(super) fn next(&mut self, master: &MasterKey) -> Result<Item, BackupError> {
        if !self.read()? {
            return Err(damaged("it ends before its end"));
        }
        if self.line.first() == Some(&b'[') {
            let row = self.row()?;
            self.take();
            return Ok(Item::Row(row));
        }
        let value: Value =
            serde_json::from_slice(&self.line).map_err(|_| damaged("a line does not read"))?;
        if value.get("columns").is_some() {
            return self.head(value);
        }
        if value.get("manifest").is_some() {
            return self.last(value, master);
        }
        let sum: TableSum =
            serde_json::from_value(value).map_err(|_| damaged("a line does not read"))?;
        let Some((table, rows)) = self.open.take() else {
            return Err(damaged("a table ends that did not begin"));
        };
        let found = TableSum {
            table: table.name,
            rows,
            sha256: hex::encode(self.part.clone().finalize()),
        };
        if found != sum {
            return Err(damaged(format!(
                "{} holds {} rows with hash {}, written were {} with {}",
                found.table, found.rows, found.sha256, sum.rows, sum.sha256
            )));
        }
        self.sums.push(found);
        self.take();
        Ok(Item::TableEnd)
    }

    fn head(&mut self, value: Value) -> Result<Item, BackupError> {
        let head: Head =
            serde_json::from_value(value).map_err(|_| damaged("a line does not read"))?;
        if self.open.is_some() {
            return Err(damaged(format!(
                "{} begins inside another table",
                head.table
            )));
        }
        let columns = head.columns.into_iter().map(|(name, word)| {
            let kind = super::kind(&word)
                .ok_or_else(|| damaged(format!("a column {name} of kind {word}")))?;
            Ok(Column { name, kind })
        });
        let table = Table {
            name: head.table,
            columns: columns.collect::<Result<_, BackupError>>()?,
            references: Vec::new(),
        };
        self.part = Sha256::new();
        self.open = Some((table.clone(), 0));
        self.take();
        Ok(Item::Table(table))
    }

    fn last(&mut self, value: Value, master: &MasterKey) -> Result<Item, BackupError> {
        let last: Last =
            serde_json::from_value(value).map_err(|_| damaged("its end does not read"))?;
        let sha256 = hex::encode(self.all.clone().finalize());
        let found = Manifest {
            rows: self.sums.iter().map(|sum| sum.rows).sum(),
            vouched: master.vouch(&sha256),
            tables: std::mem::take(&mut self.sums),
            sha256,
        };
        if found.sha256 != last.manifest.sha256 || found.tables != last.manifest.tables {
            return Err(damaged("what is in it is not what its end lists"));
        }
        if found != last.manifest {
            return Err(damaged(
                "it was not written with this master key: somebody changed it",
            ));
        }
        self.line.clear();
        if self.read()? {
            return Err(damaged("something comes after its end"));
        }
        Ok(Item::End(last.manifest))
    }

    fn row(&mut self) -> Result<Vec<Cell>, BackupError> {
        let Some((table, rows)) = &mut self.open else {
            return Err(damaged("a row of no table"));
        };
        let name = table.name.clone();
        let wrong = || damaged(format!("a row of {name} does not read"));
        let values: Vec<Value> = serde_json::from_slice(&self.line).map_err(|_| wrong())?;
        if values.len() != table.columns.len() {
            return Err(wrong());
        }
        *rows += 1;
        let cells = values
            .into_iter()
            .zip(&table.columns)
            .map(|(value, column)| match (column.kind, value) {
                (_, Value::Null) => Ok(Cell::Null),
                (ColumnKind::Int, Value::Number(n)) => n.as_i64().map(Cell::Int).ok_or_else(wrong),
                (ColumnKind::Text, Value::String(text)) => Ok(Cell::Text(text)),
                (ColumnKind::Blob, Value::String(text)) => {
                    BASE64.decode(text).map(Cell::Blob).map_err(|_| wrong())
                }
                _ => Err(wrong()),
            });
        cells.collect()
    }

    /// Reads a line; `false` at the end.
    fn read(&mut self) -> Result<bool, BackupError> {
        self.line.clear();
        let n = (&mut self.input)
            .take(LINE_MAX)
            .read_until(b'\n', &mut self.line)
            .map_err(|e| match e.kind() {
                // What gzip says of a file that was cut or changed.
                std::io::ErrorKind::UnexpectedEof
                | std::io::ErrorKind::InvalidInput
                | std::io::ErrorKind::InvalidData => damaged(e.to_string()),
                _ => BackupError::File(e),
            })?;
        if n > 0 && self.line.last() != Some(&b'\n') {
            return Err(damaged("it ends in the middle of a line"));
        }
        Ok(n > 0)
    }

    /// The line counts.
    fn take(&mut self) {
        self.all.update(&self.line);
        self.part.update(&self.line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: MasterKey = MasterKey([3; 32]);

    fn header() -> Header {
        Header {
            format: FORMAT,
            made_at: "2026-11-22T12:00:00Z".to_owned(),
            made_by: "0.1.0".to_owned(),
            engine: "sqlite".to_owned(),
            migrations: vec![1, 2],
            master_key: KEY.fingerprint(),
            tenant: None,
        }
    }

    fn table() -> Table {
        let column = |name: &str, kind| Column {
            name: name.to_owned(),
            kind,
        };
        Table {
            name: "things".to_owned(),
            columns: vec![
                column("a", ColumnKind::Int),
                column("b", ColumnKind::Text),
                column("c", ColumnKind::Blob),
            ],
            references: Vec::new(),
        }
    }

    fn rows() -> Vec<Vec<Cell>> {
        vec![
            vec![
                Cell::Int(i64::MIN),
                Cell::Text("¿Qué? \n \"\\ \u{1f331}".to_owned()),
                Cell::Blob(vec![0, 255, 10]),
            ],
            vec![Cell::Null, Cell::Null, Cell::Null],
            vec![
                Cell::Int(i64::MAX),
                Cell::Text(String::new()),
                Cell::Blob(Vec::new()),
            ],
        ]
    }

    fn written(header: &Header, master: &MasterKey) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = Writer::begin(&mut out, header).unwrap();
        writer.table(&table()).unwrap();
        for row in rows() {
            writer.row(&row).unwrap();
        }
        writer.end_table().unwrap();
        writer.end(master).unwrap();
        out
    }

    fn read(bytes: &[u8]) -> Result<(Vec<Vec<Cell>>, Manifest), BackupError> {
        let (mut reader, _) = Reader::begin(bytes)?;
        let mut found = Vec::new();
        loop {
            match reader.next(&KEY)? {
                Item::Row(row) => found.push(row),
                Item::End(manifest) => return Ok((found, manifest)),
                Item::Table(_) | Item::TableEnd => {}
            }
        }
    }

    fn plain(bytes: &[u8]) -> String {
        let mut text = String::new();
        GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
        text
    }

    fn zipped(text: &str) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(text.as_bytes()).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let (found, manifest) = read(&written(&header(), &KEY)).unwrap();
        assert_eq!(found, rows());
        assert_eq!((manifest.rows, manifest.tables.len()), (3, 1));
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_and_no_turned_bit_makes_it_say_something_else() {
        let whole = written(&header(), &KEY);
        for cut in 0..whole.len() {
            assert!(read(&whole[..cut]).is_err(), "cut at {cut}");
        }
        let honest = read(&whole).unwrap();
        for at in 0..whole.len() {
            let mut turned = whole.clone();
            turned[at] ^= 1;
            match read(&turned) {
                Err(_) => {}
                // Gzip has bits that say nothing: when it was packed, and what fills a byte up.
                Ok(found) => assert!(found == honest, "turned at {at}"),
            }
        }
    }

    #[test]
    fn who_changes_a_row_and_its_hashes_still_lacks_the_key() {
        let honest = plain(&written(&header(), &KEY));
        let changed = honest.replace("9223372036854775807", "1");
        assert!(matches!(
            read(&zipped(&changed)),
            Err(BackupError::Damaged { .. })
        ));
        // Another key: everything fits but what vouches for it.
        let other = written(&header(), &MasterKey([4; 32]));
        let said = read(&other).unwrap_err().to_string();
        assert!(said.contains("somebody changed it"), "{said}");
        let longer = format!("{honest}[1]\n");
        let said = read(&zipped(&longer)).unwrap_err().to_string();
        assert!(said.contains("after its end"), "{said}");
    }

    #[test]
    fn other_files_and_newer_ones_are_told_apart() {
        for bytes in [&b""[..], b"hello", &zipped("{\"a\":1}\n"), &zipped("[]\n")] {
            assert!(matches!(read(bytes), Err(BackupError::Foreign { .. })));
        }
        let newer = Header {
            format: FORMAT_OF_TENANT + 1,
            made_by: "9.0.0".to_owned(),
            ..header()
        };
        let said = read(&written(&newer, &KEY)).unwrap_err();
        assert!(matches!(&said, BackupError::Newer { made_by, .. } if made_by == "9.0.0"));
    }
}
