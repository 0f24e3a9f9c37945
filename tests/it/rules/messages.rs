//! What a message says, where it comes from, and whether the conversation is open.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;
use crate::rules::{Cases, decided, fires, passes, text, to};

pub(super) async fn content(env: &Env, cases: &mut Cases) {
    env.jump(Millis::minutes(2)).await;
    fires(
        env,
        cases,
        0,
        "envelope.invalid",
        text("campana \u{7} aquí"),
    )
    .await;
    passes(env, cases, 0, "envelope.invalid", text("campana aquí")).await;
    fires(env, cases, 0, "content.empty", text("\u{200b} \u{2060}")).await;
    passes(env, cases, 0, "content.empty", text("\u{200b} hola")).await;
    fires(env, cases, 0, "content.too-long", text(&"a".repeat(4_097))).await;
    passes(env, cases, 0, "content.too-long", text(&"a".repeat(4_096))).await;
    fires(
        env,
        cases,
        0,
        "content.placeholder-leak",
        text("Hola {{nombre}}"),
    )
    .await;
    passes(env, cases, 0, "content.placeholder-leak", text("Hola Ana")).await;
    let buttons = |n: usize| {
        let buttons: Vec<Value> = (0..n)
            .map(|i| json!({ "id": format!("b{i}"), "title": format!("B{i}") }))
            .collect();
        json!({ "purpose": "reply", "content": { "type": "interactive", "body": "elige",
                "action": { "kind": "buttons", "buttons": buttons } } })
    };
    fires(env, cases, 0, "content.unsupported", buttons(4)).await;
    passes(env, cases, 0, "content.unsupported", buttons(3)).await;
    // The same key again: the caller gets the first answer, the refusal is on record.
    env.jump(Millis::secs(7)).await;
    let first = env.propose(env.sol(), 0, "twice", text("una vez")).await;
    env.propose(env.sol(), 0, "twice", text("una vez")).await;
    let message = first["message"]["id"].as_str().unwrap();
    let all = env
        .sol()
        .api
        .get(&format!(
            "/v1/verdicts?message={message}&rule=envelope.duplicate"
        ))
        .await
        .unwrap();
    cases.fired("envelope.duplicate", &all["items"][0]["rule"], &all);
    // The same words under another key are another message.
    passes(env, cases, 0, "envelope.duplicate", text("una vez")).await;
}

pub(super) async fn switches(env: &Env, cases: &mut Cases) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    env.jump(Millis::minutes(2)).await;
    sol.api
        .post("/v1/stop", json!({ "reason": "wrong price" }))
        .await
        .unwrap();
    fires(env, cases, 0, "tenant.suspended", text("hola")).await;
    sol.api.post("/v1/resume", json!({})).await.unwrap();
    passes(env, cases, 0, "tenant.suspended", text("hola")).await;
    let mut other = text("hola");
    other["phone_number_id"] = json!(env.lua().shop.number);
    fires(env, cases, 0, "tenant.sender-mismatch", other.clone()).await;
    other["phone_number_id"] = json!(sol.shop.number);
    passes(env, cases, 0, "tenant.sender-mismatch", other).await;
    // A shop in the sandbox: nobody is on its list.
    let operator = &env.world.operator;
    let tenant = json!({ "slug": "arena", "name": "Arena", "mode": "sandbox", "language": "es",
                         "timezone": "America/Bogota", "country": "CO" });
    operator.post("/v1/tenants", tenant).await.unwrap();
    let token = operator
        .post("/v1/tokens", json!({ "label": "t", "tenant": "arena" }))
        .await
        .unwrap();
    let api = env.as_token(token["token"].as_str().unwrap());
    let number = json!({ "phone_number_id": "401000000000009", "waba_id": "301000000000009", "display": "+57 1", "access_token": "x" });
    operator
        .for_tenant("arena")
        .put("/v1/numbers", number)
        .await
        .unwrap();
    api.put("/v1/contacts", json!({ "address": "573009990001" }))
        .await
        .unwrap();
    let refused = api
        .propose("s", to("573009990001", text("x")))
        .await
        .unwrap();
    cases.fired("tenant.sandbox", &refused["verdict"]["rule"], &refused);
    // Nobody is kept out of a shop that is not in the sandbox.
    passes(env, cases, 0, "tenant.sandbox", text("x")).await;
}

pub(super) async fn window(env: &Env, cases: &mut Cases) {
    let sol = env.sol();
    env.says(sol, 2, "gracias").await;
    // Ten minutes before it closes there is time; a message takes seven seconds here.
    env.jump(Millis::minutes(24 * 60 - 10)).await;
    let rule = "session.window-margin";
    let in_time = passes(env, cases, 2, rule, text("con tiempo")).await;
    assert_eq!(env.now(sol, &in_time).await["state"], "sent");
    env.jump(Millis::secs(600 - 17)).await;
    // Ten seconds before it closes: admitted, and too late when it should leave.
    env.propose(sol, 2, "margin", text("justo a tiempo")).await;
    decided(env, cases, 2, rule).await;
    env.jump(Millis(10_000)).await;
    fires(env, cases, 2, "session.window-closed", text("tarde")).await;
    env.says(sol, 2, "hola otra vez").await;
    env.jump(Millis::minutes(1)).await;
    passes(env, cases, 2, "session.window-closed", text("a tiempo")).await;
}
