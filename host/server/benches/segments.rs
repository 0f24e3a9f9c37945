//! Segmentation: people per second through the plugin against a native function that does the same,
//! in the same run; then whole passes over 1,000 to 1,000,000 people on both engines, with the memory
//! they take and how the time grows.
//!
//! `cargo bench -p portero --bench segments`; `PORTERO_SEGMENT` asks for other numbers of people
//! (`PORTERO_SEGMENT=1000,100000`). Nothing here fails on a slow machine.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark reports to a terminal"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "measuring reads the machine's clock"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use portero::client::Body;
use portero::clock::SystemClock;
use portero::demo::{MORNING, Stage, StageOptions, setup, stage, world};
use portero::guest::RFM_SEGMENTS;
use portero_domain::address::AddressKey;
use portero_domain::clock::{JumpClock, Millis, Ts};
use portero_domain::ids::{ContactId, TenantId};
use portero_domain::plugin::{CallMeta, Membership, PluginKind, SegmentContact, SendAction};
use portero_sandbox::{
    Allocator, CallLimits, HostError, HostServices, HttpRequest, HttpResponse, MAX_BATCH, Preview,
    Sandbox, SandboxConfig, inspect,
};
use portero_store::model::{BulkPerson, PurchaseRow};
use serde_json::{Value, json};

#[path = "../../../tests/support/postgres.rs"]
mod postgres;

/// Batches of 500 measured of each kind, after a tenth as many that are not.
const BATCHES: usize = 200;
const DAY: i64 = 86_400_000;
const NOW: Ts = Ts(1_795_348_800_000);

struct Empty;

#[async_trait]
impl HostServices for Empty {
    fn is_granted(&self, _: &str) -> bool {
        true
    }
    fn config_json(&self) -> String {
        "{}".to_owned()
    }
    async fn kv_get(&self, _: &str) -> Result<Option<Vec<u8>>, HostError> {
        Ok(None)
    }
    async fn kv_list(&self, _: &str, _: Option<&str>, _: u32) -> Result<Vec<String>, HostError> {
        Ok(Vec::new())
    }
    async fn gate_preview(&self, _: SendAction) -> Result<Preview, HostError> {
        Err(HostError::Unavailable)
    }
    async fn contact_field(&self, _: &str, _: &str) -> Result<Option<String>, HostError> {
        Ok(None)
    }
    async fn http_fetch(&self, _: HttpRequest) -> Result<HttpResponse, HostError> {
        Err(HostError::Unavailable)
    }
}

/// A batch such as a shop has: most people bought something, some left a cart.
fn batch(round: usize) -> Vec<SegmentContact> {
    (0..MAX_BATCH)
        .map(|n| {
            let n = i64::try_from(n + round * 7).unwrap();
            let mut last = vec![
                ("created".to_owned(), (n % 400) * DAY),
                ("inbound".to_owned(), (n % 200) * DAY),
            ];
            if n % 10 == 0 {
                last.push(("cart".to_owned(), (n % 9) * 3_600_000));
            }
            SegmentContact {
                handle: format!("{n:032x}"),
                attributes: vec![("name".to_owned(), format!("Persona {n}"))],
                tags: vec!["vip".to_owned()],
                last,
                purchases: (0..n % 4)
                    .map(|p| ((p * 40 + n % 30) * DAY, 45_000_000 + p, "COP".to_owned()))
                    .collect(),
                topics_granted: Vec::new(),
            }
        })
        .collect()
}

/// The plugin's rules without the plugin: what a host with them built in would do.
fn native(contacts: &[SegmentContact]) -> Vec<Membership> {
    let mut out = Vec::with_capacity(contacts.len());
    for contact in contacts {
        let mut put = |segment: &str, reason: String| {
            out.push(Membership {
                handle: contact.handle.clone(),
                segment: segment.to_owned(),
                reason,
            });
        };
        let ago = |kind: &str| {
            contact
                .last
                .iter()
                .find(|(k, _)| k == kind)
                .map(|(_, a)| *a)
        };
        let bought = contact.purchases.iter().map(|p| p.0).min();
        let last = [ago("inbound"), ago("clicked"), bought]
            .into_iter()
            .flatten()
            .min();
        let day = |ago: i64| Ts(NOW.0 - ago).rfc3339();
        match last {
            Some(age) if age <= 30 * DAY => put("active", format!("Escribió el {}", day(age))),
            Some(age) if age >= 90 * DAY => {
                put("dormant", format!("Sin actividad desde el {}", day(age)));
            }
            _ => {}
        }
        if let Some(age) = ago("cart").filter(|a| (3_600_000..=7 * DAY).contains(a)) {
            put(
                "cart_abandoned",
                format!("Carrito sin terminar desde el {}", day(age)),
            );
        }
        let sum: i64 = contact.purchases.iter().map(|p| p.1).sum();
        if contact.purchases.len() >= 3 {
            let count = contact.purchases.len();
            put(
                "best_customers",
                format!("{count} compras por {} COP", sum / 1_000),
            );
        }
        if let Some(age) = ago("created").filter(|a| *a <= 14 * DAY) {
            put("new", format!("Primer contacto el {}", day(age)));
        }
    }
    out
}

fn main() {
    portero_net::install_tls();
    let one = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    one.block_on(plugin_against_native());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let sizes: Vec<usize> = match std::env::var("PORTERO_SEGMENT") {
        Ok(text) => text.split(',').filter_map(|n| n.parse().ok()).collect(),
        Err(_) => vec![1_000, 10_000, 100_000, 1_000_000],
    };
    println!("a pass over everybody, stage and pretend Meta in the same process:");
    let server = postgres::Postgres::start_durable();
    if server.is_none() {
        println!("postgres  not found: not measured");
    }
    for engine in ["sqlite", "postgres"] {
        let mut first = None;
        for people in &sizes {
            let url = match (&server, engine) {
                (Some(server), "postgres") => Some(server.database()),
                (None, "postgres") => break,
                _ => None,
            };
            let each = runtime.block_on(pass(engine, url, *people));
            let grows = each / *first.get_or_insert(each);
            println!(
                "            {:>6.1} µs a person, {grows:.2} of the smallest pass",
                each * 1e6
            );
        }
    }
}

async fn plugin_against_native() {
    let sandbox = Sandbox::new(SandboxConfig {
        cache_dir: None,
        cache_key: [0; 32],
        allocator: Allocator::Auto,
        max_concurrent: 4,
    })
    .unwrap();
    let digest = inspect(RFM_SEGMENTS).unwrap().digest;
    let plugin = sandbox.load(RFM_SEGMENTS.to_vec(), &digest).await.unwrap();
    let limits = CallLimits::for_kind(PluginKind::Segmentation);
    let services: Arc<dyn HostServices> = Arc::new(Empty);
    let meta = || CallMeta {
        event_id: "evt_01935a7e000070008000000000000001".to_owned(),
        now: NOW,
        timezone: "America/Bogota".to_owned(),
        language: "es".to_owned(),
        ext: Vec::new(),
    };
    let (mut through, mut direct) = (Duration::ZERO, Duration::ZERO);
    let (mut fuel, mut peak, mut found) = (0, 0, 0);
    for round in 0..BATCHES + BATCHES / 10 {
        let contacts = batch(round);
        let began = Instant::now();
        let members = native(&contacts);
        let took = began.elapsed();
        let began = Instant::now();
        let services = Arc::clone(&services);
        let report = sandbox
            .call_classify(&plugin, &limits, services, meta(), contacts, [7; 32])
            .await;
        let called = began.elapsed();
        assert!(report.outcome.is_ok(), "{report:?}");
        assert_eq!(report.value.as_ref().unwrap().len(), members.len());
        if round >= BATCHES / 10 {
            through += called;
            direct += took;
            fuel = report.fuel_used;
            peak = report.peak_memory_bytes;
            found += members.len();
        }
    }
    let people = f64::from(u32::try_from(BATCHES * MAX_BATCH).unwrap());
    let rate = |time: Duration| people / time.as_secs_f64();
    println!(
        "segmentation, batches of {MAX_BATCH}, one core, {found} memberships, {fuel} fuel and {} KiB a batch, allocator {}",
        peak / 1_024,
        sandbox.allocator_in_use().as_str()
    );
    println!(
        "  through the plugin {:>10.0} people/s (budget 200000)",
        rate(through)
    );
    println!("  native function    {:>10.0} people/s", rate(direct));
    println!(
        "  ratio              {:>10.2}",
        through.as_secs_f64() / direct.as_secs_f64()
    );
}

/// A pass over so many people; seconds for each of them.
async fn pass(engine: &str, database_url: Option<String>, people: usize) -> f64 {
    let clock = JumpClock::starting_at(Arc::new(SystemClock), MORNING);
    let stage = stage(StageOptions {
        seed: 1,
        listen: "127.0.0.1:0".to_owned(),
        data: None,
        database_url,
        clock,
        timings: world::quick(),
        wrap: None,
        world: None,
        simulator_on: None,
        systems: None,
        probe: None,
    })
    .await
    .unwrap();
    let world = setup::shops(&stage, 1).await.unwrap();
    let shop = &world.shops[0];
    let tenant: TenantId = shop.id.parse().unwrap();
    let began = Instant::now();
    fill(&stage, tenant, people).await;
    let filled = began.elapsed();
    let how = json!({ "grants": { "permissions": ["contacts.read", "config", "log"],
        "contact_fields": ["name", "tags", "interactions", "purchases", "cart"] } });
    let path = format!(
        "/v1/plugins?how={}",
        portero::commands::plugin::encode(&how.to_string())
    );
    let before = resident();
    let began = Instant::now();
    let body = Body::Bytes(RFM_SEGMENTS.to_vec());
    let sent = shop.api.send(reqwest::Method::POST, &path, Some(body));
    sent.await.unwrap();
    let mut most = before;
    // Counting members takes the database's time: asked once a second, memory is looked at between.
    let answer = loop {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            most = most.max(resident());
        }
        let answer = shop.api.get("/v1/segments").await.unwrap();
        if answer[0]["run"]["state"] == "done" {
            break answer;
        }
        assert_ne!(answer[0]["run"]["state"], "failed", "{answer}");
    };
    let run = &answer[0]["run"];
    let time = |v: &Value| Ts::parse_rfc3339(v.as_str().unwrap()).unwrap().0;
    let Millis(took) = Millis(time(&run["finished_at"]) - time(&run["started_at"]));
    let members: u64 = answer[0]["segments"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|s| s["members"].as_u64())
        .sum();
    let count = f64::from(u32::try_from(people).unwrap());
    let seconds = f64::from(u32::try_from(took.max(1)).unwrap()) / 1_000.0;
    println!(
        "  {engine:<8} {people:>9} people: pass {:>7.1} s = {:>6.0}/s, {members} memberships; memory {} MiB before, {} MiB at most; \
         written at {:.0}/s (wall {:.1} s)",
        seconds,
        count / seconds,
        before / 1_024,
        most / 1_024,
        count / filled.as_secs_f64(),
        began.elapsed().as_secs_f64(),
    );
    stage.stop().await;
    seconds / count
}

/// Writes people and their purchases, a thousand per transaction.
async fn fill(stage: &Stage, tenant: TenantId, people: usize) {
    let ctx = &stage.host.ctx;
    let mut from = 0;
    while from < people {
        let until = people.min(from + 1_000);
        let now = ctx.now();
        let (mut rows, mut purchases) = (Vec::new(), Vec::new());
        for n in from..until {
            let contact = ContactId::new(&*ctx.ids, now);
            rows.push(BulkPerson {
                contact,
                address: AddressKey::parse(&format!("+5731{n:08}")).unwrap(),
                new: true,
                name: Some(format!("Persona {n}")),
                language: None,
                country: Some("CO".to_owned()),
                attributes: vec![("plan".to_owned(), format!("p{}", n % 3))],
                tags: Vec::new(),
            });
            for p in 0..n % 3 {
                let days = i64::try_from((n * 7 + p * 31) % 300).unwrap();
                purchases.push(PurchaseRow {
                    contact,
                    reference: format!("P-{n}-{p}"),
                    at: now - Millis::days(days),
                    amount_milli: 45_000_000,
                    currency: "COP".to_owned(),
                });
            }
        }
        let mut tx = ctx.store.write().await.unwrap();
        tx.tenant(tenant).put_people(&rows, now).await.unwrap();
        tx.tenant(tenant).put_purchases(&purchases).await.unwrap();
        tx.commit().await.unwrap();
        from = until;
    }
}

/// Memory of this process in KiB; 0 where the kernel does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|n| n.parse().ok())
        .unwrap_or(0)
}
