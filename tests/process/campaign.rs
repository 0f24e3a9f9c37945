//! A campaign whose host is killed again and again: everybody is in one place, nobody gets it twice.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use portero::clock::Ids;
use portero_domain::ids::IdSource as _;
use serde_json::{Value, json};

use crate::binary::{LOOK, PATIENCE};
use crate::street::{Host, Street, phone};

const PEOPLE: usize = 300;
const KILLS: usize = 6;

/// `kill -9` while the campaign takes its turns and sends.
///
/// Whether messages leave depends on the hour (the shop's hours are real here); that the counts add
/// up and nobody is written to twice does not.
pub(crate) async fn killed_in_the_middle_it_reaches_nobody_twice(database_url: Option<String>) {
    let mut street = Street::build(6, PEOPLE, database_url).await;
    let mut host = street.start();
    host.api
        .post("/v1/templates/sync", json!({}))
        .await
        .expect("templates");
    for n in 0..PEOPLE {
        let address = phone(n);
        let contact = json!({ "address": address, "language": "es" });
        host.api.put("/v1/contacts", contact).await.expect("put");
        let consent = json!({ "event": "granted", "topic": "ofertas", "evidence": "form",
                              "promise": { "max": 9, "per": "week" } });
        host.api
            .post(&format!("/v1/contacts/{address}/consent"), consent)
            .await
            .expect("consent");
    }
    let body = json!({ "name": "Semana", "template": "promo_semana", "language": "es", "topic": "ofertas",
                       "why": "agreed to offers", "audience": { "who": "all" } });
    let made = host.api.post("/v1/campaigns", body).await.expect("made");
    let path = format!("/v1/campaigns/{}", made["id"].as_str().expect("an id"));
    let plan = host.api.post(&format!("{path}/plan"), json!({})).await;
    let plan = plan.expect("planned");
    assert_eq!(plan["people"], PEOPLE);
    let hash = json!({ "plan_hash": plan["hash"] });
    host.api
        .post(&format!("{path}/approve"), hash)
        .await
        .expect("approved");
    host.api
        .post(&format!("{path}/run"), json!({}))
        .await
        .expect("runs");
    let chance = Ids::seeded(20_261_122);
    for _ in 0..KILLS {
        let mut byte = [0_u8; 1];
        chance.random(&mut byte);
        tokio::time::sleep(Duration::from_millis(u64::from(byte[0]) * 2)).await;
        host.process.kill();
        host = street.start();
        adds_up(&host.api.get(&path).await.expect("the campaign"));
    }
    let view = at_rest(&street, &host, &path).await;
    adds_up(&view);
    assert_eq!(view["progress"]["counts"]["waiting"], Value::Null, "{view}");
    let mut reached: BTreeMap<String, usize> = BTreeMap::new();
    for message in street.accepted().await {
        let to = message["wa_id"].as_str();
        let to = to.unwrap_or_else(|| panic!("an address in {message}"));
        *reached.entry(to.to_owned()).or_default() += 1;
    }
    let twice: Vec<_> = reached.iter().filter(|(_, n)| **n > 1).collect();
    assert!(twice.is_empty(), "written to twice: {twice:?}");
    street.said.clear();
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

/// Until nothing of it waits for its turn, its number or an answer; what waits for an hour may wait.
async fn at_rest(street: &Street, host: &Host, path: &str) -> Value {
    let began = Instant::now();
    loop {
        street.let_meta_repeat().await;
        let view = host.api.get(path).await.expect("the campaign");
        let counts = &view["progress"]["counts"];
        let open: u64 = ["waiting", "queued", "attempting"]
            .iter()
            .filter_map(|state| counts[state].as_u64())
            .sum();
        let near = host
            .api
            .get("/v1/messages?state=deferred&limit=200")
            .await
            .expect("messages")["items"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|m| m["rule"] == "limits.throughput");
        if open == 0 && !near {
            return view;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "it does not come to rest: {view}\n{}",
            host.process.errors()
        );
        tokio::time::sleep(LOOK).await;
    }
}
