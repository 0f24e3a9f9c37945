//! Many messages: everything is told, and memory holds what it is told to hold.

use serde_json::{Value, json};

use super::*;

const MANY: usize = 20_000;

#[tokio::test]
async fn twenty_thousand_messages_are_all_told_and_few_are_kept() {
    let mut config = config();
    config.rules.messages_kept = 2_000;
    config.wabas[0].numbers[0].mps = 1_000_000;
    config.people = (0..1_000)
        .map(|n| {
            serde_json::from_value(json!({"name": "P", "wa_id": format!("5731{n:08}")})).unwrap()
        })
        .collect();
    let rig = Rig::with(config).await;
    rig.sim("/faults", json!({"batch": 1_000})).await;
    for round in 0..MANY / 1_000 {
        for n in 0..1_000 {
            let (status, answer) = rig.post(message(&format!("5731{n:08}"), utility())).await;
            assert_eq!(status, 200, "{round}: {answer}");
        }
        rig.pass(60_000).await;
    }
    let told: usize = rig
        .told()
        .iter()
        .map(|value| value["statuses"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(told, 3 * MANY, "sent, delivered and read of each");
    assert!(rig.sim.idle().queued == 0, "{:?}", rig.sim.idle());
    let all = rig.sim("/messages?limit=100000", Value::Null).await;
    assert_eq!(all["total"], MANY);
    assert_eq!(all["messages"].as_array().unwrap().len(), 2_000);
    let log = rig.sim("/requests?limit=100000", Value::Null).await;
    assert_eq!(log["requests"].as_array().unwrap().len(), 2_000);
    let world = rig.sim.world();
    assert_eq!(world.by_wamid.len(), 2_000);
    let in_chats: usize = world.threads.values().map(|t| t.messages.len()).sum();
    assert_eq!(in_chats, 2_000);
}
