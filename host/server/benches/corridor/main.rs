//! Webhook in → reply accepted by the simulated Cloud API, over real HTTP, on both engines.
//!
//! Prints latency one after the other and at a fixed pace, the sustained rate, and its share of what
//! the store alone does with the same rows in the same run: in transactions of their own, and all
//! that it can.
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
use portero::demo::{MORNING, StageOptions, setup, stage, world};
use portero_domain::clock::{Clock as _, JumpClock, Ts};
use portero_domain::ids::DeliveryId;
use portero_flow::context::Context;
use portero_gate::Cleared;
use portero_meta::transport::{Access, Courtesy, CourtesyError, SendOutcome, Transport};
use portero_store::model::NewDelivery;
use serde_json::json;

#[path = "../../../../tests/support/postgres.rs"]
mod postgres;
mod same_rows;

/// Messages measured one after the other.
const CALM: usize = 100;
/// Messages sent at a fixed pace, whatever becomes of them.
const PACED: usize = 300;
/// Of them in a second (`PORTERO_PACE`).
const PACE: u32 = 200;
/// Messages thrown in at once; with the others fewer than a plugin may propose in a minute.
const FLOOD: usize = 500;
/// Webhooks in flight during the flood.
const CALLERS: usize = 64;

/// When Meta accepted the first message to a person.
#[derive(Default)]
struct Accepted(Mutex<HashMap<String, Instant>>);

impl Accepted {
    fn of(&self, person: &str) -> Option<Instant> {
        self.0.lock().unwrap().get(person).copied()
    }
}

struct Recording {
    inner: Arc<dyn Transport>,
    accepted: Arc<Accepted>,
}

#[async_trait::async_trait]
impl Transport for Recording {
    fn stays_here(&self) -> bool {
        self.inner.stays_here()
    }

    async fn send(&self, cleared: Cleared, access: &Access, now: Ts) -> SendOutcome {
        let outcome = self.inner.send(cleared, access, now).await;
        if let SendOutcome::Accepted { wa_id, .. } = &outcome {
            let person = wa_id.clone().unwrap_or_default();
            let mut accepted = self.accepted.0.lock().unwrap();
            accepted.entry(person).or_insert_with(Instant::now);
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
        simulator_on: None,
        systems: None,
        probe: None,
        world: Some(Box::new(|config| {
            for waba in &mut config.wabas {
                for number in &mut waba.numbers {
                    number.mps = 1_000;
                }
            }
        })),
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

    let ctx = &stage.host.ctx;
    let one_row = commits_per_second(ctx).await;
    let shared = Arc::new(Target {
        url: stage.host.url.clone(),
        secrets: stage.secrets.clone(),
        shop: shop.shop.clone(),
        clock: stage.clock.clone(),
        http,
    });

    let mut calm = Vec::with_capacity(CALM);
    for n in 0..CALM {
        let began = Instant::now();
        shared.post(n).await;
        let at = loop {
            match accepted.of(&person(n)) {
                Some(at) => break at,
                None => tokio::time::sleep(Duration::from_micros(200)).await,
            }
        };
        calm.push(at.duration_since(began));
        // What the statuses of this one still cost does not count for the next.
        setup::wait(&world).await.unwrap();
    }

    let pace = std::env::var("PORTERO_PACE")
        .ok()
        .and_then(|p| p.parse().ok())
        .unwrap_or(PACE);
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / pace);
    let mut tasks = tokio::task::JoinSet::new();
    let began = Instant::now();
    for n in CALM..CALM + PACED {
        ticks.tick().await;
        let (shared, sent) = (Arc::clone(&shared), Instant::now());
        tasks.spawn(async move {
            shared.post(n).await;
            (n, sent)
        });
    }
    let sent_at = tasks.join_all().await;
    let offered = f64::from(u32::try_from(PACED).unwrap()) / began.elapsed().as_secs_f64();
    wait_for(&accepted, CALM + PACED).await;
    let paced: Vec<Duration> = sent_at
        .iter()
        .filter_map(|(n, sent)| Some(accepted.of(&person(*n))?.duration_since(*sent)))
        .collect();
    setup::wait(&world).await.unwrap();

    let first = CALM + PACED;
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let shared = Arc::clone(&shared);
        tasks.spawn(async move {
            for n in (caller..FLOOD).step_by(CALLERS) {
                shared.post(first + n).await;
            }
        });
    }
    tasks.join_all().await;
    wait_for(&accepted, first + FLOOD).await;
    let times: Vec<Instant> = (first..first + FLOOD)
        .filter_map(|n| accepted.of(&person(n)))
        .collect();
    let seconds = times
        .iter()
        .max()
        .unwrap()
        .duration_since(began)
        .as_secs_f64();
    let done = u32::try_from(times.len()).unwrap();
    let rate = f64::from(done) / seconds;
    setup::wait(&world).await.unwrap();
    let all = f64::from(done) / began.elapsed().as_secs_f64();
    let single = same_rows::alone(ctx, &world).await;
    let ceiling = same_rows::together(ctx, &world).await;

    println!(
        "{engine:<9} one by one p50 {:.1} ms = {:.2} x (4 commits + 4 ms), p99 {:.1} ms | offered {offered:.0}/s: p50 {:.1} ms  p99 {:.1} ms, {} of {PACED} accepted",
        at(&calm, 50),
        at(&calm, 50) / (4.0 * 1_000.0 / one_row + 4.0),
        at(&calm, 99),
        at(&paced, 50),
        at(&paced, 99),
        paced.len(),
    );
    println!(
        "          {done} of {FLOOD} at once: {rate:.0}/s accepted, {all:.0}/s with their statuses | store alone, the same rows: \
         {single:.0}/s message by message (share {:.0} %), {ceiling:.0}/s at most (share {:.0} %) | one caller, one row: {one_row:.0} commits/s",
        all / single * 100.0,
        all / ceiling * 100.0,
    );
    let states: HashMap<String, u64> =
        serde_json::from_value(shop.api.get("/v1/account").await.unwrap()["states"].clone())
            .unwrap();
    println!("          account: {states:?}");
    stage.stop().await;
}

/// What the database does alone with the row every webhook writes, one commit each, one caller.
async fn commits_per_second(ctx: &Context) -> f64 {
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
        tx.system()
            .insert_deliveries(std::slice::from_ref(&row))
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    f64::from(count) / began.elapsed().as_secs_f64()
}

/// One percentile, in milliseconds.
fn at(latencies: &[Duration], percent: usize) -> f64 {
    let mut sorted = latencies.to_vec();
    sorted.sort();
    sorted[sorted.len() * percent / 100].as_secs_f64() * 1_000.0
}

async fn wait_for(accepted: &Accepted, people: usize) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while accepted.0.lock().unwrap().len() < people && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Where the messages go.
struct Target {
    url: String,
    secrets: world::Secrets,
    shop: world::Shop,
    clock: JumpClock,
    http: reqwest::Client,
}

fn person(n: usize) -> String {
    format!("5730077{n:05}")
}

impl Target {
    async fn post(&self, n: usize) {
        let from = person(n);
        let now = self.clock.now();
        let body = json!({ "object": "whatsapp_business_account", "entry": [ { "id": self.shop.waba, "changes": [
            { "field": "messages", "value": {
                "messaging_product": "whatsapp",
                "metadata": { "display_phone_number": "576015550101", "phone_number_id": self.shop.number },
                "contacts": [ { "profile": { "name": "Cliente" }, "wa_id": from } ],
                "messages": [ { "from": from, "id": format!("wamid.BENCH{n}"), "timestamp": now.secs().to_string(),
                                "type": "text", "text": { "body": "¿qué horario tienen?" } } ] } } ] } ] })
        .to_string();
        let secret = secrecy::SecretString::from(self.secrets.app_secret.clone());
        let answer = self
            .http
            .post(format!("{}/webhooks/whatsapp", self.url))
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
}
