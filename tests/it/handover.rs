//! A person of the shop answers: listed, answered through the gate, given back, never forgotten.

use std::time::Duration;

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::{Env, ruled};

/// The list of conversations that wait.
async fn waiting(env: &Env, state: &str) -> Vec<Value> {
    let page = env
        .lua()
        .api
        .get(&format!("/v1/conversations?state={state}"))
        .await
        .unwrap();
    page["items"].as_array().unwrap().clone()
}

async fn answer(env: &Env, key: &str, text: &str) -> Value {
    let who = env.lua().shop.people[0].key();
    let proposed = env
        .lua()
        .api
        .post_once(
            &format!("/v1/conversations/{who}/answer"),
            key,
            json!({ "text": text }),
        )
        .await
        .unwrap();
    env.settle().await;
    proposed
}

/// Waits until the alert's event is there; how many there are.
async fn alerts(env: &Env) -> usize {
    let found = async {
        loop {
            let inbox = env.lua().api.get("/v1/inbox?limit=50").await.unwrap();
            let events = inbox["items"].as_array().unwrap();
            let n = events.iter().filter(|e| e["kind"] == "unanswered").count();
            if n > 0 {
                return n;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found)
        .await
        .expect("the alert is raised")
}

pub(crate) async fn a_conversation_is_answered_by_a_person_and_given_back(env: Env) {
    let lua = env.lua();
    env.jump(Millis::secs(60)).await;
    assert!(waiting(&env, "human").await.is_empty());
    env.says(lua, 0, "quero falar com um atendente").await;
    let list = waiting(&env, "human").await;
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!(list[0]["needs_you"], false);
    assert_eq!(list[0]["phone_number_id"], lua.shop.number);
    assert!(list[0]["window_left_ms"].as_i64().unwrap() > 86_000_000);
    assert!(!list[0]["reason"].as_str().unwrap().is_empty());

    let key = lua.shop.people[0].key();
    let before = env.accepted().await.len();
    let proposed = answer(&env, "a1", "Olá, sou a Rosa. Já vejo o seu pedido.").await;
    assert_eq!(ruled(&proposed).0, "allow", "{proposed}");
    assert_eq!(proposed["message"]["origin"], "api");
    assert_eq!(env.accepted().await.len(), before + 1, "it left");
    // The same key is the same answer.
    let again = answer(&env, "a1", "Olá, sou a Rosa. Já vejo o seu pedido.").await;
    assert_eq!(again["message"]["id"], proposed["message"]["id"]);
    assert_eq!(env.accepted().await.len(), before + 1, "once");

    let one = lua
        .api
        .get(&format!("/v1/conversations/{key}"))
        .await
        .unwrap();
    assert_eq!(one["handover"]["waiting_since"], Value::Null, "{one}");
    let lines = one["lines"].as_array().unwrap();
    let said = |from: &str, words: &str| {
        lines
            .iter()
            .any(|l| l["from"] == from && l["text"].as_str().unwrap().contains(words))
    };
    assert!(said("person", "atendente"), "{one}");
    assert!(said("shop", "Rosa"), "{one}");

    let back = format!("/v1/conversations/{key}/give-back");
    assert!(lua.api.post(&back, json!({ "note": " " })).await.is_err());
    let given = lua
        .api
        .post(&back, json!({ "note": "troca combinada" }))
        .await
        .unwrap();
    assert_eq!(given["handover"], Value::Null, "{given}");
    let did: Vec<_> = given["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|h| h["what"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(did.first().map(String::as_str), Some("given_back"));
    assert!(did.contains(&"answered".to_owned()) && did.contains(&"handed_over".to_owned()));
    assert_eq!(given["history"][0]["note"], "troca combinada");
    assert!(
        lua.api.post(&back, json!({ "note": "x" })).await.is_err(),
        "the bot has it already"
    );
    env.jump(Millis::secs(60)).await;
    let told = env.messages(lua, 0).await.len();
    env.says(lua, 0, "oi").await;
    assert!(env.messages(lua, 0).await.len() > told, "the bot answers");
    env.end().await;
}

pub(crate) async fn nobody_is_left_waiting_without_an_alert(env: Env) {
    let lua = env.lua();
    env.jump(Millis::secs(60)).await;
    env.says(lua, 0, "quero falar com um atendente").await;
    env.jump(Millis(15 * 60_000 - 1)).await;
    assert!(waiting(&env, "needs_you").await.is_empty(), "−1 ms");
    assert_eq!(waiting(&env, "human").await[0]["needs_you"], false);
    env.jump(Millis(1)).await;
    assert_eq!(waiting(&env, "needs_you").await.len(), 1, "0");
    env.jump(Millis(1)).await;
    assert_eq!(waiting(&env, "human").await[0]["needs_you"], true, "+1 ms");
    assert_eq!(alerts(&env).await, 1);

    // A plugin or the shop handing over again does not start the wait anew, nor alert twice.
    answer(&env, "a1", "Desculpe a demora!").await;
    assert!(waiting(&env, "needs_you").await.is_empty());
    assert_eq!(waiting(&env, "human").await.len(), 1, "still a person's");
    // They write again: the wait begins with that message.
    env.jump(Millis::minutes(30)).await;
    assert!(waiting(&env, "needs_you").await.is_empty());
    env.says(lua, 0, "e então?").await;
    let within = json!({ "minutes": 5 });
    lua.api
        .put("/v1/settings/answer-within", within)
        .await
        .unwrap();
    env.jump(Millis::minutes(4)).await;
    assert!(waiting(&env, "needs_you").await.is_empty());
    env.jump(Millis::minutes(1)).await;
    assert_eq!(waiting(&env, "needs_you").await.len(), 1);
    for minutes in [0, 1_441] {
        let body = json!({ "minutes": minutes });
        assert!(
            lua.api
                .put("/v1/settings/answer-within", body)
                .await
                .is_err()
        );
    }

    // Outside the window words do not reach anybody: the gate says so and the person still waits.
    env.jump(Millis::hours(24)).await;
    let refused = answer(&env, "a2", "Ainda aí?").await;
    assert_eq!(
        ruled(&refused),
        ("deny".to_owned(), "session.window-closed".to_owned())
    );
    let list = waiting(&env, "needs_you").await;
    assert_eq!((list.len(), &list[0]["window_left_ms"]), (1, &json!(0)));
    env.end().await;
}
