//! What is made once, however often it is asked for: campaigns, files of people, webhooks, tokens, users.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::campaigns::weekly;
use crate::harness::{Env, Test, test};

pub(crate) const TESTS: &[Test] = &[
    test!(once::the_same_key_makes_one_and_shows_no_secret_twice),
    test!(once::of_many_at_once_one_is_made),
    test!(once::a_key_is_a_tenants_own_and_ends_with_its_week),
];

/// Each thing: where it is made, with what, with what else, what is shown once of it.
fn things(env: &Env) -> Vec<(&'static str, Value, Value, Option<&'static str>)> {
    let hook = |about: &str| json!({ "url": "http://127.0.0.1:1/", "about": about, "events": [] });
    let mut other = weekly();
    other["name"] = json!("another");
    let slug = env.sol().shop.slug;
    vec![
        ("/v1/campaigns", weekly(), other, None),
        (
            "/v1/imports",
            json!({ "label": "a.csv" }),
            json!({ "label": "b.csv" }),
            None,
        ),
        ("/v1/webhooks", hook("one"), hook("other"), Some("secret")),
        (
            "/v1/tokens",
            json!({ "label": "till", "role": "viewer", "tenant": slug, "expires_in_days": 3 }),
            json!({ "label": "door", "role": "viewer", "tenant": slug }),
            Some("token"),
        ),
        (
            "/v1/users",
            json!({ "name": "rosa", "role": "viewer" }),
            json!({ "name": "luz", "role": "viewer" }),
            Some("password"),
        ),
    ]
}

/// What is answered to a request with a key.
async fn make(env: &Env, token: &str, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let request = env.http.post(format!("{}{path}", env.stage.host.url));
    let request = request.bearer_auth(token).header("idempotency-key", key);
    let answer = request.json(body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap())
}

async fn many(env: &Env, path: &str) -> usize {
    let all = env.sol().api.get(&format!("{path}?limit=200")).await;
    let all = match all {
        Ok(all) => all,
        // Webhooks come whole.
        Err(_) => env.sol().api.get(path).await.unwrap(),
    };
    let rows = all.as_array().or_else(|| all["items"].as_array());
    rows.unwrap_or_else(|| panic!("{path}: {all}")).len()
}

pub(crate) async fn the_same_key_makes_one_and_shows_no_secret_twice(env: Env) {
    let token = env.sol().token.clone();
    for (path, body, other, secret) in things(&env) {
        let before = many(&env, path).await;
        let (status, first) = make(&env, &token, path, "monday", &body).await;
        assert!(status == 200 || status == 201, "{path}: {first}");
        let (again, second) = make(&env, &token, path, "monday", &body).await;
        assert_eq!(again, status, "{path}: {second}");
        assert_eq!(second["id"], first["id"], "{path}: {second}");
        assert_eq!(many(&env, path).await, before + 1, "{path}");
        let mut same = first.clone();
        if let Some(secret) = secret {
            let shown = first[secret]
                .as_str()
                .unwrap_or_else(|| panic!("{path}: {first}"));
            assert!(!second.to_string().contains(shown), "{path}: {second}");
            same.as_object_mut().unwrap().remove(secret);
        }
        assert_eq!(second, same, "{path}: what was made, as it is");
        // Another body is another request.
        let (status, refused) = make(&env, &token, path, "monday", &other).await;
        assert_eq!(
            (status, &refused["code"]),
            (422, &json!("idempotency_key_reused")),
            "{path}"
        );
        let (status, next) = make(&env, &token, path, "tuesday", &other).await;
        assert!(status == 200 || status == 201, "{path}: {next}");
        assert_ne!(next["id"], first["id"], "{path}");
        assert_eq!(many(&env, path).await, before + 2, "{path}");
        let long = "k".repeat(129);
        for bad in ["", long.as_str()] {
            let (status, refused) = make(&env, &token, path, bad, &body).await;
            assert_eq!(
                (status, &refused["code"]),
                (400, &json!("bad_request")),
                "{path}"
            );
        }
    }
    // What was made and removed is gone, and is not made anew.
    let url = format!("{}/v1/users/rosa", env.stage.host.url);
    let removed = env.http.delete(url).bearer_auth(&token).send().await;
    assert_eq!(removed.unwrap().status(), 204);
    let body = json!({ "name": "rosa", "role": "viewer" });
    let (status, gone) = make(&env, &token, "/v1/users", "monday", &body).await;
    assert_eq!(
        (status, &gone["code"]),
        (404, &json!("not_found")),
        "{gone}"
    );
    env.end().await;
}

pub(crate) async fn of_many_at_once_one_is_made(env: Env) {
    let token = env.sol().token.clone();
    for (path, body, ..) in things(&env) {
        let before = many(&env, path).await;
        let all = join_all((0..6).map(|_| make(&env, &token, path, "at-once", &body))).await;
        let made: Vec<&(u16, Value)> = all.iter().filter(|(s, _)| (200..300).contains(s)).collect();
        assert!(!made.is_empty(), "{path}: {all:?}");
        for (_, one) in &made {
            assert_eq!(one["id"], made[0].1["id"], "{path}");
        }
        assert!(
            all.iter().all(|(s, _)| *s < 300 || *s == 503),
            "{path}: {all:?}"
        );
        assert_eq!(many(&env, path).await, before + 1, "{path}");
    }
    env.end().await;
}

pub(crate) async fn a_key_is_a_tenants_own_and_ends_with_its_week(env: Env) {
    let (sol, lua) = (env.sol().token.clone(), env.lua().token.clone());
    let body = json!({ "label": "a.csv" });
    let (_, one) = make(&env, &sol, "/v1/imports", "k", &body).await;
    let (_, theirs) = make(&env, &lua, "/v1/imports", "k", &body).await;
    assert_ne!(one["id"], theirs["id"]);
    env.jump(portero_domain::clock::Millis::days(6)).await;
    let (_, same) = make(&env, &sol, "/v1/imports", "k", &body).await;
    assert_eq!(one["id"], same["id"]);
    env.jump(portero_domain::clock::Millis::days(2)).await;
    let (_, new) = make(&env, &sol, "/v1/imports", "k", &body).await;
    assert_ne!(one["id"], new["id"], "the key is forgotten");
    env.end().await;
}
