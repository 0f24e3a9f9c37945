//! `portero plugin dev`: builds again when a file changes, swaps the plugin in a running simulated host, and
//! shows what it says to whom and what the gate says to that. What is typed is written by a pretend person.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::BufRead as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::build::{self, Built};
use super::encode;
use crate::cli::DevArgs;
use crate::client::{Api, Body};
use crate::commands::logs::List;
use crate::commands::serve::EndSignals;
use crate::commands::text;
use crate::scenario::{reasons, words};
use crate::{lock, output};

/// How often files and host are looked at.
const LOOK: Duration = Duration::from_millis(300);

/// How a typed line begins that taps a button instead of writing.
const TAP: &str = "/tap";

/// Runs the verb until Ctrl-C.
///
/// # Errors
/// No running host, or its words.
pub(super) async fn run(args: DevArgs) -> anyhow::Result<ExitCode> {
    let data = args.target.settings()?.data;
    if args.target.url.is_none() && lock::running(&data).is_none() {
        bail!(
            "no host runs on `{}`; start one in another terminal: portero demo --idle --data {}",
            data.display(),
            data.display()
        );
    }
    let mut end = EndSignals::listen()?;
    let api = args.target.connect().await?;
    let person = match &args.person {
        Some(person) => person.clone(),
        None => stranger(&api).await?,
    };
    let what = json!({ "kind": "person", "person": person });
    say(
        &args,
        &what,
        &format!("what you type is written by {person}"),
    );
    let worked = async {
        tokio::try_join!(swap(&args, &api), follow(&args, &api), chat(&person, &api)).map(|_| ())
    };
    let ended = tokio::select! {
        failed = worked => failed,
        () = end.told() => Ok(()),
    };
    api.close().await;
    ended?;
    Ok(ExitCode::SUCCESS)
}

/// Somebody who never wrote: a conversation stays with the plugin that answered in it first.
async fn stranger(api: &Api) -> anyhow::Result<String> {
    let page = api.get("/v1/contacts?limit=200").await?;
    let people = page.get("items").and_then(Value::as_array);
    let wrote = |contact: &&Value| {
        let conversations = contact.get("conversations").and_then(Value::as_array);
        conversations
            .into_iter()
            .flatten()
            .any(|c| c.get("window_closes_at").is_some_and(|at| !at.is_null()))
    };
    let found = people.into_iter().flatten().find(|contact| !wrote(contact));
    let address = found.and_then(|contact| contact.pointer("/addresses/0")?.as_str());
    let address = address.context(
        "everybody of this tenant has written to another plugin already; name somebody with --person, or begin \
         with another --data",
    )?;
    Ok(address.trim_start_matches('+').to_owned())
}

/// One thing that happened: an object for programs, a line for people.
fn say(args: &DevArgs, what: &Value, line: &str) {
    if args.target.json {
        output::json(what);
    } else {
        output::line(line);
    }
}

/// Builds and installs whenever the source is another one than it was.
async fn swap(args: &DevArgs, api: &Api) -> anyhow::Result<()> {
    let mut known = None;
    let mut look = tokio::time::interval(LOOK);
    loop {
        look.tick().await;
        let now = stamp(&args.folder);
        if known == Some(now) {
            continue;
        }
        known = Some(now);
        let folder = args.folder.clone();
        let built = tokio::task::spawn_blocking(move || build::build(&folder, None)).await?;
        let installed = match built {
            Ok(built) => install(args, api, built).await,
            Err(error) => Err(error),
        };
        match installed {
            Ok((id, version)) => say(
                args,
                &json!({ "kind": "swapped", "plugin": id, "version": version }),
                &format!("swapped in {id} {version}; write something, or change a file"),
            ),
            // The one before stays: an error in the middle of an edit is no reason to stop.
            Err(error) => say(
                args,
                &json!({ "kind": "refused", "why": format!("{error:#}") }),
                &format!("not swapped: {error:#}"),
            ),
        }
    }
}

/// Installs with everything that the manifest asks for: the host is a simulated one.
async fn install(args: &DevArgs, api: &Api, built: Built) -> anyhow::Result<(String, String)> {
    let config: Value = serde_json::from_str(&args.set).context("--set must be JSON")?;
    let manifest = &built.found.manifest;
    let asked = || manifest.permissions.iter();
    let how = json!({
        "config": config, "position": args.position,
        "grants": {
            "permissions": asked().map(|p| &p.id).collect::<Vec<_>>(),
            "templates": manifest.messages.templates,
            "contact_fields": asked().flat_map(|p| &p.fields).collect::<Vec<_>>(),
        },
    });
    let path = format!("/v1/plugins?how={}", encode(&how.to_string()));
    let body = Some(Body::Bytes(built.bytes));
    api.send(reqwest::Method::POST, &path, body).await?;
    Ok((manifest.id.clone(), manifest.version.to_string()))
}

/// What the files of a plugin are: names, sizes and times of change.
fn stamp(folder: &Path) -> u64 {
    let mut hash = DefaultHasher::new();
    for file in ["Cargo.toml", "portero-plugin.toml"] {
        mark(&folder.join(file), &mut hash);
    }
    for source in ["src", "portero-sdk/src"] {
        walk(&folder.join(source), &mut hash);
    }
    hash.finish()
}

fn walk(folder: &Path, hash: &mut DefaultHasher) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            walk(&path, hash);
        } else {
            mark(&path, hash);
        }
    }
}

fn mark(file: &Path, hash: &mut DefaultHasher) {
    file.hash(hash);
    if let Ok(about) = std::fs::metadata(file) {
        about.len().hash(hash);
        about.modified().ok().hash(hash);
    }
}

/// Shows verdicts and what comes in, as they happen.
async fn follow(args: &DevArgs, api: &Api) -> anyhow::Result<()> {
    let mut verdicts = List::new("/v1/verdicts", "decided_at");
    let mut events = List::new("/v1/inbox", "received_at");
    verdicts.first(api).await?;
    events.first(api).await?;
    let mut look = tokio::time::interval(LOOK);
    loop {
        look.tick().await;
        for (_, event) in events.new_ones(api).await? {
            let line = format!(
                "in   {} · {}",
                text(&event, "kind"),
                text(&event, "interpretation")
            );
            let what = json!({
                "kind": "event", "id": event.get("id"), "event": event.get("kind"),
                "interpretation": event.get("interpretation"),
            });
            say(args, &what, &line);
        }
        for (_, verdict) in verdicts.new_ones(api).await? {
            if text(&verdict, "origin") == "plugin" {
                show(args, api, &verdict).await?;
            }
        }
    }
}

/// A message of a plugin with what the gate says to it.
async fn show(args: &DevArgs, api: &Api, verdict: &Value) -> anyhow::Result<()> {
    let message = api
        .get(&format!("/v1/messages/{}", text(verdict, "message")))
        .await?;
    let content = message.get("content").cloned().unwrap_or_default();
    let body = match words(&content) {
        none if none.is_empty() => format!("{} {}", text(&content, "type"), text(&content, "name")),
        body => body,
    };
    let why = reasons(verdict);
    let line = format!(
        "bot  {body}\n     {} {}: {}",
        text(verdict, "stage"),
        text(verdict, "verdict"),
        why.join("\n     ")
    );
    let what = json!({
        "kind": "verdict", "message": verdict.get("message"), "text": body, "stage": verdict.get("stage"),
        "verdict": verdict.get("verdict"), "rule": verdict.get("rule"), "why": why,
    });
    say(args, &what, line.trim_end());
    Ok(())
}

/// Each typed line is written by a pretend person; `/tap ID` taps a button.
async fn chat(person: &str, api: &Api) -> anyhow::Result<()> {
    let mut lines = typed();
    while let Some(line) = lines.recv().await {
        let body = match line.trim().strip_prefix(TAP) {
            Some(button) if button.trim().is_empty() => {
                json!({ "event": "button", "person": person })
            }
            Some(button) => json!({ "event": "button", "button": button.trim(), "person": person }),
            None if line.trim().is_empty() => continue,
            None => json!({ "event": "text", "text": line.trim(), "person": person }),
        };
        if let Err(error) = api.post("/v1/trigger", body).await {
            output::error(&format!("error: {error:#}"));
        }
    }
    // Nobody types any more; the rest goes on.
    std::future::pending().await
}

/// The lines of standard input. Its thread ends with the program: a read cannot be called off.
fn typed() -> UnboundedReceiver<String> {
    let (tell, lines) = unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    lines
}
