//! How soon the program is there, and what it holds when nothing happens.
//!
//! Against the program's own `--version`, which starts, parses its arguments and ends.
//! `cargo bench -p portero --bench start` (Linux: memory is read from /proc).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark reports to a terminal, with the machine's clock"
)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_portero");
const RUNS: usize = 5;

fn main() {
    let version = median(|| {
        let began = Instant::now();
        let status = Command::new(PROGRAM)
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        began.elapsed()
    });
    // The first run fills the cache of compiled plugins; it is not counted.
    first_verdict();
    let demo = median(first_verdict);
    println!(
        "demo, warm: {:.0} ms to the first verdict, median of {RUNS} | --version {:.1} ms | ratio {:.0}",
        demo.as_secs_f64() * 1e3,
        version.as_secs_f64() * 1e3,
        demo.as_secs_f64() / version.as_secs_f64()
    );
    let idle = idle_memory();
    println!("demo, day played, two shops and the simulator, idle: {idle:.0} MiB resident");
}

fn median(mut run: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS).map(|_| run()).collect();
    times.sort();
    times[RUNS / 2]
}

fn demo(arguments: &[&str]) -> (Child, impl Iterator<Item = serde_json::Value>) {
    let mut child = Command::new(PROGRAM)
        .args(["demo", "--json", "--seed", "1", "--listen", "127.0.0.1:0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap());
    (child, lines)
}

fn first_verdict() -> Duration {
    let began = Instant::now();
    let (mut child, mut lines) = demo(&["--once"]);
    lines
        .find(|line: &serde_json::Value| line["verdict"].is_string())
        .expect("a verdict");
    let took = began.elapsed();
    for _ in lines {}
    assert!(child.wait().unwrap().success());
    took
}

/// After the day, five seconds of nothing.
fn idle_memory() -> f64 {
    let (mut child, mut lines) = demo(&[]);
    lines
        .find(|line| line["event"] == "account" || line["event"] == "end")
        .expect("the end of the day");
    std::thread::sleep(Duration::from_secs(5));
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let kib: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap()
        .parse()
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    kib / 1024.0
}
