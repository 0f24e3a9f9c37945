//! The whole way of a message, as a shop and its customer see it.

use portero_domain::clock::Millis;
use portero_gate::record::DecisionRecord;
use serde_json::json;

use crate::harness::Env;

pub(crate) async fn a_message_is_answered_and_its_statuses_come_back(env: Env) {
    let sol = env.sol();
    let before = env.accepted().await.len();
    env.jump(Millis::secs(60)).await;
    env.says(sol, 0, "¿qué horario tienen?").await;
    let messages = env.messages(sol, 0).await;
    let newest = &messages[0];
    assert_eq!(newest["state"], "sent", "{newest}");
    assert_eq!(
        newest["status"], "read",
        "sent, delivered and read came back: {newest}"
    );
    assert_eq!(newest["origin"], "plugin");
    let verdict = sol
        .api
        .get(&format!(
            "/v1/verdicts/{}",
            newest["verdict"].as_str().unwrap()
        ))
        .await
        .unwrap();
    assert_eq!(verdict["verdict"], "allow");
    assert_eq!(
        verdict["stage"], "dispatch",
        "the verdict that counts is the one at the last instant"
    );
    assert!(env.accepted().await.len() > before, "it left over HTTP");
    // Both stages are on record, oldest first.
    let why = sol
        .api
        .get(&format!("/v1/why/{}", newest["id"].as_str().unwrap()))
        .await
        .unwrap();
    let stages: Vec<_> = why["messages"][0]["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["stage"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(stages, ["admission", "dispatch"]);
    env.end().await;
}

pub(crate) async fn an_unconsented_promotion_is_refused_with_its_remedy(env: Env) {
    let sol = env.sol();
    let before = env.accepted().await.len();
    env.event(sol, 1, "cart-1", "cart.abandoned", json!({ "cart": "C-1" }))
        .await;
    let messages = env.messages(sol, 1).await;
    let refused = messages
        .iter()
        .find(|m| m["state"] == "denied")
        .expect("the promotion is accounted for");
    assert_eq!(refused["rule"], "consent.missing");
    let verdict = sol
        .api
        .get(&format!(
            "/v1/verdicts/{}",
            refused["verdict"].as_str().unwrap()
        ))
        .await
        .unwrap();
    for language in ["es", "pt", "en"] {
        let finding = &verdict["findings"][language][0];
        assert_eq!(finding["rule"], "consent.missing");
        assert!(!finding["sentence"].as_str().unwrap().is_empty());
        assert!(!finding["remedy"].as_str().unwrap().is_empty());
        let summary = verdict["summary"][language]
            .as_str()
            .unwrap()
            .to_lowercase();
        assert!(
            !summary.contains("fail") && !summary.contains("fall"),
            "a refusal is not a failure: {summary}"
        );
    }
    assert_eq!(env.accepted().await.len(), before, "nothing left");
    env.end().await;
}

pub(crate) async fn the_same_plugin_speaks_each_shops_language(env: Env) {
    let plugin = |v: serde_json::Value| v[0]["digest"].as_str().unwrap().to_owned();
    let a = plugin(env.sol().api.get("/v1/plugins").await.unwrap());
    let b = plugin(env.lua().api.get("/v1/plugins").await.unwrap());
    assert_eq!(a, b, "one digest");
    let granted = |v: serde_json::Value| v[0]["grants"].clone();
    let es = granted(env.sol().api.get("/v1/plugins").await.unwrap());
    let pt = granted(env.lua().api.get("/v1/plugins").await.unwrap());
    let has =
        |grants: &serde_json::Value, what: &str| grants["permissions"].to_string().contains(what);
    for (what, lua_has) in [
        ("send.session", true),
        ("send.template.marketing", false),
        ("contacts.read", false),
    ] {
        assert!(has(&es, what), "{es}");
        assert_eq!(has(&pt, what), lua_has, "{pt}");
    }
    let body = |m: &[serde_json::Value]| m.last().unwrap()["content"].to_string();
    let es = body(&env.messages(env.sol(), 0).await);
    let pt = body(&env.messages(env.lua(), 0).await);
    assert!(es.contains("Tienda Sol"), "{es}");
    assert!(pt.contains("Loja Lua"), "{pt}");
    assert_ne!(es, pt);
    env.end().await;
}

pub(crate) async fn a_person_asked_for_silences_the_bot_until_given_back(env: Env) {
    let lua = env.lua();
    env.jump(Millis::secs(60)).await;
    env.says(lua, 0, "quero falar com um atendente").await;
    let contact = env.contact(lua, 0).await;
    assert_eq!(contact["conversations"][0]["owner"], "human", "{contact}");
    let told = env.messages(lua, 0).await.len();
    env.jump(Millis::secs(60)).await;
    env.says(lua, 0, "oi?").await;
    assert_eq!(env.messages(lua, 0).await.len(), told, "the bot is silent");
    let key = lua.shop.people[0].key();
    lua.api
        .post(&format!("/v1/contacts/{key}/give-back"), json!({}))
        .await
        .unwrap();
    env.jump(Millis::secs(60)).await;
    env.says(lua, 0, "oi").await;
    assert!(env.messages(lua, 0).await.len() > told, "and answers again");
    env.end().await;
}

pub(crate) async fn a_plugin_that_loops_is_cut_off_and_a_person_takes_over(env: Env) {
    let sol = env.sol();
    let looping = std::fs::read(env!("PORTERO_GUEST_HOSTILE")).expect("the guest");
    let how = json!({ "config": {}, "position": -1, "grants": { "permissions": ["config", "log", "kv"] } });
    let path = format!(
        "/v1/plugins?how={}",
        portero::commands::plugin::encode(&how.to_string())
    );
    let body = portero::client::Body::Bytes(looping);
    sol.api
        .send(reqwest::Method::POST, &path, Some(body))
        .await
        .expect("installed");
    // Nobody owns this conversation yet, so the newcomer is asked first.
    env.says(sol, 3, "infinite-loop").await;
    let conversation = env.contact(sol, 3).await["conversations"][0].clone();
    assert_eq!(conversation["owner"], "human", "{conversation}");
    assert!(
        conversation["handed_over"][1]
            .as_str()
            .unwrap()
            .contains("out-of-fuel"),
        "{conversation}"
    );
    // Everybody else is served as before.
    env.jump(Millis::minutes(1)).await;
    let before = env.messages(sol, 0).await.len();
    env.says(sol, 0, "hola").await;
    assert!(env.messages(sol, 0).await.len() > before);
    // Each failure is counted and shown; the fifth in a row would open its breaker.
    for who in [1, 2, 4] {
        env.says(sol, who, "infinite-loop").await;
    }
    let plugins = sol.api.get("/v1/plugins").await.unwrap();
    let row = plugins
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["plugin"] == "test.portero.hostile")
        .unwrap();
    assert_eq!(row["failures_in_row"], 4, "{row}");
    env.end().await;
}

pub(crate) async fn a_business_event_takes_effect_once(env: Env) {
    let sol = env.sol();
    env.jump(Millis::secs(60)).await;
    let first = env
        .event(sol, 0, "o-1", "order.shipped", json!({ "order": "A-1" }))
        .await;
    assert_eq!(first["new"], true);
    let told = env.messages(sol, 0).await.len();
    let again = env
        .event(sol, 0, "o-1", "order.shipped", json!({ "order": "A-1" }))
        .await;
    assert_eq!(again["new"], false);
    assert_eq!(env.messages(sol, 0).await.len(), told);
    env.end().await;
}

pub(crate) async fn a_verdict_record_replays_without_a_database(env: Env) {
    let sol = env.sol();
    let verdicts = sol.api.get("/v1/verdicts?limit=200").await.unwrap();
    let tenant = sol.id.parse().unwrap();
    let mut replayed = 0;
    for verdict in verdicts["items"].as_array().unwrap() {
        let id = verdict["id"].as_str().unwrap().parse().unwrap();
        let mut tx = env.stage.host.ctx.store.read().await.unwrap();
        let row = tx.tenant(tenant).decision(id).await.unwrap().unwrap();
        let record: DecisionRecord = serde_json::from_str(&row.record).unwrap();
        assert_eq!(record.hash(), row.content_hash);
        let replay = portero_gate::record::replay(&record);
        assert!(replay.same && replay.same_ruleset, "{id}");
        assert_eq!(replay.judgement, record.judgement);
        replayed += 1;
    }
    assert!(replayed >= 2);
    env.end().await;
}
