//! When Meta's answer does not come, or is a no.

use portero_domain::clock::{Millis, Ts};
use serde_json::{Value, json};

use crate::harness::Env;

pub(crate) async fn a_lost_answer_is_one_send_and_one_settled_state(env: Env) {
    let sol = env.sol();
    env.jump(Millis::secs(60)).await;
    let before = env.accepted().await.len();
    env.world
        .control
        .post("/_sim/faults", &json!({ "drop_answer_next": 1 }))
        .await
        .unwrap();
    let proposed = env
        .propose(
            sol,
            0,
            "lost",
            json!({ "purpose": "reply", "content": { "type": "text", "body": "¿Sigues ahí?" } }),
        )
        .await;
    let message = env.now(sol, &proposed).await;
    assert_eq!(env.accepted().await.len(), before + 1, "Meta took it once");
    assert_eq!(
        message["state"], "sent",
        "the status webhook settled what the lost answer left open: {message}"
    );
    assert!(
        message["wamid"]
            .as_str()
            .is_some_and(|w| w.starts_with("wamid."))
    );
    env.end().await;
}

pub(crate) async fn a_refusal_of_meta_is_shown_with_its_code(env: Env) {
    let sol = env.sol();
    env.jump(Millis::secs(60)).await;
    let faults = json!({ "next": [{ "code": 131_031, "times": 1, "mode": "sync" }] });
    env.world
        .control
        .post("/_sim/faults", &faults)
        .await
        .unwrap();
    let proposed = env
        .propose(
            sol,
            0,
            "locked",
            json!({ "purpose": "reply", "content": { "type": "text", "body": "hola" } }),
        )
        .await;
    let message = env.now(sol, &proposed).await;
    assert_eq!(message["state"], "failed", "{message}");
    assert!(
        message["error"].as_str().unwrap().contains("131031"),
        "{message}"
    );
    // A locked account rests for a quarter of an hour: the next message is refused here, not at Meta.
    let hola = || json!({ "purpose": "reply", "content": { "type": "text", "body": "hola" } });
    let path = format!("/v1/numbers/{}", sol.shop.number);
    let shown = sol.api.get(&path).await.unwrap();
    let resting = &shown["number"]["resting"];
    assert_eq!(resting["what"], "error 131031", "{shown}");
    let until = Ts::parse_rfc3339(resting["until"].as_str().unwrap()).unwrap();
    assert_eq!(shown["number"]["stopped"], Value::Null);
    let next = env.propose(sol, 0, "after", hola()).await;
    assert_eq!(next["verdict"]["rule"], "account.restricted", "{next}");
    // Who resumes sending does not resume this.
    sol.api.post("/v1/resume", json!({})).await.unwrap();
    let now = env.stage.host.ctx.now();
    env.jump(Millis(until.ms() - now.ms() - 1)).await;
    let next = env.propose(sol, 0, "still", hola()).await;
    assert_eq!(next["verdict"]["rule"], "account.restricted", "{next}");
    // Another shop never noticed, and at its end nobody has to do anything.
    let lua = env.lua();
    env.says(lua, 0, "oi").await;
    assert_eq!(env.messages(lua, 0).await[0]["state"], "sent");
    env.jump(Millis(1)).await;
    let next = env.propose(sol, 0, "over", hola()).await;
    assert_eq!(env.now(sol, &next).await["state"], "sent", "{next}");
    let shown = sol.api.get(&path).await.unwrap();
    assert_eq!(shown["number"]["resting"], Value::Null);
    env.end().await;
}
