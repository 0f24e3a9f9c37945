//! `portero template show` and `lint`: what is in templates and what stands against them.

use std::process::ExitCode;

use anyhow::bail;
use serde_json::{Value, json};

use crate::cli::exit::FOUND;
use crate::cli::{LintArgs, TemplateArgs};
use crate::client::Api;
use crate::commands::pages::{self, Part};
use crate::commands::plugin::encode;
use crate::commands::text;
use crate::output;

/// Templates of a name, or all, each with everything that is known of it.
async fn details(
    api: &Api,
    name: Option<&str>,
    language: Option<&str>,
) -> anyhow::Result<Vec<Value>> {
    let all = pages::read(api, "/v1/templates", &[], Part::default()).await?;
    let mut found = Vec::new();
    for template in list(&all, "items") {
        let meant = name.is_none_or(|name| text(template, "name") == name)
            && language.is_none_or(|code| text(template, "language") == code);
        if !meant {
            continue;
        }
        let [waba, name, language] =
            ["waba_id", "name", "language"].map(|f| encode(&text(template, f)));
        let path = format!("/v1/templates/{waba}/{name}/{language}");
        found.push(api.get(&path).await?);
    }
    if let (true, Some(name)) = (found.is_empty(), name) {
        bail!(
            "no template `{name}`; `portero template list` shows those that are known, `portero template sync` asks Meta"
        );
    }
    Ok(found)
}

/// One template.
pub(super) async fn show(args: &TemplateArgs) -> anyhow::Result<ExitCode> {
    let api = args.target.connect().await?;
    let found = details(&api, Some(&args.name), args.language.as_deref()).await?;
    if args.target.json {
        output::json(&json!({ "items": found }));
    } else {
        for template in &found {
            print(template, &args.lang);
        }
    }
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

/// What stands against templates.
pub(super) async fn lint(args: &LintArgs) -> anyhow::Result<ExitCode> {
    let api = args.target.connect().await?;
    let found = details(&api, args.name.as_deref(), None).await?;
    let refused = |t: &Value| {
        list(t, "refused_by").next().is_some()
            || list(t, "lint").any(|r| text(r, "weight") == "fault")
    };
    let bad = found.iter().filter(|t| refused(t)).count();
    if args.target.json {
        let items: Vec<Value> = found
            .iter()
            .map(|t| {
                json!({ "waba_id": t["waba_id"], "name": t["name"], "language": t["language"],
                    "refused_by": t["refused_by"], "lint": t["lint"] })
            })
            .collect();
        output::json(&json!({ "items": items, "refused": bad }));
    } else {
        for template in &found {
            remarks(template, &args.lang);
        }
        output::line(&format!(
            "{} templates looked at, {bad} refused as they stand",
            found.len()
        ));
    }
    api.close().await;
    Ok(match bad {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(FOUND),
    })
}

fn list<'a>(of: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    let all = of.get(field).and_then(Value::as_array);
    all.into_iter().flatten()
}

fn in_words(of: &Value, field: &str, lang: &str) -> String {
    of.get(field)
        .map(|words| text(words, lang))
        .unwrap_or_default()
}

/// `name (language)` and a line for everything that is said of it; nothing where nothing is.
fn remarks(template: &Value, lang: &str) {
    let mut lines: Vec<String> = list(template, "refused_by")
        .filter_map(Value::as_str)
        .map(|rule| format!("  refused by {rule} (`portero explain {rule}`)"))
        .collect();
    for remark in list(template, "lint") {
        let found = match text(remark, "found") {
            none if none.is_empty() => none,
            found => format!(" [{found}]"),
        };
        lines.push(format!(
            "  {} {} {}: {}{found} {}",
            text(remark, "weight"),
            text(remark, "code"),
            text(remark, "at"),
            in_words(remark, "says", lang),
            in_words(remark, "remedy", lang),
        ));
    }
    if !lines.is_empty() {
        output::line(&format!(
            "{} ({})",
            text(template, "name"),
            text(template, "language")
        ));
    }
    for line in lines {
        output::line(&line);
    }
}

fn print(template: &Value, lang: &str) {
    let or = |field: &str, none: &str| match text(template, field) {
        empty if empty.is_empty() => none.to_owned(),
        said => said,
    };
    output::line(&format!(
        "{} ({}) · {} · {} · {} · account {} · confirmed {}",
        text(template, "name"),
        text(template, "language"),
        text(template, "category"),
        text(template, "status"),
        text(template, "quality"),
        text(template, "waba_id"),
        text(template, "synced_at"),
    ));
    for field in ["header_media", "header", "body", "footer"] {
        for line in text(template, field).lines() {
            output::line(&format!("  | {line}"));
        }
    }
    for button in list(template, "buttons") {
        let to = text(button, "to");
        output::line(&format!("  <{}> {to}", text(button, "text")));
    }
    let slots: Vec<&str> = list(template, "slots").filter_map(Value::as_str).collect();
    if !slots.is_empty() {
        output::line(&format!("values: {}", slots.join(", ")));
    }
    output::line(&format!(
        "says how to stop: {}",
        or("says_how_to_stop", "nobody has looked")
    ));
    remarks(template, lang);
    for campaign in list(template, "campaigns") {
        let rests = match campaign.get("rests") {
            Some(Value::Bool(true)) => ", rests because of it",
            _ => "",
        };
        output::line(&format!(
            "used by {} {} ({}{rests})",
            text(campaign, "id"),
            text(campaign, "name"),
            text(campaign, "state"),
        ));
    }
    for plugin in list(template, "plugins").filter_map(Value::as_str) {
        output::line(&format!("granted to {plugin}"));
    }
    let rows: Vec<Vec<String>> = list(template, "history")
        .map(|h| {
            ["at", "aspect", "value", "detail"]
                .map(|f| text(h, f))
                .into()
        })
        .collect();
    if !rows.is_empty() {
        output::line(&output::table(&["when", "what", "now", ""], rows));
    }
}
