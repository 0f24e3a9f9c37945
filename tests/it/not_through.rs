//! What does not get through to Meta, or comes back from it: it waits, ends, and stops others.

use portero::demo::setup::Standing;
use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::door::Fault;
use crate::harness::Env;

fn text(words: &str) -> Value {
    json!({ "purpose": "reply", "content": { "type": "text", "body": words } })
}

async fn faults(env: &Env, faults: Value) {
    let control = &env.world.control;
    control.post("/_sim/faults", &faults).await.unwrap();
}

async fn stopped(shop: &Standing, number: &str) -> Value {
    let all = shop.api.get("/v1/numbers").await.unwrap();
    let found = all
        .as_array()
        .unwrap()
        .iter()
        .find(|n| n["phone_number_id"] == number);
    found.unwrap_or_else(|| panic!("{number}: {all}"))["stopped"].clone()
}

pub(crate) async fn an_outage_of_minutes_loses_no_message(env: Env) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    env.jump(Millis::secs(60)).await;
    let before = env.accepted().await.len();
    env.door.fail(Fault::NotSent, 8);
    let proposed = env
        .propose(sol, 0, "outage", text("Ya está tu pedido."))
        .await;
    // 1, 2, 4 … 128 s: eight tries find nobody there.
    for secs in [1, 2, 4, 8, 16, 32, 64] {
        assert_eq!(env.now(sol, &proposed).await["state"], "queued");
        env.jump(Millis::secs(secs)).await;
    }
    assert_eq!(env.accepted().await.len(), before);
    env.jump(Millis::secs(128)).await;
    let sent = env.now(sol, &proposed).await;
    assert_eq!(sent["state"], "sent", "{sent}");
    assert_eq!(env.accepted().await.len(), before + 1);
    // Nobody comes back before it stops making sense: it expires, it does not fail.
    env.door.fail(Fault::NotSent, 100);
    let proposed = env.propose(sol, 0, "long-outage", text("¿Algo más?")).await;
    for _ in 0..20 {
        env.jump(Millis::minutes(1)).await;
    }
    let over = env.now(sol, &proposed).await;
    assert_eq!(over["state"], "expired", "{over}");
    env.end().await;
}

pub(crate) async fn a_clearance_that_ran_out_is_judged_again_and_is_no_try(env: Env) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    env.jump(Millis::minutes(5)).await;
    env.door.fail(Fault::Late, 2);
    let asked = env.door.asked();
    let proposed = env
        .propose(sol, 0, "late", text("Ya está tu pedido."))
        .await;
    let sent = env.now(sol, &proposed).await;
    // The clock did not move: nothing waited.
    assert_eq!(sent["state"], "sent", "{sent}");
    assert_eq!(env.door.asked(), asked + 3);
    let tenant = sol.id.parse().unwrap();
    let id = sent["id"].as_str().unwrap().parse().unwrap();
    let mut tx = env.stage.host.ctx.store.read().await.unwrap();
    let row = tx.tenant(tenant).outbox(id).await.unwrap().unwrap();
    assert_eq!(row.tries, 1, "only the one that was offered counts");
    drop(tx);
    env.end().await;
}

pub(crate) async fn an_error_of_the_account_stops_its_every_number(env: Env) {
    let (sol, lua) = (env.sol(), env.lua());
    env.jump(Millis::secs(60)).await;
    let second = json!({ "phone_number_id": "100000000000077", "waba_id": sol.shop.waba,
                         "display": "+57 601 555 0177", "access_token": "t" });
    let operator = env.world.operator.for_tenant(sol.shop.slug);
    operator.put("/v1/numbers", second).await.unwrap();
    // As a failed status, after Meta took the message.
    faults(
        &env,
        json!({ "next": [{ "code": 131_042, "times": 1, "mode": "async" }] }),
    )
    .await;
    let mut told = text("Ya está tu pedido.");
    told["phone_number_id"] = json!(sol.shop.number);
    let proposed = env.propose(sol, 0, "unpaid", told).await;
    assert_eq!(env.now(sol, &proposed).await["state"], "sent");
    for number in [sol.shop.number, "100000000000077"] {
        let stop = stopped(sol, number).await;
        assert!(stop.to_string().contains("131042"), "{number}: {stop}");
    }
    assert_eq!(stopped(lua, lua.shop.number).await, Value::Null);
    env.end().await;
}

pub(crate) async fn a_template_meta_knows_otherwise_rests_until_a_sync(env: Env) {
    let sol = env.sol();
    env.jump(Millis::secs(60)).await;
    let offer = json!({ "purpose": "promotional", "topic": "ofertas", "content": {
        "type": "template", "name": "promo_semana", "language": "es", "body": [] } });
    faults(
        &env,
        json!({ "next": [{ "code": 132_000, "times": 1, "mode": "sync" }] }),
    )
    .await;
    let refused = env.propose(sol, 2, "outdated", offer.clone()).await;
    assert_eq!(env.now(sol, &refused).await["state"], "failed");
    let status = || async {
        let all = sol.api.get("/v1/templates").await.unwrap();
        let found = all["items"].as_array().unwrap().iter();
        let found = found.filter(|t| {
            t["name"] == "promo_semana" && t["waba_id"] == sol.shop.waba && t["language"] == "es"
        });
        found.map(|t| t["status"].clone()).next().unwrap()
    };
    assert_eq!(status().await, "OUTDATED");
    let next = env.propose(sol, 2, "still-outdated", offer).await;
    assert_eq!(next["verdict"]["rule"], "template.not-approved", "{next}");
    env.jump(Millis::secs(1)).await;
    sol.api.post("/v1/templates/sync", json!({})).await.unwrap();
    assert_eq!(status().await, "APPROVED");
    env.end().await;
}

pub(crate) async fn an_older_word_on_a_template_never_overrides_a_newer_one(env: Env) {
    let sol = env.sol();
    env.jump(Millis::minutes(10)).await;
    let now = env.stage.host.ctx.now().secs();
    let say = |field: &str, at: i64, more: Value| {
        let mut value = json!({ "message_template_id": 7, "message_template_name": "promo_semana",
                                "message_template_language": "es" });
        value
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": sol.shop.waba, "time": at,
                "changes": [{ "field": field, "value": value }] }] })
        .to_string()
    };
    let status = "message_template_status_update";
    let quality = "message_template_quality_update";
    let category = "template_category_update";
    let heard = [
        say(status, now - 10, json!({ "event": "DISABLED" })),
        say(status, now - 20, json!({ "event": "APPROVED" })),
        say(quality, now - 10, json!({ "new_quality_score": "RED" })),
        say(quality, now - 11, json!({ "new_quality_score": "GREEN" })),
        say(category, now - 10, json!({ "new_category": "UTILITY" })),
        say(category, now - 300, json!({ "new_category": "MARKETING" })),
    ];
    for body in &heard {
        assert_eq!(env.webhook(body.as_bytes()).await, 200);
    }
    let all = sol.api.get("/v1/templates").await.unwrap();
    let all = all["items"].as_array().unwrap();
    let promo = all.iter().find(|t| {
        t["name"] == "promo_semana" && t["waba_id"] == sol.shop.waba && t["language"] == "es"
    });
    let promo = promo.unwrap();
    let stands = (&promo["status"], &promo["quality"], &promo["category"]);
    assert_eq!(
        stands,
        (&json!("DISABLED"), &json!("RED"), &json!("UTILITY")),
        "{promo}"
    );
    env.end().await;
}

pub(crate) async fn strange_long_names_are_kept_and_answered_200(env: Env) {
    let sol = env.sol();
    env.jump(Millis::secs(60)).await;
    // Incompressible, so that Postgres cannot fold it into an index row.
    let long: String = {
        use sha2::Digest;
        (0..160)
            .map(|n: u32| hex::encode(sha2::Sha256::digest(n.to_le_bytes())))
            .collect()
    };
    assert!(long.len() > 10_000);
    let template = json!({ "object": "whatsapp_business_account", "entry": [{ "id": sol.shop.waba, "time": 1,
        "changes": [{ "field": "message_template_status_update", "value": { "event": "APPROVED",
            "message_template_name": long, "message_template_language": "es" } }] }] });
    let status = json!({ "object": "whatsapp_business_account", "entry": [{ "id": sol.shop.waba, "time": 1,
        "changes": [{ "field": "messages", "value": { "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "1", "phone_number_id": sol.shop.number },
            "statuses": [{ "id": "wamid.LONG", "status": "delivered", "timestamp": "1",
                           "recipient_id": "573005550001", "recipient_participant_id": long }] } }] }] });
    let count = || async {
        let all = sol.api.get("/v1/inbox?limit=200").await.unwrap();
        all["items"].as_array().unwrap().len()
    };
    let before = count().await;
    for body in [template, status] {
        let body = body.to_string();
        for _ in 0..2 {
            assert_eq!(env.webhook(body.as_bytes()).await, 200);
        }
    }
    assert_eq!(count().await, before + 2, "each once");
    let counts = env.world.operator.get("/v1/inbox/counts").await.unwrap();
    let failed = counts
        .as_array()
        .unwrap()
        .iter()
        .any(|c| c["state"] == "failed");
    assert!(!failed, "each was read to its end: {counts}");
    env.end().await;
}

pub(crate) async fn a_tenant_in_simulator_mode_never_reaches_the_real_graph(env: Env) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    env.jump(Millis::secs(60)).await;
    let asked = env.door.asked();
    env.door.lead_outside();
    let proposed = env
        .propose(sol, 0, "outside", text("Ya está tu pedido."))
        .await;
    let refused = env.now(sol, &proposed).await;
    assert_eq!(refused["state"], "failed", "{refused}");
    assert!(
        refused["error"].to_string().contains("simulator mode"),
        "{refused}"
    );
    assert_eq!(env.door.asked(), asked, "not even offered");
    for path in ["/v1/templates/sync", "/v1/numbers/sync"] {
        let error = sol.api.post(path, json!({})).await.unwrap_err().to_string();
        assert!(error.contains("simulator mode"), "{path}: {error}");
    }
    env.end().await;
}
