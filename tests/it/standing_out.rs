//! What changes of templates, numbers and accounts is told to the shop's own systems, once.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::{self, Env};
use crate::webhooks_out::{Receiver, added};

/// The tests of this file.
pub(crate) const TESTS: &[harness::Test] = &[
    harness::test!(standing_out::what_becomes_of_templates_is_told),
    harness::test!(standing_out::what_becomes_of_numbers_and_accounts_is_told),
    harness::test!(standing_out::every_stop_switch_is_told_and_nobody_elses),
];

/// (type, data without the tenant), in the order it came; all of them this tenant's, nothing of a person in them.
fn told(env: &Env, receiver: &Receiver) -> Vec<(String, Value)> {
    let lua = env.lua();
    receiver
        .came()
        .iter()
        .map(|one| {
            for person in &lua.shop.people {
                assert!(!one.body().contains(person.key()), "{}", one.body());
            }
            assert!(!one.body().contains("fogo"), "an operator's own words");
            let body = one.json();
            let mut data = body["data"].clone();
            let tenant = data.as_object_mut().unwrap().remove("tenant").unwrap();
            assert_eq!(tenant, lua.id.to_string());
            (body["type"].as_str().unwrap().to_owned(), data)
        })
        .collect()
}

fn kind(word: &str, data: Value) -> (String, Value) {
    (word.to_owned(), data)
}

async fn template(env: &Env, change: Value) {
    env.jump(Millis::minutes(1)).await;
    let shop = &env.lua().shop;
    let path = format!(
        "/_sim/templates/{}/promo_semana/{}",
        shop.waba, shop.template_language
    );
    env.world.control.post(&path, &change).await.expect("told");
    env.settle().await;
}

async fn account(env: &Env, field: &str, value: Value) {
    env.jump(Millis::minutes(1)).await;
    env.meta_says(env.lua(), field, value).await;
}

pub(crate) async fn what_becomes_of_templates_is_told(env: Env) {
    let shop = &env.lua().shop;
    let receiver = Receiver::open().await;
    let (hook, _) = added(&env, json!({ "url": receiver.url })).await;
    let of = |member: &str, now: &str, was: &str| {
        json!({ "waba_id": shop.waba, "template": "promo_semana",
                "language": shop.template_language, member: now, "was": was })
    };
    template(&env, json!({ "status": "PAUSED" })).await;
    let paused = kind("template.status", of("status", "PAUSED", "APPROVED"));
    assert_eq!(told(&env, &receiver), [paused]);
    // Said again it is no change.
    template(&env, json!({ "status": "PAUSED" })).await;
    assert_eq!(told(&env, &receiver), []);
    template(&env, json!({ "status": "APPROVED" })).await;
    let back = kind("template.status", of("status", "APPROVED", "PAUSED"));
    assert_eq!(told(&env, &receiver).first(), Some(&back));
    template(&env, json!({ "quality": "GREEN" })).await;
    receiver.came();
    template(&env, json!({ "quality": "YELLOW" })).await;
    let yellow = kind("template.quality", of("quality", "YELLOW", "GREEN"));
    assert_eq!(told(&env, &receiver), [yellow]);
    // What only a sync finds out: the webhook that says the same afterwards is no change.
    env.jump(Millis::minutes(1)).await;
    let control = &env.world.control;
    let paused = |on: bool| json!({ "pause_webhooks": on });
    control.post("/_sim/faults", &paused(true)).await.unwrap();
    let path = format!(
        "/_sim/templates/{}/promo_semana/{}",
        shop.waba, shop.template_language
    );
    let utility = json!({ "category": "UTILITY" });
    control.post(&path, &utility).await.unwrap();
    let api = &env.lua().api;
    api.post("/v1/templates/sync", json!({})).await.unwrap();
    let log = api
        .get(&format!("{hook}/deliveries?limit=1"))
        .await
        .unwrap();
    assert_eq!(log["items"][0]["event"], "template.category", "{log}");
    control.post("/_sim/faults", &paused(false)).await.unwrap();
    env.settle().await;
    let moved = of("category", "UTILITY", "MARKETING");
    assert_eq!(told(&env, &receiver), [kind("template.category", moved)]);
    env.end().await;
}

pub(crate) async fn what_becomes_of_numbers_and_accounts_is_told(env: Env) {
    let shop = &env.lua().shop;
    let receiver = Receiver::open().await;
    added(&env, json!({ "url": receiver.url })).await;
    let flagged = json!({ "display_phone_number": shop.display, "event": "FLAGGED" });
    account(&env, "phone_number_quality_update", flagged.clone()).await;
    let came = told(&env, &receiver);
    assert_eq!(came.len(), 1, "{came:?}");
    let (word, data) = &came[0];
    assert_eq!(
        (word.as_str(), &data["quality"]),
        ("number.quality", &json!("RED"))
    );
    assert_eq!(data["phone_number_id"], shop.number);
    account(&env, "phone_number_quality_update", flagged).await;
    assert_eq!(told(&env, &receiver), []);
    let limit = |n: u32| json!({ "max_daily_conversations_per_business": n });
    account(&env, "business_capability_update", limit(2_000)).await;
    receiver.came();
    account(&env, "business_capability_update", limit(10_000)).await;
    let grown = json!({ "waba_id": shop.waba, "people_a_day": 10_000, "was": 2_000 });
    assert_eq!(told(&env, &receiver), [kind("account.limit", grown)]);
    let ban = json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "DISABLE" } });
    account(&env, "account_update", ban).await;
    let banned = json!({ "waba_id": shop.waba, "restriction": "DISABLE", "was": null,
                         "reach": "all", "until": null });
    assert_eq!(told(&env, &receiver), [kind("account.restriction", banned)]);
    let lift = json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "REINSTATE" } });
    account(&env, "account_update", lift).await;
    let lifted = json!({ "waba_id": shop.waba, "restriction": null, "was": "DISABLE" });
    assert_eq!(told(&env, &receiver), [kind("account.restriction", lifted)]);
    env.end().await;
}

pub(crate) async fn every_stop_switch_is_told_and_nobody_elses(env: Env) {
    let (lua, sol) = (env.lua(), env.sol());
    let receiver = Receiver::open().await;
    let wanted = json!(["sending.stopped", "sending.resumed"]);
    added(&env, json!({ "url": receiver.url, "events": wanted })).await;
    let switch = async |what: &str, body: Value| {
        let path = format!("/v1/{what}");
        env.world
            .operator
            .post(&path, body)
            .await
            .expect("switched");
        env.settle().await;
    };
    let number =
        json!({ "tenant": lua.shop.slug, "phone_number_id": lua.shop.number, "reason": "fogo" });
    let stopped = |mut which: Value| {
        which["sending"] = json!("stopped");
        which["was"] = json!("running");
        kind("sending.stopped", which)
    };
    let resumed = |mut which: Value| {
        which["sending"] = json!("running");
        which["was"] = json!("stopped");
        kind("sending.resumed", which)
    };
    let one = || json!({ "phone_number_id": lua.shop.number });
    let theirs = json!({ "tenant": sol.shop.slug, "reason": "fogo" });
    switch("stop", theirs.clone()).await;
    assert_eq!(told(&env, &receiver), []);
    switch("stop", number.clone()).await;
    switch("stop", number.clone()).await;
    assert_eq!(told(&env, &receiver), [stopped(one())]);
    switch("resume", number).await;
    assert_eq!(told(&env, &receiver), [resumed(one())]);
    let tenant = json!({ "tenant": lua.shop.slug, "reason": "fogo" });
    switch("stop", tenant.clone()).await;
    switch("resume", tenant).await;
    let both = [stopped(json!({})), resumed(json!({}))];
    assert_eq!(told(&env, &receiver), both);
    let all = json!({ "all": true, "reason": "fogo" });
    switch("stop", all.clone()).await;
    switch("resume", all).await;
    assert_eq!(told(&env, &receiver), both);
    switch("resume", theirs).await;
    // An error of Meta's that waiting does not mend throws the switch of the number's whole account.
    env.says(lua, 0, "oi").await;
    let faults = json!({ "next": [{ "code": 131_042, "times": 1, "mode": "sync" }] });
    env.world
        .control
        .post("/_sim/faults", &faults)
        .await
        .unwrap();
    env.says(lua, 0, "oi").await;
    assert_eq!(told(&env, &receiver), [stopped(one())]);
    env.end().await;
}
