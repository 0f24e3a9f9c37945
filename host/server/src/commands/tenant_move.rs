//! `portero tenant export` and `portero tenant import`: one client from one server to another.

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use portero_domain::clock::Clock as _;
use portero_flow::desk::backup::Summary;
use portero_flow::desk::backup::tenant::{self, ImportOrder, Imported};
use portero_store::{EngineKind, MasterKey, Store};
use serde_json::{Value, json};

use crate::cli::{TenantExportArgs, TenantImportArgs};
use crate::clock::{Ids, SystemClock};
use crate::commands::backup::{bar, step};
use crate::commands::serve::EndSignals;
use crate::compose;
use crate::config::{Config, mask};
use crate::lock::DataDir;
use crate::output;
use crate::whole_file::WholeFile;

fn master(config: &Config) -> anyhow::Result<MasterKey> {
    match compose::existing_key(config)? {
        Some(key) => Ok(MasterKey(key)),
        None => bail!(
            "no master key: none is set and `{}` has no master.key. Name the host's data folder with --data, \
             or the key's file with --master-key-file",
            config.data.display()
        ),
    }
}

/// Writes one tenant's data.
///
/// # Errors
/// A tenant that is not there, a database or file that cannot be read or written, a master key that is
/// missing or another one.
pub async fn export(args: TenantExportArgs) -> anyhow::Result<ExitCode> {
    let config = args.place.settings()?;
    let url = compose::database_url(&config, &config.data);
    let master = master(&config)?;
    let given = args.key_file.as_deref().map(compose::key_in).transpose()?;
    let mut end = EndSignals::listen()?;
    let mut file = WholeFile::begin(&args.out, args.overwrite)?;
    let made = tokio::select! {
        made = save(&args, &url, master, given, &mut file) => made?,
        () = end.told() => bail!("interrupted; nothing was left at `{}`", args.out.display()),
    };
    let (made, key) = made;
    let bytes = file.finish()?;
    let told = given.is_none().then(|| hex::encode(key.0));
    if args.json {
        let mut answer = json!({ "file": args.out, "bytes": bytes, "key": told });
        join(&mut answer, &made);
        output::json(&answer);
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&format!(
        "{}: {} rows of {} tables, {bytes} bytes, sha256 {}",
        args.out.display(),
        made.manifest.rows,
        made.manifest.tables.len(),
        made.manifest.sha256
    ));
    match told {
        Some(key) => output::line(&format!(
            "its key, shown once: {key}\nput it into a file for `portero tenant import --key-file`; send it another way than the file"
        )),
        None => output::line("its secrets open with the key of --key-file alone"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn save(
    args: &TenantExportArgs,
    url: &str,
    master: MasterKey,
    given: Option<[u8; 32]>,
    file: &mut WholeFile,
) -> anyhow::Result<(Summary, MasterKey)> {
    let mut tx = Store::snapshot(url, master, Arc::new(Ids::system()))
        .await
        .with_context(|| unopened(url))?;
    let key = match given {
        Some(key) => MasterKey(key),
        None => tenant::fresh_key(&mut tx),
    };
    let bar = bar(args.json);
    if !bar.is_hidden()
        && let Some(row) = tx.system().tenant_by_slug(&args.tenant).await?
    {
        bar.set_length(tenant::count(&mut tx, row.id).await?);
    }
    let version = env!("CARGO_PKG_VERSION");
    let now = SystemClock.now();
    let watch = |at: portero_flow::desk::backup::Progress<'_>| step(&bar, at.rows);
    let made = tenant::write(&mut tx, &args.tenant, &key, file, version, now, watch)
        .await
        .with_context(|| {
            format!(
                "cannot export `{}`; `portero tenant list` names them",
                args.tenant
            )
        })?;
    bar.finish_and_clear();
    Ok((made, key))
}

fn unopened(url: &str) -> String {
    format!(
        "cannot open the database `{}`; check --data and --database-url",
        mask::database(url)
    )
}

fn open(file: &Path) -> anyhow::Result<File> {
    File::open(file).with_context(|| format!("cannot read `{}`", file.display()))
}

/// Adds the fields of an answer.
fn join(answer: &mut Value, more: &impl serde::Serialize) {
    if let (Some(answer), Ok(Value::Object(more))) =
        (answer.as_object_mut(), serde_json::to_value(more))
    {
        answer.extend(more);
    }
}

/// Brings one tenant's data in.
///
/// # Errors
/// A file that is damaged, foreign or of another version, another key, what is there already, a database
/// that cannot be reached, on SQLite a host that runs.
pub async fn import(args: TenantImportArgs) -> anyhow::Result<ExitCode> {
    let config = args.place.settings()?;
    let key = MasterKey(compose::key_in(&args.key_file)?);
    let master = master(&config)?;
    let url = compose::database_url(&config, &config.data);
    let mut end = EndSignals::listen()?;
    // Every hash first; nothing is written before.
    let reading = bar(args.json);
    reading.set_message("reading ");
    let known = tenant::check(open(&args.file)?, &key, |at| step(&reading, at.rows))?;
    reading.finish_and_clear();
    let _locked = match url.strip_prefix("sqlite:") {
        Some(_) if !config.data.exists() => bail!(
            "no data folder `{}`; a tenant comes into a host that is there (`portero serve` makes one)",
            config.data.display()
        ),
        Some(_) => Some(DataDir::lock(&config.data).context("stop the host for the import")?),
        None => None,
    };
    let store = Store::open(&url, master, Arc::new(Ids::system()))
        .await
        .with_context(|| unopened(&url))?;
    let done = tokio::select! {
        done = fill(&args, &store, &key, known.manifest.rows) => done,
        () = end.told() => bail!("interrupted; nothing was imported"),
    };
    store.close().await;
    show(&args, &done?);
    Ok(ExitCode::SUCCESS)
}

async fn fill(
    args: &TenantImportArgs,
    store: &Store,
    key: &MasterKey,
    rows: u64,
) -> anyhow::Result<Imported> {
    if store.pending_migrations().await? > 0 {
        let engine = store.engine();
        bail!(
            "this database needs `portero migrate` first{}",
            if engine == EngineKind::Sqlite {
                " (or a start of its host)"
            } else {
                ""
            }
        );
    }
    store.read().await?.system().check_master().await?;
    let bar = bar(args.json);
    bar.set_message("writing ");
    bar.set_length(rows);
    let order = ImportOrder {
        slug: args.slug.as_deref(),
        keep_sending: args.keep_sending,
        dry_run: args.dry_run,
    };
    let watch = |at: portero_flow::desk::backup::Progress<'_>| step(&bar, at.rows);
    let done = tenant::import(
        store,
        open(&args.file)?,
        key,
        &order,
        SystemClock.now(),
        watch,
    )
    .await?;
    bar.finish_and_clear();
    Ok(done)
}

fn show(args: &TenantImportArgs, done: &Imported) {
    if args.json {
        output::json(&json!(done));
        return;
    }
    for table in done.summary.manifest.tables.iter().filter(|t| t.rows > 0) {
        output::line(&format!("{:>9}  {}", table.rows, table.table));
    }
    output::line(&format!(
        "{}: {} rows, chain of {} seals holds",
        done.slug, done.summary.manifest.rows, done.chain.seals
    ));
    for app in &done.apps_missing {
        output::line(&format!(
            "its numbers are of the Meta app `{app}`, which this host does not have: `portero app put {app}`"
        ));
    }
    if !done.imported {
        output::line("nothing was written: it can be imported");
        return;
    }
    if done.sending_stopped {
        output::line(&format!(
            "imported. Its sending is stopped: what left elsewhere since the export is queued here again. Look \
             (`portero account --tenant {0}`), then `portero resume --tenant {0}`",
            done.slug
        ));
    } else {
        output::line("imported");
    }
    output::line(
        "Tokens and people who log in did not travel: `portero token create`, `portero user add`",
    );
}
