//! `portero restore`: a backup into an empty database, all of it or nothing.
//!
//! The file is read twice: once to compare every hash, before anything is written. On SQLite the
//! database is built beside its name and renamed at the end; on Postgres one transaction writes it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use portero_domain::clock::Clock as _;
use portero_flow::desk::backup::{self, ChainView, Summary};
use portero_store::{MasterKey, Store};
use serde_json::json;

use crate::cli::{RestoreArgs, exit};
use crate::clock::{Ids, SystemClock};
use crate::commands::backup::{bar, step};
use crate::commands::serve::EndSignals;
use crate::compose;
use crate::config::{Config, mask};
use crate::lock::DataDir;
use crate::output;
use crate::whole_file::sync_folder;

/// Runs the verb.
///
/// # Errors
/// A file that is damaged, foreign or newer, another master key, a database that is not empty or
/// cannot be reached, a data folder in use.
pub async fn run(args: RestoreArgs) -> anyhow::Result<ExitCode> {
    let config = args.place.settings()?;
    let Some(key) = compose::existing_key(&config)? else {
        bail!(
            "no master key: a backup does not hold it. Name the key of the host that was backed up with \
             --master-key-file (its data folder's master.key, or the file it was started with)"
        );
    };
    let master = MasterKey(key);
    let mut end = EndSignals::listen()?;
    let known = look(&args, &master)?;
    if args.check {
        show(&args, &known, &[], None);
        return Ok(ExitCode::SUCCESS);
    }
    let data = DataDir::lock(&config.data)?;
    let url = compose::database_url(&config, &config.data);
    let restored = async {
        match url.strip_prefix("sqlite:") {
            Some(path) => {
                let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
                into_file(&args, &config, &data, &path, &master, known.manifest.rows).await
            }
            None => into_server(&args, &url, &master, known.manifest.rows).await,
        }
    };
    let chains = tokio::select! {
        chains = restored => chains?,
        () = end.told() => {
            if let Some(path) = url.strip_prefix("sqlite:") {
                forget(&building(Path::new(path.strip_prefix("//").unwrap_or(path))));
            }
            bail!("interrupted; nothing was restored");
        }
    };
    show(&args, &known, &chains, Some(!args.keep_sending));
    let broken = chains.iter().any(|chain| !chain.faults.is_empty());
    Ok(ExitCode::from(if broken {
        exit::FOUND
    } else {
        exit::DONE
    }))
}

/// Reads the file from end to end.
fn look(args: &RestoreArgs, master: &MasterKey) -> anyhow::Result<Summary> {
    let bar = bar(args.json);
    bar.set_message("reading ");
    let known = backup::check(open(&args.file)?, master, |at| step(&bar, at.rows))?;
    bar.finish_and_clear();
    Ok(known)
}

fn open(file: &Path) -> anyhow::Result<File> {
    File::open(file).with_context(|| format!("cannot read `{}`", file.display()))
}

async fn store(url: &str, master: &MasterKey) -> anyhow::Result<Store> {
    Store::open(url, master.clone(), Arc::new(Ids::system()))
        .await
        .with_context(|| format!("cannot open the database `{}`", mask::database(url)))
}

async fn fill(args: &RestoreArgs, store: &Store, rows: u64) -> anyhow::Result<Vec<ChainView>> {
    let bar = bar(args.json);
    bar.set_message("writing ");
    bar.set_length(rows);
    let made = backup::restore(store, open(&args.file)?, |at| step(&bar, at.rows)).await?;
    bar.finish_and_clear();
    let chains = backup::chains(store).await?;
    if !args.keep_sending {
        backup::hold(store, &made.header.made_at, SystemClock.now()).await?;
    }
    Ok(chains)
}

async fn into_server(
    args: &RestoreArgs,
    url: &str,
    master: &MasterKey,
    rows: u64,
) -> anyhow::Result<Vec<ChainView>> {
    let store = store(url, master).await?;
    let chains = fill(args, &store, rows).await;
    store.close().await;
    chains
}

/// Where a SQLite file is built.
fn building(path: &Path) -> PathBuf {
    beside(path, ".restoring")
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Removes a SQLite file with its log.
fn forget(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(beside(path, end));
    }
}

async fn into_file(
    args: &RestoreArgs,
    config: &Config,
    data: &DataDir,
    path: &Path,
    master: &MasterKey,
    rows: u64,
) -> anyhow::Result<Vec<ChainView>> {
    let url = |path: &Path| format!("sqlite:{}", path.display());
    if path.exists() {
        let there = store(&url(path), master).await?;
        let empty = backup::must_be_empty(&there).await;
        there.close().await;
        empty.with_context(|| {
            format!(
                "`{}` stays as it is; restore into another folder with --data",
                path.display()
            )
        })?;
    }
    let building = building(path);
    if building.exists() {
        output::error(&format!(
            "a restore that was killed left `{}`; it is begun anew",
            building.display()
        ));
        forget(&building);
    }
    let store = store(&url(&building), master).await?;
    let chains = fill(args, &store, rows).await;
    store.close().await;
    let chains = match chains {
        Ok(chains) => chains,
        Err(error) => {
            forget(&building);
            return Err(error);
        }
    };
    // The host looks for its key here when no setting names one.
    if config.master_key.is_none() && args.place.master_key_file.is_some() {
        data.keep_key("master.key", &master.0)?;
    }
    File::open(&building)
        .and_then(|file| file.sync_all())
        .with_context(|| format!("cannot write `{}`", building.display()))?;
    forget(path);
    std::fs::rename(&building, path)
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    sync_folder(path)?;
    Ok(chains)
}

fn show(args: &RestoreArgs, known: &Summary, chains: &[ChainView], stopped: Option<bool>) {
    if args.json {
        let mut answer = json!({
            "restored": stopped.is_some(), "sending_stopped": stopped.unwrap_or_default(), "chains": chains,
        });
        if let (Some(answer), Ok(serde_json::Value::Object(known))) =
            (answer.as_object_mut(), serde_json::to_value(known))
        {
            answer.extend(known);
        }
        output::json(&answer);
        return;
    }
    let (header, manifest) = (&known.header, &known.manifest);
    output::line(&format!(
        "{}: {} rows of {} tables, made {} by portero {} on {}; every hash fits",
        args.file.display(),
        manifest.rows,
        manifest.tables.len(),
        header.made_at,
        header.made_by,
        header.engine
    ));
    for chain in chains {
        if chain.faults.is_empty() {
            output::line(&format!(
                "{}: chain of {} seals holds",
                chain.tenant, chain.seals
            ));
        }
        for fault in &chain.faults {
            output::error(&format!("{}: {fault}", chain.tenant));
        }
    }
    match stopped {
        None => {}
        Some(true) => output::line(
            "restored. Sending is stopped: what left after the backup was made is queued in it again. Look \
             (`portero account`), cancel or let it expire, then `portero resume --all`",
        ),
        Some(false) => output::line("restored"),
    }
}
