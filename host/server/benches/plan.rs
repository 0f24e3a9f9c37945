//! Plan of a campaign for 100,000 people, through the API, on both engines.
//!
//! `cargo bench -p portero --bench plan`; nothing here fails on a slow machine. `PORTERO_PEOPLE` asks
//! for another number.

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
use std::time::Instant;

use portero::clock::SystemClock;
use portero::demo::{MORNING, Stage, StageOptions, setup, stage, world};
use portero_domain::address::AddressKey;
use portero_domain::clock::JumpClock;
use portero_domain::consent::{
    ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource, FrequencyPromise, Period,
};
use portero_domain::ids::{ConsentEventId, ContactId, TenantId};
use portero_store::model::NewContact;
use serde_json::json;

#[path = "../../../tests/support/postgres.rs"]
mod postgres;

/// Budget: 5 s for 100,000.
const BUDGET_PER_SECOND: f64 = 20_000.0;

fn main() {
    portero_net::install_tls();
    let people = std::env::var("PORTERO_PEOPLE")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure("sqlite", None, people));
    match postgres::Postgres::start_durable() {
        Some(server) => runtime.block_on(measure("postgres", Some(server.database()), people)),
        None => println!("postgres  not found: not measured"),
    }
}

/// People who agreed to offers, a thousand per transaction.
async fn fill(stage: &Stage, tenant: TenantId, people: usize) {
    let ctx = &stage.host.ctx;
    let now = ctx.now();
    for start in (0..people).step_by(1_000) {
        let mut tx = ctx.store.write().await.unwrap();
        for n in start..people.min(start + 1_000) {
            let id = ContactId::new(&*ctx.ids, now);
            let to = AddressKey::parse(&format!("5731{n:08}")).unwrap();
            let new = NewContact {
                name: Some(format!("Persona {n}")),
                language: None,
                country: None,
            };
            let mut of = tx.tenant(tenant);
            of.create_contact(id, &new, &[(to.clone(), to.to_string())], now)
                .await
                .unwrap();
            // One in ten never agreed.
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
                };
                of.append_consent(id, &event).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
    }
}

async fn measure(engine: &str, database_url: Option<String>, people: usize) {
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
    })
    .await
    .unwrap();
    let world = setup::shops(&stage, 1).await.unwrap();
    let shop = &world.shops[0];
    fill(&stage, shop.id.parse().unwrap(), people).await;
    let body = json!({ "name": "Semana", "template": "promo_semana", "language": "es", "topic": "ofertas",
                       "why": "bench", "audience": { "who": "all" } });
    let made = shop.api.post("/v1/campaigns", body).await.unwrap();
    let path = format!("/v1/campaigns/{}/plan", made["id"].as_str().unwrap());
    for round in 1..=2 {
        let began = Instant::now();
        let plan = shop.api.post(&path, json!({})).await.unwrap();
        let took = began.elapsed().as_secs_f64();
        let all = plan["people"].as_u64().unwrap();
        let rate = f64::from(u32::try_from(all).unwrap()) / took;
        println!(
            "{engine:9} plan {round} of {all} people: {took:.2} s, {rate:.0} people/s, {:.2} × the budget's rate \
             (now {}, later {}, never {})",
            rate / BUDGET_PER_SECOND,
            plan["now"],
            plan["later"],
            plan["never"]
        );
    }
    stage.stop().await;
}
