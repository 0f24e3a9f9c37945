//! Campaigns whose hosts are killed, and two hosts running one: everybody gets it, nobody twice.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use portero::clock::{Ids, SystemClock};
use portero_domain::clock::{Clock as _, Millis, Ts};
use portero_domain::ids::IdSource as _;
use serde_json::{Value, json};

use crate::binary::{LOOK, PATIENCE};
use crate::crash::until;
use crate::street::{Host, Street, pages, phone};

const PEOPLE: usize = 300;
const KILLS: usize = 6;
/// What a host sends at the same time at most (`SLOTS` in `flow/src/context.rs`).
const ON_THE_WIRE: usize = 64;

/// `kill -9` while the campaign takes its turns and sends: everybody gets it, nobody twice.
pub(crate) async fn killed_in_the_middle_it_reaches_nobody_twice(database_url: Option<String>) {
    let mut street = Street::build(6, PEOPLE, database_url).await;
    let mut host = street.start();
    let path = launched(&host).await;
    let chance = Ids::seeded(20_261_122);
    for _ in 0..KILLS {
        let mut byte = [0_u8; 1];
        chance.random(&mut byte);
        tokio::time::sleep(Duration::from_millis(u64::from(byte[0]) * 2)).await;
        host.process.kill();
        host = street.start();
        adds_up(&host.api.get(&path).await.expect("the campaign"));
    }
    everybody_once(&street, &host, &path, KILLS).await;
    street.said.clear();
}

/// Two hosts on one Postgres run it together; one pauses it for both, one dies, the other finishes.
pub(crate) async fn two_hosts_run_it_together(database_url: String) {
    let mut street = Street::build(8, PEOPLE, Some(database_url)).await;
    let mut first = street.start();
    let second = street.host("second");
    street.lead_to(&[&first, &second]);
    let path = launched(&first).await;
    until("messages leave", async || {
        street.accepted().await.len() > 40
    })
    .await;
    let paused = second
        .api
        .post(&format!("{path}/pause"), json!({ "reason": "a look" }))
        .await
        .expect("paused by the other host");
    assert_eq!(paused["state"], "paused", "{paused}");
    // What was on the wire comes home; then nothing moves, whichever host is asked.
    until("nothing is on the wire", async || {
        let view = first.api.get(&path).await.expect("the campaign");
        view["progress"]["counts"]["attempting"] == Value::Null
    })
    .await;
    let then = street.accepted().await.len();
    assert!(then < PEOPLE, "paused too late to prove anything");
    for _ in 0..20 {
        let view = first.api.get(&path).await.expect("the campaign");
        assert_eq!(view["state"], "paused", "{view}");
        adds_up(&view);
        tokio::time::sleep(LOOK).await;
    }
    assert_eq!(street.accepted().await.len(), then, "a paused one sends");
    first
        .api
        .post(&format!("{path}/resume"), json!({}))
        .await
        .expect("resumed by the first");
    until("it goes on", async || {
        street.accepted().await.len() > then + 20
    })
    .await;
    first.process.kill();
    street.lead_to(&[&second]);
    everybody_once(&street, &second, &path, 1).await;
    street.said.clear();
}

/// What pause and stop promise: no attempt begins later than this after they were answered.
const AT_REST_WITHIN: Millis = Millis::secs(2);

/// A campaign at the rate of a number that takes a thousand a second, so only the host holds it: paused and stopped
/// in the middle, no attempt begins two seconds later, by the attempts' own times; resumed it ends.
pub(crate) async fn pause_and_stop_hold_under_load(database_url: Option<String>) {
    let mut street = Street::at_rate(10, 2 * PEOPLE, database_url, 1_000).await;
    let host = street.start();
    let path = launched_to(&host, 0..PEOPLE, "first").await;
    until("messages leave", async || {
        street.accepted().await.len() > 40
    })
    .await;
    let reason = json!({ "reason": "a look" });
    let paused = host.api.post(&format!("{path}/pause"), reason).await;
    let answered = SystemClock.now();
    assert_eq!(paused.expect("paused")["state"], "paused");
    rests(&host, &path, "paused", answered).await;
    let resumed = SystemClock.now();
    assert!(began(&host, &path).await.len() < PEOPLE, "paused too late");
    host.api
        .post(&format!("{path}/resume"), json!({}))
        .await
        .expect("resumed");
    everybody_once(&street, &host, &path, 0).await;
    let began_at = began(&host, &path).await;
    assert_eq!(began_at.len(), PEOPLE);
    let late = |at: &&Ts| **at > answered + AT_REST_WITHIN && **at < resumed;
    assert_eq!(began_at.iter().find(late), None, "answered at {answered:?}");
    assert!(began_at.iter().any(|at| *at >= resumed), "it went on");

    let before = street.accepted().await.len();
    let path = launched_to(&host, PEOPLE..2 * PEOPLE, "second").await;
    until("messages leave", async || {
        street.accepted().await.len() > before + 40
    })
    .await;
    let reason = json!({ "reason": "wrong price" });
    let stopped = host.api.post(&format!("{path}/stop"), reason).await;
    let answered = SystemClock.now();
    assert_eq!(stopped.expect("stopped")["state"], "stopped");
    rests(&host, &path, "stopped", answered).await;
    let began_at = began(&host, &path).await;
    let late = |at: &&Ts| **at > answered + AT_REST_WITHIN;
    assert_eq!(began_at.iter().find(late), None, "answered at {answered:?}");
    let view = host.api.get(&path).await.expect("the campaign");
    let taken_back = count(&view, "cancelled") + count(&view, "withdrawn");
    assert!(taken_back > 0, "stopped too late: {view}");
    assert_eq!(
        count(&view, "sent") + count(&view, "unknown") + taken_back,
        PEOPLE,
        "everybody is at an end: {view}"
    );
    assert_eq!(street.accepted().await.len(), before + count(&view, "sent"));
    street.said.clear();
}

/// Looks on until well after the promise, and until nothing is on the wire.
async fn rests(host: &Host, path: &str, state: &str, answered: Ts) {
    until("the promise can be broken no more", async || {
        let view = host.api.get(path).await.expect("the campaign");
        assert_eq!(view["state"], state, "{view}");
        adds_up(&view);
        let over = SystemClock.now() > answered + AT_REST_WITHIN + Millis::secs(1);
        over && view["progress"]["counts"]["attempting"] == Value::Null
    })
    .await;
}

/// When the attempts to the people of a campaign began.
async fn began(host: &Host, path: &str) -> Vec<Ts> {
    pages(&host.api, &format!("{path}/people"))
        .await
        .iter()
        .filter_map(|person| person["begun_at"].as_str())
        .map(|at| Ts::parse_rfc3339(at).expect("an instant"))
        .collect()
}

/// Everybody agreed to offers; the campaign to all of them is planned, approved and started.
async fn launched(host: &Host) -> String {
    launched_to(host, 0..PEOPLE, "all").await
}

/// The same to some people, who have a tag of their own.
async fn launched_to(host: &Host, people: Range<usize>, tag: &str) -> String {
    host.api
        .post("/v1/templates/sync", json!({}))
        .await
        .expect("templates");
    for n in people {
        let address = phone(n);
        let contact = json!({ "address": address, "language": "es" });
        host.api.put("/v1/contacts", contact).await.expect("put");
        let tags = json!({ "tags": [tag] });
        let path = format!("/v1/contacts/{address}");
        host.api.put(&path, tags).await.expect("tagged");
        let consent = json!({ "event": "granted", "topic": "ofertas", "wording_text": "Sí, quiero ofertas de la tienda por WhatsApp", "evidence": "form",
                              "promise": { "max": 9, "per": "week" } });
        host.api
            .post(&format!("/v1/contacts/{address}/consent"), consent)
            .await
            .expect("consent");
    }
    let body = json!({ "name": "Semana", "template": "promo_semana", "language": "es", "topic": "ofertas",
                       "why": "agreed to offers", "audience": { "who": "tag", "tag": tag } });
    let made = host.api.post("/v1/campaigns", body).await.expect("made");
    let path = format!("/v1/campaigns/{}", made["id"].as_str().expect("an id"));
    let plan = host.api.post(&format!("{path}/plan"), json!({})).await;
    let plan = plan.expect("planned");
    assert_eq!(plan["people"], PEOPLE);
    assert_eq!(plan["now"], PEOPLE, "{plan}");
    let hash = json!({ "plan_hash": plan["hash"] });
    host.api
        .post(&format!("{path}/approve"), hash)
        .await
        .expect("approved");
    host.api
        .post(&format!("{path}/run"), json!({}))
        .await
        .expect("runs");
    path
}

/// At its end everybody is in one place: what Meta took is sent and took place once; what died on
/// the wire is called unknown and is not sent again, because nobody can tell whether it arrived.
async fn everybody_once(street: &Street, host: &Host, path: &str, kills: usize) {
    at_rest(street, host, path).await;
    // The statuses of what Meta took before a host died tell the next host that it did.
    until("what Meta took is known", async || {
        street.let_meta_repeat().await;
        let view = host.api.get(path).await.expect("the campaign");
        adds_up(&view);
        count(&view, "sent") == street.accepted().await.len()
    })
    .await;
    let view = host.api.get(path).await.expect("the campaign");
    let (sent, unknown) = (count(&view, "sent"), count(&view, "unknown"));
    assert_eq!(sent + unknown, PEOPLE, "{view}");
    assert!(unknown <= kills * ON_THE_WIRE, "{view}");
    let mut reached: BTreeMap<String, usize> = BTreeMap::new();
    for message in street.accepted().await {
        let to = message["wa_id"].as_str();
        let to = to.unwrap_or_else(|| panic!("an address in {message}"));
        *reached.entry(to.to_owned()).or_default() += 1;
    }
    let twice: Vec<_> = reached.iter().filter(|(_, n)| **n > 1).collect();
    assert!(twice.is_empty(), "written to twice: {twice:?}");
    assert_eq!(reached.len(), sent);
}

fn count(view: &Value, state: &str) -> usize {
    let count = view["progress"]["counts"][state].as_u64().unwrap_or(0);
    usize::try_from(count).expect("a count")
}

fn adds_up(view: &Value) {
    let sum: u64 = view["progress"]["counts"]
        .as_object()
        .expect("counts")
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(usize::try_from(sum).ok(), Some(PEOPLE), "{view}");
}

/// Until it is through: nothing of it waits for its turn, its number, a retry or an answer.
async fn at_rest(street: &Street, host: &Host, path: &str) {
    let began = Instant::now();
    loop {
        street.let_meta_repeat().await;
        let view = host.api.get(path).await.expect("the campaign");
        if view["state"] == "done" {
            return;
        }
        if began.elapsed() > PATIENCE {
            let waiting = host.api.get("/v1/messages?state=deferred&limit=5").await;
            panic!(
                "it does not come to rest: {view}\n{waiting:?}\n{}",
                host.process.errors()
            );
        }
        tokio::time::sleep(LOOK).await;
    }
}
