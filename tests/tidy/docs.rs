//! Documents that must agree with the code or keep a form.

use crate::tree::{Source, files, fresh, read, report};

/// The headings of a decision note, in this order.
const HEADINGS: &[&str] = &[
    "## Context",
    "## Decision",
    "## Rejected and why",
    "## Consequences",
    "## How we would notice that we were wrong",
];

/// A decision note fits on a page.
const NOTE_LINES: usize = 60;

#[test]
fn the_readme_shows_both_commands() {
    let readme = read("README.md").unwrap_or_default();
    let missing: Vec<String> = ["cargo run --release -- demo", "cargo test --workspace"]
        .into_iter()
        .filter(|command| !readme.contains(command))
        .map(str::to_owned)
        .collect();
    report(
        &missing,
        "README.md must show the two commands that do everything; it lacks:",
    );
}

#[test]
fn the_page_of_rules_is_fresh() {
    fresh(
        "host/docs/rules.md",
        &portero_gate::rules_page(),
        "It is generated from the rules; write it anew with",
    );
}

#[test]
fn the_page_of_verbs_is_fresh() {
    fresh(
        "host/docs/cli.md",
        &portero::cli::page::page(),
        "It is generated from the verbs; write it anew with",
    );
}

/// Folders of the workspace's crates.
fn members() -> Vec<String> {
    let manifest: toml::Table = read("Cargo.toml")
        .expect("the workspace manifest")
        .parse()
        .expect("valid TOML");
    let list = manifest.get("workspace").and_then(|w| w.get("members"));
    let list = list.and_then(toml::Value::as_array);
    let list = list.expect("a list of members").iter();
    list.filter_map(toml::Value::as_str)
        .map(str::to_owned)
        .collect()
}

#[test]
fn both_maps_name_every_crate() {
    let mut missing = Vec::new();
    for page in ["host/README.md", "README.md"] {
        let map = read(page).unwrap_or_default();
        let unnamed = members()
            .into_iter()
            .filter(|member| !map.contains(&format!("`{member}`")));
        missing.extend(unnamed.map(|member| format!("{page}: `{member}`")));
    }
    report(
        &missing,
        "Add a row to the table of crates, or of rooms, of that page:",
    );
}

#[test]
fn the_readme_knows_how_many_rules_there_are() {
    let readme = read("README.md").unwrap_or_default();
    let rules = format!("{} rules are enforced", portero_gate::rules::RULES.len());
    let missing: Vec<String> = [rules]
        .into_iter()
        .filter(|words| !readme.contains(words))
        .collect();
    report(&missing, "The limits of README.md must say:");
}

fn note_problems(note: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines = note.text.lines().count();
    if lines > NOTE_LINES {
        wrong.push(format!(
            "{}: {lines} lines, at most {NOTE_LINES}",
            note.path
        ));
    }
    let found: Vec<&str> = note.text.lines().filter(|l| l.starts_with("## ")).collect();
    if found != HEADINGS {
        wrong.push(format!(
            "{}: headings must be exactly {HEADINGS:?}",
            note.path
        ));
    }
    let name = note.path.rsplit('/').next().unwrap_or_default();
    let number = name.get(..4).unwrap_or_default();
    if !note.text.starts_with(&format!("# {number} ")) {
        wrong.push(format!(
            "{}: the first line must be `# {number} ` and the title",
            note.path
        ));
    }
    wrong
}

#[test]
fn decision_notes_keep_their_form() {
    let notes = files("host/docs/decisions");
    assert!(
        notes.len() >= 8,
        "only {} decision notes found",
        notes.len()
    );
    let mut wrong: Vec<String> = notes.iter().flat_map(note_problems).collect();
    for (place, note) in notes.iter().enumerate() {
        let number = format!("host/docs/decisions/{:04}-", place + 1);
        if !note.path.starts_with(&number) {
            wrong.push(format!(
                "{}: expected {number}…; numbers have no gaps and are never reused",
                note.path
            ));
        }
    }
    report(
        &wrong,
        "A decision note is one page with five headings (CONTRIBUTING.md):",
    );
}

#[test]
fn a_note_without_its_headings_is_refused() {
    let note = Source {
        path: "host/docs/decisions/0001-x.md".to_owned(),
        text: "# 0001 X\n\n## Context\n\n## Decision\n".to_owned(),
    };
    assert_eq!(note_problems(&note).len(), 1);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for page in files("").iter().filter(|f| f.path.ends_with(".md")) {
        let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for target in page
            .text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = target.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            if !crate::tree::root().join(folder).join(target).exists() {
                broken.push(format!("{} points to `{target}`", page.path));
            }
        }
    }
    report(&broken, "These links lead nowhere:");
}

#[test]
fn the_document_puts_each_parameter_where_it_is_given() {
    let document: serde_json::Value =
        serde_json::to_value(portero::http::openapi()).expect("the document");
    let mut wrong = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let mut named = 0;
            for parameter in parameters.filter(|p| p["in"] == "path") {
                let name = parameter["name"].as_str().unwrap_or_default();
                named += 1;
                if !path.contains(&format!("{{{name}}}")) {
                    wrong.push(format!("{method} {path}: `{name}` stands in no path"));
                }
            }
            if path.matches('{').count() != named {
                wrong.push(format!(
                    "{method} {path}: not every part of it is described"
                ));
            }
        }
    }
    report(
        &wrong,
        "Say `parameter_in = Query`, or name the part of the path, in host/server/src/http/api:",
    );
}

#[test]
fn the_document_of_the_api_is_fresh() {
    let document = portero::http::openapi();
    let text = serde_json::to_string_pretty(&document).expect("JSON");
    fresh(
        "host/docs/openapi.json",
        &format!("{text}\n"),
        "It is generated from the operations; write it anew with",
    );
}

#[test]
fn the_page_of_the_api_is_fresh() {
    fresh(
        "host/docs/api.md",
        &portero::http::api_page(),
        "It is generated from the codes; write it anew with",
    );
}

#[test]
fn the_page_of_roles_and_rights_is_fresh() {
    let (_, api) = portero::http::documented();
    fresh(
        "host/docs/access.md",
        &portero_domain::access::access_page(api.list(), &portero_console::doors()),
        "It is generated from the roles and the lists of routes; write it anew with",
    );
}
