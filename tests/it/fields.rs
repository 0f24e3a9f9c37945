//! Every webhook field that has an effect has it: on templates, numbers, the window, who answers, consent.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;

fn reply(words: &str) -> Value {
    json!({ "purpose": "reply", "content": { "type": "text", "body": words } })
}

/// Meta tells of an account what its pretended self is told to.
async fn news(env: &Env, waba: &str, field: &str, value: Value) {
    let body = json!({ "field": field, "value": value });
    let path = format!("/_sim/accounts/{waba}");
    let told = env.world.control.post(&path, &body).await;
    told.expect("told");
    env.settle().await;
}

pub(crate) async fn a_call_opens_the_window(env: Env) {
    let sol = env.sol();
    env.jump(Millis::days(2)).await;
    let early = env.propose(sol, 2, "c-0", reply("hola")).await;
    assert_eq!(early["verdict"]["rule"], "session.window-closed", "{early}");
    let to = json!({ "number": sol.shop.number });
    env.does(sol, 2, "call", to).await;
    assert!(
        env.messages(sol, 2)
            .await
            .iter()
            .all(|m| m["origin"] != "plugin")
    );
    let now = env.propose(sol, 2, "c-1", reply("¿nos llamaste?")).await;
    assert_eq!(env.now(sol, &now).await["state"], "sent", "{now}");
    // To the millisecond, as after a message.
    env.jump(Millis::hours(24)).await;
    let late = env.propose(sol, 2, "c-2", reply("¿sigues ahí?")).await;
    assert_eq!(late["verdict"]["rule"], "session.window-closed", "{late}");
    env.end().await;
}

pub(crate) async fn a_chat_that_others_answer_is_silent_and_its_opt_out_counts(env: Env) {
    let sol = env.sol();
    env.jump(Millis::minutes(1)).await;
    env.says(sol, 2, "hola").await;
    let before = env.messages(sol, 2).await.len();
    let agent = |value: bool| json!({ "number": sol.shop.number, "value": value });
    env.does(sol, 2, "agent", agent(true)).await;
    let contact = env.contact(sol, 2).await;
    assert_eq!(contact["conversations"][0]["owner"], "human", "{contact}");
    env.jump(Millis::minutes(1)).await;
    env.says(sol, 2, "¿qué horario tienen?").await;
    // Nobody of the shop is waited for, so nobody is alerted.
    env.jump(Millis::hours(2)).await;
    let waits = sol.api.get("/v1/conversations?state=needs_you").await;
    assert_eq!(waits.unwrap()["items"], json!([]));
    env.says(sol, 2, "BAJA").await;
    assert_eq!(env.messages(sol, 2).await.len(), before, "silent");
    let offer = json!({ "purpose": "promotional", "topic": "ofertas",
        "content": { "type": "template", "name": "promo_semana", "language": "es", "body": [] } });
    let refused = env.propose(sol, 2, "a-1", offer).await;
    assert_eq!(refused["verdict"]["rule"], "consent.revoked", "{refused}");
    // Given back, the bot answers again; one line of history tells of the whole time.
    env.does(sol, 2, "agent", agent(false)).await;
    env.jump(Millis::minutes(1)).await;
    let key = sol.shop.people[2].key();
    let back = format!("/v1/contacts/{key}/give-back");
    sol.api.post(&back, json!({})).await.unwrap();
    env.says(sol, 2, "hola").await;
    assert!(env.messages(sol, 2).await.len() > before);
    env.end().await;
}

pub(crate) async fn a_template_whose_text_changed_is_asked_for(env: Env) {
    let sol = env.sol();
    env.jump(Millis::minutes(1)).await;
    let path = format!("/_sim/templates/{}/promo_semana/es", sol.shop.waba);
    let text = "Esta semana, 25 % en toda la tienda.";
    let body = json!({ "body": text });
    let changed = env.world.control.post(&path, &body).await;
    changed.expect("changed");
    env.settle().await;
    let body = async || {
        let all = sol.api.get("/v1/templates").await.unwrap();
        let all = all["items"].as_array().unwrap().clone();
        let one = all.iter().find(|t| t["name"] == "promo_semana").unwrap();
        one["body"].clone()
    };
    assert_eq!(body().await, text, "nobody synced by hand");
    let told = sol.api.get("/v1/history?subject=template").await.unwrap();
    assert_eq!(told["items"][0]["aspect"], "content", "{told}");
    // An event that does not tell the status: Meta is asked for it.
    let paused = json!({ "status": "PAUSED" });
    env.world.control.post(&path, &paused).await.unwrap();
    env.settle().await;
    let quiet = json!({ "pause_webhooks": true });
    env.world
        .control
        .post("/_sim/faults", &quiet)
        .await
        .unwrap();
    let back = json!({ "status": "APPROVED" });
    env.world.control.post(&path, &back).await.unwrap();
    let at = env.stage.host.ctx.now().secs();
    let said = json!({ "object": "whatsapp_business_account", "entry": [{ "id": sol.shop.waba, "time": at,
        "changes": [{ "field": "message_template_status_update", "value": { "event": "REINSTATED",
            "message_template_id": 1, "message_template_name": "promo_semana", "message_template_language": "es" } }] }] });
    let said = said.to_string();
    let secret = secrecy::SecretString::from(env.stage.secrets.app_secret.clone());
    let signature = portero_meta::signature::sign(&secret, said.as_bytes());
    assert_eq!(env.signed(said.as_bytes(), &signature).await, 200);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let all = sol.api.get("/v1/templates").await.unwrap();
        let all = all["items"].as_array().unwrap().clone();
        let one = all.iter().find(|t| t["name"] == "promo_semana").unwrap();
        if one["status"] == "APPROVED" {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{one}");
        tokio::task::yield_now().await;
    }
    let go_on = json!({ "pause_webhooks": false });
    env.world
        .control
        .post("/_sim/faults", &go_on)
        .await
        .unwrap();
    env.end().await;
}

pub(crate) async fn an_account_that_left_sends_nothing_until_it_is_back(env: Env) {
    let sol = env.sol();
    let waba = sol.shop.waba;
    env.says(sol, 0, "hola").await;
    env.jump(Millis::minutes(1)).await;
    news(&env, waba, "account_offboarded", json!({ "reason": "x" })).await;
    let denied = env.propose(sol, 0, "o-1", reply("hola")).await;
    assert_eq!(denied["verdict"]["rule"], "account.restricted", "{denied}");
    // An approved review is not its return.
    env.jump(Millis::minutes(1)).await;
    let approved = json!({ "decision": "APPROVED" });
    news(&env, waba, "account_review_update", approved).await;
    let denied = env.propose(sol, 0, "o-2", reply("hola")).await;
    assert_eq!(denied["verdict"]["rule"], "account.restricted", "{denied}");
    env.jump(Millis::minutes(1)).await;
    news(&env, waba, "account_reconnected", json!({ "x": 1 })).await;
    let sent = env.propose(sol, 0, "o-3", reply("volvimos")).await;
    assert_eq!(env.now(sol, &sent).await["state"], "sent", "{sent}");
    // What is shown and no more: names of flows and of the shop.
    let blocked =
        json!({ "event": "FLOW_STATUS_CHANGE", "flow_id": "77", "new_status": "BLOCKED" });
    news(&env, waba, "flows", blocked).await;
    let name = json!({ "status": "approved", "username": "sol" });
    news(&env, waba, "business_username_updates", name).await;
    let told = sol.api.get("/v1/history?subject=account").await.unwrap();
    let text = told.to_string();
    assert!(text.contains("FLOW_STATUS_CHANGE") && text.contains("BLOCKED"));
    assert!(text.contains("USERNAME"), "{text}");
    // What has no effect is kept and says so.
    for field in ["automatic_events", "history", "smb_app_state_sync"] {
        news(&env, waba, field, json!({ "about": field })).await;
        let kept = sol.api.get("/v1/inbox?limit=5").await.unwrap();
        let kept = kept["items"].as_array().unwrap().clone();
        let one = kept.iter().find(|e| e["field"] == field);
        assert_eq!(one.unwrap()["state"], "unhandled", "{kept:?}");
    }
    env.end().await;
}

pub(crate) async fn two_tenants_of_one_account_both_hear_of_it(env: Env) {
    let (sol, lua) = (env.sol(), env.lua());
    let second = json!({ "phone_number_id": "401000000000099", "waba_id": sol.shop.waba, "display": "+55 11 5555 0299",
        "access_token": env.stage.secrets.access_token, "messaging_limit": "TIER_UNLIMITED" });
    let operator = env.world.operator.for_tenant(lua.shop.slug);
    operator.put("/v1/numbers", second).await.unwrap();
    env.jump(Millis::minutes(1)).await;
    let ban = json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "DISABLE" } });
    news(&env, sol.shop.waba, "account_update", ban).await;
    for (shop, number, banned) in [
        (sol, sol.shop.number, true),
        (lua, "401000000000099", true),
        (lua, lua.shop.number, false),
    ] {
        let shown = shop.api.get(&format!("/v1/numbers/{number}")).await;
        let what = shown.unwrap()["number"]["restriction"]["what"].clone();
        assert_eq!(what == "DISABLE", banned, "{number}: {what}");
    }
    env.end().await;
}
