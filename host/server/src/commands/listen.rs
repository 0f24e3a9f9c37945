//! `portero listen`: a tenant's notices, signed, at an address of this machine, for as long as it runs.
//!
//! The host keeps an endpoint to which it sends nothing; this verb fetches what waits there, signs it as
//! the host would and posts it from here. The endpoint goes when the verb ends; when it is ended by force, a minute later.

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use portero_domain::clock::Clock;
use portero_flow::desk::webhooks::FETCHED;
use portero_net::webhook::{Delivery, WebhookSender};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::cli::ListenArgs;
use crate::client::Api;
use crate::clock::SystemClock;
use crate::commands::serve::EndSignals;
use crate::commands::text;
use crate::output;

/// How often it looks.
const LOOK: Duration = Duration::from_millis(300);

/// Without a look for so long the endpoint goes, seconds.
const FETCH_WITHIN_S: u32 = 60;

/// Runs the verb.
///
/// # Errors
/// An address that does not read, or the host's words.
pub async fn run(args: ListenArgs) -> anyhow::Result<ExitCode> {
    let to = reqwest::Url::parse(&args.forward_to)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .with_context(|| {
            format!(
                "`{}` is no address like http://127.0.0.1:3000/portero",
                args.forward_to
            )
        })?;
    // Whoever types the address owns the machine: no guard stands between.
    let host = to.host_str().unwrap_or_default().to_owned();
    let sender = WebhookSender::new(vec![host])?;
    let mut end = EndSignals::listen()?;
    let api = args.target.connect().await?;
    let about = "portero listen";
    let body = json!({
        "url": FETCHED, "events": args.events, "about": about, "fetch_within_s": FETCH_WITHIN_S,
    });
    let made = api.post("/v1/webhooks", body).await?;
    let endpoint = Endpoint {
        path: format!("/v1/webhooks/{}", text(&made, "id")),
        secret: SecretString::from(text(&made, "secret")),
        to: args.forward_to,
        json: args.target.json,
    };
    // The only time that the secret is shown.
    if args.target.json {
        output::json(
            &json!({ "kind": "listening", "webhook": made.get("id"), "secret": made.get("secret") }),
        );
    } else {
        output::line(&format!("signing secret: {}", text(&made, "secret")));
        output::line(&format!("forwarding to {}; Ctrl-C ends it", endpoint.to));
    }
    let ended = tokio::select! {
        failed = endpoint.forward(&api, &sender) => failed,
        () = end.told() => Ok(()),
    };
    let removed = api
        .send(reqwest::Method::DELETE, &endpoint.path, None)
        .await;
    api.close().await;
    ended?;
    removed.with_context(|| {
        let id = text(&made, "id");
        format!("the endpoint is still there; `portero webhook remove {id}` takes it away")
    })?;
    Ok(ExitCode::SUCCESS)
}

struct Endpoint {
    path: String,
    secret: SecretString,
    to: String,
    json: bool,
}

impl Endpoint {
    async fn forward(&self, api: &Api, sender: &WebhookSender) -> anyhow::Result<()> {
        let mut known = HashSet::new();
        let mut look = tokio::time::interval(LOOK);
        loop {
            look.tick().await;
            for id in self.new_ones(api, &known).await? {
                let notice = api.get(&format!("{}/deliveries/{id}", self.path)).await?;
                self.one(sender, &id, &notice).await;
                known.insert(id);
            }
        }
    }

    /// What has not been forwarded, oldest first.
    async fn new_ones(&self, api: &Api, known: &HashSet<String>) -> anyhow::Result<Vec<String>> {
        let mut new = Vec::new();
        let mut after = String::new();
        loop {
            let page = format!("{}/deliveries?limit=200{after}", self.path);
            let page = api.get(&page).await?;
            let items = page.get("items").and_then(Value::as_array);
            let ids: Vec<String> = items.into_iter().flatten().map(|n| text(n, "id")).collect();
            let met = ids.iter().any(|id| known.contains(id));
            new.extend(ids.into_iter().filter(|id| !known.contains(id)));
            match page.get("next_cursor").and_then(Value::as_str) {
                Some(next) if !met => after = format!("&after={next}"),
                _ => break,
            }
        }
        new.reverse();
        Ok(new)
    }

    async fn one(&self, sender: &WebhookSender, id: &str, notice: &Value) {
        let body = text(notice, "body");
        let delivery = Delivery {
            id,
            at_secs: SystemClock.now().secs(),
            body: &body,
            secrets: std::slice::from_ref(&self.secret),
        };
        let (status, fault) = match sender.post(&self.to, delivery).await {
            Ok(status) => (Some(status), None),
            Err(why) => (None, Some(why.to_string())),
        };
        let event = text(notice, "event");
        if self.json {
            output::json(&json!({
                "kind": "forwarded", "id": id, "event": event, "at": notice.get("at"), "status": status, "fault": fault,
            }));
        } else {
            let became = status.map_or_else(|| fault.unwrap_or_default(), |s| s.to_string());
            output::line(&format!("{}  {event} {id} → {became}", text(notice, "at")));
        }
    }
}
