//! `portero contacts`.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::cli::{ContactsCommand, ImportArgs};
use crate::client::{Api, Body};
use crate::commands::{erase, person, show_list, text};
use crate::output;

/// Bytes read from the file at once.
const PIECE: usize = 64 * 1024;

/// Runs the verb.
///
/// # Errors
/// The host's words, or a file that cannot be read.
pub async fn run(command: ContactsCommand) -> anyhow::Result<ExitCode> {
    match command {
        ContactsCommand::List { part, target } => return person::list(None, &part, target).await,
        ContactsCommand::Search {
            words,
            part,
            target,
        } => return person::list(Some(&words), &part, target).await,
        ContactsCommand::Timeline(args) => return person::timeline(args).await,
        ContactsCommand::Import(args) => return import(args).await,
        ContactsCommand::Faults {
            import,
            limit,
            target,
        } => {
            let api = target.connect().await?;
            let path = format!("/v1/imports/{import}/faults?limit={limit}");
            let answer = api.get(&path).await?;
            let columns = [
                ("line", "line"),
                ("reason", "reason"),
                ("what", "detail"),
                ("text", "text"),
            ];
            show_list(target.json, &answer, &columns, "every line was good");
            api.close().await;
        }
        ContactsCommand::ExportPerson { who, out, target } => {
            return erase::export(&who, out.as_deref(), target).await;
        }
        ContactsCommand::Erase {
            who,
            reason,
            preview,
            yes,
            target,
        } => return erase::run(&who, reason, preview, yes, target).await,
        ContactsCommand::Export {
            csv: _,
            out,
            target,
        } => {
            let api = target.connect().await?;
            let mut pieces = api.download("/v1/contacts.csv").await?.bytes_stream();
            let mut to: Box<dyn tokio::io::AsyncWrite + Unpin> = match &out {
                Some(file) => Box::new(
                    tokio::fs::File::create(file)
                        .await
                        .with_context(|| format!("cannot write `{}`", file.display()))?,
                ),
                None => Box::new(tokio::io::stdout()),
            };
            while let Some(piece) = pieces.next().await {
                to.write_all(&piece.context("the export broke off")?)
                    .await?;
            }
            to.flush().await?;
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn import(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let size = std::fs::metadata(&args.file)
        .with_context(|| format!("cannot read `{}`", args.file.display()))?
        .len();
    let api = args.target.connect().await?;
    let import = match &args.resume {
        Some(id) => api.get(&format!("/v1/imports/{id}")).await?,
        None => api.post("/v1/imports", request(&args, size)?).await?,
    };
    let (id, offset) = (
        text(&import, "id"),
        import
            .get("byte_offset")
            .and_then(Value::as_u64)
            .unwrap_or_default(),
    );
    let sent = send(&api, &args, &id, offset, size).await;
    let answer = match sent {
        Ok(answer) => answer,
        Err(error) => {
            let now = api.get(&format!("/v1/imports/{id}")).await?;
            if text(&now, "state") == "open" {
                bail!(
                    "{error:#}; nothing is lost: portero contacts import {} --resume {id}",
                    args.file.display()
                );
            }
            // A host that refuses in the middle of a large file may not be heard: it is asked again.
            match text(&now, "problem") {
                problem if problem.is_empty() => return Err(error),
                problem => bail!("{problem}"),
            }
        }
    };
    if args.target.json {
        output::json(&answer);
    } else {
        print(&answer);
    }
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

fn request(args: &ImportArgs, size: u64) -> anyhow::Result<Value> {
    let mut map = Map::new();
    for pair in &args.map {
        let (column, meaning) = pair
            .split_once('=')
            .with_context(|| format!("--map `{pair}`: write COLUMN=MEANING"))?;
        map.insert(column.to_owned(), json!(meaning));
    }
    let attestation: Option<Value> = match &args.attestation {
        None => None,
        Some(file) => {
            let mut read: Value = serde_json::from_str(
                &std::fs::read_to_string(file)
                    .with_context(|| format!("cannot read `{}`", file.display()))?,
            )
            .with_context(|| format!("`{}` is no JSON", file.display()))?;
            // Whoever attests, attests this file: another one is refused by the host.
            if let Some(fields) = read.as_object_mut()
                && !fields.contains_key("file_sha256")
            {
                fields.insert("file_sha256".to_owned(), json!(sha256(&args.file)?));
            }
            Some(read)
        }
    };
    let label = args
        .file
        .file_name()
        .map(|n| n.to_string_lossy().chars().take(50).collect::<String>())
        .unwrap_or_default();
    let separator = args.separator.as_deref().map(|s| match s {
        "tab" | "\\t" => "\t",
        other => other,
    });
    Ok(json!({
        "label": label, "dry_run": args.dry_run, "encoding": args.encoding, "separator": separator,
        "map": map, "calling_code": args.calling_code, "bytes_total": size, "attestation": attestation,
    }))
}

fn sha256(file: &Path) -> anyhow::Result<String> {
    let unreadable = || format!("cannot read `{}`", file.display());
    let mut reader = std::fs::File::open(file).with_context(unreadable)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        let n = reader.read(&mut piece).with_context(unreadable)?;
        if n == 0 {
            return Ok(hex::encode(hash.finalize()));
        }
        hash.update(piece.get(..n).unwrap_or_default());
    }
}

/// Sends the file from an offset to its end, with a bar where somebody looks.
async fn send(
    api: &Api,
    args: &ImportArgs,
    id: &str,
    offset: u64,
    size: u64,
) -> anyhow::Result<Value> {
    let bar = ProgressBar::new(size);
    if args.target.json {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template(
        "{bar:30} {bytes}/{total_bytes} · {bytes_per_sec} · {eta} left",
    ) {
        bar.set_style(style);
    }
    bar.set_position(offset);
    let file = open(&args.file, offset).await?;
    let pieces =
        futures_util::stream::try_unfold((file, bar.clone()), |(mut file, bar)| async move {
            let mut piece = vec![0; PIECE];
            let n = file.read(&mut piece).await?;
            if n == 0 {
                return Ok::<_, std::io::Error>(None);
            }
            piece.truncate(n);
            bar.inc(u64::try_from(n).unwrap_or_default());
            Ok(Some((piece, (file, bar))))
        });
    let body = Body::Stream(reqwest::Body::wrap_stream(pieces));
    let path = format!("/v1/imports/{id}/rows?offset={offset}");
    let answer = api.send(reqwest::Method::PUT, &path, Some(body)).await;
    bar.finish_and_clear();
    answer
}

async fn open(path: &Path, offset: u64) -> anyhow::Result<tokio::fs::File> {
    let mut file = tokio::fs::File::open(path)
        .await
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    file.seek(std::io::SeekFrom::Start(offset)).await?;
    Ok(file)
}

fn print(answer: &Value) {
    let format = answer.get("format").cloned().unwrap_or_default();
    let separator = match text(&format, "separator").as_str() {
        "\t" => "tab".to_owned(),
        other => format!("`{other}`"),
    };
    output::line(&format!(
        "{} · {}{} · encoding {} · separator {separator}",
        text(answer, "id"),
        text(answer, "state"),
        if answer.get("dry_run") == Some(&Value::Bool(true)) {
            " (dry run: nobody was written)"
        } else {
            ""
        },
        text(&format, "encoding"),
    ));
    let list = |key: &str| {
        format
            .get(key)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let columns: Vec<String> = list("header")
        .iter()
        .zip(&list("columns"))
        .map(|(h, c)| {
            format!(
                "{} → {}",
                h.as_str().unwrap_or_default(),
                c.as_str().unwrap_or_default()
            )
        })
        .collect();
    output::line(&format!("  columns: {}", columns.join(", ")));
    output::line(&format!(
        "  {} rows: {} new people, {} known, {} not good",
        text(answer, "rows"),
        text(answer, "new"),
        text(answer, "updated"),
        text(answer, "bad"),
    ));
    if answer.get("attested") == Some(&Value::Bool(true)) {
        output::line(&format!(
            "  {} consents, each to be confirmed by the person; {} too old to count",
            text(answer, "consents"),
            text(answer, "consents_old"),
        ));
        output::line(&format!("  SHA-256 {}", text(answer, "sha256")));
    }
    if text(answer, "bad") != "0" {
        output::line(&format!(
            "  see them: portero contacts faults {}",
            text(answer, "id")
        ));
    }
}
