//! Cases 48 to 63: people's choices and Meta's rates.

use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn case_48_stop_ends_marketing_only_and_resume_brings_it_back() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    let path = format!("/people/{ANA}/preference");
    rig.sim(&path, json!({"number": PN1, "value": "stop"}))
        .await;
    assert_eq!(rig.fate(ANA, cart()).await, ["failed 131050"]);
    assert_eq!(
        rig.fate(ANA, utility()).await,
        ["sent", "delivered", "read"]
    );
    assert_eq!(
        rig.fate(ANA, text("hola")).await,
        ["sent", "delivered", "read"]
    );
    rig.sim(&path, json!({"number": PN1, "value": "resume"}))
        .await;
    assert_eq!(rig.fate(ANA, cart()).await, ["sent", "delivered", "read"]);
    let told = rig.told_on("user_preferences");
    assert_eq!(
        told[0]["user_preferences"],
        json!([{"wa_id": ANA, "user_id": ANA_ID,
            "detail": "User requested to stop marketing messages",
            "category": "marketing_messages", "value": "stop", "timestamp": START / 1000}])
    );
    assert_eq!(told[1]["user_preferences"][0]["value"], "resume");
    assert_eq!(
        rig.sim_raw(&path, json!({"number": PN1, "value": "maybe"}))
            .await
            .0,
        422
    );
}

#[tokio::test]
async fn case_53_a_holdout_person_gets_marketing_only_inside_the_window() {
    let rig = Rig::new().await;
    assert_eq!(rig.fate("51912345678", cart()).await, ["failed 130472"]);
    assert_eq!(
        rig.fate("51912345678", utility()).await,
        ["sent", "delivered", "read"]
    );
    rig.say("51912345678", "hola").await;
    assert_eq!(
        rig.fate("51912345678", cart()).await,
        ["sent", "delivered", "read"]
    );
}

#[tokio::test]
async fn case_54_the_word_baja_means_nothing_to_meta() {
    let rig = Rig::new().await;
    rig.say(ANA, "BAJA").await;
    assert_eq!(rig.fate(ANA, cart()).await, ["sent", "delivered", "read"]);
}

#[tokio::test]
async fn case_55_a_block_shows_as_sent_for_ever() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    let path = format!("/people/{ANA}/block");
    rig.sim(&path, json!({"number": PN1})).await;
    assert_eq!(rig.fate(ANA, text("hola")).await, ["sent"]);
    let say = json!({"number": PN1, "text": "hola"});
    assert_eq!(
        rig.sim_raw(&format!("/people/{ANA}/say"), say.clone())
            .await
            .0,
        409
    );
    rig.sim(&path, json!({"number": PN1, "value": false})).await;
    rig.sim(&format!("/people/{ANA}/say"), say).await;
}

#[tokio::test]
async fn case_62_eighty_messages_a_second_in_and_out() {
    let rig = Rig::new().await;
    for n in 0..40 {
        let to = format!("+57300{n:07}");
        assert_eq!(rig.post(message(&to, utility())).await.0, 200);
    }
    for _ in 0..39 {
        rig.say(ANA, "hola").await;
    }
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
    let (status, answer) = rig.post(message(ANA, utility())).await;
    assert_eq!((status, code(&answer)), (400, 130_429));
    rig.pass(12).await;
    assert_eq!(code(&rig.post(message(ANA, utility())).await.1), 130_429);
    rig.pass(1).await;
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
    let (status, _) = rig.post_from(PN2, message(ANA, utility())).await;
    assert_eq!(status, 200, "another number has its own rate");
}

#[tokio::test]
async fn case_63_the_46th_message_to_one_person_is_131056() {
    let rig = Rig::new().await;
    for _ in 0..45 {
        assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
    }
    let (status, answer) = rig.post(message(ANA, utility())).await;
    assert_eq!((status, code(&answer)), (400, 131_056));
    assert_eq!(rig.post(message("573001112233", utility())).await.0, 200);
    rig.pass(5_999).await;
    assert_eq!(code(&rig.post(message(ANA, utility())).await.1), 131_056);
    rig.pass(1).await;
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
}

#[tokio::test]
async fn case_63_read_the_other_way_twenty_messages_close_the_pair_for_two_minutes() {
    let mut config = config();
    config.pair_rule = crate::PairRule::ClosedAfterBurst;
    let rig = Rig::with(config).await;
    for _ in 0..20 {
        assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
    }
    rig.pass(119_999).await;
    assert_eq!(code(&rig.post(message(ANA, utility())).await.1), 131_056);
    rig.pass(1).await;
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
}

#[tokio::test]
async fn injected_errors_come_at_once_or_later_and_run_out() {
    let rig = Rig::new().await;
    let faults = json!({"next": [
        {"code": 131_016, "times": 2},
        {"code": 131_049, "mode": "async"},
    ]});
    rig.sim("/faults", faults).await;
    for _ in 0..2 {
        let (status, answer) = rig.post(message(ANA, utility())).await;
        assert_eq!((status, code(&answer)), (500, 131_016));
    }
    assert_eq!(rig.fate(ANA, utility()).await, ["failed 131049"]);
    assert_eq!(
        rig.fate(ANA, utility()).await,
        ["sent", "delivered", "read"]
    );
    let (status, problem) = rig
        .sim_raw("/faults", json!({"next": [{"code": 1_234_567}]}))
        .await;
    assert_eq!(status, 422);
    assert!(problem["detail"].as_str().unwrap().contains("1234567"));
    let kept: Value = rig.sim("/faults", json!({"delay_ms": 5})).await;
    assert_eq!(
        rig.sim("/faults", json!({"reorder": true})).await["delay_ms"],
        kept["delay_ms"]
    );
}
