//! Cases 91 to 95: what statuses say about money.

use serde_json::{Value, json};

use super::*;

async fn price(rig: &Rig, content: Value) -> (Value, Value) {
    let wamid = rig.send(ANA, content).await;
    rig.pass(10_000).await;
    let statuses: Vec<Value> = rig
        .told()
        .iter()
        .filter_map(|value| value.pointer("/statuses/0").cloned())
        .filter(|status| status["id"] == wamid && status.get("pricing").is_some())
        .collect();
    assert_eq!(statuses.len(), 2, "sent and delivered");
    assert_eq!(statuses[0]["pricing"], statuses[1]["pricing"]);
    let pricing = statuses[1]["pricing"].clone();
    assert_eq!(pricing["billable"], json!(pricing["type"] == "regular"));
    (pricing["type"].clone(), pricing["category"].clone())
}

#[tokio::test]
async fn case_91_without_a_payment_method_templates_fail_and_service_ends_with_the_free_ones() {
    let mut config = config();
    config.wabas[0].payment_method = false;
    config.free_service_messages = 2;
    let rig = Rig::with(config).await;
    assert_eq!(rig.fate(ANA, utility()).await, ["failed 131042"]);
    rig.say(ANA, "hola").await;
    for _ in 0..2 {
        assert_eq!(
            rig.fate(ANA, text("hola")).await,
            ["sent", "delivered", "read"]
        );
    }
    assert_eq!(rig.fate(ANA, text("hola")).await, ["failed 131042"]);
}

#[tokio::test]
async fn case_92_the_free_service_messages_are_per_number_and_month_of_the_account() {
    let mut config = config();
    config.free_service_messages = 2;
    config.wabas[0].timezone = "America/Mexico_City".into();
    let rig = Rig::with(config).await;
    let free = (json!("free_customer_service"), json!("service"));
    let paid = (json!("regular"), json!("service"));
    rig.say(ANA, "hola").await;
    assert_eq!(price(&rig, text("1")).await, free);
    assert_eq!(price(&rig, text("2")).await, free);
    assert_eq!(price(&rig, text("3")).await, paid);
    let say = json!({"number": PN2, "text": "hola"});
    rig.sim(&format!("/people/{ANA}/say"), say).await;
    rig.post_from(PN2, message(ANA, text("x"))).await;
    rig.pass(1_000).await;
    let last = rig.told().last().unwrap()["statuses"][0]["pricing"]["type"].clone();
    assert_eq!(
        last, "free_customer_service",
        "the other number has its own"
    );

    // Midnight of 1 December in Mexico City is 06:00 UTC.
    let december = 1_796_104_800_000_i64;
    rig.sim("/clock", json!({"now_at": december - 20_000}))
        .await;
    rig.say(ANA, "hola").await;
    assert_eq!(price(&rig, text("4")).await, paid);
    rig.pass(10_000).await;
    assert_eq!(price(&rig, text("5")).await, free);
}

#[tokio::test]
async fn case_93_utility_in_the_window_costs_since_october() {
    for (from, wanted) in [(i64::MAX, "free_customer_service"), (START, "regular")] {
        let mut config = config();
        config.service_charged_from_at = from;
        let rig = Rig::with(config).await;
        rig.say(ANA, "hola").await;
        assert_eq!(
            price(&rig, utility()).await,
            (json!(wanted), json!("utility"))
        );
        assert_eq!(
            price(&rig, cart()).await,
            (json!("regular"), json!("marketing"))
        );
        let service = price(&rig, text("hola")).await;
        assert_eq!(service, (json!("free_customer_service"), json!("service")));
    }
}

#[test]
fn the_date_of_the_rule_is_the_first_of_october_2026() {
    let at = portero_domain::clock::Ts::parse_rfc3339("2026-10-01T00:00:00Z").unwrap();
    assert_eq!(config().service_charged_from_at, at.ms());
}
