//! What plugins may do, and how much.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;
use crate::rules::{Cases, decided};

pub(super) async fn plugins(env: &Env, cases: &mut Cases) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    assert!(spoke(env, 0, &["Tienda Sol"]).await);
    cases.passed("plugin.capability");
    env.jump(Millis::minutes(2)).await;
    // A bot that speaks unasked: three a minute, then silence.
    for n in 0..4 {
        env.jump(Millis::secs(7)).await;
        env.event(
            sol,
            0,
            &format!("bc-{n}"),
            "order.paid",
            json!({ "order": format!("B-{n}") }),
        )
        .await;
    }
    decided(env, cases, 0, "bot.consecutive").await;
    assert!(spoke(env, 0, &["B-0"]).await, "the first of them went");
    cases.passed("bot.consecutive");
    env.jump(Millis::minutes(3)).await;
    let who = sol.shop.people[0].key();
    sol.api
        .post(
            &format!("/v1/contacts/{who}/hand-over"),
            json!({ "reason": "complaint" }),
        )
        .await
        .unwrap();
    env.event(sol, 0, "ho-1", "order.shipped", json!({ "order": "B-0" }))
        .await;
    decided(env, cases, 0, "bot.handover-active").await;
    sol.api
        .post(&format!("/v1/contacts/{who}/give-back"), json!({}))
        .await
        .unwrap();
    env.jump(Millis::minutes(3)).await;
    env.event(sol, 0, "ho-2", "order.shipped", json!({ "order": "B-1" }))
        .await;
    assert!(
        spoke(env, 0, &["B-1", "enviado"]).await,
        "given back, it went"
    );
    cases.passed("bot.handover-active");
    // Twenty proposals to one person in an hour, not one more.
    for _ in 0..24 {
        env.jump(Millis::minutes(2)).await;
        env.says(sol, 1, "hola").await;
    }
    decided(env, cases, 1, "plugin.budget").await;
    env.jump(Millis::hours(1)).await;
    env.says(sol, 1, "hola").await;
    let newest = env.messages(sol, 1).await.remove(0);
    assert_eq!(
        newest["state"], "sent",
        "an hour later it may again: {newest}"
    );
    cases.passed("plugin.budget");
    // The same component with an empty grant may say nothing.
    let how = json!({ "config": {}, "grants": { "permissions": ["config", "kv", "log"] } });
    install(env, portero::guest::TIENDA_BOT, &how).await;
    env.jump(Millis::minutes(3)).await;
    env.says(sol, 0, "hola").await;
    decided(env, cases, 0, "plugin.capability").await;
}

/// A plugin may react to what the person of its event wrote, not to what it remembers of somebody else.
pub(super) async fn scope(env: &Env, cases: &mut Cases) {
    let sol = env.sol();
    let component = std::fs::read(env!("PORTERO_GUEST_HOSTILE")).expect("the guest");
    let permissions = ["kv", "log", "config", "send.session"];
    let how = json!({ "config": {}, "position": -1, "grants": { "permissions": permissions } });
    install(env, &component, &how).await;
    env.says(sol, 3, "remember-me").await;
    env.jump(Millis::minutes(1)).await;
    env.says(sol, 2, "react-to-me").await;
    let newest = env.messages(sol, 2).await.remove(0);
    assert_eq!(newest["content"]["type"], "reaction", "{newest}");
    assert_eq!(newest["state"], "sent", "{newest}");
    cases.passed("plugin.scope");
    env.jump(Millis::minutes(1)).await;
    env.says(sol, 2, "react-to-the-remembered").await;
    decided(env, cases, 2, "plugin.scope").await;
}

/// Whether a message with these words was sent to somebody.
async fn spoke(env: &Env, who: usize, words: &[&str]) -> bool {
    let messages = env.messages(env.sol(), who).await;
    messages.iter().any(|m| {
        let content = m["content"].to_string();
        m["state"] == "sent" && words.iter().all(|word| content.contains(word))
    })
}

async fn install(env: &Env, component: &[u8], how: &Value) {
    let path = format!(
        "/v1/plugins?how={}",
        portero::commands::plugin::encode(&how.to_string())
    );
    let body = portero::client::Body::Bytes(component.to_vec());
    env.sol()
        .api
        .send(reqwest::Method::POST, &path, Some(body))
        .await
        .expect("installed");
}
