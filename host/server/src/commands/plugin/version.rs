//! `portero plugin upgrade|approve|discard|rollback|versions`.

use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use super::install::{Brought, signed};
use super::lock::Lock;
use super::state::installation;
use crate::cli::{ApproveArgs, OfPluginArgs, RollbackArgs, UpgradeArgs};
use crate::client::Body;
use crate::commands::{show, show_list, text};
use crate::output;

/// Brings a version in.
///
/// # Errors
/// The host's words, or why a component is refused.
pub(super) async fn upgrade(args: UpgradeArgs) -> anyhow::Result<ExitCode> {
    let brought = Brought::of(&args.file, &args.sure)?;
    let (plugin, api) = match &brought {
        Brought::File { bytes, .. } => {
            let found = portero_sandbox::inspect(bytes).map_err(|why| anyhow::anyhow!("{why}"))?;
            (found.manifest.id, args.target.connect().await?)
        }
        Brought::At(_) => {
            let plugin = args.plugin.clone().context(
                "an address does not say which plugin it is a version of: name it with --plugin",
            )?;
            (plugin, args.target.connect().await?)
        }
    };
    let id = installation(&api, &plugin).await?;
    let answer = match brought {
        Brought::File { bytes, beside } => {
            let beside = super::encode(&beside.to_string());
            let path = format!("/v1/plugins/{id}/upgrade?how={beside}");
            let body = Some(Body::Bytes(bytes));
            api.send(reqwest::Method::POST, &path, body).await?
        }
        Brought::At(from) => {
            let path = format!("/v1/plugins/{id}/upgrade/fetch");
            api.post(&path, from).await?
        }
    };
    let version = text(&answer, "version");
    // The lock names what runs.
    if let Some(runs) = answer.get("installation").filter(|_| !args.sure.locked) {
        Lock::note(&args.sure.lock, runs)?;
    }
    match text(&answer, "state").as_str() {
        "waiting" if !args.target.json => {
            output::line(&format!(
                "{plugin} {version} waits: it asks for more than the version that runs, which goes on"
            ));
            asks_more(&answer);
            output::line(&format!(
                "let it run: portero plugin approve {plugin} --grant …   drop it: portero plugin discard {plugin}"
            ));
        }
        "same" => show(
            args.target.json,
            &answer,
            &format!("{plugin} {version} runs already"),
        ),
        _ => show(
            args.target.json,
            &answer,
            &format!("{plugin} {version} runs"),
        ),
    }
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

fn asks_more(answer: &Value) {
    for more in answer["asks_more"].as_array().into_iter().flatten() {
        let reason = match text(more, "reason") {
            none if none.is_empty() => none,
            reason => format!(": {reason}"),
        };
        output::line(&format!(
            "  + {} {}{reason}",
            text(more, "what").replace('_', " "),
            text(more, "name")
        ));
    }
}

/// Lets a version that waits run.
///
/// # Errors
/// The host's words.
pub(super) async fn approve(args: ApproveArgs) -> anyhow::Result<ExitCode> {
    let api = args.target.connect().await?;
    let id = installation(&api, &args.plugin).await?;
    // What was looked at is what is approved.
    let versions = api.get(&format!("/v1/plugins/{id}/versions")).await?;
    let digest = versions.pointer("/waiting/digest");
    let body = json!({ "digest": digest, "add": {
        "permissions": args.grant, "templates": args.template, "contact_fields": args.field, "hosts": args.hosts } });
    let answer = api.post(&format!("/v1/plugins/{id}/approve"), body).await?;
    let line = format!(
        "{} {} runs",
        text(&answer, "plugin"),
        text(&answer, "version")
    );
    show(args.target.json, &answer, &line);
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Lets a version that waits go.
///
/// # Errors
/// The host's words.
pub(super) async fn discard(args: OfPluginArgs) -> anyhow::Result<ExitCode> {
    let api = args.target.connect().await?;
    let id = installation(&api, &args.plugin).await?;
    let path = format!("/v1/plugins/{id}/waiting");
    let answer = api.send(reqwest::Method::DELETE, &path, None).await?;
    show(args.target.json, &answer, "no version waits any more");
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Runs what ran before.
///
/// # Errors
/// The host's words.
pub(super) async fn rollback(args: RollbackArgs) -> anyhow::Result<ExitCode> {
    let api = args.target.connect().await?;
    let id = installation(&api, &args.plugin).await?;
    let body = json!({ "to": args.to });
    let answer = api
        .post(&format!("/v1/plugins/{id}/rollback"), body)
        .await?;
    let line = format!(
        "{} {} runs again, with its settings and grants of then",
        text(&answer, "plugin"),
        text(&answer, "version")
    );
    show(args.target.json, &answer, &line);
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

/// What ran, and what waits.
///
/// # Errors
/// The host's words.
pub(super) async fn versions(args: OfPluginArgs) -> anyhow::Result<ExitCode> {
    let api = args.target.connect().await?;
    let id = installation(&api, &args.plugin).await?;
    let mut answer = api.get(&format!("/v1/plugins/{id}/versions")).await?;
    if args.target.json {
        output::json(&answer);
    } else {
        for version in answer
            .get_mut("versions")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let signed = signed(version).into();
            if let Some(version) = version.as_object_mut() {
                version.insert("signed".to_owned(), signed);
            }
        }
        let columns = [
            ("#", "seq"),
            ("version", "version"),
            ("runs", "runs"),
            ("how", "why"),
            ("by", "author"),
            ("since", "begun_at"),
            ("signature", "signed"),
            ("digest", "digest"),
        ];
        let ran = answer.get("versions").cloned().unwrap_or_default();
        show_list(false, &ran, &columns, "nothing ran yet");
        if let Some(waiting) = answer.get("waiting").filter(|w| w.is_object()) {
            output::line(&format!(
                "{} waits: it asks for more than the version that runs",
                text(waiting, "version")
            ));
            asks_more(waiting);
        }
    }
    api.close().await;
    Ok(ExitCode::SUCCESS)
}
