//! Calls as they were: run again without a difference, on another version with every difference, made a scenario,
//! and gone with their term and their person.

use std::path::Path;
use std::process::ExitCode;

use portero::cli::{CallArgs, PluginCommand, ReplayArgs};
use portero::client::Body;
use portero::commands::plugin as verbs;
use portero::scenario;
use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::erasure::{everything, target};
use crate::fetches::{guest, install};
use crate::harness::{Env, Test, test};
use crate::plugin_versions::changed;
use crate::retention::swept;
use crate::systems::NAMED;

pub(crate) const TESTS: &[Test] = &[
    test!(plugin_journal::recorded_calls_run_again_without_a_difference),
    test!(plugin_journal::another_version_shows_what_it_would_do_otherwise),
    test!(plugin_journal::a_recorded_call_is_sealed_and_goes_with_its_person_and_its_term),
    test!(plugin_journal::a_recorded_call_becomes_a_scenario_that_holds),
];

const GUEST: &str = "test.portero.hostile";
const SOMEBODY: usize = 3;

/// What is done, each with another call of the host or another end.
const DEEDS: &[&str] = &[
    "healthy",
    "kv-read-back",
    "remember-me",
    "react-to-the-remembered",
    "time-and-chance",
    "panic",
    "preview",
    "stranger",
    "fetch http://crm.shop.test/carts|x-note=hola",
    "fetch https://nobody.inside.test/",
    "kv-write-then-fail",
    "what-am-i-told",
    "kv-too-many",
    "infinite-loop",
    "mark",
    "log-many",
    "21-actions",
    "two-refused",
    "exit",
    "healthy",
    "bad-utf8",
    "unheard-of",
    "out-of-bounds",
];

fn all() -> Value {
    json!({
        "permissions": ["send.session", "log", "config", "kv", "gate.preview", "contacts.read", "contacts.write",
            "http.fetch", "send.template.marketing", "metric", "consent.request"],
        "contact_fields": ["name", "size"], "templates": ["carrito_*"], "hosts": ["crm.shop.test:80", "*.inside.test"],
    })
}

/// Somebody writes, and has the bot back where a failure gave them to a person.
async fn says(env: &Env, words: &str) {
    env.says(env.sol(), SOMEBODY, words).await;
    let person = env.contact(env.sol(), SOMEBODY).await;
    if person["conversations"][0]["owner"] == "human" {
        let key = env.sol().shop.people[SOMEBODY].key();
        let back = format!("/v1/contacts/{key}/give-back");
        let given = env.sol().api.post(&back, json!({})).await;
        given.expect("given back");
        env.settle().await;
    }
}

async fn replay(env: &Env, id: &str, against: Option<Vec<u8>>) -> Value {
    let path = format!("/v1/plugins/{id}/replay");
    let body = Body::Bytes(against.unwrap_or_default());
    let api = &env.sol().api;
    let answer = api.send(reqwest::Method::POST, &path, Some(body)).await;
    answer.expect("run again")
}

/// Events of the calls, newest first.
async fn called(env: &Env, id: &str) -> Vec<String> {
    let path = format!("/v1/plugins/{id}/calls?limit=200");
    let page = env.sol().api.get(&path).await.expect("calls");
    let all = page["items"].as_array().expect("a list");
    let event = |call: &Value| call["event"].as_str().expect("an event").to_owned();
    all.iter().map(event).collect()
}

async fn recorded(env: &Env, id: &str, event: &str) -> anyhow::Result<Value> {
    let path = format!("/v1/plugins/{id}/calls/{event}");
    env.sol().api.get(&path).await
}

/// Rows of the journal about one plugin, as the database has them.
async fn kept(env: &Env, id: &str) -> Vec<String> {
    let mut rows = everything(env).await;
    rows.retain(|row| row.starts_with("plugin_journal:") && row.contains(id));
    rows
}

pub(crate) async fn recorded_calls_run_again_without_a_difference(env: Env) {
    env.systems.open(NAMED).await;
    let id = install(&env, all()).await.expect("installed");
    for deed in DEEDS {
        says(&env, deed).await;
    }
    let calls = called(&env, &id).await;
    assert!(calls.len() >= DEEDS.len(), "{} calls", calls.len());

    let again = replay(&env, &id, None).await;
    assert_eq!(again["kinds"], json!({}), "{again}");
    assert_eq!(again["calls"], calls.len(), "{again}");
    assert_eq!(
        (&again["same"], &again["left_out"]),
        (&again["calls"], &json!({}))
    );
    assert_eq!(again["other_build"], 0);
    assert!(again["fuel_was"].as_u64() > Some(1_000_000), "{again}");
    assert_eq!(again["fuel_was"], again["fuel_now"], "to the last unit");

    // They were of every manner.
    let mut outcomes: Vec<String> = Vec::new();
    let mut asked: Vec<String> = Vec::new();
    for event in &calls {
        let call = recorded(&env, &id, event).await.expect("recorded");
        outcomes.push(call["outcome"].as_str().expect("a word").to_owned());
        let questions = call["recording"]["asked"].as_array().expect("a list");
        asked.extend(
            questions
                .iter()
                .map(|q| q["ask"]["call"].as_str().expect("a word").to_owned()),
        );
    }
    for outcome in [
        "ok",
        "trap",
        "plugin-error",
        "out-of-fuel",
        "invalid-output",
    ] {
        assert!(
            outcomes.iter().any(|o| o == outcome),
            "{outcome}: {outcomes:?}"
        );
    }
    for ask in ["kv_get", "kv_keys", "preview", "field", "fetch"] {
        assert!(asked.iter().any(|a| a == ask), "{ask}: {asked:?}");
    }
    // A guest that draws and reads the time says the same again because both are the event's.
    let nobody = env
        .lua()
        .api
        .get(&format!("/v1/plugins/{id}/calls/{}", calls[0]))
        .await;
    nobody.expect_err("not theirs");
    env.end().await;
}

pub(crate) async fn another_version_shows_what_it_would_do_otherwise(env: Env) {
    // It may not answer yet: the gate denies what it says.
    let id = install(&env, json!({ "permissions": ["log", "kv"] }))
        .await
        .expect("installed");
    says(&env, "log-many").await;
    install(
        &env,
        json!({ "permissions": ["log", "kv", "send.session"] }),
    )
    .await
    .expect("may now");
    says(&env, "remember-me").await;
    says(&env, "panic").await;
    // With the one on the verdict.
    assert_eq!(replay(&env, &id, None).await["same"], 4);

    let other = changed(guest(), "logged", "LOGGED");
    let other = changed(other, "version = \"0.1.0\"", "version = \"0.2.0\"");
    let shown = replay(&env, &id, Some(other.clone())).await;
    assert_eq!(shown["against"]["version"], "0.2.0");
    assert_eq!(
        (&shown["calls"], &shown["same"]),
        (&json!(4), &json!(3)),
        "{shown}"
    );
    assert_eq!(
        shown["kinds"],
        json!({ "text": 1, "verdict": 1 }),
        "{shown}"
    );
    assert_eq!(shown["verdicts"], json!({ "deny_to_allow": 1 }), "{shown}");
    let one = &shown["differences"][0]["differences"][0];
    assert_eq!(one["was"]["content"]["body"], "logged", "{one}");
    assert_eq!(one["now"]["content"]["body"], "LOGGED", "{one}");
    assert_eq!(one["verdict_was"]["rule"], "plugin.capability", "{one}");
    assert_eq!(one["verdict_now"]["verdict"], "allow", "{one}");
    // Nothing is installed, said or kept by it.
    let plugin = env
        .sol()
        .api
        .get(&format!("/v1/plugins/{id}"))
        .await
        .expect("the plugin");
    assert_eq!(plugin["version"], "0.1.0", "{plugin}");
    assert_eq!(called(&env, &id).await.len(), 4);

    // From the command line, with the exit code of something found.
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("new.wasm");
    std::fs::write(&file, other).expect("written");
    let args = |against| ReplayArgs {
        plugin: GUEST.to_owned(),
        since: 24,
        last: 100,
        against,
        target: target(&env),
    };
    for (against, code) in [(None, 0), (Some(file), 3)] {
        let args = args(against);
        let ended = crate::erasure::verb(move || verbs::run(PluginCommand::Replay(args))).await;
        assert_eq!(format!("{ended:?}"), format!("{:?}", ExitCode::from(code)));
    }
    let path = format!("/v1/plugins/{id}/replay?hours=721");
    let refused = env.sol().api.post(&path, json!({})).await;
    refused.expect_err("longer than anything is kept");
    env.end().await;
}

pub(crate) async fn a_recorded_call_is_sealed_and_goes_with_its_person_and_its_term(env: Env) {
    let id = install(&env, all()).await.expect("installed");
    says(&env, "remember-me").await;
    env.says(env.sol(), 1, "unheard-of, dice Pimpinela").await;
    let events = called(&env, &id).await;
    let shown = recorded(&env, &id, &events[0]).await.expect("recorded");
    assert!(shown.to_string().contains("Pimpinela"), "{shown}");
    let rows = kept(&env, &id).await;
    assert_eq!(rows.len(), 2, "{rows:?}");
    let sealed = crate::erasure::holding(&rows, "Pimpinela");
    assert!(sealed.is_empty(), "{sealed:?}");

    // With the person.
    let key = env.sol().shop.people[1].key();
    let path = format!("/v1/contacts/{key}/erase");
    let erased = env
        .sol()
        .api
        .post(&path, json!({ "reason": "request" }))
        .await
        .expect("erased");
    assert_eq!(erased["removed"]["plugin_journal"], 1, "{erased}");
    assert_eq!(kept(&env, &id).await.len(), 1);
    recorded(&env, &id, &events[0]).await.expect_err("gone");
    recorded(&env, &id, &events[1])
        .await
        .expect("somebody else's");

    // With its term, while the list of calls goes on.
    env.jump(Millis::days(2)).await;
    swept(&env, &json!({ "plugin_journal": 3 })).await;
    assert_eq!(kept(&env, &id).await.len(), 1, "not past it");
    swept(&env, &json!({ "plugin_journal": 1 })).await;
    assert_eq!(kept(&env, &id).await.len(), 0);
    assert_eq!(called(&env, &id).await.len(), 2);
    let none = replay(&env, &id, None).await;
    assert_eq!(none["calls"], 0, "{none}");
    env.end().await;
}

pub(crate) async fn a_recorded_call_becomes_a_scenario_that_holds(env: Env) {
    let id = install(&env, all()).await.expect("installed");
    let key = env.sol().shop.people[SOMEBODY].key();
    let person = json!({ "address": key, "name": "Pimpinela Robles" });
    env.sol()
        .api
        .put("/v1/contacts", person)
        .await
        .expect("named");
    let events = ["what-am-i-told", "mark", "panic", "wrong-category"];
    for deed in events {
        says(&env, deed).await;
    }
    let found = portero_sandbox::inspect(&guest()).expect("a plugin");
    let templates = env
        .sol()
        .api
        .get("/v1/templates?limit=200")
        .await
        .expect("templates");
    let mut called = called(&env, &id).await;
    called.reverse();
    let mut told = 0;
    for event in &called {
        let call = recorded(&env, &id, event).await.expect("recorded");
        // What the plugin says to a verdict follows from the call before.
        if call["recording"]["event"]["what"]["kind"] == "verdict" {
            scenario::recorded(&call, &templates).expect_err("it follows from another");
            continue;
        }
        let text = scenario::recorded(&call, &templates).expect("a scenario");
        assert!(
            !text.contains("Pimpinela") && !text.contains("Robles") && !text.contains(key),
            "{text}"
        );
        let file = scenario::File::parse(Path::new("again.scenario.toml"), text.clone());
        let file = file.unwrap_or_else(|e| panic!("{e}\n{text}"));
        // On a thread of its own: a scenario has a host of its own, whose future need not be sendable.
        let (here, found) = (tokio::runtime::Handle::current(), found.clone());
        let play = move || here.block_on(scenario::play(&file, &guest(), &found));
        let played = tokio::task::spawn_blocking(play).await;
        let played = played.expect("ended").expect("played");
        assert!(played.failures.is_empty(), "{:?}\n{text}", played.failures);
        told += 1;
    }
    assert_eq!(told, events.len());
    let args = CallArgs {
        plugin: GUEST.to_owned(),
        event: called[0].clone(),
        scenario: true,
        target: target(&env),
    };
    let ended = crate::erasure::verb(move || verbs::run(PluginCommand::Call(args))).await;
    assert_eq!(format!("{ended:?}"), format!("{:?}", ExitCode::SUCCESS));
    env.end().await;
}
