//! Without a token that counts, no documented endpoint answers.

use serde_json::{Value, json};

use crate::harness::Env;

/// Every documented (method, path).
fn endpoints(document: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            all.push((method.to_uppercase(), path.clone()));
        }
    }
    all
}

pub(crate) async fn every_endpoint_needs_a_token(env: Env) {
    let document = env.world.operator.get("/openapi.json").await.unwrap();
    let revoked = {
        let made = env
            .world
            .operator
            .post(
                "/v1/tokens",
                json!({ "label": "gone", "tenant": env.sol().shop.slug }),
            )
            .await
            .unwrap();
        let id = made["id"].as_str().unwrap();
        env.world
            .operator
            .send(reqwest::Method::DELETE, &format!("/v1/tokens/{id}"), None)
            .await
            .unwrap();
        made["token"].as_str().unwrap().to_owned()
    };
    for (method, path) in endpoints(&document) {
        let path = path
            .replace("{id}", "out_1")
            .replace("{who}", "con_1")
            .replace("{app}", "default");
        for token in [
            None,
            Some("ptr_ten_wrong".to_owned()),
            Some(revoked.clone()),
        ] {
            let mut request = env.http.request(
                method.parse().unwrap(),
                format!("{}{path}", env.stage.host.url),
            );
            if let Some(token) = &token {
                request = request.bearer_auth(token);
            }
            let answer = request.json(&json!({})).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 401, "{method} {path}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
        }
    }
    env.end().await;
}
