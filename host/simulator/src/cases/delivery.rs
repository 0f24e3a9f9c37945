//! Cases 67 to 76: what becomes of messages.

use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn statuses_come_at_their_times_and_not_a_millisecond_early() {
    let rig = Rig::new().await;
    let sent = rig.send(ANA, utility()).await;
    for (step, wanted) in [(199, 0), (1, 1), (599, 1), (1, 2), (4_199, 2), (1, 3)] {
        rig.pass(step).await;
        assert_eq!(rig.statuses(&sent).await.len(), wanted);
    }
    let times: Vec<Value> = rig
        .told()
        .iter()
        .map(|value| value["statuses"][0]["timestamp"].clone())
        .collect();
    let second = START / 1000;
    assert_eq!(
        times,
        [second, second, second + 5].map(|t| json!(t.to_string()))
    );
}

#[tokio::test]
async fn case_67_an_open_chat_reads_without_delivered() {
    let rig = Rig::new().await;
    let sent = rig.send("5511987654321", utility()).await;
    rig.pass(60_000).await;
    assert_eq!(rig.statuses(&sent).await, ["sent", "read"]);
    assert_eq!(
        rig.told()[1]["statuses"][0]["pricing"]["category"],
        "utility"
    );
}

#[tokio::test]
async fn case_68_without_receipts_there_is_no_read() {
    let rig = Rig::new().await;
    assert_eq!(
        rig.fate("573001112233", utility()).await,
        ["sent", "delivered"]
    );
}

#[tokio::test]
async fn case_69_an_offline_person_gets_it_once_or_after_the_ttl_never() {
    let rig = Rig::new().await;
    let dani = "5491123456789";
    let otp = template(
        "codigo",
        "es",
        json!([
            {"type": "body", "parameters": [{"type": "text", "text": "1"}]},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "1"}]}
        ]),
    );
    let short = rig.send(dani, otp).await;
    let long = rig.send(dani, utility()).await;
    rig.pass(600_000).await;
    assert_eq!(rig.statuses(&short).await, ["sent"]);
    rig.sim("/people", json!({"wa_id": dani, "online": true}))
        .await;
    rig.pass(60_000).await;
    assert_eq!(
        rig.statuses(&short).await,
        ["sent"],
        "dropped after 10 minutes, no webhook says so"
    );
    assert_eq!(rig.statuses(&long).await, ["sent", "delivered", "read"]);
    rig.sim("/people", json!({"wa_id": dani, "online": false}))
        .await;
    rig.sim("/people", json!({"wa_id": dani, "online": true}))
        .await;
    rig.pass(60_000).await;
    assert_eq!(rig.statuses(&long).await.len(), 3);
}

#[tokio::test]
async fn case_70_opaque_data_comes_back_in_every_status() {
    let rig = Rig::new().await;
    let mut body = message(ANA, utility());
    body["biz_opaque_callback_data"] = "att_01935a7e".into();
    rig.post(body.clone()).await;
    body["to"] = "+573009999999".into();
    rig.post(body).await;
    rig.pass(60_000).await;
    let told = rig.told();
    assert_eq!(told.len(), 4);
    for value in told {
        assert_eq!(
            value["statuses"][0]["biz_opaque_callback_data"],
            "att_01935a7e"
        );
    }
}

#[tokio::test]
async fn case_71_reactions_are_only_sent_and_their_target_must_be_fresh() {
    let rig = Rig::new().await;
    let target = rig.say(ANA, "gracias").await;
    let react =
        |id: &str| json!({"type": "reaction", "reaction": {"message_id": id, "emoji": "👍"}});
    assert_eq!(rig.fate(ANA, react(&target)).await, ["sent"]);
    let own = rig.send(ANA, text("hola")).await;
    assert_eq!(rig.fate(ANA, react(&own)).await, ["failed 131009"]);
    assert_eq!(rig.fate(ANA, react("wamid.NOPE")).await, ["failed 131009"]);
    rig.pass(31 * 24 * HOUR).await;
    rig.say(ANA, "otra vez").await;
    assert_eq!(rig.fate(ANA, react(&target)).await, ["failed 131009"]);
}

#[tokio::test]
async fn case_72_a_voice_note_is_played_once() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    let voice = json!({"type": "audio", "audio": {"link": "https://tienda.example/voz.ogg", "voice": true}});
    assert_eq!(
        rig.fate(ANA, voice).await,
        ["sent", "delivered", "read", "played"]
    );
}

#[tokio::test]
async fn case_74_a_number_without_whatsapp_fails_later() {
    let rig = Rig::new().await;
    let (status, answer) = rig.post(message("+573009999999", utility())).await;
    assert_eq!(status, 200);
    assert_eq!(answer["contacts"][0]["wa_id"], "573009999999");
    rig.pass(400).await;
    assert_eq!(rig.statuses(&wamid(&answer)).await, ["failed 131026"]);
    let told = &rig.told()[0]["statuses"][0];
    assert!(
        told.get("pricing").is_none(),
        "case 95: failed costs nothing"
    );
    assert!(told.get("recipient_user_id").is_none());
    assert_eq!(told["errors"][0]["title"], "Message undeliverable");
    assert!(
        !told["errors"][0]["error_data"]["details"]
            .as_str()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn case_76_reading_the_last_message_reads_the_earlier_ones() {
    let rig = Rig::new().await;
    let first = rig.say(ANA, "uno").await;
    let second = rig.say(ANA, "dos").await;
    let third = rig.say(ANA, "tres").await;
    let read = |id: &str| json!({"messaging_product": "whatsapp", "status": "read", "message_id": id, "typing_indicator": {"type": "text"}});
    let (status, answer) = rig.post(read(&second)).await;
    assert_eq!((status, answer), (200, json!({"success": true})));
    let path = format!("/people/{ANA}/thread?number={PN1}");
    let thread = rig.sim(&path, Value::Null).await;
    let read_at: Vec<bool> = [&first, &second, &third]
        .iter()
        .enumerate()
        .map(|(at, wamid)| {
            assert_eq!(thread["messages"][at]["wamid"], **wamid);
            thread["messages"][at]["read_at"].is_number()
        })
        .collect();
    assert_eq!(read_at, [true, true, false]);
    assert_eq!(thread["typing"], true);
    rig.pass(24_999).await;
    assert_eq!(rig.sim(&path, Value::Null).await["typing"], true);
    rig.pass(1).await;
    assert_eq!(rig.sim(&path, Value::Null).await["typing"], false);
    rig.post(read(&third)).await;
    rig.send(ANA, text("respuesta")).await;
    assert_eq!(rig.sim(&path, Value::Null).await["typing"], false);
    let (_, answer) = rig.post(read("wamid.NOPE")).await;
    assert_eq!(code(&answer), 131_009);
    let (_, answer) = rig.post_from(PN2, read(&first)).await;
    assert_eq!(code(&answer), 131_009);
}

#[tokio::test]
async fn a_person_answers_and_taps_by_their_own_rules() {
    let mut config = config();
    config.people[0].auto = serde_json::from_value(json!([
        {"when_contains": "menú", "tap": "b1", "after_ms": 1_000},
        {"say": "gracias", "after_ms": 2_000}
    ]))
    .unwrap();
    let rig = Rig::with(config).await;
    rig.say(ANA, "hola").await;
    let menu = json!({"type": "interactive", "interactive": {"type": "button", "body": {"text": "El MENÚ"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "b0", "title": "Uno"}}, {"type": "reply", "reply": {"id": "b1", "title": "Dos"}}]}}});
    let sent = rig.send(ANA, menu).await;
    rig.send(ANA, text("adiós")).await;
    rig.send(ANA, text("adiós de nuevo")).await;
    rig.pass(60_000).await;
    let inbound: Vec<Value> = rig
        .told()
        .iter()
        .filter_map(|value| value.pointer("/messages/0").cloned())
        .collect();
    assert_eq!(inbound.len(), 3, "each rule acts once");
    assert_eq!(
        inbound[1]["interactive"],
        json!({"type": "button_reply", "button_reply": {"id": "b1", "title": "Dos"}})
    );
    assert_eq!(inbound[1]["context"]["id"], sent);
    assert_eq!(inbound[2]["text"]["body"], "gracias");
}
