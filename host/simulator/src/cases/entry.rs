//! Cases 22, 25 to 27, 64, 73, 83, 88 and 95: ways into a chat and what they cost.

use serde_json::{Value, json};

use super::*;

async fn from_ad(rig: &Rig) {
    let body = json!({"number": PN1, "type": "text", "text": "Hola, vi su anuncio",
        "referral": {"source_type": "ad", "source_id": "120000001", "source_url": "https://fb.example/ad1"}});
    rig.sim(&format!("/people/{ANA}/say"), body).await;
}

/// `sent` of a message.
async fn priced(rig: &Rig, wamid: &str) -> Value {
    rig.sim.settle().await;
    rig.told()
        .iter()
        .flat_map(|value| value["statuses"].as_array().cloned().unwrap_or_default())
        .find(|status| status["id"] == wamid && status["status"] == "sent")
        .unwrap()
}

#[tokio::test]
async fn case_22_a_missed_call_opens_the_window() {
    let rig = Rig::new().await;
    rig.sim(&format!("/people/{ANA}/call"), json!({"number": PN1}))
        .await;
    rig.pass(HOUR).await;
    assert_eq!(
        rig.fate(ANA, text("¿Nos llamó?")).await,
        ["sent", "delivered", "read"]
    );
    assert_eq!(rig.told_on("calls").len(), 2);
}

#[tokio::test]
async fn case_25_the_answer_to_an_advertisement_opens_a_free_entry_point() {
    let rig = Rig::new().await;
    from_ad(&rig).await;
    rig.pass(23 * HOUR).await;
    let wamid = rig.send(ANA, text("¡Hola!")).await;
    rig.pass(60_000).await;
    let sent = priced(&rig, &wamid).await;
    assert_eq!(
        sent["pricing"],
        json!({"billable": false, "pricing_model": "PMP", "type": "free_entry_point",
            "category": "referral_conversion"})
    );
    let conversation = &sent["conversation"];
    assert_eq!(conversation["origin"]["type"], "referral_conversion");
    let ends = START / 1000 + 23 * 3_600 + 7 * 86_400;
    assert_eq!(conversation["expiration_timestamp"], ends.to_string());
    // Everything is free, also what costs elsewhere, and nothing of it uses up the free thousand.
    let wamid = rig.send(ANA, cart()).await;
    rig.pass(60_000).await;
    let template = priced(&rig, &wamid).await;
    assert_eq!(template["pricing"]["type"], "free_entry_point");
    assert_eq!(template["conversation"]["id"], conversation["id"]);
}

#[tokio::test]
async fn case_25_an_answer_after_a_day_opens_nothing() {
    let rig = Rig::new().await;
    from_ad(&rig).await;
    rig.pass(24 * HOUR).await;
    let wamid = rig.send(ANA, utility()).await;
    rig.pass(60_000).await;
    let sent = priced(&rig, &wamid).await;
    assert_eq!(sent["pricing"]["type"], "regular");
    assert!(sent.get("conversation").is_none());
}

#[tokio::test]
async fn case_26_from_the_web_there_is_no_free_entry_point() {
    let rig = Rig::new().await;
    rig.sim("/people", json!({"wa_id": ANA, "on_web": true}))
        .await;
    from_ad(&rig).await;
    let wamid = rig.send(ANA, utility()).await;
    rig.pass(60_000).await;
    assert_eq!(priced(&rig, &wamid).await["pricing"]["type"], "regular");
}

#[tokio::test]
async fn case_27_after_the_window_only_templates_and_those_are_free() {
    let rig = Rig::new().await;
    from_ad(&rig).await;
    rig.send(ANA, text("¡Hola!")).await;
    rig.pass(48 * HOUR).await;
    assert_eq!(rig.fate(ANA, text("¿Sigue ahí?")).await, ["failed 131047"]);
    let wamid = rig.send(ANA, cart()).await;
    rig.pass(60_000).await;
    assert_eq!(
        priced(&rig, &wamid).await["pricing"]["type"],
        "free_entry_point"
    );
    rig.pass(6 * 24 * HOUR).await;
    let wamid = rig.send(ANA, cart()).await;
    rig.pass(60_000).await;
    assert_eq!(priced(&rig, &wamid).await["pricing"]["type"], "regular");
}

#[tokio::test]
async fn case_64_a_chatty_bot_after_a_burst_is_131056() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    for _ in 0..45 {
        assert_eq!(rig.post(message(ANA, text("y"))).await.0, 200);
    }
    let mut refused = 0;
    for _ in 0..12 {
        rig.pass(5_000).await;
        let (status, answer) = rig.post(message(ANA, text("y"))).await;
        if status != 200 {
            assert_eq!(code(&answer), 131_056);
            refused += 1;
        }
    }
    assert_eq!(refused, 2, "ten fit into a minute");
}

#[tokio::test]
async fn case_73_conversations_are_in_old_webhooks_only() {
    let sent = async |version: u32| {
        let mut config = config();
        config.rules.webhook_version = version;
        let rig = Rig::with(config).await;
        let first = rig.send(ANA, utility()).await;
        let second = rig.send(ANA, utility()).await;
        rig.pass(60_000).await;
        [priced(&rig, &first).await, priced(&rig, &second).await]
    };
    let [new, _] = sent(24).await;
    assert!(new.get("conversation").is_none());
    let [one, two] = sent(23).await;
    assert_eq!(one["conversation"]["origin"]["type"], "utility");
    assert_ne!(one["conversation"]["id"], two["conversation"]["id"]);
}

#[tokio::test]
async fn case_83_a_body_may_be_of_three_megabytes() {
    let rig = Rig::new().await;
    rig.sim("/faults", json!({"pause_webhooks": true, "batch": 1_000}))
        .await;
    for _ in 0..740 {
        rig.say(ANA, &"x".repeat(4_096)).await;
    }
    rig.sim("/faults", json!({"pause_webhooks": false})).await;
    rig.sim.settle().await;
    let posts = rig.posts();
    assert_eq!(posts.len(), 1);
    assert!(posts[0].1.len() > 3_000_000, "{}", posts[0].1.len());
}

#[tokio::test]
async fn case_88_who_is_asked_for_contact_data_gives_a_card() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    let ask = json!({"type": "interactive", "interactive": {"type": "request_contact_info",
        "body": {"text": "¿Nos das tu número?"}, "action": {"name": "request_contact_info"}}});
    let wamid = rig.send(ANA, ask).await;
    rig.pass(60_000).await;
    let tap = json!({"number": PN1, "message": wamid, "index": 0});
    rig.sim(&format!("/people/{ANA}/tap"), tap).await;
    rig.sim.settle().await;
    let told = rig.told_on("messages");
    let given = &told.last().unwrap()["messages"][0];
    assert_eq!(given["type"], "contacts");
    assert_eq!(given["origin"], "contact_request");
    assert_eq!(given["context"]["id"], wamid);
    assert_eq!(
        given["contacts"][0]["phones"][0]["phone"],
        format!("+{ANA}")
    );
    let card = given["contacts"][0]["vcard"].as_str().unwrap();
    assert!(card.starts_with("BEGIN:VCARD"), "{card}");
}

#[tokio::test]
async fn case_95_what_fails_has_no_price() {
    let rig = Rig::new().await;
    let wamid = rig.send(ANA, text("hola")).await;
    rig.pass(60_000).await;
    rig.sim.settle().await;
    let failed = rig
        .told()
        .iter()
        .flat_map(|value| value["statuses"].as_array().cloned().unwrap_or_default())
        .find(|status| status["id"] == wamid)
        .unwrap();
    assert_eq!(failed["status"], "failed");
    assert!(failed.get("pricing").is_none() && failed.get("conversation").is_none());
}
