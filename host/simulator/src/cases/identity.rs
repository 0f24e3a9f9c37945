//! Cases 86 and 87: people whose phone is not seen, and people who change it.

use serde_json::{Value, json};

use super::*;

const EVA: &str = "56912345678";
const DAY: i64 = 24 * HOUR;

#[tokio::test]
async fn case_86_with_a_username_the_phone_disappears_after_30_days() {
    let rig = Rig::new().await;
    rig.pass(30 * DAY - 1).await;
    rig.say(EVA, "aún se ve").await;
    rig.sim.settle().await;
    let seen = rig.told()[0].clone();
    assert_eq!(seen["messages"][0]["from"], EVA);
    assert_eq!(seen["contacts"][0]["profile"]["username"], "@eva.r");
    let user_id = seen["contacts"][0]["user_id"].as_str().unwrap().to_owned();
    rig.pass(30 * DAY).await;
    rig.say("@eva.r", "ya no").await;
    rig.sim.settle().await;
    let hidden = rig.told()[1].clone();
    assert_eq!(hidden["messages"][0]["from"], "");
    assert_eq!(hidden["messages"][0]["from_user_id"], user_id);
    assert!(hidden["contacts"][0].get("wa_id").is_none());
    assert_eq!(hidden["contacts"][0]["user_id"], user_id);

    let body = json!({"messaging_product": "whatsapp", "recipient": user_id, "type": "text", "text": {"body": "hola"}});
    let (_, answer) = rig.post(body).await;
    rig.pass(10_000).await;
    assert_eq!(
        rig.statuses(&wamid(&answer)).await,
        ["sent", "delivered", "read"]
    );
    let status = rig.told().last().unwrap()["statuses"][0].clone();
    assert_eq!(
        (&status["recipient_id"], &status["recipient_user_id"]),
        (&json!(""), &json!(user_id))
    );

    // Writing to the phone brings it back.
    rig.send(EVA, text("hola")).await;
    rig.say(EVA, "hola").await;
    rig.sim.settle().await;
    let back = rig
        .told()
        .into_iter()
        .rev()
        .find(|v| v.get("messages").is_some())
        .unwrap();
    assert_eq!(back["messages"][0]["from"], EVA);
}

#[tokio::test]
async fn case_87_a_number_change_is_told_to_every_chat() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    rig.sim.settle().await;
    let changed = rig
        .sim(
            &format!("/people/{ANA}/number"),
            json!({"wa_id": "+52 1 55 8765 4321"}),
        )
        .await;
    rig.sim.settle().await;
    let told = rig.told()[1].clone();
    let new_id = changed["user_id"].as_str().unwrap();
    assert_ne!(new_id, ANA_ID);
    assert!(told.get("contacts").is_none());
    assert_eq!(told["messages"][0]["type"], "system");
    assert_eq!(told["messages"][0]["from"], ANA);
    assert_eq!(
        told["messages"][0]["system"],
        json!({"type": "user_changed_number", "body": "User Lucía P changed number",
            "wa_id": "5215587654321", "user_id": new_id, "previous_user_id": ANA_ID})
    );
    assert_eq!(
        rig.fate(ANA, utility()).await,
        ["failed 131026"],
        "nobody has the old number"
    );
    assert_eq!(
        rig.fate("5215587654321", text("hola")).await,
        ["sent", "delivered", "read"]
    );
    let body =
        json!({"messaging_product": "whatsapp", "recipient": ANA_ID, "text": {"body": "hola"}});
    assert_eq!(code(&rig.post(body).await.1), 131_009);
    let (status, _) = rig
        .sim_raw(
            "/people/573001112233/number",
            json!({"wa_id": "5215587654321"}),
        )
        .await;
    assert_eq!(status, 409);
}

#[tokio::test]
async fn case_87_without_a_visible_phone_only_the_user_id_changes() {
    let rig = Rig::new().await;
    rig.say(EVA, "hola").await;
    rig.pass(31 * DAY).await;
    rig.sim("/people/eva.r/number", json!({"wa_id": "56987654321"}))
        .await;
    rig.sim.settle().await;
    let told = rig.told()[1]["messages"][0].clone();
    assert_eq!(told["from"], "");
    assert_eq!(told["system"]["type"], "user_changed_user_id");
    assert!(told["system"].get("wa_id").is_none());
    assert_ne!(told["system"]["user_id"], Value::Null);
    assert_ne!(
        told["system"]["user_id"],
        told["system"]["previous_user_id"]
    );
}
