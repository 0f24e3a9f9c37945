//! The stop switch.

use portero_domain::clock::Millis;
use serde_json::json;

use crate::harness::Env;

pub(crate) async fn a_stopped_tenant_sends_nothing_until_resumed(env: Env) {
    let sol = env.sol();
    env.jump(Millis::secs(60)).await;
    sol.api
        .post("/v1/stop", json!({ "reason": "wrong price" }))
        .await
        .unwrap();
    let before = env.accepted().await.len();
    env.says(sol, 0, "hola").await;
    let newest = env.messages(sol, 0).await[0].clone();
    assert_eq!(newest["rule"], "tenant.suspended", "{newest}");
    assert_eq!(env.accepted().await.len(), before);
    // The other shop goes on.
    env.says(env.lua(), 0, "oi").await;
    assert!(env.accepted().await.len() > before);
    sol.api.post("/v1/resume", json!({})).await.unwrap();
    env.jump(Millis::secs(60)).await;
    let before = env.accepted().await.len();
    env.says(sol, 0, "hola").await;
    assert!(env.accepted().await.len() > before);
    env.end().await;
}
