//! The control API where no numbered case covers it.

use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn the_thread_shows_both_directions_oldest_first() {
    let rig = Rig::new().await;
    let said = rig.say(ANA, "hola").await;
    rig.pass(1_000).await;
    let mut body = message(ANA, text("buenas"));
    body["context"] = json!({"message_id": said});
    let (_, answer) = rig.post(body).await;
    let sent = wamid(&answer);
    rig.pass(1_000).await;
    let reply = json!({"number": PN1, "type": "text", "text": "gracias", "context": sent});
    rig.sim(&format!("/people/{ANA}/say"), reply).await;
    let thread = rig
        .sim(
            &format!("/people/%2B525512340001/thread?number={PN1}"),
            Value::Null,
        )
        .await;
    let list = thread["messages"].as_array().unwrap();
    let shape: Vec<(&str, &str)> = list
        .iter()
        .map(|m| {
            (
                m["direction"].as_str().unwrap(),
                m["wamid"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(shape[0], ("inbound", said.as_str()));
    assert_eq!(shape[1], ("outbound", sent.as_str()));
    assert_eq!(list[1]["content"]["text"]["body"], "buenas");
    assert_eq!(list[1]["content"]["context"]["message_id"], said);
    assert_eq!(
        list[1]["statuses"],
        json!([{"status": "sent", "at": START + 1_200}, {"status": "delivered", "at": START + 1_800}])
    );
    assert_eq!(
        list[2]["content"]["context"],
        json!({"from": "525550001111", "id": sent})
    );
    assert_eq!(thread["window_closes_at"], START + 2_000 + 24 * HOUR);
}

#[tokio::test]
async fn taps_on_lists_give_the_row_and_wrong_taps_say_why() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    let list = json!({"type": "interactive", "interactive": {"type": "list", "body": {"text": "Elige"},
        "action": {"button": "Ver", "sections": [{"rows": [
            {"id": "r1", "title": "Uno"}, {"id": "r2", "title": "Dos", "description": "la segunda"}]}]}}});
    let sent = rig.send(ANA, list).await;
    let plain = rig.send(ANA, text("sin botones")).await;
    rig.pass(1_000).await;
    let path = format!("/people/{ANA}/tap");
    rig.sim(&path, json!({"number": PN1, "message": sent, "id": "r2"}))
        .await;
    rig.sim.settle().await;
    assert_eq!(
        rig.told().last().unwrap()["messages"][0]["interactive"],
        json!({"type": "list_reply", "list_reply": {"id": "r2", "title": "Dos", "description": "la segunda"}})
    );
    for (body, status) in [
        (json!({"number": PN1, "message": sent, "id": "r3"}), 404),
        (
            json!({"number": PN1, "message": "wamid.X", "id": "r1"}),
            404,
        ),
        (json!({"number": PN1, "message": plain, "id": "r1"}), 422),
        (json!({"number": PN1, "message": sent}), 422),
        (json!({"number": "1", "message": sent, "id": "r1"}), 404),
        (json!({"number": PN1}), 400),
    ] {
        let (got, problem) = rig.sim_raw(&path, body.clone()).await;
        assert_eq!(got, status, "{body} {problem}");
        assert_eq!(problem["status"], status);
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn people_are_made_changed_and_listed() {
    let rig = Rig::new().await;
    assert_eq!(rig.fate("+50688887777", utility()).await, ["failed 131026"]);
    let made = rig
        .sim(
            "/people",
            json!({"name": "Nueva", "wa_id": "+506 8888 7777"}),
        )
        .await;
    assert_eq!(made["wa_id"], "50688887777");
    assert!(made["user_id"].as_str().unwrap().starts_with("CR."));
    assert_eq!(
        rig.fate("+50688887777", utility()).await,
        ["sent", "delivered", "read"]
    );
    let changed = rig
        .sim(
            "/people",
            json!({"wa_id": "50688887777", "receipts": false}),
        )
        .await;
    assert_eq!(
        (&changed["name"], &changed["receipts"]),
        (&json!("Nueva"), &json!(false))
    );
    let people = rig.sim("/people", Value::Null).await;
    assert_eq!(people["people"].as_array().unwrap().len(), 7);
    for bad in [
        json!({"name": "X", "wa_id": "12"}),
        json!({"wa_id": "50688880000"}),
        json!({"name": "X", "colour": 1}),
    ] {
        assert_eq!(rig.sim_raw("/people", bad).await.0, 422);
    }
}

#[tokio::test]
async fn the_clock_jumps_forward_only_and_only_when_it_can() {
    let rig = Rig::new().await;
    let after = rig.sim("/clock/jump", json!({"ms": 25 * HOUR})).await;
    assert_eq!(after["now_at"], START + 25 * HOUR);
    assert_eq!(after["lease_at"], START);
    assert_eq!(rig.jump.offset(), Millis(25 * HOUR));
    assert_eq!(rig.sim_raw("/clock/jump", json!({"ms": -1})).await.0, 422);
    let set = rig
        .sim("/clock", json!({"now": "2026-12-01T00:00:00Z"}))
        .await;
    assert_eq!(set["now"], "2026-12-01T00:00:00.000Z");
    assert_eq!(rig.sim_raw("/clock", json!({"now": "mañana"})).await.0, 422);

    let still = Simulator::new(config(), Arc::new(rig.clock.clone()), None, http_client()).unwrap();
    let request = axum::http::Request::post("/_sim/clock/jump")
        .body(Body::from("{\"ms\":1}"))
        .unwrap();
    let response = tower::ServiceExt::oneshot(still.router(), request)
        .await
        .unwrap();
    assert_eq!(response.status(), 409);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
}

#[tokio::test]
async fn the_world_and_the_log_show_no_token() {
    let rig = Rig::new().await;
    rig.get(&format!("/{WABA}/message_templates?access_token=token"))
        .await;
    let world = rig.sim("/world", Value::Null).await;
    assert_eq!(world["wabas"][0]["numbers"][0]["phone_number_id"], PN1);
    assert_eq!(world["wabas"][0]["templates"].as_array().unwrap().len(), 9);
    let requests = rig.sim("/requests?limit=5", Value::Null).await;
    assert_eq!(
        requests["requests"][0]["path"],
        format!("/{WABA}/message_templates")
    );
    for text in [world.to_string(), requests.to_string()] {
        assert!(
            !text.contains("access_token") && !text.contains("app-secret"),
            "{text}"
        );
    }
    assert_eq!(rig.sim_raw("/nowhere", Value::Null).await.0, 404);
    assert_eq!(rig.sim_raw("/idle", json!({})).await.0, 405);
}

#[tokio::test]
async fn without_a_callback_nothing_waits() {
    let rig = Rig::new().await;
    rig.sim("/callback", json!({"url": null})).await;
    rig.say(ANA, "hola").await;
    rig.pass(1_000).await;
    assert_eq!(rig.sim("/idle", Value::Null).await["idle"], true);
    assert_eq!(rig.posts().len(), 0);
    let log = rig.sim("/webhooks", Value::Null).await;
    assert!(
        log["webhooks"][0]["outcome"]
            .as_str()
            .unwrap()
            .contains("no callback")
    );
    assert_eq!(
        rig.sim_raw("/callback", json!({"url": "nowhere"})).await.0,
        422
    );
}

#[tokio::test]
async fn a_world_that_makes_no_sense_is_refused_with_its_reason() {
    let build = |change: fn(&mut WorldConfig)| {
        let mut config = config();
        change(&mut config);
        Simulator::new(
            config,
            Arc::new(ManualClock::default()),
            None,
            http_client(),
        )
        .err()
        .unwrap()
        .to_string()
    };
    for (error, part) in [
        (build(|c| c.wabas[1].id = WABA.into()), "listed twice"),
        (
            build(|c| c.wabas[1].numbers[0].phone_number_id = PN1.into()),
            "listed twice",
        ),
        (build(|c| c.wabas[0].timezone = "Mars/Base".into()), "IANA"),
        (build(|c| c.wabas[0].numbers[0].mps = 0), "mps"),
        (
            build(|c| c.wabas[0].templates[0]["category"] = "FUN".into()),
            "MARKETING, UTILITY",
        ),
        (build(|c| c.people[1].wa_id = Some("12".into())), "digits"),
        (
            build(|c| c.people[1].wa_id = Some("+52 55 1234 0001".into())),
            "listed twice",
        ),
    ] {
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn the_next_message_of_a_number_fails_on_demand_and_its_business_is_told() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    let path = format!("/numbers/{PN1}/fail");
    assert_eq!(rig.sim(&path, json!({"code": 131_026})).await["waiting"], 1);
    assert_eq!(rig.fate(ANA, text("buenas")).await, ["failed 131026"]);
    // One, and no other.
    let sent = rig.send(ANA, text("otra vez")).await;
    rig.pass(60_000).await;
    assert!(
        !rig.statuses(&sent)
            .await
            .contains(&"failed 131026".to_owned())
    );
    let shown = rig.sim(&format!("/messages/{sent}"), Value::Null).await;
    assert_eq!(shown["number"], PN1);
    for (path, body, status) in [
        (path, json!({"code": 1_234_567}), 422),
        ("/numbers/1/fail".to_owned(), json!({"code": 131_026}), 404),
        ("/messages/wamid.NOBODY".to_owned(), Value::Null, 404),
    ] {
        assert_eq!(rig.sim_raw(&path, body).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn the_document_names_every_path_and_each_of_them_answers() {
    let rig = Rig::new().await;
    let document = rig.sim("/openapi.json", Value::Null).await;
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 20);
    for (path, methods) in paths {
        let address = path
            .replace("{person}", ANA)
            .replace("{number}", PN1)
            .replace("{waba}", WABA)
            .replace("{name}", "aviso_envio")
            .replace("{language}", "es_MX")
            .replace("{wamid}", "wamid.X");
        for (method, operation) in methods.as_object().unwrap() {
            let (status, answer) = rig
                .call(
                    &method.to_uppercase(),
                    &address,
                    None,
                    json!({"nonsense": 1}),
                )
                .await;
            assert_ne!(status, 405, "{method} {path}");
            let nowhere = answer["detail"]
                .as_str()
                .unwrap_or("")
                .contains("no such control path");
            assert!(!nowhere, "{method} {path}");
            // What the document says is required is missed; a field it does not know is refused.
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            let strict = body["additionalProperties"] == false;
            let fields = body["properties"]
                .as_object()
                .is_some_and(|p| !p.is_empty());
            if strict && fields {
                assert!((400..=422).contains(&status), "{method} {path} {answer}");
            }
        }
    }
}
