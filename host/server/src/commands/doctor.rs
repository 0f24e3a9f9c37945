//! `portero doctor`: what a host needs, checked, each with what to do about it.

mod database;
mod machine;
mod meta;
mod shops;

use std::process::ExitCode;

use portero_domain::clock::Clock;
use serde_json::json;

use crate::cli::{DoctorArgs, exit};
use crate::clock::SystemClock;
use crate::lock;
use crate::output;

/// One check.
struct Check {
    name: &'static str,
    ok: bool,
    found: String,
    remedy: String,
}

fn good(name: &'static str, found: impl Into<String>) -> Check {
    Check {
        name,
        ok: true,
        found: found.into(),
        remedy: String::new(),
    }
}

fn bad(name: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Check {
    Check {
        name,
        ok: false,
        found: found.into(),
        remedy: remedy.into(),
    }
}

/// Good, or bad with everything that is wrong.
fn all_of(name: &'static str, wrong: &[String], found: impl Into<String>, remedy: &str) -> Check {
    if wrong.is_empty() {
        good(name, found)
    } else {
        bad(name, wrong.join("; "), remedy)
    }
}

/// Runs the checks; exit code 3 when one found something.
///
/// # Errors
/// None of the checks' findings is an error; only output can fail.
pub async fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let checks = examine(&args).await;
    let found_something = checks.iter().any(|c| !c.ok);
    if args.target.json {
        let list: Vec<_> = checks
            .iter()
            .map(|c| json!({ "check": c.name, "ok": c.ok, "found": c.found, "remedy": c.remedy }))
            .collect();
        output::json(&json!({ "ok": !found_something, "checks": list }));
    } else {
        for c in &checks {
            let mark = if c.ok { "✓" } else { "✗" };
            output::line(&format!("{mark} {:<13} {}", c.name, c.found));
            if !c.ok {
                output::line(&format!("                → {}", c.remedy));
            }
        }
    }
    Ok(if found_something {
        ExitCode::from(exit::FOUND)
    } else {
        ExitCode::SUCCESS
    })
}

async fn examine(args: &DoctorArgs) -> Vec<Check> {
    let config = match args.target.settings() {
        Ok(config) => config,
        Err(error) => {
            let remedy = "mend the file; `portero config template` shows a good one";
            return vec![bad("settings", format!("{error:#}"), remedy)];
        }
    };
    let mut checks = vec![
        good("settings", "they read"),
        machine::data_folder(&config.data),
        machine::disk(&config.data, args.min_free_mib),
        machine::secret_files(&config, args.target.config.as_deref()),
        machine::host(&config.data).await,
        machine::listener(&config.listen, lock::running(&config.data).is_some()).await,
        machine::plugin_cache(&config.data),
    ];
    if let Some(opened) = database::open(&config, &SystemClock, &mut checks).await {
        shops::check(
            &opened,
            &config,
            args.public_url.as_deref().or(config.public_url.as_deref()),
            SystemClock.now(),
            &mut checks,
        )
        .await;
        meta::check(&opened, &config, &SystemClock, &mut checks).await;
    }
    checks
}
