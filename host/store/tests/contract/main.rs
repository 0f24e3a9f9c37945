//! The contract both engines keep. Every test is listed once per engine and the counts are printed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests stop at what should not be, and work side by side on purpose"
)]

mod accounts;
mod asks;
mod audit;
mod carts;
mod chain;
mod crash;
mod facts;
mod facts_many;
mod facts_templates;
mod home;
mod inbox;
mod isolation;
mod lanes;
mod outbox;
mod people;
mod plugins;
#[path = "../../../../tests/support/postgres.rs"]
mod postgres;
mod proofs;
mod registries;
mod retention;
mod schema;
mod secrets;
mod segments;
mod spend;
mod statuses;
mod steps;
mod tables;
mod tenants;
mod together;
mod users;
mod verdicts;
mod webhooks;
mod world;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Trial};

use postgres::Postgres;
use world::World;

/// A test: takes a fresh world on one engine.
type Test = (&'static str, fn(World) -> Pin<Box<dyn Future<Output = ()>>>);

/// Lists the tests of a file.
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub(crate) const TESTS: &[crate::Test] =
            &[$((concat!(module_path!(), "::", stringify!($name)), |w| Box::pin($name(w)))),*];
    };
}
pub(crate) use tests;

const FILES: &[&[Test]] = &[
    accounts::TESTS,
    asks::TESTS,
    audit::TESTS,
    carts::TESTS,
    chain::TESTS,
    crash::TESTS,
    facts::TESTS,
    facts_templates::TESTS,
    facts_many::TESTS,
    home::TESTS,
    inbox::TESTS,
    isolation::TESTS,
    lanes::TESTS,
    outbox::TESTS,
    people::TESTS,
    plugins::TESTS,
    proofs::TESTS,
    registries::TESTS,
    retention::TESTS,
    schema::TESTS,
    secrets::TESTS,
    segments::TESTS,
    spend::TESTS,
    statuses::TESTS,
    steps::TESTS,
    tables::TESTS,
    tenants::TESTS,
    together::TESTS,
    users::TESTS,
    verdicts::TESTS,
    webhooks::TESTS,
];

fn main() {
    if let Ok(url) = std::env::var(crash::CRASH_URL) {
        crash::die_before_commit(&url);
    }
    let args = Arguments::from_args();
    let server: Arc<OnceLock<Postgres>> = Arc::new(OnceLock::new());
    let passed: [Arc<AtomicUsize>; 2] = Default::default();
    let mut trials = vec![Trial::test(
        "schema::the_two_migration_folders_differ_in_blob_and_bytea_only",
        || {
            schema::the_two_migration_folders_differ_in_blob_and_bytea_only();
            Ok(())
        },
    )];
    let has_postgres = postgres::binaries().is_some();
    for (name, test) in FILES.iter().flat_map(|file| file.iter()).copied() {
        let name = name.strip_prefix("contract::").unwrap_or(name);
        let count = Arc::clone(&passed[0]);
        trials.push(Trial::test(format!("sqlite::{name}"), move || {
            run(test, World::sqlite);
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }));
        if has_postgres {
            let (server, count) = (Arc::clone(&server), Arc::clone(&passed[1]));
            trials.push(Trial::test(format!("postgres::{name}"), move || {
                let url = server
                    .get_or_init(|| Postgres::start().expect("binaries are there"))
                    .database();
                run(test, move || World::postgres(url));
                count.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }));
        }
    }
    let conclusion = libtest_mimic::run(&args, trials);
    if !args.list {
        // What `.ci/run` compares.
        println!(
            "portero-engines: sqlite={} postgres={}",
            passed[0].load(Ordering::Relaxed),
            passed[1].load(Ordering::Relaxed)
        );
    }
    // The server goes before the process does.
    drop(server);
    conclusion.exit();
}

fn run<F, W>(test: fn(World) -> Pin<Box<dyn Future<Output = ()>>>, make: W)
where
    W: FnOnce() -> F,
    F: Future<Output = World>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { test(make().await).await });
}
