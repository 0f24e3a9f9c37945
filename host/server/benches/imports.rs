//! A file of a million people with three faults, through the API, on both engines: rows per second, and
//! the memory of the whole process before and at most.
//!
//! `cargo bench -p portero --bench imports`; `PORTERO_ROWS` asks for another number of rows. The counts
//! are checked, the times are not.

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

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use portero::client::Body;
use portero::clock::SystemClock;
use portero::demo::{MORNING, StageOptions, setup, stage, world};
use portero_domain::clock::JumpClock;
use serde_json::json;

#[path = "../../../tests/support/postgres.rs"]
mod postgres;

/// Rows made and sent at once.
const PIECE: usize = 2_000;

fn main() {
    portero_net::install_tls();
    let rows = std::env::var("PORTERO_ROWS").ok();
    let rows = rows.and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure("sqlite", None, rows));
    match postgres::Postgres::start_durable() {
        Some(server) => runtime.block_on(measure("postgres", Some(server.database()), rows)),
        None => println!("postgres  not found: not measured"),
    }
}

/// A number with a letter, a line with a column too many, a quote that is never closed.
fn row(n: usize, rows: usize) -> String {
    if n == rows / 4 {
        return format!("+5731x{n:08},Persona {n},p1,Bogotá\n");
    }
    if n == rows / 2 {
        return format!("+5731{n:08},Persona {n},p1,Bogotá,more\n");
    }
    if n == rows / 4 * 3 {
        return format!("+5731{n:08},\"Persona {n},p1,Bogotá\n");
    }
    format!("+5731{n:08},Persona {n},p{},Bogotá\n", n % 3)
}

async fn measure(engine: &str, database_url: Option<String>, rows: usize) {
    let stage = stage(StageOptions {
        seed: 1,
        listen: "127.0.0.1:0".to_owned(),
        data: None,
        database_url,
        clock: JumpClock::starting_at(Arc::new(SystemClock), MORNING),
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
    let api = &world.shops[0].api;
    let made = api.post("/v1/imports", json!({})).await.unwrap();
    let path = format!("/v1/imports/{}/rows", made["id"].as_str().unwrap());
    let sent = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&sent);
    let pieces = futures_util::stream::unfold(0, move |from| {
        let counted = Arc::clone(&counted);
        async move {
            if from >= rows {
                return None;
            }
            let until = rows.min(from + PIECE);
            let mut text = String::new();
            if from == 0 {
                text.push_str("phone,name,plan,ciudad\n");
            }
            (from..until).for_each(|n| write!(text, "{}", row(n, rows)).unwrap());
            counted.fetch_add(u64::try_from(text.len()).unwrap(), Ordering::Relaxed);
            Some((Ok::<_, std::io::Error>(text), until))
        }
    });
    let before = resident();
    let (most, ended) = (
        Arc::new(AtomicU64::new(before)),
        Arc::new(AtomicBool::new(false)),
    );
    let watch = {
        let (most, ended) = (Arc::clone(&most), Arc::clone(&ended));
        tokio::spawn(async move {
            while !ended.load(Ordering::Relaxed) {
                most.fetch_max(resident(), Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
    };
    let began = Instant::now();
    let body = Body::Stream(reqwest::Body::wrap_stream(pieces));
    let done = api.send(reqwest::Method::PUT, &path, Some(body)).await;
    let took = began.elapsed().as_secs_f64();
    ended.store(true, Ordering::Relaxed);
    watch.await.unwrap();
    let done = done.unwrap();
    assert_eq!(
        (&done["rows"], &done["bad"]),
        (&json!(rows), &json!(3)),
        "{done}"
    );
    assert_eq!(done["new"], rows - 3, "{done}");
    println!(
        "{engine:<8} {rows:>9} rows, {} MiB: {took:>7.1} s = {:>7.0}/s, 3 faults; memory {} MiB before, {} MiB at most",
        sent.load(Ordering::Relaxed) / 1_048_576,
        f64::from(u32::try_from(rows).unwrap()) / took,
        before / 1_024,
        most.load(Ordering::Relaxed) / 1_024,
    );
    stage.stop().await;
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
