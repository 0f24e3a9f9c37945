//! `portero config`: write, check and show settings.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::cli::{ConfigArgs, ConfigCommand, exit};
use crate::config::{Config, check, find, origin};
use crate::output;

/// Runs the verb.
///
/// # Errors
/// Settings that do not read.
pub fn run(args: ConfigArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        ConfigCommand::Template => output::line(Config::template().trim_end()),
        ConfigCommand::Check { config, json } => return checked(config.as_deref(), json),
        ConfigCommand::Show {
            config,
            flags,
            json,
        } => {
            let all = origin::effective(config.as_deref(), &flags.given())?;
            if json {
                output::json(&all);
            } else {
                let rows = all
                    .iter()
                    .map(|one| {
                        let name = one.setting.to_owned();
                        vec![name, shown(&one.value), one.origin.to_string()]
                    })
                    .collect();
                output::line(&output::table(&["setting", "value", "from"], rows));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn checked(file: Option<&Path>, as_json: bool) -> anyhow::Result<ExitCode> {
    let path = find(file)?;
    let faults = match &path {
        Some(path) => check::file(path)?,
        None => Vec::new(),
    };
    if !faults.is_empty() {
        if as_json {
            output::json(&json!({ "ok": false, "file": path, "faults": faults }));
        } else if let Some(path) = &path {
            output::error(&check::lines(path, &faults));
            output::error("compare with `portero config template`");
        }
        return Ok(ExitCode::from(exit::FAILED));
    }
    // The file is good; the environment may still not be.
    let config = Config::load(file)?;
    if as_json {
        output::json(&json!({ "ok": true, "file": path, "faults": [] }));
    } else {
        output::line(&format!(
            "settings are good: data in `{}`, listening on {}",
            config.data.display(),
            config.listen
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
