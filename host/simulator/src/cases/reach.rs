//! Cases 58 to 61 and 66: the messaging limit of a portfolio and the throughput of a number.

use serde_json::{Value, json};

use super::*;

fn limited(limit: &str) -> WorldConfig {
    let mut config = config();
    config.portfolios = vec![crate::PortfolioConfig {
        id: "501".to_owned(),
        limit: limit.to_owned(),
        verified: false,
    }];
    config.wabas[0].numbers[0].mps = 10_000;
    config.wabas[0].numbers[1].mps = 10_000;
    config.people = (0..2_300)
        .map(|n| {
            serde_json::from_value(json!({"name": "P", "wa_id": format!("5731{n:08}")})).unwrap()
        })
        .collect();
    config
}

fn person(n: usize) -> String {
    format!("5731{n:08}")
}

async fn write_to(rig: &Rig, number: &str, range: std::ops::Range<usize>) -> Vec<String> {
    let mut out = Vec::new();
    for n in range {
        let (status, answer) = rig.post_from(number, message(&person(n), utility())).await;
        assert_eq!(status, 200, "{answer}");
        out.push(wamid(&answer));
    }
    rig.pass(60_000).await;
    out
}

#[tokio::test]
async fn case_58_the_251st_person_of_a_day_is_131048_and_open_windows_do_not_count() {
    let rig = Rig::with(limited("TIER_250")).await;
    let sent = write_to(&rig, PN1, 0..251).await;
    assert_eq!(
        rig.statuses(&sent[249]).await,
        ["sent", "delivered", "read"]
    );
    assert_eq!(rig.statuses(&sent[250]).await, ["failed 131048"]);
    assert_eq!(
        rig.fate(&person(3), utility()).await,
        ["sent", "delivered", "read"],
        "who is counted already still gets messages"
    );
    rig.say(&person(300), "hola").await;
    assert_eq!(rig.fate(&person(300), utility()).await[0], "sent");
    assert_eq!(rig.fate(&person(301), utility()).await, ["failed 131048"]);
    let used = rig.sim("/portfolios/501", Value::Null).await;
    assert_eq!(used["people_of_24_hours"], 250);
    // The day moves on: the first ones are a day old, the one of later is not.
    rig.pass(24 * HOUR - 30_000).await;
    assert_eq!(rig.fate(&person(302), utility()).await[0], "sent");
    let (_, number) = rig
        .get(&format!(
            "/{PN1}?fields=whatsapp_business_manager_messaging_limit"
        ))
        .await;
    assert_eq!(
        number["whatsapp_business_manager_messaging_limit"],
        "TIER_250"
    );
}

#[tokio::test]
async fn case_58_may_be_told_at_once() {
    let mut config = limited("TIER_250");
    config.rules.limit_check_sync = true;
    let rig = Rig::with(config).await;
    write_to(&rig, PN1, 0..250).await;
    let (status, answer) = rig.post(message(&person(250), utility())).await;
    assert_eq!((status, code(&answer)), (400, 131_048));
}

#[tokio::test]
async fn case_59_two_numbers_of_a_portfolio_share_the_limit() {
    let rig = Rig::with(limited("TIER_250")).await;
    write_to(&rig, PN1, 0..200).await;
    let sent = write_to(&rig, PN2, 200..251).await;
    assert_eq!(rig.statuses(&sent[49]).await[0], "sent");
    assert_eq!(rig.statuses(&sent[50]).await, ["failed 131048"]);
}

#[tokio::test]
async fn case_60_half_of_the_limit_used_lifts_it_within_six_hours() {
    let rig = Rig::with(limited("TIER_2K")).await;
    write_to(&rig, PN1, 0..999).await;
    rig.pass(6 * HOUR).await;
    assert!(rig.told_on("business_capability_update").is_empty());
    write_to(&rig, PN1, 999..1_000).await;
    rig.pass(6 * HOUR - 61_000).await;
    assert!(rig.told_on("business_capability_update").is_empty());
    rig.pass(1_000).await;
    let told = rig.told_on("business_capability_update");
    assert_eq!(told.len(), 1, "one account has the portfolio");
    assert_eq!(told[0]["max_daily_conversations_per_business"], "TIER_10K");
}

#[tokio::test]
async fn case_61_verification_gives_2k_and_low_quality_defers_it() {
    let rig = Rig::with(limited("TIER_250")).await;
    rig.sim("/portfolios/501", json!({"verified": true})).await;
    rig.sim.settle().await;
    let told = rig.told_on("business_capability_update");
    assert_eq!(told[0]["max_daily_conversations_per_business"], "TIER_2K");

    let rig = Rig::with(limited("TIER_250")).await;
    rig.sim(&format!("/numbers/{PN2}"), json!({"quality": "YELLOW"}))
        .await;
    rig.sim("/portfolios/501", json!({"verified": true})).await;
    rig.sim.settle().await;
    assert!(rig.told_on("business_capability_update").is_empty());
    let told = rig.told_on("account_alerts");
    assert_eq!(told[0]["entity_id"], "501");
    assert_eq!(
        told[0]["alert_info"]["alert_type"],
        "INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED"
    );
    let (status, _) = rig
        .sim_raw("/portfolios/501", json!({"limit": "TIER_7"}))
        .await;
    assert_eq!(status, 422);
    let (status, _) = rig
        .sim_raw("/portfolios/599", json!({"limit": "TIER_2K"}))
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn case_66_a_higher_throughput_costs_a_minute_of_131057() {
    let rig = Rig::new().await;
    rig.sim(&format!("/numbers/{PN1}"), json!({"mps": 1_000}))
        .await;
    let (status, answer) = rig.post(message(ANA, utility())).await;
    assert_eq!((status, code(&answer)), (500, 131_057));
    let (status, _) = rig.post_from(PN2, message(ANA, utility())).await;
    assert_eq!(status, 200, "another number is not concerned");
    rig.pass(60_000).await;
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
    let told = rig.told_on("phone_number_quality_update");
    assert_eq!(told[0]["event"], "THROUGHPUT_UPGRADE");
    let (_, number) = rig.get(&format!("/{PN1}?fields=throughput")).await;
    assert_eq!(number["throughput"]["level"], "HIGH");
}
