//! How long the host takes for a page of the console and for a list of the API, with a million messages of two
//! hundred shops, on both engines; each beside `/healthz` of the same run.
//!
//! `cargo bench -p portero --bench pages`; nothing here fails on a slow machine. `PORTERO_MESSAGES` asks for another
//! number, `PORTERO_SHOPS` for other shops, `PORTERO_ENGINE=sqlite` or `postgres` for one of them; the million takes
//! some ten gigabytes of disk for the time. The day of the demo is what is multiplied ([`multiply`]).

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark reports to a terminal"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "measuring reads the machine's clock"
)]

mod multiply;

use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use multiply::{DAYS, Db, Wanted, multiply};
use serde_json::{Value, json};

#[path = "../../../../tests/support/postgres.rs"]
mod postgres;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portero");
/// Times each page is asked for; the first is told apart.
const TIMES: usize = 9;
/// Server time that a page may take, in milliseconds.
const BUDGET: f64 = 100.0;

fn main() {
    portero_net::install_tls();
    let number = |name: &str, usual: usize| {
        std::env::var(name)
            .ok()
            .and_then(|n| n.parse().ok())
            .unwrap_or(usual)
    };
    let (messages, shops) = (
        number("PORTERO_MESSAGES", 1_000_000),
        number("PORTERO_SHOPS", 200),
    );
    let engine = std::env::var("PORTERO_ENGINE").unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    if engine != "postgres" {
        runtime.block_on(measure("sqlite", None, messages, shops));
    }
    if engine != "sqlite" {
        match postgres::Postgres::start_durable() {
            Some(server) => {
                runtime.block_on(measure(
                    "postgres",
                    Some(server.database()),
                    messages,
                    shops,
                ));
            }
            None => println!("postgres  not found: not measured"),
        }
    }
}

/// A demo host in a process of its own.
struct Running {
    child: Child,
    says: Value,
    http: reqwest::Client,
}

impl Running {
    fn start(data: &Path, database: Option<&str>) -> Running {
        let mut command = demo(data, database);
        let mut child = command
            .args(["--idle", "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        // What it says later is of no interest, but has to go somewhere.
        std::thread::spawn(move || out.read_to_end(&mut Vec::new()));
        Running {
            child,
            says: serde_json::from_str(&line).expect("what a demo says of itself"),
            http: portero_net::client(portero_net::ClientOptions::default()).unwrap(),
        }
    }

    fn shop(&self) -> &Value {
        &self.says["tenants"][0]
    }

    fn operator(&self) -> &str {
        self.says["operator_token"].as_str().unwrap()
    }

    async fn get(&self, path: &str, token: &str) -> (u16, String) {
        let url = format!("{}{path}", self.says["host_url"].as_str().unwrap());
        let asked = self.http.get(url).bearer_auth(token);
        let answer = asked
            .header("cookie", format!("portero_session={token}"))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn first(&self, list: &str) -> Value {
        let (_, body) = self
            .get(list, self.shop()["api_token"].as_str().unwrap())
            .await;
        let body: Value = serde_json::from_str(&body).unwrap();
        body["items"][0].clone()
    }

    /// Resident memory in MiB; 0 where the kernel does not tell.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or(0) / 1_024
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn demo(data: &Path, database: Option<&str>) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(["demo", "--quiet", "--listen", "127.0.0.1:0", "--data"])
        .arg(data);
    command.stderr(Stdio::inherit());
    if let Some(url) = database {
        command.args(["--database-url", url]);
    }
    command
}

async fn measure(engine: &str, database: Option<String>, messages: usize, shops: usize) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let played = demo(data, database.as_deref())
        .args(["--once"])
        .stdout(Stdio::null())
        .status();
    assert!(played.unwrap().success(), "the demo's day");
    let host = Running::start(data, database.as_deref());
    let mut others = Vec::new();
    // The demo has two.
    for n in 2..shops {
        let shop = json!({ "slug": format!("shop-{n}"), "name": format!("Tienda {n}"), "timezone": "America/Bogota",
                           "country": "CO", "language": "es", "mode": "simulator" });
        let url = format!("{}/v1/tenants", host.says["host_url"].as_str().unwrap());
        let made = host
            .http
            .post(url)
            .bearer_auth(host.operator())
            .json(&shop)
            .send()
            .await
            .unwrap();
        let made: Value = made.error_for_status().unwrap().json().await.unwrap();
        others.push(
            made["tenant"]["id"]
                .as_str()
                .or(made["id"].as_str())
                .unwrap()
                .to_owned(),
        );
    }
    let of = host.shop()["id"].as_str().unwrap().to_owned();
    drop(host);
    let db = match &database {
        None => {
            let url = format!("sqlite:{}", data.join("portero.db").display());
            let one = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
            Db::Sqlite(one.connect(&url).await.unwrap())
        }
        Some(url) => {
            let one = sqlx::postgres::PgPoolOptions::new().max_connections(1);
            Db::Postgres(one.connect(url).await.unwrap())
        }
    };
    let began = Instant::now();
    let there = multiply(&db, &of, &Wanted { messages, others }).await;
    match db {
        Db::Sqlite(pool) => pool.close().await,
        Db::Postgres(pool) => pool.close().await,
    }
    let took = began.elapsed().as_secs();
    let began = Instant::now();
    let host = Running::start(data, database.as_deref());
    println!(
        "{engine}: {there} messages of {shops} shops over {DAYS} days, half of them one shop's; made in {took} s; the host \
         says hello after {:.1} s, {} MiB resident",
        began.elapsed().as_secs_f64(),
        host.resident()
    );
    pages(engine, &host).await;
    println!("{engine}: {} MiB resident afterwards", host.resident());
}

async fn pages(engine: &str, host: &Running) {
    let own = host.shop()["api_token"].as_str().unwrap();
    let slug = host.shop()["slug"].as_str().unwrap();
    let message = host.first("/v1/messages?limit=1").await;
    let verdict = host.first("/v1/verdicts?limit=1").await;
    let campaign = host.first("/v1/campaigns").await;
    let id = |of: &Value, key: &str| {
        of[key]
            .as_str()
            .unwrap_or_else(|| panic!("no `{key}`: {of}"))
            .to_owned()
    };
    let (out, contact) = (id(&message, "id"), id(&message, "contact"));
    let (dec, cam) = (id(&verdict, "id"), id(&campaign, "id"));
    let mut asked: Vec<(String, bool)> = [
        "/home",
        "/inbox",
        "/contacts",
        "/contacts?q=Luc",
        "/contacts?q=nadie",
        "/contacts?q=%2B573005550001",
        "/consents",
        "/verdicts",
        "/verdicts?rule=consent.missing",
        "/messages?step=read",
        "/messages?step=lost",
        "/verdicts?result=deny",
        "/campaigns",
        "/segments",
        "/templates",
        "/plugins",
        "/figures",
        "/phone",
        "/webhooks",
        "/checklist",
        "/audit",
        "/access",
        "/v1/campaigns",
        "/v1/checklist",
        "/v1/contacts",
        "/v1/conversations",
        "/v1/history",
        "/v1/imports",
        "/v1/inbox",
        "/v1/messages",
        "/v1/messages?state=sent",
        "/v1/messages?step=delivered",
        "/v1/messages?step=withdrawn",
        "/v1/messages?step=answered&since=2000-01-01",
        "/v1/wordings",
        "/v1/numbers",
        "/v1/overview",
        "/v1/plugins",
        "/v1/policy",
        "/v1/reports",
        "/v1/segments",
        "/v1/templates",
        "/v1/tokens",
        "/v1/verdicts",
        "/v1/webhooks",
        // Counted whole, on purpose: the promise that nothing got lost, and what came in.
        "/v1/account",
        "/v1/inbox/counts",
    ]
    .map(|path| (path.to_owned(), false))
    .into();
    for path in [
        format!("/contacts/{slug}/{contact}"),
        format!("/verdicts/{slug}/{dec}"),
        format!("/campaigns/{slug}/{cam}"),
        format!("/v1/campaigns/{cam}"),
        format!("/v1/campaigns/{cam}/people"),
        format!("/v1/contacts/{contact}"),
        format!("/v1/contacts/{contact}/consents"),
        format!("/v1/messages/{out}"),
        format!("/v1/verdicts/{dec}"),
        format!("/v1/why/{out}"),
    ] {
        asked.push((path, false));
    }
    for path in [
        "/tenants".to_owned(),
        format!("/home?shop={slug}"),
        "/v1/tenants".into(),
        "/metrics".into(),
    ] {
        asked.push((path, true));
    }
    let (_, base, _) = times(host, "/healthz", own).await;
    let mut over = 0;
    for (path, by_operator) in asked {
        let token = if by_operator { host.operator() } else { own };
        let (first, median, status) = times(host, &path, token).await;
        let mark = if median > BUDGET { "over" } else { "" };
        over += usize::from(median > BUDGET);
        // An id is a third of the line.
        let shown: String = path.chars().take(48).collect();
        println!(
            "{engine:8} {shown:48} {status} {median:>7.1} ms, first {first:>7.1} ms, {:>6.1} x /healthz {mark}",
            median / base
        );
    }
    println!("{engine}: {over} over {BUDGET} ms; /healthz {base:.2} ms");
}

/// (the first, the median of the others, status), in milliseconds.
async fn times(host: &Running, path: &str, token: &str) -> (f64, f64, u16) {
    let (mut all, mut status) = (Vec::new(), 0);
    for _ in 0..TIMES {
        let began = Instant::now();
        (status, _) = host.get(path, token).await;
        all.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    let first = all.remove(0);
    all.sort_by(f64::total_cmp);
    (first, all[all.len() / 2], status)
}
