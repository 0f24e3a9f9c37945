//! `portero trigger` and `portero logs tail` at a running demo: what is made to happen is seen to happen.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use portero::client::Api;
use serde_json::{Value, json};

use crate::binary::{Ran, Running, finish, folder, portero, run};
use crate::crash::until;

/// A shop of the demo and how to ask about it.
struct Shop {
    here: tempfile::TempDir,
    start: Value,
    _demo: Running,
}

impl Shop {
    fn open(database_url: Option<&str>) -> Shop {
        let here = folder();
        let mut command = portero(here.path());
        command.args(["demo", "--idle", "--json", "--data", "data"]);
        if let Some(url) = database_url {
            command.args(["--database-url", url]);
        }
        let mut demo = Running::start(command);
        let start = demo.start_object();
        Shop {
            here,
            start,
            _demo: demo,
        }
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = portero(self.here.path());
        command
            .args(arguments)
            .args(["--data", "data", "--tenant", "tienda-sol"]);
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.command(arguments))
    }

    fn trigger(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(&[&["trigger"], arguments].concat());
        assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.out, ran.err);
        ran
    }

    fn api(&self) -> Api {
        let url = self.start["host_url"].as_str().expect("an address");
        let token = self.start["tenants"][0]["api_token"]
            .as_str()
            .expect("a token");
        Api::at(url, token).expect("a client")
    }
}

/// The next JSON line that has this.
fn line_with(tail: &mut Running, field: &str, value: &str) -> Value {
    while let Some(line) = tail.next_line() {
        let row: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        if row[field] == value {
            return row;
        }
    }
    panic!("it ended before {field} was {value}: {}", tail.errors());
}

pub(crate) async fn what_is_triggered_is_seen(database_url: Option<String>) {
    let shop = Shop::open(database_url.as_deref());
    let api = shop.api();

    // The newest row is printed when everything before is known: from here on it watches.
    let mut all = Running::start(shop.command(&["logs", "tail", "--json", "--last", "1"]));
    all.next_line().expect("something happened before");
    let mut blocked =
        Running::start(shop.command(&["logs", "tail", "--verdict", "blocked", "--lang", "es"]));
    until("the second watches", async || {
        blocked.errors().contains("watching")
    })
    .await;

    let question = "¿Qué horario tienen?";
    shop.trigger(&["text", "--text", question])
        .says(0, &["writes to 401000000000001"]);
    let came = line_with(&mut all, "kind", "event");
    assert_eq!(came["event"], "message", "{came}");
    let verdict = line_with(&mut all, "kind", "verdict");
    assert_eq!(verdict["verdict"], "allow", "{verdict}");
    let message = verdict["message"].as_str().expect("an id").to_owned();

    // Somebody who never wrote: no window is open.
    let reply = json!({ "to": "573005550003", "purpose": "reply", "content": { "type": "text", "body": "secreto" } });
    let denied = api.propose("one", reply).await.expect("a verdict");
    assert_eq!(denied["verdict"]["verdict"], "deny", "{denied}");
    let line = blocked.next_line().expect("it is seen");
    let id = denied["message"]["id"].as_str().expect("an id");
    assert!(line.contains("deny") && line.contains(id), "{line}");
    assert!(!line.contains(&message), "only what is blocked: {line}");
    let seen = line_with(&mut all, "verdict", "deny");
    assert_eq!(seen["message"], id);

    // The next answer is accepted and fails: Meta's word on it, by its own webhook.
    shop.trigger(&["status-failed", "--code", "131026"]);
    shop.trigger(&["text", "--text", question]);
    let failing = loop {
        let next = line_with(&mut all, "verdict", "allow");
        if next["message"] != message.as_str() {
            break next["message"].as_str().expect("an id").to_owned();
        }
    };
    until("the failure is known", async || {
        let failed = api
            .get(&format!("/v1/messages/{failing}"))
            .await
            .expect("the message");
        failed["status"] == "failed" && failed["error"].to_string().contains("131026")
    })
    .await;

    templates_and_numbers(&shop, &api).await;
    people(&shop);

    // No text and no number is among what was shown.
    for tail in [&mut all, &mut blocked] {
        tail.terminate();
        assert_eq!(tail.wait().code(), Some(0), "{}", tail.errors());
        let (out, _) = tail.said();
        for secret in [question, "secreto", "57300555"] {
            assert!(!out.contains(secret), "{secret}:\n{out}");
        }
    }
}

async fn templates_and_numbers(shop: &Shop, api: &Api) {
    let status = async || {
        let all = api.get("/v1/templates").await.expect("templates");
        let all = all["items"].as_array().expect("a list").clone();
        let one = all.into_iter().find(|t| t["name"] == "promo_semana");
        one.expect("the template")["status"].clone()
    };
    assert_eq!(status().await, "APPROVED");
    shop.trigger(&["template-paused", "--template", "promo_semana"]);
    until("it is paused", async || status().await == "PAUSED").await;
    shop.trigger(&["template-approved", "--template", "promo_semana"]);
    until("it is approved", async || status().await == "APPROVED").await;

    shop.trigger(&["quality", "--quality", "RED"]);
    until("the number is red", async || {
        api.get("/v1/numbers").await.expect("numbers")[0]["quality"] == "RED"
    })
    .await;
}

fn people(shop: &Shop) {
    shop.trigger(&["stop-marketing"]);
    shop.trigger(&["block"]);
    // What cannot be is said, with what could.
    let fails = |arguments: &[&str], words: &[&str]| {
        shop.run(&[&["trigger"], arguments].concat()).says(1, words);
    };
    fails(&["text"], &["blocked"]);
    fails(&["template-paused"], &["portero template list"]);
    fails(&["template-paused", "--template", "no_such"], &["no_such"]);
    fails(&["quality", "--quality", "PINK"], &["GREEN"]);
    // A number and a message of another tenant are none.
    fails(
        &["text", "--number", "401000000000002"],
        &["portero number list"],
    );
    fails(&["text", "--person", "../people"], &["person"]);
    shop.run(&["trigger", "rain"])
        .says(2, &["rain", "status-failed"]);
}

/// What a receiver was sent: headers and body.
type Got = Arc<Mutex<Vec<(HeaderMap, String)>>>;

async fn receiver() -> (String, Got) {
    let got = Got::default();
    let kept = Arc::clone(&got);
    let take = move |headers: HeaderMap, body: String| async move {
        kept.lock().expect("kept").push((headers, body));
        StatusCode::ACCEPTED
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!(
        "http://{}/hook",
        listener.local_addr().expect("its address")
    );
    tokio::spawn(
        async move { axum::serve(listener, Router::new().route("/hook", post(take))).await },
    );
    (url, got)
}

pub(crate) async fn notices_are_forwarded_and_nothing_stays(database_url: Option<String>) {
    let shop = Shop::open(database_url.as_deref());
    let (url, got) = receiver().await;
    let listen = [
        "listen",
        "--forward-to",
        &url,
        "--event",
        "consent.withdrawn",
        "--json",
    ];
    let mut listening = Running::start(shop.command(&listen));
    let first = listening.start_object();
    let secret = first["secret"].as_str().expect("a secret").to_owned();
    assert!(secret.starts_with("whsec_"), "{first}");
    let id = first["webhook"].as_str().expect("an id");
    // Nothing is sent there by the host, and nothing can be made to be.
    shop.run(&["webhook", "list"]).says(0, &[id, "fetched"]);
    let listed = shop.run(&["webhook", "list", "--json"]).json();
    let ends = &listed[0]["fetched_until"];
    assert!(
        ends.is_string(),
        "it goes by itself after kill -9: {listed}"
    );
    shop.run(&["webhook", "enable", id]).says(1, &["fetched"]);
    shop.run(&["webhook", "test", id]).says(1, &["fetched"]);

    shop.trigger(&["text", "--text", "hola"]);
    shop.trigger(&["text", "--text", "BAJA"]);
    let told = line_with(&mut listening, "kind", "forwarded");
    assert_eq!(
        (&told["event"], &told["status"]),
        (&json!("consent.withdrawn"), &json!(202))
    );
    let (headers, body) = got.lock().expect("kept").remove(0);
    let header = |name: &str| headers[name].to_str().expect("text").to_owned();
    assert_eq!(header("webhook-id"), told["id"]);
    let at = header("webhook-timestamp").parse().expect("seconds");
    let signed = standardwebhooks::Webhook::new(&secret)
        .expect("a secret")
        .sign(&header("webhook-id"), at, body.as_bytes());
    assert_eq!(header("webhook-signature"), signed.expect("a signature"));
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body["type"], "consent.withdrawn");

    listening.terminate();
    assert_eq!(listening.wait().code(), Some(0), "{}", listening.errors());
    let (out, err) = listening.said();
    assert_eq!(out.matches(&secret).count(), 1, "shown once");
    assert!(!err.contains(&secret), "{err}");
    assert!(got.lock().expect("kept").is_empty(), "forwarded once");
    shop.run(&["webhook", "list"]).says(0, &["no webhook yet"]);

    // A receiver that is not there is said, and ends nothing.
    let nobody = ["listen", "--forward-to", "http://127.0.0.1:1/x", "--json"];
    let mut listening = Running::start(shop.command(&nobody));
    listening.start_object();
    shop.trigger(&["text", "--text", "BAJA", "--person", "573005550002"]);
    let told = line_with(&mut listening, "kind", "forwarded");
    assert_eq!(told["fault"], "no connection", "{told}");
    listening.terminate();
    assert_eq!(listening.wait().code(), Some(0), "{}", listening.errors());
    shop.run(&["webhook", "list"]).says(0, &["no webhook yet"]);
    shop.run(&["listen", "--forward-to", "nowhere"])
        .says(1, &["`nowhere`", "http://127.0.0.1"]);
}

/// A host that talks to the real Meta lets nobody play with it.
pub(crate) fn a_real_number_is_never_triggered() {
    let here = folder();
    let create = [
        "tenant",
        "create",
        "sol",
        "--name",
        "Sol",
        "--timezone",
        "America/Bogota",
        "--country",
        "CO",
    ];
    let mut host = portero(here.path());
    host.args(["serve", "--json", "--data", "data"]);
    let mut host = Running::start(host);
    host.start_object();
    run(here.path(), &[&create[..], &["--data", "data"]].concat()).says(0, &[]);
    for event in ["text", "quality", "status-failed"] {
        run(here.path(), &["trigger", event, "--data", "data"])
            .says(1, &["outside world is real", "portero simulator"]);
    }
}
