//! What is wrong with a settings file: everything at once, each with its line and what to do.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use toml::de::DeTable;

use crate::config::{Layer, fields};

/// Names closer than this to a known one are taken for a slip of the pen.
const NEAR: f64 = 0.75;

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Line of the file, from 1.
    pub line: usize,
    /// The setting, when one is to blame.
    pub setting: Option<String>,
    /// What is wrong.
    pub found: String,
    /// What to do.
    pub remedy: String,
}

/// Everything wrong with a file, by line.
///
/// # Errors
/// A file that cannot be read.
pub fn file(path: &Path) -> anyhow::Result<Vec<Fault>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(text_of(&text))
}

/// Everything wrong with a text, by line.
#[must_use]
pub fn text(text: &str) -> Vec<Fault> {
    text_of(text)
}

/// Faults as lines of text, `file:line: …`.
#[must_use]
pub fn lines(path: &Path, faults: &[Fault]) -> String {
    let mut all = String::new();
    for fault in faults {
        let end = if all.is_empty() { "" } else { "\n" };
        let _ = write!(
            all,
            "{end}`{}` line {}: {}; {}",
            path.display(),
            fault.line,
            fault.found,
            fault.remedy
        );
    }
    all
}

fn text_of(text: &str) -> Vec<Fault> {
    let table = match DeTable::parse(text) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            return vec![Fault {
                line: line(text, at),
                setting: None,
                found: format!("not well-formed TOML: {}", error.message()),
                remedy: "mend this place".to_owned(),
            }];
        }
    };
    let mut faults: Vec<Fault> = table
        .iter()
        .filter_map(|(key, value)| {
            let name = key.get_ref().as_ref();
            let line = line(text, key.span().start);
            if !fields().iter().any(|field| field.name == name) {
                return Some(unknown(name, line));
            }
            let value = text.get(value.span()).unwrap_or_default();
            wrong(name, value, line)
        })
        .collect();
    faults.sort_by_key(|fault| fault.line);
    faults
}

fn unknown(name: &str, line: usize) -> Fault {
    let near = fields()
        .iter()
        .map(|field| (strsim::jaro_winkler(field.name, name), field.name))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    Fault {
        line,
        setting: Some(name.to_owned()),
        found: format!("unknown setting `{name}`"),
        remedy: match near {
            Some((_, near)) => format!("did you mean `{near}`?"),
            None => "take it out; `portero config template` lists what there is".to_owned(),
        },
    }
}

/// Reads one setting alone, so that the fault is this line's.
fn wrong(name: &str, value: &str, line: usize) -> Option<Fault> {
    let error = toml::from_str::<Layer>(&format!("{name} = {value}")).err()?;
    // The reader names the field again; what it says of the value is enough.
    let said = error.message().lines().last().unwrap_or_default();
    let said = said
        .rsplit_once("validation failed: ")
        .map_or(said, |(_, why)| why);
    Some(Fault {
        line,
        setting: Some(name.to_owned()),
        found: format!("{name} is {value}"),
        remedy: said.trim().to_owned(),
    })
}

fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|b| *b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_found_with_its_line_and_what_to_do() {
        let faults = text(
            "data = \"d\"\nlisen = \"127.0.0.1:1\"\nhttp_timeout_secs = 0\n\nplugin_concurrency = \"ten\"\nzzz = 1\n",
        );
        let said: Vec<(usize, &str, &str)> = faults
            .iter()
            .map(|f| (f.line, f.found.as_str(), f.remedy.as_str()))
            .collect();
        assert_eq!(said.len(), 4, "{said:?}");
        assert_eq!(
            said[0],
            (2, "unknown setting `lisen`", "did you mean `listen`?")
        );
        assert_eq!(said[1], (3, "http_timeout_secs is 0", "it may be 1 to 60"));
        assert_eq!((said[2].0, said[2].1), (5, "plugin_concurrency is \"ten\""));
        assert!(said[2].2.contains("u32"), "{said:?}");
        assert_eq!(said[3].0, 6);
        assert!(said[3].2.contains("config template"), "{said:?}");
    }

    #[test]
    fn malformed_toml_names_its_line() {
        let faults = text("listen = \"a\"\ndata = \"unclosed\nx = 1\n");
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].line, 2, "{faults:?}");
        assert!(faults[0].found.contains("TOML"), "{faults:?}");
    }

    #[test]
    fn each_setting_misspelled_leads_back_to_itself() {
        for field in fields() {
            // A letter is missing in the middle.
            let mut name = field.name.to_owned();
            name.remove(name.len() / 2);
            let faults = text(&format!("{name} = 1\n"));
            assert!(
                faults[0].remedy.contains(&format!("`{}`", field.name)),
                "{name}: {faults:?}"
            );
        }
    }
}
