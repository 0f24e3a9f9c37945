//! `portero explain`: what a code means and what helps, from the catalogues of this program; asks no host.

mod catalogue;

use std::process::ExitCode;

use anyhow::bail;
use portero_domain::language::Language;
use serde_json::{Value, json};

use crate::cli::ExplainArgs;
use crate::commands::text;
use crate::output;
use catalogue::{Entry, entries};

/// Most codes named when none was meant.
const NEAR: usize = 8;

/// Runs the verb.
///
/// # Errors
/// Nothing has this code.
pub fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let language = Language::from_tag(&args.lang).unwrap_or(Language::En);
    let all = entries();
    let Some(code) = &args.code else {
        list(args.json, language, &all);
        return Ok(ExitCode::SUCCESS);
    };
    let wanted = plain(code);
    let found: Vec<&Entry> = all.iter().filter(|e| e.is(&wanted)).collect();
    if found.is_empty() {
        let near = near(&all, &wanted);
        let near = match near.is_empty() {
            true => String::new(),
            false => format!("; near it: {}", near.join(", ")),
        };
        bail!(
            "no rule, reason, remark, problem or error of Meta is `{code}`{near}; `portero explain` lists all"
        );
    }
    if args.json {
        let items: Vec<Value> = found.iter().map(|e| e.json()).collect();
        output::json(&json!({ "items": items }));
    } else {
        for entry in found {
            print(language, entry);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `#131049`, `(131049)` and `131049` are one code.
fn plain(code: &str) -> String {
    let code = code.trim().trim_matches(|c: char| "#()`.".contains(c));
    code.to_lowercase()
}

/// Codes that share a part with what was typed.
fn near(all: &[Entry], wanted: &str) -> Vec<String> {
    let parts: Vec<&str> = wanted
        .split(['.', '-', '_', ' '])
        .filter(|part| part.len() >= 4)
        .collect();
    let close = |e: &&Entry| e.code.contains(wanted) || parts.iter().any(|p| e.code.contains(p));
    let found = all.iter().filter(close).take(NEAR);
    found.map(|e| e.code.clone()).collect()
}

fn list(json: bool, language: Language, all: &[Entry]) {
    if json {
        let items: Vec<Value> = all.iter().map(Entry::json).collect();
        output::json(&json!({ "items": items }));
        return;
    }
    let rows = all.iter().map(|e| {
        vec![
            e.code.clone(),
            e.kind.says(language).to_owned(),
            e.title(language),
        ]
    });
    output::line(&output::table(&["code", "", ""], rows.collect()));
}

fn print(language: Language, entry: &Entry) {
    let title = entry.title(language);
    output::line(&format!(
        "{}  {title} · {}",
        entry.code,
        entry.kind.says(language)
    ));
    let entry = entry.json();
    for field in ["says", "remedy"] {
        let said = entry.get(field).map(|words| text(words, language.code()));
        if let Some(said) = said.filter(|said| !said.is_empty()) {
            output::line(&format!("  {said}"));
        }
    }
    for (name, value) in entry
        .get("more")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        output::line(&format!("  {name}: {}", value.as_str().unwrap_or_default()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_was_copied() {
        let all = entries();
        for typed in [
            "131049",
            "#131049",
            "(#131049)",
            " consent.missing ",
            "Consent.Missing",
            "133007",
            "missing_right.send",
            "lint.tab",
            "cart.ordered",
        ] {
            let wanted = plain(typed);
            assert!(all.iter().any(|e| e.is(&wanted)), "{typed}");
        }
        assert_eq!(all.iter().filter(|e| e.is("bad_request")).count(), 2);
        assert!(near(&all, "consent.nothing").contains(&"consent.missing".to_owned()));
        assert!(near(&all, "zzzz").is_empty());
    }
}
