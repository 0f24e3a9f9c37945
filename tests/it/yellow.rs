//! Campaigns go slower while Meta rates their number or their template YELLOW.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::campaigns::{self, act, show, weekly};
use crate::harness::{self, Env};

/// The tests of this file.
pub(crate) const TESTS: &[harness::Test] = &[
    harness::test!(yellow::a_yellow_number_halves_its_campaigns_and_nothing_else),
    harness::test!(yellow::a_yellow_template_halves_its_campaigns_and_no_others),
    harness::test!(yellow::a_plan_names_the_rating_that_slows_it),
];

fn reply(words: &str) -> Value {
    json!({ "purpose": "reply", "content": { "type": "text", "body": words } })
}

async fn quality(env: &Env, to: &str) {
    let path = format!("/_sim/numbers/{}", env.sol().shop.number);
    let body = json!({ "quality": to });
    let told = env.world.control.post(&path, &body).await;
    told.expect("told");
    env.settle().await;
}

/// Meta rates the shop's weekly template.
async fn rates(env: &Env, to: &str) {
    env.jump(Millis::minutes(1)).await;
    let path = format!("/_sim/templates/{}/promo_semana/es", env.sol().shop.waba);
    let told = env
        .world
        .control
        .post(&path, &json!({ "quality": to }))
        .await;
    told.expect("told");
    env.settle().await;
    let all = env.sol().api.get("/v1/templates").await.unwrap();
    let all = all["items"].as_array().unwrap();
    let one = all.iter().find(|t| t["name"] == "promo_semana").unwrap();
    assert_eq!(one["quality"], to, "{one}");
}

/// Ten messages a second, of which the house takes nine.
pub(crate) async fn ten_a_second(env: &Env) {
    let sol = env.sol();
    let slow = json!({ "phone_number_id": sol.shop.number, "waba_id": sol.shop.waba, "display": sol.shop.display,
        "access_token": env.stage.secrets.access_token, "mps": 10 });
    let operator = env.world.operator.for_tenant(sol.shop.slug);
    operator.put("/v1/numbers", slow).await.unwrap();
}

/// What holds a campaign now.
async fn limiter(env: &Env, id: &str) -> Value {
    show(env, id).await["progress"]["limiter"].clone()
}

/// Messages that left within three seconds, a tenth at a time.
async fn in_three_seconds(env: &Env) -> usize {
    let before = env.accepted().await.len();
    for _ in 0..30 {
        env.jump(Millis(100)).await;
    }
    env.accepted().await.len() - before
}

pub(crate) async fn a_yellow_number_halves_its_campaigns_and_nothing_else(env: Env) {
    let sol = env.sol();
    campaigns::customers(&env, 90).await;
    env.says(sol, 0, "hola").await;
    ten_a_second(&env).await;
    let (id, _) = campaigns::launch(&env, &campaigns::weekly()).await;
    env.settle().await;
    let full = in_three_seconds(&env).await;
    assert!((26..=29).contains(&full), "{full}");
    act(&env, &id, "pause", json!({})).await;
    // Meta tells RED and its end; what it is then, the host asks.
    quality(&env, "RED").await;
    env.jump(Millis::minutes(1)).await;
    quality(&env, "YELLOW").await;
    let number = async || {
        let path = format!("/v1/numbers/{}", sol.shop.number);
        let shown = sol.api.get(&path).await;
        shown.unwrap()["number"]["quality"].clone()
    };
    assert_eq!(number().await, "YELLOW");
    act(&env, &id, "resume", json!({})).await;
    env.settle().await;
    assert_eq!(limiter(&env, &id).await, "number yellow");
    let half = in_three_seconds(&env).await;
    assert!((13..=15).contains(&half), "{half} of {full}");
    // An answer does not wait for two turns of the number.
    let answer = env.propose(sol, 0, "y-1", reply("hola")).await;
    env.jump(Millis(112)).await;
    assert_eq!(env.now(sol, &answer).await["state"], "sent", "{answer}");
    act(&env, &id, "pause", json!({})).await;
    quality(&env, "RED").await;
    env.jump(Millis::minutes(1)).await;
    quality(&env, "GREEN").await;
    assert_eq!(number().await, "GREEN", "UNFLAGGED, and Meta was asked");
    act(&env, &id, "resume", json!({})).await;
    env.settle().await;
    let again = in_three_seconds(&env).await;
    assert!((26..=29).contains(&again), "{again}");
    act(&env, &id, "stop", json!({})).await;
    env.end().await;
}

pub(crate) async fn a_yellow_template_halves_its_campaigns_and_no_others(env: Env) {
    campaigns::customers(&env, 120).await;
    ten_a_second(&env).await;
    let (id, _) = campaigns::launch(&env, &weekly()).await;
    env.settle().await;
    assert_eq!(limiter(&env, &id).await, "number");
    let full = in_three_seconds(&env).await;
    assert!((26..=29).contains(&full), "{full}");
    rates(&env, "YELLOW").await;
    assert_eq!(limiter(&env, &id).await, "template yellow");
    let half = in_three_seconds(&env).await;
    assert!((13..=15).contains(&half), "{half} of {full}");
    // Another template of the same number is as fast as ever.
    act(&env, &id, "pause", json!({})).await;
    let mut other = weekly();
    other["template"] = json!("carrito_recordatorio");
    other["values"] = json!({ "body.nombre": { "from": "fixed", "text": "Ana" } });
    let (neighbour, _) = campaigns::launch(&env, &other).await;
    env.settle().await;
    assert_eq!(limiter(&env, &neighbour).await, "number");
    let innocent = in_three_seconds(&env).await;
    assert!((26..=29).contains(&innocent), "{innocent}");
    act(&env, &neighbour, "stop", json!({})).await;
    // The number as well: a quarter.
    quality(&env, "RED").await;
    env.jump(Millis::minutes(1)).await;
    quality(&env, "YELLOW").await;
    act(&env, &id, "resume", json!({})).await;
    env.settle().await;
    assert_eq!(limiter(&env, &id).await, "number and template yellow");
    let quarter = in_three_seconds(&env).await;
    assert!((6..=8).contains(&quarter), "{quarter} of {full}");
    // Well rated again it is half, for the number alone.
    rates(&env, "GREEN").await;
    assert_eq!(limiter(&env, &id).await, "number yellow");
    let half = in_three_seconds(&env).await;
    assert!((13..=15).contains(&half), "{half}");
    act(&env, &id, "stop", json!({})).await;
    env.end().await;
}

pub(crate) async fn a_plan_names_the_rating_that_slows_it(env: Env) {
    campaigns::customers(&env, 40).await;
    ten_a_second(&env).await;
    let finish = async || {
        let id = campaigns::create(&env, &weekly()).await;
        let plan = act(&env, &id, "plan", json!({})).await;
        (
            plan["finish"]["limiter"].clone(),
            plan["finish"]["detail"].clone(),
        )
    };
    let full = finish().await;
    assert_eq!(full, (json!("number"), json!("9.00 messages/s")));
    rates(&env, "YELLOW").await;
    let half = finish().await;
    assert_eq!(half, (json!("template yellow"), json!("4.50 messages/s")));
    // What sync reads counts as what a webhook says.
    let path = format!("/_sim/templates/{}/promo_semana/es", env.sol().shop.waba);
    let quiet = |on: bool| json!({ "pause_webhooks": on });
    let faults = "/_sim/faults";
    env.world.control.post(faults, &quiet(true)).await.unwrap();
    env.jump(Millis::minutes(1)).await;
    let green = json!({ "quality": "GREEN" });
    env.world.control.post(&path, &green).await.unwrap();
    assert_eq!(finish().await, half);
    env.sol()
        .api
        .post("/v1/templates/sync", json!({}))
        .await
        .unwrap();
    assert_eq!(finish().await, full);
    env.world.control.post(faults, &quiet(false)).await.unwrap();
    env.end().await;
}
