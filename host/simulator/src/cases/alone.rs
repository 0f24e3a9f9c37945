//! The programs of `host/docs/simulator-alone.md`, run as they stand there.

use std::process::{Command, Stdio};

use portero_domain::clock::ManualClock;
use serde_json::json;

use super::*;
use crate::WorldClock;

const PAGE: &str = include_str!("../../../docs/simulator-alone.md");

/// The block of the page in this language.
fn block(language: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("\n```").unwrap().0
}

/// A simulator on a port of its own, with the number and the person that the page names.
async fn simulator() -> String {
    let config: WorldConfig = serde_json::from_value(json!({
        "access_tokens": ["simulator-access-token"],
        "app_secret": "simulator-app-secret",
        "wabas": [{"id": "301", "portfolio": "501", "numbers": [
            {"phone_number_id": "401000000000001", "display": "573005550000"}]}],
        "people": [{"name": "Rosa", "wa_id": "573005550001"}],
    }))
    .unwrap();
    let clock = WorldClock::new(Arc::new(ManualClock::at(Ts(START))));
    let sim = Simulator::alone(config, clock, http_client()).unwrap();
    let router = sim.router();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    spawn(async move { axum::serve(listener, router).await.unwrap() });
    spawn(sim.run(std::future::pending()));
    format!("http://{address}")
}

async fn runs(program: &str, arguments: &[&str], language: &str) {
    let there = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !there.is_ok_and(|status| status.success()) {
        return; // a machine without it
    }
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg(block(language))
        .env("SIM", simulator().await);
    let done = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let wrong = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}{wrong}");
    assert_eq!(said.trim(), "ok", "{wrong}");
}

#[tokio::test]
async fn the_python_program_of_the_page_runs() {
    runs("python3", &["-c"], "python").await;
}

#[tokio::test]
async fn the_javascript_program_of_the_page_runs() {
    runs("node", &["--input-type=module", "-e"], "js").await;
}
