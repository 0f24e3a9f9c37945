//! Messages per second in process on one core, webhooks on, and the memory they take.
//!
//! `cargo bench -p portero-simulator --bench traffic` sends 20,000; `-- 1000000` a million. Only reports.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, holds a stopwatch and may fail loudly"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::routing::post;
use portero_domain::clock::{JumpClock, ManualClock, Millis, Ts};
use portero_simulator::{Simulator, WorldConfig};
use serde_json::{Value, json};
use tower::ServiceExt;

const PEOPLE: usize = 1_000;

fn world(callback: &str) -> WorldConfig {
    let people: Vec<Value> = (0..PEOPLE)
        .map(|n| json!({"name": "P", "wa_id": format!("5731{n:08}")}))
        .collect();
    serde_json::from_value(json!({
        "access_tokens": ["token"], "app_secret": "secret", "callback_url": callback,
        "wabas": [{"id": "301", "portfolio": "501",
            "numbers": [{"phone_number_id": "401", "display": "573005550000", "mps": 1_000_000}],
            "templates": [{"name": "aviso", "language": "es", "category": "UTILITY",
                "components": [{"type": "BODY", "text": "Hola {{1}}, tu pedido va en camino."}]}]}],
        "people": people,
    }))
    .unwrap()
}

/// Resident memory in MiB, where Linux tells it.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1_024
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let asked = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let messages: usize = asked.unwrap_or(20_000);
    let received = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&received);
    let receiver = Router::new()
        .route(
            "/",
            post(async move |body: Bytes| {
                let text = String::from_utf8_lossy(&body).into_owned();
                let told = text.matches("\"statuses\":[").count();
                counted.fetch_add(told, Ordering::Relaxed);
            }),
        )
        .layer(axum::extract::DefaultBodyLimit::disable());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let callback = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, receiver).await.unwrap() });

    portero_net::install_tls();
    let http = portero_net::client(portero_net::ClientOptions::default()).unwrap();
    let time = ManualClock::at(Ts(1_795_004_800_000));
    let clock = JumpClock::new(Arc::new(time.clone()), Millis(0));
    let sim = Simulator::new(world(&callback), Arc::new(clock), None, http).unwrap();
    let router = sim.router();
    let batch = Request::post("/_sim/faults").body(Body::from("{\"batch\":100}"));
    router.clone().oneshot(batch.unwrap()).await.unwrap();

    let began = Instant::now();
    println!("{:>9} messages  {:>7}/s  {:>5} MiB", 0, "-", memory());
    let mut sent = 0;
    while sent < messages {
        let round = PEOPLE.min(messages - sent);
        for n in 0..round {
            let body = json!({"messaging_product": "whatsapp", "to": format!("5731{n:08}"),
                "type": "template", "template": {"name": "aviso", "language": {"code": "es"},
                    "components": [{"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}]}});
            let request = Request::post("/v25.0/401/messages")
                .header("authorization", "Bearer token")
                .header("content-type", "application/json")
                .body(Body::from(body.to_string()));
            let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
            assert_eq!(answer.status(), 200);
        }
        sent += round;
        time.advance(Millis(60_000));
        sim.settle().await;
        if sent % (messages / 10).max(PEOPLE) == 0 || sent == messages {
            let rate = sent as f64 / began.elapsed().as_secs_f64();
            println!("{sent:>9} messages  {rate:>7.0}/s  {:>5} MiB", memory());
        }
    }
    assert_eq!(received.load(Ordering::Relaxed), 3 * messages);
}
