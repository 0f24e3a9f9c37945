//! `portero doctor`: what a host needs, checked, each with what to do about it.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use portero_store::{MasterKey, Store};
use serde_json::json;

use crate::client::Target;
use crate::clock::Ids;
use crate::compose;
use crate::config::Config;
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

/// Runs the checks; exit code 3 when one found something.
///
/// # Errors
/// None of the checks' findings is an error; only output can fail.
pub async fn run(target: Target) -> anyhow::Result<ExitCode> {
    let mut checks = Vec::new();
    let config = match Config::load(target.config.as_deref()) {
        Ok(mut config) => {
            checks.push(good("settings", "they read"));
            if let Some(data) = &target.data {
                config.data.clone_from(data);
            }
            Some(config)
        }
        Err(error) => {
            checks.push(bad(
                "settings",
                format!("{error:#}"),
                "mend the file; `portero config template` shows a good one",
            ));
            None
        }
    };
    if let Some(config) = config {
        checks.push(data_folder(&config.data));
        checks.push(host(&config.data));
        database(&config, &mut checks).await;
        checks.push(listener(&config.listen, lock::running(&config.data).is_some()).await);
    }
    let found_something = checks.iter().any(|c| !c.ok);
    if target.json {
        let list: Vec<_> = checks
            .iter()
            .map(|c| json!({ "check": c.name, "ok": c.ok, "found": c.found, "remedy": c.remedy }))
            .collect();
        output::json(&json!({ "ok": !found_something, "checks": list }));
    } else {
        for c in &checks {
            output::line(&format!(
                "{} {:<12} {}",
                if c.ok { "✓" } else { "✗" },
                c.name,
                c.found
            ));
            if !c.ok {
                output::line(&format!("               → {}", c.remedy));
            }
        }
    }
    Ok(if found_something {
        ExitCode::from(3)
    } else {
        ExitCode::SUCCESS
    })
}

fn data_folder(path: &Path) -> Check {
    if !path.exists() {
        return good(
            "data folder",
            format!("`{}` will be made at the first start", path.display()),
        );
    }
    let probe = path.join(".doctor");
    match std::fs::write(&probe, b"") {
        Ok(()) => {
            let _ = std::fs::remove_file(&probe);
            good(
                "data folder",
                format!("`{}` can be written", path.display()),
            )
        }
        Err(error) => bad(
            "data folder",
            format!("`{}`: {error}", path.display()),
            "make it writable for this user, or choose another with --data",
        ),
    }
}

fn host(path: &Path) -> Check {
    match lock::running(path) {
        Some(running) => good("host", format!("runs at {}", running.url)),
        None => good("host", "none runs on this folder"),
    }
}

async fn database(config: &Config, checks: &mut Vec<Check>) {
    let url = compose::database_url(config, &config.data);
    if url.starts_with("sqlite") && !config.data.join("portero.db").exists() {
        checks.push(good("database", "SQLite, made at the first start"));
        return;
    }
    match Store::open(&url, MasterKey([0; 32]), Arc::new(Ids::system())).await {
        Err(error) => checks.push(bad(
            "database",
            error.to_string(),
            "check database_url, that the server runs, and that this user may connect",
        )),
        Ok(store) => match store.pending_migrations().await {
            Ok(0) => checks.push(good(
                "database",
                format!("{:?} answers, schema up to date", store.engine()),
            )),
            Ok(n) => checks.push(bad(
                "database",
                format!("{n} migrations are missing"),
                "run `portero migrate`",
            )),
            Err(error) => checks.push(bad("database", error.to_string(), "run `portero migrate`")),
        },
    }
}

async fn listener(address: &str, host_runs: bool) -> Check {
    if host_runs {
        return good("listener", format!("{address} (a host runs)"));
    }
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => good("listener", format!("{address} is free")),
        Err(error) => bad(
            "listener",
            format!("{address}: {error}"),
            "choose another address with `listen` in portero.toml or --listen",
        ),
    }
}
