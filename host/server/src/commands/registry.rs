//! `portero registry`.

use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use crate::cli::RegistryCommand;
use crate::client::Body;
use crate::commands::plugin::encode;
use crate::commands::{lines, show, show_list, text};

/// Bytes read from the file at once.
const PIECE: usize = 64 * 1024;

/// Runs the verb.
///
/// # Errors
/// The host's words, or a file that cannot be read.
pub async fn run(command: RegistryCommand) -> anyhow::Result<ExitCode> {
    match command {
        RegistryCommand::List(target) => {
            let api = target.connect().await?;
            let answer = api.get("/v1/registries").await?;
            let columns = [
                ("registry", "registry"),
                ("country", "country"),
                ("applies", "applies"),
                ("fresh", "fresh"),
                ("copy of", "as_of"),
                ("good until", "good_until"),
                ("people", "people"),
                ("name", "name"),
            ];
            show_list(target.json, &answer, &columns, "none");
            api.close().await;
        }
        RegistryCommand::Import {
            registry,
            file,
            as_of,
            target,
        } => {
            let unreadable = || format!("cannot read `{}`", file.display());
            let opened = tokio::fs::File::open(&file)
                .await
                .with_context(unreadable)?;
            let api = target.connect().await?;
            let path = format!("{}/copy?as_of={}", path(&registry), encode(&as_of));
            let size = opened.metadata().await.map_or(0, |about| about.len());
            let bar = lines::bar(
                size,
                target.json,
                "{bar:30} {bytes}/{total_bytes} · {bytes_per_sec} · {eta} left",
            );
            let body = Body::Stream(reqwest::Body::wrap_stream(pieces(opened, bar.clone())));
            let sent = api.send(reqwest::Method::PUT, &path, Some(body)).await;
            bar.finish_and_clear();
            let answer = sent?;
            show(target.json, &answer, &loaded(&answer));
            api.close().await;
        }
        RegistryCommand::Declare {
            registry,
            applies,
            not_applicable: _,
            reason,
            target,
        } => {
            let api = target.connect().await?;
            let body = json!({ "applies": applies, "reason": reason });
            let answer = api.put(&path(&registry), body).await?;
            let line = match (applies, answer.get("fresh") == Some(&Value::Bool(true))) {
                (false, _) => format!("{registry} does not apply"),
                (true, true) => format!("{registry} applies"),
                (true, false) => format!(
                    "{registry} applies; promotion in {} is held until a fresh copy is loaded: portero registry import {registry} FILE --as-of DAY",
                    text(&answer, "country")
                ),
            };
            show(target.json, &answer, &line);
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A file piece by piece, with a bar that says how many bytes went.
fn pieces(
    file: tokio::fs::File,
    bar: indicatif::ProgressBar,
) -> impl futures_util::Stream<Item = std::io::Result<Vec<u8>>> {
    futures_util::stream::try_unfold((file, bar), |(mut file, bar)| async move {
        let mut piece = vec![0; PIECE];
        let n = file.read(&mut piece).await?;
        if n == 0 {
            return Ok(None);
        }
        piece.truncate(n);
        bar.inc(u64::try_from(n).unwrap_or_default());
        Ok(Some((piece, (file, bar))))
    })
}

fn path(registry: &str) -> String {
    format!("/v1/registries/{}", encode(registry))
}

fn loaded(answer: &Value) -> String {
    let mut lines = vec![format!(
        "{}: {} people, good until {}",
        text(answer, "registry"),
        text(answer, "people"),
        text(answer, "good_until")
    )];
    if text(answer, "bad") != "0" {
        lines.push(format!(
            "{} lines are no numbers of {}:",
            text(answer, "bad"),
            text(answer, "country")
        ));
        let bad = answer.get("bad_lines").and_then(Value::as_array);
        let shown = bad.into_iter().flatten();
        lines.extend(shown.map(|b| format!("  line {}: {}", text(b, "line"), text(b, "detail"))));
    }
    lines.join("\n")
}
