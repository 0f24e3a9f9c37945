//! Campaigns through the API, on both engines: the plan for 1,000, 10,000 and 100,000 people, and a
//! run against the simulator with its statuses beside it, with the memory both take.
//!
//! `cargo bench -p portero --bench campaign`; nothing here fails on a slow machine. `PORTERO_PLAN` and
//! `PORTERO_RUN` ask for other numbers of people (`PORTERO_RUN=100000`), `PORTERO_BATCH` for other numbers
//! of statuses in one webhook: Meta puts up to 1,000 into one when there are many, and promises nothing.
//! The simulator works on threads of its own, so that processor time is told apart.

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

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use portero::clock::SystemClock;
use portero::demo::{MORNING, Stage, StageOptions, setup, stage, world};
use portero_domain::address::AddressKey;
use portero_domain::clock::JumpClock;
use portero_domain::consent::{
    ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource, FrequencyPromise, Period,
};
use portero_domain::ids::{ConsentEventId, ContactId, TenantId};
use portero_simulator::PersonConfig;
use portero_store::model::BulkPerson;
use serde_json::json;

#[path = "../../../tests/support/postgres.rs"]
mod postgres;
#[path = "campaign/same_rows.rs"]
mod same_rows;

/// Budget of a plan: 5 s for 100,000.
const BUDGET_PER_SECOND: f64 = 20_000.0;

/// How long a run may take.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// Name of the simulator's threads.
const SIMULATOR: &str = "simulator";

/// What the number may take per second, the most Meta gives.
const NUMBER_RATE: u32 = 1_000;

fn main() {
    portero_net::install_tls();
    let asked = |name: &str, usual: &[usize]| match std::env::var(name) {
        Ok(text) => text.split(',').filter_map(|n| n.parse().ok()).collect(),
        Err(_) => usual.to_vec(),
    };
    let plans = asked("PORTERO_PLAN", &[1_000, 10_000, 100_000]);
    let runs = asked("PORTERO_RUN", &[1_000, 10_000]);
    let batches = asked("PORTERO_BATCH", &[1, 100]);
    let runtime = |name: &str| {
        tokio::runtime::Builder::new_multi_thread()
            .thread_name(name)
            .enable_all()
            .build()
            .unwrap()
    };
    let (runtime, simulator) = (runtime("host"), runtime(SIMULATOR));
    let postgres = postgres::Postgres::start_durable();
    if postgres.is_none() {
        println!("postgres  not found: not measured");
    }
    let measured = plans.iter().map(|people| (*people, None)).chain(
        batches
            .iter()
            .flat_map(|batch| runs.iter().map(|people| (*people, Some(*batch)))),
    );
    for (people, batch) in measured {
        let on = |postgres| On {
            postgres,
            simulator: simulator.handle().clone(),
        };
        runtime.block_on(measure(on(None), people, batch));
        if let Some(server) = &postgres {
            runtime.block_on(measure(on(Some(server)), people, batch));
        }
    }
}

/// What a measurement stands on.
struct On<'a> {
    /// SQLite without it.
    postgres: Option<&'a postgres::Postgres>,
    simulator: tokio::runtime::Handle,
}

impl On<'_> {
    fn engine(&self) -> &'static str {
        match self.postgres {
            Some(_) => "postgres",
            None => "sqlite",
        }
    }

    /// Processor seconds so far: host (its embedded database included), simulator, Postgres.
    fn processor(&self) -> [f64; 3] {
        let (mut host, mut simulator) = (0.0, 0.0);
        for task in std::fs::read_dir("/proc/self/task")
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            let seconds = cpu_seconds(&stat);
            if name.trim() == SIMULATOR {
                simulator += seconds;
            } else {
                host += seconds;
            }
        }
        let server = self
            .postgres
            .map_or(0.0, postgres::Postgres::processor_seconds);
        [host, simulator, server]
    }
}

/// People who agreed to offers, a thousand per transaction; one in ten never agreed.
async fn fill(stage: &Stage, tenant: TenantId, people: usize) {
    let ctx = &stage.host.ctx;
    let now = ctx.now();
    for start in (0..people).step_by(1_000) {
        let (mut rows, mut consents) = (Vec::new(), Vec::new());
        for n in start..people.min(start + 1_000) {
            let contact = ContactId::new(&*ctx.ids, now);
            rows.push(BulkPerson {
                contact,
                address: AddressKey::parse(&format!("5731{n:08}")).unwrap(),
                new: true,
                name: Some(format!("Persona {n}")),
                language: None,
                country: None,
                attributes: Vec::new(),
                tags: Vec::new(),
            });
            if n % 10 != 0 {
                let event = ConsentEvent {
                    id: ConsentEventId::new(&*ctx.ids, now),
                    kind: ConsentEventKind::Granted,
                    scope: ConsentScope::Topic("ofertas".to_owned()),
                    promise: Some(FrequencyPromise {
                        max: 2,
                        per: Period::Week,
                    }),
                    wording: None,
                    language: None,
                    source: ConsentSource::Seed,
                    evidence: "bench".to_owned(),
                    captured_at: now,
                    received_at: now,
                    expires_at: None,
                    proof: portero_domain::proof::ConsentProof::default(),
                };
                consents.push((contact, event));
            }
        }
        let mut tx = ctx.store.write().await.unwrap();
        let mut of = tx.tenant(tenant);
        of.put_people(&rows, now).await.unwrap();
        of.append_consents(&consents).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// People of the simulator besides the demo's, for the function pointer that makes its world.
static RUN: AtomicUsize = AtomicUsize::new(0);

async fn measure(on: On<'_>, people: usize, run: Option<usize>) {
    RUN.store(if run.is_some() { people } else { 0 }, Ordering::Relaxed);
    let (engine, database_url) = (on.engine(), on.postgres.map(postgres::Postgres::database));
    let clock = JumpClock::starting_at(Arc::new(SystemClock), MORNING);
    let stage = stage(StageOptions {
        seed: 1,
        listen: "127.0.0.1:0".to_owned(),
        data: None,
        database_url,
        clock,
        timings: world::quick(),
        wrap: None,
        world: Some(Box::new(|world| {
            let like = world.people[0].clone();
            let customers = (0..RUN.load(Ordering::Relaxed)).map(|n| PersonConfig {
                name: format!("Persona {n}"),
                wa_id: Some(format!("5731{n:08}")),
                user_id: Some(format!("CO.8{n:08}")),
                ..like.clone()
            });
            world.people.extend(customers);
            for number in world.wabas.iter_mut().flat_map(|w| &mut w.numbers) {
                number.mps = NUMBER_RATE;
            }
        })),
        simulator_on: Some(on.simulator.clone()),
        systems: None,
        probe: None,
    })
    .await
    .unwrap();
    let world = setup::shops(&stage, 1).await.unwrap();
    let shop = &world.shops[0];
    let number = json!({
        "phone_number_id": shop.shop.number, "waba_id": shop.shop.waba, "display": shop.shop.display,
        "access_token": stage.secrets.access_token, "messaging_limit": "TIER_UNLIMITED", "mps": NUMBER_RATE,
    });
    let operator = world.operator.for_tenant(shop.shop.slug);
    operator.put("/v1/numbers", number).await.unwrap();
    fill(&stage, shop.id.parse().unwrap(), people).await;
    let body = json!({ "name": "Semana", "template": "promo_semana", "language": "es", "topic": "ofertas",
                       "why": "bench", "audience": { "who": "all" } });
    let made = shop.api.post("/v1/campaigns", body).await.unwrap();
    let path = format!("/v1/campaigns/{}", made["id"].as_str().unwrap());
    let before = resident();
    let began = Instant::now();
    let plan = shop
        .api
        .post(&format!("{path}/plan"), json!({}))
        .await
        .unwrap();
    let took = began.elapsed().as_secs_f64();
    let all = count(&plan["people"]);
    if let Some(batch) = run {
        let http = portero_net::client(portero_net::ClientOptions::default()).unwrap();
        let faults = format!("{}/_sim/faults", stage.simulator_url);
        let asked = http.post(faults).json(&json!({ "batch": batch })).send();
        asked.await.unwrap().error_for_status().unwrap();
        let hash = json!({ "plan_hash": plan["hash"] });
        shop.api
            .post(&format!("{path}/approve"), hash)
            .await
            .unwrap();
        let rate = went(&on, shop, &path, count(&plan["now"]), batch).await;
        let cpu = on.processor();
        let (written, alone) = same_rows::written(&stage.host.ctx, shop.id.parse().unwrap()).await;
        let now = on.processor();
        let [host, server] = [0, 2].map(|n| (now[n] - cpu[n]) * 1_000.0 / written);
        println!(
            "{engine:9} the store alone, the same rows: {alone:>4.0}/s = {:.2} x the run's; processor time per message: \
             host {host:.2} ms, Postgres {server:.2} ms",
            alone / rate
        );
    } else {
        println!(
            "{engine:9} plan of {all:>6} people: {took:>5.2} s, {:>6.0} people/s = {:.2} x the budget's rate \
             (now {}, later {}, never {}); memory {} MiB before, {} after",
            all / took,
            all / took / BUDGET_PER_SECOND,
            plan["now"],
            plan["later"],
            plan["never"],
            before / 1_024,
            resident() / 1_024
        );
    }
    stage.stop().await;
}

/// Starts a campaign and waits until its messages have their last status; messages a second until Meta took the last.
async fn went(on: &On<'_>, shop: &setup::Standing, path: &str, expected: f64, batch: usize) -> f64 {
    let (engine, before) = (on.engine(), resident());
    let began = Instant::now();
    shop.api
        .post(&format!("{path}/run"), json!({}))
        .await
        .unwrap();
    let (mut most, mut sent_after) = (before, None);
    let cpu = on.processor();
    loop {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            most = most.max(resident());
        }
        let view = shop.api.get(path).await.unwrap();
        let progress = &view["progress"];
        if sent_after.is_none() && view["state"] == "done" {
            sent_after = Some(began.elapsed().as_secs_f64());
        }
        assert_ne!(view["state"], "paused", "{view}");
        let read = count(&progress["statuses"]["read"]);
        if let Some(sent) = sent_after
            && read >= count(&progress["counts"]["sent"])
        {
            let all = began.elapsed().as_secs_f64();
            let now = on.processor();
            let [host, simulator, server] =
                [0, 1, 2].map(|n| (now[n] - cpu[n]) * 1_000.0 / expected);
            println!(
                "{engine:9} run of {expected:>6} messages, {batch:>3} statuses in a webhook at most: {sent:>6.1} s until \
                 accepted = {:>4.0}/s = {:.2} x the number's {NUMBER_RATE}/s; all statuses after {all:.1} s; processor \
                 time per message: host {host:.2} ms, simulator {simulator:.2} ms, Postgres {server:.2} ms; memory \
                 {} MiB before, {} at most",
                expected / sent,
                expected / sent / f64::from(NUMBER_RATE),
                before / 1_024,
                most / 1_024
            );
            return expected / sent;
        }
        assert!(began.elapsed() < PATIENCE, "it does not end: {view}");
    }
}

fn count(value: &serde_json::Value) -> f64 {
    f64::from(u32::try_from(value.as_u64().unwrap_or_default()).unwrap())
}

/// Processor time in a `stat` file of the kernel, in seconds; 0 where it does not tell. Linux counts it in
/// hundredths of a second.
fn cpu_seconds(stat: &str) -> f64 {
    // The name in brackets may hold spaces; user and system time are fields 14 and 15.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields = after_name.split_whitespace().skip(11).take(2);
    fields
        .filter_map(|ticks| ticks.parse::<u32>().ok())
        .map(|ticks| f64::from(ticks) / 100.0)
        .sum()
}

/// Memory of this process in KiB, simulator included; 0 where the kernel does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|n| n.parse().ok())
        .unwrap_or(0)
}
