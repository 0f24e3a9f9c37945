//! `portero backup`: everything of a host in one file, while it runs.
//!
//! It reads the database itself, in one snapshot and without writing: a stopped host can be backed up
//! too, and what is read passes through no second process. Who may read the data folder has all of it.

use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use portero_domain::clock::Clock as _;
use portero_flow::desk::backup::{self, Summary};
use portero_store::{MasterKey, Store};
use serde_json::json;

use crate::cli::BackupArgs;
use crate::clock::{Ids, SystemClock};
use crate::commands::serve::EndSignals;
use crate::compose;
use crate::config::{Config, mask};
use crate::output;
use crate::whole_file::WholeFile;

/// Rows between two steps of the bar.
const STEP: u64 = 500;

/// Runs the verb.
///
/// # Errors
/// A database or file that cannot be read or written, a master key that is missing or another one.
pub async fn run(args: BackupArgs) -> anyhow::Result<ExitCode> {
    let config = args.place.settings()?;
    let url = compose::database_url(&config, &config.data);
    let Some(key) = compose::existing_key(&config)? else {
        bail!(
            "no master key: none is set and `{}` has no master.key. Name the host's data folder with --data, \
             or the key's file with --master-key-file",
            config.data.display()
        );
    };
    if args.file == Path::new("-") {
        return to_standard_output(&args, &config, &url, MasterKey(key)).await;
    }
    let mut end = EndSignals::listen()?;
    let mut file = WholeFile::begin(&args.file, args.overwrite)?;
    let made = tokio::select! {
        made = save(&url, MasterKey(key), &mut file, args.json) => made?,
        () = end.told() => bail!("interrupted; nothing was left at `{}`", args.file.display()),
    };
    let bytes = file.finish()?;
    if args.json {
        let mut answer = json!({ "file": args.file, "bytes": bytes });
        if let (Some(answer), Ok(serde_json::Value::Object(made))) =
            (answer.as_object_mut(), serde_json::to_value(&made))
        {
            answer.extend(made);
        }
        output::json(&answer);
    } else {
        output::line(&format!(
            "{}: {} rows of {} tables, {bytes} bytes, sha256 {}",
            args.file.display(),
            made.manifest.rows,
            made.manifest.tables.len(),
            made.manifest.sha256,
        ));
        output::line(&format!(
            "the master key ({}) is not in it: keep that elsewhere; without it no secret of this backup opens",
            where_the_key_is(&config)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Into a pipe, for a program that encrypts or sends it. What is cut on its way is refused by `restore`.
async fn to_standard_output(
    args: &BackupArgs,
    config: &Config,
    url: &str,
    master: MasterKey,
) -> anyhow::Result<ExitCode> {
    let out = std::io::stdout();
    if out.is_terminal() {
        bail!("a backup is no text for a terminal; pipe it into a file or a program");
    }
    let mut end = EndSignals::listen()?;
    let made = tokio::select! {
        made = save(url, master, BufWriter::new(out), args.json) => made?,
        () = end.told() => bail!("interrupted; what was written is no whole backup"),
    };
    // Standard output is the backup's.
    output::error(&format!(
        "{} rows of {} tables, sha256 {}; the master key ({}) is not in it",
        made.manifest.rows,
        made.manifest.tables.len(),
        made.manifest.sha256,
        where_the_key_is(config)
    ));
    Ok(ExitCode::SUCCESS)
}

fn where_the_key_is(config: &crate::config::Config) -> String {
    match (&config.master_key, &config.master_key_file) {
        (Some(_), _) => "PORTERO_MASTER_KEY".to_owned(),
        (None, Some(file)) => file.display().to_string(),
        (None, None) => config.data.join("master.key").display().to_string(),
    }
}

async fn save(
    url: &str,
    master: MasterKey,
    file: impl Write,
    quiet: bool,
) -> anyhow::Result<Summary> {
    let mut tx = Store::snapshot(url, master, Arc::new(Ids::system()))
        .await
        .with_context(|| {
            format!(
                "cannot open the database `{}`; check --data and --database-url",
                mask::database(url)
            )
        })?;
    let bar = bar(quiet);
    if !bar.is_hidden() {
        bar.set_length(backup::count(&mut tx).await?);
    }
    let made = backup::write(
        &mut tx,
        file,
        env!("CARGO_PKG_VERSION"),
        SystemClock.now(),
        |progress| step(&bar, progress.rows),
    )
    .await?;
    bar.finish_and_clear();
    Ok(made)
}

/// A bar of rows, where somebody looks.
pub(crate) fn bar(quiet: bool) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if quiet {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) =
        ProgressStyle::with_template("{msg}{bar:30} {pos}/{len} rows · {per_sec} · {eta} left")
    {
        bar.set_style(style);
    }
    bar
}

pub(crate) fn step(bar: &ProgressBar, rows: u64) {
    if rows.is_multiple_of(STEP) {
        bar.set_position(rows);
    }
}
