//! Registries of people who want no advertising: who is listed, and how old the copy may be.

use portero::client::Body;
use serde_json::{Value, json};

use crate::harness::Env;
use crate::rules::{Cases, fires, granted, newcomer, offer, passes, to};

/// Loads a copy of Colombia's registry.
pub(crate) async fn load(env: &Env, as_of: &str, lines: &str) -> anyhow::Result<Value> {
    let path = format!("/v1/registries/co-rne/copy?as_of={as_of}");
    let body = Body::Bytes(lines.as_bytes().to_vec());
    let api = &env.sol().api;
    let loaded = api.send(reqwest::Method::PUT, &path, Some(body)).await?;
    env.settle().await;
    Ok(loaded)
}

/// Somebody who agreed to offers on a day.
pub(crate) async fn agreed_on(env: &Env, n: u32, day: &str) -> String {
    let mut consent = granted();
    consent["captured_at"] = json!(format!("{day}T15:00:00Z"));
    newcomer(env, n, "es", Some(consent)).await
}

/// Scenarios 33 to 35, with Colombia's registry.
pub(super) async fn registries(env: &Env, cases: &mut Cases) {
    let before = agreed_on(env, 70, "2026-10-01").await;
    let after = agreed_on(env, 71, "2026-11-15").await;
    let other = agreed_on(env, 72, "2026-10-01").await;
    let list = format!("{before},2026-11-10\n{after},2026-11-10\n");
    load(env, "2026-11-20", &list).await.unwrap();
    let rule = "recipient.registry";
    fires(env, cases, 0, rule, to(&before, offer())).await;
    passes(env, cases, 0, rule, to(&after, offer())).await;
    // A month later the same copy answers for nobody; a fresh one lets the held message go.
    let rule = "recipient.registry-stale";
    load(env, "2026-10-01", &list).await.unwrap();
    let held = fires(env, cases, 0, rule, to(&other, offer())).await;
    let neighbour = agreed_on(env, 73, "2026-10-01").await;
    load(env, "2026-11-21", &list).await.unwrap();
    passes(env, cases, 0, rule, to(&neighbour, offer())).await;
    let sent = env.now(env.sol(), &held).await;
    assert_eq!(sent["state"], "sent", "{sent}");
}
