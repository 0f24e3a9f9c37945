//! `portero migrate`: bring a schema up to date; forward only.

use std::os::unix::fs::DirBuilderExt;
use std::process::ExitCode;
use std::sync::Arc;

use portero_store::{MasterKey, Store};
use serde_json::json;

use crate::cli::MigrateArgs;
use crate::clock::Ids;
use crate::commands::show;
use crate::compose;
use crate::config::Config;

/// Runs the verb.
///
/// # Errors
/// A database that cannot be reached or changed.
pub async fn run(args: MigrateArgs) -> anyhow::Result<ExitCode> {
    let mut config = Config::load(args.config.as_deref())?;
    if let Some(data) = args.data {
        config.data = data;
    }
    if args.database_url.is_some() {
        config.database_url = args.database_url;
    }
    let url = compose::database_url(&config, &config.data);
    if url.starts_with("sqlite") {
        // As a host makes it: closed to other users.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&config.data)?;
    }
    // The schema holds no secrets: no master key is needed to change it.
    let store = Store::open(&url, MasterKey([0; 32]), Arc::new(Ids::system())).await?;
    let pending = store.pending_migrations().await?;
    if args.dry_run {
        show(
            args.json,
            &json!({ "pending": pending }),
            &format!("{pending} migrations would be applied"),
        );
        return Ok(ExitCode::SUCCESS);
    }
    let applied = store.migrate().await?;
    show(
        args.json,
        &json!({ "applied": applied }),
        &format!("{applied} migrations applied; the schema is up to date"),
    );
    Ok(ExitCode::SUCCESS)
}
