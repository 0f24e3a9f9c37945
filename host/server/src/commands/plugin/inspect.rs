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
        "imports": found.imports,
    })
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
}
