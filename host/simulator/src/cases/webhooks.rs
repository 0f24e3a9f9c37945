//! Cases 77 to 85: how webhooks travel.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::webhooks::wire::signature;

#[tokio::test]
async fn case_77_the_handshake_needs_the_right_token() {
    let rig = Rig::new().await;
    assert_eq!(
        rig.sim("/webhooks/verify", json!({})).await,
        json!({"verified": true})
    );
    let mut config = config();
    config.verify_token = "another".into();
    let rig = Rig::with(config).await;
    let answer = rig.sim("/webhooks/verify", json!({})).await;
    assert_eq!(answer["verified"], false);
    assert!(answer["why"].as_str().unwrap().contains("403"));
}

#[tokio::test]
async fn case_78_the_signature_covers_the_exact_bytes() {
    let rig = Rig::new().await;
    rig.say(ANA, "¿Año? https://a/b 👍").await;
    rig.sim("/faults", json!({"bad_signature_next": 1})).await;
    rig.sim.settle().await;
    rig.say(ANA, "bien").await;
    rig.sim.settle().await;
    let posts = rig.posts();
    assert_ne!(posts[0].0, signature("app-secret", &posts[0].1));
    assert_eq!(posts[1].0, signature("app-secret", &posts[1].1));
    let raw = std::str::from_utf8(&posts[0].1).unwrap();
    assert!(raw.is_ascii());
    assert!(
        raw.contains(r#""body":"\u00bfA\u00f1o? https:\/\/a\/b \ud83d\udc4d""#),
        "{raw}"
    );
}

#[tokio::test]
async fn an_inbound_text_has_exactly_metas_shape() {
    let rig = Rig::new().await;
    let said = rig.say(ANA, "BAJA").await;
    rig.sim.settle().await;
    let body: Value = serde_json::from_slice(&rig.posts()[0].1).unwrap();
    assert_eq!(
        body,
        json!({"object": "whatsapp_business_account", "entry": [{"id": WABA, "changes": [{"field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "525550001111", "phone_number_id": PN1},
            "contacts": [{"profile": {"name": "Lucía P"}, "wa_id": ANA, "user_id": ANA_ID}],
            "messages": [{"from": ANA, "from_user_id": ANA_ID, "id": said,
                "timestamp": (START / 1000).to_string(), "type": "text", "text": {"body": "BAJA"}}]}}]}]})
    );
}

#[tokio::test]
async fn a_delivered_status_has_exactly_metas_shape() {
    let rig = Rig::new().await;
    let mut body = message(ANA, cart());
    body["biz_opaque_callback_data"] = "h:01".into();
    let (_, answer) = rig.post(body).await;
    rig.pass(800).await;
    assert_eq!(
        rig.told()[1]["statuses"][0],
        json!({"id": wamid(&answer), "status": "delivered", "timestamp": (START / 1000).to_string(),
            "recipient_id": ANA, "recipient_user_id": ANA_ID, "biz_opaque_callback_data": "h:01",
            "pricing": {"billable": true, "pricing_model": "PMP", "type": "regular", "category": "marketing"}})
    );
}

#[tokio::test]
async fn case_79_failures_are_repeated_with_growing_gaps_and_the_same_bytes() {
    let rig = Rig::new().await;
    rig.receiver_answers(500);
    rig.say(ANA, "hola").await;
    rig.sim.settle().await;
    let mut count = 1;
    for gap in [
        10_000,
        60_000,
        300_000,
        1_800_000,
        2 * HOUR,
        6 * HOUR,
        6 * HOUR,
    ] {
        rig.pass(gap - 1).await;
        assert_eq!(rig.posts().len(), count);
        rig.pass(1).await;
        count += 1;
        assert_eq!(rig.posts().len(), count);
    }
    let idle = rig.sim("/idle", Value::Null).await;
    assert_eq!(
        (&idle["idle"], &idle["queued"], &idle["due"]),
        (&json!(false), &json!(1), &json!(0))
    );
    rig.receiver_answers(200);
    rig.pass(6 * HOUR).await;
    let posts = rig.posts();
    assert!(posts.iter().all(|post| *post == posts[0]));
    assert_eq!(rig.sim("/idle", Value::Null).await["idle"], true);
    rig.pass(24 * HOUR).await;
    assert_eq!(rig.posts().len(), posts.len(), "after a 200 it is over");
}

#[tokio::test]
async fn case_79_after_seven_days_meta_gives_up() {
    let rig = Rig::new().await;
    rig.receiver_answers(503);
    rig.say(ANA, "hola").await;
    rig.sim.settle().await;
    for _ in 0..40 {
        rig.pass(6 * HOUR).await;
    }
    assert_eq!(rig.sim("/idle", Value::Null).await["idle"], true);
    let log = rig.sim("/webhooks?limit=1", Value::Null).await;
    assert!(
        log["webhooks"][0]["outcome"]
            .as_str()
            .unwrap()
            .starts_with("given up")
    );
}

#[tokio::test]
async fn case_80_duplicates_and_reordering_on_demand_and_by_seed() {
    let order = async || {
        let rig = Rig::new().await;
        rig.sim(
            "/faults",
            json!({"duplicate_percent": 100, "reorder": true}),
        )
        .await;
        let sent = rig.send(ANA, utility()).await;
        for _ in 0..40 {
            rig.pass(500).await;
        }
        rig.statuses(&sent).await
    };
    let (one, two) = (order().await, order().await);
    assert_eq!(one, two, "the seed decides");
    assert_eq!(one.len(), 6);
    assert_ne!(
        one,
        ["sent", "sent", "delivered", "delivered", "read", "read"]
    );
}

#[tokio::test]
async fn case_81_a_batch_holds_updates_of_several_accounts() {
    let rig = Rig::new().await;
    rig.sim("/faults", json!({"batch": 1000})).await;
    for n in 0..30 {
        let number = if n % 2 == 0 { PN1 } else { "402" };
        let say = json!({"number": number, "text": format!("mensaje {n}")});
        rig.sim(&format!("/people/{ANA}/say"), say).await;
    }
    rig.sim.settle().await;
    let posts = rig.posts();
    assert_eq!(posts.len(), 1);
    let body: Value = serde_json::from_slice(&posts[0].1).unwrap();
    let wabas: Vec<&str> = body["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["id"].as_str().unwrap())
        .collect();
    assert!(wabas.contains(&WABA) && wabas.contains(&"302"));
    let texts: Vec<Value> = rig
        .told()
        .iter()
        .map(|v| v["messages"][0]["text"]["body"].clone())
        .collect();
    assert_eq!(texts.len(), 30);
    assert_eq!(texts[29], "mensaje 29");
    rig.receiver_answers(500);
    rig.sim("/webhooks/replay", json!({"last": 1})).await;
    rig.sim.settle().await;
    rig.receiver_answers(200);
    rig.pass(10_000).await;
    let posts = rig.posts();
    assert_eq!(posts.len(), 3);
    assert!(posts.iter().all(|post| *post == posts[0]));
}

#[tokio::test]
async fn case_82_people_can_send_what_no_receiver_knows() {
    let rig = Rig::new().await;
    let say = async |body: Value| {
        let mut body = body;
        body["number"] = PN1.into();
        rig.sim(&format!("/people/{ANA}/say"), body).await
    };
    say(json!({"type": "hologram", "hologram": {"x": 1}})).await;
    say(json!({"type": "unsupported"})).await;
    say(json!({"type": "image", "image": {"caption": "mi ticket"}})).await;
    say(json!({"type": "location", "location": {"latitude": 19.4, "longitude": -99.1}})).await;
    say(json!({"type": "order", "order": {"catalog_id": "7", "product_items": []}})).await;
    say(json!({"type": "text", "text": "anuncio", "referral": {"source_type": "ad"}})).await;
    rig.sim.settle().await;
    let told: Vec<Value> = rig
        .told()
        .iter()
        .map(|v| v["messages"][0].clone())
        .collect();
    assert_eq!(told[0]["hologram"], json!({"x": 1}));
    assert_eq!(told[1]["errors"][0]["code"], 131_051);
    assert_eq!(told[2]["image"]["caption"], "mi ticket");
    assert!(told[2]["image"]["id"].is_string() && told[2]["image"]["sha256"].is_string());
    assert_eq!(told[3]["location"]["latitude"], 19.4);
    assert_eq!(told[5]["referral"]["source_type"], "ad");
}

#[tokio::test]
async fn case_84_statuses_may_overtake_the_answer() {
    let mut config = config();
    config.timings.sent_ms = 0;
    let rig = Rig::with(config).await;
    rig.sim("/faults", json!({"drop_answer_next": 1})).await;
    // The answer breaks; the message exists and its status comes all the same.
    let mut body = message(ANA, utility());
    body["biz_opaque_callback_data"] = "att".into();
    let request = axum::http::Request::post(format!("/{PN1}/messages"))
        .header("authorization", "Bearer token")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = tower::ServiceExt::oneshot(rig.router.clone(), request)
        .await
        .unwrap();
    assert!(to_bytes(response.into_body(), 1_000).await.is_err());
    rig.sim.settle().await;
    assert_eq!(
        rig.told()[0]["statuses"][0]["biz_opaque_callback_data"],
        "att"
    );
}

#[tokio::test]
async fn case_85_an_override_receives_alone_once_it_is_verified() {
    let rig = Rig::new().await;
    let other = Arc::new(Inbox {
        got: Mutex::default(),
        status: AtomicU16::new(200),
    });
    let url = receive(Arc::clone(&other)).await;
    let path = format!("/v25.0/{WABA}/subscribed_apps");
    let subscribe = async |token: &str| {
        let body = json!({"override_callback_uri": url, "verify_token": token});
        rig.call("POST", &path, Some("token"), body).await
    };
    let (_, answer) = subscribe("wrong").await;
    assert_eq!(code(&answer), 100);
    assert_eq!(
        subscribe("verify-me").await,
        (200, json!({"success": true}))
    );
    let (_, list) = rig.get(&path).await;
    assert_eq!(list["data"][0]["override_callback_uri"], url);
    rig.say(ANA, "hola").await;
    rig.sim.settle().await;
    assert_eq!((rig.posts().len(), other.got.lock().unwrap().len()), (0, 1));
    assert_eq!(
        rig.call("DELETE", &path, Some("token"), Value::Null)
            .await
            .0,
        200
    );
    rig.say(ANA, "¿hay alguien?").await;
    rig.sim.settle().await;
    assert_eq!((rig.posts().len(), other.got.lock().unwrap().len()), (0, 1));
    let (_, list) = rig.get(&path).await;
    assert_eq!(list, json!({"data": []}));
    rig.call("POST", &path, Some("token"), Value::Null).await;
    rig.say(ANA, "hola").await;
    rig.sim.settle().await;
    assert_eq!(rig.posts().len(), 1);
}

#[tokio::test]
async fn webhooks_can_be_paused_and_delayed() {
    let rig = Rig::new().await;
    rig.sim("/faults", json!({"pause_webhooks": true})).await;
    rig.say(ANA, "uno").await;
    rig.pass(60_000).await;
    assert_eq!(rig.posts().len(), 0);
    rig.sim(
        "/faults",
        json!({"pause_webhooks": false, "delay_ms": 1_000}),
    )
    .await;
    rig.say(ANA, "dos").await;
    rig.sim.settle().await;
    assert_eq!(rig.posts().len(), 1);
    rig.pass(999).await;
    assert_eq!(rig.posts().len(), 1);
    rig.pass(1).await;
    assert_eq!(rig.posts().len(), 2);
}

/// The pump and a real connection: the answer is lost without a byte, and the sleeper wakes.
#[tokio::test]
async fn the_pump_delivers_over_real_connections_and_a_lost_answer_has_no_bytes() {
    let rig = Rig::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = rig.router.clone();
    spawn(async move { axum::serve(listener, router).await.unwrap() });
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let pump = spawn(Arc::clone(&rig.sim).run(async move {
        let _ = stopped.await;
    }));
    rig.sim("/faults", json!({"drop_answer_next": 1})).await;
    let http = http_client();
    let post = || {
        http.post(format!("http://{address}/v25.0/{PN1}/messages"))
            .bearer_auth("token")
            .body(message(ANA, utility()).to_string())
            .send()
    };
    let lost = post().await;
    assert!(lost.is_err_and(|error| !error.is_timeout() && error.status().is_none()));
    let answer = post().await.unwrap();
    assert_eq!(answer.status(), 200);
    let seen = rig.sim("/requests", Value::Null).await;
    assert_eq!(seen["requests"][0]["answered"], false);
    assert_eq!(seen["requests"][1]["answered"], true);
    assert!(!seen.to_string().contains("Bearer"));
    let jump = rig.sim("/clock/jump", json!({"ms": 60_000})).await;
    assert_eq!(jump["now_at"], START + 60_000);
    let wait = async {
        while !rig.sim.idle().idle {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait)
        .await
        .unwrap();
    assert_eq!(rig.told().len(), 6, "three statuses of each");
    stop.send(()).unwrap();
    pump.await.unwrap();
}
