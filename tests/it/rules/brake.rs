//! A campaign's brake where only the gate sees it: what waits for its number is judged by a policy
//! that was tightened since, before the runner counts anything new.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::campaigns::{count, launch, show, until, weekly};
use crate::harness::Env;
use crate::rules::{Cases, agreed, policy};

const RULE: &str = "limits.campaign-brake";

/// Until the runner has counted all that left.
async fn counted(env: &Env, id: &str, view: &Value) {
    let tried = count(view, "sent") + count(view, "failed");
    let id = id.parse().unwrap();
    let tenant = env.sol().id.parse().unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let mut tx = env.stage.host.ctx.store.read().await.unwrap();
        let row = tx.tenant(tenant).campaign(id).await.unwrap().unwrap();
        drop(tx);
        if row.sent + row.failed == tried {
            return;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "{} of {tried}",
            row.sent
        );
        tokio::task::yield_now().await;
    }
}

pub(super) async fn brake(env: &Env, cases: &mut Cases) {
    let sol = env.sol();
    for n in 200..260 {
        agreed(env, n).await;
    }
    crate::yellow::ten_a_second(env).await;
    // Two of the first cannot be delivered: too few for the default brake.
    let faults = json!({ "next": [{ "code": 131_026, "times": 2, "mode": "sync" }] });
    let control = &env.world.control;
    control.post("/_sim/faults", &faults).await.unwrap();
    let (id, _) = launch(env, &weekly()).await;
    env.settle().await;
    env.jump(Millis::secs(1)).await;
    // Nothing leaves while the runner counts what has left.
    let number = json!({ "phone_number_id": sol.shop.number });
    sol.api.post("/v1/stop", number.clone()).await.unwrap();
    env.jump(Millis::secs(3)).await;
    let view = show(env, &id).await;
    assert_eq!(view["state"], "running", "{view}");
    assert_eq!(view["progress"]["counts"]["failed"], 2, "{view}");
    counted(env, &id, &view).await;
    policy(
        env,
        json!({ "brake_sample": 5, "brake_failures_percent": 1 }),
    )
    .await;
    sol.api.post("/v1/resume", number).await.unwrap();
    env.jump(Millis::secs(1)).await;
    let path = format!("/v1/campaigns/{id}/people?rule={RULE}&limit=1");
    let held = sol.api.get(&path).await.unwrap();
    let first = &held["items"][0];
    cases.fired(RULE, &first["rule"], &json!([held, show(env, &id).await]));
    let view = until(env, &id, "paused").await;
    let shown = (&view["state"], &view["reason"]);
    assert_eq!(shown, (&json!("paused"), &json!(RULE)), "{view}");
    // A campaign of the same shop and the same policy whose messages arrive goes on.
    for n in 130..140 {
        let who = agreed(env, n).await;
        let path = format!("/v1/contacts/{who}");
        let tagged = json!({ "tags": ["nuevas"] });
        sol.api.put(&path, tagged).await.unwrap();
    }
    let mut other = weekly();
    other["audience"] = json!({ "who": "tag", "tag": "nuevas" });
    let (neighbour, _) = launch(env, &other).await;
    let done: Value = until(env, &neighbour, "done").await;
    assert_eq!(done["progress"]["counts"]["sent"], 10, "{done}");
    cases.passed(RULE);
    policy(env, json!({})).await;
}
