//! The first campaign to people who came in from a list: fifty first, brakes at half.

use std::fmt::Write as _;

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::campaigns::{act, count, create, customers, launch, show, until, weekly};
use crate::harness::{self, Env};
use crate::imports::import;
use crate::imports_consent::attestation;

/// The tests of this file.
pub(crate) const TESTS: &[harness::Test] = &[
    harness::test!(canary::fifty_from_a_list_go_first_and_the_rest_an_hour_later),
    harness::test!(canary::a_list_brakes_at_half_of_what_others_do),
];

/// Phones that messages arrive at.
async fn at_meta(env: &Env, from: u64, many: usize) {
    for n in 0..u64::try_from(many).unwrap() {
        let person = json!({ "name": format!("P{n}"), "wa_id": (from + n).to_string() });
        let made = env.world.control.post("/_sim/people", &person).await;
        made.expect("a person at the simulator");
    }
}

/// People of a list who confirmed in the chat, with a tag.
async fn listed(env: &Env, many: usize) {
    at_meta(env, 573_005_580_000, many).await;
    let mut file = "phone,tags,consent,consent_at\n".to_owned();
    for n in 0..many {
        writeln!(file, "+57300558{n:04},lista,yes,2026-05-{:02}", n % 28 + 1).unwrap();
    }
    let api = &env.sol().api;
    let how = json!({ "attestation": attestation("in_store_paper") });
    let done = import(api, how, file.as_bytes()).await.unwrap();
    assert_eq!(done["consents"], many, "{done}");
    for n in 0..many {
        let path = format!("/v1/contacts/57300558{n:04}/consent");
        let yes = json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1",
                          "promise": { "max": 9, "per": "week" }, "evidence": "form 8" });
        api.post(&path, yes).await.unwrap();
    }
}

fn to_the_list() -> Value {
    let mut body = weekly();
    body["audience"] = json!({ "who": "tag", "tag": "lista" });
    body
}

/// Time goes on until so many messages of a campaign are out.
async fn sends(env: &Env, id: &str, many: u64) -> Value {
    let mut view = Value::Null;
    for _ in 0..60 {
        env.jump(Millis::secs(1)).await;
        view = show(env, id).await;
        if count(&view, "sent") >= many {
            return view;
        }
    }
    panic!("never {many}: {view}");
}

async fn limiter(env: &Env, id: &str) -> Value {
    show(env, id).await["progress"]["limiter"].clone()
}

pub(crate) async fn fifty_from_a_list_go_first_and_the_rest_an_hour_later(env: Env) {
    listed(&env, 60).await;
    let (id, plan) = launch(&env, &to_the_list()).await;
    assert_eq!(plan["imported"], 60, "{plan}");
    assert_eq!(plan["finish"]["limiter"], "canary", "{plan}");
    let view = sends(&env, &id, 50).await;
    assert_eq!(count(&view, "waiting"), 10, "{view}");
    assert_eq!(limiter(&env, &id).await, "canary");
    // The hour begins when their messages are out: looked at each minute.
    env.jump(Millis::minutes(1)).await;
    env.jump(Millis::minutes(59)).await;
    assert_eq!(count(&show(&env, &id).await, "sent"), 50);
    env.jump(Millis::minutes(2)).await;
    let view = until(&env, &id, "done").await;
    assert_eq!(count(&view, "sent"), 60, "{view}");
    // Reached once, they are as everybody else.
    let second = create(&env, &to_the_list()).await;
    let plan = act(&env, &second, "plan", json!({})).await;
    assert_eq!(plan["imported"], 0, "{plan}");
    assert_ne!(plan["finish"]["limiter"], "canary", "{plan}");
    // As many who gave their consent to the shop itself wait for nobody.
    at_meta(&env, 573_005_570_000, 60).await;
    customers(&env, 60).await;
    let (own, plan) = launch(&env, &weekly()).await;
    assert_eq!(plan["imported"], 0, "{plan}");
    sends(&env, &own, 60).await;
    until(&env, &own, "done").await;
    env.end().await;
}

/// One in ten is the default: here it is one in sixteen.
async fn three_of_fifty_fail(env: &Env, body: &Value, ends: &str) -> Value {
    let faults = json!({ "next": [{ "code": 131_026, "times": 3, "mode": "sync" }] });
    let control = &env.world.control;
    control.post("/_sim/faults", &faults).await.unwrap();
    let (id, _) = launch(env, body).await;
    until(env, &id, ends).await
}

pub(crate) async fn a_list_brakes_at_half_of_what_others_do(env: Env) {
    at_meta(&env, 573_005_570_000, 48).await;
    customers(&env, 48).await;
    let own = three_of_fifty_fail(&env, &weekly(), "done").await;
    assert_eq!(count(&own, "failed"), 3, "{own}");
    listed(&env, 48).await;
    let list = three_of_fifty_fail(&env, &to_the_list(), "paused").await;
    let why = (&list["state"], &list["reason"]);
    assert_eq!(
        why,
        (&json!("paused"), &json!("limits.campaign-brake")),
        "{list}"
    );
    let detail = list["reason_detail"].as_str().unwrap();
    assert!(detail.contains("≥ 5 %"), "{detail}");
    env.end().await;
}
