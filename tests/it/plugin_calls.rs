//! Calls of a plugin and its lines, for its author.

use serde_json::{Value, json};

use crate::fetches::install;
use crate::harness::{Env, Test, test};

pub(crate) const TESTS: &[Test] = &[test!(
    plugin_calls::each_call_says_how_it_ended_and_what_it_logged
)];

const SOMEBODY: usize = 3;

async fn page(env: &Env, id: &str, query: &str) -> Value {
    let path = format!("/v1/plugins/{id}/calls{query}");
    env.sol().api.get(&path).await.expect("calls")
}

pub(crate) async fn each_call_says_how_it_ended_and_what_it_logged(env: Env) {
    let grants =
        json!({ "permissions": ["send.session", "log", "config", "kv", "contacts.write"] });
    let id = install(&env, grants).await.expect("installed");
    assert_eq!(page(&env, &id, "").await["items"], json!([]));
    for deed in ["healthy", "panic"] {
        env.says(env.sol(), SOMEBODY, deed).await;
    }
    let all = page(&env, &id, "").await;
    let [fault, fine] = all["items"].as_array().expect("a list").as_slice() else {
        panic!("two calls: {all}");
    };
    assert_eq!(
        (&fine["outcome"], &fine["actions"]),
        (&json!("ok"), &json!(1))
    );
    assert_eq!(
        fine["log"],
        json!([{ "level": "info", "line": "config {}" }])
    );
    assert!(fine["fuel"].as_u64().is_some_and(|f| f > 0), "{fine}");
    assert!(
        fine["peak_memory_bytes"].as_u64().is_some_and(|m| m > 0),
        "{fine}"
    );
    assert_eq!(
        (&fault["outcome"], &fault["actions"]),
        (&json!("trap"), &json!(0))
    );
    assert!(
        !fault["detail"].as_str().expect("text").is_empty(),
        "where it broke: {fault}"
    );

    // By pages, each call once.
    let first = page(&env, &id, "?limit=1").await;
    let cursor = first["next_cursor"].as_str().expect("more");
    let after = portero::commands::plugin::encode(cursor);
    let second = page(&env, &id, &format!("?limit=1&after={after}")).await;
    assert_eq!(first["items"][0]["id"], fault["id"]);
    assert_eq!(second["items"][0]["id"], fine["id"]);

    let path = format!("/v1/plugins/{id}/calls");
    env.lua().api.get(&path).await.expect_err("not theirs");
    env.end().await;
}
