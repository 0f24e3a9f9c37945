//! A policy from a file, with every fault at its line.

use std::path::Path;

use anyhow::{Context, bail};
use portero_gate::Policy;
use portero_gate::policy::{FaultKind, PARAMETERS};
use serde_json::{Map, Value};

/// From this likeness on a name is taken for a slip of the keyboard.
const NEAR: f64 = 0.8;

/// Reads a whole policy, TOML or JSON.
///
/// # Errors
/// It cannot be read, or parameters are unknown, unreadable or looser than their default: each with its line.
pub(super) fn read(path: &Path) -> anyhow::Result<Value> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{name}`"))?;
    match parse(&text) {
        Ok(fields) => Ok(Value::Object(fields)),
        Err(faults) => bail!("`{name}` is no policy:\n{}", faults.join("\n")),
    }
}

fn parse(text: &str) -> Result<Map<String, Value>, Vec<String>> {
    let json = text.trim_start().starts_with('{');
    let read: Result<Map<String, Value>, String> = if json {
        serde_json::from_str(text).map_err(|e| format!("line {}: {e}", e.line()))
    } else {
        toml::from_str(text).map_err(|e: toml::de::Error| {
            let at = e.span().map_or(1, |span| {
                let before = text.bytes().take(span.start);
                before.filter(|b| *b == b'\n').count() + 1
            });
            format!("line {at}: {}", e.message())
        })
    };
    let fields = read.map_err(|fault| vec![fault])?;
    match Policy::read(&fields) {
        Ok(_) => Ok(fields),
        Err(faults) => Err(faults
            .iter()
            .map(|fault| {
                let near = match fault.kind {
                    FaultKind::Unknown => near(&fault.name),
                    _ => None,
                };
                let hint = near.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
                format!("line {}: {fault}{hint}", line(text, &fault.name))
            })
            .collect()),
    }
}

fn near(name: &str) -> Option<&'static str> {
    let likely = PARAMETERS
        .iter()
        .map(|p| (strsim::jaro_winkler(p.name, name), p.name))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    likely.map(|(_, name)| name)
}

/// Where a parameter stands: the first line that it begins.
fn line(text: &str, name: &str) -> usize {
    let begins = |line: &str| {
        let quoted = line.contains(&format!("\"{name}\""));
        let rest = line.trim_start().strip_prefix(name);
        quoted || rest.is_some_and(|r| r.trim_start().starts_with('='))
    };
    text.lines().position(begins).unwrap_or_default() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn toml_and_json_say_the_same() {
        let toml = "# stricter\npromotional_per_week = 2\npromotional_hours = [\"10:00-18:00\", \"10:00-18:00\", \"10:00-18:00\", \"10:00-18:00\", \"10:00-18:00\", \"closed\", \"closed\"]\ndefault_promise = { max = 1, per = \"week\" }\n";
        let read = parse(toml).unwrap();
        assert_eq!(read["promotional_per_week"], json!(2));
        let json = Value::Object(read.clone()).to_string();
        assert_eq!(parse(&json).unwrap(), read);
    }

    #[test]
    fn every_fault_is_told_with_its_line_and_its_parameter() {
        let toml = "promotional_per_week = 9\n\npromotional_per_dai = 1\npair_burst = \"x\"\n";
        assert_eq!(
            parse(toml).unwrap_err(),
            [
                "line 4: `pair_burst`: invalid type: string \"x\", expected u32",
                "line 3: `promotional_per_dai`: there is no such parameter; did you mean `promotional_per_day`?",
                "line 1: `promotional_per_week` would be looser than the default, 3",
            ]
        );
        let json = "{\n  \"pair_burst\": 1,\n  \"promotional_per_week\": 9\n}";
        assert_eq!(
            parse(json).unwrap_err(),
            ["line 3: `promotional_per_week` would be looser than the default, 3"]
        );
        for (broken, line) in [
            ("{\n\"a\": 1,\n}", "line 3: "),
            ("a = 1\nb =\n", "line 2: "),
        ] {
            let faults = parse(broken).unwrap_err();
            assert!(faults[0].starts_with(line), "{faults:?}");
        }
    }
}
