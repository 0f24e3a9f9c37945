//! Registries of people who want no advertising: declared, loaded, kept, and asked at imports.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::{self, Env};
use crate::imports::{faults, import};
use crate::imports_consent::attestation;
use crate::rules::registries::{agreed_on, load};
use crate::rules::{granted, newcomer, offer, to};

/// The tests of this file.
pub(crate) const TESTS: &[harness::Test] = &[
    harness::test!(registries::one_that_applies_holds_its_country_until_it_is_loaded),
    harness::test!(registries::a_copy_counts_whole_or_not_at_all),
    harness::test!(registries::a_row_of_somebody_listed_is_rejected),
];

async fn shown(env: &Env) -> Value {
    let list = env.sol().api.get("/v1/registries").await.unwrap();
    let all = list.as_array().unwrap();
    let one = all.iter().find(|r| r["registry"] == "co-rne").unwrap();
    one.clone()
}

async fn declare(env: &Env, body: Value) -> anyhow::Result<Value> {
    let told = env.sol().api.put("/v1/registries/co-rne", body).await;
    env.settle().await;
    told
}

async fn state(env: &Env, proposed: &Value) -> Value {
    env.now(env.sol(), proposed).await["state"].clone()
}

pub(crate) async fn one_that_applies_holds_its_country_until_it_is_loaded(env: Env) {
    let sol = env.sol();
    let known = shown(&env).await;
    assert_eq!(
        (&known["applies"], &known["fresh"]),
        (&Value::Null, &json!(true))
    );
    assert_eq!(known["consent"], "later_consent");
    let who = newcomer(&env, 80, "es", Some(granted())).await;
    declare(&env, json!({ "applies": true })).await.unwrap();
    assert_eq!(shown(&env).await["fresh"], false);
    let held = env.propose(sol, 0, "r-1", to(&who, offer())).await;
    assert_eq!(
        held["verdict"]["rule"], "recipient.registry-stale",
        "{held}"
    );
    assert_eq!(state(&env, &held).await, "in_review");
    // Answers and orders need no registry.
    env.says(sol, 0, "hola").await;
    let answer = json!({ "purpose": "reply", "content": { "type": "text", "body": "hola" } });
    let answer = env.propose(sol, 0, "r-2", answer).await;
    assert_eq!(answer["verdict"]["verdict"], "allow", "{answer}");
    // It does not concern the tenant after all: somebody says why, and what was held goes.
    let error = declare(&env, json!({ "applies": false }))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("reason"), "{error}");
    let reason = json!({ "applies": false, "reason": "we sell to companies only" });
    declare(&env, reason).await.unwrap();
    // The number's pace for one person, after the answer.
    env.jump(Millis::secs(7)).await;
    assert_eq!(state(&env, &held).await, "sent");
    let told = shown(&env).await;
    assert_eq!(told["reason"], "we sell to companies only", "{told}");
    // Another tenant's registries are its own; an unknown one is told apart.
    let theirs = env.lua().api.get("/v1/registries").await.unwrap();
    assert!(
        theirs
            .as_array()
            .unwrap()
            .iter()
            .all(|r| r["applies"].is_null())
    );
    let path = "/v1/registries/co-xyz";
    let error = sol
        .api
        .put(path, json!({ "applies": true }))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("co-rne"), "{error}");
    env.end().await;
}

pub(crate) async fn a_copy_counts_whole_or_not_at_all(env: Env) {
    let sol = env.sol();
    let listed = agreed_on(&env, 81, "2026-10-01").await;
    let free = agreed_on(&env, 82, "2026-10-01").await;
    // A header, numbers as people write them, a day or none, a line that is none.
    let local = listed.strip_prefix("57").unwrap();
    let file = format!(
        "número;desde\n{local};2026-11-10\n+57 300 999 0001\n3009990002\n12;2026-11-10\n{local}\n"
    );
    let loaded = load(&env, "2026-11-20", &file).await.unwrap();
    assert_eq!(
        (&loaded["people"], &loaded["bad"], &loaded["fresh"]),
        (&json!(3), &json!(1), &json!(true)),
        "{loaded}"
    );
    assert_eq!(loaded["bad_lines"][0]["line"], 5, "{loaded}");
    assert_eq!(loaded["file_sha256"].as_str().unwrap().len(), 64);
    let denied = env.propose(sol, 0, "c-1", to(&listed, offer())).await;
    assert_eq!(denied["verdict"]["rule"], "recipient.registry", "{denied}");
    let sent = env.propose(sol, 0, "c-2", to(&free, offer())).await;
    assert_eq!(sent["verdict"]["verdict"], "allow", "{sent}");
    // What is no list, of no day or of tomorrow is refused, and the copy before stays in force.
    for (as_of, file, words) in [
        ("2026-11-21", "nombre\nAna\nLeo\n", "no numbers of CO"),
        ("2026-11-21", "", "empty"),
        ("2026-11-21", "3001112233\n1\n2\n", "no numbers of CO"),
        ("someday", "3001112233\n", "as_of"),
        ("2099-01-01", "3001112233\n", "future"),
    ] {
        let error = load(&env, as_of, file).await.unwrap_err();
        assert!(format!("{error:#}").contains(words), "{error:#}");
    }
    let kept = shown(&env).await;
    assert_eq!(
        (&kept["people"], &kept["file_sha256"]),
        (&json!(3), &loaded["file_sha256"])
    );
    // More than a batch: the new copy is the whole list, who is not on it any more may get promotion.
    let many: String = (0..4_500).map(|n| format!("57311{n:07}\n")).collect();
    let loaded = load(&env, "2026-11-21", &many).await.unwrap();
    assert_eq!(loaded["people"], 4_500, "{loaded}");
    let again = env.propose(sol, 0, "c-3", to(&listed, offer())).await;
    assert_eq!(again["verdict"]["verdict"], "allow", "{again}");
    env.end().await;
}

pub(crate) async fn a_row_of_somebody_listed_is_rejected(env: Env) {
    let api = &env.sol().api;
    load(
        &env,
        "2026-11-20",
        "573006660001,2026-06-01\n573006660002,2026-06-01\n",
    )
    .await
    .unwrap();
    // The first agreed before the listing, the second after it, the third is not listed.
    let file = "phone,consent,consent_at\n+573006660001,yes,2026-05-01\n+573006660002,yes,2026-07-01\n\
        +573006660003,yes,2026-05-01\n";
    let how = json!({ "attestation": attestation("in_store_paper") });
    let done = import(api, how, file.as_bytes()).await.unwrap();
    assert_eq!(faults(api, &done).await, [(2, "registry".to_owned())]);
    assert_eq!(
        (&done["new"], &done["consents"]),
        (&json!(2), &json!(2)),
        "{done}"
    );
    assert!(api.get("/v1/contacts/+573006660001").await.is_err());
    // Without a word about consent they may be described.
    let plain = "phone,name\n+573006660001,Ana\n";
    let done = import(api, json!({}), plain.as_bytes()).await.unwrap();
    assert_eq!(
        (&done["new"], &done["bad"]),
        (&json!(1), &json!(0)),
        "{done}"
    );
    env.end().await;
}
