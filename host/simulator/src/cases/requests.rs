//! Cases 1 to 17: who may call, and what is a message.

use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn case_01_no_token_is_401_and_creates_nothing() {
    let rig = Rig::new().await;
    let path = format!("/v25.0/{PN1}/messages");
    let (status, answer) = rig
        .call("POST", &path, None, message(ANA, text("hola")))
        .await;
    assert_eq!((status, code(&answer)), (401, 0));
    assert_eq!(rig.sim("/messages", Value::Null).await["total"], 0);
}

#[tokio::test]
async fn case_02_an_expired_or_unknown_token_is_190() {
    let rig = Rig::new().await;
    for token in ["expired", "nobody"] {
        for path in [
            format!("/v25.0/{PN1}/messages"),
            format!("/{WABA}/phone_numbers"),
        ] {
            let method = if path.ends_with("messages") {
                "POST"
            } else {
                "GET"
            };
            let (status, answer) = rig.call(method, &path, Some(token), json!({})).await;
            assert_eq!((status, code(&answer)), (401, 190));
        }
    }
}

#[tokio::test]
async fn case_03_a_token_without_messaging_permission_is_10() {
    let rig = Rig::new().await;
    let path = format!("/v25.0/{PN1}/messages");
    let (status, answer) = rig
        .call("POST", &path, Some("reader"), message(ANA, text("hola")))
        .await;
    assert_eq!((status, code(&answer)), (403, 10));
    let list = format!("/{WABA}/message_templates");
    assert_eq!(
        rig.call("GET", &list, Some("reader"), Value::Null).await.0,
        200
    );
}

#[tokio::test]
async fn case_04_messaging_product_is_needed() {
    let rig = Rig::new().await;
    let (status, answer) = rig
        .post(json!({"to": ANA, "type": "text", "text": {"body": "x"}}))
        .await;
    assert_eq!((status, code(&answer)), (400, 100));
    assert!(details(&answer).contains("messaging_product"));
}

#[tokio::test]
async fn case_05_a_recipient_is_needed() {
    let rig = Rig::new().await;
    let (status, answer) = rig
        .post(json!({"messaging_product": "whatsapp", "type": "text", "text": {"body": "x"}}))
        .await;
    assert_eq!((status, code(&answer)), (400, 100));
    assert!(details(&answer).contains("recipient"));
}

#[tokio::test]
async fn case_06_a_text_needs_its_body() {
    let rig = Rig::new().await;
    for content in [
        json!({"type": "text"}),
        json!({"type": "text", "text": {}}),
        json!({"type": "text", "text": {"body": ""}}),
    ] {
        let (status, answer) = rig.post(message(ANA, content)).await;
        assert_eq!((status, code(&answer)), (400, 131_008));
        assert!(details(&answer).contains("text"));
    }
}

#[tokio::test]
async fn case_07_a_body_has_at_most_4096_characters() {
    let rig = Rig::new().await;
    let (status, _) = rig.post(message(ANA, text(&"ñ".repeat(4_096)))).await;
    assert_eq!(status, 200);
    let (status, answer) = rig.post(message(ANA, text(&"ñ".repeat(4_097)))).await;
    assert_eq!((status, code(&answer)), (400, 100));
    assert!(details(&answer).contains("text.body"));
}

fn buttons(count: usize, title: &str) -> Value {
    let list: Vec<Value> = (0..count)
        .map(|n| {
            let title = format!("{n}{title}");
            json!({"type": "reply", "reply": {"id": format!("b{n}"), "title": title}})
        })
        .collect();
    json!({"type": "interactive", "interactive":
        {"type": "button", "body": {"text": "¿Qué?"}, "action": {"buttons": list}}})
}

#[tokio::test]
async fn case_08_three_buttons_with_twenty_characters_each() {
    let rig = Rig::new().await;
    assert_eq!(
        rig.post(message(ANA, buttons(3, &"x".repeat(19)))).await.0,
        200
    );
    let (_, answer) = rig.post(message(ANA, buttons(4, "x"))).await;
    assert_eq!(code(&answer), 131_009);
    assert!(details(&answer).contains("interactive.action.buttons"));
    let (_, answer) = rig.post(message(ANA, buttons(1, &"x".repeat(20)))).await;
    assert_eq!(code(&answer), 100);
    assert!(details(&answer).contains("buttons[0].reply.title"));
}

fn rows(first: usize, second: usize) -> Value {
    let section = |name: &str, count: usize| {
        let rows: Vec<Value> = (0..count)
            .map(|n| json!({"id": format!("{name}{n}"), "title": format!("Fila {n}")}))
            .collect();
        json!({"title": name, "rows": rows})
    };
    json!({"type": "interactive", "interactive": {"type": "list", "body": {"text": "Elige"},
        "action": {"button": "Ver", "sections": [section("a", first), section("b", second)]}}})
}

#[tokio::test]
async fn case_09_ten_rows_over_all_sections() {
    let rig = Rig::new().await;
    assert_eq!(rig.post(message(ANA, rows(5, 5))).await.0, 200);
    let (status, answer) = rig.post(message(ANA, rows(5, 6))).await;
    assert_eq!((status, code(&answer)), (400, 131_009));
    assert!(details(&answer).contains("rows"));
}

#[tokio::test]
async fn case_10_contact_request_is_no_type_any_more() {
    let rig = Rig::new().await;
    let ask = |kind: &str| {
        json!({"type": "interactive", "interactive": {"type": kind, "body": {"text": "¿Tu número?"},
            "action": {"name": kind}}})
    };
    let (status, answer) = rig.post(message(ANA, ask("contact_request"))).await;
    assert_eq!((status, code(&answer)), (400, 100));
    assert_eq!(
        rig.post(message(ANA, ask("request_contact_info"))).await.0,
        200
    );
}

#[tokio::test]
async fn case_11_a_number_cannot_write_to_itself() {
    let rig = Rig::new().await;
    let (status, answer) = rig.post(message("+525550001111", text("eco"))).await;
    assert_eq!((status, code(&answer)), (400, 131_021));
}

#[tokio::test]
async fn case_12_unregistered_is_133010_and_unknown_is_33() {
    let rig = Rig::new().await;
    let (_, answer) = rig.post_from("409", message(ANA, text("x"))).await;
    assert_eq!(code(&answer), 133_010);
    let (_, answer) = rig
        .post_from("400000000000000", message(ANA, text("x")))
        .await;
    assert_eq!(code(&answer), 33);
    let path = format!("/{PN1}/messages");
    let (_, answer) = rig
        .call("POST", &path, Some("other"), message(ANA, text("x")))
        .await;
    assert_eq!(
        code(&answer),
        33,
        "another account's token sees nothing here"
    );
}

#[tokio::test]
async fn a_number_is_registered_with_its_pin_and_not_too_often() {
    let rig = Rig::new().await;
    let path = "/v25.0/409/register";
    let with = |pin: &str| json!({"messaging_product": "whatsapp", "pin": pin});
    for bad in [
        json!({"pin": "123456"}),
        with("12345"),
        with("12345a"),
        Value::Null,
    ] {
        let (_, answer) = rig.call("POST", path, Some("token"), bad).await;
        assert_eq!(code(&answer), 100, "{answer}");
    }
    let (_, other) = rig.call("POST", path, Some("other"), with("123456")).await;
    assert_eq!(code(&other), 33);
    // The first PIN is the number's from now on.
    let done = (200, json!({"success": true}));
    assert_eq!(
        rig.call("POST", path, Some("token"), with("123456")).await,
        done
    );
    assert_eq!(rig.post_from("409", message(ANA, text("x"))).await.0, 200);
    let away = "/v25.0/409/deregister";
    assert_eq!(
        rig.call("POST", away, Some("token"), Value::Null).await,
        done
    );
    let (_, again) = rig.call("POST", away, Some("token"), Value::Null).await;
    assert_eq!(code(&again), 133_010);
    let (_, sent) = rig.post_from("409", message(ANA, text("x"))).await;
    assert_eq!(code(&sent), 133_010);
    let (_, wrong) = rig.call("POST", path, Some("token"), with("654321")).await;
    assert_eq!(code(&wrong), 133_005);
    assert_eq!(
        rig.call("POST", path, Some("token"), with("123456")).await,
        done
    );
    // Ten tries in 72 hours, right or wrong.
    for _ in 0..6 {
        assert_eq!(
            rig.call("POST", path, Some("token"), with("123456")).await,
            done
        );
    }
    let (_, often) = rig.call("POST", path, Some("token"), with("123456")).await;
    assert_eq!(code(&often), 133_016);
    // The PIN is in no log of requests.
    let seen = rig.sim("/requests", Value::Null).await.to_string();
    assert!(
        seen.contains("/register") && !seen.contains("123456"),
        "{seen}"
    );
}

#[tokio::test]
async fn case_13_a_mexican_number_answers_with_its_own_wa_id() {
    let rig = Rig::new().await;
    let (status, answer) = rig.post(message("+52 55 1234 0001", text("hola"))).await;
    assert_eq!(status, 200);
    let id = wamid(&answer);
    assert_eq!(
        answer,
        json!({"messaging_product": "whatsapp",
            "contacts": [{"input": "+52 55 1234 0001", "wa_id": ANA}],
            "messages": [{"id": id}]})
    );
    let (_, answer) = rig.post(message("+551187654321", text("oi"))).await;
    assert_eq!(answer["contacts"][0]["wa_id"], "5511987654321");
}

#[tokio::test]
async fn case_14_the_phone_wins_over_the_user_id() {
    let rig = Rig::new().await;
    let mut body = message("573001112233", utility());
    body["recipient"] = ANA_ID.into();
    let (status, answer) = rig.post(body).await;
    assert_eq!(status, 200);
    assert_eq!(answer["contacts"][0]["wa_id"], "573001112233");
    assert_eq!(answer["messages"][0]["message_status"], "accepted");
}

#[tokio::test]
async fn case_15_a_user_id_is_answered_without_a_phone() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    let body = json!({"messaging_product": "whatsapp", "recipient": ANA_ID, "type": "text", "text": {"body": "hola"}});
    let (status, answer) = rig.post(body).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer["contacts"],
        json!([{"input": ANA_ID, "user_id": ANA_ID}])
    );
    rig.pass(1_000).await;
    assert_eq!(rig.statuses(&wamid(&answer)).await, ["sent", "delivered"]);
}

#[tokio::test]
async fn case_16_authentication_needs_a_phone() {
    let rig = Rig::new().await;
    let otp = template(
        "codigo",
        "es",
        json!([
            {"type": "body", "parameters": [{"type": "text", "text": "482913"}]},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "482913"}]}
        ]),
    );
    assert_eq!(rig.post(message(ANA, otp.clone())).await.0, 200);
    let mut body = message("", otp);
    body["recipient"] = ANA_ID.into();
    let (_, answer) = rig.post(body).await;
    assert_eq!(code(&answer), 131_062);
}

#[tokio::test]
async fn case_17_a_user_id_of_another_portfolio_is_131009() {
    let rig = Rig::new().await;
    let people = rig.sim(&format!("/people/{ANA}"), Value::Null).await;
    let foreign = people["user_ids"]["502"].as_str().unwrap();
    assert_ne!(foreign, ANA_ID);
    let body =
        json!({"messaging_product": "whatsapp", "recipient": foreign, "text": {"body": "hola"}});
    let (status, answer) = rig.post(body).await;
    assert_eq!((status, code(&answer)), (400, 131_009));
}

#[tokio::test]
async fn every_content_type_has_its_accepted_form_and_its_refused_neighbour() {
    let rig = Rig::new().await;
    let interactive = |kind: &str, action: Value| json!({"type": "interactive", "interactive": {"type": kind, "body": {"text": "x"}, "action": action}});
    let link = "https://tienda.example/a.jpg";
    for (good, bad, wanted) in [
        (
            json!({"type": "image", "image": {"link": link, "caption": "c"}}),
            json!({"type": "image", "image": {"link": link, "id": "1"}}),
            100,
        ),
        (
            json!({"type": "image", "image": {"link": link}}),
            json!({"type": "image", "image": {}}),
            131_008,
        ),
        (
            json!({"type": "video", "video": {"link": link}}),
            json!({"type": "video", "video": {"id": "1", "caption": "x".repeat(1_025)}}),
            100,
        ),
        (
            json!({"type": "audio", "audio": {"link": link, "voice": true}}),
            json!({"type": "audio", "audio": {"id": "1", "caption": "no"}}),
            100,
        ),
        (
            json!({"type": "document", "document": {"link": link, "filename": "a.pdf"}}),
            json!({"type": "document", "document": {"link": "ftp://x/y"}}),
            131_009,
        ),
        (
            json!({"type": "sticker", "sticker": {"link": link}}),
            json!({"type": "sticker", "sticker": {"id": "abc"}}),
            131_009,
        ),
        (
            json!({"type": "location", "location": {"latitude": "19.4", "longitude": "-99.1"}}),
            json!({"type": "location", "location": {"latitude": "91", "longitude": "0"}}),
            131_009,
        ),
        (
            json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "A B", "first_name": "A"}, "phones": [{"phone": "+52155"}], "birthday": "1999-02-28"}]}),
            json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "A"}, "birthday": "1999-02-30"}]}),
            131_009,
        ),
        (
            json!({"type": "reaction", "reaction": {"message_id": "wamid.X", "emoji": ""}}),
            json!({"type": "reaction", "reaction": {"message_id": "wamid.X"}}),
            131_008,
        ),
        (
            interactive(
                "cta_url",
                json!({"name": "cta_url", "parameters": {"display_text": "Ver", "url": link}}),
            ),
            interactive(
                "cta_url",
                json!({"name": "cta_url", "parameters": {"display_text": "Ver", "url": "tienda"}}),
            ),
            131_009,
        ),
        (
            interactive("location_request_message", json!({"name": "send_location"})),
            interactive("location_request_message", json!({"name": "otra"})),
            100,
        ),
        (
            interactive(
                "flow",
                json!({"name": "flow", "parameters": {"flow_message_version": "3", "flow_cta": "Abrir", "flow_id": "1"}}),
            ),
            interactive(
                "flow",
                json!({"name": "flow", "parameters": {"flow_message_version": "3", "flow_cta": "Abrir"}}),
            ),
            131_008,
        ),
        (
            interactive(
                "product",
                json!({"catalog_id": "1", "product_retailer_id": "S"}),
            ),
            interactive("product", json!({"catalog_id": "1"})),
            131_008,
        ),
        (
            text("hola"),
            json!({"type": "text", "text": {"body": "x", "bodyy": 1}}),
            100,
        ),
        (
            text("hola"),
            json!({"type": "hologram", "hologram": {}}),
            100,
        ),
    ] {
        let (status, answer) = rig.post(message(ANA, good.clone())).await;
        assert_eq!(status, 200, "{good} {answer}");
        let (status, answer) = rig.post(message(ANA, bad.clone())).await;
        assert_eq!((status, code(&answer)), (400, wanted), "{bad} {answer}");
        rig.pass(6_000).await;
    }
}

#[tokio::test]
async fn opaque_data_may_have_512_characters_and_context_is_not_for_reactions() {
    let rig = Rig::new().await;
    let mut body = message(ANA, text("x"));
    body["biz_opaque_callback_data"] = "h".repeat(512).into();
    assert_eq!(rig.post(body.clone()).await.0, 200);
    body["biz_opaque_callback_data"] = "h".repeat(513).into();
    assert_eq!(code(&rig.post(body).await.1), 100);
    let mut reaction = message(
        ANA,
        json!({"type": "reaction", "reaction": {"message_id": "wamid.X", "emoji": "👍"}}),
    );
    reaction["context"] = json!({"message_id": "wamid.Y"});
    assert_eq!(code(&rig.post(reaction).await.1), 100);
}

#[tokio::test]
async fn case_45_direct_send_is_not_enabled() {
    let rig = Rig::new().await;
    let mut body = message(ANA, text("Tu pedido llegó"));
    body["category"] = "utility".into();
    assert_eq!(code(&rig.post(body).await.1), 100);
}

#[tokio::test]
async fn answers_carry_metas_headers_and_paths_work_without_a_version() {
    let rig = Rig::new().await;
    for path in [format!("/v26.0/{PN1}"), format!("/{PN1}")] {
        let request = axum::http::Request::get(&path)
            .header("authorization", "bearer token")
            .body(Body::empty())
            .unwrap();
        let (status, headers, bytes) = rig.raw(request).await;
        assert_eq!(status, 200);
        let usage: Value =
            serde_json::from_str(headers["x-business-use-case-usage"].to_str().unwrap()).unwrap();
        assert_eq!(usage[WABA][1]["type"], "whatsapp");
        assert!(headers.contains_key("x-app-usage") && headers.contains_key("x-fb-trace-id"));
        let number: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(number["id"], PN1);
        assert_eq!(number["display_phone_number"], "+525550001111");
    }
    let (status, answer) = rig.get("/v25.0/me/nowhere").await;
    assert_eq!((status, code(&answer)), (400, 2500));
    let (_, answer) = rig.get("/v25.0/12345").await;
    assert_eq!(
        (code(&answer), answer["error"]["error_subcode"].as_i64()),
        (100, Some(33))
    );
}
