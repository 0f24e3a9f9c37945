//! Cases 35, 36 and 49 to 52: pacing, the cap per person, the United States.

use serde_json::{Value, json};

use super::*;

fn promo() -> Value {
    template("promo_simple", "es", json!([]))
}

fn paced() -> WorldConfig {
    let mut config = config();
    config.rules.pacing_threshold = 3;
    config.wabas[0].templates.push(json!({
        "name": "nueva", "language": "es", "category": "MARKETING", "paced": true,
        "components": [{"type": "BODY", "text": "Algo nuevo"}],
    }));
    config
}

/// Sends the new template to so many people; gives wamid and `message_status`.
async fn campaign(rig: &Rig, count: usize) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for n in 0..count {
        let who = format!("5731{n:08}");
        rig.sim("/people", json!({"name": "P", "wa_id": who})).await;
        let content = template("nueva", "es", json!([]));
        let (status, answer) = rig.post(message(&who, content)).await;
        assert_eq!(status, 200, "{answer}");
        let state = answer["messages"][0]["message_status"].as_str().unwrap();
        out.push((wamid(&answer), state.to_owned()));
    }
    rig.pass(60_000).await;
    out
}

#[tokio::test]
async fn case_35_after_the_threshold_messages_are_held_until_the_decision() {
    let rig = Rig::with(paced()).await;
    let sent = campaign(&rig, 5).await;
    let states: Vec<&str> = sent.iter().map(|(_, state)| state.as_str()).collect();
    let held = "held_for_quality_assessment";
    assert_eq!(states, ["accepted", "accepted", "accepted", held, held]);
    assert_eq!(
        rig.statuses(&sent[2].0).await,
        ["sent", "delivered", "read"]
    );
    assert!(rig.statuses(&sent[3].0).await.is_empty());
    assert!(rig.sim.idle().idle, "what is held is not under way");
    rig.pass(30 * 60_000).await;
    rig.pass(60_000).await;
    assert_eq!(
        rig.statuses(&sent[3].0).await,
        ["sent", "delivered", "read"]
    );
    assert_eq!(
        rig.statuses(&sent[4].0).await,
        ["sent", "delivered", "read"]
    );
    let path = format!("/templates/{WABA}/nueva/es");
    assert_eq!(rig.sim(&path, Value::Null).await["paced"], false);
}

#[tokio::test]
async fn case_35_a_bad_signal_fails_what_is_held() {
    let rig = Rig::with(paced()).await;
    let sent = campaign(&rig, 5).await;
    let path = format!("/templates/{WABA}/nueva/es");
    rig.sim(&path, json!({"quality": "RED"})).await;
    assert_eq!(rig.statuses(&sent[3].0).await, ["failed 132015"]);
    assert_eq!(rig.statuses(&sent[4].0).await, ["failed 132015"]);
    let told = rig.told_on("message_template_status_update");
    assert_eq!(told[0]["event"], "PAUSED");
    assert_eq!(told[0]["other_info"]["title"], "RATE_LIMITING_PAUSE");
    assert_eq!(rig.told_on("message_template_quality_update").len(), 1);
}

#[tokio::test]
async fn case_36_what_pacing_paused_stays_paused_until_it_is_unpaused() {
    let rig = Rig::with(paced()).await;
    campaign(&rig, 4).await;
    let path = format!("/templates/{WABA}/nueva/es");
    rig.sim(&path, json!({"pacing": "bad"})).await;
    rig.pass(100 * HOUR).await;
    let shown = rig.sim(&path, Value::Null).await;
    assert_eq!(shown["status"], "PAUSED");
    let id = shown["id"].as_str().unwrap();
    let unpause = format!("/v25.0/{id}/unpause");
    let (status, _) = rig.call("POST", &unpause, Some("token"), json!({})).await;
    assert_eq!(status, 200);
    let shown = rig.sim(&path, Value::Null).await;
    assert_eq!(shown["status"], "APPROVED");
    assert_eq!(
        shown["paced"], true,
        "an unpaused template is watched again"
    );
}

#[tokio::test]
async fn a_template_that_the_business_wrote_is_paced_once_it_is_approved() {
    let rig = Rig::new().await;
    let path = format!("/v25.0/{WABA}/message_templates");
    let body = json!({"name": "propia", "language": "es", "category": "MARKETING",
        "components": [{"type": "BODY", "text": "Oferta de la semana en la tienda"}]});
    let (status, answer) = rig.call("POST", &path, Some("token"), body).await;
    assert_eq!(status, 200, "{answer}");
    rig.pass(120_000).await;
    let shown = rig
        .sim(&format!("/templates/{WABA}/propia/es"), Value::Null)
        .await;
    assert_eq!(shown["paced"], true);
}

#[tokio::test]
async fn case_49_not_interested_lowers_the_cap_and_tells_nothing() {
    let rig = Rig::new().await;
    let path = format!("/people/{ANA}/interest");
    rig.sim(&path, json!({"value": "less"})).await;
    assert!(rig.told().is_empty());
    assert_eq!(rig.fate(ANA, promo()).await[0], "sent");
    assert_eq!(rig.fate(ANA, promo()).await, ["failed 131049"]);
    rig.sim(&path, json!({"value": "more"})).await;
    assert_eq!(rig.fate(ANA, promo()).await[0], "sent");
}

#[tokio::test]
async fn case_50_the_third_marketing_message_of_a_day_is_131049_outside_the_window() {
    let rig = Rig::new().await;
    assert_eq!(rig.fate(ANA, promo()).await[0], "sent");
    assert_eq!(rig.fate(ANA, cart()).await[0], "sent");
    assert_eq!(rig.fate(ANA, promo()).await, ["failed 131049"]);
    assert_eq!(rig.fate(ANA, utility()).await[0], "sent");
    rig.say(ANA, "hola").await;
    assert_eq!(rig.fate(ANA, promo()).await[0], "sent", "inside the window");
    rig.pass(24 * HOUR).await;
    assert_eq!(rig.fate(ANA, promo()).await[0], "sent", "a day later");
}

#[tokio::test]
async fn case_51_three_more_tries_shut_the_person_off_for_another_day() {
    let rig = Rig::new().await;
    for _ in 0..2 {
        assert_eq!(rig.fate(ANA, promo()).await[0], "sent");
    }
    rig.pass(20 * HOUR).await;
    for _ in 0..4 {
        assert_eq!(rig.fate(ANA, promo()).await, ["failed 131049"]);
    }
    // The cap alone would be free again.
    rig.pass(5 * HOUR).await;
    assert_eq!(rig.fate(ANA, promo()).await, ["failed 131049"]);
    rig.pass(24 * HOUR).await;
    assert_eq!(rig.fate(ANA, promo()).await[0], "sent");
}

#[tokio::test]
async fn case_52_no_marketing_to_the_united_states() {
    let rig = Rig::new().await;
    for (who, us) in [
        ("12125550123", true),
        ("18095550123", false),
        ("14165550123", false),
    ] {
        rig.sim("/people", json!({"name": "P", "wa_id": who})).await;
        let fate = rig.fate(who, promo()).await;
        assert_eq!(fate[0] == "failed 131049", us, "{who}: {fate:?}");
        assert_eq!(rig.fate(who, utility()).await[0], "sent");
    }
    let mut config = config();
    config.rules.us_marketing = true;
    let rig = Rig::with(config).await;
    rig.sim("/people", json!({"name": "P", "wa_id": "12125550123"}))
        .await;
    assert_eq!(rig.fate("12125550123", promo()).await[0], "sent");
}

#[tokio::test]
async fn case_57_blocks_and_reports_make_quality_fall_and_no_limit() {
    let mut config = config();
    config.rules.red_is_restricted = true;
    config.wabas[0].numbers[0].mps = 10_000;
    let rig = Rig::with(config).await;
    let who = |n: usize| format!("5731{n:08}");
    for n in 0..100 {
        rig.sim("/people", json!({"name": "P", "wa_id": who(n)}))
            .await;
        rig.post(message(&who(n), promo())).await;
    }
    rig.pass(60_000).await;
    let block = json!({"number": PN1});
    rig.sim(&format!("/people/{}/block", who(0)), block.clone())
        .await;
    let number = format!("/{PN1}?fields=quality_rating,whatsapp_business_manager_messaging_limit");
    assert_eq!(rig.get(&number).await.1["quality_rating"], "YELLOW");
    assert!(rig.told_on("phone_number_quality_update").is_empty());
    rig.sim(&format!("/people/{}/report", who(1)), block.clone())
        .await;
    rig.sim(&format!("/people/{}/report", who(2)), block).await;
    rig.sim.settle().await;
    let (_, read) = rig.get(&number).await;
    assert_eq!(read["quality_rating"], "RED");
    assert_eq!(
        read["whatsapp_business_manager_messaging_limit"],
        "TIER_UNLIMITED"
    );
    assert_eq!(
        rig.told_on("phone_number_quality_update")[0]["event"],
        "FLAGGED"
    );
    let template = rig
        .sim(&format!("/templates/{WABA}/promo_simple/es"), Value::Null)
        .await;
    assert_eq!(template["status"], "PAUSED", "the template pays too");
    let qualities: Vec<Value> = rig.told_on("message_template_quality_update");
    assert_eq!(qualities[0]["new_quality_score"], "YELLOW");
    assert_eq!(qualities[1]["new_quality_score"], "RED");
    let (_, answer) = rig.post(message(ANA, utility())).await;
    assert_eq!(code(&answer), 131_048);
    rig.pass(3 * HOUR).await;
    let template = rig
        .sim(&format!("/templates/{WABA}/promo_simple/es"), Value::Null)
        .await;
    assert_eq!(template["status"], "APPROVED", "after three hours");
}
