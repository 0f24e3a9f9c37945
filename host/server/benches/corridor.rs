//! Webhook in → reply accepted by the simulated Cloud API, over real HTTP, on both engines.
//!
//! Prints latency, sustained rate, and the share of what the database alone does in the same run.
//! `cargo bench -p portero --bench corridor`; nothing here fails on a slow machine.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark reports to a terminal"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "measuring reads the machine's clock"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portero::clock::SystemClock;
use portero::demo::{MORNING, Stage, StageOptions, setup, stage, world};
use portero_domain::clock::{Clock as _, JumpClock, Ts};
use portero_domain::ids::DeliveryId;
use portero_gate::Cleared;
use portero_meta::transport::{Access, Courtesy, CourtesyError, SendOutcome, Transport};
use portero_store::model::NewDelivery;
use serde_json::json;

#[path = "../../../tests/support/postgres.rs"]
mod postgres;

/// Messages measured one after the other.
const CALM: usize = 200;
/// Messages thrown in at once; with the calm ones fewer than a plugin may propose in a minute.
const FLOOD: usize = 700;
/// Webhooks in flight during the flood.
const CALLERS: usize = 64;

/// When Meta accepted what, by outbox.
#[derive(Default)]
struct Accepted(Mutex<Vec<Instant>>);

struct Recording {
    inner: Arc<dyn Transport>,
    accepted: Arc<Accepted>,
}

#[async_trait::async_trait]
impl Transport for Recording {
    async fn send(&self, cleared: Cleared, access: &Access, now: Ts) -> SendOutcome {
        let outcome = self.inner.send(cleared, access, now).await;
        if matches!(outcome, SendOutcome::Accepted { .. }) {
            self.accepted.0.lock().unwrap().push(Instant::now());
        }
        outcome
    }

    async fn courtesy(&self, courtesy: Courtesy, access: &Access) -> Result<(), CourtesyError> {
        self.inner.courtesy(courtesy, access).await
    }
}

fn main() {
    portero_net::install_tls();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    println!("webhook → reply accepted; {CALM} calm, then {FLOOD} at once with {CALLERS} callers");
    runtime.block_on(measure("sqlite", None));
    match postgres::Postgres::start_durable() {
        Some(server) => runtime.block_on(measure("postgres", Some(server.database()))),
        None => println!("postgres  not found: not measured"),
    }
}

async fn measure(engine: &str, database_url: Option<String>) {
    let accepted = Arc::new(Accepted::default());
    let recorder = Arc::clone(&accepted);
    let clock = JumpClock::starting_at(Arc::new(SystemClock), MORNING);
    let stage = stage(StageOptions {
        seed: 1,
        listen: "127.0.0.1:0".to_owned(),
        data: None,
        database_url,
        clock,
        timings: world::quick(),
        wrap: Some(Box::new(move |inner| {
            Arc::new(Recording {
                inner,
                accepted: recorder,
            })
        })),
        world: Some(|config| {
            for waba in &mut config.wabas {
                for number in &mut waba.numbers {
                    number.mps = 1_000;
                }
            }
        }),
    })
    .await
    .unwrap();
    let world = setup::shops(&stage, 1).await.unwrap();
    let shop = &world.shops[0];
    let number = json!({
        "phone_number_id": shop.shop.number, "waba_id": shop.shop.waba, "display": shop.shop.display,
        "access_token": stage.secrets.access_token, "mps": 1_000,
    });
    world
        .operator
        .for_tenant(shop.shop.slug)
        .put("/v1/numbers", number)
        .await
        .unwrap();
    let http = portero_net::client(portero_net::ClientOptions::default()).unwrap();

    let ceiling = commits_per_second(&stage).await;
    let mut latencies = Vec::with_capacity(CALM);
    for n in 0..CALM {
        let before = accepted.0.lock().unwrap().len();
        let began = Instant::now();
        post(&stage, &http, shop, n).await;
        while accepted.0.lock().unwrap().len() == before {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        latencies.push(
            accepted
                .0
                .lock()
                .unwrap()
                .last()
                .unwrap()
                .duration_since(began),
        );
    }
    latencies.sort();
    let at = |percent: usize| latencies[latencies.len() * percent / 100].as_secs_f64() * 1_000.0;

    let before = accepted.0.lock().unwrap().len();
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    let shared = Arc::new((
        stage.host.url.clone(),
        stage.secrets.clone(),
        shop.shop.clone(),
        stage.clock.clone(),
    ));
    for caller in 0..CALLERS {
        let (http, shared) = (http.clone(), Arc::clone(&shared));
        tasks.spawn(async move {
            for n in (caller..FLOOD).step_by(CALLERS) {
                send(
                    &shared.0,
                    &shared.1,
                    &http,
                    &shared.2,
                    shared.3.now(),
                    CALM + n,
                )
                .await;
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    let deadline = Instant::now() + Duration::from_secs(120);
    while accepted.0.lock().unwrap().len() < before + FLOOD && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let times = accepted.0.lock().unwrap().clone();
    let done = times.len() - before;
    let seconds = times.last().unwrap().duration_since(began).as_secs_f64();
    let rate = f64::from(u32::try_from(done).unwrap()) / seconds;
    // Receive, claim, commit with the attempt, settle: four commits of a message, statuses apart.
    let share = rate * 4.0 / ceiling * 100.0;
    println!(
        "{engine:<9} p50 {:.1} ms  p99 {:.1} ms | {done} of {FLOOD} in {seconds:.1} s = {rate:.0}/s | database alone {ceiling:.0} commits/s, share {share:.0} %",
        at(50),
        at(99),
    );
    let states: HashMap<String, u64> =
        serde_json::from_value(shop.api.get("/v1/account").await.unwrap()["states"].clone())
            .unwrap();
    println!("          account: {states:?}");
    stage.stop().await;
}

/// What the database does alone with the row every webhook writes, one commit each, one caller.
async fn commits_per_second(stage: &Stage) -> f64 {
    let ctx = &stage.host.ctx;
    let began = Instant::now();
    let count = 300_u32;
    for _ in 0..count {
        let mut tx = ctx.store.write().await.unwrap();
        let row = NewDelivery {
            id: DeliveryId::new(&*ctx.ids, ctx.now()),
            app: "default".to_owned(),
            body: vec![b'x'; 700],
            received_at: ctx.now(),
            updates: 1,
        };
        tx.system().insert_delivery(&row).await.unwrap();
        tx.commit().await.unwrap();
    }
    f64::from(count) / began.elapsed().as_secs_f64()
}

async fn post(stage: &Stage, http: &reqwest::Client, shop: &setup::Standing, n: usize) {
    send(
        &stage.host.url,
        &stage.secrets,
        http,
        &shop.shop,
        stage.clock.now(),
        n,
    )
    .await;
}

async fn send(
    url: &str,
    secrets: &world::Secrets,
    http: &reqwest::Client,
    shop: &world::Shop,
    now: Ts,
    n: usize,
) {
    let from = format!("5730077{n:05}");
    let body = json!({ "object": "whatsapp_business_account", "entry": [ { "id": shop.waba, "changes": [
        { "field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "576015550101", "phone_number_id": shop.number },
            "contacts": [ { "profile": { "name": "Cliente" }, "wa_id": from } ],
            "messages": [ { "from": from, "id": format!("wamid.BENCH{n}"), "timestamp": now.secs().to_string(),
                            "type": "text", "text": { "body": "¿qué horario tienen?" } } ] } } ] } ] })
    .to_string();
    let secret = secrecy::SecretString::from(secrets.app_secret.clone());
    let answer = http
        .post(format!("{url}/webhooks/whatsapp"))
        .header(
            "x-hub-signature-256",
            portero_meta::signature::sign(&secret, body.as_bytes()),
        )
        .body(body)
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
}
