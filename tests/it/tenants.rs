//! One tenant never sees another: a matrix over every documented endpoint.

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

/// Things of one shop that another must not see: ids, names, numbers.
async fn secrets_of(env: &Env) -> (Vec<String>, Value, Value, Value, Value) {
    let sol = env.sol();
    let message = env.messages(sol, 0).await[0].clone();
    let contact = env.contact(sol, 0).await;
    let inbox = sol.api.get("/v1/inbox?limit=1").await.expect("inbox")["items"][0].clone();
    let mut secrets = vec![
        sol.id.clone(),
        sol.shop.waba.to_owned(),
        sol.shop.number.to_owned(),
    ];
    for value in [
        &message["id"],
        &message["verdict"],
        &message["wamid"],
        &contact["id"],
        &inbox["id"],
    ] {
        secrets.push(value.as_str().expect("an id").to_owned());
    }
    for person in &sol.shop.people {
        secrets.push(person.key().to_owned());
    }
    (secrets, message, contact, inbox, json!(sol.shop.slug))
}

pub(crate) async fn no_endpoint_shows_one_tenant_to_another(env: Env) {
    let document = env.world.operator.get("/openapi.json").await.unwrap();
    let (secrets, message, contact, inbox, slug) = secrets_of(&env).await;
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let mut asked = 0;
    for (method, path) in endpoints(&document) {
        let candidates: Vec<String> = if path.contains("{id}") {
            [
                &message["id"],
                &message["verdict"],
                &message["wamid"],
                &contact["id"],
                &inbox["id"],
            ]
            .iter()
            .map(|v| path.replace("{id}", &text(v)))
            .collect()
        } else if path.contains("{who}") {
            vec![
                path.replace("{who}", &text(&contact["id"])),
                path.replace("{who}", env.sol().shop.people[0].key()),
            ]
        } else {
            vec![path.replace("{app}", "default")]
        };
        for path in candidates {
            for named in [None, Some(text(&slug)), Some(env.sol().id.clone())] {
                let mut request = env
                    .http
                    .request(
                        method.parse().unwrap(),
                        format!("{}{path}", env.stage.host.url),
                    )
                    .bearer_auth(&env.lua().token)
                    .header("idempotency-key", "matrix");
                if let Some(named) = &named {
                    request = request.header("x-portero-tenant", named);
                }
                if method != "GET" && method != "DELETE" {
                    request = request.json(&json!({}));
                }
                let answer = request.send().await.unwrap();
                let status = answer.status().as_u16();
                let body = answer.text().await.unwrap();
                assert!(status < 500, "{method} {path}: {status} {body}");
                if named.is_some() && status == 200 {
                    // Endpoints that take no tenant header answer about the caller's own.
                    assert!(
                        ["/v1/account", "/v1/idle", "/v1/tenants", "/v1/inbox/counts"]
                            .contains(&path.as_str()),
                        "{method} {path}: {body}"
                    );
                }
                // What was asked may be quoted in the refusal; anything else of the other shop may not.
                for secret in secrets
                    .iter()
                    .filter(|s| !path.contains(s.as_str()) && named.as_ref() != Some(s))
                {
                    assert!(
                        !body.contains(secret.as_str()),
                        "{method} {path} shows {secret}: {body}"
                    );
                }
                if path.contains("out_")
                    || path.contains("dec_")
                    || path.contains("evt_")
                    || path.contains("con_")
                {
                    assert!(status >= 400, "{method} {path} answered {status}: {body}");
                }
                asked += 1;
            }
        }
    }
    assert!(asked > 100, "the matrix covered {asked} requests");
    env.end().await;
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
