//! `--update`: writes what happened where a scenario expected something else; the rest of the text stays.

use std::fmt::Write as _;

use serde_json::Value;

use super::compare::Happened;
use super::{File, Played};

/// Keys that differ from run to run, or say the same twice: an update leaves them out.
const LEFT_OUT: &[&str] = &["status"];

/// The file's text with its lists as they happened; `None` when nothing differs.
#[must_use]
pub fn update(file: &File, played: &Played) -> Option<String> {
    if played.updates.is_empty() {
        return None;
    }
    let mut text = file.text.clone();
    let mut updates: Vec<_> = played.updates.iter().collect();
    updates.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
    for (place, happened) in updates {
        text.replace_range(place.clone(), &list(happened));
    }
    Some(text)
}

pub(super) fn list(happened: &[Happened]) -> String {
    if happened.is_empty() {
        return "[]".to_owned();
    }
    let mut out = String::from("[\n");
    for one in happened {
        let fields = one
            .iter()
            .filter(|(key, value)| !LEFT_OUT.contains(&key.as_str()) && !value.is_null());
        let fields: Vec<String> = fields
            .map(|(key, value)| format!("{key} = {}", toml_of(value)))
            .collect();
        // Writing into a String does not fail.
        let _ = writeln!(out, "    {{ {} }},", fields.join(", "));
    }
    out.push(']');
    out
}

/// A value as TOML writes it on one line.
pub(super) fn toml_of(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let fields: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{} = {}", quoted(key), toml_of(value)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Array(list) => {
            let list: Vec<String> = list.iter().map(toml_of).collect();
            format!("[{}]", list.join(", "))
        }
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// A basic string: JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned())
        .to_string()
        .replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_reads_as_what_happened() {
        let one = json!({ "action": "send", "text": "a \"b\"\n\u{7f}", "labels": { "x y": "1" }, "status": "read",
                          "lines": [["a", "b"]] });
        let text = format!(
            "expect = {}",
            list(&[one.as_object().cloned().unwrap_or_default()])
        );
        let read: toml::Table = text.parse().expect("TOML");
        let mut wanted = one;
        wanted.as_object_mut().expect("a map").remove("status");
        let found = serde_json::to_value(&read["expect"][0]).expect("JSON");
        assert_eq!(found, wanted);
    }
}
