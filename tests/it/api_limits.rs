//! How often the API may be asked, by a clock that is stepped.

use std::net::SocketAddr;
use std::sync::Arc;

use portero::http::limits::{Rate, Rates};
use portero::http::{AppState, Front, router};
use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::{Env, Test, test};

/// The tests of this file.
pub(crate) const TESTS: &[Test] = &[
    test!(api_limits::a_token_that_asks_too_often_waits_and_no_other_tenant_does),
    test!(api_limits::who_has_no_good_token_waits_by_address),
];

/// Another host on the same database and clock, with limits, behind a proxy on this machine.
async fn host(env: &Env, rates: Rates) -> String {
    let front = Front::new(None, &["127.0.0.1".parse().unwrap()]);
    let ctx = Arc::clone(&env.stage.host.ctx);
    let state = AppState::new(ctx, None, None, None, front, &rates);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = router(state).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    url
}

fn rate(many: u32, per: Millis, burst: u32) -> Rate {
    Rate { many, per, burst }
}

struct Answer {
    status: u16,
    kind: String,
    policy: String,
    left: String,
    retry_after: String,
    body: Value,
}

async fn ask(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    let text = |name: &str| {
        let value = answer.headers().get(name);
        value.map_or(String::new(), |v| v.to_str().unwrap().to_owned())
    };
    Answer {
        status: answer.status().as_u16(),
        kind: text("content-type"),
        policy: text("ratelimit-policy"),
        left: text("ratelimit"),
        retry_after: text("retry-after"),
        body: answer.json().await.unwrap_or_default(),
    }
}

pub(crate) async fn a_token_that_asks_too_often_waits_and_no_other_tenant_does(env: Env) {
    let second = Millis::secs(1);
    let rates = Rates {
        token: rate(2, second, 5),
        tenant: rate(4, second, 7),
        ..Rates::OFF
    };
    let url = host(&env, rates).await;
    let path = format!("{url}/v1/settings/answer-within");
    let other = env
        .sol()
        .api
        .post("/v1/tokens", json!({ "label": "other" }));
    let other = other.await.unwrap()["token"].as_str().unwrap().to_owned();
    let get = async |token: &str| ask(env.http.get(&path).bearer_auth(token)).await;
    let sol = &env.sol().token;
    for left in (0..5).rev() {
        let answer = get(sol).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.policy, "\"token\";q=5;w=3, \"tenant\";q=7;w=2");
        assert!(
            answer.left.starts_with(&format!("\"token\";r={left};")),
            "{}",
            answer.left
        );
    }
    let minutes = get(sol).await;
    assert_eq!(minutes.status, 429);
    assert_eq!(minutes.kind, "application/problem+json");
    assert_eq!(minutes.body["code"], "rate_limited", "{}", minutes.body);
    assert_eq!(minutes.retry_after, "1");
    assert_eq!(minutes.left, "\"token\";r=0;t=3");
    // What is refused is not done.
    let before = env
        .sol()
        .api
        .get("/v1/settings/answer-within")
        .await
        .unwrap();
    let change = env
        .http
        .put(&path)
        .bearer_auth(sol)
        .json(&json!({ "minutes": 7 }));
    assert_eq!(ask(change).await.status, 429);
    assert_eq!(
        env.sol()
            .api
            .get("/v1/settings/answer-within")
            .await
            .unwrap(),
        before
    );
    // Another token of the tenant has its own, but not more than the tenant.
    assert_eq!(get(&other).await.status, 200);
    assert_eq!(get(&other).await.status, 200);
    let refused = get(&other).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.left, "\"token\";r=2;t=2, \"tenant\";r=0;t=2");
    // Another tenant and the operator are not touched.
    assert_eq!(get(&env.lua().token).await.status, 200);
    let tenants = env.http.get(format!("{url}/v1/tenants"));
    let operator = ask(tenants.bearer_auth(&env.stage.host.operator_token)).await;
    assert_eq!(
        (operator.status, operator.left.contains("tenant")),
        (200, false)
    );
    // A jump of the business clock gives nothing back; time does.
    env.jump(Millis::hours(1)).await;
    assert_eq!(get(sol).await.status, 429);
    env.rest(Millis::secs(1)).await;
    assert_eq!(get(sol).await.status, 200);
    assert_eq!(get(sol).await.status, 200);
    assert_eq!(get(sol).await.status, 429);
    env.end().await;
}

pub(crate) async fn who_has_no_good_token_waits_by_address(env: Env) {
    let rates = Rates {
        stranger: rate(3, Millis::minutes(1), 3),
        ..Rates::OFF
    };
    let url = host(&env, rates).await;
    let from = async |address: &str, token: Option<&str>| {
        let mut request = env.http.get(format!("{url}/v1/overview"));
        request = request.header("x-forwarded-for", address);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        ask(request).await
    };
    for token in [None, Some("ptr_wrong"), None] {
        assert_eq!(from("192.0.2.7", token).await.status, 401);
    }
    let refused = from("192.0.2.7", Some("ptr_wrong")).await;
    assert_eq!((refused.status, refused.retry_after.as_str()), (429, "20"));
    assert_eq!(refused.policy, "\"address\";q=3;w=60");
    assert_eq!(from("192.0.2.8", None).await.status, 401);
    // A good token is let in from there, and what has no token at all has no such limit.
    assert_eq!(from("192.0.2.7", Some(&env.sol().token)).await.status, 200);
    for (path, status) in [("/healthz", 200), ("/webhooks/whatsapp", 401)] {
        for _ in 0..5 {
            let request = match status {
                200 => env.http.get(format!("{url}{path}")),
                _ => env.http.post(format!("{url}{path}")).body("{}"),
            };
            let answer = ask(request.header("x-forwarded-for", "192.0.2.7")).await;
            assert_eq!(answer.status, status, "{path}");
        }
    }
    env.rest(Millis::secs(20)).await;
    assert_eq!(from("192.0.2.7", None).await.status, 401);
    assert_eq!(from("192.0.2.7", None).await.status, 429);
    env.end().await;
}
