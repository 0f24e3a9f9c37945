//! `portero plugin inspect`: what a component is, for operators before they grant and authors after they build.

use std::path::Path;
use std::process::ExitCode;

use portero_sandbox::Inspection;
use serde_json::{Value, json};

use crate::commands::{joined, text};
use crate::output;

/// Runs the verb.
///
/// # Errors
/// Why a host would refuse the file.
pub(super) fn run(file: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let bytes = super::read(file)?;
    let found = portero_sandbox::inspect(&bytes).map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
    let answer = answer(&found);
    if json {
        output::json(&answer);
    } else {
        tell(&answer);
    }
    Ok(ExitCode::SUCCESS)
}

/// As JSON.
pub(super) fn answer(found: &Inspection) -> Value {
    let permissions: Vec<Value> = found
        .manifest
        .permissions
        .iter()
        .map(|p| json!({ "id": p.id, "reason": p.reason, "fields": p.fields, "hosts": p.hosts }))
        .collect();
    let secrets: Vec<Value> = found
        .manifest
        .secrets
        .iter()
        .map(|(name, secret)| json!({ "name": name, "hosts": secret.hosts }))
        .collect();
    json!({
        "id": found.manifest.id, "version": found.manifest.version.to_string(), "kind": found.kind,
        "wit": found.track, "digest": found.digest, "size_bytes": found.size,
        "permissions": permissions, "secrets": secrets, "templates": found.manifest.messages.templates,
        "imports": found.imports, "notes": found.notes, "parts": found.parts,
    })
}

/// What it names as its parts, in one line.
pub(super) fn made_of(answer: &Value) -> String {
    let Some(parts) = answer.get("parts").and_then(Value::as_array) else {
        return "does not name what it is made of (built without cargo-auditable)".to_owned();
    };
    let build = Value::Bool(true);
    let inside = parts.iter().filter(|p| p.get("build_only") != Some(&build));
    let names: Vec<String> = inside
        .map(|p| format!("{} {}", text(p, "name"), text(p, "version")))
        .collect();
    format!("made of {} crates: {}", names.len(), names.join(", "))
}

/// For a person.
pub(super) fn tell(answer: &Value) {
    let list = |field: &str| -> Vec<Value> {
        let list = answer.get(field).and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    output::line(&format!(
        "{} {} · {} · wit {} · {} bytes",
        text(answer, "id"),
        text(answer, "version"),
        text(answer, "kind"),
        text(answer, "wit"),
        text(answer, "size_bytes")
    ));
    output::line(&format!("sha256 {}", text(answer, "digest")));
    for p in list("permissions") {
        let about = match joined(&p, "fields") + &joined(&p, "hosts") {
            none if none.is_empty() => none,
            about => format!(" ({about})"),
        };
        output::line(&format!(
            "  asks for {}{about}: {}",
            text(&p, "id"),
            text(&p, "reason")
        ));
    }
    for s in list("secrets") {
        output::line(&format!(
            "  wants secret {} to be sent to {}",
            text(&s, "name"),
            joined(&s, "hosts")
        ));
    }
    let templates = match joined(answer, "templates") {
        none if none.is_empty() => "none".to_owned(),
        some => some,
    };
    output::line(&format!("  may name templates: {templates}"));
    output::line(&format!("  imports: {}", joined(answer, "imports")));
    for note in list("notes") {
        output::line(&format!("  {}", note.as_str().unwrap_or_default()));
    }
    output::line(&format!("  {}", made_of(answer)));
}
