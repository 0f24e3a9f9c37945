//! Versions of an installed plugin: one that asks for more waits, and what ran before comes back with one command.

use portero::client::Body;
use serde_json::{Value, json};

use crate::console_campaigns::{in_words, with_role};
use crate::fetches::{granted, guest, install};
use crate::harness::{Env, Test, test};

pub(crate) const TESTS: &[Test] = &[
    test!(plugin_versions::a_version_that_asks_for_no_more_runs_at_once),
    test!(plugin_versions::a_version_that_asks_for_more_waits_while_the_old_one_runs),
    test!(plugin_versions::what_ran_before_comes_back_and_remembers),
    test!(plugin_versions::what_is_another_plugin_is_no_version),
    test!(plugin_versions::the_page_grants_what_a_version_asks_for_and_takes_it_back),
];

const SOMEBODY: usize = 3;

/// The guest with `now` in its manifest in place of `before`, of the same length.
pub(crate) fn changed(component: Vec<u8>, before: &str, now: &str) -> Vec<u8> {
    let mut component = component;
    assert_eq!(before.len(), now.len());
    let at = component
        .windows(before.len())
        .position(|w| w == before.as_bytes());
    let at = at.expect("the manifest stands in the component as it was written");
    component[at..at + now.len()].copy_from_slice(now.as_bytes());
    component
}

/// A later version that asks for the same.
pub(crate) fn modest() -> Vec<u8> {
    changed(guest(), "version = \"0.1.0\"", "version = \"0.2.0\"")
}

/// A later version that wants another host.
pub(crate) fn greedy() -> Vec<u8> {
    let other = changed(guest(), "\"*.inside.test\"", "\"*.farout.test\"");
    changed(other, "version = \"0.1.0\"", "version = \"0.3.0\"")
}

async fn upgrade(env: &Env, id: &str, component: Vec<u8>) -> Result<Value, String> {
    let path = format!("/v1/plugins/{id}/upgrade");
    let sent = env
        .sol()
        .api
        .send(reqwest::Method::POST, &path, Some(Body::Bytes(component)));
    let answer = sent.await.map_err(|e| format!("{e:?} {e}"));
    env.settle().await;
    answer
}

async fn post(env: &Env, id: &str, act: &str, body: Value) -> Result<Value, String> {
    let path = format!("/v1/plugins/{id}/{act}");
    let answer = env.sol().api.post(&path, body).await;
    env.settle().await;
    answer.map_err(|e| format!("{e:?} {e}"))
}

async fn versions(env: &Env, id: &str) -> Value {
    let path = format!("/v1/plugins/{id}/versions");
    env.sol().api.get(&path).await.expect("versions")
}

/// (version, how it came to run, whether it runs) of each, newest first.
fn told(versions: &Value) -> Vec<(&str, &str, bool)> {
    let all = versions["versions"].as_array().expect("a list");
    all.iter()
        .map(|v| {
            (
                v["version"].as_str().expect("a version"),
                v["why"].as_str().expect("a word"),
                v["runs"].as_bool().expect("whether it runs"),
            )
        })
        .collect()
}

/// What the plugin answers.
async fn says(env: &Env, deed: &str) -> Value {
    env.says(env.sol(), SOMEBODY, deed).await;
    env.messages(env.sol(), SOMEBODY).await[0]["content"].clone()
}

pub(crate) async fn a_version_that_asks_for_no_more_runs_at_once(env: Env) {
    let id = install(&env, granted(&["*.inside.test"]))
        .await
        .expect("installed");
    let came = upgrade(&env, &id, modest()).await.expect("upgraded");
    assert_eq!(
        (&came["state"], &came["version"]),
        (&json!("running"), &json!("0.2.0"))
    );
    assert_eq!(came["asks_more"], json!([]));
    let runs = &came["installation"];
    assert_eq!(
        (&runs["id"], &runs["version"]),
        (&json!(id), &json!("0.2.0"))
    );
    assert_eq!(
        runs["grants"]["hosts"],
        json!(["*.inside.test"]),
        "grants stay"
    );
    assert_eq!(
        says(&env, "what-am-i-told").await["type"],
        "text",
        "it answers"
    );

    let again = upgrade(&env, &id, modest()).await.expect("the same");
    assert_eq!(again["state"], "same");
    let all = versions(&env, &id).await;
    let ran = told(&all);
    assert_eq!(
        ran,
        [("0.2.0", "upgraded", true), ("0.1.0", "installed", false)]
    );
    let author = all["versions"][0]["author"].as_str().expect("an author");
    assert!(!author.is_empty(), "{all}");
    assert!(all["waiting"].is_null());
    env.end().await;
}

pub(crate) async fn a_version_that_asks_for_more_waits_while_the_old_one_runs(env: Env) {
    let id = install(&env, granted(&["*.inside.test"]))
        .await
        .expect("installed");
    let came = upgrade(&env, &id, greedy()).await.expect("it waits");
    assert_eq!(came["state"], "waiting", "{came}");
    let more = json!([{ "what": "host", "name": "*.farout.test", "reason": "to wait for an answer that does not come" }]);
    assert_eq!(came["asks_more"], more);
    assert_eq!(came["installation"]["version"], "0.1.0", "the old one runs");
    assert_eq!(
        says(&env, "what-am-i-told").await["type"],
        "text",
        "and answers"
    );
    let said = says(&env, "fetch https://x.farout.test/").await;
    assert_eq!(said["body"], "Denied(\"http.fetch x.farout.test\")");
    assert_eq!(versions(&env, &id).await["waiting"]["asks_more"], more);

    // Approved is what was looked at, with what it asks for and nothing else.
    let other = json!({ "digest": "00", "add": {} });
    let refused = post(&env, &id, "approve", other)
        .await
        .expect_err("another");
    assert!(refused.contains("another version waits"), "{refused}");
    let beyond = json!({ "add": { "hosts": ["evil.example"] } });
    let refused = post(&env, &id, "approve", beyond)
        .await
        .expect_err("beyond");
    assert!(refused.contains("not asked for"), "{refused}");
    let add = json!({ "digest": came["digest"], "add": { "hosts": ["*.farout.test"], "permissions": ["kv", "http.fetch"] } });
    let runs = post(&env, &id, "approve", add).await.expect("approved");
    assert_eq!(runs["version"], "0.3.0");
    // What this version does not ask for any more is not granted any more.
    assert_eq!(runs["grants"]["hosts"], json!(["*.farout.test"]));
    assert_eq!(
        runs["grants"]["permissions"],
        json!(["send.session", "http.fetch", "kv"])
    );
    let said = says(&env, "fetch https://x.farout.test/").await;
    assert_eq!(
        said["body"], "Unavailable",
        "granted, and there is no such name"
    );
    let all = versions(&env, &id).await;
    assert_eq!(told(&all)[0], ("0.3.0", "approved", true));
    assert!(all["waiting"].is_null());
    let nothing = post(&env, &id, "approve", json!({}))
        .await
        .expect_err("nothing waits");
    assert!(nothing.contains("waiting version"), "{nothing}");

    // Back, and again: this time it is dropped.
    post(&env, &id, "rollback", json!({})).await.expect("back");
    upgrade(&env, &id, greedy()).await.expect("it waits again");
    let waiting = format!("/v1/plugins/{id}/waiting");
    for gone in [true, false] {
        let api = &env.sol().api;
        let dropped = api.send(reqwest::Method::DELETE, &waiting, None).await;
        assert_eq!(dropped.is_ok(), gone);
    }
    assert!(versions(&env, &id).await["waiting"].is_null());
    env.end().await;
}

pub(crate) async fn what_ran_before_comes_back_and_remembers(env: Env) {
    let grants = json!({ "permissions": ["send.session", "kv"] });
    let id = install(&env, grants).await.expect("installed");
    assert_eq!(says(&env, "remember-me").await["body"], "remembered");
    let nowhere = post(&env, &id, "rollback", json!({})).await;
    let nowhere = nowhere.expect_err("nothing ran before");
    assert!(nowhere.contains("earlier version"), "{nowhere}");

    upgrade(&env, &id, modest()).await.expect("upgraded");
    // Other grants for the version that runs now.
    let less = json!({ "permissions": ["send.session"] });
    let path = format!(
        "/v1/plugins?how={}",
        portero::commands::plugin::encode(
            &json!({ "config": {}, "position": -1, "grants": less }).to_string()
        )
    );
    let sent = env
        .sol()
        .api
        .send(reqwest::Method::POST, &path, Some(Body::Bytes(modest())));
    sent.await.expect("installed anew");
    env.settle().await;

    let runs = post(&env, &id, "rollback", json!({})).await.expect("back");
    assert_eq!(
        (&runs["id"], &runs["version"]),
        (&json!(id), &json!("0.1.0"))
    );
    assert_eq!(runs["grants"]["permissions"], json!(["send.session", "kv"]));
    assert_eq!(
        says(&env, "react-to-the-remembered").await["type"],
        "reaction"
    );
    let all = versions(&env, &id).await;
    assert_eq!(
        told(&all),
        [
            ("0.1.0", "rolled_back", true),
            ("0.2.0", "installed", false),
            ("0.2.0", "upgraded", false),
            ("0.1.0", "installed", false),
        ]
    );
    // To a version by its number; the one that runs is none to go to.
    let runs = post(&env, &id, "rollback", json!({ "to": 2 }))
        .await
        .expect("forth");
    assert_eq!(runs["version"], "0.2.0");
    for (to, reason) in [(5, "runs already"), (99, "earlier version")] {
        let refused = post(&env, &id, "rollback", json!({ "to": to })).await;
        let refused = refused.expect_err("refused");
        assert!(refused.contains(reason), "{to}: {refused}");
    }
    env.end().await;
}

pub(crate) async fn what_is_another_plugin_is_no_version(env: Env) {
    let id = install(&env, granted(&["*.inside.test"]))
        .await
        .expect("installed");
    let other = portero::guest::CART_RECOVERY.to_vec();
    let refused = upgrade(&env, &id, other).await.expect_err("another plugin");
    assert!(
        refused.contains("test.portero.hostile") && refused.contains("install"),
        "{refused}"
    );
    let refused = upgrade(&env, &id, b"\x7fELF\x02\x01\x01\0".to_vec()).await;
    assert!(refused.expect_err("no plugin").contains("ELF"));
    // Another tenant finds nothing to bring a version to.
    for (act, body) in [("approve", json!({})), ("rollback", json!({}))] {
        let path = format!("/v1/plugins/{id}/{act}");
        env.lua()
            .api
            .post(&path, body)
            .await
            .expect_err("not theirs");
    }
    let path = format!("/v1/plugins/{id}/versions");
    env.lua().api.get(&path).await.expect_err("not theirs");
    assert_eq!(told(&versions(&env, &id).await).len(), 1);
    env.end().await;
}

pub(crate) async fn the_page_grants_what_a_version_asks_for_and_takes_it_back(env: Env) {
    let id = install(&env, granted(&["*.inside.test"]))
        .await
        .expect("installed");
    upgrade(&env, &id, greedy()).await.expect("it waits");
    let slug = env.sol().shop.slug;
    let (page, at) = (
        format!("/plugins/{slug}/{id}"),
        format!("/console/plugins/{slug}/{id}"),
    );
    let owner = with_role(&env, slug, "owner").await;
    for (lang, waits) in [
        ("es", "La versión 0.3.0 espera"),
        ("pt", "A versão 0.3.0 espera"),
        ("en", "Version 0.3.0 waits"),
    ] {
        let shown = owner.get(&env, &format!("{page}?lang={lang}")).await.body;
        in_words(&shown);
        assert!(
            shown.contains(waits) && shown.contains("*.farout.test"),
            "{shown}"
        );
    }
    let viewer = with_role(&env, slug, "viewer").await;
    assert_eq!(
        viewer
            .post(&env, &format!("{at}/approve"), &[])
            .await
            .status,
        403
    );
    assert_eq!(
        viewer
            .post(&env, &format!("{at}/rollback"), &[])
            .await
            .status,
        403
    );

    let digest = versions(&env, &id).await["waiting"]["digest"].clone();
    let digest = digest.as_str().expect("a digest");
    let fields = [
        ("lang", "en"),
        ("digest", digest),
        ("host", "*.farout.test"),
        ("permission", "http.fetch"),
    ];
    let done = owner.post(&env, &format!("{at}/approve"), &fields).await;
    assert_eq!(done.status, 303, "{}", done.body);
    env.settle().await;
    let shown = owner.get(&env, &done.location).await.body;
    in_words(&shown);
    assert!(
        shown.contains("The new version runs.") && !shown.contains(" waits"),
        "{shown}"
    );
    let listed = env.sol().api.get("/v1/plugins").await.expect("plugins");
    assert!(listed.to_string().contains("*.farout.test"), "{listed}");

    let done = owner
        .post(&env, &format!("{at}/rollback"), &[("lang", "en")])
        .await;
    let shown = owner.get(&env, &done.location).await.body;
    in_words(&shown);
    assert!(shown.contains("What ran before runs again."), "{shown}");
    let all = versions(&env, &id).await;
    assert_eq!(told(&all)[0], ("0.1.0", "rolled_back", true));

    // Nothing is there to go back to: said on the page.
    let done = owner
        .post(&env, &format!("{at}/rollback"), &[("lang", "en")])
        .await;
    assert_eq!(done.status, 404, "{}", done.body);
    upgrade(&env, &id, greedy()).await.expect("it waits again");
    let done = owner
        .post(&env, &format!("{at}/discard"), &[("lang", "en")])
        .await;
    let shown = owner.get(&env, &done.location).await.body;
    assert!(shown.contains("It was dropped"), "{shown}");
    assert!(versions(&env, &id).await["waiting"].is_null());
    env.end().await;
}
