//! The plugins that speak by themselves: carts and parcels, from the shop's event to the phone.

use portero::client::Body;
use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;

/// Installs a component for Tienda Sol with everything it asks for.
pub(crate) async fn install(
    env: &Env,
    component: &[u8],
    config: Value,
    templates: &[&str],
) -> Value {
    let found = portero_sandbox::inspect(component).expect("a component");
    let asked: Vec<&str> = found
        .manifest
        .permissions
        .iter()
        .map(|p| p.id.as_str())
        .collect();
    let how = json!({
        "config": config, "position": 5,
        "grants": { "permissions": asked, "templates": templates, "contact_fields": ["name"] },
    });
    let path = format!(
        "/v1/plugins?how={}",
        portero::commands::plugin::encode(&how.to_string())
    );
    let body = Body::Bytes(component.to_vec());
    let installed = env
        .sol()
        .api
        .send(reqwest::Method::POST, &path, Some(body))
        .await
        .expect("installed");
    env.settle().await;
    installed
}

pub(crate) async fn carts(env: &Env) {
    let config = json!({ "shop": "Tienda Sol", "languages": ["es"], "delay_minutes": 60 });
    install(
        env,
        portero::guest::CART_RECOVERY,
        config,
        &["carrito_recordatorio"],
    )
    .await;
}

async fn parcels(env: &Env) {
    let config = json!({ "shop": "Tienda Sol", "languages": ["es"] });
    install(
        env,
        portero::guest::SHIPPING_NOTICE,
        config,
        &["pedido_estado"],
    )
    .await;
}

/// Reminders of carts proposed to somebody so far, newest first.
async fn reminders(env: &Env, who: usize) -> Vec<Value> {
    let mut all = env.messages(env.sol(), who).await;
    all.retain(|m| m["content"]["name"] == "carrito_recordatorio");
    all
}

/// Messages to somebody whose content holds a text.
async fn saying(env: &Env, who: usize, words: &str) -> Vec<Value> {
    let mut all = env.messages(env.sol(), who).await;
    all.retain(|m| m["content"].to_string().contains(words));
    all
}

fn at_meta(all: &[Value], wamid: &Value) -> usize {
    all.iter().filter(|m| m["wamid"] == *wamid).count()
}

pub(crate) async fn a_cart_is_reminded_of_once_after_its_delay_and_never_after_an_order(env: Env) {
    carts(&env).await;
    let sol = env.sol();
    let items = json!({ "cart": "C-1", "items": ["Taza", "Té"] });
    env.event(sol, 2, "c1", "cart.updated", items.clone()).await;
    env.jump(Millis(Millis::minutes(60).0 - 1)).await;
    assert!(reminders(&env, 2).await.is_empty(), "a millisecond early");
    env.jump(Millis(1)).await;
    let sent = reminders(&env, 2).await;
    assert_eq!(sent.len(), 1, "on time: {sent:?}");
    assert_eq!(sent[0]["state"], "sent", "{}", sent[0]);
    assert_eq!(sent[0]["purpose"], "promotional");
    assert_eq!(sent[0]["topic"], "ofertas");
    assert_eq!(at_meta(&env.accepted().await, &sent[0]["wamid"]), 1);
    let path = format!("/v1/verdicts/{}", sent[0]["verdict"].as_str().unwrap());
    assert_eq!(sol.api.get(&path).await.unwrap()["verdict"], "allow");
    // The same cart never again, whatever the shop's system says of it.
    env.event(sol, 2, "c2", "cart.updated", items).await;
    env.jump(Millis::hours(2)).await;
    assert_eq!(reminders(&env, 2).await.len(), 1);
    // Ordered meanwhile: nothing is even proposed.
    env.event(
        sol,
        3,
        "c3",
        "cart.updated",
        json!({ "cart": "C-2", "items": ["Taza"] }),
    )
    .await;
    env.event(
        sol,
        3,
        "o3",
        "order.placed",
        json!({ "order": "O-3", "cart": "C-2" }),
    )
    .await;
    env.jump(Millis::hours(2)).await;
    assert!(reminders(&env, 3).await.is_empty());
    env.end().await;
}

pub(crate) async fn a_cart_told_after_an_order_that_named_none_starts_nothing(env: Env) {
    carts(&env).await;
    let sol = env.sol();
    env.jump(Millis::hours(1)).await;
    env.event(sol, 2, "o1", "order.placed", json!({ "order": "O-1" }))
        .await;
    let now = env.stage.host.ctx.now();
    let late = json!({
        "id": "c1", "name": "cart.updated", "contact": sol.shop.people[2].key(),
        "at": (now - Millis::minutes(10)).rfc3339(), "data": { "cart": "C-1", "items": ["Taza"] },
    });
    sol.api.post("/v1/events", late).await.unwrap();
    env.settle().await;
    env.jump(Millis::hours(3)).await;
    assert!(
        reminders(&env, 2).await.is_empty(),
        "bought before it was told"
    );
    // A cart of later is another one.
    let items = json!({ "cart": "C-2", "items": ["Té"] });
    env.event(sol, 2, "c2", "cart.updated", items).await;
    env.jump(Millis::hours(1)).await;
    assert_eq!(reminders(&env, 2).await.len(), 1);
    env.end().await;
}

pub(crate) async fn carts_fall_silent_after_every_kind_of_opt_out(env: Env) {
    carts(&env).await;
    let sol = env.sol();
    // A word in the chat takes the timer away.
    env.event(
        sol,
        2,
        "c1",
        "cart.updated",
        json!({ "cart": "C-1", "items": ["Taza"] }),
    )
    .await;
    env.says(sol, 2, "BAJA").await;
    env.jump(Millis::hours(2)).await;
    assert!(reminders(&env, 2).await.is_empty(), "not even a proposal");
    env.event(
        sol,
        2,
        "c2",
        "cart.updated",
        json!({ "cart": "C-2", "items": ["Taza"] }),
    )
    .await;
    env.jump(Millis::hours(2)).await;
    assert!(reminders(&env, 2).await.is_empty());
    // WhatsApp's own stop is told like a word.
    let stop = json!({ "number": sol.shop.number, "value": "stop" });
    env.does(sol, 3, "preference", stop).await;
    env.event(
        sol,
        3,
        "c3",
        "cart.updated",
        json!({ "cart": "C-3", "items": ["Taza"] }),
    )
    .await;
    env.jump(Millis::hours(2)).await;
    assert!(reminders(&env, 3).await.is_empty(), "not even a proposal");
    env.event(
        sol,
        3,
        "c4",
        "cart.updated",
        json!({ "cart": "C-4", "items": ["Taza"] }),
    )
    .await;
    env.jump(Millis::hours(2)).await;
    assert!(reminders(&env, 3).await.is_empty());
    // Who never agreed is refused by the gate, with the verdict on record.
    env.event(
        sol,
        1,
        "c5",
        "cart.updated",
        json!({ "cart": "C-5", "items": ["Taza"] }),
    )
    .await;
    env.jump(Millis::hours(1)).await;
    let refused = reminders(&env, 1).await;
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["rule"], "consent.missing", "{}", refused[0]);
    env.end().await;
}

pub(crate) async fn a_parcel_is_told_of_once_as_text_or_template(env: Env) {
    parcels(&env).await;
    let sol = env.sol();
    env.jump(Millis::minutes(1)).await;
    // Inside the window: text.
    let shipped = json!({ "order": "A-1", "carrier": "Andes", "tracking": "X9" });
    env.event(sol, 0, "s1", "order.shipped", shipped.clone())
        .await;
    let words = "Tu pedido A-1 de Tienda Sol: enviado. Transporte: Andes. Guía: X9.";
    env.jump(Millis::minutes(1)).await;
    let told = saying(&env, 0, words).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["state"], "sent", "{}", told[0]);
    assert_eq!(at_meta(&env.accepted().await, &told[0]["wamid"]), 1);
    // Told again under the same id, and under another one: once.
    for id in ["s1", "s2"] {
        env.event(sol, 0, id, "order.shipped", shipped.clone())
            .await;
    }
    assert_eq!(saying(&env, 0, words).await.len(), 1);
    // Outside: the approved utility template.
    let out = json!({ "order": "A-2" });
    env.event(sol, 1, "s3", "order.out_for_delivery", out).await;
    let template = saying(&env, 1, "en reparto").await;
    assert_eq!(template.len(), 1, "{template:?}");
    assert_eq!(template[0]["content"]["name"], "pedido_estado");
    assert_eq!(template[0]["state"], "sent", "{}", template[0]);
    assert_eq!(template[0]["purpose"], "transactional");
    env.end().await;
}

pub(crate) async fn parcels_fall_silent_only_after_an_opt_out_of_everything(env: Env) {
    parcels(&env).await;
    let sol = env.sol();
    let promotions = json!({ "event": "revoked", "topic": "*", "evidence": "call, 23 November" });
    let everything = json!({ "event": "revoked", "evidence": "call, 23 November" });
    let path = format!("/v1/contacts/{}/consent", sol.shop.people[1].key());
    sol.api.post(&path, promotions).await.expect("stored");
    env.settle().await;
    env.event(
        sol,
        1,
        "s1",
        "order.out_for_delivery",
        json!({ "order": "A-1" }),
    )
    .await;
    let told = saying(&env, 1, "en reparto").await;
    assert_eq!(told.len(), 1, "an order's news are no promotion");
    assert_eq!(told[0]["state"], "sent", "{}", told[0]);
    env.jump(Millis::minutes(1)).await;
    sol.api.post(&path, everything).await.expect("stored");
    env.settle().await;
    env.event(
        sol,
        1,
        "s2",
        "order.out_for_delivery",
        json!({ "order": "A-2" }),
    )
    .await;
    assert_eq!(saying(&env, 1, "en reparto").await.len(), 1, "silence");
    env.end().await;
}
