//! A segmentation plugin that dies over one of very many.

use portero_domain::address::AddressKey;
use portero_domain::ids::{ContactId, TenantId};
use portero_store::model::BulkPerson;
use serde_json::{Value, json};

use crate::harness::{self, Env};

/// The tests of this file.
pub(crate) const TESTS: &[harness::Test] = &[harness::test!(
    segments_many::a_plugin_that_dies_over_the_seventy_thousandth_loses_nobody_else
)];

const PEOPLE: usize = 75_000;
const TRAP: usize = 70_000;
/// People per transaction.
const CHUNK: usize = 5_000;

fn address(n: usize) -> String {
    format!("5730061{n:05}")
}

/// Many regulars of the shop; whoever comes as the 70,000th kills the plugin.
async fn people(env: &Env) {
    let ctx = &env.stage.host.ctx;
    let tenant: TenantId = env.sol().id.parse().unwrap();
    let now = ctx.now();
    let known = env.sol().shop.people.len();
    for chunk in (known..PEOPLE).collect::<Vec<_>>().chunks(CHUNK) {
        let people: Vec<BulkPerson> = chunk
            .iter()
            .map(|n| BulkPerson {
                contact: ContactId::new(&*ctx.ids, now),
                address: AddressKey::parse(&address(*n)).unwrap(),
                new: true,
                name: None,
                language: Some("es".to_owned()),
                country: Some("CO".to_owned()),
                attributes: Vec::new(),
                tags: if n + 1 == TRAP {
                    vec!["regular".to_owned(), "trap".to_owned()]
                } else {
                    vec!["regular".to_owned()]
                },
            })
            .collect();
        let mut tx = ctx.store.write().await.unwrap();
        tx.tenant(tenant).put_people(&people, now).await.unwrap();
        tx.commit().await.unwrap();
    }
    env.settle().await;
}

async fn plugin(env: &Env) -> Value {
    env.settle().await;
    env.sol().api.get("/v1/segments").await.unwrap()[0].clone()
}

fn members(plugin: &Value) -> u64 {
    plugin["segments"][0]["members"].as_u64().unwrap()
}

async fn retag(env: &Env, n: usize, body: Value) -> String {
    let path = format!("/v1/contacts/{}", address(n));
    let person = env.sol().api.put(&path, body).await.unwrap();
    env.settle().await;
    person["id"].as_str().unwrap().to_owned()
}

/// Since when somebody belongs to the segment, if they do.
async fn since(env: &Env, id: &str) -> Option<(i64, String)> {
    let ctx = &env.stage.host.ctx;
    let tenant: TenantId = env.sol().id.parse().unwrap();
    let mut tx = ctx.store.read().await.unwrap();
    let all = tx
        .tenant(tenant)
        .memberships(id.parse().unwrap())
        .await
        .unwrap();
    all.into_iter().next().map(|m| (m.since_at.0, m.reason))
}

pub(crate) async fn a_plugin_that_dies_over_the_seventy_thousandth_loses_nobody_else(env: Env) {
    let sol = env.sol();
    let all = u64::try_from(PEOPLE - sol.shop.people.len()).unwrap();
    people(&env).await;
    let guest = std::fs::read(env!("PORTERO_GUEST_SEGMENTS")).unwrap();
    crate::segments::install(&env, &guest, &["contacts.read"], json!({})).await;
    // Everybody was looked at, before and after the one it died over, who is counted and named.
    let first = plugin(&env).await;
    assert_eq!(first["run"]["state"], "done", "{first}");
    assert_eq!(first["run"]["done"], PEOPLE, "{first}");
    assert_eq!(first["run"]["faults"], 1, "{first}");
    assert_eq!(first["stuck"], 1, "{first}");
    let fault = first["last_fault"].as_str().unwrap();
    assert!(fault.starts_with("trap"), "{fault}");
    // (One of the shop's people wrote this week.)
    let others = members(&first) - (all - 1);
    assert!(others <= 5, "{first}");
    // The host serves on.
    env.says(sol, 2, "hola").await;
    let answer = &env.messages(sol, 2).await[0];
    assert_eq!(answer["state"], "sent", "{answer}");
    let stuck = retag(&env, TRAP - 1, json!({ "untag": ["trap"] })).await;
    assert_eq!(first["stuck_people"][0]["contact"], stuck.as_str());
    let mended = plugin(&env).await;
    assert_eq!(mended["stuck"], 0, "{mended}");
    let was = since(&env, &stuck).await;
    assert!(was.is_some(), "looked at, they belong");
    // It dies over them again: where they belonged they stay, and whoever changed meanwhile moves.
    env.jump(portero_domain::clock::Millis::minutes(5)).await;
    let body = json!({ "tags": ["trap"], "untag": ["regular"] });
    retag(&env, TRAP - 1, body).await;
    let left = retag(&env, TRAP, json!({ "untag": ["regular"] })).await;
    sol.api
        .post("/v1/segments/rebuild", json!({}))
        .await
        .unwrap();
    let again = plugin(&env).await;
    assert_eq!(again["run"]["state"], "done", "{again}");
    assert_eq!(again["run"]["why"], "command", "{again}");
    assert_eq!(again["run"]["done"], PEOPLE, "{again}");
    assert_eq!(again["run"]["faults"], 1, "{again}");
    assert_eq!(since(&env, &stuck).await, was, "the old membership stands");
    assert_eq!(since(&env, &left).await, None);
    // So many are counted anew after a pass, not at each change: who it had died over and who wrote came, one left.
    assert_eq!(members(&again), members(&first) + 2 - 1, "{again}");
    assert_eq!(again["stuck"], 1, "{again}");
    env.end().await;
}
