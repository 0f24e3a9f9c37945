//! WhatsApp's own stop and its end: a resume lifts the stop and is no new agreement.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::answers::carts;
use crate::harness::{self, Env};
use crate::rules::offer;

/// The tests of this file.
pub(crate) const TESTS: &[harness::Test] = &[harness::test!(
    silence::a_resume_lifts_metas_stop_and_ends_no_plugins_silence
)];

const WHO: usize = 2;

async fn sets(env: &Env, value: &str) {
    env.jump(Millis::minutes(1)).await;
    let number = env.sol().shop.number;
    let body = json!({ "number": number, "value": value });
    env.does(env.sol(), WHO, "preference", body).await;
}

/// Reminders proposed so far, after a cart was left alone for an hour.
async fn after_a_cart(env: &Env, cart: &str) -> usize {
    let data = json!({ "cart": cart, "items": ["Taza"] });
    env.event(env.sol(), WHO, cart, "cart.updated", data).await;
    env.jump(Millis::minutes(61)).await;
    let all = env.messages(env.sol(), WHO).await;
    let reminder = |m: &&Value| m["content"]["name"] == "carrito_recordatorio";
    all.iter().filter(reminder).count()
}

pub(crate) async fn a_resume_lifts_metas_stop_and_ends_no_plugins_silence(env: Env) {
    let sol = env.sol();
    carts(&env).await;
    sets(&env, "stop").await;
    assert_eq!(after_a_cart(&env, "C-1").await, 0);
    let stopped = env.propose(sol, WHO, "s-1", offer()).await;
    assert_eq!(stopped["verdict"]["rule"], "consent.meta-stop", "{stopped}");
    sets(&env, "resume").await;
    // The consent of before stands: the gate lets what the shop itself proposes pass.
    let offered = env.propose(sol, WHO, "s-2", offer()).await;
    assert_eq!(offered["verdict"]["verdict"], "allow", "{offered}");
    // A bot that fell silent stays so: nobody agreed to anything anew.
    assert_eq!(after_a_cart(&env, "C-2").await, 0);
    let who = sol.shop.people[WHO].key();
    let path = format!("/v1/contacts/{who}/consent");
    let yes = json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1",
                      "promise": { "max": 9, "per": "week" }, "evidence": "form 8" });
    sol.api.post(&path, yes).await.unwrap();
    env.settle().await;
    assert_eq!(after_a_cart(&env, "C-3").await, 1);
    // An opt-out of the shop's own is not lifted by WhatsApp's switch, in either order.
    env.says(sol, WHO, "BAJA").await;
    sets(&env, "stop").await;
    sets(&env, "resume").await;
    let refused = env.propose(sol, WHO, "s-3", offer()).await;
    assert_eq!(refused["verdict"]["rule"], "consent.revoked", "{refused}");
    env.end().await;
}
