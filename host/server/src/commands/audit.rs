//! `portero audit`.

use std::process::ExitCode;

use serde_json::Value;

use crate::cli::AuditArgs;
use crate::commands::text;
use crate::output;

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(args: AuditArgs) -> anyhow::Result<ExitCode> {
    let mut path = reqwest::Url::parse("http://host/v1/audit")?;
    {
        let mut query = path.query_pairs_mut();
        query.append_pair("limit", &args.limit.to_string());
        for (name, value) in [
            ("who", &args.who),
            ("operation", &args.operation),
            ("since", &args.since),
            ("until", &args.until),
            ("after", &args.after),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
    }
    let path = format!("/v1/audit?{}", path.query().unwrap_or_default());
    let api = args.target.connect().await?;
    let answer = api.get(&path).await?;
    api.close().await;
    if args.target.json {
        output::json(&answer);
        return Ok(ExitCode::SUCCESS);
    }
    let items = answer.get("items").and_then(Value::as_array);
    let Some(items) = items.filter(|i| !i.is_empty()) else {
        output::line("nothing");
        return Ok(ExitCode::SUCCESS);
    };
    let rows = items.iter().map(row).collect();
    let header = ["when", "who", "did", "to", "answer"];
    output::line(&output::table(&header, rows));
    let next = text(&answer, "next_cursor");
    if !next.is_empty() {
        output::line(&format!("older: --after {next}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn row(item: &Value) -> Vec<String> {
    let who = match text(item, "name") {
        name if name.is_empty() => text(item, "who"),
        name => name,
    };
    let times = match text(item, "times").as_str() {
        "1" => String::new(),
        many => format!(" ×{many}"),
    };
    let targets: Vec<&str> = item
        .get("targets")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    vec![
        text(item, "at"),
        who,
        format!("{}{times}", text(item, "operation")),
        targets.join(" "),
        text(item, "status"),
    ]
}
