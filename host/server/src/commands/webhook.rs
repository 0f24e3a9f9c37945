//! `portero webhook`.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::WebhookCommand;
use crate::client::{Api, Target};
use crate::commands::plugin::encode;
use crate::commands::{show, show_list, text};
use crate::output;

/// How often the log is looked at while a test is under way.
const LOOK: Duration = Duration::from_millis(200);

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(command: WebhookCommand) -> anyhow::Result<ExitCode> {
    match command {
        WebhookCommand::Add {
            address,
            events,
            about,
            target,
        } => {
            let api = target.connect().await?;
            let body = json!({ "url": address, "events": events, "about": about });
            let made = api.post("/v1/webhooks", body).await?;
            secret(&target, &made);
            api.close().await;
        }
        WebhookCommand::List(target) => {
            let api = target.connect().await?;
            let answer = api.get("/v1/webhooks").await?;
            let columns = [
                ("id", "id"),
                ("address", "url"),
                ("state", "state"),
                ("waiting", "waiting"),
                ("arrived", "delivered_at"),
                ("failing since", "failing_since"),
                ("why disabled", "disabled_reason"),
            ];
            let empty = "no webhook yet: portero webhook add https://…";
            show_list(target.json, &answer, &columns, empty);
            api.close().await;
        }
        WebhookCommand::Events(target) => {
            let api = target.connect().await?;
            let answer = api.get("/v1/webhooks/events").await?;
            let columns = [("event", "event"), ("what happened", "about")];
            show_list(target.json, &answer, &columns, "none");
            api.close().await;
        }
        WebhookCommand::Test { id, wait, target } => return test(&id, wait, &target).await,
        WebhookCommand::Log {
            id,
            notice,
            limit,
            target,
        } => {
            let api = target.connect().await?;
            log(&api, &target, &id, notice.as_deref(), limit).await?;
            api.close().await;
        }
        WebhookCommand::Replay {
            webhook,
            id,
            since,
            target,
        } => {
            let api = target.connect().await?;
            let body = json!({ "id": id, "since": since });
            let path = format!("{}/replay", path(&webhook));
            let answer = api.post(&path, body).await?;
            let line = format!("{} on their way again", text(&answer, "replayed"));
            show(target.json, &answer, &line);
            api.close().await;
        }
        WebhookCommand::Rotate { id, target } => {
            let api = target.connect().await?;
            let made = api
                .post(&format!("{}/rotate", path(&id)), json!({}))
                .await?;
            secret(&target, &made);
            api.close().await;
        }
        WebhookCommand::Enable { id, target } => {
            let api = target.connect().await?;
            let answer = api
                .post(&format!("{}/enable", path(&id)), json!({}))
                .await?;
            let line = format!("{id} is tried again; {} waited", text(&answer, "waiting"));
            show(target.json, &answer, &line);
            api.close().await;
        }
        WebhookCommand::Remove { id, target } => {
            let api = target.connect().await?;
            let answer = api.send(reqwest::Method::DELETE, &path(&id), None).await?;
            show(target.json, &answer, &format!("{id} forgotten"));
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn path(id: &str) -> String {
    format!("/v1/webhooks/{}", encode(id))
}

fn secret(target: &Target, made: &Value) {
    let line = format!(
        "{}  {}\nsigned with {}\n(shown once; any Standard Webhooks library verifies with it. Try it: portero webhook test {})",
        text(made, "id"),
        text(made, "url"),
        text(made, "secret"),
        text(made, "id")
    );
    show(target.json, made, &line);
}

async fn log(
    api: &Api,
    target: &Target,
    id: &str,
    notice: Option<&str>,
    limit: usize,
) -> anyhow::Result<()> {
    let Some(notice) = notice else {
        let answer = api
            .get(&format!("{}/deliveries?limit={limit}", path(id)))
            .await?;
        let columns = [
            ("notice", "id"),
            ("event", "event"),
            ("at", "at"),
            ("state", "state"),
            ("tries", "tries"),
            ("answer", "status"),
            ("fault", "fault"),
            ("next", "next_at"),
        ];
        show_list(target.json, &answer, &columns, "nothing was told to it yet");
        return Ok(());
    };
    let answer = api
        .get(&format!("{}/deliveries/{}", path(id), encode(notice)))
        .await?;
    if target.json {
        output::json(&answer);
    } else {
        print(&answer);
    }
    Ok(())
}

fn print(one: &Value) {
    let next = match text(one, "next_at") {
        next if next.is_empty() => String::new(),
        next => format!(", next try {next}"),
    };
    output::line(&format!(
        "{}  {}  {}{next}\n{}",
        text(one, "id"),
        text(one, "event"),
        text(one, "state"),
        text(one, "body")
    ));
    let columns = [
        ("try", "number"),
        ("at", "at"),
        ("answer", "status"),
        ("ms", "took_ms"),
        ("fault", "fault"),
    ];
    let tries = one.get("log").cloned().unwrap_or_default();
    show_list(false, &tries, &columns, "not tried yet");
}

/// Sends a ping and waits for its first try.
async fn test(id: &str, wait: u64, target: &Target) -> anyhow::Result<ExitCode> {
    let api = target.connect().await?;
    let mut one = api.post(&format!("{}/test", path(id)), json!({})).await?;
    let notice = format!("{}/deliveries/{}", path(id), encode(&text(&one, "id")));
    let looks = Duration::from_secs(wait).as_millis() / LOOK.as_millis();
    for _ in 0..looks {
        if one.get("tries").and_then(Value::as_u64).unwrap_or_default() > 0 {
            break;
        }
        tokio::time::sleep(LOOK).await;
        one = api.get(&notice).await?;
    }
    if target.json {
        output::json(&one);
    } else {
        print(&one);
    }
    api.close().await;
    let arrived = text(&one, "state") == "delivered";
    if !arrived && text(&one, "tries") == "0" {
        output::error("nothing was tried: does the host run? (`portero serve`)");
    }
    Ok(ExitCode::from(u8::from(!arrived)))
}
