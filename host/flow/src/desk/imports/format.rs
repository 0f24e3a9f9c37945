//! How a file is written: encoding, separator, what each column is. Guessed, shown, and never
//! guessed twice: what was found is stored with the file.

use encoding_rs::WINDOWS_1252;
use serde::{Deserialize, Serialize};

use super::ImportRequest;

/// Separators that are tried, in this order when they fit equally well.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];
/// Records looked at to tell the separator.
const RECORDS_TRIED: usize = 50;

/// What a column becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Column {
    /// Phone with country code, or BSUID.
    Address,
    /// Name.
    Name,
    /// Language.
    Language,
    /// Country.
    Country,
    /// Tags.
    Tags,
    /// Whether the person agreed.
    Consent,
    /// When.
    ConsentAt,
    /// To which words.
    ConsentWording,
    /// An attribute of that key.
    Attribute(String),
    /// Nothing.
    Ignore,
}

impl Column {
    /// Whether somebody has to answer for what stands in it.
    pub(super) const fn is_consent(&self) -> bool {
        matches!(
            self,
            Column::Consent | Column::ConsentAt | Column::ConsentWording
        )
    }
}

impl From<Column> for String {
    fn from(column: Column) -> String {
        match column {
            Column::Address => "address",
            Column::Name => "name",
            Column::Language => "language",
            Column::Country => "country",
            Column::Tags => "tags",
            Column::Consent => "consent",
            Column::ConsentAt => "consent_at",
            Column::ConsentWording => "consent_wording",
            Column::Attribute(key) => return format!("attribute:{key}"),
            Column::Ignore => "ignore",
        }
        .to_owned()
    }
}

impl TryFrom<String> for Column {
    type Error = String;
    fn try_from(word: String) -> Result<Column, String> {
        Ok(match word.as_str() {
            "address" => Column::Address,
            "name" => Column::Name,
            "language" => Column::Language,
            "country" => Column::Country,
            "tags" => Column::Tags,
            "consent" => Column::Consent,
            "consent_at" => Column::ConsentAt,
            "consent_wording" => Column::ConsentWording,
            "ignore" => Column::Ignore,
            other => match other.strip_prefix("attribute:") {
                Some(key) if crate::desk::people::attribute(key, "").is_ok() => {
                    Column::Attribute(key.to_owned())
                }
                _ => {
                    return Err(format!(
                        "`{other}` is none of address, name, language, country, tags, consent, consent_at, \
                         consent_wording, attribute:KEY, ignore"
                    ));
                }
            },
        })
    }
}

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    /// `utf-8` or `windows-1252` (which covers Latin-1).
    pub encoding: String,
    /// Only ASCII so far: the first other byte decides.
    #[serde(default)]
    pub undecided: bool,
    /// `,` `;` tab or `|`.
    pub separator: char,
    /// The header, as written.
    pub header: Vec<String>,
    /// What each column becomes.
    pub columns: Vec<Column>,
}

impl Format {
    /// Columns whose name speaks of consent and that are not read.
    #[must_use]
    pub fn consents_left_out(&self) -> Vec<&str> {
        let all = self.header.iter().zip(&self.columns);
        all.filter(|(name, column)| **column == Column::Ignore && usual(name).is_consent())
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// A field as text; nothing when it is not in this encoding.
    pub(super) fn text(&self, bytes: &[u8]) -> Option<String> {
        if self.encoding == "utf-8" {
            std::str::from_utf8(bytes).ok().map(str::to_owned)
        } else {
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
            Some(text.into_owned())
        }
    }

    /// The separator as a byte.
    pub(super) fn delimiter(&self) -> u8 {
        u8::try_from(self.separator).unwrap_or(b',')
    }

    /// Learns from bytes that are not ASCII, once.
    pub(super) fn decide(&mut self, bytes: &[u8]) {
        if self.undecided && !bytes.is_ascii() {
            self.undecided = false;
            if std::str::from_utf8(bytes).is_err() {
                "windows-1252".clone_into(&mut self.encoding);
            }
        }
    }
}

/// Columns of a file that hold consents, by name, as far as its beginning tells.
pub(super) fn consent_columns(sample: &[u8], request: &ImportRequest) -> Vec<String> {
    let Ok((format, ..)) = guess(sample, request) else {
        return Vec::new();
    };
    let all = format.header.into_iter().zip(format.columns);
    all.filter(|(_, column)| column.is_consent())
        .map(|(name, _)| name)
        .collect()
}

/// Reads format and header off the beginning of a file. Gives also how many bytes and lines the
/// header takes.
///
/// # Errors
/// What is missing, and what to do.
pub(super) fn guess(
    sample: &[u8],
    request: &ImportRequest,
) -> Result<(Format, usize, u64), String> {
    if sample.starts_with(&[0xff, 0xfe]) || sample.starts_with(&[0xfe, 0xff]) {
        return Err("the file is UTF-16; save it as `CSV UTF-8`".to_owned());
    }
    let bom = if sample.starts_with(&[0xef, 0xbb, 0xbf]) {
        3
    } else {
        0
    };
    let text = sample.get(bom..).unwrap_or_default();
    let (encoding, undecided) = encoding(text, bom > 0, request.encoding.as_deref())?;
    // Spreadsheets write their separator into a first line of its own.
    let (told, skip) = match text.get(..5) {
        Some([b's', b'e', b'p', b'=', c]) => {
            let end = text.iter().position(|b| *b == b'\n').map_or(5, |p| p + 1);
            (Some(char::from(*c)), end)
        }
        _ => (None, 0),
    };
    let body = text.get(skip..).unwrap_or_default();
    let separator = match request.separator.or(told) {
        Some(s) if SEPARATORS.contains(&s) => s,
        Some(other) => {
            return Err(format!("separator `{other}` is none of , ; tab |"));
        }
        None => separator(body),
    };
    let mut format = Format {
        encoding,
        undecided,
        separator,
        header: Vec::new(),
        columns: Vec::new(),
    };
    let mut reader = reader(body, format.delimiter());
    let mut record = csv::ByteRecord::new();
    if !reader.read_byte_record(&mut record).unwrap_or(false) {
        return Err("the file is empty".to_owned());
    }
    format.header = record
        .iter()
        .map(|field| format.text(field).unwrap_or_default().trim().to_owned())
        .collect();
    format.columns = columns(&format.header, request)?;
    let position = reader.position();
    let used = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let lines = position.line() - 1 + u64::from(skip > 0);
    Ok((format, bom + skip + used.min(body.len()), lines))
}

pub(super) fn reader(bytes: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(bytes)
}

fn encoding(text: &[u8], bom: bool, asked: Option<&str>) -> Result<(String, bool), String> {
    let named = |name: &str| (name.to_owned(), false);
    match asked.map(str::to_ascii_lowercase).as_deref() {
        Some("utf-8" | "utf8") => return Ok(named("utf-8")),
        Some("windows-1252" | "cp1252" | "latin-1" | "latin1" | "iso-8859-1") => {
            return Ok(named("windows-1252"));
        }
        Some(other) => return Err(format!("encoding `{other}` is none of utf-8, windows-1252")),
        None if bom => return Ok(named("utf-8")),
        None => {}
    }
    if text.is_ascii() {
        return Ok(("utf-8".to_owned(), true));
    }
    // The sample may end within a character: that alone does not make it another encoding.
    match std::str::from_utf8(text) {
        Ok(_) => Ok(named("utf-8")),
        Err(e) if e.error_len().is_none() => Ok(named("utf-8")),
        Err(_) => Ok(named("windows-1252")),
    }
}

/// The separator with which most records have as many fields as the first, and more than one.
fn separator(text: &[u8]) -> char {
    let score = |separator: char| {
        let mut reader = reader(text, u8::try_from(separator).unwrap_or(b','));
        let mut record = csv::ByteRecord::new();
        let (mut width, mut fit) = (0, 0);
        for n in 0..RECORDS_TRIED {
            if !reader.read_byte_record(&mut record).unwrap_or(false) {
                break;
            }
            if n == 0 {
                width = record.len();
            }
            fit += usize::from(record.len() == width);
        }
        if width > 1 { (fit, width) } else { (0, 0) }
    };
    let mut best = (',', (0, 0));
    for separator in SEPARATORS {
        let found = score(separator);
        if found > best.1 {
            best = (separator, found);
        }
    }
    best.0
}

fn columns(header: &[String], request: &ImportRequest) -> Result<Vec<Column>, String> {
    for name in request.map.keys() {
        if !header.contains(name) {
            return Err(format!(
                "no column `{name}` to map; the header has {}",
                quoted(header)
            ));
        }
    }
    let mut out = Vec::with_capacity(header.len());
    for name in header {
        let column = match request.map.get(name) {
            Some(word) => Column::try_from(word.clone()).map_err(|e| format!("map {name}: {e}"))?,
            None => usual(name),
        };
        let once = !matches!(column, Column::Attribute(_) | Column::Ignore | Column::Tags);
        if once && out.contains(&column) {
            return Err(format!(
                "two columns are `{}`; map one to `ignore`: {}",
                String::from(column),
                quoted(header)
            ));
        }
        out.push(column);
    }
    if !out.contains(&Column::Address) {
        return Err(format!(
            "no column holds the phone; the header has {}. Call one `phone`, `teléfono` or `telefone`, or map it to `address`",
            quoted(header)
        ));
    }
    Ok(out)
}

fn quoted(header: &[String]) -> String {
    let names: Vec<String> = header
        .iter()
        .take(20)
        .map(|h| format!("`{}`", h.chars().take(40).collect::<String>()))
        .collect();
    names.join(", ")
}

/// What a column of this name usually is, in Spanish, Portuguese and English.
fn usual(name: &str) -> Column {
    let key = plain(name);
    match key.as_str() {
        "phone" | "phone_number" | "mobile" | "cell" | "whatsapp" | "telefono" | "celular"
        | "movil" | "telefone" | "numero" | "numero_de_telefono" | "numero_de_telefone"
        | "numero_whatsapp" | "wa_id" | "bsuid" | "address" => Column::Address,
        "name" | "full_name" | "nombre" | "nombre_completo" | "nome" | "nome_completo"
        | "cliente" | "customer" => Column::Name,
        "language" | "lang" | "idioma" | "lengua" | "lingua" => Column::Language,
        "country" | "pais" => Column::Country,
        "tags" | "tag" | "etiquetas" | "etiqueta" | "marcadores" => Column::Tags,
        "consent" | "opt_in" | "optin" | "consentimiento" | "consentimento" | "acepta"
        | "aceita" | "autoriza" => Column::Consent,
        "consent_at"
        | "consent_date"
        | "opt_in_at"
        | "opt_in_date"
        | "fecha_consentimiento"
        | "fecha_de_consentimiento"
        | "data_consentimento"
        | "data_do_consentimento" => Column::ConsentAt,
        "consent_wording" | "wording" | "texto_consentimiento" | "texto_consentimento" => {
            Column::ConsentWording
        }
        "contact_id" | "topics" => Column::Ignore,
        _ => match crate::desk::people::attribute(&key, "") {
            Ok(()) => Column::Attribute(key),
            Err(_) => Column::Ignore,
        },
    }
}

/// Lower case, without accents, anything but letters and digits as `_`.
fn plain(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.trim().chars().flat_map(char::to_lowercase) {
        let c = match c {
            'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
            'é' | 'è' | 'ê' => 'e',
            'í' | 'ì' => 'i',
            'ó' | 'ô' | 'õ' | 'ö' => 'o',
            'ú' | 'ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            c if c.is_alphanumeric() || c == '.' => c,
            _ => '_',
        };
        if c != '_' || !(out.is_empty() || out.ends_with('_')) {
            out.push(c);
        }
    }
    out.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sample: &[u8]) -> (String, char, Vec<String>, usize, u64) {
        let (format, bytes, lines) = guess(sample, &ImportRequest::default()).unwrap();
        let columns = format.columns.into_iter().map(String::from).collect();
        (format.encoding, format.separator, columns, bytes, lines)
    }

    #[test]
    fn encodings_and_separators_are_told_apart() {
        let latin: Vec<u8> = b"Tel\xe9fono;Nombre;Pa\xeds\n+57300;Jos\xe9;CO\n".to_vec();
        let names = ["address", "name", "country"].map(str::to_owned).to_vec();
        assert_eq!(
            found(&latin),
            ("windows-1252".into(), ';', names.clone(), 21, 1)
        );
        let bom = "\u{feff}Telefone\tNome\tPaís\n".as_bytes();
        assert_eq!(
            found(bom),
            ("utf-8".into(), '\t', names.clone(), bom.len(), 1)
        );
        let quoted = b"phone,\"name, full\"\r\n+57300,\"a;b\"\r\n";
        assert_eq!(found(quoted).1, ',');
        assert_eq!(found(b"sep=|\nphone|name|country\n").1, '|');
        assert_eq!(found(b"sep=|\nphone|name|country\n").4, 2);
        assert_eq!(found(b"phone\n+57300\n").1, ',');
    }

    #[test]
    fn consents_that_nobody_answers_for_can_be_left_out() {
        let file = "phone,Acepta,fecha de consentimiento\n1,sí,2026-01-01\n".as_bytes();
        let mut request = ImportRequest::default();
        let consents = consent_columns(file, &request);
        assert_eq!(consents, ["Acepta", "fecha de consentimiento"]);
        let (format, ..) = guess(file, &request).unwrap();
        assert!(format.consents_left_out().is_empty());
        let ignore = consents.iter().map(|c| (c.clone(), "ignore".to_owned()));
        request.map = ignore.collect();
        let (format, ..) = guess(file, &request).unwrap();
        assert_eq!(format.consents_left_out(), consents);
        assert!(consent_columns(file, &request).is_empty());
        assert!(consent_columns(b"", &request).is_empty());
    }

    #[test]
    fn a_character_cut_by_the_end_of_the_sample_changes_nothing() {
        let text = "phone,ciudad\n1,Bogotá".as_bytes();
        assert_eq!(found(text.get(..text.len() - 1).unwrap()).0, "utf-8");
    }

    #[test]
    fn what_cannot_be_read_says_what_to_do() {
        let error = |sample: &[u8]| guess(sample, &ImportRequest::default()).unwrap_err();
        assert!(error(b"").contains("empty"));
        assert!(error(b"\xff\xfea\0").contains("UTF-16"));
        assert!(error(b"a,b\n1,2\n").contains("`a`, `b`"));
        assert!(error(b"phone,celular\n").contains("two columns"));
    }

    #[test]
    fn a_file_of_ascii_decides_at_the_first_other_byte() {
        let (mut format, ..) = guess(b"phone,name\n1,Ana\n", &ImportRequest::default()).unwrap();
        assert!(format.undecided);
        format.decide(b"Jos\xe9");
        assert_eq!(
            (format.encoding.as_str(), format.undecided),
            ("windows-1252", false)
        );
        assert_eq!(format.text(b"Jos\xe9").as_deref(), Some("José"));
    }
}
