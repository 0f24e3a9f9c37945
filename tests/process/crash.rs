//! A host that is killed, at chosen points and at any instant, loses nothing and sends nothing twice.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use portero::clock::Ids;
use portero_domain::ids::IdSource as _;
use portero_flow::Point;
use serde_json::json;

use crate::binary::{LOOK, PATIENCE};
use crate::ledger::Ledger;
use crate::street::{ABORTED, Host, Street};

/// Kills of each engine in all, those at points included; `PORTERO_KILLS` asks for more.
const KILLS: usize = 25;
/// Somebody asks this often while a host waits for its end.
const FLOW: Duration = Duration::from_millis(40);
/// People enough for the tests that do not count kills.
const STREET: usize = 1_000;

/// Kills at every point of the cycle, each at its first and at its second passing.
pub(crate) async fn killed_at_every_point_nothing_is_lost_or_doubled(database_url: Option<String>) {
    let mut street = Street::build(1, STREET, database_url).await;
    for point in Point::ALL {
        for passing in 1..=2 {
            let crash_at = format!("{}:{passing}", point.as_str());
            if let Some(mut host) = street.doomed("first", &crash_at) {
                street.lead_to(&[&host]);
                die(&mut street, &mut host, &crash_at).await;
            }
        }
    }
    let host = street.start();
    street.ask(3).await;
    street.settle(&host).await;
    let ledger = Ledger::close(&street, &host, 0).await;
    // A process that died between commit and answer leaves what nobody can know, and says so.
    assert!(ledger.unknown > 0, "no kill was felt");
    assert!(ledger.sent > ledger.unknown);
}

/// People write until the host dies at its point.
async fn die(street: &mut Street, host: &mut Host, crash_at: &str) {
    let began = Instant::now();
    loop {
        street.ask(4).await;
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(2) {
            if let Some(status) = host.process.ended() {
                assert_eq!(
                    status.signal(),
                    Some(ABORTED),
                    "{crash_at}: {status}\n{}",
                    host.process.errors()
                );
                return;
            }
            street.let_meta_repeat().await;
            tokio::time::sleep(LOOK).await;
        }
        assert!(began.elapsed() < PATIENCE, "{crash_at} is never passed");
    }
}

/// `kill -9` at seeded random instants while messages flow.
pub(crate) async fn killed_at_any_instant_nothing_is_lost_or_doubled(database_url: Option<String>) {
    let seed: u64 = setting("PORTERO_SEED").unwrap_or(20_261_122);
    let at_points = Point::ALL.len() * 2;
    let kills = setting("PORTERO_KILLS")
        .unwrap_or(KILLS)
        .saturating_sub(at_points);
    // Shown when the test fails, which is when it matters.
    eprintln!("seed {seed} (PORTERO_SEED), {kills} kills at random (PORTERO_KILLS counts all)");
    let chance = Ids::seeded(seed);
    let mut street = Street::build(seed, 100 + 20 * kills, database_url).await;
    for kill in 0..kills {
        let instant = Duration::from_millis(below(&chance, 400));
        if kill % 4 == 3 {
            // This one dies while it starts.
            let mut process = street.process("first", None);
            tokio::time::sleep(instant).await;
            process.kill();
            continue;
        }
        let mut host = street.start();
        if kill % 8 == 6 {
            // Else the backlog of a long run only grows.
            street.settle(&host).await;
        }
        // Every fourth dies while it still clears up after its predecessors.
        if kill % 4 != 0 {
            street.ask(5).await;
        }
        let (began, mut asked) = (Instant::now(), Instant::now());
        while began.elapsed() < instant {
            if kill % 4 != 0 && asked.elapsed() > FLOW {
                street.ask(1).await;
                asked = Instant::now();
            }
            street.let_meta_repeat().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        host.process.kill();
    }
    let host = street.start();
    street.settle(&host).await;
    let ledger = Ledger::close(&street, &host, 0).await;
    assert!(ledger.sent > 0);
    println!(
        "{kills} kills at random: {} sent, {} unknown",
        ledger.sent, ledger.unknown
    );
}

/// The answer to a send is lost, and then the host too: one send, one settled state.
pub(crate) async fn a_lost_answer_and_a_lost_host_are_one_send(database_url: Option<String>) {
    let mut street = Street::build(2, STREET, database_url).await;
    let mut host = street.start();
    street.ask(1).await;
    street.settle(&host).await;
    let before = street.accepted().await.len();
    // Meta's word on the message is held back until the host has come back without it.
    street
        .faults(json!({ "drop_answer_next": 1, "pause_webhooks": true }))
        .await;
    let to = street.said[0].0.clone();
    let body = json!({ "to": to, "purpose": "reply", "content": { "type": "text", "body": "¿Sigues ahí?" } });
    let proposed = host
        .api
        .propose("lost", body.clone())
        .await
        .expect("accepted");
    let id = proposed["message"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    until("Meta has the message", async || {
        street.accepted().await.len() == before + 1
    })
    .await;
    host.process.kill();

    let host = street.start();
    let path = format!("/v1/messages/{id}");
    until("the new host says that it does not know", async || {
        host.api.get(&path).await.expect("the message")["state"] == "unknown"
    })
    .await;
    // The caller may ask again with the same key: it is the same message.
    let again = host.api.propose("lost", body).await.expect("accepted");
    assert_eq!(again["message"]["id"], *id);
    assert_eq!(
        street.accepted().await.len(),
        before + 1,
        "unknown is not sent again"
    );
    street.faults(json!({ "pause_webhooks": false })).await;
    street.settle(&host).await;
    let message = host.api.get(&path).await.expect("the message");
    assert_eq!(message["state"], "sent", "{message}");
    assert_eq!(message["status"], "read", "{message}");
    assert_eq!(street.accepted().await.len(), before + 1, "one send");
    let ledger = Ledger::close(&street, &host, 1).await;
    assert_eq!(ledger.unknown, 0);
}

/// What the other tests rely on: a message that left without the host is found out.
pub(crate) async fn the_ledger_finds_what_was_sent_twice(database_url: Option<String>) {
    let mut street = Street::build(4, STREET, database_url).await;
    let host = street.start();
    street.ask(1).await;
    street.settle(&host).await;
    Ledger::close(&street, &host, 0).await;
    let wamid = street.send_without_the_host(&street.said[0].0).await;
    street.settle(&host).await;
    let read = Ledger::read(&street, &host, 0).await;
    let found = read.err().expect("the second send is found out");
    assert!(
        found.contains("accepted and not known") && found.contains(&wamid),
        "{found}"
    );
}

/// Two hosts share one Postgres; one dies with work in hand, the other finishes it.
pub(crate) async fn of_two_hosts_on_one_database_the_other_finishes(database_url: String) {
    let mut street = Street::build(3, STREET, Some(database_url)).await;
    let survivor = street.host("second");
    for point in [
        Point::AfterEventClaim,
        Point::BeforeAttemptCommit,
        Point::AfterAnswer,
    ] {
        // Webhooks lead to the doomed one: whoever receives is woken first, so it surely gets there
        // although the other takes from the same queue.
        let crash_at = format!("{}:1", point.as_str());
        if let Some(mut doomed) = street.doomed("first", &crash_at) {
            street.lead_to(&[&doomed]);
            die(&mut street, &mut doomed, &crash_at).await;
        }
        street.lead_to(&[&survivor]);
        street.ask(4).await;
        street.settle(&survivor).await;
    }
    Ledger::close(&street, &survivor, 0).await;
}

/// Waits for a state, with a deadline.
pub(crate) async fn until(what: &str, state: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !state().await {
        assert!(began.elapsed() < PATIENCE, "in vain: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

/// An evenly spread number from the seed.
fn below(chance: &Ids, limit: u64) -> u64 {
    let mut bytes = [0_u8; 8];
    chance.random(&mut bytes);
    u64::from_le_bytes(bytes) % limit
}

fn setting<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}
